"""Measures, and prints what it saw; `run` starts it inside its namespaces."""

import argparse
import pathlib
import re
import signal
import socket
import subprocess
import sys

import compare
import peers
import soak

UNITS = {"MiB": 1024**2, "GiB": 1024**3}


def main():
    options = parsed_options()
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("driver.py: there is a network here; start `run`, which makes a namespace without one")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    peers.servers.widen_ports()
    # An end by a signal has to end the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = peers.Place(options.target, options.memory, options.group, options.size // peers.MIB)
    (options.target / "load").mkdir(exist_ok=True)
    place.prepare()
    names = [name for name in (*peers.OURS, *peers.OTHERS) if not options.only or name in options.only]
    ours = [name for name in names if name in peers.OURS]

    well = True
    if options.mode in ("soak", "all"):
        # What thousands of sessions are promised of is the one that needs no thread for each.
        default = ours[-1:] if not options.only else ours
        for name in default:
            try:
                well &= told(*soak.run(name, place, options))
            except peers.Failed as failure:
                well = told([f"- failed: {failure.reason}", failure.output], False)
    if options.mode in ("compare", "all"):
        well &= told(*compare.run(place, names, options))
    sys.exit(0 if well else 1)


def told(lines, well):
    print(*lines, sep="\n", end="\n\n", flush=True)
    return well


def parsed_options():
    parser = argparse.ArgumentParser(
        prog="benches/load/run", description="Our servers under load, and beside others.",
        epilog="A short run: --size 8MiB --rounds 1 --sessions 50 --seconds 3",
    )  # fmt: skip
    for path in ("--target", "--memory", "--group"):  # these come from `run`
        parser.add_argument(path, type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("mode", nargs="?", choices=["soak", "compare", "all"], default="all")
    parser.add_argument("--only", nargs="+", choices=[*peers.OURS, *peers.OTHERS], help="these servers; otherwise all")
    parser.add_argument("--size", type=size, default="1GiB", help="of the file that moves, such as 8MiB (default 1GiB)")
    parser.add_argument("--rounds", type=int, default=11, help="in each, every server sends and takes it once (default 11)")
    parser.add_argument("--copy", action="store_true", help="the client copies downloads out of the kernel")
    parser.add_argument("--sessions", type=int, default=10_000, help="idle ones (default 10000, of which compare takes 1000)")
    parser.add_argument("--clients", type=int, default=200, help="that log in, list and fetch (default 200)")
    parser.add_argument("--seconds", type=float, default=60, help="how long they do (default 60)")
    parser.add_argument("--login-rounds", type=int, help="default: 5, no more than --rounds")
    parser.add_argument("--login-seconds", type=float, help="of each login measurement; default: 3, no more than --seconds")
    options = parser.parse_args()
    options.login_rounds = options.login_rounds or min(5, options.rounds)
    options.login_seconds = options.login_seconds or min(3, options.seconds)
    return options


def size(text):
    match = re.fullmatch(r"(\d+)([MG]iB)", text)
    if not match:
        raise argparse.ArgumentTypeError("it must be such as 8MiB or 1GiB")
    return int(match[1]) * UNITS[match[2]]


if __name__ == "__main__":
    main()
