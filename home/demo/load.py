"""Load the demo school. Every object that is created is recorded in `DemoRecord`."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db import models, transaction
from django.utils import timezone
from markdown_it import MarkdownIt

from home.demo.people import PEOPLE, portrait
from home.models import DemoRecord
from learning.accounts.models import User
from learning.base.demo import DemoSchool, demo_parts
from learning.courses.models import CatalogPage, CoursePage, CourseTeacher, LessonPage, ModulePage, Subject
from learning.courses.programme import programme_of
from learning.enrollment.counting import percent_of
from learning.enrollment.models import Completion, Enrollment, Opening, Position, Seats, StatusChange, StudyGroup
from learning.enrollment.statuses import By, Status
from learning.exchange.build import import_cartridge
from learning.exchange.packages.html_blocks import BlockMaker
from learning.library.collections import collection_of
from learning.library.models import CourseCollection, Picture, StoredFile

HERE = Path(__file__).parent
PASSWORD = "parta-demo"  # noqa: S105  (public, and refused in production)
CARTRIDGE = HERE / "ally" / "allyworkshop.imscc"

SUBJECTS = {
    "programming": ("Programming", "Программирование", "Programmation"),
    "languages": ("Languages", "Языки", "Langues"),
    "learning": ("Learning", "Учение", "Apprentissage"),
    "writing": ("Writing", "Письмо", "Écriture"),
    "design": ("Design", "Дизайн", "Design"),
    "geography": ("Geography", "География", "Géographie"),
    "accessibility": ("Accessibility", "Доступность", "Accessibilité"),
}

TEACHERS = {
    "python-first-line": ["teacher@example.org"],
    "reading-a-map": ["teacher@example.org"],
    "kak-uchitsya": ["teacher@example.org"],
    "ally": ["teacher@example.org"],
    "tipografika-na-kazhdyj-den": ["teacher2@example.org"],
    "premiers-echanges": ["teacher2@example.org"],
    "ecrire-clairement": ["teacher2@example.org"],
}

# who, course, status, lessons done
STUDIES: list[tuple[str, str, Status, int]] = [
    ("student@example.org", "python-first-line", Status.ACTIVE, 4),
    ("student@example.org", "kak-uchitsya", Status.COMPLETED, 99),
    ("student@example.org", "reading-a-map", Status.ACTIVE, 1),
    ("student@example.org", "ecrire-clairement", Status.REQUESTED, 0),
    ("student2@example.org", "python-first-line", Status.ACTIVE, 2),
    ("student2@example.org", "reading-a-map", Status.ACTIVE, 3),
    ("student2@example.org", "premiers-echanges", Status.LEFT, 3),
]

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def is_loaded() -> bool:
    return DemoRecord.objects.exists()


def _note(thing: models.Model) -> None:
    DemoRecord.objects.get_or_create(
        content_type=ContentType.objects.get_for_model(thing, for_concrete_model=True), object_id=thing.pk
    )


def load_demo(say: Callable[[str], Any] = print) -> None:
    """Create the whole demo school, or nothing. Refused in production."""
    if settings.PRODUCTION:
        raise RuntimeError("The demo school has known passwords and is never loaded in production.")
    catalog = CatalogPage.objects.order_by("path").first()
    if catalog is None:
        raise RuntimeError("There is no catalogue to load the demo into.")
    with transaction.atomic():
        people = _make_people()
        subjects = _make_subjects()
        courses = {}
        for path in sorted((HERE / "courses").glob("*.yaml")):
            facts = yaml.safe_load(path.read_text(encoding="utf-8"))
            say(f"  {facts['title']}")
            # the catalogue counts its children on the instance, which each new course changes
            catalog.refresh_from_db()
            courses[facts["slug"]] = _make_course(catalog, facts, people, subjects)
        say("  Ally: Accessibility Workshop")
        catalog.refresh_from_db()
        courses["ally"] = _import_ally(catalog, people, subjects)
        groups = _make_groups(courses["python-first-line"], people["teacher@example.org"])
        for email, slug, status, done in STUDIES:
            _make_study(people[email], courses[slug], status, done, groups["Autumn"])
        for course in courses.values():
            # the enrolments were written directly, so the count of taken seats does not include them yet
            Seats.objects.recount(course.pk)
            _note_course(course)
        for part in demo_parts():
            part.add(DemoSchool(people, courses, groups))


def _make_groups(course: CoursePage, teacher: User) -> dict[str, StudyGroup]:
    """The group of the two students, and one to come, for which a module opens each week; by name."""
    now = timezone.now()
    autumn = StudyGroup.objects.create(course=course, name="Autumn", capacity=12, starts_at=now - timedelta(days=14))
    start = (now + timedelta(days=21)).replace(hour=9, minute=0, second=0, microsecond=0)
    winter = StudyGroup.objects.create(course=course, name="Winter", capacity=12, starts_at=start)
    for group in (autumn, winter):
        group.teachers.add(teacher)
        _note(group)
    for week, module in enumerate(programme_of(course).modules):
        Opening.objects.create(group=winter, module_id=module.id, days=7 * week)
    return {group.name: group for group in (autumn, winter)}


def _make_people() -> dict[str, User]:
    people = {}
    # hashed once for all: a password hash is slow on purpose
    hashed = make_password(PASSWORD)
    for email, facts in PEOPLE.items():
        person = User(email=email, display_name=facts.name, about=facts.about, password=hashed)
        if facts.look:
            person.avatar = portrait(facts.look)
        person.save()
        person.groups.add(Group.objects.get(name=facts.role))
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        _note(person)
        people[email] = person
    return people


def _make_subjects() -> dict[str, Subject]:
    subjects = {}
    for slug, (name, name_ru, name_fr) in SUBJECTS.items():
        subject, created = Subject.objects.get_or_create(
            slug=slug, defaults={"name": name, "name_ru": name_ru, "name_fr": name_fr}
        )
        if created:
            _note(subject)
        subjects[slug] = subject
    return subjects


def _make_course(
    catalog: CatalogPage, facts: dict[str, Any], people: dict[str, User], subjects: dict[str, Subject]
) -> CoursePage:
    editor, publisher = people["editor@example.org"], people["admin@example.org"]
    course = CoursePage(
        title=facts["title"],
        slug=facts["slug"],
        summary=facts["summary"],
        level=facts["level"],
        language=facts["language"],
        outcomes=[("outcome", line) for line in facts["outcomes"]],
        policy=facts.get("policy", "open"),
        key=facts.get("key", ""),
        capacity=facts.get("capacity"),
        waiting_list=facts.get("waiting_list", False),
        owner=editor,
    )
    course.team = [
        CourseTeacher(person=people[email], sort_order=place) for place, email in enumerate(TEACHERS[facts["slug"]])
    ]
    catalog.add_child(instance=course)
    course.subjects = [subjects[slug] for slug in facts["subjects"]]
    course.save_revision(user=editor).publish(user=publisher)
    figures = _Figures(course, editor)
    for module_facts in facts["modules"]:
        module = ModulePage(title=module_facts["title"], slug=module_facts["slug"], owner=editor)
        module.introduction = figures.stream(module_facts.get("introduction", ""))
        course.add_child(instance=module)
        module.save_revision(user=editor).publish(user=publisher)
        for lesson_facts in module_facts["lessons"]:
            lesson = LessonPage(
                title=lesson_facts["title"],
                slug=lesson_facts["slug"],
                minutes=lesson_facts["minutes"],
                free_preview=lesson_facts.get("preview", False),
                owner=editor,
            )
            lesson.body = figures.stream(lesson_facts["body"])
            module.add_child(instance=lesson)
            lesson.save_revision(user=editor).publish(user=publisher)
    # read again: each new module has changed the number of children in the database
    return CoursePage.objects.get(pk=course.pk)


class _Figures:
    """Turns Markdown into a stream, storing each figure once in the course's collection."""

    def __init__(self, course: CoursePage, owner: User) -> None:
        self.collection = collection_of(course)
        self.owner = owner
        self.known: dict[str, int] = {}

    def stream(self, text: str) -> Any:
        blocks = BlockMaker(self._find, lambda href: {"href": href}).make(_markdown.render(text))
        return LessonPage._meta.get_field("body").stream_block.to_python(blocks)  # type: ignore[union-attr]

    def _find(self, source: str) -> int | None:
        path = HERE / source
        if not path.is_file():
            return None
        if source not in self.known:
            picture = Picture(title=path.stem, collection=self.collection, uploaded_by_user=self.owner)
            picture.file = ContentFile(path.read_bytes(), name=path.name)
            picture.save()
            self.known[source] = picture.pk
        return self.known[source]


