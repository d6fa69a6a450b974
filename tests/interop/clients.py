"""The clients that are programs of their own: how each is told what to do over one kind of data connection."""

from client import BEYOND_UTF_8, LOOPBACK, Client, escaped, percent_encoded, quoted, without_tls
from process import Command


# Our own, over either of its adapters: how it is told.
OURS = {"ftp-client-std": "std", "ftp-client-tokio": "tokio"}


class Ours(Client):
    """Our own, by std and by tokio: the same command line."""

    ours = True
    names = BEYOND_UTF_8[:1]
    modes = {"EPSV": "epsv", "PASV": "pasv", "EPRT": "eprt", "PORT": "port"}
    cannot = {"append": "our own client's program has no word for it"}
    says_when_aborted = (r"^> .*ABOR", r"^> QUIT", r"^< 221", r"^ftp-client: .*aborted")
    goes_on = False
    exit_when_aborted = 130

    def __init__(self, tools, name):
        self.name = name
        self.program = (tools / "ftp-client", "--runtime", OURS[name])

    def command(self, server, mode, *arguments):
        trust = [] if server.tls == "none" else ["--ca", server.authority]
        route = [] if mode is None else ["--route", self.modes[mode]]
        return Command(*self.program, "-v", "--tls", server.tls, *trust, *route, *arguments)

    def list(self, server, mode, folder):
        return self.command(server, mode, "ls", server.url(folder))

    def get(self, server, mode, remote, local):
        return self.command(server, mode, "get", server.url(remote), local)

    def put(self, server, mode, local, remote):
        return self.command(server, mode, "put", server.url(remote), local)

    def resume_get(self, server, mode, remote, local):
        return self.command(server, mode, "--resume", "get", server.url(remote), local)

    def resume_put(self, server, mode, local, remote):
        return self.command(server, mode, "--resume", "put", server.url(remote), local)

    def get_text(self, server, mode, remote, local):
        return self.command(server, mode, "--ascii", "get", server.url(remote), local)

    def put_text(self, server, mode, local, remote):
        return self.command(server, mode, "--ascii", "put", server.url(remote), local)

    def get_block(self, server, mode, remote, local):
        return self.command(server, mode, "--mode", "block", "get", server.url(remote), local)

    def put_block(self, server, mode, local, remote):
        return self.command(server, mode, "--mode", "block", "put", server.url(remote), local)

    def get_deflated(self, server, mode, remote, local):
        return self.command(server, mode, "--mode", "z", "get", server.url(remote), local)

    def put_deflated(self, server, mode, local, remote):
        return self.command(server, mode, "--mode", "z", "put", server.url(remote), local)

    def get_all(self, server, mode, folder, beginning, names, local):
        return self.command(server, mode, "mirror", server.url(folder + "/"), local)

    def abort_get(self, server, mode, remote, pipe, *_):
        plain = self.command(server, mode, "get", server.url(remote), "-")
        return into(pipe, plain)

    def abort_put(self, server, mode, pipe, remote, *_):
        return self.put(server, mode, pipe, remote)

    def rename(self, server, mode, old, new):
        return self.command(server, None, "mv", server.url(old), percent_encoded(new))

    def delete(self, server, mode, path):
        return self.command(server, None, "rm", server.url(path))

    def make_directory(self, server, mode, folder):
        return self.command(server, None, "mkdir", server.url(folder))


