"""What an attacker tried: files by their number, files that outlive their page, titles of drafts, redirects."""

from types import SimpleNamespace
from typing import Any

import pytest
from wagtail.models import PageViewRestriction

from learning.accounts.roles import Role
from learning.courses.models import CoursePrerequisite
from learning.enrollment.models import CourseRight, StudyGroup
from learning.library.models import SharedFile
from tests import school
from tests.courses.test_authoring import edit_form

PAGE_VERBS = ("delete", "move", "publish", "unpublish")
TITLE, NAME = "Canary of a draft", "canary-file.txt"


def file_form(lesson: Any, file: Any, **changes: Any) -> dict[str, Any]:
    body = {"body-count": "1", "body-0-deleted": "", "body-0-order": "0", "body-0-type": "file", "body-0-id": ""}
    value = {"body-0-value-file": str(file.pk), "body-0-value-title": ""}
    return edit_form(lesson, **body, **value, **changes)


@pytest.fixture
def two(small: SimpleNamespace) -> SimpleNamespace:
    """The teacher has two courses, so that their explorer begins at the catalogue, above the drafts of others."""
    small.second = school.course("Mosses", team=(small.teacher,))
    small.draft = school.course(TITLE, team=(small.other_teacher,), live=False)
    small.draft_module = school.module(small.draft, TITLE, live=False)
    small.draft_lesson = school.lesson(small.draft_module, TITLE, live=False)
    small.file = school.stored(NAME, b"secret words", of=small.draft)
    small.picture = school.picture(TITLE, of=small.draft)
    small.drafts = [small.draft, small.draft_module, small.draft_lesson]
    return small


def publisher(course: Any) -> Any:
    """Someone whose role writes and publishes in one course only."""
    from django.contrib.auth.models import Group, Permission

    group = Group.objects.create(name="Publishers")
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    for right in (CourseRight.Right.WRITE, CourseRight.Right.PUBLISH):
        CourseRight.objects.create(role=group, course=course, right=right)
    person = school.person("publisher", Role.TEACHER)
    person.groups.add(group)
    return person


def test_a_file_is_not_opened_by_its_number_in_a_page(two: SimpleNamespace, visit: Any) -> None:
    lesson = school.lesson(two.modules[0], "Taste", free_preview=True)
    client = visit(publisher(two.course))
    own = school.stored("own.txt", b"own", of=two.course)
    assert client.get(two.file.url).status_code == 404
    answer = client.post(
        f"/cms/pages/{lesson.pk}/edit/", file_form(lesson, two.file, free_preview="on", **{"action-publish": "1"})
    )
    assert answer.status_code in {403, 302}
    assert NAME not in answer.content.decode()
    assert school.fresh(lesson).body.raw_data[0]["type"] == "text"
    for who in (None, two.student, two.teacher):
        assert visit(who).get(two.file.url).status_code == 404
    # what they may use goes through
    client.post(f"/cms/pages/{lesson.pk}/edit/", file_form(lesson, own, free_preview="on", **{"action-publish": "1"}))
    assert visit().get(own.url).status_code == 200


def test_a_number_that_got_into_a_page_some_other_way_opens_nothing(two: SimpleNamespace, visit: Any) -> None:
    blocks = [{"type": "file", "value": {"file": two.file.pk, "title": ""}}]
    rich = school.text(f'<p><a linktype="document" id="{two.file.pk}">x</a></p>')
    for body in (blocks, [rich]):
        school.lesson(two.modules[0], "Taste", blocks=body, free_preview=True)
    assert visit().get(two.file.url).status_code == 404
    assert visit(two.student).get(two.file.url).status_code == 404
    assert visit(two.other_teacher).get(two.file.url).status_code == 200


def test_who_may_use_both_shares_a_file_on_purpose(two: SimpleNamespace, visit: Any) -> None:
    lesson = two.lessons[0]
    visit(two.moderator).post(f"/cms/pages/{lesson.pk}/edit/", file_form(lesson, two.file, **{"action-publish": "1"}))
    assert SharedFile.objects.of(two.file).get().course_id == two.course.pk
    assert visit(two.student).get(two.file.url).status_code == 200
    assert visit(two.stranger).get(two.file.url).status_code == 404


