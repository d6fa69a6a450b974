"""What `ftp-doctor` says of a situation, and how its cures are carried out: the very lines that it prints."""

import dataclasses
import json
import re
import shlex

import visitors
from network import PUBLIC_SERVER, forwarded, nat
from process import Command, Failed

SERVER = "server's administrator"
FIREWALL = "firewall's administrator"
USER = "user"
TIMEOUT = 150


@dataclasses.dataclass
class Cure:
    """`cause` is one of the finding's; `lines` are what to write, if there is something."""

    cause: str
    who: str
    text: str
    lines: list


@dataclasses.dataclass
class Report:
    """`findings` has each one's causes, in the doctor's order."""

    exit: int
    findings: list
    cures: list
    text: str

    @property
    def first(self):
        return self.findings[0] if self.findings else []

    def cures_of(self, causes, whose):
        return [cure for cure in self.cures if cure.cause in causes and cure.who in whose]


def consult(tools, net, folder, target, arguments):
    """Runs it on the network's client."""
    program = (tools / "ftp-doctor", "--json", "--dial-advertised", "--insecure", *arguments)
    outcome = visitors.visit(net, folder, Command(*program, target.url("/").rstrip("/")), TIMEOUT)
    (folder / "doctor.json").write_text(outcome.output)
    try:
        said = json.loads(outcome.output)
    except ValueError:
        raise Failed("ftp-doctor said no JSON", outcome.output) from None
    findings, cures = [], []
    for finding in said["findings"]:
        findings.append([cause["id"] for cause in finding["causes"]])
        cures += [Cure(cure["cause"], cure["who"], cure["text"], cure["settings"]) for cure in finding["cures"]]
    return Report(said["exit"], findings, cures, outcome.output)


class Treatment:
    """Carries cures out. `done` is what was written, line by line, or else what the doctor advised."""

    def __init__(self, net, server, mend):
        self.net = net
        self.server = server
        self.mend = mend
        self.done = []

    def apply(self, cure):
        applied = [line for line in cure.lines if self.write(line)]
        if cure.who == FIREWALL and not applied and self.mend:
            # The advice names no line for this router: what it says is done here.
            self.net.nft("router", self.mend)
            self.mend = ""
            applied = [cure.text]
        self.done += [line for line in applied if line not in self.done]

    def write(self, line):
        """Whether it is a line for what is here."""
        if line.startswith("nft "):
            return self.on_firewall(line)
        if line.startswith("docker run"):
            return self.publish(line)
        if line.startswith("firewall-cmd "):
            return False  # the same as the line for nft, for others
        if match := re.match(r"# (?:remove:|start without) (.*)", line):
            # `<Limit PASV EPSV>` is taken out with what it encloses.
            self.server.remove(match[1])
        else:
            self.server.write(line)
        return True

    def on_firewall(self, line):
        """The server's own, where it has one."""
        if not self.server.guarded:
            return False
        self.net.within("server", *shlex.split(line))
        return True

    def publish(self, line):
        """`-p A-B:A-B`, as Docker does it."""
        outside, _, inside = line.rpartition(" ")[2].partition(":")
        if outside != inside:
            raise Failed(f"not the same ports at both ends: {line}")
        self.net.nft("router", nat(forwarded(outside, self.net.server, PUBLIC_SERVER)))
        return True
