"""Home, dashboard, search, demo, error pages."""

from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import CommandError, call_command
from django.utils import timezone
from wagtail.models import Collection, Page

from chat.demo import LINES
from chat.models import Message
from home.models import DemoRecord
from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.courses.catalogue import card_queryset
from learning.courses.covers import STYLES, choose_covers
from learning.courses.models import CatalogPage, CoursePage, LessonPage, Subject
from learning.enrollment.actions import enroll, leave
from learning.enrollment.models import Audience, Enrollment, Opening, StudyGroup
from learning.enrollment.progress import set_position
from learning.library.models import Picture
from tests import school


def text(client: Any, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_dashboard_shows_where_to_go_on(small: SimpleNamespace, visit: Any) -> None:
    html = text(visit(small.student), "/me/")
    assert "Botany" in html
    assert school.path_of(small.lessons[0]) in html
    assert "0 of 3" in html
    assert "Find a course" in text(visit(small.stranger), "/me/")
    assert "Botany" in text(visit(small.teacher), "/me/")


def test_search_finds_what_one_may_read_and_counts_nothing_else(small: SimpleNamespace, visit: Any) -> None:
    school.lesson(small.modules[0], "Stomata", html="<p>photosynthesis</p>")
    call_command("update_index", verbosity=0)
    for who, hits in ((small.student, 1), (small.teacher, 1), (small.editor, 1), (small.stranger, 0), (None, 0)):
        html = text(visit(who), "/search/?q=photosynthesis")
        assert ("Stomata" in html) == bool(hits)
        assert ("Nothing that you may read" in html) == (not hits)
    leave(user=small.student, course=small.course)
    assert "Stomata" not in text(visit(small.student), "/search/?q=photosynthesis")
    assert "Botany" in text(visit(), "/search/?q=botany")


def test_search_leaves_out_unpublished_courses_and_bears_any_input(small: SimpleNamespace, visit: Any) -> None:
    school.lesson(small.modules[0], "Stomata", html="<p>photosynthesis</p>", free_preview=True)
    call_command("update_index", verbosity=0)
    assert "Stomata" in text(visit(), "/search/?q=photosynthesis")
    small.course.unpublish()
    assert "Stomata" not in text(visit(small.editor), "/search/?q=photosynthesis")
    hostile = "<script>alert(1)</script>"
    for query in ("'", '"', "\\", "*" * 5000, "AND OR NOT", "(", "a:b", "🦉", "%FF", hostile):
        page = text(visit(), f"/search/?q={query}")
        assert hostile not in page
        assert ("&lt;script&gt;alert(1)" in page) == (query == hostile)  # what was asked is shown, as words


def test_catalogue_filters_and_bears_any_input(people: SimpleNamespace, visit: Any) -> None:
    subject = Subject.objects.create(name="Plants", slug="plants")
    course = school.course("Botany", language="ru", level="advanced")
    course.subjects = [subject]
    school.publish(course)
    school.course("Zoology")
    call_command("update_index", verbosity=0)
    for query in ("subject=plants", "level=advanced", "language=ru", "q=botany"):
        html = text(visit(), f"/courses/?{query}")
        assert "Botany" in html
        assert "Zoology" not in html
    for query in ("page=99999999999999999999", "page=x", "subject=zz", "level=' OR 1", "q=%01", "q=" + "x" * 5000):
        assert visit().get(f"/courses/?{query}").status_code == 200
    for query in ("subject=%00", "q=%00"):
        assert visit().get(f"/courses/?{query}").status_code == 400


def test_sitemap_has_no_closed_lessons(small: SimpleNamespace, visit: Any) -> None:
    free = school.lesson(small.modules[0], "Taste", free_preview=True)
    xml = visit().get("/sitemap.xml").content.decode()
    assert school.path_of(small.course) in xml
    assert school.path_of(free) in xml
    assert school.path_of(small.lessons[0]) not in xml


def test_errors_are_pages_of_the_site(small: SimpleNamespace, visit: Any) -> None:
    response = visit().get("/nothing/here/")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
    for path in (
        "/courses/%00/",
        "/" + "a/" * 200,
        "/courses/..%2f..%2fetc/",
        "/documents/1/x",
        "/library/pictures/1/x",
    ):
        assert visit().get(path).status_code in {404, 400, 301}


def test_policy_forbids_inline_scripts_and_pages_have_none(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.student)
    for path in ("/", "/courses/", "/me/", "/me/profile/", school.path_of(small.lessons[0]), "/accounts/2fa/"):
        response = client.get(path)
        policy = response["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "script-src 'self'" in policy
        html = response.content.decode()
        assert "<script>" not in html
        assert " onclick=" not in html
        assert "style=" not in html
        assert response["X-Content-Type-Options"] == "nosniff"


def everything() -> dict[str, set[Any]]:
    models = (Page, User, Subject, Collection, Picture, Enrollment, StudyGroup)
    return {model.__name__: set(model.objects.values_list("pk", flat=True)) for model in models}


@pytest.mark.slow
def test_demo_comes_and_goes_and_takes_nothing_else(db: None, visit: Any) -> None:
    own = school.course("Our own", team=(school.person("ours", Role.TEACHER),))
    school.enrolled(school.person("fan-of-ours"), own)
    before = everything()
    call_command("load_demo")
    courses = CoursePage.objects.filter(pk__in=set(Page.objects.values_list("pk", flat=True)) - before["Page"])
    assert courses.count() >= 6
    assert set(courses.values_list("language", flat=True)) == {"en", "ru", "fr"}
    for email in ("admin", "moderator", "editor", "teacher", "teacher2", "student", "student2", "newcomer"):
        assert User.objects.get(email=f"{email}@example.org").check_password("parta-demo")
    assert Message.objects.filter(room__group__name="Autumn").count() == len(LINES)
    call_command("load_demo")
    visitor = school.person("fan")
    mine = enroll(user=visitor, course=courses.get(slug="python-first-line"))
    call_command("remove_demo")
    after = everything()
    after["Enrollment"].discard(mine.pk)
    after["User"].discard(visitor.pk)
    assert after == before
    assert not DemoRecord.objects.exists()
    assert visit(visitor).get("/me/").status_code == 200


def test_demo_keeps_a_course_that_others_have_written_in(db: None) -> None:
    course = school.course("Of the demo")
    page = school.module(course, "Of the demo too")
    for thing in (course, page):
        DemoRecord.objects.create(content_type=ContentType.objects.get_for_model(thing), object_id=thing.pk)
    own = school.lesson(page, "My own lesson")
    call_command("remove_demo", verbosity=0)
    assert LessonPage.objects.filter(pk=own.pk).exists()
    assert not DemoRecord.objects.exists()


def test_production_refuses_the_demo(db: None, settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="production"):
        call_command("load_demo")
    assert not User.objects.exists()


def test_search_leads_to_the_place_where_the_word_stands(small: SimpleNamespace, visit: Any) -> None:
    blocks = [
        school.text("<p>Nothing here.</p>"),
        school.text("<p>The word <b>chlorophyll</b> is Greek &lt;i&gt;.</p>"),
    ]
    lesson = school.lesson(small.modules[0], "Pigments", blocks=blocks)
    call_command("update_index", verbosity=0)
    page = text(visit(small.student), "/search/?q=chlorophyll")
    assert f'href="{school.path_of(lesson)}#b-{blocks[1]["id"]}"' in page
    assert "The word <mark>chlorophyll</mark> is Greek" in page
    assert "<i>" not in page[page.index("<mark>") : page.index("<mark>") + 200]
    assert "Pigments" in page
    assert "<mark>" not in text(visit(small.stranger), "/search/?q=chlorophyll")


def test_search_finds_titles_of_programmes_but_none_that_is_hidden(small: SimpleNamespace, visit: Any) -> None:
    school.lesson(small.modules[1], "Hydrology basics")
    call_command("update_index", verbosity=0)
    for who in (None, small.stranger):
        page = text(visit(who), "/search/?q=hydrology")
        assert "Hydrology basics" in page
        assert f'href="{school.path_of(small.course)}#programme"' in page
        assert "In the programme" in page
    assert "In the programme" not in text(visit(small.student), "/search/?q=hydrology")
    group = StudyGroup.objects.create(course=small.course, name="Autumn")
    for page_id in (LessonPage.objects.get(title="Hydrology basics").pk, small.modules[1].pk):
        Audience.objects.all().delete()
        Audience.objects.create(course=small.course, page_id=page_id, group=group)
        assert "Hydrology basics" not in text(visit(), "/search/?q=hydrology")
    Audience.objects.all().delete()
    school.fresh(small.course).unpublish()
    assert "Hydrology basics" not in text(visit(), "/search/?q=hydrology")


def test_titles_of_closed_courses_do_not_crowd_out_what_is_found(small: SimpleNamespace, visit: Any) -> None:
    closed = school.course("Closed")
    module = school.module(closed)
    for number in range(35):
        school.lesson(module, f"Osmosis {number}")
    closed.unpublish()
    school.lesson(small.modules[1], "About osmosis today")
    call_command("update_index", verbosity=0)
    page = text(visit(), "/search/?q=osmosis")
    assert "About osmosis today" in page
    assert "Osmosis 1" not in page


def test_the_catalogue_offers_languages_that_courses_are_in(small: SimpleNamespace, visit: Any) -> None:
    page = text(visit(), "/courses/")
    assert '<option value="en"' in page
    assert '<option value="fr"' not in page
    school.course("Premiers pas", language="fr")
    assert '<option value="fr"' in text(visit(), "/courses/")


def test_the_dashboard_has_one_course_to_go_on_with_and_folds_the_completed(small: SimpleNamespace, visit: Any) -> None:
    second = school.course("Geology", team=(small.teacher,))
    school.lesson(school.module(second), "Granite")
    school.enrolled(small.student, second)
    set_position(enrollment=small.enrollment, lesson=small.lessons[0], block_id=None)
    page = text(visit(small.student), "/me/")
    assert page.count('class="go-on panel"') == 1
    first = page[page.index("go-on panel") : page.index("</section>", page.index("go-on panel"))]
    assert "Botany" in first
    assert "Geology" in page[page.index("Your other courses") :]
    Enrollment.objects.filter(pk=small.enrollment.pk).update(status="completed")
    page = text(visit(small.student), "/me/")
    assert "Botany" in page[page.index('class="panel fold"') :]
    assert "Geology" in page[page.index("go-on panel") : page.index("fold")]


def test_the_dashboard_says_what_opens_next(small: SimpleNamespace, visit: Any) -> None:
    group = StudyGroup.objects.create(course=small.course, name="Autumn", starts_at=timezone.now())
    Enrollment.objects.filter(pk=small.enrollment.pk).update(group=group)
    later, past = timezone.now() + timedelta(days=3), timezone.now() - timedelta(days=3)
    Opening.objects.create(group=group, module_id=small.modules[1].pk, opens_at=later)
    Opening.objects.create(group=group, module_id=small.modules[0].pk, opens_at=past)
    page = text(visit(small.student), "/me/")
    panel = page[page.index("What opens next") : page.index("</section>", page.index("What opens next"))]
    assert "Roots" in panel
    assert "Leaves" not in panel
    assert "What opens next" not in text(visit(small.classmate), "/me/")


def test_the_home_page_shows_a_real_lesson_teachers_and_ones_own_course(small: SimpleNamespace, visit: Any) -> None:
    assert "A lesson to try" not in text(visit(), "/")
    closed = text(visit(), "/")
    assert "Words." not in closed
    small.teacher.about = "Counts petals."
    small.teacher.save()
    school.lesson(small.modules[0], "Petals", html="<p>A petal is a leaf that wants to be seen.</p>", free_preview=True)
    page = text(visit(), "/")
    assert "A petal is a leaf that wants to be seen." in page
    assert "Counts petals." in page
    assert "How it works" in page
    assert "Go on where you stopped" not in page
    assert 'class="go-on panel"' in text(visit(small.student), "/")
    assert "1 h 10" not in page
    assert "4 lessons" in page


def test_courses_in_the_readers_language_come_first(small: SimpleNamespace, visit: Any) -> None:
    school.course("Premiers pas", language="fr")
    english, french = (
        visit().get("/", headers={"Accept-Language": language}).content.decode() for language in ("en", "fr")
    )
    assert english.index("Botany") < english.index("Premiers pas")
    assert french.index("Premiers pas") < french.index("Botany")


def test_no_two_covers_side_by_side_are_alike(small: SimpleNamespace) -> None:
    subject = Subject.objects.create(name="Plants", slug="plants")
    for n in range(20):
        course = school.course(f"Plants {n}")
        course.subjects = [subject]
        school.publish(course)
    courses = list(card_queryset(CatalogPage.objects.get()))
    choose_covers(courses)
    styles = [course.cover_style for course in courses]
    assert all(one != other for one, other in pairwise(styles))
    assert set(styles) <= set(range(STYLES))
    choose_covers(courses)
    assert [course.cover_style for course in courses] == styles