def test_a_copied_course_shows_the_files_of_the_first(two: SimpleNamespace, visit: Any) -> None:
    file = school.stored("notes.txt", b"words", of=two.course)
    school.lesson(two.modules[0], "With file", blocks=[{"type": "file", "value": {"file": file.pk, "title": ""}}])
    form = {
        "new_title": "Botany II",
        "new_slug": "botany-2",
        "new_parent_page": two.course.get_parent().pk,
        "copy_subpages": "on",
        "publish_copies": "on",
    }
    assert visit(two.admin).post(f"/cms/pages/{two.course.pk}/copy/", form).status_code == 302
    copied = two.course.get_parent().get_children().get(slug="botany-2").specific
    school.enrolled(two.stranger, copied)
    assert visit(two.stranger).get(file.url).status_code == 200


def with_file(two: SimpleNamespace, **fields: Any) -> tuple[Any, Any]:
    file = school.stored("notes.txt", b"words", of=two.course)
    blocks = [{"type": "file", "value": {"file": file.pk, "title": ""}}]
    return school.lesson(two.modules[0], "With file", blocks=blocks, **fields), file


@pytest.mark.parametrize("level", ["module", "course", "catalogue"])
def test_files_and_marks_end_with_what_is_above_the_lesson(two: SimpleNamespace, visit: Any, level: str) -> None:
    lesson, file = with_file(two, free_preview=True)
    client = visit(two.student)
    assert client.get(file.url).status_code == 200
    above = {"module": two.modules[0], "course": two.course, "catalogue": two.course.get_parent().specific}[level]
    school.fresh(above).unpublish()
    for who in (None, two.student, two.stranger):
        assert visit(who).get(file.url).status_code == 404
        assert visit(who).get(school.path_of(lesson)).status_code == 404
        assert lesson.slug not in visit(who).get("/sitemap.xml").content.decode()
    for verb in ("done", "position", "played"):
        from django.urls import reverse

        assert client.post(reverse(f"lesson_{verb}", args=(lesson.pk,)), {"done": "1"}).status_code == 404
    assert client.get(f"/chat/discuss/{lesson.pk}/").status_code == 404
    assert client.put(
        f"/api/v1/lessons/{lesson.pk}/done", {"done": True}, content_type="application/json"
    ).status_code in {
        403,
        404,
    }


@pytest.mark.parametrize("kind", ["login", "groups", "password"])
def test_wagtails_privacy_closes_the_files_too(two: SimpleNamespace, visit: Any, kind: str) -> None:
    lesson, file = with_file(two, free_preview=True)
    restriction = PageViewRestriction.objects.create(page=two.modules[0], restriction_type=kind, password="sesame")
    assert visit().get(file.url).status_code == 404
    client = visit(two.student)
    assert client.get(file.url).status_code == (200 if kind == "login" else 404)
    if kind == "groups":
        restriction.groups.add(two.student.groups.get())
        assert client.get(file.url).status_code == 200
    if kind == "password":
        address = f"/_util/authenticate_with_password/{restriction.pk}/{lesson.pk}/"
        client.post(address, {"password": "sesame", "return_url": "/"})
        assert client.get(file.url).status_code == 200
    assert lesson.slug not in visit().get("/sitemap.xml").content.decode()


