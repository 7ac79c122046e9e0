"""Puts a round trip between a client and a server on loopback: delay.py LISTEN TARGET MS.

For kernels without netem. The kernel of this machine accepts at once, so the round trip of the TCP
handshake is added before the first byte; TLS clients speak first, and cannot tell the difference.
"""
import asyncio
import sys

listen, target, half = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 2000


async def pump(reader, writer, first):
    """Hands on what comes, each piece half a round trip after it came."""
    queue = asyncio.Queue()

    async def send():
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not data:
                break
            writer.write(data)
        writer.close()

    loop = asyncio.get_running_loop()
    sender = asyncio.create_task(send())
    start = loop.time() + first
    while True:
        try:
            data = await reader.read(65536)
        except OSError:
            data = b""
        queue.put_nowait((max(start, loop.time()) + half, data))
        if not data:
            break
    await sender


async def serve(reader, writer):
    try:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", target)
    except OSError:
        writer.close()
        return
    await asyncio.gather(pump(reader, to_writer, 2 * half), pump(to_reader, writer, 0), return_exceptions=True)


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", listen, backlog=500)
    async with server:
        await server.serve_forever()


asyncio.run(main())
