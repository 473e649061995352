"""Searching and filtering the catalogue."""

import re
from collections.abc import Mapping
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.utils.http import urlencode

from learning.courses.enums import CourseLanguage, Level
from learning.courses.models import CatalogPage, CoursePage, CourseTeacher, Subject

PER_PAGE = 24
QUERY_LENGTH = 100  # characters of a search that are looked at


def clean_query(typed: str) -> str:
    """Remove characters that have a meaning in the databases' search languages."""
    # SQLite's search puts each word between double quotes and does not escape those inside it;
    # PostgreSQL refuses NUL in any text (promise 32)
    return re.sub(r'["\x00]', " ", typed).strip()[:QUERY_LENGTH]


def card_queryset(catalog: CatalogPage) -> QuerySet[CoursePage]:
    """Return the live courses of a catalogue in its order, with the related rows that a card shows."""
    team = Prefetch("team", CourseTeacher.objects.select_related("person"))
    rows = CoursePage.objects.live().public().child_of(catalog).select_related("cover").order_by("path")
    return rows.prefetch_related(team, "subjects")


def _languages(catalog: CatalogPage) -> list[tuple[str, str]]:
    """Return the languages in which this catalogue has courses."""
    # without order_by() the order of the tree would be a column of the DISTINCT, and each course a row
    rows = CoursePage.objects.live().public().child_of(catalog).order_by()
    there = set(rows.values_list("language", flat=True).distinct())
    return [(value, label) for value, label in CourseLanguage.choices if value in there]


def catalogue_context(catalog: CatalogPage, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return one page of the courses that match the filters `q`, `subject`, `level` and `language`; and the filters.

    Unknown values are ignored, so that an old link still shows a catalogue.
    """
    subjects = list(Subject.objects.all())
    chosen = {
        "q": clean_query(asked.get("q", "")),
        "subject": next((s.slug for s in subjects if s.slug == asked.get("subject")), ""),
        "level": asked.get("level") if asked.get("level") in Level.values else "",
        "language": asked.get("language") if asked.get("language") in CourseLanguage.values else "",
    }
    courses = card_queryset(catalog)
    if chosen["subject"]:
        courses = courses.filter(pk__in=CoursePage.objects.filter(subjects__slug=chosen["subject"]).values("pk"))
    if chosen["level"]:
        courses = courses.filter(level=chosen["level"])
    if chosen["language"]:
        courses = courses.filter(language=chosen["language"])
    if chosen["q"]:
        # the result of a search is not a queryset: by its ids the catalogue keeps its order and the other filters
        found = [page.pk for page in CoursePage.objects.live().search(chosen["q"])[:200]]
        courses = courses.filter(pk__in=found)
    # get_page(), not page(): an impossible number gives the first or the last page, not an error (promise 32)
    page = Paginator(courses, PER_PAGE).get_page(asked.get("page"))
    return {
        "courses": page,
        "subjects": subjects,
        "levels": Level.choices,
        "languages": _languages(catalog),
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "query": urlencode({name: value for name, value in chosen.items() if value}),
    }
