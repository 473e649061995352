"""The least that fans out through Redis: one subscription for each room, the same frame for all its sockets."""

import asyncio
import os
from collections import defaultdict

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

rooms: dict[str, set[ServerConnection]] = defaultdict(set)


async def listen(pubsub: PubSub) -> None:
    async for message in pubsub.listen():
        if message["type"] == "message":
            broadcast(rooms[message["channel"].decode()], message["data"].decode())


async def main() -> None:
    pool = BlockingConnectionPool.from_url(os.environ["REDIS_URL"], max_connections=8, timeout=None)
    redis = Redis(connection_pool=pool)
    pubsub = redis.pubsub()
    await pubsub.subscribe("nobody")

    async def talk(socket: ServerConnection) -> None:
        assert socket.request
        room = socket.request.path.strip("/")
        if room not in rooms:
            rooms[room] = set()
            await pubsub.subscribe(room)
        rooms[room].add(socket)
        await socket.send("joined")
        try:
            async for text in socket:
                await redis.publish(room, text)
        except ConnectionClosed:
            pass
        finally:
            rooms[room].discard(socket)

    async with serve(talk, "127.0.0.1", int(os.environ["PORT"]), compression=None, open_timeout=60):
        await listen(pubsub)


if __name__ == "__main__":
    asyncio.run(main())
