"""One of our servers under many idle sessions, and under clients that break off in every way; then nothing may be left."""

import collections
import ftplib
import os
import pathlib
import time

import peers
from report import Table, verdict

# Timeouts of the server's, in seconds, so that what half-open connections hold ends within the test.
IDLE, DATA = 5, 5
# What the allocator may hold back beyond the level before.
SLACK_FACTOR, SLACK_KIB = 1.1, 1024
LISTENING = "0A"
WARM_UP = 5
# Memory that has grown in each of so many loads is a leak.
LOADS = 3


def run(name, place, options):
    lines = [f"## Soak: {name}", ""]
    reached = True
    for part in (idle_sessions, clients):
        told, well = part(name, place, options)
        lines += [*told, ""]
        reached = reached and well
    return lines, reached


def first_level(peer):
    """Without the session that looked whether it is up."""
    time.sleep(3)
    return level(peer)


def level(peer):
    pss, rss = peer.group.memory()
    return Level(peer.group.files(), peer.group.threads(), pss, rss)


Level = collections.namedtuple("Level", "files threads pss rss")


def most(before):
    """The memory that is still no leak, in KiB."""
    return before.pss * SLACK_FACTOR + SLACK_KIB


def settled(peer, before, patience):
    """The level once no more is open than was before, or the patience is at its end."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if peer.group.files() <= before.files and peer.group.threads() <= before.threads:
            break
        time.sleep(0.2)
    time.sleep(1)
    return level(peer)


def grows(levels):
    """Whether it still may be a leak. An allocator's arenas grow to what the busiest moment takes, and that may come late; a leak
    grows each time."""
    return len(levels) == 1 or len(levels) <= LOADS and levels[-1].pss > most(levels[-2])


def idle_sessions(name, place, options):
    count = options.sessions
    with peers.running(name, place) as peer:
        before = first_level(peer)
        with peer.load("password", "idle") as exchange:
            opened = exchange(f"to {count}")
            time.sleep(2)
            during = [level(peer)]
            alive = exchange("check")["sessions"]
            used = level(peer)
        after = [settled(peer, before, 30)]
        # What is kept for the next ones is used by them, or it is lost.
        while grows(during) or grows(after):
            with peer.load("password", "idle") as exchange:
                exchange(f"to {count}")
                time.sleep(2)
                during.append(level(peer))
            after.append(settled(peer, before, 30))
    table = Table("", "files", "threads", "PSS KiB", "RSS KiB")
    states = [("before", before), ("logged in", during[0]), ("after a NOOP each", used), ("all gone", after[0])]
    for again in zip(during[1:], after[1:]):
        states += zip(("as many again", "gone again"), again)
    for what, state in states:
        table.add(what, *(f"{value:,}" for value in state))
    first, last = during[0], after[-1]
    pss, rss = ((amount / count) for amount in (first.pss - before.pss, first.rss - before.rss))
    checks = [
        (alive == count, f"{alive:,} of {count:,} idle sessions answer a NOOP"),
        (last.files <= before.files, f"{last.files} files open afterwards, {before.files} before"),
        (last.threads <= before.threads, f"{last.threads} threads afterwards, {before.threads} before"),
        (during[-1].pss <= most(during[-2]),
         f"{during[-1].pss:,} KiB PSS with the last as many, {during[-2].pss:,} with those before"),
        (last.pss <= most(after[-2]), f"{last.pss:,} KiB PSS after the last, {after[-2].pss:,} after those before"),
    ]
    lines = [
        f"{count:,} idle sessions, logged in within {opened['seconds']:.1f} s: "
        f"{pss:.2f} KiB PSS and {rss:.2f} KiB RSS a session",
        "",
        *table.lines(),
        "",
        *(verdict(*check) for check in checks),
    ]
    return lines, all(well for well, _ in checks)


def clients(name, place, options):
    extra = ["--idle-timeout", IDLE, "--data-timeout", DATA]
    folder = place.root / peers.UPLOADS
    with peers.running(name, place, *extra) as peer:

        def load(seconds):
            arguments = ["--clients", options.clients, "--seconds", seconds, "--files", place.root / "soak", "--vanish"]
            before = peer.group.processor_seconds()
            with peer.load("password", "clients", *arguments) as exchange:
                result = exchange()
            return result, peer.group.processor_seconds() - before

        start = first_level(peer)
        # What is allocated once, and kept, isn't a leak.
        load(min(WARM_UP, options.seconds))
        levels = [settled(peer, start, IDLE + DATA + 20)]
        while grows(levels):
            result, used = load(options.seconds)
            levels.append(settled(peer, start, IDLE + DATA + 20))
        before, after = levels[-2:]
        sockets = open_sockets(peer)
        left = sorted(os.listdir(folder))
        for file in left:
            (folder / file).unlink()
        serves = logs_in(peer)
    checks = [
        (result["failed"] == 0, f"{result['failed']} visits went otherwise than they should"),
        (result["files"] > 0, f"{result['files']:,} files, {result['bytes'] / peers.MIB:,.0f} MiB, each byte compared; "
         f"{result['listings']:,} listings"),
        (after.files <= start.files, f"{after.files} files open afterwards, {start.files} at the start"),
        (after.threads <= start.threads, f"{after.threads} threads afterwards, {start.threads} at the start"),
        (after.pss <= most(before),
         f"{after.pss:,} KiB PSS afterwards, {before.pss:,} before, {start.pss:,} at the start"),
        (sockets == [], f"no socket but its own port's: {describe(sockets)}"),
        (left == [], f"{len(left)} uploads that were broken off appeared"),
        (serves, "it still serves"),
    ]  # fmt: skip
    visits = Table("visit", "count")
    for visit, count in sorted(result["visits"].items(), key=lambda item: -item[1]):
        visits.add(visit, f"{count:,}")
    lines = [
        f"{options.clients} clients for {result['seconds']:.0f} s, {used:.1f} s of the server's CPU",
        "",
        *visits.lines(),
        "",
        *(verdict(*check) for check in checks),
        *(f"  - {error}" for error in result["errors"]),
    ]
    return lines, all(well for well, _ in checks)


def open_sockets(peer):
    """What is open in this network but the one listening socket: (state, local port) of each that a process holds."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, _, _, _, _, _, inode, *_ = line.split()
            port = int(local.rpartition(":")[2], 16)
            if inode != "0" and (state, port) != (LISTENING, peer.port):
                found.append((state, port))
    return found


def describe(sockets):
    listening = sum(state == LISTENING for state, _ in sockets)
    return f"{len(sockets)} others, {listening} of them listening"


def logs_in(peer):
    with ftplib.FTP() as client:
        client.connect(peers.HOST, peer.port, 10)
        client.login(*peer.account("password"))
        return "soak" in client.nlst()
