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


def main():
    arguments = parsed_arguments()
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("driver.py: there is a network here; start `run`, which makes a namespace without one")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    place = servers.Place(arguments.work, arguments.examples, arguments.memory)
    place.prepare()
    # An end by a signal has to end the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    table = Table()
    for client, server in pairs(arguments.examples, arguments.only):
        run_pair(client, server, place, table)
    table.print()
    sys.exit(1 if table.failed else 0)


def parsed_arguments():
    parser = argparse.ArgumentParser(prog="tests/interop/run", description="Interoperability tests.")
    for folder in ("--work", "--examples", "--memory"):  # these come from `run`
        parser.add_argument(folder, type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    peers = [name for name in servers.SERVERS if name != servers.OURS] + [client.name for client in clients.OTHERS]
    parser.add_argument("--only", choices=["servers", "clients", *peers], help="a part: one half, or one peer")
    parser.add_argument("--full", action="store_true", help="reserved; the same as without it for now")
    return parser.parse_args()


def pairs(examples, only):
    """Our client with every server, ours included, and every other client with our server."""
    ours = clients.StdClient(examples / "std_client")
    for server in servers.SERVERS:
        if only in (None, "servers", server):
            yield ours, server
    for client in clients.OTHERS:
        if only in (None, "clients", client.name):
            yield client, servers.OURS


def run_pair(client, server_name, place, table):
    pair = f"{client.name} -> {server_name}"
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(servers.running(server_name, place))
        except Failed as failure:
            print(f"FAIL {pair}: {server_name} {failure.reason}\n{failure.output}", flush=True)
            server = None
        told = set()
        for mode in client.modes:
            row = {}
            for name, operation in operations.OPERATIONS.items():
                if name in client.cannot:
                    row[name] = table.footnote(client.cannot[name])
                    continue
                row[name] = "FAIL"
                if server is None:
                    continue
                cell = operations.Cell(client, server, mode, place.scratch / "local")
                try:
                    operation(cell)
                    row[name] = "ok"
                except Failed as failure:
                    # What fails in one mode mostly fails in the next for the same reason: that is told once.
                    print(f"FAIL {pair} {mode}: {name}: {failure.reason}", flush=True)
                    if (name, failure.reason) not in told:
                        print_details(cell.command, failure, server)
                    told.add((name, failure.reason))
            table.add(client.name, server_name, mode, row)


def print_details(command, failure, server):
    print(f"  $ {command}")
    for line in failure.output.splitlines():
        print(f"  | {line}")
    for line in server.last_words().splitlines():
        print(f"  server | {line}")
    sys.stdout.flush()


class Table:
    """The results, one row for a client, a server and a mode."""

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

    def add(self, client, server, mode, row):
        results = list(row.values())
        self.passed += results.count("ok")
        self.failed += results.count("FAIL")
        self.rows.append([client, server, mode, *results])

    def print(self):
        rows = [["client", "server", "mode", *operations.OPERATIONS], *self.rows]
        widths = [max(len(cell) for cell in column) for column in zip(*rows)]
        print()
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        for number, reason in enumerate(self.footnotes, 1):
            print(f"[{number}] {reason}")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)


if __name__ == "__main__":
    main()
