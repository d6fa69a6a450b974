"""The servers: how each is started on a loopback port of its own, and what it serves to whom."""

import contextlib
import os
import pathlib
import shutil
import socket
import string
import subprocess
import time
import urllib.parse

from process import Failed, daemon, last_lines

HERE = pathlib.Path(__file__).resolve().parent
HOST = "127.0.0.1"
USER = "interop"
PASSWORD = "loopback-only"
USER_ID = 59321
START_TIMEOUT = 10


class Server:
    """A running server, as its clients see it: `root` is the folder that they see as `/`."""

    host = HOST
    user = USER
    password = PASSWORD

    def __init__(self, root, port, log):
        self.root = root
        self.port = port
        self.log = log

    def url(self, path):
        """The path is the one below the folder that a login starts in, which is `/` on all servers here."""
        return f"ftp://{USER}:{PASSWORD}@{HOST}:{self.port}{urllib.parse.quote(path)}"

    def give_to_user(self, path):
        """Lets the user write there."""
        os.chown(path, USER_ID, USER_ID)

    def last_words(self):
        return last_lines(self.log.read_text(errors="replace"), 6)


class Place:
    """Where servers find their programs, the folder that they serve, and one for what else they write."""

    def __init__(self, work, examples, memory):
        self.programs = work / "servers"
        self.venv = work / "venv"
        self.examples = examples
        self.scratch = work / "scratch"
        self.memory = memory
        self.root = memory / "served"

    def prepare(self):
        """Makes the folders and the user. What is mounted here is seen in this namespace only, and ends with it."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.memory)
        self.root.mkdir()
        (self.memory / "etc").mkdir(mode=0o700)
        hashed = run("openssl", "passwd", "-6", PASSWORD).strip()
        # Servers refuse a user whose shell isn't in /etc/shells.
        self.add_line("/etc/passwd", f"{USER}:x:{USER_ID}:{USER_ID}::{self.root}:/bin/sh")
        self.add_line("/etc/group", f"{USER}:x:{USER_ID}:")
        self.add_line("/etc/shadow", f"{USER}:{hashed}:19000:0:99999:7:::")

    def add_line(self, file, line):
        original = pathlib.Path(file)
        copy = self.memory / "etc" / original.name  # not on a disk: one of them holds passwords
        copy.write_text(original.read_text().rstrip("\n") + "\n" + line + "\n")
        copy.chmod(original.stat().st_mode & 0o777)
        run("mount", "--bind", copy, original)


def run(*arguments):
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def configuration(template, place, **values):
    """Fills a template of this folder in; returns the file's path."""
    text = string.Template((HERE / template).read_text()).substitute(values)
    file = place.scratch / template
    file.write_text(text)
    return file


def vsftpd(place, port):
    empty = place.scratch / "empty"
    empty.mkdir(exist_ok=True)
    file = configuration("vsftpd.conf", place, port=port, empty=empty, log=place.scratch / "vsftpd.log")
    return [place.programs / "vsftpd/usr/sbin/vsftpd", file]


def proftpd(place, port):
    package = place.programs / "proftpd-core"
    modules = next(package.glob("usr/lib/**/mod_*.so")).parent  # where they are differs between releases
    file = configuration("proftpd.conf", place, port=port, modules=modules, scratch=place.scratch)
    return [package / "usr/sbin/proftpd", "--nodaemon", "--config", file]


def pure_ftpd(place, port):
    return [
        place.programs / "pure-ftpd/usr/sbin/pure-ftpd",
        *("-S", f"{HOST},{port}"),
        *("-l", "unix"),
        "-4",  # IPv4 only
        "-A",  # the user's home is `/`
        "-E",  # no anonymous user
        "-H",  # no names for addresses
        *("-u", "1"),  # the lowest user id that may log in
        *("-g", place.scratch / "pure-ftpd.pid"),
    ]


def pyftpdlib(place, port):
    return [place.venv / "bin/python", HERE / "pyftpdlib_server.py", HOST, port, USER, PASSWORD, place.root]


def std_server(place, port):
    return [
        place.examples / "std_server",
        *("--listen", f"{HOST}:{port}"),
        *("--root", place.root),
        *("--user", f"{USER}:{PASSWORD}"),
    ]


OURS = "std_server"
SERVERS = {
    "vsftpd": vsftpd,
    "proftpd": proftpd,
    "pure-ftpd": pure_ftpd,
    "pyftpdlib": pyftpdlib,
    OURS: std_server,
}


@contextlib.contextmanager
def running(name, place):
    """A server by its name, for as long as the block runs."""
    # Our own is asked for any port, as its users do, and says which.
    port = 0 if name == OURS else free_port()
    log = place.scratch / f"{name}.log"
    with daemon(SERVERS[name](place, port), log) as process:
        yield Server(place.root, wait_until_up(process, port, log), log)


def wait_until_up(process, port, log):
    """Returns the port once the server takes connections there."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        port = port or announced_port(log)
        if port:
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1) as connection:
                # Its greeting shows that it is this one that answers, and ready.
                if connection.recv(1):
                    return port
        time.sleep(0.05)
    raise Failed("did not start", log.read_text(errors="replace"))


def announced_port(log):
    """The port in a whole first line `listening on HOST:PORT`; none yet is 0."""
    text = log.read_text(errors="replace")
    line, end, _ = text.partition("\n")
    if not end:
        return 0
    prefix = f"listening on {HOST}:"
    if not line.startswith(prefix):
        raise Failed(f"did not begin with `{prefix}PORT`", text)
    return int(line[len(prefix) :])
