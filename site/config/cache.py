"""A Redis cache that tolerates outages: while Redis is away the cache is empty, and raises no error."""

import logging
from typing import Any

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis import exceptions

logger = logging.getLogger("parta.cache")


def _forgiving(name: str, when_away: Any) -> Any:
    original = getattr(RedisCacheClient, name)

    def call(self: RedisCacheClient, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        # errors of the connection alone: a wrong command is a mistake of ours and must be seen
        except (exceptions.ConnectionError, exceptions.TimeoutError) as error:
            logger.warning("cache is away (%s): %s", name, error)
            return when_away(args, kwargs) if callable(when_away) else when_away

    return call


class ForgivingClient(RedisCacheClient):
    """Answers like an empty cache while Redis cannot be reached, so that pages go on (promise 33)."""

    # True: with False, allauth would wait a second for its lock and then refuse the log-in
    add = _forgiving("add", True)
    get = _forgiving("get", lambda args, kwargs: kwargs.get("default", args[1] if len(args) > 1 else None))
    set = _forgiving("set", None)
    touch = _forgiving("touch", False)
    delete = _forgiving("delete", False)
    get_many = _forgiving("get_many", lambda args, kwargs: {})
    has_key = _forgiving("has_key", False)
    incr = _forgiving("incr", lambda args, kwargs: args[1] if len(args) > 1 else 1)
    set_many = _forgiving("set_many", None)
    delete_many = _forgiving("delete_many", None)
    clear = _forgiving("clear", False)


class ForgivingRedisCache(RedisCache):
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = ForgivingClient
