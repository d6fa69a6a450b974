"""Runs each case of the proxy; `proxy` starts it inside its namespaces."""

import argparse
import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import random
import shutil
import signal
import socket
import sys
import time

import hosts
import lab
import network
import visitors
from clients import Ours
from process import Command, Failed, daemon, last_lines
from scripts import Ftplib
from servers import PASSWORD

CASES_AT_ONCE = 4
# What is moved: more than the buffers on the way hold, and no whole number of them.
CONTENT = random.Random(6384).randbytes(700_001)
# How many files a folder has: enough for several connections, and fewer than commands may wait for their replies.
MANY = 40
# The ports of the proxy that a firewall redirects to it.
REDIRECTED = (46000, 46099)


class Between(network.Network):
    """Two networks, and a host in both that forwards nothing: neither knows the other."""

    def __init__(self, client, server, **rules):
        super().__init__(client, server, **rules)
        self.within("router", "sysctl", "-qw", "net.ipv4.ip_forward=0", "net.ipv6.conf.all.forwarding=0")

    def connect(self, host, address):
        super().connect(host, address)
        family = "-6" if ":" in address else "-4"
        network.run("ip", family, "-n", self.name(host), "route", "del", "default")

    def front(self):
        """The proxy's address, as clients see it."""
        return network.gateway_of(self.client)[1]


class Redirecting(Between):
    """The client takes the proxy's host for a router, and so reaches the proxy by the server's own address."""

    def connect(self, host, address):
        network.Network.connect(self, host, address)

    def front(self):
        return self.server


@dataclasses.dataclass
class Case:
    """Where the client and the server are, and how the proxy and each server are told; or what is tried, if it isn't whether all works."""

    name: str
    client: str
    server: str
    modes: dict
    proxy: tuple = ()
    lines: dict = dataclasses.field(default_factory=dict)
    kind: type = Between
    rules: str = ""
    needs: tuple = ()
    # What a client hears, and what the proxy's log says; then nothing comes.
    hears: str = ""
    logs: tuple = ()
    # A folder is downloaded over several connections at once, and no command is refused by the proxy.
    mirrors: bool = False


# Of each client, the kinds of data connections that it can be told to use in this network.
IPV4 = {
    "curl": ("EPSV", "PASV", "EPRT", "PORT"),
    "lftp": ("EPSV", "PASV", "PORT"),
    "ncftp": ("PASV", "PORT"),
    "ftplib": ("PASV", "PORT"),
    "ftp-client-std": ("EPSV", "PASV", "EPRT", "PORT"),
    "ftp-client-tokio": ("EPSV", "PASV", "EPRT", "PORT"),
}
# Over IPv6 lftp and ftplib say EPSV and EPRT, whatever these are called; ncftp knows no IPv6.
IPV6 = {
    "curl": ("EPSV", "EPRT"),
    "lftp": ("PASV", "PORT"),
    "ftplib": ("PASV", "PORT"),
    "ftp-client-std": ("EPSV", "EPRT"),
    "ftp-client-tokio": ("EPSV", "EPRT"),
}
SOME = {"curl": ("EPSV", "PASV", "PORT"), "lftp": ("PASV",), "ftp-client-std": ("EPSV", "PORT")}
WRITABLE = {
    "vsftpd": ["write_enable=YES"],
    "proftpd": ["AllowOverwrite on"],
    "pure-ftpd": [],
}
PRIVATE = {"vsftpd": ["pasv_address=10.9.9.9"], "proftpd": ["MasqueradeAddress 10.9.9.9"], "pure-ftpd": ["-P 10.9.9.9"]}
REDIRECT = network.nat(
    f'iifname "client" ip daddr {network.PUBLIC_SERVER} tcp dport 21 redirect',
    'iifname "client" ip daddr {} tcp dport {}-{} redirect'.format(network.PUBLIC_SERVER, *REDIRECTED),
    # Clients expect what is dialled for the server to come from there.
    postrouting=(f'oifname "client" tcp dport 1024-65535 snat to {network.PUBLIC_SERVER}',),
)
REDIRECT_V6 = REDIRECT.replace("table ip ", "table ip6 ").replace("ip daddr", "ip6 daddr")
REDIRECT_V6 = REDIRECT_V6.replace(network.PUBLIC_SERVER, network.SERVER_V6)

