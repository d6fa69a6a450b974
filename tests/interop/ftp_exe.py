"""A client as old as Windows' ftp.exe, over sockets alone: it knows PORT, NLST, XPWD and XMKD, and says `OPTS UTF8 ON`.

`script.py` says how it is called. Each reply is checked, as is each byte of a data connection's end.
"""

import re
import socket

from script import check, parsed_arguments, show, unwire, wire

TIMEOUT = 15


class Session:
    def __init__(self, host, port, user, password):
        self.control = socket.create_connection((host, port), TIMEOUT)
        self.lines = self.control.makefile("rb")
        self.expect("220")
        # Before the login already.
        self.say("OPTS UTF8 ON", "200")
        self.say(f"USER {user}", "331")
        self.say(f"PASS {password}", "230")
        here = self.say("XPWD", "257")
        check(here.startswith('257 "/"'), f"XPWD has {here}")

    def say(self, command, code):
        show(b"> ", "PASS ..." if command.startswith("PASS ") else command)
        self.control.sendall(command.encode("latin-1") + b"\r\n")
        return self.expect(code)

    def expect(self, code):
        """A reply, of one line or more; returns the last one."""
        begun = None
        while True:
            line = self.lines.readline().decode("latin-1")
            check(line.endswith("\r\n"), f"the reply {line!r} has no end")
            show(b"< ", line.rstrip())
            begun = begun or line[:3]
            if re.match(rf"{begun} ", line):
                check(begun == code, f"expected {code}")
                return line

    def data(self, command, content=None):
        """What comes over an active data connection; or sends the content."""
        with socket.socket() as listener:
            listener.settimeout(TIMEOUT)
            listener.bind((self.control.getsockname()[0], 0))
            listener.listen(1)
            host, port = listener.getsockname()
            self.say(f"PORT {host.replace('.', ',')},{port >> 8},{port & 255}", "200")
            self.say(command, "150")
            connection, (peer, _) = listener.accept()
        check(peer == self.control.getpeername()[0], f"{peer} has connected")
        with connection, connection.makefile("rb") as file:
            connection.settimeout(TIMEOUT)
            if content is None:
                came = file.read()
            else:
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
                came = file.read()
                check(not came, f"{came!r} came while it sent")
        self.expect("226")
        return came

    def list(self, folder):
        """In ASCII mode, as it begins; `ls` is NLST, and `dir` is LIST."""
        path = f" {wire(folder)}" if folder else ""
        came = self.data(f"NLST{path}").decode("latin-1")
        check(not came or came.endswith("\r\n"), "NLST ends amid a line")
        check("\n" not in came.replace("\r\n", ""), "NLST has a line that ends without CR")
        listing = self.data(f"LIST{path}").decode("latin-1")
        names = came.split("\r\n")[:-1]
        for name in names:
            name = name.rpartition("/")[2]
            check(f" {name}\r\n" in listing, f"LIST has no {name}")
            show(b"", name)
        return names

    def get(self, remote, local):
        self.say("TYPE I", "200")
        content = self.data(f"RETR {wire(remote)}")
        with open(local, "wb") as file:
            file.write(content)

    def put(self, local, remote, verb="STOR"):
        self.say("TYPE I", "200")
        with open(local, "rb") as file:
            self.data(f"{verb} {wire(remote)}", file.read())

    def append(self, local, remote):
        self.put(local, remote, "APPE")

    def get_all(self, folder, local):
        """`mget`: ASCII for the names, then binary."""
        self.say("TYPE A", "200")
        self.say(f"CWD {wire(folder)}", "250")
        for name in self.list(""):
            self.get(unwire(name), f"{local}/{unwire(name)}")

    def rename(self, old, new):
        self.say(f"RNFR {wire(old)}", "350")
        self.say(f"RNTO {wire(new)}", "250")

    def delete(self, path):
        self.say(f"DELE {wire(path)}", "250")

    def make_directory(self, folder):
        self.say(f"XMKD {wire(folder)}", "257")
        self.say(f"XCWD {wire(folder)}", "250")
        quoted = wire(folder).replace('"', '""')
        here = self.say("XPWD", "257")
        check(here.startswith(f'257 "{quoted}"'), f"XPWD has {here}")
        self.say("XCUP", "250")
        # It goes, and comes again: XRMD.
        self.say(f"XRMD {wire(folder)}", "250")
        self.say(f"XMKD {wire(folder)}", "257")

    def quit(self):
        self.say("QUIT", "221")
        rest = self.lines.read()
        check(not rest, f"{rest!r} came after the goodbye")


ACTIONS = {
    "list": Session.list,
    "get": Session.get,
    "put": Session.put,
    "append": Session.append,
    "get-all": Session.get_all,
    "rename": Session.rename,
    "delete": Session.delete,
    "mkdir": Session.make_directory,
}


def main():
    arguments = parsed_arguments(ACTIONS)
    session = Session(arguments.host, arguments.port, arguments.user, arguments.password)
    ACTIONS[arguments.action](session, *arguments.arguments)
    session.quit()


if __name__ == "__main__":
    main()
