"""“View as a student of group X on day D”, stored only in the session of staff."""

from datetime import datetime

from django.http import HttpRequest

from learning.enrollment.access import Viewing

KEY = "viewing"


def start_viewing(request: HttpRequest, viewing: Viewing) -> None:
    request.session[KEY] = [viewing.course_id, viewing.group_id, viewing.at.isoformat()]


def stop_viewing(request: HttpRequest) -> None:
    request.session.pop(KEY, None)


def viewing_of(request: HttpRequest | None, course_id: int) -> Viewing | None:
    """How the person of this request views the course, or None: as themselves. `access` checks whether they may."""
    session = getattr(request, "session", None)
    kept = session.get(KEY) if session is not None else None
    if not kept or kept[0] != course_id:
        return None
    return Viewing(course_id, kept[1], datetime.fromisoformat(kept[2]))