def _import_ally(catalog: CatalogPage, people: dict[str, User], subjects: dict[str, Subject]) -> CoursePage:
    editor, publisher = people["editor@example.org"], people["admin@example.org"]
    report = import_cartridge(path=CARTRIDGE, catalog=catalog, publish=True, owner=editor)
    course = report.course
    assert course is not None  # noqa: S101  (the importer raises otherwise)
    course.summary = (
        "How to write documents, pictures and pages that everyone can read, with the Ally checker in Canvas."
    )
    course.team = [CourseTeacher(person=people[email], sort_order=n) for n, email in enumerate(TEACHERS["ally"])]
    course.subjects = [subjects["accessibility"]]
    course.cover = Picture.objects.filter(collection=collection_of(course), title__startswith="about_ally").first()
    course.save_revision(user=editor).publish(user=publisher)
    first = LessonPage.objects.descendant_of(course).live().order_by("path").first()
    if first:
        first.free_preview = True
        first.save_revision(user=editor).publish(user=publisher)
    return CoursePage.objects.get(pk=course.pk)


def _make_study(user: User, course: CoursePage, status: Status, done: int, group: StudyGroup) -> None:
    """An enrolment with its history and progress, as if made in the last two weeks; without mail."""
    now = timezone.now()
    # not through the actions of enrolment: they send mail and date everything to now
    enrollment = Enrollment.objects.create(
        user=user,
        course=course,
        status=status,
        group=group if group.course_id == course.pk else None,
        created_at=now - timedelta(days=14),
        changed_at=now - timedelta(days=14),
        completed_at=now - timedelta(days=2) if status == Status.COMPLETED else None,
        last_read_at=now - timedelta(hours=20) if done else None,
    )
    first = Status.REQUESTED if status == Status.REQUESTED else Status.ACTIVE
    steps: list[tuple[str, Status]] = [("", first)]
    if status != first:
        steps.append((first, status))
    for age, (before, after) in zip((14, 2), steps, strict=False):
        StatusChange.objects.create(
            enrollment=enrollment,
            before=before,
            after=after,
            by=By.STUDENT,
            actor=user,
            at=now - timedelta(days=age),
        )
    lessons = programme_of(course).lessons[:done]
    Completion.objects.bulk_create(
        [Completion(user=user, lesson_id=lesson.id, at=now - timedelta(days=10)) for lesson in lessons]
    )
    whole = programme_of(course).lessons
    enrollment.done, enrollment.percent = len(lessons), percent_of(len(lessons), len(whole))
    enrollment.save(update_fields=["done", "percent"])
    if lessons:
        Position.objects.create(user=user, course_id=course.pk, lesson_id=lessons[-1].id, at=now - timedelta(hours=20))


def _note_course(course: CoursePage) -> None:
    for page in [course, *course.get_descendants().specific()]:
        _note(page)
    collection = collection_of(course)
    for model in (Picture, StoredFile):
        for row in model.objects.filter(collection=collection):
            _note(row)
    _note(CourseCollection.objects.get(course_id=course.pk).collection)
