"""What a lesson costs, by its status, attendance and policy; and the lines of the ledger that say so.

A lesson is charged when it is held or missed, or cancelled late. The key of a line has the lesson, the student and how
many times the lesson was charged before, so two tabs charge once, and a reopened lesson can be charged again.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from learning.accounts.models import User
from learning.tutoring import mail
from learning.tutoring.models import (
    Account,
    Attendance,
    By,
    LedgerLine,
    Lesson,
    LessonChange,
    LineKind,
    PolicyVersion,
    Presence,
    Status,
)
from learning.tutoring.money.ledger import add_line, reverse
from learning.tutoring.money.packages import usable_package

WHOLE = 100  # percent
ABSENCE = "absence"  # begins the keys of what calling off one's own part of a group has cost


def part_of(price: int, percent: int) -> int:
    """So many percent of a price, a half rounded up."""
    return (price * percent + 50) // WHOLE


def percent_given(attendance: Attendance, lesson: Lesson, presence: str = "") -> int:
    """The share of the price that a held or missed lesson costs this student, or would cost with this presence."""
    presence = presence or attendance.presence
    if presence == Presence.EXCUSED:
        return 0
    if lesson.status == Status.MISSED or presence == Presence.ABSENT:
        return int(lesson.policy.missed_percent)
    return WHOLE


def late_cancellations(lesson: Lesson, student_id: int) -> QuerySet[Lesson]:
    """The other lessons that this student has cancelled too late, in the period in which some are free."""
    rows = Lesson.objects.filter(
        project_id=lesson.project_id,
        attendances__student=student_id,
        status=Status.CANCELLED,
        cancelled_by=By.STUDENT,
    ).exclude(pk=lesson.pk)
    if lesson.policy.free_late_in == PolicyVersion.Period.MONTH:
        first, following = _month_of(lesson)
        rows = rows.filter(starts_at__gte=first, starts_at__lt=following)
    return rows


def _called_off(lesson: Lesson, student_id: int) -> list[LessonChange]:
    """When this student has called off their part of other lessons of a group, in the same period."""
    rows = LessonChange.objects.filter(
        kind=LessonChange.Kind.PRESENCE,
        actor_id=student_id,
        after=f"{student_id}:{Presence.EXCUSED}",
        lesson__project_id=lesson.project_id,
    ).exclude(lesson=lesson)
    if lesson.policy.free_late_in == PolicyVersion.Period.MONTH:
        first, following = _month_of(lesson)
        rows = rows.filter(lesson__starts_at__gte=first, lesson__starts_at__lt=following)
    return list(rows.select_related("lesson"))


def _month_of(lesson: Lesson) -> tuple[datetime, datetime]:
    """The month of a lesson in the zone of its project."""
    local = lesson.starts_at.astimezone(lesson.project.zone)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, (first + timedelta(days=32)).replace(day=1)


def percent_of_cancelling(lesson: Lesson, student_id: int, notice: timedelta) -> int:
    """The share of the price that it costs a student to cancel with this notice."""
    policy = lesson.policy
    if policy.is_free(notice):
        return 0
    notices = [one.notice for one in late_cancellations(lesson, student_id)]
    notices += [change.lesson.starts_at - change.at for change in _called_off(lesson, student_id)]
    used = len([given for given in notices if given is not None and not policy.is_free(given)])
    return 0 if used < policy.free_late else int(policy.late_percent)


def charge_given(lesson: Lesson, actor: User | None, students: Collection[int] | None = None) -> list[LedgerLine]:
    """Charge a held or missed lesson to everyone who pays for it, or for these students. Lock the lesson before."""
    rows = list(Attendance.objects.filter(lesson=lesson).order_by("pk"))
    if students is not None:
        rows = [row for row in rows if row.student_id in students]
    return _charge(lesson, [(row, percent_given(row, lesson)) for row in rows], actor)


def charge_cancelled(lesson: Lesson, actor: User | None) -> list[LedgerLine]:
    """Charge a lesson that a student has cancelled late, or give back a part where the teacher has."""
    notice = lesson.notice
    if notice is None or lesson.cancelled_by == By.SCHEDULE:
        return []
    # who has called off their part of a group has paid what that costs
    rows = list(Attendance.objects.filter(lesson=lesson).exclude(presence=Presence.EXCUSED).order_by("pk"))
    if lesson.cancelled_by == By.STUDENT:
        return _charge(lesson, [(row, percent_of_cancelling(lesson, row.student_id, notice)) for row in rows], actor)
    if lesson.policy.is_free(notice) or not lesson.policy.teacher_percent:
        return []
    return _give_back(lesson, rows, actor)


def charge_absence(lesson: Lesson, attendance: Attendance, percent: int, actor: User | None) -> list[LedgerLine]:
    """Charge one student of a group who has called off their own part. It stays when the lesson is reopened."""
    return _charge(lesson, [(attendance, percent)], actor, prefix=ABSENCE)


def _accounts(lesson: Lesson, rows: list[Attendance]) -> dict[int, Account]:
    # a lesson that was charged before its project changed hands stays in the ledger of its first teacher
    owners = LedgerLine.objects.filter(lesson=lesson).values_list("account__teacher_id", flat=True)
    owner = owners.first() or lesson.project.teacher_id
    return Account.objects.lock(owner, {row.payer_id for row in rows})


def _key(lesson: Lesson, student_id: int, prefix: str = "lesson") -> str:
    return f"{prefix}:{lesson.pk}:{student_id}:{lesson.charging}"


def _charge(
    lesson: Lesson, shares: list[tuple[Attendance, int]], actor: User | None, prefix: str = "lesson"
) -> list[LedgerLine]:
    shares = [(row, percent) for row, percent in shares if percent]
    if not shares:
        return []
    accounts = _accounts(lesson, [row for row, _percent in shares])
    day = lesson.local_date
    lines = []
    for row, percent in shares:
        account = accounts[row.payer_id]
        facts: dict[str, Any] = {
            "lesson": lesson,
            "student_id": row.student_id,
            "percent": percent,
            # who has called off their part of a group has cancelled, also where the lesson took place
            "lesson_status": Status.CANCELLED if prefix == ABSENCE else lesson.status,
            "day": day,
            "actor": actor,
        }
        # a part of a lesson is no part of a unit: it costs money
        package = usable_package(account, lesson.project_id, lesson.minutes, day) if percent == WHOLE else None
        if package is not None:
            found, units = package
            line = add_line(
                account,
                kind=LineKind.UNIT,
                amount=0,
                currency=found.currency,
                key=_key(lesson, row.student_id, prefix),
                package=found,
                units=-units,
                **facts,
            )
            if found.left - units == 1:
                mail.tell_of_last_unit(found)
        elif amount := part_of(lesson.price, percent):
            line = add_line(
                account,
                kind=LineKind.CHARGE,
                amount=-amount,
                currency=lesson.currency,
                key=_key(lesson, row.student_id, prefix),
                **facts,
            )
        else:
            continue
        lines.append(line)
    return lines


def _give_back(lesson: Lesson, rows: list[Attendance], actor: User | None) -> list[LedgerLine]:
    amount = part_of(lesson.price, lesson.policy.teacher_percent)
    if not amount or not rows:
        return []
    accounts = _accounts(lesson, rows)
    return [
        add_line(
            accounts[row.payer_id],
            kind=LineKind.ADJUSTMENT,
            amount=amount,
            currency=lesson.currency,
            key=_key(lesson, row.student_id),
            day=lesson.local_date,
            actor=actor,
            lesson=lesson,
            student_id=row.student_id,
            percent=lesson.policy.teacher_percent,
            lesson_status=lesson.status,
        )
        for row in rows
    ]


def uncharge_absence(lesson: Lesson, student_id: int, actor: User | None) -> None:
    """Give back what calling off their part had cost a student who came after all."""
    own = LedgerLine.objects.filter(lesson=lesson, student_id=student_id, key__startswith=f"{ABSENCE}:")
    for line in own.filter(reverses=None, reversed_by=None).select_related("account", "package"):
        Account.objects.lock(line.account.teacher_id, [line.account.payer_id])
        reverse(line, day=line.day, actor=actor)


def uncharge(lesson: Lesson, actor: User | None, students: Collection[int] | None = None) -> list[LedgerLine]:
    """Compensate the lines of the lesson, or of these students, and let it be charged again. Lock the lesson before."""
    own = LedgerLine.objects.filter(lesson=lesson, reverses=None, reversed_by=None)
    own = own.exclude(key__startswith=f"{ABSENCE}:")
    if students is not None:
        own = own.filter(student_id__in=students)
    # locked in the order of their ids, as `Account.objects.lock` does
    list(Account.objects.select_for_update().filter(pk__in=own.values("account_id")).order_by("pk"))
    lines = list(own.select_related("account", "package").order_by("account_id", "pk"))
    reversals = [reverse(line, day=line.day, actor=actor) for line in lines]
    lesson.charging += 1
    lesson.save(update_fields=["charging"])
    return reversals
