"""A walk past every address of private lessons as each kind of person, looking for planted words.

A student, a payer and a teacher see what is theirs; what is not answers 404, as what does not exist does.
"""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from learning.accounts.actions import create_token
from learning.tutoring.models import Project
from learning.tutoring.schedule.ical import address_of
from learning.tutoring.web import urls
from tests.tutoring.conftest import ANSWER, FILE, GOAL, NOTES, PAID, PLAN, REPORT

CANARIES = {PLAN, NOTES, REPORT, ANSWER, GOAL, PAID, FILE.decode()}
STUDENT = {PLAN, REPORT, ANSWER, GOAL, FILE.decode()}
# who → the words that they may see
SEES: dict[str, set[str]] = {
    "visitor": set(),
    "student": STUDENT,
    "parent": {PAID},
    "teacher": CANARIES,
    "other_teacher": set(),
    # gives the coming lesson
    "substitute": {PLAN, REPORT},
    "registrar": set(),
    "classmate": set(),
    "stranger": set(),
    "editor": set(),
    "moderator": set(),
    "admin": CANARIES,
}
MANAGES = {"teacher", "admin"}
GIVES = MANAGES | {"substitute"}
# name of the address → who gets 200; everyone else who is logged in gets 404
PAGES: dict[str, set[str]] = {
    **dict.fromkeys(
        (
            *("tutoring_edit", "tutoring_copy", "tutoring_add_student", "tutoring_schedule", "tutoring_new_rule"),
            *("tutoring_rule", "tutoring_add_lesson", "tutoring_give_homework", "tutoring_member", "tutoring_goal"),
            *("tutoring_student_off", "tutoring_give_with_lesson", "homework_look", "tutoring_payment"),
            *("tutoring_entry", "tutoring_package"),
        ),
        MANAGES,
    ),
    **dict.fromkeys(("tutoring_print_plan", "tutoring_move", "tutoring_swap", "tutoring_cancel"), GIVES),
    **dict.fromkeys(("tutoring_lesson", "tutoring_lesson_file"), GIVES | {"student"}),
    **dict.fromkeys(
        ("tutoring_project", "tutoring_timeline", "homework_item_file", "homework_answer_file"), MANAGES | {"student"}
    ),
    "tutoring_account": MANAGES | {"parent"},
    "tutoring_ask": {"student"},
    "homework_copy": {"student"},
    **dict.fromkeys(
        ("tutoring_new", "tutoring_students", "tutoring_days_off", "tutoring_month", "tutoring_policies",
         "tutoring_new_policy", "tutoring_kinds", "homework_to_look_at"),
        GIVES | {"other_teacher"},
    ),
    **dict.fromkeys(
        ("calendar", "calendar_print", "calendar_subscribe", "tutoring_projects", "tutoring_accounts", "homework"),
        set(SEES) - {"visitor"},
    ),
}  # fmt: skip
# what only takes a POST → who may
POSTS: dict[str, set[str]] = {
    **dict.fromkeys(
        (
            *(
                "tutoring_state",
                "tutoring_apply",
                "tutoring_open_account",
                "tutoring_add_goal",
                "tutoring_invite_again",
            ),
            *("tutoring_goal_done", "homework_excuse", "homework_remind", "homework_opened"),
        ),
        MANAGES,
    ),
    **dict.fromkeys(
        (
            "tutoring_mark",
            "tutoring_open_again",
            "tutoring_presence",
            "tutoring_plan",
            "tutoring_go_on",
            "tutoring_add_task",
            "tutoring_report",
        ),
        GIVES,
    ),
    **{name: {"student"} for name in ("tutoring_call_off", "homework_draft", "homework_take_back")},
}
# These need a row of their own or are for everyone; each has a test of its own.
ELSEWHERE = {
    *("calendar_feed", "tutoring_end_rule", "tutoring_end_days_off", "tutoring_mark_today", "tutoring_undo"),
    *("tutoring_tick", "tutoring_answer_wish", "tutoring_return_package", "tutoring_take_back", "tutoring_policy"),
    *("homework_remove_file", "homework_give_to_group", "tutoring_zone", "tutoring_delete_kind"),
}


