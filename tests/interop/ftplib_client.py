"""An FTP client of CPython's ftplib; `script.py` says how it is called."""

import contextlib
import ftplib
import os
import ssl

from script import BEFORE_ABORT, blocks, check, context, parsed_arguments, show, unwire, wire


class Shown:
    """Prints the dialogue."""

    def putline(self, line):
        show(b"> ", "PASS ..." if line.startswith("PASS ") else line)
        super().putline(line)

    def getline(self):
        line = super().getline()
        show(b"< ", line)
        return line


class Plain(Shown, ftplib.FTP):
    pass


class Explicit(Shown, ftplib.FTP_TLS):
    pass


class Implicit(Explicit):
    """ftplib knows explicit TLS only: here each control connection begins with it."""

    secured = None

    @property
    def sock(self):
        return self.secured

    @sock.setter
    def sock(self, sock):
        if sock is not None and not isinstance(sock, ssl.SSLSocket):
            sock = self.context.wrap_socket(sock, server_hostname=self.host)
        self.secured = sock


def main():
    arguments = parsed_arguments(ACTIONS)
    tls = {} if arguments.tls == "none" else {"context": context(arguments)}
    ftp = {"none": Plain, "explicit": Explicit, "implicit": Implicit}[arguments.tls](encoding="latin-1", timeout=15, **tls)
    ftp.connect(arguments.host, arguments.port)
    ftp.login(arguments.user, arguments.password)
    if tls:
        ftp.prot_p()
    ftp.set_pasv(arguments.mode == "PASV")
    ACTIONS[arguments.action](ftp, *arguments.arguments)
    ftp.quit()


def names_in(ftp, folder):
    return sorted(name for name, facts in ftp.mlsd(wire(folder)) if facts["type"] == "file")


def list_folder(ftp, folder):
    """By MLSD, and NLST and LIST have to say the same."""
    names, lines = names_in(ftp, folder), []
    check(sorted(name.rpartition("/")[2] for name in ftp.nlst(wire(folder))) == names, "NLST differs from MLSD")
    ftp.dir(wire(folder), lines.append)
    check(all(sum(line.endswith(f" {name}") for line in lines) for name in names), "LIST differs from MLSD")
    for name in names:
        show(b"", name)


def get(ftp, remote, local, offset=None):
    with open(local, "ab" if offset else "wb") as file:
        ftp.retrbinary(f"RETR {wire(remote)}", file.write, rest=offset)


def put(ftp, local, remote, verb="STOR", offset=None):
    with open(local, "rb") as file:
        file.seek(offset or 0)
        ftp.storbinary(f"{verb} {wire(remote)}", file, rest=offset)


def get_text(ftp, remote, local):
    with open(local, "w", encoding="latin-1", newline="\n") as file:
        ftp.retrlines(f"RETR {wire(remote)}", lambda line: file.write(line + "\n"))


def put_text(ftp, local, remote):
    with open(local, "rb") as file:
        ftp.storlines(f"STOR {wire(remote)}", file)


def resume_get(ftp, remote, local):
    get(ftp, remote, local, os.path.getsize(local))


def resume_put(ftp, local, remote):
    ftp.voidcmd("TYPE I")
    put(ftp, local, remote, offset=ftp.size(wire(remote)))


def append(ftp, local, remote):
    put(ftp, local, remote, "APPE")


def get_all(ftp, folder, local):
    for name in names_in(ftp, folder):
        get(ftp, f"{folder}/{unwire(name)}", os.path.join(local, unwire(name)))


def abort(ftp, connection):
    """With urgent data where there is no TLS. ftplib reads one reply: 426; another says that ABOR was done."""
    show(b"> ", "ABOR")
    first = ftp.abort()
    check(first.startswith("426"), f"ABOR has {first}")
    last = ftp.getmultiline()
    check(last.startswith("226"), f"ABOR has {last}")
    # No goodbye of TLS's: the server may have left without one.
    with contextlib.suppress(OSError):
        connection.close()


def abort_get(ftp, remote, pipe, next_remote, next_local):
    ftp.voidcmd("TYPE I")
    connection = ftp.transfercmd(f"RETR {wire(remote)}")
    with open(pipe, "wb") as file:
        came = 0
        while came < BEFORE_ABORT:
            block = connection.recv(BEFORE_ABORT - came)
            check(block, "the file ended")
            came += file.write(block)
    abort(ftp, connection)
    get(ftp, next_remote, next_local)


def abort_put(ftp, pipe, remote, next_local, next_remote):
    ftp.voidcmd("TYPE I")
    connection = ftp.transfercmd(f"STOR {wire(remote)}")
    with open(pipe, "rb", buffering=0) as file:
        sent = 0
        for block in blocks(file):
            connection.sendall(block)
            sent += len(block)
            if sent >= BEFORE_ABORT:
                break
    abort(ftp, connection)
    put(ftp, next_local, next_remote)


ACTIONS = {
    "list": list_folder,
    "get": get,
    "put": put,
    "resume-get": resume_get,
    "resume-put": resume_put,
    "get-text": get_text,
    "put-text": put_text,
    "append": append,
    "get-all": get_all,
    "abort-get": abort_get,
    "abort-put": abort_put,
    "rename": lambda ftp, old, new: ftp.rename(wire(old), wire(new)),
    "delete": lambda ftp, path: ftp.delete(wire(path)),
    "mkdir": lambda ftp, folder: ftp.mkd(wire(folder)),
}

if __name__ == "__main__":
    main()
