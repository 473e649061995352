"""Accounts from outside: sign up, log in, limits, enumeration, sessions, second factor, preferences."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from learning.accounts.actions import anonymise
from learning.accounts.models import User
from learning.accounts.roles import Role
from learning.enrollment.actions import enroll
from learning.enrollment.models import Enrollment
from tests import school

SIGN_UP = {
    "display_name": "Ada",
    "email": "ada@example.org",
    "password1": "correct-horse-1",
    "password2": "correct-horse-1",
}


def log_in(client: Client, email: str, password: str = school.PASSWORD, **extra: Any) -> Any:
    return client.post("/accounts/login/", {"login": email, "password": password}, **extra)


def link_in(message: Any) -> str:
    found = re.search(r"https?://\S+", message.body)
    assert found
    return found.group()


def test_sign_up_confirm_and_come_in(db: None, client: Client) -> None:
    response = client.post("/accounts/signup/", SIGN_UP, headers={"Accept-Language": "fr"})
    assert response.status_code == 302
    person = User.objects.get(email="ada@example.org")
    assert person.display_name == "Ada"
    assert person.language == "fr"
    assert person.has_role(Role.STUDENT)
    assert log_in(client, "ada@example.org", "correct-horse-1")["Location"] == "/accounts/confirm-email/"
    link = link_in(mail.outbox[0])
    path = "/" + link.split("/", 3)[3]
    assert client.get(path).status_code == 200
    assert not person.emailaddress_set.get().verified  # a GET changes nothing
    client.post(path)
    assert person.emailaddress_set.get().verified
    log_in(Client(), "ADA@example.org", "correct-horse-1")
    client = Client()
    assert log_in(client, "ADA@example.org", "correct-horse-1")["Location"] == "/me/"


def test_sign_up_keeps_what_was_typed_and_says_what_is_wrong(db: None, client: Client) -> None:
    response = client.post("/accounts/signup/", {**SIGN_UP, "password2": "other"})
    html = response.content.decode()
    assert 'value="Ada"' in html
    assert 'value="ada@example.org"' in html
    assert "errors" in html
    assert not User.objects.filter(email="ada@example.org").exists()


def test_sign_up_offers_no_other_field(db: None, client: Client) -> None:
    client.post("/accounts/signup/", {**SIGN_UP, "is_superuser": "1", "groups": "1", "is_active": "0"})
    person = User.objects.get(email="ada@example.org")
    assert not person.is_superuser
    assert person.is_active
    assert person.role_names == {Role.STUDENT}


def test_links_in_mail_bear_the_configured_host(db: None, client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.BASE_URL = "https://school.example.org"
    client.post("/accounts/signup/", SIGN_UP, headers={"Host": "evil.example.com"})
    school.person("bob")
    client.post("/accounts/password/reset/", {"email": "bob@example.org"}, headers={"Host": "evil.example.com"})
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        assert "evil" not in message.body + message.subject
        assert link_in(message).startswith("https://school.example.org/accounts/")


def test_answers_do_not_tell_who_is_registered(db: None) -> None:
    school.person("bob")
    for url, known, unknown in (
        ("/accounts/password/reset/", {"email": "bob@example.org"}, {"email": "nobody@example.org"}),
        ("/accounts/signup/", {**SIGN_UP, "email": "bob@example.org"}, SIGN_UP),
    ):
        answers = [Client().post(url, data) for data in (known, unknown)]
        assert [a.status_code for a in answers] == [302, 302]
        assert answers[0]["Location"] == answers[1]["Location"]
    wrong = [
        log_in(Client(), email, "wrong-password").content.decode() for email in ("bob@example.org", "no@example.org")
    ]
    cleaned = [re.sub(r'(value|name)="[^"]*"', "", html) for html in wrong]
    assert cleaned[0] == cleaned[1]


def test_ten_wrong_log_ins_then_a_pause_whatever_the_headers(db: None) -> None:
    school.person("bob")
    for n in range(10):
        response = log_in(Client(), "bob@example.org", "wrong", headers={"X-Forwarded-For": f"10.0.0.{n}"})
        assert response.status_code == 200
    client = Client()
    refused = log_in(client, "bob@example.org", headers={"X-Forwarded-For": "10.9.9.9"})
    assert refused.status_code in {200, 429}
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("url", ["/cms/login/", "/_util/login/"])
def test_every_log_in_form_is_the_one(db: None, client: Client, url: str) -> None:
    response = client.get(url + "?next=/cms/")
    assert response["Location"] == "/accounts/login/?next=/cms/"
    posted = client.post(url, {"username": "a", "password": "b"})
    assert posted.status_code == 302
    assert posted["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize(
    "target",
    ["https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "javascript:alert(1)", "http:evil"],
)
def test_no_redirect_leaves_the_site(db: None, target: str) -> None:
    school.person("bob")
    client = Client()
    response = client.post(
        f"/accounts/login/?next={target}", {"login": "bob@example.org", "password": school.PASSWORD, "next": target}
    )
    assert response["Location"] == "/me/"
    for url, data in (("/preferences/theme/", {"theme": "dark"}), ("/preferences/language/", {"language": "ru"})):
        answer = client.post(url, {**data, "next": target}, headers={"Referer": target})
        assert answer["Location"] == "/"
    assert client.post("/accounts/logout/", {"next": target})["Location"] == "/"


def test_log_out_needs_post(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.student)
    client.get("/accounts/logout/")
    assert client.get("/me/").status_code == 200
    client.post("/accounts/logout/")
    assert client.get("/me/").status_code == 302


def signed_in(email: str) -> Client:
    client = Client()
    assert log_in(client, email)["Location"] == "/me/"
    return client


def test_password_change_ends_the_other_sessions(people: SimpleNamespace) -> None:
    here, there = signed_in("student@example.org"), signed_in("student@example.org")
    new = {"oldpassword": school.PASSWORD, "password1": "another-secret-9", "password2": "another-secret-9"}
    assert here.post("/accounts/password/change/", new).status_code == 302
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302


def test_password_reset_ends_every_session(people: SimpleNamespace) -> None:
    there = signed_in("student@example.org")
    somewhere = Client()
    somewhere.post("/accounts/password/reset/", {"email": "student@example.org"})
    path = "/" + link_in(mail.outbox[-1]).split("/", 3)[3]
    form = somewhere.get(path, follow=True).redirect_chain[-1][0]
    somewhere.post(form, {"password1": "another-secret-9", "password2": "another-secret-9"})
    assert there.get("/me/").status_code == 302
    assert log_in(Client(), "student@example.org", "another-secret-9")["Location"] == "/me/"


def test_deactivation_ends_sessions_and_refuses_new_ones(people: SimpleNamespace, visit: Any) -> None:
    there = signed_in("student@example.org")
    people.student.is_active = False
    people.student.save()
    assert there.get("/me/").status_code == 302
    client = Client()
    log_in(client, "student@example.org")
    assert "_auth_user_id" not in client.session


def test_sessions_are_listed_and_ended(people: SimpleNamespace) -> None:
    here, there = signed_in("student@example.org"), signed_in("student@example.org")
    assert here.get("/accounts/sessions/").status_code == 200
    here.post("/accounts/sessions/")
    assert here.get("/me/").status_code == 200
    assert there.get("/me/").status_code == 302


def test_second_factor_is_asked_for(people: SimpleNamespace) -> None:
    TOTP.activate(people.student, "JBSWY3DPEHPK3PXP")
    client = Client()
    assert log_in(client, "student@example.org")["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/me/").status_code == 302


def test_staff_can_be_required_to_have_one(people: SimpleNamespace, visit: Any, settings: Any) -> None:
    assert visit(people.editor).get("/cms/").status_code == 200
    settings.STAFF_MFA_REQUIRED = True
    assert visit(people.editor).get("/cms/")["Location"] == "/accounts/2fa/"
    TOTP.activate(people.editor, "JBSWY3DPEHPK3PXP")
    assert visit(people.editor).get("/cms/").status_code == 200


def test_account_pages_open_in_every_language(people: SimpleNamespace, visit: Any) -> None:
    pages = ["email/", "password/change/", "2fa/", "sessions/", "logout/", "reauthenticate/"]
    for language in ("en", "ru", "fr"):
        people.student.language = language
        people.student.save()
        for page in pages:
            response = visit(people.student).get("/accounts/" + page)
            assert response.status_code in {200, 302}, page
            assert response["Content-Language"] == language


def test_language_is_the_persons_else_the_browsers(people: SimpleNamespace, visit: Any) -> None:
    def language(client: Client, accept: str = "") -> str:
        return client.get("/", headers={"Accept-Language": accept})["Content-Language"]

    assert language(visit(), "fr-CA,fr;q=0.9") == "fr"
    assert language(visit(), "xx") == "en"
    client = visit(people.student)
    assert language(client, "fr") == "fr"
    client.post("/preferences/language/", {"language": "ru"})
    assert language(client, "fr") == "ru"
    assert language(visit(school.fresh(people.student)), "fr") == "ru"
    assert client.post("/preferences/language/", {"language": "../../etc"}).status_code == 400


def test_theme_is_in_the_first_byte(people: SimpleNamespace, visit: Any) -> None:
    client = visit()
    assert 'data-theme="auto"' in client.get("/").content.decode()
    client.post("/preferences/theme/", {"theme": "dark"})
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.cookies["theme"] = '"><script>'
    assert 'data-theme="auto"' in client.get("/").content.decode()


def test_profile_saves_and_refuses(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.student)
    good = {"display_name": "Zoë <b>", "language": "fr", "time_zone": "Europe/Paris", "theme": "dark"}
    assert client.post("/me/profile/", good).status_code == 302
    person = school.fresh(people.student)
    assert (person.display_name, person.time_zone, person.theme) == ("Zoë <b>", "Europe/Paris", "dark")
    assert "<b>" not in client.get("/me/").content.decode()
    bad = client.post("/me/profile/", {**good, "time_zone": "Mars/Base", "is_superuser": "1", "email": "x@y.zz"})
    assert bad.status_code == 422
    assert school.fresh(person).email == "student@example.org"


def test_avatar_is_remade_and_shown_to_people_only(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.student)
    data = {"display_name": "S", "language": "", "time_zone": "UTC", "theme": "auto"}
    picture = SimpleUploadedFile("../me.png", school.png(900, 300), "image/png")
    assert client.post("/me/profile/", {**data, "avatar": picture}).status_code == 302
    person = school.fresh(people.student)
    assert re.fullmatch(r"avatars/[0-9a-f]{32}\.webp", person.avatar.name)
    response = visit(people.stranger).get(f"/people/{person.pk}/picture/")
    assert b"".join(response.streaming_content)[8:12] == b"WEBP"
    assert visit().get(f"/people/{person.pk}/picture/").status_code == 302
    assert visit(people.stranger).get(f"/people/{people.teacher.pk}/picture/").status_code == 404


@pytest.mark.parametrize(
    "payload", [b"<svg onload=alert(1)>", b"", b"\x89PNG\r\n\x1a\n broken", b"GIF89a" + b"\xff" * 50]
)
def test_what_is_not_a_picture_is_refused_with_the_reason(people: SimpleNamespace, visit: Any, payload: bytes) -> None:
    data = {"display_name": "Kept name", "language": "", "time_zone": "UTC", "theme": "auto"}
    upload = SimpleUploadedFile("a.png", payload, "image/png")
    response = visit(people.student).post("/me/profile/", {**data, "avatar": upload})
    assert response.status_code == 422
    assert 'value="Kept name"' in response.content.decode()
    assert not school.fresh(people.student).avatar


def test_anonymising_takes_the_person_and_leaves_the_numbers(small: SimpleNamespace, visit: Any) -> None:
    TOTP.activate(small.student, "JBSWY3DPEHPK3PXP")
    session = signed_in_with_factor = visit(small.student)
    anonymise(person=small.student)
    person = school.fresh(small.student)
    assert str(person) == "former member"
    assert "student" not in person.email
    assert not person.is_active
    assert not Authenticator.objects.filter(user=person).exists()
    assert session.get("/me/").status_code == 302
    assert signed_in_with_factor.get(school.path_of(small.lessons[0])).status_code == 302
    assert Enrollment.objects.filter(user=person).count() == 1
    again = school.person("student")  # the address is free
    assert enroll(user=again, course=small.course).pk != small.enrollment.pk


def test_anonymised_teacher_leaves_the_course_standing(small: SimpleNamespace, visit: Any) -> None:
    anonymise(person=small.teacher)
    html = visit().get(school.path_of(small.course)).content.decode()
    assert "former member" not in html
    assert visit(small.student).get(school.path_of(small.lessons[0])).status_code == 200
    assert visit(small.admin).get(f"/cms/pages/{small.course.pk}/edit/").status_code == 200


def test_deleting_a_teacher_outright_never_breaks_a_draft(small: SimpleNamespace, visit: Any) -> None:
    course = school.fresh(small.course)
    course.save_revision(user=small.teacher)
    User.objects.get(pk=small.teacher.pk).delete()
    assert visit(small.admin).get(f"/cms/pages/{course.pk}/edit/").status_code == 200
    assert visit().get(school.path_of(course)).status_code == 200


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Linux"),
        ("curl/8.0", "An unknown device"),
    ],
)
def test_sessions_are_named_as_people_name_them(people: SimpleNamespace, agent: str, said: str) -> None:
    client = Client(headers={"User-Agent": agent})
    log_in(client, people.student.email)
    assert said in client.get("/accounts/sessions/").content.decode()


def test_account_pages_speak_as_the_school_does(people: SimpleNamespace, visit: Any) -> None:
    for who, path in (
        (None, "login"),
        (None, "signup"),
        (None, "password/reset"),
        (people.student, "email"),
        (people.student, "2fa"),
    ):
        page = visit(who).get(f"/accounts/{path}/").content.decode()
        for words in ("Sign In", "sign in", "Sign Up", "Sign Out", "Email", " email "):
            assert words not in page, (path, words)
