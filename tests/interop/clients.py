"""The clients: how each is told to list, get, put and resume over one kind of data connection.

Each method returns the `Command` for one file. Paths on the server start with `/`, which is also where a
login starts. Names may have bytes in them that aren't UTF-8, as Python's `os.fsdecode` makes them. Each command
makes its client print the dialogue, so that the driver can see which of EPSV, PASV, EPRT and PORT the client really
sent.
"""

import re

from operations import LATIN
from process import Command
from servers import percent_encoded

LOOPBACK = "127.0.0.1"


class Client:
    """What a client can't do at all is in `cannot`, with the reason; it then needs no method."""

    name = ""
    ours = False
    # Names that it can say though they aren't UTF-8.
    names = ()
    # How the client is told to open data connections, by the command that it then sends.
    modes = {}
    cannot = dict.fromkeys(("abort get", "abort put", "rename", "mkdir", "mkdir Latin-1"), "tried with our own clients only")

    def names_in(self, output):
        """The output of `list`, as text in which the files' names can be found."""
        return output


class Ours(Client):
    """Our own, by std and by tokio: the same command line."""

    ours = True
    cannot = {}
    names = (LATIN,)
    modes = {"EPSV": "epsv", "PASV": "pasv", "EPRT": "eprt", "PORT": "port"}

    def __init__(self, program):
        self.name = program.name
        self.program = program

    def command(self, server, *arguments):
        trust = [] if server.tls == "none" else ["--ca", server.authority]
        return Command(self.program, "-v", "--tls", server.tls, *trust, *arguments)

    def list(self, server, mode, folder):
        return self.command(server, "--route", self.modes[mode], "ls", server.url(folder))

    def get(self, server, mode, remote, local):
        return self.command(server, "--route", self.modes[mode], "get", server.url(remote), local)

    def put(self, server, mode, local, remote):
        return self.command(server, "--route", self.modes[mode], "put", server.url(remote), local)

    def resume_get(self, server, mode, remote, local):
        return self.command(server, "--route", self.modes[mode], "--resume", "get", server.url(remote), local)

    def resume_put(self, server, mode, local, remote):
        return self.command(server, "--route", self.modes[mode], "--resume", "put", server.url(remote), local)

    def rename(self, server, old, new):
        return self.command(server, "mv", server.url(old), percent_encoded(new))

    def make_directory(self, server, folder):
        return self.command(server, "mkdir", server.url(folder))


class Curl(Client):
    name = "curl"
    modes = {
        "EPSV": [],
        "PASV": ["--disable-epsv"],
        "EPRT": ["--ftp-port", LOOPBACK],
        "PORT": ["--ftp-port", LOOPBACK, "--disable-eprt"],
    }

    def command(self, server, mode, path, *arguments):
        return Command("curl", "-q", "-sS", "-v", *self.modes[mode], *arguments, server.url(path))

    def list(self, server, mode, folder):
        return self.command(server, mode, folder)

    def get(self, server, mode, remote, local):
        return self.command(server, mode, remote, "--output", local)

    def put(self, server, mode, local, remote):
        return self.command(server, mode, remote, "--upload-file", local)

    def resume_get(self, server, mode, remote, local):
        return self.command(server, mode, remote, "--continue-at", "-", "--output", local)

    def resume_put(self, server, mode, local, remote):
        return self.command(server, mode, remote, "--continue-at", "-", "--upload-file", local)


class Wget(Client):
    name = "wget"
    # It knows EPSV and EPRT, but sends them over IPv6 only.
    modes = {"PASV": [], "PORT": ["--no-passive-ftp"]}
    cannot = Client.cannot | dict.fromkeys(("put", "resume put", "large file"), "wget cannot upload")

    def command(self, server, mode, path, *arguments):
        return Command("wget", "--no-config", "--tries=1", *self.modes[mode], *arguments, server.url(path))

    def list(self, server, mode, folder):
        return self.command(server, mode, folder, "--output-document=-")

    def get(self, server, mode, remote, local):
        return self.command(server, mode, remote, "--no-glob", f"--output-document={local}")

    def resume_get(self, server, mode, remote, local):
        # It resumes only files that bear the same name as the server's.
        assert remote.endswith("/" + local.name)
        return self.command(server, mode, remote, "--no-glob", "--continue", f"--directory-prefix={local.parent}")

    def names_in(self, output):
        """wget makes a web page of a listing; of what HTML escapes, our names have blanks and quotes."""
        return output.replace("&#32;", " ").replace("&quot;", '"')


