"""What each cell of the table does: move files between a client and a server, and compare every byte."""

import hashlib
import os
import random
import re
import shutil
import signal
import threading
import time

from process import COMMAND_TIMEOUT, Failed
from servers import CROWD, MIB

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
# A name of the times before UTF-8, with the byte E9 in it; not all peers can say it.
LATIN = os.fsdecode(b"caf\xe9.txt")
# What is moved on a route where not everything is done.
FEW = ["empty.txt", RANDOM]
# What a resumed transfer finds is a half that differs from the file's own: it stays
# only if no more than the rest is moved.
HALF = b"?" * (RANDOM_SIZE // 2 - 1)
RESUMED = HALF + FILES[RANDOM][len(HALF) :]

# How the clients show these commands in their dialogues; a server's FEAT names them too, but not in this way.
SENT = re.compile(r"(?:> |Cmd: )(EPSV|PASV|EPRT|PORT)\b")
# The same for TLS: each mode, and what our clients say in it.
SECURED = re.compile(r"^> (AUTH TLS|PROT P)\r?$", re.MULTILINE)
SECURING = {"none": set(), "explicit": {"AUTH TLS", "PROT P"}, "implicit": {"PROT P"}}
# How much of a file is moved, at least, before it is aborted; and a file that is longer than what sockets hold.
BEFORE_ABORT = MIB
LONG = random.Random(114).randbytes(8 * MIB)


class Cell:
    """One client, one server, one mode; the server's `/get/` has all files, and its `/put/` none."""

    def __init__(self, client, server, mode, local, whole):
        self.client = client
        self.server = server
        self.mode = mode
        self.local = local
        names = FILES if whole else FEW
        self.files = {name: FILES[name] for name in names}
        if whole and LATIN in client.names:
            self.files[LATIN] = b"Latin-1\n"
        # What ran last, and what it printed.
        self.command = None
        self.output = ""
        for folder in (local, server.root / "get", server.root / "put"):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for name, content in self.files.items():
            (server.root / "get" / name).write_bytes(content)
        server.give_to_user(server.root / "put")

    def run(self, command, timeout=COMMAND_TIMEOUT):
        """Runs the client to its end, and looks at what it said."""
        self.command = command
        self.output = command.run(self.local, timeout)
        self.check_dialogue({self.mode})

    def check_dialogue(self, modes):
        """Which data connections it asked for, and whether it secured them, if it was told to."""
        sent = set(SENT.findall(self.output))
        if sent != modes:
            raise Failed(f"the dialogue should have {sorted(modes)} alone, and has {sorted(sent)}", self.output)
        secured = set(SECURED.findall(self.output))
        if self.client.ours and secured != SECURING[self.server.tls]:
            raise Failed(f"the dialogue has {sorted(secured)} under TLS {self.server.tls}", self.output)

    def list(self):
        self.run(self.client.list(self.server, self.mode, "/get/"))
        names = self.client.names_in(self.output)
        missing = [name for name in self.files if name not in names]
        if missing:
            raise Failed(f"not listed: {missing}", self.output)

    def crowd(self):
        self.run(self.client.list(self.server, self.mode, "/crowd/"))
        listed = re.findall(r"file \d{4}\.txt", self.client.names_in(self.output))
        if sorted(listed) != CROWD:
            raise Failed(f"{len(listed)} names listed, {len(set(listed))} of them different", self.output)

    def get(self):
        for name, content in self.files.items():
            local = self.local / "fetched"
            local.unlink(missing_ok=True)
            self.run(self.client.get(self.server, self.mode, f"/get/{name}", local))
            self.compare(local, content)

    def put(self):
        local = self.local / "source"
        for name, content in self.files.items():
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

    def large(self):
        """The large file, there and back; its hash is compared."""
        source = self.server.root / "large" / "large.bin"
        timeout = COMMAND_TIMEOUT + source.stat().st_size / (8 * MIB)
        there, local = self.server.root / "put" / "large.bin", self.local / "large.bin"
        try:
            self.run(self.client.put(self.server, self.mode, source, "/put/large.bin"), timeout)
            self.run(self.client.get(self.server, self.mode, "/put/large.bin", local), timeout)
            for file in (there, local):
                if digest(file) != digest(source):
                    raise Failed(f"{file} has {file.stat().st_size} bytes, and not the source's hash", self.output)
        finally:
            for file in (there, local):
                file.unlink(missing_ok=True)

    def rename(self):
        folder = self.server.root / "put"
        (folder / "sub").mkdir()
        self.server.give_to_user(folder / "sub")
        old = "old"
        (folder / old).write_bytes(b"moved\n")
        for new in [*self.files, "sub/moved.txt"]:
            self.tell(self.client.rename(self.server, f"/put/{old}", f"/put/{new}"))
            self.compare(folder / new, b"moved\n")
            if (folder / old).exists():
                raise Failed(f"{old} is still there", self.output)
            old = new

    def make_directory(self):
        for name in FILES:
            self.make_one_directory(name)

    def make_latin_directory(self):
        self.make_one_directory(LATIN)

    def make_one_directory(self, name):
        self.tell(self.client.make_directory(self.server, f"/put/{name}"))
        if not (self.server.root / "put" / name).is_dir():
            raise Failed(f"there is no folder {name}", self.output)

    def tell(self, command):
        """Runs the client to its end, where it needs no data connection."""
        self.command = command
        self.output = command.run(self.local)
        self.check_dialogue(set())

    def abort_get(self):
        """It writes into a pipe that isn't emptied, so that it can't be done when it is told to stop."""
        (self.server.root / "get" / "long.bin").write_bytes(LONG)
        self.command = self.client.get(self.server, self.mode, "/get/long.bin", "-")
        with self.command.started(self.local) as running:
            came = running.stdout.read(BEFORE_ABORT)
            running.send_signal(signal.SIGINT)
            came += running.stdout.read()
        self.check_aborted(running)
        self.check_beginning(came)
        # What came is as good as any other beginning.
        local = self.local / "long.bin"
        local.write_bytes(came)
        self.run(self.client.resume_get(self.server, self.mode, "/get/long.bin", local))
        self.compare(local, LONG)

    def abort_put(self):
        """It reads from a pipe that isn't filled to the end before it has stopped."""
        pipe, there = self.local / "long.bin", self.server.root / "put" / "long.bin"
        os.mkfifo(pipe)
        self.command = self.client.put(self.server, self.mode, pipe, "/put/long.bin")
        with self.command.started(self.local) as running:
            filler = threading.Thread(target=fill, args=(pipe, LONG, running))
            filler.start()
            running.wait(COMMAND_TIMEOUT)
            filler.join(COMMAND_TIMEOUT)
        self.check_aborted(running)
        self.check_beginning(there.read_bytes() if there.exists() else b"")
        pipe.unlink()
        pipe.write_bytes(LONG)
        self.run(self.client.resume_put(self.server, self.mode, pipe, "/put/long.bin"))
        self.compare(there, LONG)

    def check_beginning(self, came):
        """What an aborted transfer leaves: a part, and unchanged. A server may lose what it hadn't read yet, or all."""
        if len(came) == len(LONG) or not LONG.startswith(came):
            raise Failed(f"{len(came)} bytes came, and they aren't the file's first", self.output)

    def check_aborted(self, running):
        """It stopped as one who leaves in order."""
        self.output = running.dialogue()
        self.check_dialogue({self.mode})
        for said in (r"^> .*ABOR", r"^> QUIT", r"^< 221", r"^\w+: .*aborted"):
            if not re.search(said, self.output, re.MULTILINE):
                raise Failed(f"the dialogue should have {said}", self.output)
        if running.returncode != 130:
            raise Failed(f"exit {running.returncode}, expected 130", self.output)

    def compare(self, file, expected):
        found = file.read_bytes() if file.exists() else None
        if found == expected:
            return
        if found is None:
            raise Failed(f"there is no {file}", self.output)
        pairs = enumerate(zip(found, expected))
        first = next((at for at, (a, b) in pairs if a != b), min(len(found), len(expected)))
        raise Failed(f"{len(found)} bytes, expected {len(expected)}; they differ from byte {first} on", self.output)


def digest(file):
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fill(pipe, content, running):
    """Fills a pipe slowly; after a part, the one who reads from it is told to stop."""
    try:
        with open(pipe, "wb", buffering=0) as opened:
            opened.write(content[:BEFORE_ABORT])
            running.send_signal(signal.SIGINT)
            for at in range(BEFORE_ABORT, len(content), BEFORE_ABORT):
                if running.poll() is not None:
                    break
                time.sleep(0.1)
                opened.write(content[at : at + BEFORE_ABORT])
    except BrokenPipeError:
        pass


LARGE = "large file"
OPERATIONS = {
    "list": Cell.list,
    "get": Cell.get,
    "put": Cell.put,
    "resume get": Cell.resume_get,
    "resume put": Cell.resume_put,
    "abort get": Cell.abort_get,
    "abort put": Cell.abort_put,
    "rename": Cell.rename,
    "mkdir": Cell.make_directory,
    "mkdir Latin-1": Cell.make_latin_directory,
    "5000 files": Cell.crowd,
    LARGE: Cell.large,
}
# What is done on each route; the rest is done on one.
EVERYWHERE = ("list", "get", "put")
