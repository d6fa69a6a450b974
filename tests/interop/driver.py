"""Runs clients against servers, and prints the table; `run` starts it inside its namespaces."""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import queue
import signal
import socket
import subprocess
import sys
import time

import clients
import operations
import scripts
import servers
from process import Failed

# So many work at the same time, each in a place of its own.
WORKERS = 2
LARGE_MIB = 8
LARGE_MIB_IN_FULL = 1024


def main():
    arguments = parsed_arguments()
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("driver.py: there is a network here; start `run`, which makes a namespace without one")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    servers.widen_ports()
    # A name may have bytes that aren't UTF-8.
    sys.stdout.reconfigure(errors="backslashreplace")
    # An end by a signal ends the servers and clients too: this is the first process of its namespace.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    large = LARGE_MIB_IN_FULL if arguments.full else LARGE_MIB
    places = queue.SimpleQueue()
    for place in servers.prepared(arguments.work, arguments.tools, arguments.memory, WORKERS, large):
        places.put(place)

    def run(numbered):
        number, (client, server, tls) = numbered
        place = places.get()
        try:
            combination = Combination(client, server, tls, None if arguments.full else number, arguments.operation)
            begin = time.monotonic()
            combination.run(place)
            # It takes long enough that one wants to know how far it is.
            if arguments.full:
                print(f"{number + 1} of {count}: {combination}, {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)
            return combination
        finally:
            places.put(place)

    table = Table()
    every = list(combinations(arguments))
    count = len(every)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for combination in pool.map(run, enumerate(every)):
            table.add(combination)
    table.print()
    sys.exit(1 if table.failed else 0)


def parsed_arguments():
    parser = argparse.ArgumentParser(prog="tests/interop/run", description="Interoperability tests.")
    for folder in ("--work", "--tools", "--memory"):  # these come from `run`
        parser.add_argument(folder, type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    peers = [*servers.SERVERS, *clients.OURS, *(client.name for client in clients.PROGRAMS), *scripts.NAMES]
    part = "a part: one half, or one peer; given twice, what is in both"
    parser.add_argument("--only", choices=["servers", "clients", *peers], action="append", default=[], help=part)
    parser.add_argument("--operation", choices=list(operations.OPERATIONS), action="append", default=[], help="these alone")
    parser.add_argument("--full", action="store_true", help="all operations on each route; the large file has 1 GiB; tells how far it is")
    return parser.parse_args()


def combinations(arguments):
    """Our clients with every server, ours included, in each kind of TLS; and every other client with our servers."""
    ours = [clients.Ours(arguments.tools, name) for name in clients.OURS]
    others = [*clients.PROGRAMS, *scripts.scripts(arguments.work / "venv" / "bin" / "python")]
    for half, some, these in (("servers", ours, servers.SERVERS), ("clients", others, servers.OURS)):
        for server in these:
            for tls in ("none", "explicit", "implicit"):
                for client in some:
                    if set(arguments.only) <= {half, server, client.name}:
                        yield client, server, tls


class Combination:
    """A client, a server and a kind of TLS: everything on one mode, which is another with each `number`, and a few operations
    on the others; without a number, everything on each."""

    def __init__(self, client, server, tls, number, wanted=()):
        self.client = client
        self.server = server
        self.tls = tls
        self.lacking = {} if tls == "none" else client.plain_modes
        self.modes = [mode for mode in client.modes if mode not in self.lacking]
        self.in_full = number is None
        self.wanted = wanted or operations.OPERATIONS
        self.thorough = self.modes if self.in_full else [self.modes[number % len(self.modes)]]
        # A mode, and for each operation `ok`, `FAIL`, the reason why it can't be done, or nothing if it wasn't to be done.
        self.rows = []

    def run(self, place):
        lacks = servers.LACKS.get((self.server, self.tls)) or self.client.lacks.get(self.tls)
        if lacks:
            self.rows.append(("", dict.fromkeys(operations.OPERATIONS, Reason(lacks))))
            return
        with contextlib.ExitStack() as stack:
            try:
                running = servers.running(self.server, place, self.tls, self.client.resumes)
                server = stack.enter_context(running)
            except Failed as failure:
                self.tell(f"{self.server} {failure.reason}\n{failure.output}")
                server = None
            told = set()
            for mode in self.modes:
                row = {name: self.cell(server, mode, name, place, told) for name in operations.OPERATIONS}
                self.rows.append((mode, row))
        for mode, reason in self.lacking.items():
            self.rows.append((mode, dict.fromkeys(operations.EVERYWHERE, Reason(reason))))

    def cell(self, server, mode, name, place, told):
        if name not in self.wanted or mode not in self.thorough and name not in operations.EVERYWHERE:
            return ""
        if name in operations.ONCE and mode != self.thorough[0]:
            return ""
        if not self.in_full and (name == operations.FETCHED or (name in operations.WITHOUT_TLS and self.tls != "none")):
            return ""
        reason = self.client.cannot.get(name) or servers.CANNOT.get((self.server, name))
        if (method := operations.SELDOM.get(name)) and not hasattr(self.client, method):
            reason = reason or f"{self.client.name} has no word for {'TYPE A' if name == 'text' else name}"
        if self.tls != "none":
            reason = reason or self.client.cannot_under_tls.get(name)
        if reason:
            return Reason(reason)
        if server is None:
            return "FAIL"
        cell = operations.Cell(self.client, server, mode, place.scratch / "local", mode in self.thorough)
        try:
            operations.OPERATIONS[name](cell)
            return "ok"
        except Failed as failure:
            details = ""
            # What fails in one mode mostly fails in the next for the same reason: that is told once.
            if (name, failure.reason) not in told:
                details = described(cell.command, failure, server)
            told.add((name, failure.reason))
            self.tell(f"{mode}: {name}: {failure.reason}{details}")
            return "FAIL"

    def __str__(self):
        return f"{self.client.name} -> {self.server}, TLS {self.tls}"

    def tell(self, what):
        print(f"FAIL {self}, {what}", flush=True)


class Reason(str):
    """Why something can't be done."""


def described(command, failure, server):
    text = f"\n  $ {command}"
    for line in failure.output.splitlines():
        text += f"\n  | {line}"
    for line in server.last_words().splitlines():
        text += f"\n  server | {line}"
    return text


class Table:
    """The results, one row for a client, a server, a kind of TLS and a mode. What is empty wasn't to be done."""

    def __init__(self):
        self.rows = []
        self.footnotes = []
        self.passed = 0
        self.failed = 0

    def footnote(self, reason):
        """A cell that can't work, and points to why."""
        if reason not in self.footnotes:
            self.footnotes.append(reason)
        return f"- [{self.footnotes.index(reason) + 1}]"

    def add(self, combination):
        peers = [combination.client.name, combination.server, combination.tls]
        for mode, row in combination.rows:
            cells = [row.get(name, "") for name in operations.OPERATIONS]
            results = [self.footnote(cell) if isinstance(cell, Reason) else cell for cell in cells]
            self.passed += results.count("ok")
            self.failed += results.count("FAIL")
            self.rows.append([*peers, mode, *results])

    def print(self):
        rows = [["client", "server", "TLS", "mode", *operations.OPERATIONS], *self.rows]
        widths = [max(len(cell) for cell in column) for column in zip(*rows)]
        print()
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        for number, reason in enumerate(self.footnotes, 1):
            print(f"[{number}] {reason}")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)


if __name__ == "__main__":
    main()