def test_the_cms_shows_no_titles_of_others_drafts(two: SimpleNamespace, visit: Any) -> None:
    group = StudyGroup.objects.create(course=two.draft, name=TITLE)
    for client in (visit(two.teacher), visit(publisher(two.course))):
        asked = []
        for page in two.drafts:
            asked += [
                f"/cms/pages/{page.pk}/",
                f"/cms/pages/{page.pk}/results/",
                f"/cms/choose-page/{page.pk}/",
                f"/cms/choose-page/chosen-multiple/?id={page.pk}",
                f"/cms/pages/{page.pk}/workflow/preview/1/",
                f"/cms/pages/workflow/preview/{page.pk}/1/",
                f"/cms/pages/workflow/action/{page.pk}/approve/1/",
                *(f"/cms/bulk/wagtailcore/page/{verb}/?id={page.pk}" for verb in PAGE_VERBS),
                *(f"/cms/bulk/wagtailcore/page/{verb}/?id=all" for verb in PAGE_VERBS),
            ]
        for verb in ("delete", "add_tags", "add_to_collection"):
            asked.append(f"/cms/bulk/library/picture/{verb}/?id={two.picture.pk}")
            asked.append(f"/cms/bulk/library/storedfile/{verb}/?id={two.file.pk}")
            asked.append(f"/cms/bulk/library/storedfile/{verb}/?id=all")
        asked.append(f"/cms/enrollment/enrollment/?course={two.draft.pk}")
        for address in asked:
            answer = client.get(address, follow=True)
            assert TITLE not in answer.content.decode(), address
            assert NAME not in answer.content.decode(), address
        for screen in ("studygroup/create", "invitation/create", "enrollment/new"):
            address = f"/cms/enrollment/{screen}/"
            assert TITLE not in client.post(address, {"course": two.draft.pk}, follow=True).content.decode(), address
        for pk in (two.student.pk, two.stranger.pk):
            assert client.get(f"/cms/teachers/chosen/{pk}/").status_code == 404
        url = school.path_of(two.draft_lesson)
        posted = client.post("/cms/choose-external-link/", {"external-link-chooser-url": f"http://localhost{url}"})
        assert TITLE not in posted.content.decode()
        copied = client.post(f"/cms/pages/{two.lessons[0].pk}/copy/", {"new_parent_page": two.draft_module.pk})
        assert TITLE not in copied.content.decode()
    assert group.name == TITLE


def test_the_newest_title_of_a_live_page_is_its_authors(two: SimpleNamespace, visit: Any) -> None:
    two.other_lesson.title = TITLE
    two.other_lesson.save_revision()
    url = school.path_of(two.other_lesson)
    answer = visit(two.teacher).post("/cms/choose-external-link/", {"external-link-chooser-url": url})
    assert TITLE not in answer.content.decode()
    assert url in answer.content.decode()


def test_a_prerequisite_bears_the_title_that_students_see(two: SimpleNamespace, visit: Any) -> None:
    required = two.other_lesson.get_parent().get_parent().specific
    before = required.title
    CoursePrerequisite.objects.create(course=two.course, required=required)
    school.fresh(two.course).save_revision()
    required.title = TITLE
    required.save_revision()
    form = visit(two.teacher).get(f"/cms/pages/{two.course.pk}/edit/").content.decode()
    assert TITLE not in form
    assert before in form


def test_a_course_names_no_draft_and_no_student_by_number(two: SimpleNamespace, visit: Any) -> None:
    url = f"/cms/pages/{two.course.pk}/edit/"
    page = visit(two.teacher).get(url).content.decode()
    form = {**form_of(page), "outcomes-count": "0", "about": "null", "summary": "A new summary"}
    form.pop("subjects")
    form |= {"title": "Botany", "slug": two.course.slug, "team-0-person": str(two.teacher.pk)}
    saved = visit(two.teacher).post(url, form)
    assert saved.status_code == 302, saved.context["form"].errors
    assert school.fresh(two.course).get_latest_revision_as_object().summary == "A new summary"
    for name, value in (("prerequisites", two.draft.pk), ("team", two.stranger.pk)):
        field = "required" if name == "prerequisites" else "person"
        row = {f"{name}-TOTAL_FORMS": "1" if name == "prerequisites" else "2"}
        number = 0 if name == "prerequisites" else 1
        row |= {f"{name}-{number}-{field}": str(value), f"{name}-{number}-ORDER": "9", f"{name}-{number}-id": ""}
        answer = visit(two.teacher).post(url, {**form, **row})
        assert answer.status_code in {302, 403}
        assert TITLE not in answer.content.decode()
        assert two.stranger.display_name not in answer.content.decode()
    latest = school.fresh(two.course).get_latest_revision_as_object()
    assert [row.person for row in latest.team.all()] == [two.teacher]
    assert not CoursePrerequisite.objects.filter(course=two.course).exists()
    assert list(latest.prerequisites.all()) == []


