"""The servers: how each is started on a loopback port of its own, and what it serves to whom."""

import contextlib
import itertools
import os
import pathlib
import shutil
import random
import socket
import ssl
import string
import subprocess
import time

from client import percent_encoded
from process import Failed, daemon, last_lines

HERE = pathlib.Path(__file__).resolve().parent
HOST = "127.0.0.1"
PASSWORD = "loopback-only"
FIRST_USER_ID = 59321
START_TIMEOUT = 10
# A crowded folder, which all servers have, and a large file.
CROWD = [f"file {number:04}.txt" for number in range(5000)]
MIB = 1024 * 1024


def crowded(name):
    """The content of a file in that folder: each has another."""
    return name.encode() * (int(name[5:9]) % 50)


class Server:
    """A running server, as its clients see it: `root` is the folder that they see as `/`."""

    host = HOST
    password = PASSWORD

    def __init__(self, name, place, port, log, tls):
        self.ours = name in OURS
        self.unsayable = UNSAYABLE.get(name, ())
        # ProFTPD 1.3.8 loses bytes of an upload in MODE Z, answers 451 or hangs, once that is longer than a buffer; lftp's, too.
        self.inflates = name != "proftpd"
        self.root = place.root
        self.user = place.user
        self.user_id = place.user_id
        self.port = port
        self.log = log
        # `none`, `explicit` or `implicit`, and the file with the certificate that the server's can be checked by.
        self.tls = tls
        self.authority = place.authority

    def url(self, path):
        """The path is the one below the folder that a login starts in, which is `/` on all servers here."""
        return f"ftp://{self.user}:{PASSWORD}@{HOST}:{self.port}{percent_encoded(path)}"

    def give_to_user(self, path):
        """Lets the user write there."""
        os.chown(path, self.user_id, self.user_id)

    def last_words(self):
        return last_lines(self.log.read_text(errors="replace"), 6)


class Place:
    """Where servers find their programs, the folder that they serve, and one for what else they write.

    Each of those who work at the same time has another, by its `number`, and there is another user in it.
    """

    def __init__(self, work, tools, memory, number):
        self.programs = work / "servers"
        self.venv = work / "venv"
        self.tools = tools
        self.scratch = work / "scratch" / str(number)
        self.memory = memory
        self.root = memory / f"served{number}"
        self.certificates = self.scratch / "certificates"
        self.user = f"interop{number}"
        self.user_id = FIRST_USER_ID + number

    def prepare(self, large):
        """Makes the folders, with a large file of so many MiB, and the user."""
        self.scratch.mkdir()
        self.root.mkdir()
        self.make_files(large)
        self.make_certificates()
        hashed = run("openssl", "passwd", "-6", PASSWORD).strip()
        # Servers refuse a user whose shell isn't in /etc/shells.
        self.add_line("/etc/passwd", f"{self.user}:x:{self.user_id}:{self.user_id}::{self.root}:/bin/sh")
        self.add_line("/etc/group", f"{self.user}:x:{self.user_id}:")
        self.add_line("/etc/shadow", f"{self.user}:{hashed}:19000:0:99999:7:::")

    def make_files(self, large):
        """What all servers have: a crowded folder, and a large file of so many MiB, none of which is as another."""
        (self.root / "crowd").mkdir()
        for name in CROWD:
            (self.root / "crowd" / name).write_bytes(crowded(name))
        source = random.Random(959)
        (self.root / "large").mkdir()
        with open(self.root / "large" / "large.bin", "wb") as file:
            for _ in range(large):
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
        copy = self.memory / self.user / original.name  # not on a disk: one of them holds passwords
        copy.parent.mkdir(mode=0o700, exist_ok=True)
        copy.write_text(original.read_text().rstrip("\n") + "\n" + line + "\n")
        copy.chmod(original.stat().st_mode & 0o777)
        run("mount", "--bind", copy, original)


def prepared(work, tools, memory, count, large):
    """So many places. What is mounted here is seen in this namespace only, and ends with it."""
    shutil.rmtree(work / "scratch", ignore_errors=True)
    (work / "scratch").mkdir()
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", memory)
    places = [Place(work, tools, memory, number) for number in range(count)]
    for place in places:
        place.prepare(large)
    return places


def run(*arguments):
    return subprocess.run(arguments, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


# Below those that the system picks for data connections; and there is nobody else in this namespace.
PORTS = itertools.count(20000)
SYSTEMS_PORTS = "21000 65535"


def widen_ports():
    """Servers and clients have one address between them, and a port that a client has used can't be listened on for a minute: of the
    usual 28,000 ports none is left after as many transfers."""
    pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text(SYSTEMS_PORTS)


def free_port():
    """A port that nobody had."""
    return next(PORTS)


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
    return [place.venv / "bin/python", HERE / "pyftpdlib_server.py", HOST, port, place.user, PASSWORD, place.root, *certificate]


def ours(runtime):
    """Our own over one of its adapters; `resumes` is whether its clients' data connections resume the session, which it demands by default."""

    def arguments(place, port, tls, resumes):
        trust = []
        if tls != "none":
            trust = ["--certificate", place.certificates / "server.crt", "--key", place.certificates / "server.key"]
            trust += ["--implicit"] if tls == "implicit" else ["--tls", "data"]
            trust += [] if resumes else ["--no-resumption"]
        return [
            *(place.tools / "ftp-server", "--runtime", runtime),
            *("--listen", f"{HOST}:{port}"),
            *("--root", place.root),
            *("--user", f"{place.user}:{PASSWORD}"),
            *trust,
        ]

    return arguments


OURS = {f"ftp-server-{runtime}": ours(runtime) for runtime in ("std", "tokio")}
OTHERS = {
    "vsftpd": vsftpd,
    "proftpd": proftpd,
    "pure-ftpd": pure_ftpd,
    "pyftpdlib": pyftpdlib,
}
SERVERS = [*OTHERS, *OURS]
# The kinds of TLS that a server hasn't, and why.
LACKS = {
    ("pure-ftpd", "implicit"): "pure-ftpd has explicit TLS only",
    ("pyftpdlib", "implicit"): "pyftpdlib has explicit TLS only",
}
# The operations that a server can't do, and why.
CANNOT = {
    **{(name, "MODE B"): f"{name} knows no MODE B" for name in OTHERS},
    **{(name, "MODE Z"): f"{name} knows no MODE Z" for name in OTHERS if name != "proftpd"},
    ("pyftpdlib", "mkdir Latin-1"): "pyftpdlib makes the folder, but can't write its name into the 257, and answers 501",
}
# The odd names that a server changes or refuses.
UNSAYABLE = {
    "pure-ftpd": ("blank last ", "back\\slash.txt"),  # it cuts blanks off a line's end, and prohibits backslashes
}


@contextlib.contextmanager
def running(name, place, tls, resumes):
    """A server by its name, for as long as the block runs."""
    # Our own is asked for any port, as its users do, and says which.
    port = 0 if name in OURS else free_port()
    log = place.scratch / f"{name}.log"
    command = OURS[name](place, port, tls, resumes) if name in OURS else OTHERS[name](place, port, tls)
    with daemon(command, log) as process:
        context = ssl.create_default_context(cafile=place.authority) if tls == "implicit" else None
        port = wait_until_up(process, port, log, context)
        yield Server(name, place, port, log, tls)


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
