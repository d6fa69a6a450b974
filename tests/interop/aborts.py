"""What clients do who stop in the midst of a file: the server ends the transfer in order, and goes on with the session."""

import contextlib
import os
import random
import re
import time

from process import Failed
from servers import MIB

# How much of a file is moved, at least, before it is aborted; and a file that is longer than what both ends' sockets hold (6 MiB and 4 MiB
# by Linux's defaults) and what a client may have taken by then (3 MB): else all of it is on its way, and there is nothing left to abort.
BEFORE_ABORT = MIB
LONG = random.Random(114).randbytes(24 * MIB)
BLOCK = 65536
# What is moved after that in the same session.
NEXT = b"the session goes on\n"


def get(cell):
    """The client writes into a pipe that isn't emptied, so that it can't be done when it is told to stop."""
    client, folder = cell.client, cell.server.root / "get"
    (folder / "long.bin").write_bytes(LONG)
    (folder / "next.txt").write_bytes(NEXT)
    pipe, following = cell.local / "pipe", cell.local / "next.txt"
    cell.command = client.abort_get(cell.server, cell.mode, "/get/long.bin", pipe, "/get/next.txt", following)
    with opened(pipe, os.O_RDONLY) as descriptor, cell.command.started(cell.local) as running:
        came = emptied(descriptor, running, lambda: client.stop(cell.command, running))
    check_aborted(cell, running)
    check_beginning(cell, came)
    if client.goes_on:
        cell.compare(following, NEXT)
    if client.ours:
        # What came is as good as any other beginning.
        local = cell.local / "long.bin"
        local.write_bytes(came)
        cell.run(client.resume_get(cell.server, cell.mode, "/get/long.bin", local))
        cell.compare(local, LONG)


def put(cell):
    """The client reads from a pipe that isn't filled to the end before it has stopped."""
    client, folder = cell.client, cell.server.root / "put"
    pipe, following = cell.local / "long.bin", cell.local / "next.txt"
    there = folder / "long.bin"
    following.write_bytes(NEXT)
    cell.command = client.abort_put(cell.server, cell.mode, pipe, "/put/long.bin", following, "/put/next.txt")
    # Who writes is its reader, too: so it has one from the beginning, and a client that doesn't wait for writers has one.
    with opened(pipe, os.O_RDWR) as descriptor, cell.command.started(cell.local) as running:
        fill(descriptor, running, lambda: client.stop(cell.command, running))
    check_aborted(cell, running)
    if cell.server.ours and there.exists():
        raise Failed(f"{there.stat().st_size} bytes appeared under the name of an upload that was aborted", cell.output)
    check_beginning(cell, there.read_bytes() if there.exists() else b"")
    if client.goes_on:
        cell.compare(folder / "next.txt", NEXT)
    if client.ours:
        pipe.unlink()
        pipe.write_bytes(LONG)
        cell.run(client.resume_put(cell.server, cell.mode, pipe, "/put/long.bin"))
        cell.compare(there, LONG)


def check_beginning(cell, came):
    """What an aborted transfer leaves: a part, and unchanged. A server may lose what it hadn't read yet, or all."""
    if len(came) == len(LONG) or not LONG.startswith(came):
        raise Failed(f"{len(came)} bytes came, and they aren't the file's first", cell.output)


def check_aborted(cell, running):
    """It stopped as one who leaves in order, or goes on; in either case within one session."""
    cell.output = running.dialogue()
    cell.check_dialogue({cell.mode})
    for said in cell.client.says_when_aborted:
        if not re.search(said, cell.output, re.MULTILINE):
            raise Failed(f"the dialogue should have {said}", cell.output)
    if cell.server.ours:
        codes = re.findall(r"^(?:[-\d]+ +[\d:]+ +)?(?:<-* )?(426|22[56])[ :]", cell.output, re.MULTILINE)
        # Once the client has closed its data connection there is nothing more to abort: that is 225.
        if codes[:1] != ["426"] or codes[1:2] not in (["225"], ["226"]):
            raise Failed(f"a transfer is aborted with 426, and 225 or 226, and there came {codes}", cell.output)
    logins = len(re.findall(r"\b230[ :]", cell.output))
    if cell.client.goes_on and logins != 1:
        raise Failed(f"there were {logins} logins", cell.output)
    if running.returncode != cell.client.exit_when_aborted:
        raise Failed(f"exit {running.returncode}, expected {cell.client.exit_when_aborted}", cell.output)


@contextlib.contextmanager
def opened(pipe, flags):
    """A new pipe with a name, of which no end waits for the other."""
    os.mkfifo(pipe)
    descriptor = os.open(pipe, flags | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def emptied(pipe, running, stop):
    """What is written into a pipe until the one who writes ends; after a part, that one is told to stop."""
    came = b""
    while True:
        has_ended = running.poll() is not None
        try:
            part = os.read(pipe, min(BLOCK, BEFORE_ABORT - len(came)) if stop else BLOCK)
        except BlockingIOError:
            part = b""
        came += part
        if stop and len(came) == BEFORE_ABORT:
            stop()
            stop = None
        elif not part:
            if has_ended:
                return came
            time.sleep(0.01)


def fill(pipe, running, stop):
    """Fills a pipe until the one who reads ends; after a part, that one is told to stop, and more comes slowly."""
    sent = 0
    while running.poll() is None:
        if sent >= BEFORE_ABORT and stop:
            stop()
            stop = None
        try:
            sent += os.write(pipe, LONG[sent : sent + BLOCK])
        except BlockingIOError:
            time.sleep(0.01)
        if not stop:
            time.sleep(0.05)
