"""The servers: how each is started on a loopback port of its own, and what it serves to whom."""

import contextlib
import os
import pathlib
import shutil
import random
import socket
import ssl
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
# A crowded folder, which all servers have, and a large file.
CROWD = [f"file {number:04}.txt" for number in range(5000)]
MIB = 1024 * 1024


class Server:
    """A running server, as its clients see it: `root` is the folder that they see as `/`."""

    host = HOST
    user = USER
    password = PASSWORD

    def __init__(self, root, port, log, tls, authority):
        self.root = root
        self.port = port
        self.log = log
        # `none`, `explicit` or `implicit`, and the file with the certificate that the server's can be checked by.
        self.tls = tls
        self.authority = authority

    def url(self, path):
        """The path is the one below the folder that a login starts in, which is `/` on all servers here."""
        return f"ftp://{USER}:{PASSWORD}@{HOST}:{self.port}{percent_encoded(path)}"

    def give_to_user(self, path):
        """Lets the user write there."""
        os.chown(path, USER_ID, USER_ID)

    def last_words(self):
        return last_lines(self.log.read_text(errors="replace"), 6)


class Place:
    """Where servers find their programs, the folder that they serve, and one for what else they write."""

    def __init__(self, work, examples, memory, large):
        self.programs = work / "servers"
        self.venv = work / "venv"
        self.examples = examples
        self.scratch = work / "scratch"
        self.memory = memory
        self.root = memory / "served"
        self.large = large
        self.certificates = self.scratch / "certificates"

    def prepare(self):
        """Makes the folders and the user. What is mounted here is seen in this namespace only, and ends with it."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir()
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.memory)
        self.root.mkdir()
        self.make_files()
        self.make_certificates()
        (self.memory / "etc").mkdir(mode=0o700)
        hashed = run("openssl", "passwd", "-6", PASSWORD).strip()
        # Servers refuse a user whose shell isn't in /etc/shells.
        self.add_line("/etc/passwd", f"{USER}:x:{USER_ID}:{USER_ID}::{self.root}:/bin/sh")
        self.add_line("/etc/group", f"{USER}:x:{USER_ID}:")
        self.add_line("/etc/shadow", f"{USER}:{hashed}:19000:0:99999:7:::")

    def make_files(self):
        """What all servers have: a crowded folder, and a large file of so many MiB, none of which is as another."""
        (self.root / "crowd").mkdir()
        for name in CROWD:
            (self.root / "crowd" / name).touch()
        source = random.Random(959)
        (self.root / "large").mkdir()
        with open(self.root / "large" / "large.bin", "wb") as file:
            for _ in range(self.large):
                file.write(source.randbytes(MIB))

    def make_certificates(self):
        """An authority of our own, and a certificate for the servers, with its key in the same file, as pure-ftpd wants it."""
        folder = self.certificates
        folder.mkdir(mode=0o700)
        new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        authority = ["-keyout", folder / "authority.key", "-out", self.authority]
        run(*new, *authority, "-subj", "/CN=interop authority", "-addext", "keyUsage=critical,keyCertSign")
        server = ["-keyout", folder / "server.key", "-out", folder / "server.crt", "-subj", f"/CN={HOST}"]
        signed = ["-CA", self.authority, "-CAkey", folder / "authority.key"]
        extensions = [f"subjectAltName=IP:{HOST},DNS:localhost", "basicConstraints=critical,CA:FALSE"]
        run(*new, *server, *signed, *(word for extension in extensions for word in ("-addext", extension)))
        self.certificate.write_text((folder / "server.key").read_text() + (folder / "server.crt").read_text())
        self.certificate.chmod(0o600)

    @property
    def authority(self):
        return self.certificates / "authority.crt"

    @property
    def certificate(self):
        return self.certificates / "server.pem"

    def add_line(self, file, line):
        original = pathlib.Path(file)
        copy = self.memory / "etc" / original.name  # not on a disk: one of them holds passwords
        copy.write_text(original.read_text().rstrip("\n") + "\n" + line + "\n")
        copy.chmod(original.stat().st_mode & 0o777)
        run("mount", "--bind", copy, original)


def run(*arguments):
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


def percent_encoded(path):
    """As in a URL; also for names that aren't UTF-8."""
    return urllib.parse.quote(os.fsencode(path))


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