CASES = [
    Case("4-4", network.HOME, network.SITE, IPV4),
    Case("6-4", network.CLIENT_V6, network.SITE, IPV6),
    Case("4-6", network.HOME, network.SERVER_V6, IPV4),
    Case(
        "redirected",
        network.PUBLIC_CLIENT,
        network.PUBLIC_SERVER,
        SOME,
        proxy=("--server", "redirected", "--passive-ports", "{}-{}".format(*REDIRECTED)),
        kind=Redirecting,
        rules=REDIRECT,
        needs=("nf_tables", "nf_nat"),
    ),
    Case(
        "redirected-6",
        network.CLIENT_V6,
        network.SERVER_V6,
        {"curl": ("EPSV", "EPRT"), "lftp": ("PASV", "PORT"), "ftp-client-std": ("EPSV", "EPRT")},
        proxy=("--server", "redirected", "--passive-ports", "{}-{}".format(*REDIRECTED)),
        kind=Redirecting,
        rules=REDIRECT_V6,
        needs=("nf_tables", "nf_nat", "nft_redir (IPv6)"),
    ),
    # Each connection but the first says all up to RETR at once, and the login is answered later.
    Case(
        "pipelined",
        network.HOME,
        network.SITE,
        {"lftp-pipelined": ("PORT",)},
        mirrors=True,
    ),
    # The server announces a private address, as behind a NAT: the proxy dials nobody there, and says what to do.
    Case(
        "private",
        network.PUBLIC_CLIENT,
        network.PUBLIC_SERVER,
        {"curl": ("PASV",)},
        lines=PRIVATE,
        hears="425 Can't open data connection",
        logs=("PASV 10.9.9.9:", "private-address-advertised"),
    ),
    Case(
        "private, ignored",
        network.PUBLIC_CLIENT,
        network.PUBLIC_SERVER,
        SOME,
        proxy=("--passive-host", "peer"),
        lines=PRIVATE,
    ),
]


def main():
    arguments = parsed_arguments()
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("proxied.py: there is a network here; start `proxy`, which makes a namespace without one")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    place = lab.prepared(arguments)
    os.chown(place.root, place.user_id, place.user_id)
    lacks = network.lacking()
    trials = []
    for case in CASES:
        if missing := lacks & {*case.needs}:
            print(f"skipped: {case.name}, which needs {', '.join(sorted(missing))}", flush=True)
            continue
        trials += [Trial(case, server, place, arguments) for server in WRITABLE if is_wanted(case, server, arguments.only)]
    with concurrent.futures.ThreadPoolExecutor(CASES_AT_ONCE) as pool:
        list(pool.map(Trial.run, trials))
    passed = sum(trial.passed for trial in trials)
    failed = sum(len(trial.failures) for trial in trials)
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


