#!/usr/bin/env python3
"""Records what real servers say of one tree with odd names, into testdata/listings/servers/: run as root by

    unshare -m -n -p -f --kill-child --mount-proc python3 tests/interop/listings.py SERVERS PYTHON [NAME]...

SERVERS is a folder into which Debian's packages vsftpd, proftpd-core, pure-ftpd and inetutils-ftpd were unpacked, with the libraries that
they name; PYTHON an interpreter that has pyftpdlib. Debian's busybox has no ftpd, so SERVERS/busybox is one that was built from its
source, with FTPD, TCPSVD and LS in its configuration. With a server's NAME, only that one is recorded, of a tree like the one that is
stored. tests/words/servers.rs holds the listings against the tree."""

import calendar
import os
import pathlib
import re
import socket
import stat
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent.parent / "testdata" / "listings" / "servers"
SERVERS, PYTHON = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
HOST, USER, PASSWORD, UID = "127.0.0.1", "lister", "loopback-only", 59400
SCRATCH = pathlib.Path("/mnt")
TREE = SCRATCH / "tree"
NAMES = sys.argv[3:]
NOW = int(time.time())
if NAMES:
    stored = (OUT / "tree.tsv").read_text().partition("\n")[0].rpartition(" ")[2]
    NOW = calendar.timegm(time.strptime(stored, "%Y%m%d%H%M%S"))

# What is odd in a name; LF and what no server lists (a dot in front) are left out.
ODD = [
    b" leading", b"  two leading", b"trailing ", b"two trailing  ", b" ", b"   ", b"in  side", b"\ttab", b"tab\t", b"a\tb",
    b"a -> b", b" -> ", b"->", b"a ->", b"-> b", b"a -> b -> c", b"Mar  9 14:05 x", b"Mar  9  2019 x", b"14:05", b"14:05 x", b"2019", b"2019 x",
    b"1 u g 5 Mar  9 14:05 x", b"-rw-r--r-- 1 u g 5 Mar  9 14:05 x", b"total 12", b"total 0", b"type=file;size=1; x", b"type=dir;", b"; x", b";", b"=",
    b"a;b", b"a=b", b"+i1,r,\tx", b"04-27-24  09:09PM       <DIR>          x", b"README.TXT;4", b"X.DIR;1", b"ls: x: Permission denied",
    b"213 End", b"226 Done", b"-", b"--", b"-la", b"-R", b"*", b"?", b"[a]", b"{a,b}", b"~", b"~root", b"$HOME", b"`id`", b"$(id)", b"a|b", b"a&b", b"a;ls",
    b"a<b", b"a>b", b"'", b'"', b"''", b'a"b', b'a""b', b"\\", b"a\\b", b"\\x41", b"%41", b"%", b"%s%n", b"#", b"!", b"@", b"^", b"a^_b", b"(1)", b"a (1).txt", b"C:", b"c:x",
    b"a:b", b":", b"::", b",", b"a, b", b"1, 3", b"...", b"..a", b"a..", b"a.", b"con", b"nul.txt", b"x" * 255, b"\xc3\xa9" * 127,
    b"caf\xe9", b"caf\xc3\xa9", b"cafe\xcc\x81", b"\xe9", b"\xff", b"\xff\xff", b"a\xffb", b"a\xff", b"\xff\xf4\xff\xf2", b"\x80", b"\xa0", b"\xc2\xa0", b"\xc2\x85",
    b"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", b"\x93\xfa\x96\x7b", b"\xc6\xfc\xcb\xdc", b"\xd1\x8f\xd0\xbd\xd0\xb2  1 12:00", b"\xf0\x9f\x98\x80", b"\xe2\x80\x8e", b"\xef\xbb\xbfbom",
    b"a\rb", b"a\r", b"\r", b"\ra", b"\x01", b"\x07", b"\x08", b"\x0b", b"\x0c", b"\x1b[31m", b"\x7f", b"a\x7fb", b"\x1a",
    b"UPPER", b"upper", b"MiXeD", b"README", b"Thumbs.db", b"a.tar.gz", b"0", b"00", b"1e9", b"12345", b"0644", b"drwxr-xr-x", b"Jan", b"M\xc3\xa4r", b"UTC", b"null", b"None",
    b"-> ", b" ->", b"a  ->  b", b"01-02-03", b"2024-06-07 21:22 x", b"30. Jan., 12:40 x", b"9. Jan 2019  x", b"9 giu 14.05 x", b"Jan  1  1970",
    b"12:00AM x", b"1,5K x", b"<DIR>", b"<DIR>          x", b"<SYMLINKD>     x [..]", b"{}", b"x;1", b"%RMS-E-FNF, x", b"Volume in drive C", b"+", b"sub:",
    b"Total of 3 files", b"x: Permission denied", b"a b c d e f g", b"UNIX.mode=0644; x", b"\xe2\x80\x8b", b"\xed\xa0\x80", b"a\xc0\xafb", b"\xfe\xff",
]
# Sizes, times and modes; each is the name of a file, too.
SIZES = [0, 1, 1023, 1024, 65536, 2**31 - 1, 2**31, 2**32, 2**40]
DAY = 86400
AGES = {"now": 0, "minute": 60, "day": DAY, "30 days": 30 * DAY, "179 days": 179 * DAY, "184 days": 184 * DAY, "300 days": 300 * DAY,
        "364 days": 364 * DAY, "366 days": 366 * DAY, "5 years": 1826 * DAY}