def vsftpd(place, port, tls):
    empty = place.scratch / "empty"
    empty.mkdir(exist_ok=True)
    lines = []
    if tls != "none":
        lines = [
            "ssl_enable=YES",
            "require_ssl_reuse=YES",
            "ssl_ciphers=HIGH",  # the default is 3DES, which nobody has any more
            f"rsa_cert_file={place.certificate}",
        ]
    if tls == "implicit":
        lines.append("implicit_ssl=YES")
    log = place.scratch / "vsftpd.log"
    file = configuration("vsftpd.conf", place, port=port, empty=empty, log=log, tls="\n".join(lines))
    return [place.programs / "vsftpd/usr/sbin/vsftpd", file]


def proftpd(place, port, tls):
    package = place.programs / "proftpd"
    modules = next(package.glob("usr/lib/**/mod_*.so")).parent  # where they are differs between releases
    lines = []
    if tls != "none":
        # A data connection has to resume the control connection's session: so it is unless it is turned off.
        lines = [
            "LoadModule mod_tls.c",
            "TLSEngine on",
            "TLSRequired on",
            f"TLSLog {place.scratch / 'proftpd.tls'}",
            f"TLSRSACertificateFile {place.certificate}",
            f"TLSRSACertificateKeyFile {place.certificate}",
        ]
    if tls == "implicit":
        lines.append("TLSOptions UseImplicitSSL")
    tls = "\n".join(lines)
    file = configuration("proftpd.conf", place, port=port, modules=modules, scratch=place.scratch, tls=tls)
    return [package / "usr/sbin/proftpd", "--nodaemon", "--config", file]


def pure_ftpd(place, port, tls):
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
        *(() if tls == "none" else ("-Y", "3", "-2", place.certificate)),  # 3: for both connections, or not at all
    ]


def pyftpdlib(place, port, tls):
    certificate = [] if tls == "none" else [place.certificate]
    return [place.venv / "bin/python", HERE / "pyftpdlib_server.py", HOST, port, USER, PASSWORD, place.root, *certificate]


def std_server(place, port, _):
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
# The kinds of TLS that a server hasn't, and why.
LACKS = {
    ("pure-ftpd", "implicit"): "pure-ftpd has explicit TLS only",
    ("pyftpdlib", "implicit"): "pyftpdlib has explicit TLS only",
    (OURS, "explicit"): "std_server has no TLS yet",
    (OURS, "implicit"): "std_server has no TLS yet",
}
# The operations that a server can't do, and why.
CANNOT = {
    ("pyftpdlib", "mkdir Latin-1"): "pyftpdlib makes the folder, but can't write its name into the 257, and answers 501",
}


@contextlib.contextmanager
def running(name, place, tls):
    """A server by its name, for as long as the block runs."""
    # Our own is asked for any port, as its users do, and says which.
    port = 0 if name == OURS else free_port()
    log = place.scratch / f"{name}.log"
    with daemon(SERVERS[name](place, port, tls), log) as process:
        context = ssl.create_default_context(cafile=place.authority) if tls == "implicit" else None
        yield Server(place.root, wait_until_up(process, port, log, context), log, tls, place.authority)


def wait_until_up(process, port, log, context):
    """Returns the port once the server takes connections there, with TLS at once if there is a `context` for it."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        port = port or announced_port(log)
        if port:
            with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1) as connection:
                if context:
                    connection = context.wrap_socket(connection, server_hostname=HOST)
                # Its greeting shows that it is this one that answers, and ready.
                with connection:
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
