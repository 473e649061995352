"""The session and the account of a request, which are read by compiled queries: as Django reads them."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from learning.accounts.backend import AuthenticationBackend
from learning.accounts.models import User
from learning.accounts.sessions import SessionStore

pytestmark = pytest.mark.django_db


def test_the_account_is_whole(people: SimpleNamespace) -> None:
    stored = User.objects.get(pk=people.student.pk)
    found = AuthenticationBackend().get_user(people.student.pk)
    assert found is not None
    names = [field.attname for field in User._meta.concrete_fields]
    assert {name: getattr(found, name) for name in names} == {name: getattr(stored, name) for name in names}
    assert not found._state.adding
    found.display_name = "Changed"
    found.save()
    assert User.objects.get(pk=people.student.pk).display_name == "Changed"


def test_unknown_and_inactive_accounts_are_nobody(people: SimpleNamespace) -> None:
    assert AuthenticationBackend().get_user(people.student.pk + 1000) is None
    User.objects.filter(pk=people.student.pk).update(is_active=False)
    assert AuthenticationBackend().get_user(people.student.pk) is None


def test_a_session_is_what_was_stored() -> None:
    written = SessionStore()
    written["word"] = "été"
    written.save()
    assert SessionStore(written.session_key)["word"] == "été"


def test_an_expired_session_is_empty_and_its_key_is_not_used_again() -> None:
    written = SessionStore()
    written["word"] = "old"
    written.save()
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    read = SessionStore(written.session_key)
    assert read.get("word") is None
    read["word"] = "new"
    read.save()
    assert read.session_key != written.session_key


def test_someone_made_inactive_is_logged_out_at_the_next_request(client: Client, people: SimpleNamespace) -> None:
    client.force_login(people.student, backend=settings.AUTHENTICATION_BACKENDS[0])
    assert client.get("/me/").status_code == 200
    User.objects.filter(pk=people.student.pk).update(is_active=False)
    assert client.get("/me/").status_code == 302
