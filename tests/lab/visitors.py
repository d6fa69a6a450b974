"""The clients: how each is told to list the server's folder over one kind of data connection, and what became of it, read from its
dialogue."""

import dataclasses
import os
import re
import threading
import time

import clients as interop
import hosts
from network import ACTIVE_RANGE, OUTSIDE
from process import Command, kill_group
from scripts import Ftplib

TIMEOUT = 25
# A silence of so many seconds was a timeout: those here are three seconds and more.
LATE = 2.5
# A data connection that is asked for, in whichever way a client shows what it says.
# What stands before a line of ncftp's.
TIME = r"^(?:\d{4}-\d\d-\d\d [\d:]{8}  )?"
ASKED = re.compile(TIME + r"(?:>|--->|Cmd:|\*cmd\*|-->) *'?(EPSV|PASV|EPRT|PORT)\b.*", re.MULTILINE)
REPLY = TIME + r"(?:<|<---|\*resp\*|) *'?([45]\d\d)[ :-]"
ENDS = re.compile(
    rf"{REPLY}|(timed? ?out|no answer in time)|(refused)|(unreachable|No route to host)|(no address in the reply)", re.MULTILINE | re.IGNORECASE
)
TOLD = ("timeout", "refused", "unreachable", "unreadable")


@dataclasses.dataclass
class Target:
    """A server, as a client names it; interop's clients ask for these fields."""

    host: str
    user: str
    password: str
    tls: str = "none"
    port: int = hosts.PORT
    authority: str = "/dev/null"

    def url(self, path):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ftp://{self.user}:{self.password}@{host}{path}"


@dataclasses.dataclass
class Outcome:
    """What a client did: for each data connection that it asked for, the command and its end, `ok` or a code or `timeout`, …; and how
    many seconds each took."""

    steps: list
    times: list
    output: str
    command: str

    @property
    def works(self):
        return bool(self.steps) and self.steps[-1][1] == "ok"

    @property
    def short(self):
        """`EPSV timeout, PASV ok`."""
        return ", ".join(f"{asked} {end}" for asked, end in self.steps) or "nothing asked"

    @property
    def timed(self):
        """`EPSV timeout 3.1s, PASV ok 0.0s`."""
        ends = (f"{asked} {end} {took:.1f}s" for (asked, end), took in zip(self.steps, self.times))
        return ", ".join(ends) or "nothing asked"

    @property
    def end(self):
        return self.steps[-1][1] if self.steps else "nothing asked"


def visit(network, folder, command, timeout=TIMEOUT):
    """Runs a client on the network's client, and reads what came of it."""
    folder.mkdir(parents=True, exist_ok=True)
    process = command.spawn(folder, prefix=network.prefix("client"))
    limit = threading.Timer(timeout, kill_group, [process])
    limit.start()
    try:
        process.stdin.write(os.fsencode(command.typed))
        process.stdin.close()
        lines, moments = [], []
        for line in process.stdout:
            lines.append(line.decode(errors="replace").replace("\r\n", "\n"))
            moments.append(time.monotonic())
        process.wait()
    finally:
        limit.cancel()
        kill_group(process)
        process.wait()
    return Outcome(*steps(lines, moments), "".join(lines), str(command))


def steps(lines, moments):
    """The data connections that were asked for, each with its end, and the seconds between. A code that came only after a long silence
    is `late`."""
    found, times, asked, since, before, late = [], [], None, 0, 0, False

    def ended(end, now):
        nonlocal asked
        found.append((asked, end))
        times.append(now - since)
        asked = None

    for line, now in zip(lines, moments):
        silence, before = now - before, now
        if match := ASKED.match(line):
            if asked:
                ended("no end", now)
            asked, since, late = match[1], now, False
            continue
        if not asked:
            continue
        late = late or silence > LATE
        if hosts.MARK in line:
            ended("ok", now)
        elif match := ENDS.search(line):
            if match[1]:
                ended(match[1] + (" late" if late else ""), now)
            else:
                ended(next(word for word, group in zip(TOLD, match.groups()[1:]) if group), now)
    if asked:
        ended("no end", before)
    return named_at_the_end(found, lines[-1] if lines else ""), times


def named_at_the_end(found, line):
    """Our client tells why its connections failed in one line, the last."""
    told = {}
    for match in re.finditer(r"\b(EPSV|PASV|EPRT|PORT)(?: \S+)?: ([^;]+)", line):
        if end := ENDS.search(match[2]):
            told[match[1]] = next((word for word, group in zip(TOLD, end.groups()[1:]) if group), None)
    return [(asked, told.get(asked) or end if end == "no end" else end) for asked, end in found]


