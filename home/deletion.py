"""What a deletion affects, shown before it is confirmed."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext, ngettext_lazy
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page

from chat.models import Message, Room
from learning.accounts.models import User
from learning.accounts.words import quoted
from learning.courses.models import CoursePage, LessonPage
from learning.enrollment.models import Completion, Enrollment, Position, StudyGroup
from learning.enrollment.rights import sees_page
from learning.enrollment.statuses import READING, Status

LOOKED_AT = 20  # aliases that may be named
NAMED = 5  # groups and courses that are named; if there are more, only their number is given


def _under(pages: Sequence[Page]) -> Q:
    # an empty Q() would match every page
    below = Q(pk__in=[])
    for page in pages:
        below |= Q(path__startswith=page.path)
    return below


def _counted(count: int, words: Any) -> list[str]:
    """Return a sentence with this count, or no sentence for zero; `words` is an `ngettext_lazy` over "n"."""
    return [str(words % {"n": count})] if count else []


def facts_of_pages(user: Any, *pages: Page) -> list[str]:
    """How many students, groups, rooms and records of progress go with these pages and all below them.

    `user` reads it: pages of others that they may not see are counted, not named.
    """
    courses = CoursePage.objects.filter(_under(pages)).values("pk")
    lessons = LessonPage.objects.filter(_under(pages)).values("pk")
    enrollments = Enrollment.objects.filter(course_id__in=courses)
    students = enrollments.aggregate(
        now=Count("pk", filter=Q(status__in=READING - {Status.COMPLETED})),
        completed=Count("pk", filter=Q(status=Status.COMPLETED)),
    )
    rooms = Room.objects.filter(Q(course_id__in=courses) | Q(group__course_id__in=courses))
    facts = [
        *_counted(students["now"], ngettext_lazy("%(n)s student takes it now.", "%(n)s students take it now.", "n")),
        *_counted(
            students["completed"],
            ngettext_lazy(
                "%(n)s student has completed it; “My learning” keeps it as a line without the lessons.",
                "%(n)s students have completed it; “My learning” keeps it as a line without the lessons.",
                "n",
            ),
        ),
        *_counted(
            StudyGroup.objects.filter(course_id__in=courses).count(),
            ngettext_lazy("%(n)s study group is closed.", "%(n)s study groups are closed.", "n"),
        ),
        *_counted(
            rooms.count(),
            ngettext_lazy(
                "%(n)s chat room is closed, and only who moderates every chat can read it.",
                "%(n)s chat rooms are closed, and only who moderates every chat can read them.",
                "n",
            ),
        ),
        *_counted(
            Completion.objects.filter(lesson_id__in=lessons).count(),
            ngettext_lazy(
                "%(n)s record of a lesson done counts no longer.", "%(n)s records of lessons done count no longer.", "n"
            ),
        ),
        *_counted(
            Position.objects.filter(lesson_id__in=lessons).count(),
            ngettext_lazy("%(n)s student loses their place.", "%(n)s students lose their place.", "n"),
        ),
    ]
    return [*facts, *facts_of_aliases(user, *pages)]


def facts_of_aliases(user: Any, *pages: Page, below: bool = True) -> list[str]:
    """Aliases that Wagtail unpublishes together with these pages."""
    sources = Page.objects.filter(_under(pages) if below else Q(pk__in=[page.pk for page in pages]))
    aliases = Page.objects.filter(alias_of__in=sources.values("pk"), live=True).exclude(_under(pages))
    count = aliases.count()
    # only titles that the CMS may show to this person are named; the others are counted (promise 6)
    seen = [alias for alias in aliases[:LOOKED_AT] if sees_page(user, alias)] if count else []
    facts = [
        gettext("“%(title)s” in “%(parent)s” is an alias of a page here and is unpublished with it.")
        % {"title": alias.draft_title, "parent": alias.get_parent().draft_title}
        for alias in seen[:NAMED]
    ]
    return facts + _counted(
        count - len(facts),
        ngettext_lazy(
            "%(n)s more alias of a page here is unpublished with it.",
            "%(n)s more aliases of pages here are unpublished with them.",
            "n",
        ),
    )


def _named(things: QuerySet[Any], sentence: str, many: Any) -> list[str]:
    """Return a sentence that names the things, or only counts them if there are more than `NAMED`."""
    names = [str(thing) for thing in things[: NAMED + 1]]
    if len(names) > NAMED:
        return _counted(things.count(), many)
    return [sentence % {"names": ", ".join(map(quoted, names))}] if names else []


def groups_without_others(person: User) -> QuerySet[StudyGroup]:
    """Groups of which this person is the only teacher that can sign in."""
    others = StudyGroup.teachers.through.objects.filter(user__is_active=True).exclude(user=person)
    mine = StudyGroup.objects.filter(teachers=person, course__live__isnull=False)
    return mine.exclude(pk__in=others.values("studygroup_id"))


def facts_of_person(person: User) -> list[str]:
    """Say what a person takes part in, and what happens to it when their account is deleted."""
    teaches = CoursePage.objects.filter(team__person=person).distinct().order_by("title")
    files = sum(
        model.objects.filter(uploaded_by_user=person).count() for model in (get_image_model(), get_document_model())
    )
    return [
        *_counted(
            Enrollment.objects.filter(user=person).count(),
            ngettext_lazy(
                "%(n)s enrolment stays as a number of a “former member”.",
                "%(n)s enrolments stay as numbers of a “former member”.",
                "n",
            ),
        ),
        *_named(
            teaches,
            gettext("They are on the team of %(names)s; the pages keep their text."),
            ngettext_lazy(
                "They are on the team of %(n)s course, whose pages keep their text.",
                "They are on the teams of %(n)s courses, whose pages keep their text.",
                "n",
            ),
        ),
        *_named(
            groups_without_others(person),
            gettext("Left without a teacher of their own: %(names)s. Give these groups another one."),
            ngettext_lazy(
                "%(n)s study group is left without a teacher of its own. Give it another one.",
                "%(n)s study groups are left without a teacher of their own. Give them another one.",
                "n",
            ),
        ),
        *_counted(
            Message.objects.filter(author=person, deleted_at=None).count(),
            ngettext_lazy(
                "%(n)s message in chats stays, signed “former member”.",
                "%(n)s messages in chats stay, signed “former member”.",
                "n",
            ),
        ),
        *_counted(
            files,
            ngettext_lazy(
                "%(n)s picture or file that they uploaded stays where it is used.",
                "%(n)s pictures and files that they uploaded stay where they are used.",
                "n",
            ),
        ),
    ]
