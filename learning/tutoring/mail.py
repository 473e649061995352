"""Mail about private lessons, each in the language and zone of its reader.

Sending stores a job in the transaction of the change (`QueuedEmailBackend`): what is rolled back is never mailed.
"""

from typing import Any
from zoneinfo import ZoneInfo

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from learning.accounts.models import User
from learning.base.mail import mail_text
from learning.tutoring.models import Attendance, HomeworkCopy, Lesson, MoveRequest, Package, Project, ProjectStudent


def _send(to: User, template: str, **context: Any) -> None:
    if not to.is_active:
        return
    with timezone.override(ZoneInfo(to.time_zone)):
        text = mail_text(template, to.language, {"person": to, **context})
    EmailMessage(text.subject, text.body, to=[to.email]).send()


def _is_draft(project: Project | None) -> bool:
    """Whether nobody but its teacher knows of a project."""
    return project is not None and project.state == Project.State.DRAFT


def password_link(person: User) -> str:
    """The address at which the owner of an account without a password sets one, and so confirms the mail address."""
    facts = {"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)}
    return settings.BASE_URL + reverse("account_reset_password_from_key", kwargs=facts)


def invite(row: ProjectStudent) -> None:
    """Write to a new student of a project; who has no password yet gets the link to set one."""
    link = "" if row.student.has_usable_password() else password_link(row.student)
    _send(
        row.student,
        "tutoring/mail/invitation.txt",
        project=row.project,
        teacher=row.project.teacher,
        password_url=link,
        project_url=settings.BASE_URL + row.project.get_absolute_url(),
    )


def invite_payer(row: ProjectStudent, payer: User) -> None:
    """Write to someone whose account was made because they pay for a student."""
    _send(
        payer,
        "tutoring/mail/invitation.txt",
        project=row.project,
        teacher=row.project.teacher,
        pays_for=row.student,
        password_url=password_link(payer),
        project_url=settings.BASE_URL + reverse("tutoring_accounts"),
    )


def _students(lesson: Lesson) -> list[User]:
    rows = Attendance.objects.filter(lesson=lesson).select_related("student")
    return [row.student for row in rows]


def tell_students(lesson: Lesson, what: str, **facts: Any) -> None:
    """Tell the students of a lesson that it was `moved`, `cancelled`, `added`, is `back`, or has a `report`."""
    if _is_draft(lesson.project):
        return
    for student in _students(lesson):
        _about(student, lesson, what, **facts)


def tell_teacher(lesson: Lesson, what: str, student: User, **facts: Any) -> None:
    """Tell the teacher that a student has `called_off` a lesson."""
    _about(lesson.teacher, lesson, what, student=student, **facts)


def _about(person: User, lesson: Lesson, what: str, **facts: Any) -> None:
    url = settings.BASE_URL + lesson.get_absolute_url()
    _send(person, "tutoring/mail/lesson.txt", lesson=lesson, what=what, lesson_url=url, **facts)


def tell_of_schedule(project: Project, *, made: int, moved: int, out: int) -> None:
    """Tell the students of a project that its weekly lessons have changed: so many made, moved, taken out."""
    url = settings.BASE_URL + project.get_absolute_url()
    facts = {"project": project, "made": made, "moved": moved, "out": out, "project_url": url}
    if _is_draft(project):
        return
    for row in ProjectStudent.objects.filter(project=project).current().select_related("student"):
        _send(row.student, "tutoring/mail/schedule.txt", **facts)


def tell_of_request(request: MoveRequest) -> None:
    """Tell the teacher of a wish, or the student of its answer."""
    lesson = request.lesson
    if request.answer:
        _about(request.student, lesson, f"wish_{request.answer}", request=request)
    else:
        _about(lesson.teacher, lesson, "wish", student=request.student, request=request)


def tell_of_last_unit(package: Package) -> None:
    """Tell the payer that one lesson of a package is left."""
    account = package.account
    url = settings.BASE_URL + account.get_absolute_url()
    _send(account.payer, "tutoring/mail/package.txt", package=package, teacher=account.teacher, account_url=url)


def tell_of_homework(copy: HomeworkCopy, what: str) -> None:
    """Tell a student that homework was `given`, `returned` or `accepted`, or remind of it (`reminder`)."""
    if _is_draft(copy.homework.project):
        return
    url = settings.BASE_URL + copy.get_absolute_url()
    _send(copy.student, "tutoring/mail/homework.txt", copy=copy, homework=copy.homework, what=what, copy_url=url)