class Curl(Client):
    name = "curl"
    names = BEYOND_UTF_8[:1]
    modes = {
        "EPSV": [],
        "PASV": ["--disable-epsv"],
        "EPRT": ["--ftp-port", LOOPBACK],
        "PORT": ["--ftp-port", LOOPBACK, "--disable-eprt"],
    }
    cannot = {"abort put": "curl sends ABOR only after the part of a file that it was asked for"}
    # One at a time, 5,000 files take it too long.
    cannot_under_tls = {"5000 fetched": "curl's parallel transfers resume each other's TLS sessions, which our servers refuse"}
    plain_modes = dict.fromkeys(("EPRT", "PORT"), "curl 7.87 and 7.88 begin no TLS on active connections (curl issue 10666)")
    # It ends the session after ABOR, and asks for the next file in another.
    goes_on = False

    def command(self, server, mode, path, *arguments):
        trust = {"none": [], "explicit": ["--ssl-reqd"], "implicit": []}[server.tls]
        trust = trust and [*trust, "--cacert", server.authority]
        if server.tls == "implicit":
            trust = ["--cacert", server.authority]
        way = [] if mode is None else self.modes[mode]
        return Command("curl", "-q", "-sS", "-v", *trust, *way, *arguments, address(server, path))

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

    def get_text(self, server, mode, remote, local):
        return typed(self.command(server, mode, remote, "--output", local))

    def put_text(self, server, mode, local, remote):
        return self.command(server, mode, remote, "-B", "--upload-file", local)

    def append(self, server, mode, local, remote):
        return self.command(server, mode, remote, "--append", "--upload-file", local)

    def get_all(self, server, mode, folder, beginning, names, local):
        pattern = f"[0000-{len(names) - 1}]"
        # One at a time, it waits up to a second before some connections, whichever the server.
        parallel = ("--parallel", "--parallel-max", "4")
        command = self.command(server, mode, folder, *parallel, "--output", f"{local}/{beginning}#1.txt")
        command.arguments[-1] += f"/{percent_encoded(beginning)}{pattern}.txt"
        return command

    def abort_get(self, server, mode, remote, pipe, *_):
        """It aborts by itself, after a part."""
        return self.command(server, mode, remote, "--range", "0-3000000", "--output", pipe)

    def stop(self, command, running):
        pass

    def say(self, server, *lines):
        """Commands of the protocol; nothing is moved."""
        words = [word for line in lines for word in ("--quote", line)]
        return self.command(server, None, "/", "--head", *words)

    def rename(self, server, mode, old, new):
        return self.say(server, f"RNFR {old}", f"RNTO {new}")

    def delete(self, server, mode, path):
        return self.say(server, f"DELE {path}")

    def make_directory(self, server, mode, folder):
        return self.say(server, f"MKD {folder}")


class Wget(Client):
    name = "wget"
    # It knows EPSV and EPRT, but sends them over IPv6 only.
    modes = {"PASV": [], "PORT": ["--no-passive-ftp"]}
    text_arrives = staticmethod(lambda text: text.replace(b"\n", b"\r\n"))
    cannot = {
        **dict.fromkeys(("put", "resume put", "append", "abort put", "large file"), "wget cannot upload"),
        **dict.fromkeys(("rename", "delete", "mkdir", "mkdir Latin-1"), "wget only downloads"),
        "abort get": "wget knows no ABOR",
    }

    def command(self, server, mode, path, *arguments):
        trust = [] if server.tls == "none" else [f"--ca-certificate={server.authority}"]
        if server.tls == "implicit":
            trust.append("--ftps-implicit")
        url = address(server, path)
        if server.tls == "explicit":
            url = url.replace("ftp:", "ftps:", 1)
        return Command("wget", "--no-config", "--tries=1", *trust, *self.modes[mode], *arguments, url)

    def list(self, server, mode, folder):
        return self.command(server, mode, folder, "--output-document=-")

    def get(self, server, mode, remote, local):
        return self.command(server, mode, remote, "--no-glob", f"--output-document={local}")

    def get_text(self, server, mode, remote, local):
        # It writes what comes as it is.
        return typed(self.command(server, mode, remote, "--no-glob", f"--output-document={local}"))

    def resume_get(self, server, mode, remote, local):
        # It resumes only files that bear the same name as the server's.
        assert remote.endswith("/" + local.name)
        return self.command(server, mode, remote, "--no-glob", "--continue", f"--directory-prefix={local.parent}")

    def get_all(self, server, mode, folder, beginning, names, local):
        return self.command(server, mode, folder + "/", "--recursive", f"--directory-prefix={local}")

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
    cannot = {"append": "lftp has no APPE"}
    # It doubles 0xFF, which our servers, as most, undo only where they are told to (testdata/telnet_names.tsv).
    unsayable = ("iac\udcff.txt",)

    def opening(self, server, mode):
        settings = "set net:max-retries 1; set net:timeout 5; set ftp:use-size yes"
        if server.tls == "none":
            settings += "; set ftp:ssl-allow no"
        else:
            settings += f"; set ssl:ca-file {quoted(server.authority)}; set ftp:ssl-force yes; set ftp:ssl-protect-data yes"
        scheme = "ftps" if server.tls == "implicit" else "ftp"
        opening = f"open -u {server.user},{server.password} -p {server.port} {scheme}://{server.host}"
        return f"debug 9; {settings}; {self.modes[mode]}; {opening}"

    def command(self, server, mode, line):
        return Command("lftp", "--norc", "-c", f"set cmd:fail-exit yes; {self.opening(server, mode)}; {line}")

    def list(self, server, mode, folder):
        return self.command(server, mode, f"ls {quoted(folder)}")

    def get(self, server, mode, remote, local):
        return self.command(server, mode, f"get {quoted(remote)} -o {quoted(local)}")

    def put(self, server, mode, local, remote):
        return self.command(server, mode, f"put {quoted(local)} -o {quoted(remote)}")

    def get_text(self, server, mode, remote, local):
        return self.command(server, mode, f"get -a {quoted(remote)} -o {quoted(local)}")

    def put_text(self, server, mode, local, remote):
        return self.command(server, mode, f"put -a {quoted(local)} -o {quoted(remote)}")

    def get_deflated(self, server, mode, remote, local):
        return self.command(server, mode, f"set ftp:use-mode-z yes; get {quoted(remote)} -o {quoted(local)}")

    def put_deflated(self, server, mode, local, remote):
        return self.command(server, mode, f"set ftp:use-mode-z yes; put {quoted(local)} -o {quoted(remote)}")

    def resume_get(self, server, mode, remote, local):
        return self.command(server, mode, f"get -c {quoted(remote)} -o {quoted(local)}")

    def resume_put(self, server, mode, local, remote):
        return self.command(server, mode, f"put -c {quoted(local)} -o {quoted(remote)}")

    def get_all(self, server, mode, folder, beginning, names, local):
        return self.command(server, mode, f"mirror {quoted(folder)} {quoted(local)}")

    def abort_get(self, server, mode, remote, pipe, next_remote, next_local):
        job = f"cat {quoted(remote)} > {quoted(pipe)} &"
        return self.aborting(server, mode, job, f"get {quoted(next_remote)} -o {quoted(next_local)}")

    def abort_put(self, server, mode, pipe, remote, next_local, next_remote):
        job = f"put {quoted(pipe)} -o {quoted(remote)} &"
        return self.aborting(server, mode, job, f"put {quoted(next_local)} -o {quoted(next_remote)}")

    def aborting(self, server, mode, job, following):
        """SIGINT ends it unless a person sits before it; but it can kill what runs in its background."""
        typed = f"{self.opening(server, mode)}\n{job}\n"
        return Command("lftp", "--norc", typed=typed, afterwards=f"kill all\n{following}\nexit\n")

    def stop(self, command, running):
        command.talk_on(running)

    def rename(self, server, mode, old, new):
        return self.command(server, mode, f"mv {quoted(old)} {quoted(new)}")

    def delete(self, server, mode, path):
        return self.command(server, mode, f"rm {quoted(path)}")

    def make_directory(self, server, mode, folder):
        return self.command(server, mode, f"mkdir {quoted(folder)}")


