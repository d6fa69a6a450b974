"""An FTP client of aioftp's; `script.py` says how it is called."""

import asyncio
import os
import ssl

import aioftp
from aioftp.client import SSLSessionBoundContext
from aioftp.common import async_enterable
from script import BEFORE_ABORT, blocks, check, context, parsed_arguments, show, unwire, wire


class Client(aioftp.Client):
    """Prints the dialogue."""

    async def _open_connection(self, host, port):
        if self._stream is None:
            return await super()._open_connection(host, port)
        return await asyncio.wait_for(asyncio.open_connection(host, port), 15)

    @async_enterable
    async def get_stream(self, *arguments, **options):
        """aioftp itself waits for TLS on a data connection before it says what is to be done there. Servers begin
        with TLS after that (RFC 4217, 12.5; vsftpd, proftpd and pure-ftpd as we do), so it would wait for ever."""
        stream = await super().get_stream(*arguments, **options)
        control = self.stream.writer.transport.get_extra_info("ssl_object")
        if control is not None:
            bound = SSLSessionBoundContext(ssl.PROTOCOL_TLS_CLIENT, context=control.context, session=control.session)
            await stream.start_tls(sslcontext=bound, server_hostname=self.server_host)
        return stream

    async def command(self, command=None, *arguments, **options):
        if command:
            show(b"> ", "PASS ..." if command.startswith("PASS ") else command)
        return await super().command(command, *arguments, **options)

    async def parse_line(self):
        code, rest = await super().parse_line()
        show(b"< ", code + rest)
        return code, rest


async def main():
    arguments = parsed_arguments(ACTIONS)
    implicit = context(arguments) if arguments.tls == "implicit" else None
    commands = [arguments.mode.lower()]
    client = Client(encoding="latin-1", passive_commands=commands, ssl=implicit, socket_timeout=15)
    await client.connect(arguments.host, arguments.port)
    if arguments.tls == "explicit":
        await client.upgrade_to_tls(context(arguments))
    await client.login(arguments.user, arguments.password)
    await ACTIONS[arguments.action](client, *arguments.arguments)
    await client.quit()


async def names_in(client, folder, **options):
    return sorted(path.name for path, info in await client.list(wire(folder), **options) if info["type"] == "file")


async def list_folder(client, folder):
    """By MLSD, and LIST has to say the same."""
    names = await names_in(client, folder)
    check(await names_in(client, folder, raw_command="LIST") == names, "LIST differs from MLSD")
    for name in names:
        show(b"", name)


async def get(client, remote, local, offset=0):
    with open(local, "ab" if offset else "wb") as file:
        async with client.download_stream(wire(remote), offset=offset) as stream:
            async for block in stream.iter_by_block():
                file.write(block)


async def put(client, local, remote, offset=0, stream=None):
    with open(local, "rb") as file:
        file.seek(offset)
        async with stream or client.upload_stream(wire(remote), offset=offset) as stream:
            for block in blocks(file):
                await stream.write(block)


async def resume_get(client, remote, local):
    await get(client, remote, local, os.path.getsize(local))


async def resume_put(client, local, remote):
    size = int((await client.stat(wire(remote)))["size"])
    await put(client, local, remote, size)


async def append(client, local, remote):
    await put(client, local, remote, stream=client.append_stream(wire(remote)))


async def get_all(client, folder, local):
    for name in await names_in(client, folder):
        await get(client, f"{folder}/{unwire(name)}", os.path.join(local, unwire(name)))


async def abort_get(client, remote, pipe, next_remote, next_local):
    stream = await client.download_stream(wire(remote))
    with open(pipe, "wb") as file:
        came = 0
        while came < BEFORE_ABORT:
            block = await stream.read(BEFORE_ABORT - came)
            check(block, "the file ended")
            came += file.write(block)
    await client.abort()
    stream.close()
    await get(client, next_remote, next_local)


async def abort_put(client, pipe, remote, next_local, next_remote):
    stream = await client.upload_stream(wire(remote))
    with open(pipe, "rb", buffering=0) as file:
        sent = 0
        for block in blocks(file):
            await stream.write(block)
            sent += len(block)
            if sent >= BEFORE_ABORT:
                break
    await client.abort()
    stream.close()
    await put(client, next_local, next_remote)


async def rename(client, old, new):
    await client.rename(wire(old), wire(new))


async def delete(client, path):
    await client.remove_file(wire(path))


async def make_directory(client, folder):
    await client.make_directory(wire(folder), parents=False)


ACTIONS = {
    "list": list_folder,
    "get": get,
    "put": put,
    "resume-get": resume_get,
    "resume-put": resume_put,
    "append": append,
    "get-all": get_all,
    "abort-get": abort_get,
    "abort-put": abort_put,
    "rename": rename,
    "delete": delete,
    "mkdir": make_directory,
}

if __name__ == "__main__":
    asyncio.run(main())
