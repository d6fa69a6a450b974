"""Our servers beside the others: rates, logins and memory, measured in turn, and what is to be reached."""

import contextlib
import filecmp
import ftplib
import hashlib
import statistics
import time

import peers
from process import Failed
from report import Table, verdict

GIB = 1024**3
# What a server still does after its last reply belongs to what it was asked.
AFTERMATH = 0.05
# How long memory gets to settle.
SETTLE = 1.5


class Figures:
    """All that was measured: lists by server and kind."""

    def __init__(self):
        self.lists = {}
        self.notes = []

    def add(self, server, **values):
        for kind, value in values.items():
            self.lists.setdefault((server, kind), []).append(value)

    def all(self, server, kind):
        return self.lists.get((server, kind), [])

    def median(self, server, kind):
        values = self.all(server, kind)
        return statistics.median(values) if values else None

    @contextlib.contextmanager
    def attempt(self, what):
        """What fails is told, and the rest measured all the same."""
        try:
            yield
        except (Failed, OSError, ftplib.Error) as failure:
            self.notes.append(f"{what}: {failure} {getattr(failure, 'output', '')}".strip())


def run(place, names, options):
    figures = Figures()
    with contextlib.ExitStack() as stack:
        running = []
        for name in names:
            with figures.attempt(f"{name} start"):
                running.append(stack.enter_context(peers.running(name, place)))
        for number in range(options.rounds):
            for verb in ("get", "put"):
                for peer in rotated(running, number):
                    with figures.attempt(f"{peer.name} {verb}"):
                        transfer(peer, verb, options, figures, is_last=number + 1 == options.rounds)
        for number in range(options.login_rounds):
            for login in peers.LOGINS:
                for peer in rotated(running, number):
                    with figures.attempt(f"{peer.name} logins"):
                        logins(peer, login, options, figures)
    for name in names:
        with figures.attempt(f"{name} memory"):
            memory(name, place, options, figures)
    return report(names, options, figures)


def rotated(running, number):
    """Each server comes first, second, … equally often."""
    if not running:
        return []
    first = number % len(running)
    return running[first:] + running[:first]


def transfer(peer, verb, options, figures, is_last):
    place = peer.place
    source = place.root / peers.LARGE
    uploaded = place.root / peers.UPLOADS / f"{peer.name}.bin"
    size = source.stat().st_size
    line = f"get {peers.LARGE} {size}" if verb == "get" else f"put {peers.UPLOADS}/{uploaded.name} {source}"
    with peer.load("password", "rate", *(["--copy"] if options.copy else [])) as exchange:
        exchange()
        before = peer.group.processor_seconds()
        result = exchange(line)
        time.sleep(AFTERMATH)
        used = peer.group.processor_seconds() - before
    gib = size / GIB
    figures.add(
        peer.name,
        **{
            f"{verb} rate": size / peers.MIB / result["seconds"],
            f"{verb} cpu": used / gib,
            f"{verb} client cpu": result["cpu"] / gib,
        },
    )
    if is_last and verb == "get":
        check_download(peer, source)
    if verb == "put":
        if is_last and not filecmp.cmp(source, uploaded, shallow=False):
            raise Failed("the uploaded file differs")
        uploaded.unlink()


def check_download(peer, source):
    """Every byte, in a transfer that isn't timed."""
    received = hashlib.sha256()
    user, password = peer.account("password")
    with ftplib.FTP() as client:
        client.connect(peers.HOST, peer.port, 30)
        client.login(user, password)
        client.retrbinary(f"RETR {peers.LARGE}", received.update, peers.MIB)
    with open(source, "rb") as file:
        if hashlib.file_digest(file, "sha256").digest() != received.digest():
            raise Failed("the downloaded file differs")


def logins(peer, login, options, figures):
    before = peer.group.processor_seconds()
    with peer.load(login, "logins", "--seconds", options.login_seconds) as exchange:
        result = exchange()
    time.sleep(AFTERMATH)
    used = peer.group.processor_seconds() - before
    count = result["logins"]
    figures.add(
        peer.name,
        **{
            f"{login} logins": count / result["seconds"],
            f"{login} cpu": used / count * 1e6,
            f"{login} client cpu": result["cpu"] / count * 1e6,
        },
    )