class Ncftp(Client):
    """ncftpls, ncftpget and ncftpput."""

    name = "ncftp"
    names = BEYOND_UTF_8[:1]
    modes = {"PASV": "-F", "PORT": "-E"}
    lacks = without_tls("ncftp")
    always_lists = True
    says_when_aborted = (r"Cmd: ABOR", r"Aborted successfully", r"Cmd: QUIT", r"\b221:")
    goes_on = False
    exit_when_aborted = 3

    def command(self, program, server, mode, *arguments):
        login = ["-u", server.user, "-p", server.password, "-P", server.port]
        return Command(program, *login, self.modes[mode], "-d", "/dev/stdout", *arguments)

    def list(self, server, mode, folder):
        return self.command("ncftpls", server, mode, "-l", f"ftp://{server.host}{folder}")

    def get(self, server, mode, remote, local):
        return self.command("ncftpget", server, mode, "-V", "-Z", "-C", server.host, remote, local)

    def put(self, server, mode, local, remote):
        return self.command("ncftpput", server, mode, "-V", "-Z", "-C", server.host, local, remote)

    def get_text(self, server, mode, remote, local):
        return self.command("ncftpget", server, mode, "-V", "-Z", "-a", "-C", server.host, remote, local)

    def put_text(self, server, mode, local, remote):
        return self.command("ncftpput", server, mode, "-V", "-Z", "-a", "-C", server.host, local, remote)

    def resume_get(self, server, mode, remote, local):
        return self.command("ncftpget", server, mode, "-V", "-z", server.host, local.parent, remote)

    def resume_put(self, server, mode, local, remote):
        # -s: with sendfile(2), it sends the whole file after its REST.
        return self.command("ncftpput", server, mode, "-V", "-z", "-s", server.host, remote.rpartition("/")[0], local)

    def append(self, server, mode, local, remote):
        return self.command("ncftpput", server, mode, "-V", "-Z", "-A", "-C", server.host, local, remote)

    def get_all(self, server, mode, folder, beginning, names, local):
        return self.command("ncftpget", server, mode, "-V", "-Z", "-R", server.host, local, folder)

    def abort_get(self, server, mode, remote, pipe, *_):
        return self.get(server, mode, remote, pipe)

    def abort_put(self, server, mode, pipe, remote, *_):
        return from_(pipe, self.command("ncftpput", server, mode, "-V", "-c", server.host, remote))

    def say(self, server, mode, *lines):
        words = [word for line in lines for word in ("-W", line)]
        return self.command("ncftpls", server, mode, *words, f"ftp://{server.host}/")

    def rename(self, server, mode, old, new):
        return self.say(server, mode, f"RNFR {old}", f"RNTO {new}")

    def delete(self, server, mode, path):
        return self.say(server, mode, f"DELE {path}")

    def make_directory(self, server, mode, folder):
        return self.say(server, mode, f"MKD {folder}")


