"""Orderly shutdown under Daphne."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any


def before_daphne_ends(say: Callable[[], Awaitable[None]]) -> None:
    """Have this said, and waited for, before Daphne ends; on another server nothing.

    Daphne 4.2 cancels its applications when it ends, but stumbles over the first connection that has just become a
    socket (no `application_instance`), and then drops the others without a word.
    """
    if "twisted.internet.reactor" not in sys.modules:
        return
    from twisted.internet import defer, reactor

    running: Any = reactor
    running.addSystemEventTrigger("before", "shutdown", lambda: defer.Deferred.fromFuture(asyncio.ensure_future(say())))
