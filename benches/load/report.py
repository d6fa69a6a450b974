"""Tables in Markdown, and verdicts."""


class Table:
    def __init__(self, *head):
        self.rows = [[*head]]

    def add(self, *cells):
        self.rows.append([str(cell) for cell in cells])

    def lines(self):
        widths = [max(len(row[column]) for row in self.rows) for column in range(len(self.rows[0]))]
        yield self.line(self.rows[0], widths)
        # Figures stand right.
        yield "|" + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)) + "|"
        for row in self.rows[1:]:
            yield self.line(row, widths)

    @staticmethod
    def line(row, widths):
        cells = (cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(zip(row, widths)))
        return "| " + " | ".join(cells) + " |"


def verdict(reached, text):
    return f"- {'reached' if reached else 'MISSED'}: {text}"
