"""Who may see and change what of private lessons. Pages, API, files, feeds and exports all ask here.

What a person may not know of answers 404, as what does not exist does.
"""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from learning.accounts.models import User
from learning.enrollment.rights import managed_courses
from learning.tutoring.models import (
    Account,
    Attendance,
    HomeworkCopy,
    Lesson,
    Project,
    ProjectStudent,
)
from learning.tutoring.models.homework import HomeworkCopyQuerySet
from learning.tutoring.models.lessons import LessonQuerySet
from learning.tutoring.models.money import AccountQuerySet
from learning.tutoring.models.projects import ProjectQuerySet

TEACH = "tutoring.teach_privately"
MANAGE = "tutoring.manage_tutoring"


def teaches(user: Any) -> bool:
    """Whether this person gives private lessons."""
    return bool(user.is_authenticated and user.is_active and user.has_perm(TEACH))


def manages_all(user: Any) -> bool:
    """Whether this person looks after the private lessons of every teacher."""
    return bool(user.is_authenticated and user.is_active and user.has_perm(MANAGE))


def managed_projects(user: Any) -> ProjectQuerySet:
    """The projects that this person changes: their own as a teacher, or all."""
    if manages_all(user):
        return Project.objects.all()
    return Project.objects.taught_by(user) if teaches(user) else Project.objects.none()


def seen_projects(user: Any) -> ProjectQuerySet:
    """Those, and the ones in which this person is or was a student. Payers see none."""
    return managed_projects(user) | Project.objects.open_to_student(user)


def managed_lessons(user: Any) -> LessonQuerySet:
    """The lessons that this person marks and plans: of their own projects, and those they give as a substitute."""
    if manages_all(user):
        return Lesson.objects.all()
    if not teaches(user):
        return Lesson.objects.none()
    return Lesson.objects.filter(Q(project__teacher=user) | Q(teacher=user))


def attended_lessons(user: Any) -> LessonQuerySet:
    return Lesson.objects.attended_by(user)


def scheduled_lessons(user: Any) -> LessonQuerySet:
    """Every lesson that stands in this person's calendar: taught, taken, or paid for someone else.

    A manager's calendar has their own lessons, not all of the school.
    """
    if not user.is_authenticated or not user.is_active:
        return Lesson.objects.none()
    return lessons_scheduled_for(user.pk, as_teacher=teaches(user))


def lessons_scheduled_for(user_id: int, *, as_teacher: bool) -> LessonQuerySet:
    """As `scheduled_lessons`, of an active person of whom the caller knows whether they teach."""
    part = Attendance.objects.filter(Q(student=user_id) | Q(payer=user_id), lesson=OuterRef("pk"))
    wanted = Q(Exists(part)) & ~Q(project__state=Project.State.DRAFT)
    if as_teacher:
        wanted |= Q(teacher=user_id) | Q(project__teacher=user_id)
    return Lesson.objects.filter(wanted)


def managed_project_or_404(user: Any, project_id: int) -> Project:
    project = managed_projects(user).filter(pk=project_id).select_related("teacher", "policy").first()
    if project is None:
        raise Http404
    return project


def seen_project_or_404(user: Any, project_id: int) -> Project:
    project = seen_projects(user).filter(pk=project_id).select_related("teacher", "policy").first()
    if project is None:
        raise Http404
    return project


def managed_lesson_or_404(user: Any, lesson_id: int) -> Lesson:
    rows = managed_lessons(user).select_related("project__teacher", "project__policy", "teacher", "policy")
    lesson = rows.filter(pk=lesson_id).first()
    if lesson is None:
        raise Http404
    return lesson


def seen_lesson_or_404(user: Any, lesson_id: int) -> Lesson:
    """A lesson whose contents this person may read; a payer may not."""
    rows = (managed_lessons(user) | attended_lessons(user)).select_related(
        "project__teacher", "project__policy", "teacher", "policy"
    )
    lesson = rows.filter(pk=lesson_id).first()
    if lesson is None:
        raise Http404
    return lesson


def attended_lesson_or_404(user: Any, lesson_id: int) -> Lesson:
    """A lesson that this person takes as a student."""
    lesson = attended_lessons(user).filter(pk=lesson_id).select_related("project__teacher", "policy").first()
    if lesson is None:
        raise Http404
    return lesson


def takes_part(user: Any, project: Project) -> bool:
    """Whether this person is a student of the project today; who has left keeps only their own past lessons."""
    return project.students.on(project.today).filter(student=user).exists()


def manages_project(user: Any, project: Project) -> bool:
    return manages_all(user) or (teaches(user) and project.teacher_id == user.pk)


def own_accounts(user: Any) -> AccountQuerySet:
    """The ledgers that this person keeps as a teacher, or pays."""
    own = Q(payer=user)
    return Account.objects.filter(own | Q(teacher=user) if teaches(user) else own)


def seen_accounts(user: Any) -> AccountQuerySet:
    """Those, or all for who looks after every teacher."""
    return Account.objects.all() if manages_all(user) else own_accounts(user)


def seen_account_or_404(user: Any, account_id: int) -> Account:
    account = seen_accounts(user).filter(pk=account_id).select_related("teacher", "payer").first()
    if account is None:
        raise Http404
    return account


def keeps_account(user: Any, account: Account) -> bool:
    """Whether this person may add lines to a ledger."""
    return manages_all(user) or (teaches(user) and account.teacher_id == user.pk)


def managed_copies(user: Any) -> HomeworkCopyQuerySet:
    """The students' copies of homework that this person looks at: of their projects and of groups they teach."""
    if manages_all(user):
        return HomeworkCopy.objects.all()
    # who looks after the students of every course reads no private homework: that is another right
    wanted = Q(homework__group__course_id__in=managed_courses(user).values("pk"))
    if teaches(user):
        wanted |= Q(homework__project__teacher=user)
    return HomeworkCopy.objects.filter(wanted)


def managed_copy_or_404(user: Any, copy_id: int) -> HomeworkCopy:
    rows = managed_copies(user).select_related("homework__project", "homework__group__course", "student")
    copy = rows.filter(pk=copy_id).first()
    if copy is None:
        raise Http404
    return copy


def own_copy_or_404(user: User, copy_id: int) -> HomeworkCopy:
    rows = HomeworkCopy.objects.of_student(user).select_related("homework__project", "homework__group__course")
    copy = rows.filter(pk=copy_id).first()
    if copy is None:
        raise Http404
    return copy


def students_of(user: Any) -> QuerySet[User]:
    """The people whom this teacher teaches or taught in a project."""
    rows = ProjectStudent.objects.filter(project__in=managed_projects(user))
    return User.objects.filter(pk__in=rows.values("student_id"))
