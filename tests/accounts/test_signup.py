"""Signing up from a page of the school and coming back to it; the mail of confirmation."""

from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests import school
from tests.accounts.test_accounts import SIGN_UP, link_in


def confirmation(message: Any) -> str:
    return "/" + link_in(message).split("/", 3)[3]


def test_who_signs_up_from_a_course_comes_back_to_it_logged_in(small: SimpleNamespace) -> None:
    client, course = Client(), school.path_of(small.course)
    page = client.get(course).content.decode()
    assert f"/accounts/signup/?next={course}" in page
    assert f'value="{course}"' in client.get(f"/accounts/signup/?next={course}").content.decode()
    client.post("/accounts/signup/", {**SIGN_UP, "next": course})
    answer = client.post(confirmation(mail.outbox[-1]), follow=True)
    assert answer.redirect_chain[-1][0] == course
    assert "Ada" in answer.content.decode()
    assert f'action="{reverse("enroll", args=(small.course.pk,))}"' in answer.content.decode()


def test_another_browser_is_led_back_too_but_not_logged_in(small: SimpleNamespace) -> None:
    course = school.path_of(small.course)
    Client().post("/accounts/signup/", {**SIGN_UP, "next": course})
    other = Client()
    path = confirmation(mail.outbox[-1])
    form = other.get(path).content.decode()
    assert f'name="next" value="{course}"' in form
    answer = other.post(path.partition("?")[0], {"next": course}, follow=True)
    assert answer.redirect_chain[-1][0] == course
    assert "Log in to enrol" in answer.content.decode()


@pytest.mark.parametrize("target", ["//evil.example/x", "https://evil.example/", "javascript:alert(1)"])
def test_the_link_of_the_mail_leads_to_no_other_host(db: None, target: str) -> None:
    client = Client()
    client.post("/accounts/signup/", {**SIGN_UP, "next": target})
    assert "evil" not in mail.outbox[-1].body
    answer = client.post(confirmation(mail.outbox[-1]))
    assert answer["Location"] == "/me/"


def test_the_confirmation_can_be_sent_again_once_a_minute(db: None) -> None:
    client = Client()
    client.post("/accounts/signup/", SIGN_UP)
    before = len(mail.outbox)
    again = "/accounts/confirm-email/again/"
    assert again in client.get("/accounts/confirm-email/").content.decode()
    assert "on its way again" in client.post(again, follow=True).content.decode()
    assert "Wait a minute" in client.post(again, follow=True).content.decode()
    assert len(mail.outbox) == before + 1
    client.post(confirmation(mail.outbox[-1]))
    assert client.get("/me/").status_code == 200


def test_sending_again_confirms_no_change_of_someone_elses_address(people: SimpleNamespace) -> None:
    """An address that a person wants to change to is theirs to confirm, from their own page."""
    EmailAddress.objects.create(user=people.student, email=SIGN_UP["email"], verified=False, primary=False)
    client = Client()
    client.post("/accounts/signup/", SIGN_UP)
    mail.outbox.clear()
    client.post("/accounts/confirm-email/again/")
    assert mail.outbox == []


def test_sending_again_tells_nobody_who_has_an_account(people: SimpleNamespace) -> None:
    known, new = Client(), Client()
    known.post("/accounts/signup/", {**SIGN_UP, "email": people.student.email})
    new.post("/accounts/signup/", SIGN_UP)
    mail.outbox.clear()
    again = "/accounts/confirm-email/again/"
    said = [client.post(again, follow=True) for client in (known, new)]
    assert {answer.status_code for answer in said} == {200}
    assert all("on its way again" in answer.content.decode() for answer in said)
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]
    Client().post(again)
    assert len(mail.outbox) == 1
