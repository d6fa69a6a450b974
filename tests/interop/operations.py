"""What each cell of the table does: move files between a client and a server, and compare every byte."""

import random
import re
import shutil

from process import Failed

RANDOM = "random.bin"
RANDOM_SIZE = 3 * 1024 * 1024
# The same in each run, so that a failure can be seen again. It holds every byte, so each wrong
# conversion of line ends or of 0xFF shows.
FILES = {
    "empty.txt": b"",
    "small.txt": b"two lines,\r\nof both kinds\n",
    RANDOM: random.Random(959).randbytes(RANDOM_SIZE),
    "a name with blanks.txt": b"blanks\n",
    'a "quoted" name.txt': b"quotes\n",
    "Gr\u00fc\u00dfe \u65e5\u672c.txt": b"UTF-8\n",
}
# What a resumed transfer finds is a half that differs from the file's own: it stays
# only if no more than the rest is moved.
HALF = b"?" * (RANDOM_SIZE // 2 - 1)
RESUMED = HALF + FILES[RANDOM][len(HALF) :]

# How the clients show these commands in their dialogues; a server's FEAT names them too, but not in this way.
SENT = re.compile(r"(?:> |Cmd: )(EPSV|PASV|EPRT|PORT)\b")


class Cell:
    """One client, one server, one mode; the server's `/get/` has all files, and its `/put/` none."""

    def __init__(self, client, server, mode, local):
        self.client = client
        self.server = server
        self.mode = mode
        self.local = local
        # What ran last, and what it printed.
        self.command = None
        self.output = ""
        for folder in (local, server.root / "get", server.root / "put"):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for name, content in FILES.items():
            (server.root / "get" / name).write_bytes(content)
        server.give_to_user(server.root / "put")

    def run(self, command):
        """Runs the client, and looks at which data connections it asked for."""
        self.command = command
        self.output = command.run(self.local)
        sent = set(SENT.findall(self.output))
        if sent != {self.mode}:
            raise Failed(f"the dialogue should have {self.mode} alone, and has {sorted(sent)}", self.output)

    def list(self):
        self.run(self.client.list(self.server, self.mode, "/get/"))
        names = self.client.names_in(self.output)
        missing = [name for name in FILES if name not in names]
        if missing:
            raise Failed(f"not listed: {missing}", self.output)

    def get(self):
        for name, content in FILES.items():
            local = self.local / "fetched"
            local.unlink(missing_ok=True)
            self.run(self.client.get(self.server, self.mode, f"/get/{name}", local))
            self.compare(local, content)

    def put(self):
        local = self.local / "source"
        for name, content in FILES.items():
            local.write_bytes(content)
            self.run(self.client.put(self.server, self.mode, local, f"/put/{name}"))
            self.compare(self.server.root / "put" / name, content)

    def resume_get(self):
        local = self.local / RANDOM
        local.write_bytes(HALF)
        self.run(self.client.resume_get(self.server, self.mode, f"/get/{RANDOM}", local))
        self.compare(local, RESUMED)

    def resume_put(self):
        local = self.local / RANDOM
        local.write_bytes(FILES[RANDOM])
        there = self.server.root / "put" / RANDOM
        there.write_bytes(HALF)
        self.server.give_to_user(there)
        self.run(self.client.resume_put(self.server, self.mode, local, f"/put/{RANDOM}"))
        self.compare(there, RESUMED)

    def compare(self, file, expected):
        found = file.read_bytes() if file.exists() else None
        if found == expected:
            return
        if found is None:
            raise Failed(f"there is no {file}", self.output)
        pairs = enumerate(zip(found, expected))
        first = next((at for at, (a, b) in pairs if a != b), min(len(found), len(expected)))
        raise Failed(f"{len(found)} bytes, expected {len(expected)}; they differ from byte {first} on", self.output)


OPERATIONS = {
    "list": Cell.list,
    "get": Cell.get,
    "put": Cell.put,
    "resume get": Cell.resume_get,
    "resume put": Cell.resume_put,
}
