"""Logs of eight clients and two servers, recorded in some of the situations, and `causes.tsv`, which tells where each comes from."""

import re

import visitors
from process import Failed, last_lines

PROGRAMS = ("curl", "lftp", "tnftp", "inetutils-ftp", "ncftp", "wget", "ftplib", "ftp-client")
# With TLS there are fewer.
WITH_TLS = ("curl", "lftp", "ftplib", "ftp-client")
# In which situations, with which server.
RECORDED = (
    ("T00", "vsftpd"),
    ("T00", "proftpd"),
    ("T01", "vsftpd"),
    ("T01", "pure-ftpd"),
    ("T06 drop", "vsftpd"),
    ("T06 reject", "proftpd"),
    ("T09", "proftpd"),
    ("T10", "pure-ftpd"),
    ("T11", "vsftpd"),
    ("T12 reject", "vsftpd"),
    ("T13", "ftp-server"),
    ("T14", "vsftpd"),
    ("T25", "vsftpd"),
    ("T28", "vsftpd"),
    ("T29", "vsftpd"),
)
# Where the server's log tells something, too. Whether nobody came since a packet was dropped or refused, it can't know.
SERVERS_SIDE = (
    ("T00", "vsftpd"),
    ("T00", "proftpd"),
    ("T01", "vsftpd"),
    ("T06 drop", "vsftpd"),
    ("T06 reject", "proftpd"),
    ("T09", "proftpd"),
    ("T11", "vsftpd"),
    ("T28", "vsftpd"),
)
COLUMNS = ("file", "program", "situation", "server", "asked", "cause")
# What tells of the machine, and not of the program or the network.
LOCAL = (
    (re.compile(r'"/\S*/(lib/python[^"]*)"'), r'"/usr/\1"'),
    (re.compile(r"Uname: .*"), "Uname: Linux"),
)


def is_recorded(case):
    return (case.situation.name, case.server) in RECORDED


def record(case, net, server, to):
    """Runs every program alone, one behind the other, and returns a row for each log that shows what the situation is about."""
    mode = "PORT" if case.situation.about != "PASV" else "PASV"
    rows = []
    for name in WITH_TLS if case.situation.tls else PROGRAMS:
        before = server.protocol.stat().st_size if server.protocol.exists() else 0
        outcome = visitors.visit(net, case.folder / f"recorded-{name}", program(name, case).listing(case.target, by_itself(name, mode)))
        if name == "inetutils-ftp" and (case.situation.name, server.name) in SERVERS_SIDE:
            # The server's side of the same, by a client that believes any 227 and says goodbye.
            rows.append(row(case, server.name, written(case, server.name, server.protocol.read_bytes()[before:].decode(), to), mode))
        # Who came through in spite of the cause has nothing to tell.
        cause = "" if outcome.works else cause_of(case, name)
        if case.cause and outcome.works:
            continue
        if not cause and not outcome.works:
            raise Failed(f"{name} fails, and there is no cause: {outcome.short}", last_lines(outcome.output))
        asked = ", ".join(step for step, _ in outcome.steps)
        rows.append((written(case, name, outcome.output, to), name, case.situation.name, case.server, asked, cause))
    return rows


def row(case, program, file, mode):
    return (file, program, case.situation.name, case.server, mode, case.cause)


def cause_of(case, program):
    """ftplib doesn't resume TLS sessions, which is nobody's fault but its own."""
    return "tls-session-not-resumed" if case.situation.name == "T29" else case.cause


def by_itself(name, mode):
    """Who has a mode of choice gets it."""
    if mode == "PASV":
        return {"curl": "EPSV", "tnftp": "EPSV", "ftp-client": "auto"}.get(name, mode)
    return mode


def program(name, case):
    python = case.place.venv / "bin" / "python"
    return {
        "curl": visitors.Curl,
        "lftp": visitors.Lftp,
        "tnftp": visitors.Tnftp,
        "inetutils-ftp": visitors.InetutilsFtp,
        "ncftp": visitors.Ncftp,
        "wget": visitors.Wget,
        "ftplib": lambda: visitors.FtplibClient(python),
        "ftp-client": lambda: visitors.Ours(case.tools, "ftp-client-std"),
    }[name]()


def written(case, name, text, to):
    for pattern, instead in LOCAL:
        text = pattern.sub(instead, text)
    file = f"{name}-{case.situation.name.replace(' ', '-')}-{case.server}.log"
    (to / file).write_text(text)
    return file


def write_causes(rows, to):
    lines = ["\t".join(columns) for columns in [COLUMNS, *sorted(rows)]]
    (to / "causes.tsv").write_text("\n".join(lines) + "\n")
