"""Keeping what is costly to make: in the process first, in the shared cache behind it.

A key always bears what the thing was made from (a revision, a stamp of the row), so nothing is
ever deleted here: what is out of date is simply not asked for again.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from cachetools import LRUCache, TTLCache, cached
from cachetools.keys import hashkey
from django.core.cache import cache

T = TypeVar("T")
_SECONDS = 24 * 3600
_ENTRIES = 1024

_near: LRUCache[Any, Any] = LRUCache(_ENTRIES)
_lock = Lock()
_NOTHING = object()
_NOTHING_FAR = "\0nothing"
_brief: list[TTLCache[Any, Any]] = []


def kept_near(key: tuple[Any, ...], make: Callable[[], T]) -> T:
    """The thing of this key in this process, made when it is not here. It is shared: nobody may change it."""
    with _lock:
        found = _near.get(key, _NOTHING)
    if found is _NOTHING:
        found = make()
        with _lock:
            _near[key] = found
    return found  # type: ignore[return-value]


def kept(key: tuple[Any, ...], make: Callable[[], T]) -> T:
    """As `kept_near`, asking the cache that all processes share before making it."""

    def look_far() -> T:
        far = ":".join(str(part) for part in key).replace(" ", "_")
        found = cache.get(far, _NOTHING_FAR)
        if found == _NOTHING_FAR:
            found = make()
            cache.set(far, found, _SECONDS)
        return found

    return kept_near(key, look_far)


def kept_for(
    *, seconds: float, entries: int = 4096, key: Callable[..., Any] = hashkey
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """A function whose answers are kept in this process for a little while: for hints, never for rights."""

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        answers: TTLCache[Any, T] = TTLCache(entries, seconds)
        _brief.append(answers)
        return cached(answers, key=key, lock=Lock())(function)

    return decorate


def forget_all() -> None:
    """For tests, whose databases come and go under the same keys."""
    with _lock:
        _near.clear()
    for answers in _brief:
        answers.clear()