def address(practice: SimpleNamespace, name: str) -> str:
    """The address of this name, about the practice of `teacher`."""
    pattern = next(one for one in urls.urlpatterns if one.name == name)
    known = {
        "project_id": practice.project.pk,
        "lesson_id": practice.coming.pk,
        "account_id": practice.account.pk,
        "copy_id": practice.copy.pk,
        "homework_id": practice.homework.pk,
        "goal_id": practice.goal.pk,
        "row_id": practice.project.students.get().pk,
        "rule_id": practice.rule.pk,
        "user_id": practice.student.pk,
        "name": "answer.txt",
    }
    known["key"] = practice.homework.items.get(kind="file").key if name == "homework_item_file" else practice.file.key
    names = pattern.pattern.converters  # type: ignore[attr-defined]
    return reverse(name, kwargs={part: known[part] for part in names})


def found_in(response: Any) -> set[str]:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    words = content.decode("utf-8", "replace") + str(response.headers)
    return {canary for canary in CANARIES if canary in words}


@pytest.mark.parametrize("who", SEES)
def test_every_address_answers_who_it_is_for(practice: SimpleNamespace, visit: Any, who: str) -> None:
    client: Client = visit(getattr(practice, who, None))
    seen: set[str] = set()
    for name, allowed in PAGES.items():
        answer = client.get(address(practice, name))
        expected = 200 if who in allowed else 302 if who == "visitor" else 404
        assert answer.status_code == expected, (who, name, answer.status_code)
        found = found_in(answer)
        assert found <= SEES[who], (name, found - SEES[who])
        seen |= found
    # the walk would be blind if those who may see saw nothing
    assert seen == SEES[who]


@pytest.mark.parametrize("who", SEES)
def test_other_pages_show_nothing_of_it(practice: SimpleNamespace, visit: Any, who: str) -> None:
    client: Client = visit(getattr(practice, who, None))
    client.raise_request_exception = False
    cms = ["lesson", "project", "ledger", "policy", "kind"]
    asked = [
        *("/me/", "/me/data/read/", "/search/?q=canary", "/chat/", "/calendar/?view=list", "/calendar/?view=month"),
        *(f"/cms/tutoring/{part}/" for part in cms),
        *("/cms/tutoring/report/", "/cms/", "/cms/tutoring/lesson/?q=canary", "/api/v1/tutoring/lessons"),
        *("/api/v1/tutoring/balance", "/tutoring/accounts/", f"{practice.account.get_absolute_url()}?format=csv"),
    ]
    for path in asked:
        answer = client.get(path)
        assert answer.status_code < 500, path
        assert found_in(answer) <= SEES[who] | ({NOTES} if who == "teacher" else set()), path


@pytest.mark.parametrize("who", SEES)
def test_what_changes_something_is_closed_to_others(practice: SimpleNamespace, visit: Any, who: str) -> None:
    client: Client = visit(getattr(practice, who, None))
    for name, allowed in POSTS.items():
        path = address(practice, name)
        assert client.get(path).status_code in ({302, 405} if who == "visitor" else {405}), name
        if who not in allowed:
            expected = 302 if who == "visitor" else 404
            assert client.post(path).status_code == expected, (who, name)
    for name, allowed in PAGES.items():
        if who not in allowed and who != "visitor":
            assert client.post(address(practice, name)).status_code in {404, 405}, name


def test_every_address_is_in_one_of_the_tables() -> None:
    names = {pattern.name for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}
    assert names == set(PAGES) | set(POSTS) | ELSEWHERE