def parsed_arguments():
    parser = argparse.ArgumentParser(prog="tests/lab/proxy", description="ftp-proxy between real programs in real networks.")
    for folder in ("--work", "--programs", "--tools", "--memory"):  # these come from `run`
        parser.add_argument(folder, type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a case (4-4), a server, or both (4-4/vsftpd)")
    return parser.parse_args()


def is_wanted(case, server, only):
    return not only or any(name in (case.name, server, f"{case.name}/{server}") for name in only)


class Trial:
    """A case with one server: each of its clients uploads a file, and downloads it again."""

    def __init__(self, case, server, place, arguments):
        self.case = case
        self.server = server
        self.place = place
        self.tools = arguments.tools
        self.folder = arguments.work / "scratch" / f"{case.name}-{server}".replace(" ", "-").replace(",", "")
        self.passed = 0
        self.failures = []
        self.seconds = 0

    def run(self):
        begun = time.monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            net = self.case.kind(self.case.client, self.case.server, rules=self.case.rules)
            lines = [*WRITABLE[self.server], *self.case.lines.get(self.server, ())]
            server = hosts.SERVERS[self.server](self.place, self.folder, net, lines, False)
            with server.running(), self.proxy(net):
                for client, modes in self.case.modes.items():
                    for mode in modes:
                        self.visit(net, client, mode)
        except (Failed, RuntimeError, OSError) as failure:
            self.fail("it couldn't be tried", failure)
        seconds = time.monotonic() - begun
        print(f"{self.case.name}/{self.server}: {self.passed} ok, {len(self.failures)} failed, {seconds:.1f} s", flush=True)
        for failure in self.failures:
            print(f"FAIL {self.case.name}/{self.server}: {failure}", flush=True)

    def fail(self, what, failure):
        self.failures.append(f"{what}: {failure}\n{getattr(failure, 'output', '')}")

    @contextlib.contextmanager
    def proxy(self, net):
        """The proxy runs on the host in between while the block does."""
        address = f"[{self.case.server}]" if ":" in self.case.server else self.case.server
        told = self.case.proxy if "--server" in self.case.proxy else ("--server", address, *self.case.proxy)
        command = [*net.prefix("router"), self.tools / "ftp-proxy", "--listen", "[::]:21", "--log", self.log, *told]
        with daemon(command, self.folder / "proxy.out") as process:
            deadline = time.monotonic() + 10
            while "listening" not in (self.folder / "proxy.out").read_text():
                if time.monotonic() > deadline or process.poll() is not None:
                    raise Failed("the proxy doesn't listen", (self.folder / "proxy.out").read_text())
                time.sleep(0.02)
            yield

    @property
    def log(self):
        return self.folder / "proxy.log"

    def visit(self, net, name, mode):
        folder = self.folder / f"{name}-{mode}"
        folder.mkdir()
        remote = "/" + f"{self.folder.name}-{name}-{mode}.bin"
        up, down = folder / "up.bin", folder / "down.bin"
        up.write_bytes(CONTENT)
        client = self.client(name)
        target = visitors.Target(net.front(), self.place.user, PASSWORD)
        if name == "lftp" and ":" in target.host:
            target = dataclasses.replace(target, host=f"[{target.host}]")
        try:
            if self.case.mirrors:
                return self.mirrored(net, folder, client, target, mode)
            if self.case.hears:
                return self.refused(net, folder, client.get(target, mode, remote, down), down)
            served = self.place.root / remote[1:]
            run(net, folder, client.put(target, mode, up, remote))
            check(served, "what was uploaded")
            output = run(net, folder, client.get(target, mode, remote, down))
            check(down, "what was downloaded")
            self.check_log(remote, name)
            self.passed += 1
        except (Failed, OSError) as failure:
            proxy = last_lines(self.log.read_text(), 12) if self.log.exists() else ""
            self.fail(f"{name} by {mode}", failure)
            self.failures[-1] += f"\nthe proxy's log:\n{proxy}"

    def refused(self, net, folder, command, down):
        """Nothing comes, and both the client and the administrator hear why."""
        try:
            run(net, folder, command)
        except Failed as failure:
            if self.case.hears not in failure.output:
                raise
        else:
            raise Failed("it should have failed")
        if down.exists() and down.read_bytes():
            raise Failed("something came")
        log = self.log.read_text()
        for part in self.case.logs:
            if part not in log:
                raise Failed(f"the log doesn't say {part}", log)
        self.passed += 1

    def mirrored(self, net, folder, client, target, mode):
        """Several files, over several connections. They are where one is after the login: else clients wait for the reply to CWD."""
        names, local = [f"{self.folder.name}-{number}.bin" for number in range(MANY)], folder / "mirror"
        for name in names:
            (self.place.root / name).write_bytes(CONTENT)
        run(net, folder, client.get_all(target, mode, ".", self.folder.name, names, local))
        for name in names:
            check(local / name, f"what was downloaded of {name}")
        said = [line.split(" ")[3:5] for line in self.log.read_text().splitlines()]
        others = [f"{verb} {result}" for verb, result in said if "(" in result or verb in ("EPSV", "PASV", "trouble", "lost")]
        if others:
            raise Failed(f"the log has {', '.join(sorted({*others}))}")
        self.passed += 1

    def check_log(self, remote, name):
        """Both transfers are in it, with every byte."""
        deadline = time.monotonic() + 5
        file = remote[1:]
        while True:
            lines = [line.split(" ", 7) for line in self.log.read_text().splitlines()]
            moved = {line[3] for line in lines if len(line) == 8 and line[7].endswith(file) and line[5] == str(len(CONTENT))}
            if moved >= {"STOR", "RETR"}:
                return
            if time.monotonic() > deadline:
                raise Failed(f"{name}: the log has {moved or 'nothing'} of {file}")
            time.sleep(0.05)

    def client(self, name):
        if name.startswith("ftp-client"):
            return Ours(self.tools, name)
        if name == "ftplib":
            return Ftplib(sys.executable)
        return {"curl": visitors.Curl, "lftp": visitors.Lftp, "lftp-pipelined": Pipelined, "ncftp": visitors.Ncftp}[name]()


class Pipelined(visitors.Lftp):
    """It waits for no reply before it says the next command."""

    modes = {"PORT": "set ftp:passive-mode no; set ftp:sync-mode no"}

    def get_all(self, server, mode, folder, beginning, names, local):
        return self.command(server, mode, f"mirror -P 4 --no-recursion -i ^{beginning}- {folder} {local}")


def run(net, folder, command):
    within = Command(*net.prefix("client"), *command.arguments, typed=command.typed)
    return within.run(folder)


def check(file, what):
    content = file.read_bytes()
    if content != CONTENT:
        raise Failed(f"{what} has {len(content)} bytes, and others than the file")


if __name__ == "__main__":
    main()
