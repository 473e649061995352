"""How the live part asks the database: from threads, whose connections are looked after, and once a second for all."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from threading import local
from time import monotonic
from typing import Any, TypeVar

from django.contrib.sessions.models import Session
from django.db import close_old_connections, connection
from django.utils import timezone

from chat.live.connection import Connection
from chat.rooms.access import padded_keys, standings_and_positions
from learning.accounts.models import User
from learning.base.compiled import CompiledQuery

T = TypeVar("T")
CHECKED_EVERY = 5.0  # seconds


class _Checked(local):
    """When this thread last saw that its connection to the database is good."""

    at = 0.0


_checked = _Checked()


def with_connection(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call `work` in a thread of a pool; check the thread's connection every few seconds and after each error."""
    now = monotonic()
    if now - _checked.at > CHECKED_EVERY or connection.errors_occurred:
        # Django does this only around requests: a thread of a pool would keep a broken connection
        close_old_connections()
        _checked.at = now
    return work(*args, **kwargs)


# the time is an argument: inside the compiled SQL it would stay that of the first use
_session_rows = CompiledQuery(
    lambda keys, now: Session.objects.filter(session_key__among=keys, expire_date__gt=now).values_list("session_key")
)
_password_rows = CompiledQuery(
    lambda ids: User.objects.filter(pk__among=ids, is_active=True).order_by().values_list("pk", "password")
)


class Check:
    """What the database says of the people of a process and the rooms that it follows: three queries for all."""

    def __init__(self, here: Iterable[Connection], rooms: set[int]) -> None:
        here = list(here)
        # The event loop changes these sets while this thread runs; unpacking copies each in one step under the GIL.
        pairs = {(one.user_id, room_id) for one in here for room_id in (*one.rooms, *one.watched)}
        standings, self.positions = standings_and_positions(pairs, rooms)
        self.outside = standings.outside(pairs)  # (person, room): who may no longer be there
        self.moderators: dict[int, set[int]] = defaultdict(set)  # of each room
        for user_id, room_id in standings.moderating(pairs):
            self.moderators[room_id].add(user_id)
        self.silent: dict[int, set[int]] = defaultdict(set)  # who may not write, by room
        for user_id, room_id in standings.silent(pairs):
            self.silent[room_id].add(user_id)
        sessions = {key for (key,) in _session_rows.rows(padded_keys(one.session_key for one in here), timezone.now())}
        passwords: dict[int, str] = dict(_password_rows.rows(padded_keys(one.user_id for one in here)))  # type: ignore[arg-type]
        # logged out, deactivated, or with another password than the session began with
        self.ended = [
            one for one in here if one.session_key not in sessions or passwords.get(one.user_id) != one.password
        ]
