"""Authoring: drafts, scheduling, moderation, order, own courses only."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from wagtail.models import Page

from learning.courses.models import CoursePage, LessonPage
from tests import school


def shown(client: Any, page: Any) -> str:
    return client.get(school.path_of(page)).content.decode()


def test_an_edit_saved_as_draft_shows_nothing_until_published(small: SimpleNamespace, visit: Any) -> None:
    client, lesson = visit(small.student), school.fresh(small.lessons[0])
    assert "Words." in shown(client, lesson)
    lesson.body = [("text", "<p>New words.</p>")]
    lesson.title = "New title"
    revision = lesson.save_revision()
    assert "New words" not in shown(client, lesson)
    assert "New title" not in shown(client, small.course)
    revision.publish()
    assert "New words" in shown(client, lesson)
    assert "New title" in shown(client, small.course)


def test_preview_shows_the_draft_to_its_author_and_is_never_kept(small: SimpleNamespace, visit: Any) -> None:
    lesson = school.fresh(small.lessons[0])
    lesson.body = [("text", "<p>Half a thought.</p>")]
    lesson.save_revision(user=small.teacher)
    url = f"/cms/pages/{lesson.pk}/view_draft/"
    assert "Half a thought." in visit(small.teacher).get(url).content.decode()
    assert "Half a thought." in visit(small.teacher).get(url).content.decode()
    assert "Half a thought." not in shown(visit(small.student), lesson)
    for who in (small.student, small.other_teacher, small.stranger):
        assert "Half a thought." not in visit(who).get(url).content.decode()


def test_scheduled_publication(small: SimpleNamespace, visit: Any) -> None:
    lesson = school.lesson(small.modules[0], "Tomorrow", html="<p>Later words.</p>", live=False)
    lesson.go_live_at = timezone.now() - timedelta(seconds=5)
    lesson.save_revision(approved_go_live_at=lesson.go_live_at)
    assert visit(small.student).get(school.path_of(lesson)).status_code == 404
    call_command("publish_scheduled")
    assert "Later words." in shown(visit(small.student), lesson)
    assert "Tomorrow" in shown(visit(), small.course)


def test_expiry_unpublishes(small: SimpleNamespace, visit: Any) -> None:
    lesson = school.fresh(small.lessons[0])
    lesson.expire_at = timezone.now() - timedelta(seconds=5)
    lesson.save()
    call_command("publish_scheduled")
    assert visit(small.student).get(school.path_of(lesson)).status_code == 404


def edit_form(page: Any, **changes: Any) -> dict[str, Any]:
    body = {"body-count": "1", "body-0-deleted": "", "body-0-order": "0", "body-0-type": "code", "body-0-id": ""}
    code = {"body-0-value-language": "", "body-0-value-code": "moderated = True"}
    fields = {"title": page.title, "slug": page.slug, "minutes": "5", "completes": "student"}
    comments = {f"comments-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS")}
    return {**fields, **body, **code, **comments, "comments-MAX_NUM_FORMS": "", **changes}


@pytest.mark.parametrize("author", ["teacher", "editor"])
def test_author_submits_moderator_approves(small: SimpleNamespace, visit: Any, author: str) -> None:
    lesson, who = school.fresh(small.lessons[0]), visit(getattr(small, author))
    url = f"/cms/pages/{lesson.pk}/edit/"
    who.post(url, edit_form(lesson, **{"action-publish": "1"}))
    assert "moderated" not in shown(visit(small.student), lesson)
    assert who.post(url, edit_form(lesson, **{"action-submit": "1"})).status_code == 302
    state = school.fresh(lesson).current_workflow_state
    assert state is not None
    task = state.current_task_state
    approve = f"/cms/pages/workflow/action/{lesson.pk}/approve/{task.pk}/"
    who.post(approve)
    assert "moderated" not in shown(visit(small.student), lesson)
    visit(small.moderator).post(approve)
    assert "moderated" in shown(visit(small.student), lesson)


def test_moderator_publishes_at_once(small: SimpleNamespace, visit: Any) -> None:
    lesson = school.fresh(small.lessons[0])
    response = visit(small.moderator).post(
        f"/cms/pages/{lesson.pk}/edit/", edit_form(lesson, **{"action-publish": "1"})
    )
    assert response.status_code == 302
    assert "moderated" in shown(visit(small.student), lesson)


def test_teacher_works_in_their_own_courses_only(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.teacher)
    own, foreign = small.lessons[0], small.other_lesson
    for verb in ("edit", "copy", "history", "move", "delete", "usage", "workflow/status"):
        assert client.get(f"/cms/pages/{foreign.pk}/{verb}/").status_code in {302, 403, 404}, verb
    assert client.get(f"/cms/pages/{own.pk}/edit/").status_code == 200
    assert client.get(f"/cms/pages/{own.pk}/history/").status_code == 200
    explorer = client.get("/cms/pages/", follow=True).content.decode()
    assert "Botany" in explorer
    assert "Zoology" not in explorer
    client.post(f"/cms/pages/{foreign.pk}/edit/", edit_form(foreign, **{"action-publish": "1"}))
    assert school.fresh(foreign).latest_revision.user_id is None


def test_children_stand_in_programme_order_with_handles(small: SimpleNamespace, visit: Any) -> None:
    for parent in (small.course, small.modules[0]):
        html = visit(small.moderator).get(f"/cms/pages/{parent.pk}/").content.decode()
        assert "data-order-handle" in html or "w-orderable" in html


def test_reordering_keeps_addresses(small: SimpleNamespace, visit: Any) -> None:
    first, second = small.lessons[:2]
    before = school.path_of(first)
    response = visit(small.moderator).post(f"/cms/pages/{first.pk}/set_position/?position=1")
    assert response.status_code == 200
    order = [page.pk for page in school.fresh(small.modules[0]).get_children().order_by("path")]
    assert order == [second.pk, first.pk]
    assert school.path_of(school.fresh(first)) == before
    html = shown(visit(), small.course)
    assert html.index("Edges") < html.index("Green")


def test_page_types_stand_where_they_belong(small: SimpleNamespace) -> None:
    assert [model.__name__ for model in CoursePage.allowed_subpage_models()] == ["ModulePage"]
    assert LessonPage.allowed_subpage_models() == []
    assert not LessonPage.can_create_at(Page.objects.get(pk=small.course.pk).specific)


def test_copying_a_course_copies_no_students(small: SimpleNamespace, visit: Any) -> None:
    copied = small.course.copy(
        recursive=True, copy_revisions=False, update_attrs={"slug": "botany-2", "title": "Botany II"}
    )
    assert visit(small.student).get(school.path_of(copied)).status_code == 200
    assert "Enrol" in shown(visit(small.student), copied)
    lesson = copied.get_descendants().type(LessonPage).first()
    assert visit(small.student).get(school.path_of(lesson)).status_code == 403


@pytest.mark.parametrize("name", ["courses", "modules", "lessons"])
def test_moving_and_deleting_with_enrolments_never_fails(small: SimpleNamespace, visit: Any, name: str) -> None:
    page = {"courses": small.course, "modules": small.modules[0], "lessons": small.lessons[0]}[name]
    client = visit(small.admin)
    assert client.get(f"/cms/pages/{page.pk}/delete/").status_code == 200
    assert client.post(f"/cms/pages/{page.pk}/delete/").status_code == 302
    assert not Page.objects.filter(pk=page.pk).exists()
    for path in ("/me/", "/courses/", "/"):
        assert visit(small.student).get(path).status_code == 200


def test_course_form_says_what_is_wrong(small: SimpleNamespace) -> None:
    from django.core.exceptions import ValidationError

    course = school.fresh(small.course)
    course.policy, course.key = "key", " "
    course.enroll_from = timezone.now()
    course.enroll_until = course.enroll_from - timedelta(days=1)
    with pytest.raises(ValidationError) as caught:
        course.full_clean()
    assert {"key", "enroll_until"} <= set(caught.value.message_dict)
