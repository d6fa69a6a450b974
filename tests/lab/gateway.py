"""What the kernel hasn't: a router's program that sits in the control connection (an application-level gateway), and a NAT64.

    gateway.py WHAT PORT

nft redirects connections here; where they were to go the kernel tells (SO_ORIGINAL_DST). WHAT is one of:

mangling  damages the address in a 227, as gateways do that count bytes wrong
opening   reads the port in a 227 and lets it through the firewall; knows nothing of EPSV
p@sw      spoils PASV, so that nobody goes passive
nat64     leads 64:ff9b::a.b.c.d to a.b.c.d (RFC 6052), for control and data connections, and reads nothing

Under TLS it passes on what it can't read.
"""

import asyncio
import contextlib
import ipaddress
import re
import socket
import struct
import subprocess
import sys

SO_ORIGINAL_DST = 80
SOL_IPV6 = 41
PASSIVE = re.compile(rb"(227 [^\r\n]*?\(\d+,\d+,\d+,\d+,)(\d+),(\d+)\)")


def mangling(reply):
    return PASSIVE.sub(rb"\1\2", reply)


def opening(reply):
    for match in PASSIVE.finditer(reply):
        port = int(match[2]) * 256 + int(match[3])
        subprocess.run(["nft", "add", "element", "inet", "filter", "opened", f"{{ {port} }}"], check=True)
    return reply


def spoiling(command):
    return command.replace(b"PASV\r\n", b"P@SW\r\n")


def unread(data):
    return data


# What becomes of the client's bytes, and of the server's.
KINDS = {"mangling": (unread, mangling), "opening": (unread, opening), "p@sw": (spoiling, unread), "nat64": (unread, unread)}


def destination(connection):
    """Where it was to go."""
    if connection.family == socket.AF_INET6:
        address = connection.getsockopt(SOL_IPV6, SO_ORIGINAL_DST, 28)
        return str(ipaddress.IPv4Address(address[20:24])), struct.unpack("!H", address[2:4])[0]
    address = connection.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    return str(ipaddress.IPv4Address(address[4:8])), struct.unpack("!H", address[2:4])[0]


class Session:
    def __init__(self, kind):
        self.commands, self.replies = KINDS[kind]
        self.is_secret = False

    async def serve(self, reader, writer):
        # A client that is gone, or a server that isn't there: the other end is told by the close.
        with contextlib.suppress(OSError):
            further, server = await asyncio.open_connection(*destination(writer.get_extra_info("socket")))
            await asyncio.gather(self.passed(reader, server, self.commands), self.passed(further, writer, self.replies))
            server.close()
        writer.close()

    async def passed(self, source, sink, change):
        while data := await source.read(1 << 16):
            # A command or a reply comes whole: they are short, and nobody waits between its bytes.
            sink.write(data if self.is_secret else change(data))
            self.is_secret = self.is_secret or data.startswith(b"234")
            await sink.drain()
        with contextlib.suppress(OSError):
            sink.write_eof()


async def main():
    kind, port = sys.argv[1], int(sys.argv[2])
    host = "::" if kind == "nat64" else "0.0.0.0"
    server = await asyncio.start_server(lambda *ends: Session(kind).serve(*ends), host, port)
    print("listening", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
