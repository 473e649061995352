"""The first screen of the CMS: ours, with what waits for each."""

from types import SimpleNamespace
from typing import Any

from tests import school


def test_the_desk_shows_own_courses_and_what_waits_below(
    small: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any
) -> None:
    small.lessons[0].title = "Changed"
    small.lessons[0].save_revision()
    school.lesson(small.modules[0], "New", live=False)
    client = visit(small.teacher)
    client.get("/cms/")
    with django_assert_max_num_queries(30):
        html = client.get("/cms/").content.decode()
    assert "My courses" in html
    assert "Botany" in html
    assert "2 pages below it wait" in html
    assert "Zoology" not in html
    assert "New course" not in html
    editor = visit(small.editor).get("/cms/").content.decode()
    assert "Zoology" in editor
    assert "/cms/pages/add/courses/coursepage/" in editor


def test_the_cms_bears_our_name_and_colours(small: SimpleNamespace, visit: Any) -> None:
    html = visit(small.admin).get("/cms/").content.decode()
    assert "css/cms.css" in html
    assert "favicon.svg" in html
    assert "- Parta</title>" in html
