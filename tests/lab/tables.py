"""What was seen, as a table for people: all of it, and the condensed one for a README."""

from situations import ROUTES

BEGIN, END = "<!-- made by tests/lab/run --markdown -->", "<!-- end -->"
CLIENTS = ("curl", "lftp", "auto")


def print_table(cases):
    rows = [("situation", "server", *CLIENTS, *ROUTES, "first finding", "cure", "then", "s")]
    for case in cases:
        rows.append(
            (
                case.situation.name,
                case.server,
                *(shown(case, name) for name in CLIENTS),
                *(case.outcomes[name].end if name in case.outcomes else "-" for name in ROUTES),
                found(case),
                "; ".join(case.done) or "-",
                case.cured or "-",
                f"{case.seconds:.0f}",
            )
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def shown(case, client):
    """`EPSV timeout 3.1 s, PASV timeout 3.0 s`: each data connection that a client asked for, its end and the time that it took."""
    outcome = case.outcomes.get(client)
    return outcome.timed if outcome else "-"


def found(case):
    if not case.report:
        return "-"
    return " or ".join(case.report.first) or "none"


def write_markdown(cases, file):
    """One row a situation; where servers differ, each thing is said once, in their order."""
    lines = ["| situation | servers | curl | lftp | ftp-client | ftp-doctor's first finding | the cure that was applied, and works |"]
    lines.append("|---" * 7 + "|")
    for name in dict.fromkeys(case.situation.name for case in cases):
        these = [case for case in cases if case.situation.name == name]
        cells = [f"{name}: {these[0].situation.title}", ", ".join(case.server for case in these)]
        cells += [several(case.outcomes[client].short if client in case.outcomes else "-" for case in these) for client in CLIENTS]
        cells.append(several(found(case).replace(" or ", ", ") for case in these))
        cells.append(several("; ".join(f"`{line}`" if is_line(line) else line for line in case.done) or "–" for case in these))
        lines.append("| " + " | ".join(cells) + " |")
    text = file.read_text()
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    file.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}")


def is_line(text):
    """It goes into a file or a shell, and is no sentence."""
    return not text.endswith(".")


def several(cells):
    return "<br>".join(dict.fromkeys(cells))
