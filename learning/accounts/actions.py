"""Verbs about a person as a whole."""

import uuid
from importlib import import_module

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from learning.accounts.models import User


def end_sessions(*, person: User, keep: str | None = None) -> int:
    """End all sessions of a person but the one with the key `keep`; returns how many."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = list(UserSession.objects.filter(user=person).exclude(session_key=keep or ""))
    for session in sessions:
        store(session.session_key).delete()
        session.delete()
    return len(sessions)


@transaction.atomic
def anonymise(*, person: User) -> None:
    """Take away all that tells who this was; what they left behind (enrolments, pages) stays.

    The address cannot be signed in with again and is free for a new account.
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    end_sessions(person=person)
    picture = person.avatar
    person.email = f"former-{uuid.uuid4().hex}@invalid.invalid"
    person.display_name = ""
    person.avatar = ""
    person.time_zone = "UTC"
    person.language = ""
    person.is_active = False
    person.is_superuser = False
    person.anonymised_at = timezone.now()
    person.set_unusable_password()
    person.save()
    person.groups.clear()
    person.user_permissions.clear()
    EmailAddress.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    if picture:
        name, storage = str(picture.name), picture.storage
        transaction.on_commit(lambda: storage.delete(name))
