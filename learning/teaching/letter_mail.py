"""Compose a letter for each reader and send the copies."""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.courses.programme import address_of
from learning.enrollment.models import Letter, LetterCopy

SALT = "course-mail"
# few enough for short transactions: SQLite has one writer at a time
SENT_AT_ONCE = 100
SAMPLE_TOKEN = "each-student-has-their-own"  # noqa: S105  (opens nothing)


@dataclass(frozen=True)
class Mail:
    """A letter as one reader gets it."""

    subject: str
    body: str
    language: str
    stop_url: str  # empty for essential letters, which cannot be stopped


def stop_token(person: User) -> str:
    """Return a signed token for the link that stops letters. It works without logging in and opens nothing else."""
    return signing.dumps(person.pk, salt=SALT)


def person_of_token(token: str) -> User | None:
    try:
        # no `max_age`: the link in an old letter works, too
        return User.objects.filter(pk=signing.loads(token, salt=SALT), is_active=True).first()
    except signing.BadSignature:
        return None


def compose(*, letter: Letter, course: CoursePage, person: User, sample: bool = False) -> Mail:
    """Compose the letter for one recipient: the text in their language if there is one, the frame always in it.

    A `sample` is shown to the author: its link to stop letters is fake, so that the author cannot stop the
    recipient's letters.
    """
    words = letter.words.get(person.language) or letter.words[letter.language]
    language = person.language or letter.language
    token = SAMPLE_TOKEN if sample else stop_token(person)
    stop_url = "" if letter.essential else settings.BASE_URL + reverse("stop_letters", args=(token,))
    facts = {
        "person": person,
        "body": words["body"],
        "course": course,
        "course_url": settings.BASE_URL + address_of(course.url_path),
        "author": letter.author,
        "stop_url": stop_url,
    }
    with translation.override(language):
        body = render_to_string("teaching/mail/letter.txt", facts)
    return Mail(words["subject"], body.strip() + "\n", language, stop_url)


def send_copies(letter_id: int) -> int:
    """Queue the mail of every copy that is not queued yet; return how many. A second run has nothing to do."""
    letter = Letter.objects.select_related("author").get(pk=letter_id)
    course = CoursePage.objects.filter(pk=letter.course_id).first()
    sent = 0
    # of a deleted course nothing is sent: the letter would link to a page that does not exist
    while course is not None:
        with transaction.atomic():
            # two workers may have this job (promise 35): the lock gives each copy to one of them.
            # Only copies are locked, not the people of the join, whose log-ins would wait
            rows = LetterCopy.objects.select_for_update(of=("self",)).filter(letter=letter, sent_at=None)
            copies = list(rows.select_related("user").order_by("pk")[:SENT_AT_ONCE])
            for copy in copies:
                # who was deactivated after the letter was written gets none; the copy counts as handled
                if copy.user.is_active:
                    _send(compose(letter=letter, course=course, person=copy.user), copy.user)
            # in the transaction that queues the mail: both are stored or neither, so that no copy is sent twice or lost
            LetterCopy.objects.filter(pk__in=[copy.pk for copy in copies]).update(sent_at=timezone.now())
        sent += len(copies)
        if len(copies) < SENT_AT_ONCE:
            break
    return sent


def _send(mail: Mail, person: User) -> None:
    headers = {"List-Unsubscribe": f"<{mail.stop_url}>"} if mail.stop_url else {}
    EmailMessage(mail.subject, mail.body, to=[person.email], headers=headers).send()
