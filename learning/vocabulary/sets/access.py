"""Who sees which word sets, and whose words a teacher sees."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from wagtail.models import Page

from learning.accounts.models import User
from learning.courses.models import LessonPage, ModulePage
from learning.courses.stamps import pages_that_show
from learning.enrollment.access import access_to_part
from learning.enrollment.models import Enrollment, StudyGroup
from learning.enrollment.rights import managed_courses
from learning.enrollment.served import served
from learning.enrollment.statuses import READING
from learning.vocabulary.models import SetGiven, WordSet

PAGES_LOOKED_AT = 20  # that show a set, for one request
StudentsOf = Any  # a function from a teacher to the QuerySet of the people whom they teach
_students_of: list[StudentsOf] = []


def register_students_of(found: StudentsOf) -> None:
    """Add a way in which someone is another's student; called in `apps.ready()` of the app that knows it."""
    if found not in _students_of:
        _students_of.append(found)


def own_sets(user: User) -> QuerySet[WordSet]:
    """The sets that this person changes and gives."""
    return WordSet.objects.filter(owner=user)


def given_to(user: User) -> QuerySet[SetGiven]:
    """What was given to this person: to them alone, to a group that they are in, to a course that they read."""
    mine = Enrollment.objects.filter(user=user, status__in=READING)
    return SetGiven.objects.filter(
        Q(student=user) | Q(group__in=mine.exclude(group=None).values("group")) | Q(course__in=mine.values("course"))
    )


def seen_sets(user: User) -> QuerySet[WordSet]:
    return WordSet.objects.filter(Q(owner=user) | Q(pk__in=given_to(user).values("word_set")))


def own_set_or_404(user: User, set_id: int) -> WordSet:
    found = own_sets(user).filter(pk=set_id).first()
    if found is None:
        raise Http404
    return found


def seen_set_or_404(user: User, set_id: int) -> WordSet:
    """A set of one's own, one that was given to one, or one that a lesson shows that one may read."""
    found = seen_sets(user).filter(pk=set_id).select_related("owner").first()
    if found is None:
        found = WordSet.objects.filter(pk=set_id).select_related("owner").first()
        if found is None or not _reads_it_in_a_lesson(user, found):
            raise Http404
    return found


def _reads_it_in_a_lesson(user: User, word_set: WordSet) -> bool:
    pages = Page.objects.live().filter(pk__in=pages_that_show([word_set])).order_by("path")
    for page in served(list(pages.specific()[:PAGES_LOOKED_AT]), user, None):
        if isinstance(page, ModulePage | LessonPage) and access_to_part(user, page).granted:
            return True
    return False


def taught_groups(user: User) -> QuerySet[StudyGroup]:
    """The running study groups to which this person may give a set."""
    return StudyGroup.objects.running().filter(course__in=managed_courses(user).values("pk"))


def taught_students(user: User) -> QuerySet[User]:
    """The people whose words this person sees: students of their courses, and those whom another app names."""
    in_courses = Enrollment.objects.filter(course__in=managed_courses(user).values("pk"), status__in=READING)
    wanted = Q(pk__in=in_courses.values("user"))
    for found in _students_of:
        wanted |= Q(pk__in=found(user).values("pk"))
    return User.objects.filter(wanted, is_active=True, anonymised_at=None)


def taught_student_or_404(user: User, student_id: int) -> User:
    found = taught_students(user).filter(pk=student_id).first()
    if found is None:
        raise Http404
    return found
