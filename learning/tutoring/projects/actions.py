"""Making projects, and who takes part in them."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.tutoring import mail
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import Attendance, Goal, Lesson, LessonKind, Policy, Project, ProjectStudent, Status
from learning.tutoring.models.lessons import TAKES_TIME
from learning.tutoring.models.projects import ProjectQuerySet
from learning.tutoring.schedule.busy import ClashError, busy_of, is_clash
from learning.tutoring.schedule.writing import lock_people
from learning.tutoring.schedule.zones import change_zone

MOST_STUDENTS = 60  # of one project
CHANGED = ("taught", "level_from", "level_to", "starts_on", "ends_on", "minutes", "price", "currency", "place",
           "time_zone", "policy", "notes")  # fmt: skip
COPIED = ("taught", "level_from", "level_to", "minutes", "price", "currency", "place", "time_zone", "policy_id")


def policies_for(teacher: User) -> Any:
    """The cancellation policies that a teacher can choose: their own, and those for everyone."""
    return (Policy.objects.filter(owner=teacher) | Policy.objects.filter(owner=None)).order_by("-owner", "pk")


def kinds_for(teacher: User) -> Any:
    return LessonKind.objects.filter(owner=teacher) | LessonKind.objects.filter(owner=None)


@transaction.atomic
def create_project(*, teacher: User, taught: str, students: Iterable[tuple[str, str]] = (), **fields: Any) -> Project:
    """Make a project; `students` are (e-mail, name).

    What is not given has defaults: the teacher's zone, and policy and place of the last project. Students of a draft
    (`state`) are invited when it starts.
    """
    last = Project.objects.taught_by(teacher).order_by("-pk").first()
    if "policy" not in fields:
        fields["policy"] = last.policy if last else policies_for(teacher).first()
    fields.setdefault("time_zone", teacher.time_zone)
    fields.setdefault("place", last.place if last else "")
    project = Project(teacher=teacher, taught=taught, **fields)
    project.clean()
    project.save()
    write_label(project)
    for email, name in students:
        add_student(project=project, email=email, name=name)
    return project


def write_label(project: Project) -> None:
    """Store the name that a project has among others: what is taught, and to whom."""
    current = ProjectStudent.objects.filter(project=project).current().select_related("student").order_by("pk")
    names = [row.student.get_full_name() for row in current]
    project.label = project.taught
    if names:
        project.label = f"{project.taught}, {names[0]}" if len(names) == 1 else f"{project.taught} ({len(names)})"
    project.save(update_fields=["label"])


def account_of(email: str, name: str) -> tuple[User, bool]:
    """The account with this address, made without a password where there is none; and whether it was made.

    Its owner sets a password by the link of the invitation, which proves that the address is theirs.
    """
    email = email.strip().lower()
    person = User.objects.filter(email__iexact=email).first()
    if person is not None:
        return person, False
    try:
        with transaction.atomic():
            person = User.objects.create_user(email, display_name=name.strip()[:80] or email.partition("@")[0][:80])
    except IntegrityError:
        # the same person was added at the same moment
        return User.objects.get(email__iexact=email), False
    EmailAddress.objects.create(user=person, email=email, verified=False, primary=True)
    person.groups.add(Group.objects.get(name=Role.STUDENT))
    return person, True


@transaction.atomic
def add_student(*, project: Project, email: str, name: str = "", joined_on: date | None = None) -> ProjectStudent:
    """Add a student by their address, invited by mail; adding them again changes nothing.

    They take part in the planned lessons from `joined_on` on. Raises ClashError if they have other lessons then.
    """
    person, _is_new = account_of(email, name)
    return join(project=project, person=person, joined_on=joined_on)


@transaction.atomic
def join(*, project: Project, person: User, joined_on: date | None = None) -> ProjectStudent:
    """Have a person take part in a project, and write to them."""
    if person.pk == project.teacher_id:
        raise TutoringError("self", _("The teacher of a project cannot be its student."))
    if not person.is_active:
        raise TutoringError("inactive", _("This account is closed."))
    lock_people(project, person.pk)
    own = ProjectStudent.objects.filter(project=project)
    existing = own.filter(student=person, left_on=None).first()
    if existing is not None:
        return existing
    if own.current().count() >= MOST_STUDENTS:
        raise TutoringError("too_many", _("A project has at most %(n)s students.") % {"n": MOST_STUDENTS})
    before = own.filter(student=person).order_by("-pk").first()
    row = ProjectStudent.objects.create(
        project=project,
        student=person,
        payer=before.payer if before else None,
        joined_on=joined_on or project.today,
        invited_at=timezone.now(),
    )
    _take_part(row)
    write_label(project)
    # a draft is its teacher's alone: students are invited when it starts
    if project.state != Project.State.DRAFT:
        mail.invite(row)
    return row


def _take_part(row: ProjectStudent) -> None:
    """Add the student to the planned lessons from the day they joined on."""
    planned = Lesson.objects.filter(project_id=row.project_id, status__in={Status.PLANNED, Status.CANCELLED})
    coming = [lesson for lesson in planned.select_related("project") if lesson.local_date >= row.joined_on]
    there = set(Attendance.objects.filter(lesson__in=coming, student=row.student).values_list("lesson_id", flat=True))
    missing = [lesson for lesson in coming if lesson.pk not in there]
    if not missing:
        return
    busy = busy_of([row.student_id], missing[0].starts_at, max(lesson.ends_at for lesson in missing))
    clashing = [
        lesson
        for lesson in missing
        if lesson.status in TAKES_TIME and not busy.is_free([row.student_id], lesson.starts_at, lesson.ends_at)
    ]
    if clashing:
        raise ClashError(clashing, [])
    rows = [
        Attendance(
            lesson=lesson,
            student_id=row.student_id,
            payer_id=row.pays_id,
            starts_at=lesson.starts_at,
            ends_at=lesson.ends_at,
            takes_time=lesson.status in TAKES_TIME,
        )
        for lesson in missing
    ]
    try:
        with transaction.atomic():
            Attendance.objects.bulk_create(rows)
    except IntegrityError as error:
        if is_clash(error):
            raise ClashError(missing, []) from error
        raise


@transaction.atomic
def leave(*, row: ProjectStudent, left_on: date | None = None) -> None:
    """End a student's part from a day on: planned lessons from then on are without them; what was, stays."""
    lock_people(row.project, row.student_id)
    row = ProjectStudent.objects.select_for_update(of=("self",)).select_related("project").get(pk=row.pk)
    if row.left_on is not None:
        return
    row.left_on = max(left_on or row.project.today, row.joined_on)
    row.save(update_fields=["left_on"])
    planned = Attendance.objects.filter(
        lesson__project_id=row.project_id, student_id=row.student_id, lesson__status=Status.PLANNED
    ).select_related("lesson__project")
    gone = [one.pk for one in planned if one.lesson.local_date >= row.left_on and not one.lesson.has_begun]
    Attendance.objects.filter(pk__in=gone).delete()
    write_label(row.project)


