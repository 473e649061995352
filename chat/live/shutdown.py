"""Orderly shutdown under Daphne."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any


def before_daphne_ends(say: Callable[[], Awaitable[None]]) -> None:
    """Have Daphne call `say` and wait for it before it ends; does nothing on another server.

    Daphne 4.2 cancels its applications when it ends, but stumbles over the first connection that has just become a
    socket (no `application_instance`), and then drops the others without a close frame.
    """
    # looked up and not imported: importing the reactor installs one
    if "twisted.internet.reactor" not in sys.modules:
        return
    from twisted.internet import defer, reactor

    running: Any = reactor
    running.addSystemEventTrigger("before", "shutdown", lambda: defer.Deferred.fromFuture(asyncio.ensure_future(say())))
