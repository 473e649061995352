"""A large school, written in bulk: for measuring, not for reading.

Pages are written as rows, table by table, with the paths that treebeard would give them; Django's
own `bulk_create` refuses models with more than one table.
"""

import random
import uuid
from collections import defaultdict
from datetime import timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models, transaction
from django.utils import timezone
from wagtail.models import Locale, Page

from chat.rooms.actions import open_missing_rooms
from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.courses.models import CatalogPage, CoursePage, LessonPage, ModulePage
from learning.enrollment.models import Completion, Enrollment, Position, Seats, StudyGroup
from learning.enrollment.statuses import SEATED, Status

MODULES, LESSONS = 3, 5  # of each course; the first course has more, see BENCH
BENCH_MODULES, BENCH_LESSONS = 5, 6  # 30 lessons
BATCH = 5_000
SEED = 2_026
GROUPS = 10  # study groups of the first course
CROWD = 5  # the first course holds this many times its share of the people, at least


def generate_school(*, courses: int, people: int, enrollments: int) -> str:
    """Make it all in one transaction; the same numbers give the same school."""
    chance = random.Random(SEED)  # noqa: S311  (nothing secret)
    with transaction.atomic():
        users = _people(people)
        pages = _Pages(CatalogPage.objects.order_by("path")[0])
        made = pages.write(courses)
        _enrol(chance, users, made, enrollments)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return f"{courses} courses, {people} people, {enrollments} enrolments"


def _people(count: int) -> list[int]:
    from allauth.account.models import EmailAddress

    password = make_password("parta-demo")
    start = User.objects.count()
    rows = [
        User(email=f"person{start + n}@generated.example.org", display_name=f"Person {start + n}", password=password)
        for n in range(count)
    ]
    User.objects.bulk_create(rows, batch_size=BATCH)
    student = Group.objects.get(name=Role.STUDENT)
    memberships: Any = User.groups.through
    memberships.objects.bulk_create(
        [memberships(user_id=row.pk, group_id=student.pk) for row in rows], batch_size=BATCH
    )
    EmailAddress.objects.bulk_create(
        [EmailAddress(user_id=row.pk, email=row.email, verified=True, primary=True) for row in rows], batch_size=BATCH
    )
    return [row.pk for row in rows]


