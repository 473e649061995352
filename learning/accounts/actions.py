"""Actions on accounts: deletion, sessions, second factor, tokens; and the writing of the audit log."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from wagtail import hooks

from learning.accounts import deeds
from learning.accounts.models import AuditEntry, PersonalToken, User

DAYS_TO_CANCEL = 14
ASKED_DELETION = "asked_deletion"


def record(
    deed: str,
    *,
    actor: User | None,
    person: User | None = None,
    course_id: int | None = None,
    facts: dict[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry to the audit log; call it in the transaction of the change itself."""
    return AuditEntry.objects.create(deed=deed, actor=actor, person=person, course_id=course_id, facts=facts or {})


def end_sessions(*, person: User, keep: str | None = None) -> int:
    """End all sessions of a person but the one with the key `keep`, and their API tokens; returns how many sessions."""
    # tokens too: who stole a password may have made one with it (promise 11)
    PersonalToken.objects.filter(user=person).delete()
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = list(UserSession.objects.filter(user=person).exclude(session_key=keep or ""))
    for session in sessions:
        store(session.session_key).delete()
        session.delete()
    return len(sessions)


@transaction.atomic
def anonymise(*, person: User) -> None:
    """Delete everything that identifies the person; their enrolments and pages stay.

    Nobody can log in with the old address any more, and it is free for a new account.
    """
    # locked and read again: saving the given object could undo what another request has just changed
    person = User.objects.select_for_update().get(pk=person.pk)
    end_sessions(person=person)
    for forget in hooks.get_hooks("forget_person"):  # data about the person in higher apps
        forget(person)
    picture = person.avatar
    # unique, and in a domain that can never receive mail (RFC 2606)
    person.email = f"former-{uuid.uuid4().hex}@invalid.invalid"
    person.display_name = ""
    person.about = ""
    person.avatar = ""
    person.time_zone = "UTC"
    person.language = ""
    person.is_active = False
    person.is_superuser = False
    person.anonymised_at = timezone.now()
    person.delete_after = None
    person.set_unusable_password()
    person.save()
    person.groups.clear()
    person.user_permissions.clear()
    EmailAddress.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    PersonalToken.objects.filter(user=person).delete()
    if picture:
        name, storage = str(picture.name), picture.storage
        # after the commit: a deleted file cannot be rolled back
        transaction.on_commit(lambda: storage.delete(name))


@transaction.atomic
def ask_deletion(*, person: User, actor: User) -> None:
    """Anonymise the person in `DAYS_TO_CANCEL` days, unless it is cancelled before.

    People who ask for their own deletion keep the account until then; if staff ask, it is closed at once.
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    closes = actor.pk != person.pk and person.is_active
    if person.delete_after is None or closes:
        person.delete_after = person.delete_after or timezone.now() + timedelta(days=DAYS_TO_CANCEL)
        person.is_active = person.is_active and not closes
        person.save(update_fields=["delete_after", "is_active"])
        record(deeds.PERSON, actor=actor, person=person, facts={"did": ASKED_DELETION, "closed": closes})


@transaction.atomic
def cancel_deletion(*, person: User, actor: User) -> None:
    person = User.objects.select_for_update().get(pk=person.pk)
    if person.delete_after is not None:
        person.delete_after = None
        # the latest entry comes first (Meta.ordering); it tells whether this deletion closed the account
        asked = AuditEntry.objects.filter(person=person, facts__did=ASKED_DELETION).first()
        if asked and asked.facts.get("closed"):
            person.is_active = True  # an account that was inactive before stays inactive
        person.save(update_fields=["delete_after", "is_active"])
        record(deeds.PERSON, actor=actor, person=person, facts={"did": "cancelled_deletion"})


def deletion_day() -> str:
    """The day, in words, on which an account is deleted whose deletion is asked for now."""
    return day_in_words(timezone.now() + timedelta(days=DAYS_TO_CANCEL))


def day_in_words(instant: datetime) -> str:
    """“8 December 2026”, in the reader's language and time zone."""
    return date_format(timezone.localtime(instant), "j E Y")


def delete_due() -> int:
    """Anonymise those whose days to cancel are over; returns how many. Safe to run at any time."""
    due = User.objects.filter(delete_after__lte=timezone.now(), anonymised_at=None)
    count = 0
    for person in due.iterator(chunk_size=100):
        # a transaction for each person: an error with one does not undo those before
        with transaction.atomic():
            fresh = User.objects.select_for_update().get(pk=person.pk)
            # asked again under the lock: they may have cancelled since the list was read
            if fresh.delete_after and fresh.delete_after <= timezone.now() and not fresh.anonymised_at:
                anonymise(person=fresh)
                record(deeds.PERSON, actor=None, person=fresh, facts={"did": "anonymised"})
                count += 1
    return count


@transaction.atomic
def reset_mfa(*, person: User, actor: User) -> int:
    """Remove the second factors of someone who has lost theirs; returns how many there were."""
    count, _details = Authenticator.objects.filter(user=person).delete()
    end_sessions(person=person)
    record(deeds.PERSON, actor=actor, person=person, facts={"did": "reset_mfa"})
    return count


def record_roles(*, person: User, before: set[str], after: set[str], actor: User) -> None:
    if before != after:
        facts = {"given": sorted(after - before), "taken": sorted(before - after)}
        record(deeds.ROLES, actor=actor, person=person, facts=facts)


def digest_of(key: str) -> str:
    # no salt and no slow hash: a key has 256 random bits, which nobody can guess, and is found by its digest
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def create_token(*, user: User, name: str, scopes: Iterable[str], days: int | None = None) -> str:
    """Create a personal token and return its key, which can be shown only now: only its digest is stored.

    `scopes` are codes; `days` is how long it is valid.
    """
    scopes = sorted(scopes)
    key = f"parta_{secrets.token_urlsafe(32)}"
    expires = timezone.now() + timedelta(days=days) if days else None
    PersonalToken.objects.create(user=user, name=name, digest=digest_of(key), scopes=scopes, expires_at=expires)
    record(deeds.TOKEN, actor=user, person=user, facts={"did": "made", "scopes": scopes})
    return key


@transaction.atomic
def revoke_token(*, token: PersonalToken, actor: User) -> None:
    record(deeds.TOKEN, actor=actor, person=token.user, facts={"did": "revoked"})
    token.delete()
