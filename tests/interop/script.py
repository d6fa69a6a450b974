"""What the clients that are scripts of ours have in common: a command line, and how they show what is said.

    SCRIPT.py --mode MODE [--tls explicit|implicit --authority FILE] HOST PORT USER PASSWORD ACTION ARGUMENT…
"""

import argparse
import os
import ssl
import sys

# How much of a file is moved before it is aborted.
BEFORE_ABORT = 1024 * 1024
BLOCK = 65536


def parsed_arguments(actions):
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", required=True)
    parser.add_argument("--tls", default="none")
    parser.add_argument("--authority")
    for name in ("host", "port", "user", "password"):
        parser.add_argument(name, type=int if name == "port" else str)
    parser.add_argument("action", choices=actions)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args()


def context(arguments):
    return ssl.create_default_context(cafile=arguments.authority)


def wire(name):
    """A name as text whose characters are its bytes: the libraries then say it as it is, whatever it is encoded in."""
    return os.fsencode(name).decode("latin-1")


def unwire(text):
    return os.fsdecode(text.encode("latin-1"))


def show(direction, line):
    """A line of the dialogue."""
    sys.stdout.buffer.write(direction + line.encode("latin-1") + b"\n")
    sys.stdout.buffer.flush()


def blocks(file):
    """What a file still has; a pipe's reads give what there is."""
    while block := file.read(BLOCK):
        yield block


def check(holds, why):
    if not holds:
        sys.exit(f"{sys.argv[0]}: {why}")