class Typed(Client):
    """A descendant of BSD's ftp, which is told everything by lines on standard input.

    It aborts a download with Telnet's IP and Synch, and its dialogue doesn't show that.
    """

    says_when_aborted = (r"^receive aborted",)
    cannot = {"abort put": "when an upload is interrupted, BSD's ftp closes its data connection, as at the file's end"}

    def command(self, server, mode, *lines, afterwards=()):
        flag, *before = self.modes[mode]
        opening = [f"user {server.user} {server.password}", "binary", *before]
        typed = "".join(f"{line}\n" for line in [*opening, *lines])
        rest = "".join(f"{line}\n" for line in [*afterwards, "bye"])
        typed, afterwards = (typed, rest) if afterwards else (typed + rest, "")
        arguments = (self.name, "-n", "-i", "-v", "-d", flag, server.host, server.port)
        return Command(*arguments, typed=typed, afterwards=afterwards)

    def list(self, server, mode, folder):
        return self.command(server, mode, f"ls {escaped(folder)}")

    def get(self, server, mode, remote, local):
        return self.command(server, mode, f"get {escaped(remote)} {escaped(local)}")

    def put(self, server, mode, local, remote):
        return self.command(server, mode, f"put {escaped(local)} {escaped(remote)}")

    def get_text(self, server, mode, remote, local):
        return self.command(server, mode, "ascii", f"get {escaped(remote)} {escaped(local)}")

    def put_text(self, server, mode, local, remote):
        return self.command(server, mode, "ascii", f"put {escaped(local)} {escaped(remote)}")

    def resume_get(self, server, mode, remote, local):
        return self.command(server, mode, f"reget {escaped(remote)} {escaped(local)}")

    def resume_put(self, server, mode, local, remote):
        # Neither asks the server for the size, so the user has to tell it.
        there = (server.root / remote.lstrip("/")).stat().st_size
        return self.command(server, mode, f"restart {there}", f"put {escaped(local)} {escaped(remote)}")

    def append(self, server, mode, local, remote):
        return self.command(server, mode, f"append {escaped(local)} {escaped(remote)}")

    def get_all(self, server, mode, folder, beginning, names, local):
        return self.command(server, mode, f"cd {escaped(folder)}", f"lcd {escaped(local)}", "mget *")

    def abort_get(self, server, mode, remote, pipe, next_remote, next_local):
        following = f"get {escaped(next_remote)} {escaped(next_local)}"
        return self.command(server, mode, f"get {escaped(remote)} {escaped(pipe)}", afterwards=[following])

    def rename(self, server, mode, old, new):
        return self.command(server, mode, f"rename {escaped(old)} {escaped(new)}")

    def delete(self, server, mode, path):
        return self.command(server, mode, f"delete {escaped(path)}")

    def make_directory(self, server, mode, folder):
        return self.command(server, mode, f"mkdir {escaped(folder)}")


class Tnftp(Typed):
    name = "tnftp"
    modes = {"EPSV": ["-p"], "PASV": ["-p", "epsv4"], "EPRT": ["-A"], "PORT": ["-A", "epsv4"]}
    lacks = without_tls("tnftp, as Debian builds it,")


class InetutilsFtp(Typed):
    name = "inetutils-ftp"
    modes = {"EPSV": ["-p", "epsv4"], "PASV": ["-p"], "EPRT": ["-A", "epsv4"], "PORT": ["-A"]}
    lacks = without_tls("inetutils-ftp")


def address(server, path):
    """A URL, as curl and wget understand them: `ftps` is with TLS at once."""
    url = server.url(path)
    return url.replace("ftp:", "ftps:", 1) if server.tls == "implicit" else url


def typed(command):
    """Its URL asks for TYPE A."""
    command.arguments[-1] += ";type=a"
    return command


def into(pipe, command):
    """The command with its standard output in a file."""
    return Command("sh", "-c", 'exec "$@" >"$0"', pipe, *command.arguments)


def from_(pipe, command):
    """The command with a file as its standard input."""
    return Command("sh", "-c", 'exec "$@" <"$0"', pipe, *command.arguments)


PROGRAMS = [Curl(), Lftp(), Ncftp(), Wget(), Tnftp(), InetutilsFtp()]