def test_single_rows_are_closed_to_others(practice: SimpleNamespace, visit: Any) -> None:
    from django.utils import timezone

    from learning.tutoring.lessons.planning import add_task
    from learning.tutoring.lessons.requests import ask_to_move
    from learning.tutoring.models import DayOff, LedgerLine, Package, Policy, PolicyVersion

    task = add_task(lesson=practice.coming, text="Read")
    wish = ask_to_move(
        lesson=practice.coming, student=practice.student, wanted_at=timezone.now() + timezone.timedelta(days=4)
    )
    off = DayOff.objects.create(person=practice.teacher, first=timezone.localdate(), last=timezone.localdate())
    policy = Policy.objects.create(name="Own", owner=practice.teacher)
    PolicyVersion.objects.create(policy=policy)
    line = LedgerLine.objects.filter(kind="payment").get()
    paths = [
        reverse("tutoring_tick", args=(task.pk,)),
        reverse("tutoring_answer_wish", args=(wish.pk,)),
        reverse("tutoring_end_days_off", args=(off.pk,)),
        reverse("tutoring_take_back", args=(line.pk,)),
        reverse("tutoring_return_package", args=(Package.objects.get().pk,)),
        reverse("tutoring_policy", args=(policy.pk,)),
        reverse("tutoring_end_rule", args=(practice.project.pk, practice.rule.pk)),
        reverse("homework_remove_file", args=(practice.file.key,)),
    ]
    for who in ("student", "parent", "other_teacher", "classmate", "editor", "moderator", "registrar"):
        client = visit(getattr(practice, who))
        for path in paths:
            assert client.post(path).status_code == 404, (who, path)
    assert not DayOff.objects.exclude(pk=off.pk).exists()
    assert LedgerLine.objects.filter(reverses=line).count() == 0


def test_a_draft_project_is_its_teachers_alone(practice: SimpleNamespace, visit: Any) -> None:
    Project.objects.filter(pk=practice.project.pk).update(state=Project.State.DRAFT)
    for who in ("student", "parent"):
        client = visit(getattr(practice, who))
        for path in (
            practice.project.get_absolute_url(),
            practice.coming.get_absolute_url(),
            practice.copy.get_absolute_url(),
        ):
            assert client.get(path).status_code == 404
        assert b"Rhetoric" not in client.get("/calendar/?view=list").content
        assert b"Rhetoric" not in client.get("/me/").content


def test_a_payer_sees_when_and_how_much_but_no_contents(practice: SimpleNamespace, visit: Any) -> None:
    client = visit(practice.parent)
    listed = client.get("/calendar/?view=list").content.decode()
    assert "Rhetoric" in listed
    assert practice.coming.get_absolute_url() not in listed
    statement = client.get(practice.account.get_absolute_url()).content.decode()
    assert "€30.00" in statement


def test_the_feed_opens_by_its_address_alone_and_closes_again(practice: SimpleNamespace, visit: Any) -> None:
    path = address_of(practice.student).partition("/calendar/")
    feed = f"/calendar/{path[2]}"
    answer = visit().get(feed)
    assert answer.status_code == 200
    assert b"Rhetoric" in answer.content
    assert found_in(answer) == set()
    assert visit().get(feed.replace(".ics", "x.ics")).status_code == 404
    visit(practice.student).post("/calendar/subscribe/", {"what": "new"})
    assert visit().get(feed).status_code == 404
    again = f"/calendar/{address_of(practice.student).partition('/calendar/')[2]}"
    assert visit().get(again).status_code == 200
    practice.student.is_active = False
    practice.student.save()
    assert visit().get(again).status_code == 404


def test_tokens_need_the_scope(practice: SimpleNamespace) -> None:
    key = create_token(user=practice.teacher, name="x", scopes=["read"])
    client = Client(headers={"Authorization": f"Bearer {key}"})
    assert client.get("/api/v1/tutoring/lessons").status_code == 403
    allowed = Client(
        headers={"Authorization": f"Bearer {create_token(user=practice.teacher, name='y', scopes=['lessons'])}"}
    )
    assert allowed.get("/api/v1/tutoring/lessons").status_code == 200
    path = f"/api/v1/tutoring/lessons/{practice.past.pk}/status"
    assert allowed.put(path, {"status": "planned"}, content_type="application/json").status_code == 403