@transaction.atomic
def set_payer(*, row: ProjectStudent, email: str, name: str = "") -> ProjectStudent:
    """Have someone else pay for a student, by their address; an empty one means the student. For lessons to come."""
    payer: User | None = None
    if email.strip():
        payer, is_new = account_of(email, name)
        if is_new:
            mail.invite_payer(row, payer)
    if payer is not None and payer.pk in {row.student_id, row.project.teacher_id}:
        if payer.pk == row.project.teacher_id:
            raise TutoringError("self", _("The teacher of a project cannot pay for it."))
        payer = None
    row.payer = payer
    row.save(update_fields=["payer"])
    # what was charged already stays with who paid then
    Attendance.objects.filter(
        lesson__project_id=row.project_id, student_id=row.student_id, lesson__status=Status.PLANNED
    ).update(payer_id=row.pays_id)
    return row


@transaction.atomic
def copy_project(*, project: Project, email: str, name: str = "") -> Project:
    """A new project of the same teacher for another student: what is taught, levels, kinds, price, policy and goals."""
    copied = Project(teacher=project.teacher, **{field: getattr(project, field) for field in COPIED})
    copied.save()
    copied.kinds.set(project.kinds.all())
    Goal.objects.bulk_create(
        [
            Goal(project=copied, text=goal.text, points=goal.points, evidence=goal.evidence)
            for goal in project.goals.all()
        ]
    )
    add_student(project=copied, email=email, name=name)
    return copied


@transaction.atomic
def change_project(*, project: Project, keep: str = "hour") -> Project:
    """Store a changed project.

    When its zone has changed, `keep` says what of planned lessons stays: their local `hour` or their `instant`.
    """
    project.clean()
    # calendars before the project, as everywhere; and only what the form has, since another tab may change the rest
    lock_people(project)
    before = Project.objects.select_for_update().get(pk=project.pk)
    project.save(update_fields=CHANGED)
    if before.time_zone != project.time_zone:
        change_zone(project=project, before=before.zone, keep=keep)
    write_label(project)
    return project


def projects_in_other_zone(teacher: User) -> ProjectQuerySet:
    """The projects of a teacher that have not ended and are in another time zone than the teacher."""
    rows = Project.objects.taught_by(teacher).exclude(state=Project.State.ENDED)
    return rows.exclude(time_zone=teacher.time_zone).select_related("policy").order_by("pk")


@transaction.atomic
def give_project(*, project: Project, teacher: User, actor: User) -> Project:
    """Give a project to another teacher, with its planned lessons. Money already in a ledger stays there."""
    if not teacher.is_active or not teacher.has_perm("tutoring.teach_privately"):
        raise TutoringError("no_teacher", _("This person gives no private lessons."))
    lock_people(project, teacher.pk)
    project = Project.objects.select_for_update().get(pk=project.pk)
    if project.students.filter(student=teacher, left_on=None).exists():
        raise TutoringError("self", _("The teacher of a project cannot be its student."))
    before = project.teacher_id
    coming = list(
        Lesson.objects.filter(project=project, teacher_id=before, status=Status.PLANNED, starts_at__gt=timezone.now())
    )
    if coming:
        busy = busy_of([teacher.pk], coming[0].starts_at, max(lesson.ends_at for lesson in coming))
        taken = [lesson for lesson in coming if not busy.is_free([teacher.pk], lesson.starts_at, lesson.ends_at)]
        if taken:
            raise ClashError(taken, [])
    project.teacher = teacher
    project.save(update_fields=["teacher"])
    for lesson in coming:
        lesson.teacher = teacher
        lesson.raise_sequence()
    Lesson.objects.bulk_update(coming, ["teacher", "sequence", "changed_at"])
    return project


INVITED_AGAIN = timedelta(minutes=10)


@transaction.atomic
def invite_again(*, row: ProjectStudent) -> None:
    """Write the invitation once more, at most every ten minutes."""
    row = (
        ProjectStudent.objects.select_for_update(of=("self",))
        .select_related("project__teacher", "student")
        .get(pk=row.pk)
    )
    now = timezone.now()
    if row.invited_at and row.invited_at > now - INVITED_AGAIN:
        raise TutoringError("too_soon", _("The invitation was sent a short time ago."))
    row.invited_at = now
    row.save(update_fields=["invited_at"])
    mail.invite(row)
