"""The servers: how each is started for load, with a user and with anonymous, and who logs in how."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import string
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "tests" / "interop"))

import servers  # noqa: E402 (the interoperability tests' own: where programs are, and what they serve)
from group import Group  # noqa: E402
from process import ENVIRONMENT, Failed, daemon  # noqa: E402
from servers import HOST, MIB, PASSWORD, free_port  # noqa: E402

LOGINS = ("password", "anonymous")
# What is fetched under many clients: names, and sizes in bytes.
SOAK = {"empty": 0, "byte": 1, "line": 80, "page": 4096, "odd": 65_537, "piece": 300_001, "large": 3 * MIB + 7}
LARGE = "large/large.bin"
UPLOADS = "uploads"
MANY = 20_000


class Place(servers.Place):
    """What the interoperability tests' place has, and what is fetched under load."""

    def __init__(self, target, memory, group, large):
        work = target / "interop"
        super().__init__(work, target / "release", memory, 0)
        self.large = large
        self.scratch = target / "load" / "scratch"
        self.certificates = self.scratch / "certificates"
        self.generator = target / "load" / "generator" / "release" / "ftp-proto-load-generator"
        self.libunftp = target / "load" / "libunftp" / "release" / "ftp-proto-load-libunftp"
        self.group = group

    def prepare(self):
        shutil.rmtree(self.scratch, ignore_errors=True)
        servers.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.memory)
        super().prepare(self.large)
        source = random.Random(959)
        (self.root / "soak").mkdir()
        for name, size in SOAK.items():
            (self.root / "soak" / name).write_bytes(source.randbytes(size))
        uploads = self.root / UPLOADS
        uploads.mkdir()
        os.chown(uploads, self.user_id, self.user_id)
        # vsftpd and pure-ftpd let anonymous in only with this user.
        self.add_line("/etc/passwd", f"ftp:x:{self.user_id + 1}:{self.user_id + 1}::{self.root}:/bin/sh")


def vsftpd(place, port):
    empty = place.scratch / "empty"
    empty.mkdir(exist_ok=True)
    text = string.Template((HERE / "vsftpd.conf").read_text()).substitute(port=port, empty=empty, root=place.root)
    file = place.scratch / "vsftpd.conf"
    file.write_text(text)
    return [place.programs / "vsftpd/usr/sbin/vsftpd", file]


def pure_ftpd(place, port):
    return [
        place.programs / "pure-ftpd/usr/sbin/pure-ftpd",
        *("-S", f"{HOST},{port}"),
        *("-l", "unix"),
        *("-c", MANY, "-C", MANY),  # sessions, in all and from one address
        "-4",  # IPv4 only
        "-A",  # the user's home is `/`
        "-H",  # no names for addresses
        *("-u", "1"),  # the lowest user id that may log in
        *("-f", "none"),  # no log
        *("-g", place.scratch / "pure-ftpd.pid"),
    ]


def pyftpdlib(place, port):
    return [place.venv / "bin/python", HERE / "pyftpdlib_server.py", HOST, port, place.user, PASSWORD, place.root]


def libunftp(place, port):
    return [place.libunftp, f"{HOST}:{port}", place.user, PASSWORD, place.root]


def ours(runtime):
    return lambda place, _: [
        *(place.tools / "ftp-server", "--runtime", runtime),
        *("--listen", f"{HOST}:0"),
        *("--root", place.root),
        *("--user", f"{place.user}:{PASSWORD}"),
        "--anonymous",
        *("--max-sessions", MANY),
    ]


OTHERS = {"vsftpd": vsftpd, "pure-ftpd": pure_ftpd, "pyftpdlib": pyftpdlib, "libunftp": libunftp}
OURS = {f"ftp-server-{runtime}": ours(runtime) for runtime in ("std", "tokio")}
# They compare a password of their own list, as ours does; vsftpd asks PAM, and pure-ftpd hashes for /etc/shadow.
SINGLE_PROCESS = ("pyftpdlib", "libunftp")


class Peer:
    """A running server."""

    def __init__(self, name, port, group, place):
        self.name = name
        self.port = port
        self.group = group
        self.place = place

    def account(self, login):
        """Who logs in so: the name, and the password."""
        return (self.place.user, PASSWORD) if login == "password" else ("anonymous", "load@example.com")

    @contextlib.contextmanager
    def load(self, login, *arguments):
        """The generator, while the block runs: a function that writes it a line, and reads one of its own."""
        user, password = self.account(login)
        target = ["--server", f"{HOST}:{self.port}", "--user", user, "--password", password]
        errors = self.place.scratch / "generator.log"
        with open(errors, "wb") as log:
            process = subprocess.Popen(
                [self.place.generator, *target, *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=ENVIRONMENT,
                text=True,
            )

        def exchange(line=None):
            with contextlib.suppress(BrokenPipeError):
                if line is not None:
                    process.stdin.write(line + "\n")
                    process.stdin.flush()
            answer = process.stdout.readline()
            if not answer:
                raise Failed(f"{self.name}: the generator failed", errors.read_text(errors="replace"))
            return json.loads(answer)

        try:
            yield exchange
        finally:
            process.stdin.close()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


@contextlib.contextmanager
def running(name, place, *extra):
    """A server by its name, for as long as the block runs."""
    port = 0 if name in OURS else free_port()
    log = place.scratch / f"{name}.log"
    group = Group(place.group / name)
    command = [*{**OURS, **OTHERS}[name](place, port), *extra]
    try:
        with daemon(group.command(command), log) as process:
            yield Peer(name, servers.wait_until_up(process, port, log, None), group, place)
    finally:
        group.end()