MOMENTS = {"epoch": 0, "leap day": 1709208000, "new year": 1767225600, "before new year": 1767225599, "2000": 951782400}
MODES = [0o000, 0o444, 0o644, 0o600, 0o755, 0o777, 0o4755, 0o2755, 0o1777, 0o4644, 0o2644, 0o1666]
LINKS = {b"link": b"README", b"link to nothing": b"nothing here", b"link -> odd": b"a -> b", b"link ": b" x ", b"up": b"..", b"root": b"/", b"latin": b"caf\xe9", b"semi": b"a;b c"}


def make_tree():
    TREE.mkdir()
    root = os.fsencode(TREE)
    for name in ODD:
        pathlib.Path(os.fsdecode(os.path.join(root, name))).write_bytes(name)
    for size in SIZES:
        path = TREE / f"size {size}"
        path.touch()
        os.truncate(path, size)
    for name in AGES:
        (TREE / f"age {name}").write_text(name)
    for name in MOMENTS:
        (TREE / f"at {name}").write_text(name)
    for mode in MODES:
        (TREE / f"mode {mode:04o}").write_text("")
    for name in (b"directory", b" directory ", b"dir -> ectory", b"d\xe9", b"12 13"):
        os.mkdir(os.path.join(root, name))
    os.mkfifo(TREE / "fifo")
    for name, target in LINKS.items():
        os.symlink(target, os.path.join(root, name))
    for name in os.listdir(root):
        os.chown(os.path.join(root, name), UID, UID, follow_symlinks=False)
        os.utime(os.path.join(root, name), (NOW, NOW), follow_symlinks=False)
    for name, age in AGES.items():
        os.utime(TREE / f"age {name}", (NOW - age, NOW - age))
    for name, moment in MOMENTS.items():
        os.utime(TREE / f"at {name}", (moment, moment))
    for mode in MODES:  # the owner's change takes bits away
        os.chmod(TREE / f"mode {mode:04o}", mode)
    os.chown(TREE, UID, UID)


def escaped(line):
    return b"".join(bytes([byte]) if 32 <= byte < 127 and byte != 0x5c else b"\\x%02x" % byte for byte in line)


def write_tree():
    kinds = {stat.S_IFREG: "File", stat.S_IFDIR: "Directory", stat.S_IFLNK: "Link", stat.S_IFIFO: "Fifo"}
    lines = [b"# name, kind, size, modified, mode, target: " + time.strftime("%Y%m%d%H%M%S", time.gmtime(NOW)).encode()]
    root = os.fsencode(TREE)
    for name in sorted(os.listdir(root)):
        path = os.path.join(root, name)
        found = os.lstat(path)
        modified = time.strftime("%Y%m%d%H%M%S", time.gmtime(found.st_mtime))
        target = os.readlink(path) if stat.S_ISLNK(found.st_mode) else b""
        told = f"{kinds[stat.S_IFMT(found.st_mode)]}\t{found.st_size}\t{modified}\t{stat.S_IMODE(found.st_mode):04o}"
        lines.append(b"\t".join([escaped(name), told.encode(), escaped(target)]))
    # A blank at the end is as good as none to an editor.
    lines = [re.sub(rb" (?=\t|$)", rb"\\x20", line) for line in lines]
    if NAMES:
        assert (OUT / "tree.tsv").read_bytes() == b"\n".join(lines) + b"\n", "the tree is another than the stored one"
        return
    (OUT / "tree.tsv").write_bytes(b"\n".join(lines) + b"\n")


def add_user():
    hashed = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    for file, line in {"/etc/passwd": f"{USER}:x:{UID}:{UID}::{TREE}:/bin/sh", "/etc/group": f"{USER}:x:{UID}:",
                       "/etc/shadow": f"{USER}:{hashed}:19000:0:99999:7:::"}.items():
        copy = SCRATCH / pathlib.Path(file).name
        copy.write_text(pathlib.Path(file).read_text().rstrip("\n") + "\n" + line + "\n")
        copy.chmod(pathlib.Path(file).stat().st_mode & 0o777)
        subprocess.run(["mount", "--bind", copy, file], check=True)