def memory(name, place, options, figures):
    """What one session more costs, so that what a server needs for itself doesn't count."""
    few, many = slope_ends(options)
    with peers.running(name, place) as peer, peer.load("password", "idle") as exchange:
        levels = []
        for count in (few, many):
            exchange(f"to {count}")
            time.sleep(SETTLE)
            levels.append(peer.group.memory())
        if exchange("check")["sessions"] != many:
            raise Failed("not all sessions live")
    (pss_few, rss_few), (pss_many, rss_many) = levels
    figures.add(name, pss=(pss_many - pss_few) / (many - few), rss=(rss_many - rss_few) / (many - few))


def slope_ends(options):
    many = min(1000, options.sessions)
    return max(1, many // 10), many


def report(names, options, figures):
    table = Table(
        "server", "down MiB/s", "CPU s/GiB", "up MiB/s", "CPU s/GiB",
        "logins/s", "CPU µs/login", "anonymous/s", "CPU µs/login", "PSS KiB/session",
    )  # fmt: skip
    columns = (
        ("get rate", 0), ("get cpu", 3), ("put rate", 0), ("put cpu", 3),
        ("password logins", 0), ("password cpu", 0), ("anonymous logins", 0), ("anonymous cpu", 0), ("pss", 1),
    )  # fmt: skip
    for name in names:
        table.add(name, *(number(figures.median(name, kind), digits) for kind, digits in columns))
    spread = Table("server", "down", "up", "generator's CPU s/GiB down", "up", "its µs/login", "RSS KiB/session")
    for name in names:
        spread.add(
            name,
            *(lowest_and_highest(figures.all(name, f"{verb} rate")) for verb in ("get", "put")),
            *(number(figures.median(name, f"{verb} client cpu"), 3) for verb in ("get", "put")),
            number(figures.median(name, "password client cpu"), 0),
            number(figures.median(name, "rss"), 1),
        )
    few, many = slope_ends(options)
    lines = [
        f"## Compared: {options.size // peers.MIB} MiB, medians of {options.rounds} rounds; "
        f"{options.login_rounds} × {options.login_seconds:g} s of logins; PSS from {few} to {many} sessions",
        "",
        *table.lines(),
        "",
        "Lowest and highest rate; what the load itself took:",
        "",
        *spread.lines(),
        "",
        *(f"- failed: {note}" for note in figures.notes),
        *(line for name in names if name in peers.OURS for line in goals(name, names, figures)),
    ]
    return lines, not figures.notes


def number(value, digits):
    return "–" if value is None else f"{value:,.{digits}f}"


def lowest_and_highest(values):
    return f"{min(values):,.0f} … {max(values):,.0f}" if values else "–"


def goals(name, names, figures):
    """What is to be reached, each against the best of the others in its column."""
    others = [other for other in names if other in peers.OTHERS]
    single = [other for other in others if other in peers.SINGLE_PROCESS]

    def against(what, kind, best_of, rivals, factor, unit, digits):
        best = [(value, rival) for rival in rivals if (value := figures.median(rival, kind)) is not None]
        value = figures.median(name, kind)
        if value is None or not best:
            return f"- not measured: {name}, {what}"
        mark, rival = best_of(best)
        limit = mark * factor
        reached = value >= limit if best_of is max else value <= limit
        sign = "≥" if best_of is max else "≤"
        told = f"{number(value, digits)} {sign} {number(limit, digits)} {unit}"
        return verdict(reached, f"{name}, {what}: {told} ({factor:.3g} × {rival}'s {number(mark, digits)})")

    yield ""
    for verb, direction in (("get", "download"), ("put", "upload")):
        yield against(f"{direction} rate", f"{verb} rate", max, others, 0.95, "MiB/s", 0)
        yield against(f"{direction} CPU", f"{verb} cpu", min, others, 1, "s/GiB", 3)
    for login in peers.LOGINS:
        yield against(f"CPU per login ({login})", f"{login} cpu", min, single, 2 / 3, "µs", 0)
    yield against("memory per idle session", "pss", min, others, 0.5, "KiB", 1)