def _insert(rows: list[models.Model]) -> None:
    """Write the rows of a child table whose parents are written already."""
    if not rows:
        return
    model: Any = type(rows[0])
    fields = model._meta.local_concrete_fields
    for start in range(0, len(rows), BATCH // 10):
        model._base_manager._insert(rows[start : start + BATCH // 10], fields=fields, using="default")


class _Pages:
    """Courses, modules and lessons below a catalogue."""

    def __init__(self, catalog: CatalogPage) -> None:
        self.catalog = catalog
        self.locale = Locale.get_active()
        self.types = ContentType.objects.get_for_models(CoursePage, ModulePage, LessonPage)
        self.base: list[Page] = []
        self.facts: list[tuple[Any, dict[str, Any]]] = []
        self.lessons: dict[int, list[int]] = defaultdict(list)

    def _page(  # noqa: PLR0917
        self, model: Any, parent: Any, step: int, title: str, slug: str, children: int, **facts: Any
    ) -> Page:
        now = timezone.now()
        page = Page(
            title=title,
            draft_title=title,
            slug=slug,
            path=parent.path + Page._int2str(step).rjust(Page.steplen, "0"),
            depth=parent.depth + 1,
            numchild=children,
            url_path=f"{parent.url_path}{slug}/",
            live=True,
            has_unpublished_changes=False,
            locale=self.locale,
            content_type=self.types[model],
            translation_key=uuid.uuid4(),
            first_published_at=now,
            last_published_at=now,
        )
        self.base.append(page)
        self.facts.append((model, facts))
        return page

    def write(self, count: int) -> list[tuple[int, list[int]]]:
        """Returns (id of the course, ids of its lessons) for each."""
        first = self.catalog.numchild + 1
        owners: list[tuple[Page, list[Page]]] = []
        for n in range(count):
            modules, lessons = (BENCH_MODULES, BENCH_LESSONS) if n == 0 else (MODULES, LESSONS)
            slug = f"generated-{first + n}"
            course = self._page(
                CoursePage,
                self.catalog,
                first + n,
                f"Generated course {first + n}",
                slug,
                modules,
                summary="A course that was generated to measure with.",
                language=("en", "ru", "fr")[n % 3],
            )
            own: list[Page] = []
            for m in range(1, modules + 1):
                module = self._page(ModulePage, course, m, f"Module {m}", f"module-{m}", lessons)
                for k in range(1, lessons + 1):
                    body = [{"type": "text", "value": f"<p>Lesson {m}.{k}.</p>", "id": str(uuid.uuid4())}]
                    own.append(self._page(LessonPage, module, k, f"Lesson {m}.{k}", f"lesson-{k}", 0, body=body))
            owners.append((course, own))
        Page.objects.bulk_create(self.base, batch_size=BATCH // 10)
        by_model: dict[Any, list[Any]] = defaultdict(list)
        for page, (model, facts) in zip(self.base, self.facts, strict=True):
            by_model[model].append(model(page_ptr_id=page.pk, content_type=self.types[model], **facts))
        for rows in by_model.values():
            _insert(rows)
        Page.objects.filter(pk=self.catalog.pk).update(numchild=self.catalog.numchild + count)
        return [(course.pk, [lesson.pk for lesson in lessons]) for course, lessons in owners]


def _enrol(chance: random.Random, users: list[int], courses: list[tuple[int, list[int]]], count: int) -> None:
    """Everyone in the first course as far as the number goes, the rest spread evenly over the others."""
    pairs = [(user, 0) for user in users[: max(1, min(len(users), count // CROWD))]]
    seen = set(pairs)
    while len(pairs) < count:
        pair = (chance.choice(users), chance.randrange(len(courses)))
        if pair not in seen:
            seen.add(pair)
            pairs.append(pair)
    now = timezone.now()
    first = courses[0][0]
    groups = StudyGroup.objects.bulk_create(
        StudyGroup(course_id=first, name=f"Group {first}-{n}") for n in range(1, GROUPS + 1)
    )
    open_missing_rooms()  # no signal tells of groups that are made in bulk
    weights = {Status.ACTIVE: 80, Status.COMPLETED: 12, Status.LEFT: 5, Status.PAUSED: 1, Status.REQUESTED: 2}
    statuses = chance.choices(list(weights), list(weights.values()), k=len(pairs))
    enrollments: list[Enrollment] = []
    completions: list[Completion] = []
    positions: list[Position] = []
    taken: dict[int, int] = defaultdict(int)
    for (user, place), status in zip(pairs, statuses, strict=True):
        course, lessons = courses[place]
        when = now - timedelta(days=chance.randrange(1, 200))
        done = lessons if status == Status.COMPLETED else lessons[: chance.randrange(0, 4)]
        counts = {"done": len(done), "percent": round(100 * len(done) / len(lessons))}
        enrollments.append(
            Enrollment(user_id=user, course_id=course, status=status, created_at=when, changed_at=when, **counts)
        )
        if place == 0:
            enrollments[-1].group = chance.choice(groups)
        taken[course] += status in SEATED
        completions.extend(Completion(user_id=user, lesson_id=lesson, at=when) for lesson in done)
        if done:
            enrollments[-1].last_read_at = when
            positions.append(Position(user_id=user, course_id=course, lesson_id=done[-1], at=when))
    Enrollment.objects.bulk_create(enrollments, batch_size=BATCH)
    Completion.objects.bulk_create(completions, batch_size=BATCH)
    Position.objects.bulk_create(positions, batch_size=BATCH)
    Seats.objects.bulk_create([Seats(course_id=pk, taken=taken[pk]) for pk, _lessons in courses], ignore_conflicts=True)