class Curl(interop.Curl):
    modes = {
        **interop.Curl.modes,
        "EPRT": ["--ftp-port", "-"],
        "PORT": ["--ftp-port", "-", "--disable-eprt"],
    }

    def listing(self, target, mode):
        trust = ["--ssl-reqd", "--insecure"] if target.tls != "none" else []
        words = ("curl", "-q", "-sS", "-v", "--max-time", 30, "--connect-timeout", 12, *trust)
        return Command(*words, *self.modes[mode], interop.address(target, "/"))


class Lftp(interop.Lftp):
    def opening(self, server, mode):
        # It should wait longer than servers do.
        return super().opening(server, mode).replace("net:timeout 5", "net:timeout 12")

    def listing(self, target, mode):
        settings = "set ssl:verify-certificate no; set net:connection-limit 1"
        command = self.list(target, mode, "/")
        return Command(*command.arguments[:-1], f"{settings}; {command.arguments[-1]}")


class Ours(interop.Ours):
    """Also trusting what a 227 names, and by whichever way it finds itself."""

    modes = {
        "auto": [],
        "EPSV": ["--route", "epsv"],
        "PASV": ["--route", "pasv"],
        "PASV*": ["--route", "pasv", "--passive-host", "advertised"],
        "EPRT": ["--route", "eprt"],
        "PORT": ["--route", "port"],
    }

    def listing(self, target, mode, *arguments):
        trust = ["--tls", target.tls, *(["--insecure"] if target.tls != "none" else [])]
        return Command(*self.program, "-v", *trust, *self.modes[mode], *arguments, "ls", target.url("/"))


class Wget(interop.Wget):
    def listing(self, target, mode):
        return self.command(target, mode, "/", "--timeout=12", "--debug", "--no-hsts", "--output-document=-")


class Ncftp(interop.Ncftp):
    def listing(self, target, mode):
        command = self.list(target, mode, "/")
        return Command(command.arguments[0], "-t", "12", "-r", "0", *command.arguments[1:])


class Tnftp(interop.Tnftp):
    def listing(self, target, mode):
        return self.list(target, mode, "/")


class InetutilsFtp(interop.InetutilsFtp):
    def listing(self, target, mode):
        return self.list(target, mode, "/")


class FtplibClient(Ftplib):
    """`set_debuglevel(2)`, as people paste it."""

    SCRIPT = (
        "import ftplib, ssl, sys\n"
        "host, user, password, passive, tls = sys.argv[1:]\n"
        "ftp = ftplib.FTP_TLS(context=ssl._create_unverified_context(), timeout=12) if tls == 'yes' else ftplib.FTP(timeout=12)\n"
        "ftp.set_debuglevel(2)\n"
        "ftp.connect(host)\n"
        "ftp.login(user, password)\n"
        "tls == 'yes' and ftp.prot_p()\n"
        "ftp.set_pasv(passive == 'yes')\n"
        "ftp.dir()\n"
        "ftp.quit()\n"
    )

    def listing(self, target, mode):
        passive = "yes" if mode in ("PASV", "EPSV") else "no"
        words = (target.host, target.user, target.password, passive, "no" if target.tls == "none" else "yes")
        return Command(self.python, "-u", "-c", self.SCRIPT, *words)


def commands(tools, target, about, routes):
    """By column: curl and lftp by what the situation is about, and ours by each route."""
    ours = Ours(tools, "ftp-client-std")
    mode = "PORT" if about == "OUTSIDE" else about
    outside = []
    curl, lftp = Curl(), Lftp()
    if about == "OUTSIDE":
        first, last = ACTIVE_RANGE
        outside = ["--external-address", OUTSIDE, "--active-ports", f"{first}-{last}"]
        curl.modes = {"PORT": ["--ftp-port", f"{OUTSIDE}:{first}-{last}", "--disable-eprt"]}
        lftp.modes = {"PORT": f"set ftp:passive-mode no; set ftp:port-ipv4 {OUTSIDE}; set ftp:port-range {first}-{last}"}
    # By itself curl begins with EPSV, and lftp with PASV.
    found = {"curl": curl.listing(target, "EPSV" if mode == "PASV" else mode), "lftp": lftp.listing(target, mode)}
    found["auto"] = ours.listing(target, "auto")
    for route in routes:
        found[route] = ours.listing(target, route, *(outside if route in ("PORT", "EPRT") else []))
    return found
