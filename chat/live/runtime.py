"""What the sockets and rooms of one process share: threads for the database, tasks, and how fresh the last check is."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from chat.live.database import with_connection

T = TypeVar("T")
THREADS = 4
FRESH = 2.0  # seconds after a check of who may be in the rooms; then nothing is passed on before another one


class Runtime:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="chat-db")
        # neither the check of each second nor writing waits behind readers
        self.check_pool = ThreadPoolExecutor(1, thread_name_prefix="chat-check")
        self.writer_pool = ThreadPoolExecutor(1, thread_name_prefix="chat-writer")
        self.checked_at = monotonic()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def is_checked(self) -> bool:
        """Whether it was checked just now who may be in the rooms; otherwise nothing is passed on."""
        return monotonic() - self.checked_at <= FRESH

    async def in_database(
        self, work: Callable[..., T], *args: Any, pool: ThreadPoolExecutor | None = None, **kwargs: Any
    ) -> T:
        """Call this in a thread with a connection to the database."""
        return await self.loop.run_in_executor(pool or self.pool, partial(with_connection, work, *args, **kwargs))

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run this as a task of its own, which is kept until it ends."""
        task = self.loop.create_task(work)
        # asyncio keeps only weak references: without this a task may be collected before it ends
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
