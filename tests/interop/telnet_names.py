"""What real servers and clients make of 0xFF in a name (RFC 854's IAC): prints the rows of testdata/telnet_names.tsv.

`telnet_names` starts it inside a namespace of its own.
"""

import argparse
import contextlib
import ftplib
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading

import servers

# Between `a` and `b` in a name: 0xFF alone, doubled, thrice, and before bytes that RFC 854 gives a meaning.
FORMS = [b"\xff", b"\xff\xff", b"\xff\xff\xff", b"\xff\xf1", b"\xff\xf4", b"\xff\xfb", b"\xff\xfa"]
CLIENTS = ["curl", "lftp", "ftplib", "wget", "tnftp", "inetutils-ftp"]


def main():
    parser = argparse.ArgumentParser()
    for folder in ("--work", "--memory"):
        parser.add_argument(folder, type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    [place] = servers.prepared(arguments.work, None, arguments.memory, 1, 0)
    for name in servers.OTHERS:
        with servers.running(name, place, "none", True) as server:
            measure_server(name, server)
    for name in CLIENTS:
        measure_client(name, place.scratch)


def row(*cells):
    print(*(cell if isinstance(cell, str) else shown(cell) for cell in cells), sep="\t", flush=True)


def shown(text):
    return "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in text)


class Dialogue:
    """A control connection, byte by byte."""

    def __init__(self, server):
        self.socket = socket.create_connection((server.host, server.port), 5)
        self.received = b""
        self.reply()
        self.say(b"USER " + server.user.encode())
        self.say(b"PASS " + server.password.encode())

    def say(self, line):
        self.socket.sendall(line + b"\r\n")
        return self.reply()

    def reply(self):
        """The last line of a reply, or what came of it."""
        first = None
        while True:
            line = self.line()
            if first is None:
                first = line[:3]
            if not line or (line[:3] == first and line[3:4] != b"-"):
                return line

    def line(self):
        while b"\n" not in self.received:
            try:
                received = self.socket.recv(4096)
            except TimeoutError:
                received = b""
            if not received:
                line, self.received = self.received, b""
                return line
            self.received += received
        line, _, self.received = self.received.partition(b"\n")
        return line.rstrip(b"\r")

    def data(self):
        reply = self.say(b"EPSV")
        return socket.create_connection((servers.HOST, int(reply.split(b"|")[3])), 5)


def measure_server(name, server):
    """What a command names on the disk, and what a reply says of a name."""
    for form in FORMS:
        path = b"a" + form + b"b"
        for verb in (b"MKD", b"STOR"):
            folder = emptied(server)
            dialogue = Dialogue(server)
            dialogue.say(b"CWD work")
            reply = dialogue.say(b"MKD " + path) if verb == b"MKD" else stored(dialogue, path)
            row(name, verb, path, listed(folder), reply)
        # Which of these files it means.
        for verb in (b"DELE", b"SIZE"):
            folder = emptied(server)
            for number, there in enumerate(FORMS):
                file = folder / os.fsdecode(b"a" + there + b"b")
                file.write_bytes(b"x" * number)
                server.give_to_user(file)
            before = set(os.listdir(folder))
            dialogue = Dialogue(server)
            dialogue.say(b"CWD work")
            dialogue.say(b"TYPE I")
            reply = dialogue.say(verb + b" " + path)
            if verb == b"DELE":
                meant = b", ".join(sorted(os.fsencode(gone) for gone in before - set(os.listdir(folder)))) or b"none"
            else:
                digits = reply[4:].decode("ascii", "replace")
                meant = b"a" + FORMS[int(digits)] + b"b" if reply.startswith(b"213") else b"none"
            row(name, verb, path, meant, reply)
    for form in FORMS:
        folder = emptied(server)
        there = folder / os.fsdecode(b"a" + form + b"b")
        there.mkdir()
        server.give_to_user(there)
        # In by whichever form it takes for this name.
        for sent in (b"a" + form + b"b", b"a" + form.replace(b"\xff", b"\xff\xff") + b"b"):
            dialogue = Dialogue(server)
            dialogue.say(b"CWD /work")
            moved = dialogue.say(b"CWD " + sent) or b"closed"
            pwd = dialogue.say(b"PWD") if moved.startswith(b"250") else b""
            if pwd and not pwd.startswith(b'257 "/work"'):
                row(name, "CWD", sent, b"a" + form + b"b", moved)
                row(name, "PWD", "-", b"a" + form + b"b", pwd)
                break
            if moved == b"closed":
                row(name, "CWD", sent, "none", moved)
                break
        else:
            row(name, "CWD", sent, "none", moved)


def emptied(server):
    folder = server.root / "work"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    server.give_to_user(folder)
    return folder


def listed(folder):
    return b", ".join(sorted(map(os.fsencode, os.listdir(folder)))) or b"none"


def stored(dialogue, path):
    with contextlib.suppress(OSError), dialogue.data() as data:
        reply = dialogue.say(b"STOR " + path)
        if not reply.startswith(b"1"):
            return reply
        data.close()
        return reply + b" / " + dialogue.reply()
    return b"no data connection"


class Scripted:
    """A server that says yes, and keeps what it hears."""

    def __init__(self, directory):
        self.directory = directory
        self.heard = []
        self.listener = socket.create_server((servers.HOST, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        data = None
        say = lambda line: connection.sendall(line + b"\r\n")
        say(b"220 ready")
        with contextlib.suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                line = line.rstrip(b"\r\n")
                verb, _, argument = line.partition(b" ")
                if b"\xff" in argument:
                    self.heard.append(line)
                match verb.upper():
                    case b"USER":
                        say(b"331 password")
                    case b"PWD" | b"XPWD":
                        say(b'257 "' + self.directory + b'" is the directory')
                    case b"EPSV" | b"PASV":
                        data = socket.create_server((servers.HOST, 0))
                        port = data.getsockname()[1]
                        if verb == b"EPSV":
                            say(b"229 ok (|||%d|)" % port)
                        else:
                            say(b"227 ok (127,0,0,1,%d,%d)" % divmod(port, 256))
                    case b"RETR" | b"LIST" | b"NLST" | b"MLSD" if data:
                        say(b"150 here")
                        accepted, _ = data.accept()
                        accepted.sendall(b"x")
                        accepted.close()
                        data.close()
                        say(b"226 done")
                    case b"SIZE":
                        say(b"213 1")
                    case b"MDTM" | b"FEAT" | b"OPTS" | b"EPRT":
                        say(b"500 no")
                    case b"SYST":
                        say(b"215 UNIX Type: L8")
                    case b"QUIT":
                        say(b"221 bye")
                        return
                    case _:
                        say(b"250 ok" if verb in (b"CWD", b"DELE") else b"200 ok")


def measure_client(name, folder):
    """How it sends such a name, and how it reads a 257."""
    for form in (b"\xff", b"\xff\xff"):
        path = b"a" + form + b"b"
        server = Scripted(b"/d" + form + b"e")
        read = run_client(name, server, path, folder)
        sent = sorted({line.partition(b" ")[2] for line in server.heard})
        row(name, "sends", path, b", ".join(sent) or b"none", b"-")
        if read is not None:
            row(name, "reads", server.directory, read if isinstance(read, bytes) else read[0], b"-")


def run_client(name, server, path, folder):
    """Fetches a file, and returns what it shows of the directory's name, if it does."""
    host, port = servers.HOST, str(server.port)
    url = b"ftp://u:p@%s:%d/" % (host.encode(), server.port)
    if name == "ftplib":
        ftp = ftplib.FTP(encoding="latin-1", timeout=5)
        ftp.connect(host, server.port)
        ftp.login("u", "p")
        ftp.retrbinary("RETR " + path.decode("latin-1"), lambda block: None)
        return ftp.pwd().encode("latin-1")
    typed = b"user u p\npwd\nget " + path + b" fetched\nbye\n"
    encoded = path.replace(b"\xff", b"%FF")
    words = {
        "curl": ["curl", "-q", "-sS", "-o", "/dev/null", "-w", '"%{ftp_entry_path}"', url + encoded],
        "lftp": ["lftp", "-c", b"set net:max-retries 1; open " + url + b"; quote PWD; get " + path + b" -o fetched"],
        "wget": ["wget", "-q", "-O", "/dev/null", "--tries=1", url + encoded],
        "tnftp": ["tnftp", "-n", "-i", "-v", host, port],
        "inetutils-ftp": ["inetutils-ftp", "-n", "-i", "-v", "-p", host, port],
    }[name]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C", "TERM": "dumb"}
    with contextlib.suppress(subprocess.TimeoutExpired):
        done = subprocess.run(words, cwd=folder, env=environment, input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=10)
        return re.search(rb'/d[^\n"]*', done.stdout)
    return None


if __name__ == "__main__":
    main()