def form_of(html: str) -> dict[str, str]:
    from bs4 import BeautifulSoup

    fields = {}
    for tag in BeautifulSoup(html, "html.parser").find_all(["input", "select", "textarea"]):
        if not tag.get("name") or (tag.get("type") in ("checkbox", "radio") and not tag.has_attr("checked")):
            continue
        if tag.name == "select":
            chosen = tag.find("option", selected=True) or tag.find("option")
            fields[tag["name"]] = chosen.get("value", "") if chosen else ""
        else:
            fields[tag["name"]] = tag.text if tag.name == "textarea" else tag.get("value", "")
    shown = {name: value for name, value in fields.items() if "__prefix__" not in name}
    return {name: value for name, value in shown.items() if not name.startswith("action-")}


@pytest.mark.parametrize("to", ["//evil.example", "http://testserver//evil.example/x", "/\\evil.example", "///evil"])
def test_preferences_lead_to_no_other_host(small: SimpleNamespace, visit: Any, to: str) -> None:
    for address, choice in (("theme", {"theme": "dark"}), ("language", {"language": "ru"})):
        for sent in ({"data": {**choice, "next": to}}, {"data": choice, "headers": {"referer": to}}):
            answer = visit(small.student).post(f"/preferences/{address}/", **sent)
            assert answer.status_code == 302
            assert not answer["Location"].startswith(("//", "/\\", "http"))


def test_tokens_end_with_the_sessions(small: SimpleNamespace, visit: Any) -> None:
    from learning.accounts.actions import create_token, end_sessions

    secret = create_token(user=small.student, name="x", scopes=["read"])
    bearer = {"Authorization": f"Bearer {secret}"}
    assert visit().get("/api/v1/me", headers=bearer).status_code == 200
    client = visit(small.student)
    new = {"oldpassword": school.PASSWORD, "password1": "another-long-secret", "password2": "another-long-secret"}
    assert client.post("/accounts/password/change/", new).status_code == 302
    assert visit().get("/api/v1/me", headers=bearer).status_code == 401
    secret = create_token(user=small.student, name="x", scopes=["read"])
    end_sessions(person=small.student)
    assert visit().get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_staff_without_a_second_factor_get_no_staff_pages(small: SimpleNamespace, visit: Any, settings: Any) -> None:
    table, api = f"/teaching/courses/{small.course.pk}/", f"/api/v1/courses/{small.course.pk}/enrollments"
    client = visit(small.teacher)
    assert client.get(table).status_code == 200
    assert client.get(api).status_code == 200
    settings.STAFF_MFA_REQUIRED = True
    for path in ("/cms/", table, "/teaching/", "/chat/1/log/", "/chat/1/export/", "/chat/1/people/"):
        assert client.get(path).status_code == 302, path
    assert client.get(api).status_code == 403
    assert visit(small.student).get("/me/").status_code == 200
    assert visit(small.teacher).get("/me/").status_code == 200


@pytest.mark.parametrize("text", ["=1+1", "a;=1+1", "a\t=1+1", "a; +1", " =1", "x\n@SUM(A1)", ";-1"])
def test_no_separator_makes_a_formula_of_a_cell(text: str) -> None:
    import re

    from learning.base.sheets import safe_cell

    said = safe_cell(text)
    for part in re.split(r"[;\t\n]", said):
        assert not part.strip().startswith(("=", "+", "-", "@")), said


def test_passwords_of_pages_are_tried_a_few_times_only(two: SimpleNamespace, visit: Any) -> None:
    lesson, _file = with_file(two, free_preview=True)
    kind = PageViewRestriction.PASSWORD
    rule = PageViewRestriction.objects.create(page=two.modules[0], restriction_type=kind, password="sesame")
    address = f"/_util/authenticate_with_password/{rule.pk}/{lesson.pk}/"
    answers = [visit().post(address, {"password": "x", "return_url": "/"}).status_code for _n in range(12)]
    assert answers[-1] == 429
    assert answers[0] == 200


