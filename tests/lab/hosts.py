"""The servers: how each is started in its namespace, and how a line of its configuration is written into it."""

import contextlib
import re
import shlex
import sys
import time

import process
import servers as interop
from process import Failed

PORT = 21
START_TIMEOUT = 15
MARK = "in the lab.txt"


class Place(interop.Place):
    """What all servers of the lab have in common: a user, his folder with one file in it, and a certificate."""

    def __init__(self, programs, scratch, tools, memory):
        super().__init__(programs, tools, memory, 0)
        self.scratch = scratch
        self.certificates = scratch / "certificates"

    def make_files(self, large):
        (self.root / MARK).write_text("It came through.\n")


class Server:
    """A server on a network's host. Its configuration is lines in the server's own words, those of a file or of a command line."""

    name = ""
    # Those of every situation.
    base = ()

    # Whether it has a firewall of its own.
    guarded = False

    def __init__(self, place, folder, network, lines, tls):
        self.place = place
        self.folder = folder
        self.network = network
        self.address = network.server
        self.tls = tls
        self.log = folder / f"{self.name}.log"
        self.protocol = self.log
        self.lines = []
        for line in [*self.base, *(self.tls_lines() if tls else ()), *lines]:
            self.write(self.filled(line))
        self.folder.mkdir(parents=True, exist_ok=True)

    def filled(self, line):
        return line.format(
            address=self.address,
            bracketed=f"[{self.address}]" if ":" in self.address else self.address,
            folder=self.folder,
            root=self.place.root,
            user=self.place.user,
            password=interop.PASSWORD,
            certificate=self.place.certificate,
            modules=modules(self.place),
        )

    def tls_lines(self):
        return ()

    def key(self, line):
        """What a line sets: a later one takes its place."""
        return re.split(r"[=\s]", line, maxsplit=1)[0]

    def write(self, line):
        """Writes a line into the configuration, in the place of the one that it corrects."""
        key = self.key(line)
        found = [at for at, other in enumerate(self.lines) if self.key(other) == key]
        if found and key not in self.repeatable:
            self.lines[found[0]] = line
        else:
            self.lines.append(line)

    repeatable = ()

    def remove(self, text):
        """Takes the lines out that begin so."""
        self.lines = [line for line in self.lines if not line.startswith(text)]

    def file(self):
        file = self.folder / f"{self.name}.conf"
        file.write_text("\n".join(self.lines) + "\n")
        return file

    @contextlib.contextmanager
    def running(self):
        """It runs while the block does."""
        command = [*self.network.prefix("server"), *self.command()]
        with process.daemon(command, self.folder / f"{self.name}.out") as daemon:
            self.wait(daemon)
            yield self

    def wait(self, daemon):
        """Until it greets, from beside itself: no firewall is in between."""
        probe = f"import socket; print(socket.create_connection(({self.address!r}, {PORT}), 1).recv(3) == b'220')"
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and daemon.poll() is None:
            with contextlib.suppress(Failed):
                prefix = self.network.prefix("server")
                if "True" in process.Command(*prefix, sys.executable, "-c", probe).run(self.folder, 5):
                    return
            time.sleep(0.1)
        said = [file.read_text(errors="replace") for file in self.folder.glob(f"{self.name}.*") if file.suffix in (".out", ".log")]
        raise Failed(f"{self.name} did not start", "\n".join(said))


def modules(place):
    """Where ProFTPD's are differs between releases."""
    return next((place.programs / "proftpd").glob("usr/lib/**/mod_*.so")).parent


# TLS for who wants it, in vsftpd's words, which are ours, too.
OFFERED = ("ssl_enable=YES", "force_local_logins_ssl=NO", "force_local_data_ssl=NO", "rsa_cert_file={certificate}")


class Vsftpd(Server):
    name = "vsftpd"
    base = (
        "listen=YES",
        "listen_address={address}",
        "background=NO",
        "pam_service_name=ftp-proto-interop",
        "anonymous_enable=NO",
        "local_enable=YES",
        "chroot_local_user=YES",
        "allow_writeable_chroot=YES",
        "secure_chroot_dir={folder}/empty",
        "seccomp_sandbox=NO",
        "xferlog_enable=YES",
        "log_ftp_protocol=YES",
        "vsftpd_log_file={folder}/vsftpd.log",
        # Shorter than the minute that these are by default.
        "accept_timeout=5",
        "connect_timeout=5",
    )

    def __init__(self, place, folder, network, lines, tls):
        if ":" in network.server:
            lines = ["listen=NO", "listen_ipv6=YES", "listen_address6={address}", *lines]
        super().__init__(place, folder, network, lines, tls)
        (folder / "empty").mkdir(exist_ok=True)

    def tls_lines(self):
        return (*OFFERED, "require_ssl_reuse=YES", "ssl_ciphers=HIGH")

    def command(self):
        return [self.place.programs / "vsftpd/usr/sbin/vsftpd", self.file()]


class ProFtpd(Server):
    name = "proftpd"
    repeatable = ("LoadModule",)
    base = (
        "ModulePath {modules}",
        'ServerName "lab"',
        "ServerType standalone",
        "DefaultAddress {address}",
        "SocketBindTight on",
        "Port 21",
        "User nobody",
        "Group nogroup",
        "AuthPAM off",
        "AuthOrder mod_auth_unix.c",
        "DefaultRoot ~",
        "RequireValidShell off",
        "UseReverseDNS off",
        "DelayEngine off",
        "WtmpLog off",
        "TransferLog none",
        "SystemLog {folder}/proftpd.log",
        "PidFile {folder}/proftpd.pid",
        "ScoreboardFile {folder}/proftpd.scoreboard",
        'LogFormat dialogue "%h [%P] \\"%r\\" %s \\"%S\\""',
        "ExtendedLog {folder}/proftpd.dialogue ALL dialogue",
    )

    def __init__(self, place, folder, network, lines, tls):
        super().__init__(place, folder, network, lines, tls)
        self.protocol = folder / "proftpd.dialogue"

    def tls_lines(self):
        return (
            "LoadModule mod_tls.c",
            "TLSEngine on",
            "TLSRequired off",
            "TLSLog {folder}/proftpd.tls",
            "TLSRSACertificateFile {certificate}",
            "TLSRSACertificateKeyFile {certificate}",
        )

    def command(self):
        return [self.place.programs / "proftpd/usr/sbin/proftpd", "--nodaemon", "--config", self.file()]


class PureFtpd(Server):
    """It has a command line: a line is an option with its value."""

    name = "pure-ftpd"
    base = ("-S {address},21", "-l unix", "-A", "-E", "-H", "-u 1", "-g {folder}/pure-ftpd.pid")

    def tls_lines(self):
        return ("-Y 1", "-2 {certificate}")

    def command(self):
        words = [word for line in self.lines for word in shlex.split(line)]
        return [self.place.programs / "pure-ftpd/usr/sbin/pure-ftpd", *words]


class Ours(Server):
    name = "ftp-server"
    base = (
        "listen_address={address}",
        "listen_port=21",
        "local_root={root}",
        "user={user}:{password}",
        "accept_timeout=5",
        "connect_timeout=5",
    )

    def tls_lines(self):
        return (*OFFERED, "rsa_private_key_file={certificate}")

    def command(self):
        return [self.place.tools / "ftp-server", "--config", self.file()]


SERVERS = {server.name: server for server in (Vsftpd, ProFtpd, PureFtpd, Ours)}
