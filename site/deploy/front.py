"""A proxy before web and sockets for local use, in place of NGINX in production.

Looks at the first line of each connection, gives `/ws/` to Daphne and the rest to gunicorn, and then only copies
bytes: `front.py PORT WEB_PORT SOCKETS_PORT`.
"""

import asyncio
import contextlib
import signal
import sys

HOST = "127.0.0.1"
FIRST_LINE = 16 * 1024  # bytes
CHUNK = 64 * 1024
PATIENCE = 30  # seconds to wait for the first line
BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"


async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy bytes from one connection to the other until the end."""
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()
        # only this direction ends: the other may still have bytes to bring
        target.write_eof()


class Front:
    def __init__(self, web_port: int, sockets_port: int) -> None:
        self.web_port, self.sockets_port = web_port, sockets_port

    def port_for(self, first_line: bytes) -> int:
        parts = first_line.split(b" ")
        return self.sockets_port if len(parts) > 1 and parts[1].startswith(b"/ws/") else self.web_port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind: asyncio.StreamWriter | None = None
        try:
            first_line = await asyncio.wait_for(reader.readline(), PATIENCE)
            if not first_line:
                return
            try:
                answers, behind = await asyncio.open_connection(HOST, self.port_for(first_line), limit=CHUNK)
            except OSError:
                writer.write(BAD_GATEWAY)
                return
            behind.write(first_line)
            there = asyncio.create_task(carry(reader, behind))
            await carry(answers, writer)
            there.cancel()
        except (OSError, ValueError, TimeoutError):
            pass  # the client closed the connection, or sent nothing that could be forwarded
        finally:
            for end in (behind, writer):
                if end is not None:
                    with contextlib.suppress(OSError, RuntimeError):
                        end.close()


async def main(port: int, web_port: int, sockets_port: int) -> None:
    server = await asyncio.start_server(Front(web_port, sockets_port).serve, HOST, port, limit=FIRST_LINE, backlog=1024)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:4])))
