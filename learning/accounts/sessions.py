"""The session engine: Django's sessions in the database."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from learning.base.compiled import CompiledQuery

_data_rows = CompiledQuery(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now).values_list("session_data")
)


class SessionStore(DatabaseStore):
    """As Django's; a session is read by a compiled query, since every page asks for it."""

    def load(self) -> dict[str, Any]:
        rows = _data_rows.rows(self.session_key, timezone.now())
        # Django's `load` then forgets an unknown key: a visitor cannot choose the key of a session
        return self.decode(rows[0][0]) if rows else super().load()
