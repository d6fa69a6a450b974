"""Runs clients against servers, and prints the table; `run` starts it inside its namespaces."""

import argparse
import contextlib
import pathlib
import signal
import socket
import subprocess
import sys

import clients
import operations
import servers
from process import Failed

OUR_CLIENTS = ("std_client", "tokio_client")


def main():
    arguments = parsed_arguments()
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("driver.py: there is a network here; start `run`, which makes a namespace without one")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    # A name may have bytes that aren't UTF-8.
    sys.stdout.reconfigure(errors="backslashreplace")
    large = 1024 if arguments.full else 8
    place = servers.Place(arguments.work, arguments.examples, arguments.memory, large)
    place.prepare()
    # An end by a signal has to end the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    table = Table()
    for number, (client, server, tls) in enumerate(combinations(arguments.examples, arguments.only)):
        run_combination(client, server, tls, place, table, None if arguments.full else number)
    table.print()
    sys.exit(1 if table.failed else 0)


def parsed_arguments():
    parser = argparse.ArgumentParser(prog="tests/interop/run", description="Interoperability tests.")
    for folder in ("--work", "--examples", "--memory"):  # these come from `run`
        parser.add_argument(folder, type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    peers = [*servers.SERVERS, *OUR_CLIENTS, *(client.name for client in clients.OTHERS)]
    parser.add_argument("--only", choices=["servers", "clients", *peers], help="a part: one half, or one peer")
    parser.add_argument("--full", action="store_true", help="all operations on each route; the large file has 1 GiB")
    return parser.parse_args()


def combinations(examples, only):
    """Our clients with every server, ours included, in each kind of TLS; and every other client with our server."""
    for server in servers.SERVERS:
        for tls in ("none", "explicit", "implicit"):
            for client in OUR_CLIENTS:
                if only in (None, "servers", server, client):
                    yield clients.Ours(examples / client), server, tls
    for client in clients.OTHERS:
        if only in (None, "clients", client.name, servers.OURS):
            yield client, servers.OURS, "none"


def run_combination(client, server_name, tls, place, table, number):
    """Everything on one mode, which is another with each `number`, and a few operations on the others; without a number,
    everything on each. Our own server is quick enough for that in any case."""
    if (server_name, tls) in servers.LACKS:
        note = table.footnote(servers.LACKS[server_name, tls])
        table.add(client.name, server_name, tls, "", {name: note for name in operations.OPERATIONS})
        return
    modes = list(client.modes)
    is_thorough = number is None or server_name == servers.OURS
    thorough = modes if is_thorough else [modes[number % len(modes)]]
    combination = f"{client.name} -> {server_name}, TLS {tls},"
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(servers.running(server_name, place, tls))
        except Failed as failure:
            print(f"FAIL {combination} {server_name} {failure.reason}\n{failure.output}", flush=True)
            server = None
        told = set()
        for mode in modes:
            row = {}
            for name, operation in operations.OPERATIONS.items():
                if mode not in thorough and name not in operations.EVERYWHERE:
                    row[name] = ""
                    continue
                # The large file is for once.
                if name == operations.LARGE and mode != thorough[0]:
                    row[name] = ""
                    continue
                reason = client.cannot.get(name) or servers.CANNOT.get((server_name, name))
                if reason:
                    row[name] = table.footnote(reason)
                    continue
                row[name] = "FAIL"
                if server is None:
                    continue
                cell = operations.Cell(client, server, mode, place.scratch / "local", mode in thorough)
                try:
                    operation(cell)
                    row[name] = "ok"
                except Failed as failure:
                    # What fails in one mode mostly fails in the next for the same reason: that is told once.
                    print(f"FAIL {combination} {mode}: {name}: {failure.reason}", flush=True)
                    if (name, failure.reason) not in told:
                        print_details(cell.command, failure, server)
                    told.add((name, failure.reason))
            table.add(client.name, server_name, tls, mode, row)


def print_details(command, failure, server):
    print(f"  $ {command}")
    for line in failure.output.splitlines():
        print(f"  | {line}")
    for line in server.last_words().splitlines():
        print(f"  server | {line}")
    sys.stdout.flush()


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

    def add(self, client, server, tls, mode, row):
        results = list(row.values())
        self.passed += results.count("ok")
        self.failed += results.count("FAIL")
        self.rows.append([client, server, tls, mode, *results])

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
