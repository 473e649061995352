"""A whole course in one step, and tables beside each other."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.core import mail
from django.utils import timezone
from wagtail.models import GroupApprovalTask, Page, WorkflowTask

from learning.courses.blocks import LessonBody
from tests import school


def whole(course: Any) -> str:
    return f"/cms/courses/{course.pk}/whole/"


def ticked(client: Any, course: Any) -> list[str]:
    """What the page has ticked when it comes."""
    return re.findall(r'name="page" value="([^"]+)" checked', client.get(whole(course)).content.decode())


def key_of(client: Any, course: Any, page: Any) -> str:
    return next(key for key in ticked(client, course) if key.startswith(f"{page.pk}."))


def carry_out(client: Any, course: Any, keys: list[str] | None = None) -> str:
    """Press the button, with everything ticked or with these keys; returns the page after it."""
    chosen = ticked(client, course) if keys is None else keys
    return str(client.post(whole(course), {"page": chosen}, follow=True).content.decode())


def drafts(small: SimpleNamespace) -> list[Any]:
    """Two new lessons in a new module, and a changed live lesson."""
    module = school.module(small.course, "Stems", live=False)
    new = [school.lesson(module, title, live=False) for title in ("Wood", "Bark")]
    lesson = school.fresh(small.lessons[0])
    lesson.title = "Greener"
    lesson.save_revision(user=small.teacher)
    return [module, *new, lesson]


def test_who_publishes_publishes_the_whole_course_at_once(small: SimpleNamespace, visit: Any) -> None:
    pages = drafts(small)
    client = visit(small.moderator)
    asked = client.get(whole(small.course)).content.decode()
    assert asked.count('name="page"') == 4
    assert all(title in asked for title in ("Stems", "Wood", "Bark", "Greener"))
    said = carry_out(client, small.course)
    assert "4 pages are published." in said
    assert all(school.fresh(page).live for page in pages)
    assert school.fresh(pages[3]).title == "Greener"
    assert visit(small.student).get(school.path_of(school.fresh(pages[1]))).status_code == 200
    assert "Nothing waits" in client.get(whole(small.course)).content.decode()


def test_who_writes_submits_and_who_reviews_approves_with_one_mail_each(small: SimpleNamespace, visit: Any) -> None:
    pages = drafts(small)
    mail.outbox.clear()
    said = carry_out(visit(small.teacher), small.course)
    assert "4 pages are submitted for approval." in said
    assert not school.fresh(pages[1]).live
    told = [message for message in mail.outbox if message.to == ["moderator@example.org"]]
    assert len(told) == 1
    assert "4 pages of “Botany” wait" in told[0].subject
    assert all(title in told[0].body for title in ("Stems", "Wood", "Bark", "Greener"))
    assert whole(small.course) in told[0].body
    again = visit(small.teacher).get(whole(small.course)).content.decode()
    assert "Wait for others to approve them" in again
    assert 'name="page"' not in again
    mail.outbox.clear()
    approved = carry_out(visit(small.moderator), small.course)
    assert "4 pages are approved." in approved
    assert all(school.fresh(page).live for page in pages)
    assert [(message.to, message.subject) for message in mail.outbox] == [
        (["teacher@example.org"], "4 pages of “Botany” are approved")
    ]


def test_one_page_alone_is_told_by_wagtails_own_mail(small: SimpleNamespace) -> None:
    page = drafts(small)[1]
    mail.outbox.clear()
    page.get_workflow().start(page, small.teacher)
    assert any("moderator@example.org" in message.to for message in mail.outbox)


def test_a_draft_that_lacks_something_stays_and_the_rest_goes_on(small: SimpleNamespace, visit: Any) -> None:
    module = small.modules[0]
    good = school.lesson(module, "Good", live=False)
    bad = school.lesson(module, "Bad", live=False)
    draft = school.fresh(bad)
    draft.body = [("heading", {"text": "Sound", "level": "2"}), ("heading", {"text": "", "level": "2"})]
    draft.title = ""
    draft.save_revision(clean=False)
    namesake = school.lesson(module, "Bad", live=False)
    other = school.fresh(namesake)
    other.body = [("heading", {"text": "", "level": "2"})]
    other.save_revision(clean=False)
    said = carry_out(visit(small.moderator), small.course)
    assert "1 page is published." in said
    assert "“Bad” stays a draft: Title: This field cannot be blank. Body: block 2 (Heading), " in said
    assert "“Bad” stays a draft: Body: block 1 (Heading), Text: This field is required." in said
    assert school.fresh(good).live
    assert not school.fresh(bad).live


def test_locked_pages_and_those_of_others_are_left_alone(small: SimpleNamespace, visit: Any) -> None:
    page = drafts(small)[1]
    seen = key_of(visit(small.moderator), small.course, page)
    Page.objects.filter(pk=page.pk).update(locked=True, locked_by=small.admin)
    asked = visit(small.moderator).get(whole(small.course)).content.decode()
    assert "Locked or scheduled" in asked
    assert asked.count('name="page"') == 3
    for key in (seen, seen.replace("publish", "locked")):
        visit(small.moderator).post(whole(small.course), {"page": [key]})
        assert not school.fresh(page).live
    for who in (small.other_teacher, small.student):
        for answer in (visit(who).get(whole(small.course)), visit(who).post(whole(small.course), {"page": [seen]})):
            assert answer.status_code in {302, 404}
    assert not school.fresh(page).live


def test_the_question_has_few_queries(small: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any) -> None:
    for n in range(30):
        school.lesson(small.modules[0], f"More {n}", live=False)
    client = visit(small.teacher)
    client.get(whole(small.course))
    with django_assert_max_num_queries(30):
        assert client.get(whole(small.course)).content.decode().count('name="page"') == 30


def test_the_course_and_the_desk_lead_there(small: SimpleNamespace, visit: Any) -> None:
    drafts(small)
    for who, words in ((small.moderator, "Publish the whole course"), (small.teacher, "Submit the whole course")):
        assert words in visit(who).get(f"/cms/pages/{small.course.pk}/").content.decode()
    desk = visit(small.teacher).get("/cms/").content.decode()
    assert whole(small.course) in desk
    assert "Latest changes" in desk
    assert "Wood" in desk
    assert "Wings" not in desk


def table(*rows: list[str]) -> dict[str, Any]:
    value = {"data": list(rows), "first_row_is_table_header": False, "first_col_is_header": False}
    return {"type": "table", "value": value, "id": "11111111-2222-4333-8444-555555555555"}


def test_tables_are_compared_as_tables(small: SimpleNamespace, visit: Any) -> None:
    first = table(["le jour", "day"], ["la nuit", "night"], ["hier", "<b>yesterday"])
    lesson = school.lesson(small.modules[0], "Words", blocks=[first])
    before = lesson.latest_revision
    lesson.body = LessonBody().to_python(
        [table(["le jour", "daylight"], ["hier", "<b>yesterday"], ["demain", "tomorrow"])]
    )
    after = lesson.save_revision()
    url = f"/cms/pages/{lesson.pk}/revisions/compare/{before.pk}...{after.pk}/"
    html = visit(small.admin).get(url).content.decode()
    cells = html[html.index("<table class='listing'><tbody>") :]
    assert "<td>le jour</td>" in cells
    assert '<span class="deletion">day</span><span class="addition">daylight</span>' in cells
    assert "<tr class='deletion'><td>la nuit</td><td>night</td></tr>" in cells
    assert "<tr class='addition'><td>demain</td><td>tomorrow</td></tr>" in cells
    assert "<tr class=''><td>hier</td><td>&lt;b&gt;yesterday</td></tr>" in cells


def test_what_is_not_ticked_stays_and_so_does_what_was_not_shown(small: SimpleNamespace, visit: Any) -> None:
    module, wood, bark, _changed = drafts(small)
    client = visit(small.moderator)
    own = [key_of(client, small.course, page) for page in (module, wood)]
    odd = ["x", "-1", str(bark.pk), f"{bark.pk}.publish", f"{small.other_lesson.pk}.publish.0.0", "9" * 40, "²", ""]
    later = school.lesson(module, "Written meanwhile", live=False)
    client.post(whole(small.course), {"page": [*own, *odd]})
    assert school.fresh(wood).live
    assert not school.fresh(bark).live
    assert not school.fresh(later).live
    assert "Nothing has changed" in client.post(whole(small.course), follow=True).content.decode()


def test_a_lesson_that_nobody_could_finish_stays_a_draft(small: SimpleNamespace, visit: Any) -> None:
    lesson = school.lesson(small.modules[0], "Film", live=False)
    film = school.stored("film.avi", b"RIFF0000AVI LIST", of=small.course)
    draft = school.fresh(lesson)
    draft.completes = "blocks"
    draft.body = [("video", {"file": film, "title": "Film", "captions": None, "poster": None})]
    draft.save_revision(clean=False)
    assert "“Film” stays a draft: Is done when: No file in this lesson plays" in carry_out(
        visit(small.moderator), small.course
    )
    assert not school.fresh(lesson).live


def test_two_who_click_at_once_do_it_once(small: SimpleNamespace, visit: Any) -> None:
    """Both have the same page before them; the second finds nothing left to do, and no fault."""
    pages = drafts(small)
    for who, words in ((small.teacher, "4 pages are submitted"), (small.moderator, "4 pages are approved")):
        first, second = visit(who), visit(who)
        keys = ticked(first, small.course)
        assert words in carry_out(first, small.course, keys)
        mail.outbox.clear()
        assert words not in carry_out(second, small.course, keys)
        assert mail.outbox == []
    assert all(school.fresh(page).live for page in pages)


def test_a_click_approves_one_stage_and_only_what_the_person_saw(small: SimpleNamespace, visit: Any) -> None:
    """With two stages for the same reviewers, a second click of the same page is not the second approval; nor is a
    version approved that came after the page was opened."""
    workflow = small.course.get_workflow()
    reviewers = small.moderator.groups.all()
    second = GroupApprovalTask.objects.create(name="Second look")
    second.groups.set(reviewers)
    WorkflowTask.objects.create(workflow=workflow, task=second, sort_order=9)
    page = drafts(small)[1]
    page.get_workflow().start(page, small.teacher)
    reviewer = visit(small.moderator)
    keys = [key_of(reviewer, small.course, page)]
    assert "1 page is approved." in carry_out(reviewer, small.course, keys)
    assert "1 page has changed since you saw it" in carry_out(reviewer, small.course, keys)
    assert not school.fresh(page).live
    keys = [key_of(reviewer, small.course, page)]
    draft = school.fresh(page)
    draft.title = "Changed by its author"
    draft.save_revision(user=small.teacher)
    assert "1 page has changed since you saw it" in carry_out(reviewer, small.course, keys)
    assert not school.fresh(page).live
    assert "1 page is approved." in carry_out(reviewer, small.course, [key_of(reviewer, small.course, page)])
    assert school.fresh(page).live


def test_a_rejected_page_waits_for_its_author_who_submits_it_again(small: SimpleNamespace, visit: Any) -> None:
    page = drafts(small)[1]
    page.get_workflow().start(page, small.teacher)
    state = page.current_workflow_task_state
    state.task.specific.on_action(state, small.moderator, "reject", comment="A picture, please.")
    reviewer, author = visit(small.moderator), visit(small.teacher)
    asked = reviewer.get(whole(small.course)).content.decode()
    assert "Sent back to their authors" in asked
    assert all(not key.startswith(f"{page.pk}.") for key in ticked(reviewer, small.course))
    assert "1 page is submitted" in carry_out(author, small.course, [key_of(author, small.course, page)])
    assert "1 page is approved." in carry_out(reviewer, small.course, [key_of(reviewer, small.course, page)])
    assert school.fresh(page).live


def test_a_page_for_later_is_said_to_be_scheduled(small: SimpleNamespace, visit: Any) -> None:
    page = school.lesson(small.modules[0], "Tomorrow", live=False)
    page.go_live_at = timezone.now() + timedelta(days=1)
    page.save_revision(user=small.teacher)
    client = visit(small.moderator)
    said = carry_out(client, small.course)
    assert "1 page is scheduled." in said
    assert "published." not in said
    assert not school.fresh(page).live
