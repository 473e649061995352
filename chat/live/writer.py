"""Stores the messages of one process: all that its sockets send meanwhile goes into the next transaction together."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.utils.translation import gettext_lazy as _

from chat.rooms.frames import ChatError
from chat.rooms.posting import Answer, Draft, post_messages

MOST_AT_ONCE = 100
MOST_WAITING = 5000

log = logging.getLogger("parta.chat")


def unavailable() -> ChatError:
    return ChatError("unavailable", _("The school cannot store this just now. It will be sent again."), 1.0)


class Writer:
    def __init__(self, in_database: Callable[..., Awaitable[Any]]) -> None:
        self._in_database = in_database
        self._waiting: deque[tuple[Draft, asyncio.Future[Answer]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    def write(self, draft: Draft) -> asyncio.Future[Answer]:
        """Write it in its turn; the answer comes when it is committed or refused."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= MOST_WAITING:
            answer.set_result(unavailable())
            return answer
        self._waiting.append((draft, answer))
        # one batch at a time: messages of a socket are stored in the order in which they were sent
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return answer

    async def _write_all(self) -> None:
        while self._waiting:
            count = min(MOST_AT_ONCE, len(self._waiting))
            batch = [self._waiting.popleft() for _place in range(count)]
            answers = await self._answers([draft for draft, _answer in batch])
            for (_draft, waiting), answer in zip(batch, answers, strict=True):
                if not waiting.done():
                    waiting.set_result(answer)

    async def _answers(self, drafts: list[Draft]) -> list[Answer]:
        try:
            return await self._in_database(post_messages, drafts)
        except (DatabaseError, InterfaceError):
            return [unavailable()] * len(drafts)
        except Exception:
            if len(drafts) > 1:  # one of them causes the error: store the others without it
                return [(await self._answers([draft]))[0] for draft in drafts]
            log.exception("A message could not be stored.")
            return [unavailable()]
