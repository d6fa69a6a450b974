"""The clients that are scripts of this folder: over a library, or over sockets."""

import pathlib

from client import BEYOND_UTF_8, Client, without_tls
from process import Command

HERE = pathlib.Path(__file__).resolve().parent


class Script(Client):
    names = BEYOND_UTF_8[:1]
    program = ""

    def __init__(self, python):
        self.python = python

    def command(self, server, mode, action, *arguments):
        trust = [] if server.tls == "none" else ["--tls", server.tls, "--authority", server.authority]
        login = [server.host, server.port, server.user, server.password]
        script = HERE / self.program
        return Command(self.python, "-B", script, "--mode", mode, *trust, *login, action, *arguments)

    def list(self, server, mode, folder):
        return self.command(server, mode, "list", folder)

    def get(self, server, mode, remote, local):
        return self.command(server, mode, "get", remote, local)

    def put(self, server, mode, local, remote):
        return self.command(server, mode, "put", local, remote)

    def resume_get(self, server, mode, remote, local):
        return self.command(server, mode, "resume-get", remote, local)

    def resume_put(self, server, mode, local, remote):
        return self.command(server, mode, "resume-put", local, remote)

    def append(self, server, mode, local, remote):
        return self.command(server, mode, "append", local, remote)

    def get_all(self, server, mode, folder, beginning, names, local):
        return self.command(server, mode, "get-all", folder, local)

    def abort_get(self, server, mode, remote, pipe, next_remote, next_local):
        return self.command(server, mode, "abort-get", remote, pipe, next_remote, next_local)

    def abort_put(self, server, mode, pipe, remote, next_local, next_remote):
        return self.command(server, mode, "abort-put", pipe, remote, next_local, next_remote)

    def stop(self, command, running):
        """It aborts by itself, after a part."""

    def rename(self, server, mode, old, new):
        return self.command(server, mode, "rename", old, new)

    def delete(self, server, mode, path):
        return self.command(server, mode, "delete", path)

    def make_directory(self, server, mode, folder):
        return self.command(server, mode, "mkdir", folder)


class Ftplib(Script):
    name = "ftplib"
    program = "ftplib_client.py"
    # It sends EPSV and EPRT over IPv6 only.
    modes = {"PASV": [], "PORT": []}
    resumes = False

    def get_text(self, server, mode, remote, local):
        return self.command(server, mode, "get-text", remote, local)

    def put_text(self, server, mode, local, remote):
        return self.command(server, mode, "put-text", local, remote)


class Aioftp(Script):
    name = "aioftp"
    program = "aioftp_client.py"
    # It has no active mode.
    modes = {"EPSV": [], "PASV": []}


class FtpExe(Script):
    name = "ftp.exe"
    program = "ftp_exe.py"
    modes = {"PORT": []}
    lacks = without_tls("ftp.exe")
    cannot = {
        **dict.fromkeys(("resume get", "resume put"), "ftp.exe knows no REST"),
        **dict.fromkeys(("abort get", "abort put"), "what ftp.exe does when it is interrupted isn't played here"),
    }


def scripts(python):
    return [Ftplib(python), Aioftp(python), FtpExe(python)]


NAMES = [script.name for script in (Ftplib, Aioftp, FtpExe)]