class Control:
    def __init__(self, port):
        for _ in range(100):
            try:
                self.socket = socket.create_connection((HOST, port), timeout=20)
                break
            except OSError:
                time.sleep(0.1)
        self.file = self.socket.makefile("rb")
        self.reply()
        self.say(b"USER " + USER.encode())
        assert self.say(b"PASS " + PASSWORD.encode())[-1].startswith(b"230"), "login"
        self.say(b"TYPE I")

    def reply(self):
        lines = [self.file.readline()]
        code = lines[0][:3]
        if lines[0][3:4] == b"-":
            while not lines[-1].startswith(code + b" "):
                lines.append(self.file.readline())
                assert lines[-1], lines
        return lines

    def say(self, command):
        self.socket.sendall(command + b"\r\n")
        return self.reply()

    def data(self, command):
        said = self.say(b"PASV")[-1]
        numbers = re.search(rb"(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)", said)
        data = socket.create_connection((HOST, int(numbers[5]) * 256 + int(numbers[6])), timeout=20)
        said = self.say(command)[-1]
        if not said.startswith(b"1"):
            return None
        content = b""
        while piece := data.recv(65536):
            content += piece
        self.reply()
        return content


def record(name, port):
    control = Control(port)
    for command in (b"LIST", b"MLSD", b"NLST"):
        content = control.data(command)
        if content is not None:
            keep(name, command.decode(), content)
    status = control.say(b"STAT .")
    if len(status) > 3:
        keep(name, "STAT", b"".join(status[1:-1]))


def keep(name, command, content):
    lines = content.split(b"\n")
    assert lines.pop() == b""
    written = [b"# " + time.strftime("%Y%m%d%H%M%S", time.gmtime()).encode()]
    for line in lines:
        line = escaped(line.removesuffix(b"\r"))
        written.append(line[:-1] + b"\\x20" if line.endswith(b" ") else line)
    (OUT / f"{name}.{command}").write_bytes(b"\n".join(written) + b"\n")
    print(name, command, len(lines))


def start(*command, **more):
    env = {**os.environ, "LD_LIBRARY_PATH": str(SERVERS / "usr/lib/x86_64-linux-gnu"), "TZ": "UTC", "LC_ALL": "C"}
    return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, start_new_session=True, **more)


def vsftpd(port):
    (SCRATCH / "empty").mkdir()
    file = SCRATCH / "vsftpd.conf"
    file.write_text(f"background=NO\nlisten=YES\nlisten_port={port}\nlisten_address={HOST}\nanonymous_enable=NO\nlocal_enable=YES\n"
                    f"secure_chroot_dir={SCRATCH}/empty\nseccomp_sandbox=NO\nuse_localtime=NO\npam_service_name=other\n")
    return start(SERVERS / "usr/sbin/vsftpd", file)


def proftpd(port):
    file = SCRATCH / "proftpd.conf"
    file.write_text(f"ServerType standalone\nPort {port}\nDefaultAddress {HOST}\nUseIPv6 off\nUser nobody\nGroup nogroup\nDelayEngine off\n"
                    f"AuthPAM off\nAuthOrder mod_auth_unix.c\nUseReverseDNS off\nTimesGMT on\nModulePath {next(SERVERS.glob('usr/lib/**/mod_*.so')).parent}\n"
                    f"RequireValidShell off\nWtmpLog off\nPidFile {SCRATCH}/proftpd.pid\nScoreboardFile {SCRATCH}/scoreboard\nShowSymlinks on\n")
    return start(SERVERS / "usr/sbin/proftpd", "-n", "-c", file)


def pure_ftpd(port):
    return start(SERVERS / "usr/sbin/pure-ftpd", "-S", f"{HOST},{port}", "-l", "unix", "-4", "-H", "-u", "1", "-E", "-L", "20000:3", "-K")


def pyftpdlib(port):
    code = f"""
import os, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
authorizer = DummyAuthorizer()
authorizer.add_user({USER!r}, {PASSWORD!r}, {str(TREE)!r}, perm="elradfmwMT")
FTPHandler.authorizer = authorizer
FTPHandler.use_gmt_times = True
FTPServer(({HOST!r}, {port}), FTPHandler).serve_forever()
"""
    return start(PYTHON, "-c", code, stderr=subprocess.DEVNULL)


def inetutils(port):
    # It takes the port of the service `ftp`.
    services = SCRATCH / "services"
    services.write_text(f"ftp {port}/tcp\n")
    subprocess.run(["mount", "--bind", services, "/etc/services"], check=True)
    return start(SERVERS / "usr/sbin/ftpd", "-D", "-l")


def busybox(port):
    program = SERVERS / "busybox"
    return start(program, "tcpsvd", "-E", HOST, str(port), program, "ftpd", "-w", "-A", TREE)


SERVE = {"vsftpd": vsftpd, "proftpd": proftpd, "pure-ftpd": pure_ftpd, "pyftpdlib": pyftpdlib, "inetutils-ftpd": inetutils,
         "busybox-ftpd": busybox}


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=64m", "tmpfs", SCRATCH], check=True)
    OUT.mkdir(parents=True, exist_ok=True)
    make_tree()
    write_tree()
    add_user()
    for port, (name, serve) in enumerate(SERVE.items(), 20100):
        if NAMES and name not in NAMES:
            continue
        running = serve(port)
        try:
            record(name, port)
        except Exception as error:
            print(name, "failed:", repr(error))
        finally:
            running.terminate()
            running.wait()


main()