class Lftp(Client):
    name = "lftp"
    # It sends EPRT over IPv6 only.
    modes = {
        "EPSV": "set ftp:passive-mode yes; set ftp:prefer-epsv yes",
        "PASV": "set ftp:passive-mode yes; set ftp:prefer-epsv no",
        "PORT": "set ftp:passive-mode no",
    }

    def command(self, server, mode, line):
        settings = "set net:max-retries 1; set net:timeout 5; set cmd:fail-exit yes; set ftp:use-size yes"
        opening = f"open -u {server.user},{server.password} -p {server.port} {server.host}"
        return Command("lftp", "--norc", "-c", f"debug 9; {settings}; {self.modes[mode]}; {opening}; {line}")

    def list(self, server, mode, folder):
        return self.command(server, mode, f"ls {quoted(folder)}")

    def get(self, server, mode, remote, local):
        return self.command(server, mode, f"get {quoted(remote)} -o {quoted(local)}")

    def put(self, server, mode, local, remote):
        return self.command(server, mode, f"put {quoted(local)} -o {quoted(remote)}")

    def resume_get(self, server, mode, remote, local):
        return self.command(server, mode, f"get -c {quoted(remote)} -o {quoted(local)}")

    def resume_put(self, server, mode, local, remote):
        return self.command(server, mode, f"put -c {quoted(local)} -o {quoted(remote)}")


class Ncftp(Client):
    """ncftpls, ncftpget and ncftpput."""

    name = "ncftp"
    modes = {"PASV": "-F", "PORT": "-E"}

    def command(self, program, server, mode, *arguments):
        login = ["-u", server.user, "-p", server.password, "-P", server.port]
        return Command(program, *login, self.modes[mode], "-d", "/dev/stdout", *arguments)

    def list(self, server, mode, folder):
        return self.command("ncftpls", server, mode, "-l", f"ftp://{server.host}{folder}")

    def get(self, server, mode, remote, local):
        return self.command("ncftpget", server, mode, "-V", "-Z", "-C", server.host, remote, local)

    def put(self, server, mode, local, remote):
        return self.command("ncftpput", server, mode, "-V", "-Z", "-C", server.host, local, remote)

    def resume_get(self, server, mode, remote, local):
        return self.command("ncftpget", server, mode, "-V", "-z", server.host, local.parent, remote)

    def resume_put(self, server, mode, local, remote):
        # -s: with sendfile(2), it sends the whole file after its REST.
        return self.command("ncftpput", server, mode, "-V", "-z", "-s", server.host, remote.rpartition("/")[0], local)


class Typed(Client):
    """A descendant of BSD's ftp, which is told everything by lines on standard input."""

    def command(self, server, mode, *lines):
        flag, *before = self.modes[mode]
        opening = [f"user {server.user} {server.password}", "binary", *before]
        typed = "\n".join([*opening, *lines, "bye", ""])
        return Command(self.name, "-n", "-i", "-v", "-d", flag, server.host, server.port, typed=typed)

    def list(self, server, mode, folder):
        return self.command(server, mode, f"ls {escaped(folder)}")

    def get(self, server, mode, remote, local):
        return self.command(server, mode, f"get {escaped(remote)} {escaped(local)}")

    def put(self, server, mode, local, remote):
        return self.command(server, mode, f"put {escaped(local)} {escaped(remote)}")

    def resume_get(self, server, mode, remote, local):
        return self.command(server, mode, f"reget {escaped(remote)} {escaped(local)}")

    def resume_put(self, server, mode, local, remote):
        # Neither asks the server for the size, so the user has to tell it.
        there = (server.root / remote.lstrip("/")).stat().st_size
        return self.command(server, mode, f"restart {there}", f"put {escaped(local)} {escaped(remote)}")


class Tnftp(Typed):
    name = "tnftp"
    modes = {"EPSV": ["-p"], "PASV": ["-p", "epsv4"], "EPRT": ["-A"], "PORT": ["-A", "epsv4"]}


class InetutilsFtp(Typed):
    name = "inetutils-ftp"
    modes = {"EPSV": ["-p", "epsv4"], "PASV": ["-p"], "EPRT": ["-A", "epsv4"], "PORT": ["-A"]}


def quoted(name):
    """One word for lftp."""
    return '"' + re.sub(r'(["\\])', r"\\\1", str(name)) + '"'


def escaped(name):
    """One word for BSD's ftp, which knows no backslash within quotes."""
    return re.sub(r'([ "\\])', r"\\\1", str(name))


OTHERS = [Curl(), Lftp(), Ncftp(), Wget(), Tnftp(), InetutilsFtp()]
