"""Statuses of an enrolment and the allowed changes between them."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Status(TextChoices):
    REQUESTED = "requested", _("Requested")
    WAITLISTED = "waitlisted", _("On the waiting list")
    ACTIVE = "active", pgettext_lazy("enrolment", "Active")
    COMPLETED = "completed", _("Completed")
    PAUSED = "paused", _("Paused")
    LEFT = "left", _("Left")
    REMOVED = "removed", _("Removed")
    DECLINED = "declined", _("Declined")
    EXPIRED = "expired", _("Expired")


READING = frozenset({Status.ACTIVE, Status.COMPLETED})
# A paused student comes back to their seat, and a completed one still reads: both keep it.
SEATED = frozenset({Status.ACTIVE, Status.COMPLETED, Status.PAUSED})
PENDING = frozenset({Status.REQUESTED, Status.WAITLISTED})
IN_GROUP = SEATED | PENDING  # who takes a place of a study group
# From here a student may enrol again; from the other ended statuses only staff bring them back.
REJOINABLE = frozenset({Status.LEFT})
LEAVABLE = frozenset({Status.REQUESTED, Status.WAITLISTED, Status.ACTIVE, Status.COMPLETED})


class By(TextChoices):
    """Who makes a change."""

    STUDENT = "student", _("the student")
    STAFF = "staff", _("staff")
    SYSTEM = "system", _("the system")


_S, _T, _Y = By.STUDENT, By.STAFF, By.SYSTEM

# (from, to) → who may. `None` is an enrolment that does not exist yet. No other step is allowed.
TRANSITIONS: dict[tuple[Status | None, Status], frozenset[By]] = {
    (None, Status.ACTIVE): frozenset({_S, _T}),
    (None, Status.REQUESTED): frozenset({_S}),
    (None, Status.WAITLISTED): frozenset({_S}),
    (Status.REQUESTED, Status.ACTIVE): frozenset({_T}),
    (Status.REQUESTED, Status.DECLINED): frozenset({_T}),
    (Status.REQUESTED, Status.LEFT): frozenset({_S}),
    (Status.WAITLISTED, Status.ACTIVE): frozenset({_T, _Y}),
    (Status.WAITLISTED, Status.LEFT): frozenset({_S}),
    (Status.ACTIVE, Status.COMPLETED): frozenset({_S, _T, _Y}),
    (Status.ACTIVE, Status.PAUSED): frozenset({_T}),
    (Status.ACTIVE, Status.LEFT): frozenset({_S}),
    (Status.ACTIVE, Status.REMOVED): frozenset({_T}),
    # only ACTIVE expires: who has completed the course reads on after its end
    (Status.ACTIVE, Status.EXPIRED): frozenset({_Y}),
    # no step back to ACTIVE: lessons that are added later take no completion away; only `undo` does
    (Status.COMPLETED, Status.LEFT): frozenset({_S}),
    (Status.COMPLETED, Status.REMOVED): frozenset({_T}),
    (Status.PAUSED, Status.ACTIVE): frozenset({_T}),
    (Status.PAUSED, Status.REMOVED): frozenset({_T}),
    # students only: staff cannot bring back who has left by their own wish
    (Status.LEFT, Status.ACTIVE): frozenset({_S}),
    (Status.LEFT, Status.REQUESTED): frozenset({_S}),
    (Status.LEFT, Status.WAITLISTED): frozenset({_S}),
    (Status.REMOVED, Status.ACTIVE): frozenset({_T}),
    (Status.DECLINED, Status.ACTIVE): frozenset({_T}),
    (Status.EXPIRED, Status.ACTIVE): frozenset({_T}),
}

# What a change by staff means for the student; shown before it is made.
EFFECTS = {
    Status.ACTIVE: _("They can read the lessons, and a seat is taken."),
    Status.COMPLETED: _("The course counts as completed for good, even if lessons are not done."),
    Status.PAUSED: _("They cannot read the lessons until someone makes them active again; the seat stays theirs."),
    Status.REMOVED: _("They lose access at once, and the seat goes to the next one. Only staff can bring them back."),
    Status.DECLINED: _("The request is turned down. Only staff can bring them back."),
}


def is_allowed_transition(before: Status | None, after: Status, by: By) -> bool:
    """Whether students, staff or the system (`by`) may make this step."""
    return by in TRANSITIONS.get((before, after), frozenset())


def staff_choices(before: Status) -> list[Status]:
    """The statuses to which staff may change an enrolment from this one."""
    return [after for (start, after), who in TRANSITIONS.items() if start == before and By.STAFF in who]
