"""Invitation actions: addresses that may enrol, or are enrolled when their owners sign up."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from learning.accounts.actions import record
from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.enrollment import deeds
from learning.enrollment.actions import enroll_by_staff
from learning.enrollment.models import Invitation
from learning.enrollment.notices import queue_invitation_mail
from learning.enrollment.seats import EnrollmentError

PAUSE = timedelta(minutes=10)  # between two mails of one invitation

logger = logging.getLogger("parta.enrollment")


@transaction.atomic
def invite(
    *,
    course: CoursePage,
    email: str,
    actor: User | None,
    name: str = "",
    group_id: int | None = None,
    enrols: bool = False,
) -> tuple[Invitation, bool]:
    """Let an address enrol, and tell it so once; with `enrols` it is enrolled when its owner signs up.

    Returns the invitation, and whether it is new.
    """
    facts = {"invited_by": actor, "name": name[:80], "group_id": group_id, "enrols": enrols}
    invitation, created = Invitation.objects.get_or_create(course=course, email=email.strip().lower(), defaults=facts)
    if created:
        queue_invitation_mail([invitation])
    return invitation, created


@dataclass(frozen=True)
class Guest:
    """An address without an account, to be enrolled when its owner signs up."""

    email: str
    name: str = ""
    group_id: int | None = None


@transaction.atomic
def invite_many(*, course_id: int, guests: Sequence[Guest], actor: User) -> int:
    """Invite many addresses, to be enrolled at sign-up; returns how many invitations are new. Only these get mail."""
    emails = [guest.email for guest in guests]
    there = {row.email: row for row in Invitation.objects.filter(course_id=course_id, email__in=emails)}
    new = []
    for guest in guests:
        invitation = there.get(guest.email)
        if invitation is None:
            facts = {"email": guest.email, "name": guest.name[:80], "group_id": guest.group_id, "enrols": True}
            new.append(Invitation(course_id=course_id, invited_by=actor, **facts))
        else:
            invitation.enrols = True
            invitation.group_id = guest.group_id or invitation.group_id
    Invitation.objects.bulk_update(there.values(), ["enrols", "group"])
    # calls no `Invitation.save`: the addresses of `Guest` are in lower case already
    Invitation.objects.bulk_create(new)
    queue_invitation_mail(new)
    return len(new)


@transaction.atomic
def resend_invitations(*, ids: Sequence[int], actor: User) -> int:
    """Queue the mail of these invitations once more; returns of how many.

    Not of those sent in the last minutes, nor to addresses whose owner has been in the course since.
    """
    before = timezone.now() - PAUSE
    rows = Invitation.objects.select_for_update(of=("self",)).filter(pk__in=ids).open()
    found = list(rows.filter(Q(told_at=None) | Q(told_at__lt=before)))
    # the job mails only where `told_at` is empty, so that a job run twice mails once (promise 35)
    Invitation.objects.filter(pk__in=[row.pk for row in found]).update(told_at=None)
    queue_invitation_mail(found)
    _record("sent_again", (row.course_id for row in found), actor)
    return len(found)


@transaction.atomic
def withdraw_invitations(*, ids: Sequence[int], actor: User) -> int:
    """Delete these invitations; returns how many there were. Who has enrolled by one stays enrolled."""
    rows = list(Invitation.objects.select_for_update(of=("self",)).filter(pk__in=ids))
    Invitation.objects.filter(pk__in=[row.pk for row in rows]).delete()
    _record("taken_back", (row.course_id for row in rows), actor)
    return len(rows)


def _record(did: str, course_ids: Iterable[int], actor: User) -> None:
    """One entry of the audit log for each course: how many invitations, never their addresses."""
    for course_id, count in sorted(Counter(course_ids).items()):
        record(deeds.INVITATION, actor=actor, course_id=course_id, facts={"did": did, "count": count})


def accept_invitations(*, user: User) -> int:
    """Enrol a person whose address has just been confirmed wherever an invitation says so; returns how many.

    Where a course cannot take them now, the invitation stays, and the person may use it to enrol later.
    """
    waiting = Invitation.objects.filter(email=user.email.lower(), enrols=True).select_related("invited_by", "group")
    count = 0
    for invitation in waiting:
        course = CoursePage.objects.filter(pk=invitation.course_id).first()
        if course is None:
            continue
        try:
            # a transaction for each: a full course does not undo the enrolments in the others
            with transaction.atomic():
                group = invitation.group_id if invitation.group and invitation.group.course_id == course.pk else None
                enroll_by_staff(user=user, course=course, actor=invitation.invited_by, group_id=group)
                # the row stays: under the policy “by invitation” the person needs it to come back
                Invitation.objects.filter(pk=invitation.pk).update(enrols=False)
            count += 1
        except EnrollmentError as error:
            logger.warning("invitation %s did not enrol its owner: %s", invitation.pk, error.code)
    return count
