"""What each cell of the table does: move files between a client and a server, and compare every byte."""

import hashlib
import os
import random
import re
import shutil

import aborts
from process import COMMAND_TIMEOUT, Failed
from servers import CROWD, MIB, crowded

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
# What a shell, a URL, a pattern, a listing's columns, a reply's quotes or Telnet could take for something else. The last two
# aren't UTF-8, and the very last has Telnet's IAC in it.
ODD = [
    " blank first.txt",
    "blank last ",
    "-dash.txt",
    "~tilde.txt",
    "#hash.txt",
    "100%41.txt",
    "a;b=c&d.txt",
    "star*?.txt",
    "[ab]{c,d}.txt",
    "back\\slash.txt",
    "$HOME.txt",
    "it's \"quoted\".txt",
    "total 12",
    "e\u0301 combined.txt",
    LATIN,
    os.fsdecode(b"iac\xff.txt"),
]
# Lines as the other system has them, also empty ones, and with what isn't 7 bits.
TEXT = b"".join(b"line %d \xe9%s\n" % (at, b"x" * (at % 83)) for at in range(5000)) + b"\n\nlast\n"
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
CROWD_TIMEOUT = 400
SECURING = {"none": set(), "explicit": {"AUTH TLS", "PROT P"}, "implicit": {"PROT P"}}


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

    def text(self):
        """In TYPE A, both ways: each end has its own line ends."""
        self.there_and_back("text", TEXT, self.client.text_arrives(TEXT), None)

    def block(self):
        self.there_and_back("block", FILES[RANDOM], FILES[RANDOM], "MODE B")

    def deflated(self):
        for content in (FILES["empty.txt"], FILES["small.txt"], TEXT, FILES[RANDOM]):
            puts = len(content) < 100 or self.server.inflates
            self.there_and_back("deflated", content, content, "MODE Z", puts)

    def there_and_back(self, how, content, arrived, said, puts=True):
        """By the client's `get_` and `put_` methods, if it has the second."""
        name, local = "some.dat", self.local / "some.dat"
        (self.server.root / "get" / name).write_bytes(content)
        local.unlink(missing_ok=True)
        self.run(getattr(self.client, f"get_{how}")(self.server, self.mode, f"/get/{name}", local))
        self.compare(local, arrived)
        self.check_said(said)
        put = getattr(self.client, f"put_{how}", None)
        if put and puts:
            local.write_bytes(content)
            (self.server.root / "put" / name).unlink(missing_ok=True)
            self.run(put(self.server, self.mode, local, f"/put/{name}"))
            self.compare(self.server.root / "put" / name, content)
            self.check_said(said)

    def check_said(self, said):
        """`None`: TYPE A has to be in force, as it is at first."""
        types = re.findall(r"TYPE [AI]", self.output)
        if said is None and types and types[-1] != "TYPE A":
            raise Failed("the dialogue has TYPE I", self.output)
        if said and said not in self.output:
            raise Failed(f"the dialogue should have {said}", self.output)

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

    def append(self):
        """To a file, and to none."""
        local, there = self.local / "source", self.server.root / "put" / "appended.txt"
        there.write_bytes(FILES["small.txt"])
        self.server.give_to_user(there)
        local.write_bytes(FILES[RANDOM])
        self.run(self.client.append(self.server, self.mode, local, "/put/appended.txt"))
        self.compare(there, FILES["small.txt"] + FILES[RANDOM])
        self.run(self.client.append(self.server, self.mode, local, "/put/new.txt"))
        self.compare(there.with_name("new.txt"), FILES[RANDOM])

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

    def odd_names(self):
        """There and back, or only back."""
        puts = "put" not in self.client.cannot
        names = [name for name in ODD if name not in (*self.client.unsayable, *self.server.unsayable)]
        there = self.server.root / ("put" if puts else "get")
        local = self.local / "odd"
        before = set(os.listdir(there))
        for number, name in enumerate(names):
            content = b"odd %d\n" % number
            if puts:
                local.write_bytes(content)
                self.run(self.client.put(self.server, self.mode, local, f"/put/{name}"))
                self.compare(there / name, content)
                local.unlink()
            else:
                (there / name).write_bytes(content)
            self.run(self.client.get(self.server, self.mode, f"/{there.name}/{name}", local))
            self.compare(local, content)
        found = set(os.listdir(there)) - before
        if found != set(names):
            raise Failed(f"there are also {sorted(found - set(names))}", self.output)

    def fetch_crowd(self):
        """All files of the crowded folder, in one session; their hashes are compared."""
        folder = self.local / "crowd"
        folder.mkdir()
        self.run(self.client.get_all(self.server, self.mode, "/crowd", "file ", CROWD, folder), CROWD_TIMEOUT)
        found = {file.name: digest(file) for file in folder.rglob("file *.txt")}
        expected = {name: hashlib.sha256(crowded(name)).hexdigest() for name in CROWD}
        wrong = [name for name in CROWD if found.get(name) != expected[name]]
        if wrong or len(found) != len(expected):
            raise Failed(f"{len(found)} files came, and {wrong[:3]}, {len(wrong)} in all, aren't right", self.output)

    def delete(self):
        folder = self.server.root / "put"
        kept = folder / "kept"
        kept.write_bytes(b"kept\n")
        for name in self.files:
            (folder / name).write_bytes(b"deleted\n")
            self.tell(self.client.delete(self.server, self.mode, f"/put/{name}"))
            if os.listdir(folder) != ["kept"]:
                raise Failed(f"{name} is still there, or others aren't: {os.listdir(folder)}", self.output)

    def rename(self):
        folder = self.server.root / "put"
        (folder / "sub").mkdir()
        self.server.give_to_user(folder / "sub")
        old = "old"
        (folder / old).write_bytes(b"moved\n")
        for new in [*self.files, "sub/moved.txt"]:
            self.tell(self.client.rename(self.server, self.mode, f"/put/{old}", f"/put/{new}"))
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
        self.tell(self.client.make_directory(self.server, self.mode, f"/put/{name}"))
        if not (self.server.root / "put" / name).is_dir():
            raise Failed(f"there is no folder {name}", self.output)

    def tell(self, command):
        """Runs the client to its end, where nothing is to be moved."""
        self.command = command
        self.output = command.run(self.local)
        self.check_dialogue({self.mode} if self.client.always_lists else set())

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


LARGE = "large file"
FETCHED = "5000 fetched"
OPERATIONS = {
    "list": Cell.list,
    "get": Cell.get,
    "put": Cell.put,
    "text": Cell.text,
    "MODE B": Cell.block,
    "MODE Z": Cell.deflated,
    "resume get": Cell.resume_get,
    "resume put": Cell.resume_put,
    "append": Cell.append,
    "abort get": aborts.get,
    "abort put": aborts.put,
    "rename": Cell.rename,
    "delete": Cell.delete,
    "mkdir": Cell.make_directory,
    "mkdir Latin-1": Cell.make_latin_directory,
    "odd names": Cell.odd_names,
    "5000 files": Cell.crowd,
    FETCHED: Cell.fetch_crowd,
    LARGE: Cell.large,
}
# What not every client has a word for, and the method in which it would be.
SELDOM = {"text": "get_text", "MODE B": "get_block", "MODE Z": "get_deflated"}
# What is done on each route; the rest is done on one. And what is done once for a client, a server and a TLS.
EVERYWHERE = ("list", "get", "put")
ONCE = (FETCHED, LARGE)
# What TLS makes no difference to, and takes long.
WITHOUT_TLS = ("odd names",)
