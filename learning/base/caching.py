"""Caching of values that are costly to compute, in two levels: in this process, and in the cache of all processes.

A key contains what the value was computed from (a revision, the time of the last change), so nothing is deleted
here: an outdated value is never asked for again.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from cachetools import LRUCache, TTLCache, cached
from cachetools.keys import hashkey
from django.core.cache import cache

T = TypeVar("T")
# outdated values are not deleted: they leave the shared cache after a day
SHARED_SECONDS = 24 * 3600
MAX_ENTRIES = 1024

_in_process: LRUCache[Any, Any] = LRUCache(MAX_ENTRIES)
_lock = Lock()
_MISSING = object()
_MISSING_SHARED = "\0missing"  # the shared cache stores values by pickling: an object would not be the same
_for_seconds: list[TTLCache[Any, Any]] = []


def cached_in_process(key: tuple[Any, ...], compute: Callable[[], T]) -> T:
    """Return the value cached in this process, computing it on a miss. Callers share it and must not change it."""
    # reading changes an LRUCache too (what was used last), so it also needs the lock
    with _lock:
        found = _in_process.get(key, _MISSING)
    if found is _MISSING:
        # outside the lock: a slow computation must not hold up other keys; two threads may compute the same value once
        found = compute()
        with _lock:
            _in_process[key] = found
    return found  # type: ignore[return-value]


def cached_shared(key: tuple[Any, ...], compute: Callable[[], T]) -> T:
    """As `cached_in_process`, with the cache of all processes asked before computing."""

    def ask_shared_cache() -> T:
        # Django warns of a space in a key, for every kind of cache
        shared_key = ":".join(str(part) for part in key).replace(" ", "_")
        found = cache.get(shared_key, _MISSING_SHARED)
        if found == _MISSING_SHARED:
            found = compute()
            cache.set(shared_key, found, SHARED_SECONDS)
        return found

    return cached_in_process(key, ask_shared_cache)


def cached_for(
    *, seconds: float, entries: int = 4096, key: Callable[..., Any] = hashkey
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Decorate a function whose results are cached in this process for some seconds: for hints, never for rights."""

    def decorate(function: Callable[..., T]) -> Callable[..., T]:
        results: TTLCache[Any, T] = TTLCache(entries, seconds)
        _for_seconds.append(results)
        return cached(results, key=key, lock=Lock())(function)

    return decorate


def clear_caches() -> None:
    """Clear the caches of this process. For tests, whose databases come and go under the same keys."""
    with _lock:
        _in_process.clear()
    for results in _for_seconds:
        results.clear()
