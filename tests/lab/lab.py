"""Runs every situation with each of its servers, several at a time, and prints the table; `run` starts it inside its namespaces."""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

import doctor
import hosts
import network
import recordings
import tables
import visitors
from process import Failed
from servers import PASSWORD
from situations import ROUTES, SITUATIONS

# Most of the time everybody waits for an answer that doesn't come.
CASES_AT_ONCE = 12
CLIENTS_AT_ONCE = 4


def main():
    arguments = parsed_arguments()
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("lab.py: there is a network here; start `run`, which makes a namespace without one")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    place = prepared(arguments)
    lacks = network.lacking()
    for part in sorted(lacks):
        print(f"this kernel lacks {part}", flush=True)
    cases = [Case(situation, server, place, arguments) for situation, server in wanted(arguments.only)]
    cases = [case for case in cases if not case.skipped(lacks)]
    if arguments.record:
        arguments.record.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(CASES_AT_ONCE) as pool:
        list(pool.map(Case.run, cases))
    if arguments.record:
        recordings.write_causes([row for case in cases for row in case.recorded], arguments.record)
    tables.print_table(cases)
    if arguments.markdown:
        tables.write_markdown(cases, arguments.markdown)
    failed = sum(bool(case.failures) for case in cases)
    print(f"{len(cases) - failed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not cases else 0)


def parsed_arguments():
    parser = argparse.ArgumentParser(prog="tests/lab/run", description="Real programs in real networks.")
    for folder in ("--work", "--programs", "--tools", "--memory"):  # these come from `run`
        parser.add_argument(folder, type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a situation (T09), a server, or both (T09/vsftpd)")
    parser.add_argument("--record", type=pathlib.Path, metavar="DIR", help="writes the clients' and servers' logs there")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="puts the condensed table into it, between its marks")
    return parser.parse_args()


def wanted(only):
    for situation in SITUATIONS:
        for server in situation.servers:
            names = (situation.name, situation.name.partition(" ")[0], server)
            both = [f"{name}/{server}" for name in names[:2]]
            if not only or any(name in (*names, *both) for name in only):
                yield situation, server


def prepared(arguments):
    """What all servers share; all of it is seen in these namespaces only."""
    scratch = arguments.work / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    network.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    network.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", arguments.memory)
    place = hosts.Place(arguments.programs, scratch / "place", arguments.tools, arguments.memory)
    place.prepare(0)
    return place


class Case:
    """A situation with one of its servers."""

    def __init__(self, situation, server, place, arguments):
        self.situation = situation
        self.server = server
        self.place = place
        self.tools = arguments.tools
        self.record_to = arguments.record
        self.recorded = []
        self.folder = arguments.work / "scratch" / f"{situation.name}-{server}".replace(" ", "-")
        self.expected = situation.but.get(server, situation.sees)
        self.outcomes = {}
        self.cause = situation.causes.get(server, situation.cause)
        # What the doctor said, before and after; what was done about it; and what became of that.
        self.report = None
        self.done = []
        self.cured = ""
        self.failures = []
        self.seconds = 0

    def __str__(self):
        return f"{self.situation.name}/{self.server}"

    def skipped(self, lacks):
        missing = lacks & {*self.situation.needs, *(("nf_tables",) if self.situation.host_rules or self.situation.rules else ())}
        if missing:
            print(f"skipped: {self}, which needs {', '.join(sorted(missing))}", flush=True)
        return bool(missing)

    def run(self):
        begun = time.monotonic()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            net = self.situation.network()
            lines = self.situation.servers[self.server]
            server = hosts.SERVERS[self.server](self.place, self.folder, net, lines, self.situation.tls)
            server.guarded = bool(self.situation.host_rules)
            with server.running(), holding(self, net), reading_along(self, net):
                self.visit(net)
                if self.record_to and recordings.is_recorded(self):
                    self.recorded = recordings.record(self, net, server, self.record_to)
                self.consult(net)
                treatment = self.treat(net, server)
            if treatment:
                with server.running(), holding(self, net), reading_along(self, net):
                    self.revisit(net, treatment)
        except (Failed, RuntimeError, OSError, subprocess.SubprocessError) as failure:
            self.failures.append(f"{failure}\n{getattr(failure, 'output', '')}")
        self.seconds = time.monotonic() - begun
        for failure in self.failures:
            print(f"FAIL {self}: {failure}", flush=True)

    @property
    def target(self):
        tls = "explicit" if self.situation.tls else "none"
        return visitors.Target(self.situation.target, self.place.user, PASSWORD, tls)

    def visit(self, net):
        target = self.target
        with concurrent.futures.ThreadPoolExecutor(CLIENTS_AT_ONCE) as pool:
            commands = visitors.commands(self.tools, target, self.situation.about, ROUTES)
            going = {
                name: pool.submit(visitors.visit, net, self.folder / name.replace("*", "-trusting"), command)
                for name, command in commands.items()
                if self.expected.get(name) != "-"
            }
            self.outcomes = {name: future.result() for name, future in going.items()}
        for route in ROUTES:
            if self.expected[route] == "-":
                continue
            outcome = self.outcomes[route]
            if outcome.end != self.expected[route]:
                said = hosts.process.last_lines(outcome.output, 15)
                self.failures.append(f"{route}: {outcome.short}, not {self.expected[route]}\n$ {outcome.command}\n{said}")

    def consult(self, net):
        """The first finding has to name the cause; where all is well, there is none."""
        self.report = self.examine(net, "doctor")
        first, others = self.report.first, self.report.findings[1:]
        if self.cause and self.cause not in first:
            self.fail_report(f"the doctor's first finding is {first or 'none'}, not {self.cause}", self.report)
        for cause in self.situation.also:
            if not any(cause in causes for causes in others):
                self.fail_report(f"the doctor doesn't find {cause}", self.report)
        if not self.cause and (self.report.findings or self.report.exit):
            self.fail_report(f"all is well, and the doctor finds {self.report.findings}", self.report)

    def fail_report(self, why, report):
        self.failures.append(f"{why}\n{report.text}")

    def examine(self, net, name):
        about = self.situation.about
        arguments = ["--tls", "explicit"] if self.situation.tls else []
        if about != "PASV":
            arguments.append("--active")
        if about == "OUTSIDE":
            first, last = network.ACTIVE_RANGE
            arguments += ["--external-address", network.OUTSIDE, "--active-ports", f"{first}-{last}"]
        return doctor.consult(self.tools, net, self.folder / name, self.target, arguments)

    def treat(self, net, server):
        """Does what the doctor says."""
        if not self.cause:
            return None
        causes, curers = (self.cause, *self.situation.also), self.situation.curers
        treatment = doctor.Treatment(net, server, self.situation.mend)
        cures = self.report.cures_of(causes, curers)
        if curers == (doctor.USER,):
            self.done = [cure.text for cure in cures][:1]
            return treatment if self.done else None
        for cure in cures:
            treatment.apply(cure)
        self.done = treatment.done
        if not self.done:
            self.fail_report("the doctor has no cure that could be carried out", self.report)
        return treatment if self.done else None

    def revisit(self, net, treatment):
        """Now it has to work: by the doctor's own word, and for each client."""
        target, about = self.target, self.situation.about
        ours = visitors.Ours(self.tools, "ftp-client-std")
        if self.situation.instead:
            commands = {"instead": ours.listing(target, "auto", *self.situation.instead)}
        else:
            routes = ("PORT", "EPRT") if about != "PASV" else ("PASV*", "PASV", "EPSV")
            commands = visitors.commands(self.tools, target, about, routes)
        for name, command in commands.items():
            outcome = visitors.visit(net, self.folder / f"cured-{name}".replace("*", "-trusting"), command)
            if not outcome.works:
                said = hosts.process.last_lines(outcome.output, 15)
                self.failures.append(f"cured by {self.done}, {name}: {outcome.short}\n$ {outcome.command}\n{said}")
        if not self.situation.instead:
            report = self.examine(net, "doctor-after")
            if report.exit:
                self.fail_report(f"cured by {self.done}, the doctor finds {report.findings}", report)
        self.cured = "works" if not self.failures else "fails"


@contextlib.contextmanager
def holding(case, net):
    """Sessions of others that hold a passive port each."""
    with contextlib.ExitStack() as stack:
        for number in range(case.situation.holders):
            script = pathlib.Path(__file__).with_name("holder.py")
            words = [sys.executable, script, case.situation.target, case.place.user, PASSWORD]
            log = case.folder / f"holder{number}.log"
            stack.enter_context(hosts.process.daemon([*net.prefix("client"), *words], log))
            deadline = time.monotonic() + 10
            while "22" not in log.read_text() and time.monotonic() < deadline:
                time.sleep(0.05)
        yield


@contextlib.contextmanager
def reading_along(case, net):
    """The router's own program, where it has one."""
    if not case.situation.gateway:
        yield
        return
    script = pathlib.Path(__file__).with_name("gateway.py")
    log = case.folder / "gateway.log"
    words = [*net.prefix("router"), sys.executable, script, case.situation.gateway, network.GATEWAY_PORT]
    with hosts.process.daemon(words, log) as daemon:
        deadline = time.monotonic() + 10
        while "listening" not in log.read_text() and time.monotonic() < deadline and daemon.poll() is None:
            time.sleep(0.05)
        yield


if __name__ == "__main__":
    main()