def test_signing_up_hashes_for_a_known_address_too(small: SimpleNamespace, visit: Any, monkeypatch: Any) -> None:
    from django.contrib.auth import hashers

    hashed: list[str] = []
    real = hashers.make_password

    def watched(password: Any, *args: Any, **kwargs: Any) -> str:
        hashed.append(password)
        return real(password, *args, **kwargs)

    for place in ("django.contrib.auth.base_user.make_password", "learning.accounts.signup.make_password"):
        monkeypatch.setattr(place, watched)
    form = {"display_name": "X", "password1": "a-long-new-secret", "password2": "a-long-new-secret"}
    for email in (small.student.email, "new-address@example.org"):
        hashed.clear()
        assert visit().post("/accounts/signup/", {**form, "email": email}).status_code == 302
        assert "a-long-new-secret" in hashed, email


def test_many_pixels_in_a_small_file_are_refused_quickly(small: SimpleNamespace, visit: Any) -> None:
    import time

    from django.core.files.uploadedfile import SimpleUploadedFile

    huge = school.png(6300, 6300)
    assert len(huge) < 500_000
    began = time.monotonic()
    profile = {"display_name": "X", "language": "", "time_zone": "UTC", "theme": "auto"}
    answer = visit(small.student).post("/me/profile/", {**profile, "avatar": SimpleUploadedFile("a.png", huge)})
    assert answer.status_code == 422
    assert time.monotonic() - began < 2


def test_ten_readers_of_a_new_picture_at_once(real_db: None, visit: Any) -> None:
    """Threads share the kept page, and with it the object of the picture."""
    import threading

    from django.db import connections

    from tests.conftest import make_small

    set_up = make_small()
    picture = school.picture(of=set_up.course, data=school.png(800, 600))
    lesson = school.lesson(
        set_up.modules[0], "Seen", blocks=[{"type": "image", "value": {"image": picture.pk, "alt": "x"}}]
    )
    school.path_of(lesson)
    statuses: list[int] = []
    start = threading.Barrier(10)
    clients = [visit(set_up.student) for _n in range(10)]

    def read(client: Any) -> None:
        client.raise_request_exception = False
        start.wait()
        statuses.append(client.get(school.path_of(lesson)).status_code)
        connections.close_all()

    threads = [threading.Thread(target=read, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 10


def test_a_moved_lesson_and_a_new_course_keep_their_files(two: SimpleNamespace, visit: Any) -> None:
    lesson, file = with_file(two)
    target = school.module(two.second, "Forest")
    school.enrolled(two.student, school.fresh(two.second))
    assert visit(two.admin).post(f"/cms/pages/{lesson.pk}/move/{target.pk}/confirm/").status_code == 302
    assert visit(two.student).get(file.url).status_code == 200
    assert visit(two.stranger).get(file.url).status_code == 404


def test_a_stream_with_a_mistake_shows_no_foreign_title(two: SimpleNamespace, visit: Any) -> None:
    lesson = two.lessons[0]
    form = file_form(lesson, two.file, **{"action-submit": "1"})
    form |= {"body-count": "2", "body-1-deleted": "", "body-1-order": "1", "body-1-type": "heading", "body-1-id": ""}
    form |= {"body-1-value-text": "", "body-1-value-level": "2"}
    answer = visit(two.teacher).post(f"/cms/pages/{lesson.pk}/edit/", form)
    assert NAME not in answer.content.decode()


def test_a_file_that_the_course_shows_may_be_put_back(two: SimpleNamespace, visit: Any) -> None:
    shared = school.stored("shared.txt", b"words")
    shown = [{"type": "file", "value": {"file": shared.pk, "title": ""}}]
    lesson = school.lesson(two.modules[0], "Shows it", blocks=shown)
    other = two.lessons[0]
    answer = visit(two.teacher).post(f"/cms/pages/{other.pk}/edit/", file_form(other, shared))
    assert answer.status_code == 302
    assert school.fresh(other).get_latest_revision_as_object().body.raw_data[0]["value"]["file"] == shared.pk
    assert lesson.live
