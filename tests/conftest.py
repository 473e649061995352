"""Shared set-up: named people around two courses, in every test that asks for them."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import setup_databases, teardown_databases
from wagtail.models import Site

from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.accounts.school import clear_school_cache
from learning.base.caching import clear_caches
from tests import ground, parts, school, template
from tests.snapshot import Copied


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = [item for item in items if not parts.runs_here(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if parts.runs_here(item)]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """Copy the migrated test database (`tests.template`), or migrate it: on PostgreSQL, and without a template."""
    with django_db_blocker.unblock():
        before: list[Any] = []
        if template.is_used() and connection.vendor == "sqlite":
            template.open_in_memory()
        elif template.is_used():
            template.open_on_postgres()
        else:
            before = setup_databases(verbosity=0, interactive=False)
    yield
    with django_db_blocker.unblock():
        teardown_databases(before, verbosity=0)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    cache.clear()
    clear_caches()
    clear_school_cache()
    Site.clear_site_root_paths_cache()
    yield
    cache.clear()


@pytest.fixture
def db(db: None) -> None:
    """The empty school; laid anew when a test with real transactions has wiped the database."""
    if not Group.objects.filter(name=Role.STUDENT).exists():
        ground.lay()


@pytest.fixture
def real_db(transactional_db: None) -> None:
    """A database with real transactions, for threads."""
    if not Group.objects.filter(name=Role.STUDENT).exists():
        ground.lay()


@pytest.fixture
def people(db: None, request: pytest.FixtureRequest) -> SimpleNamespace:
    """Someone of each kind; those of `small` in a test that has both."""
    if "small" in request.fixturenames:
        small = request.getfixturevalue("small")
        return SimpleNamespace(**{name: thing for name, thing in vars(small).items() if isinstance(thing, User)})
    return make_people()


def make_people() -> SimpleNamespace:
    return SimpleNamespace(
        student=school.person("student"),
        classmate=school.person("classmate"),
        stranger=school.person("stranger"),
        teacher=school.person("teacher", Role.TEACHER),
        other_teacher=school.person("other", Role.TEACHER),
        editor=school.person("editor", Role.EDITOR),
        moderator=school.person("moderator", Role.MODERATOR),
        admin=school.person("admin", Role.ADMINISTRATOR),
    )


def make_small() -> SimpleNamespace:
    """A course of two modules and three lessons that `student` is in, and the other teacher's course beside it."""
    people = make_people()
    course = school.course("Botany", team=(people.teacher,))
    first, second = school.module(course, "Leaves"), school.module(course, "Roots")
    lessons = [school.lesson(first, "Green"), school.lesson(first, "Edges"), school.lesson(second, "Water")]
    enrollment = school.enrolled(people.student, course)
    other = school.course("Zoology", team=(people.other_teacher,))
    other_lesson = school.lesson(school.module(other, "Birds"), "Wings")
    return SimpleNamespace(
        course=school.fresh(course),
        modules=[first, second],
        lessons=lessons,
        enrollment=enrollment,
        other=school.fresh(other),
        other_lesson=other_lesson,
        **vars(people),
    )


copied_small = Copied(make_small)


@pytest.fixture
def small(db: None) -> SimpleNamespace:
    """What `make_small` makes."""
    return copied_small()  # type: ignore[no-any-return]


@pytest.fixture
def visit() -> Any:
    """`visit(user)` is a client logged in as this person; `visit()` is a visitor."""

    def as_person(user: Any = None) -> Client:
        client = Client(raise_request_exception=True)
        if user is not None:
            client.force_login(user, backend="learning.accounts.backend.AuthenticationBackend")
        return client

    return as_person
