"""Letters of staff to a set of students: one mail each, in each one's language."""

from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from learning.accounts.actions import record
from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.courses.programme import address_of
from learning.enrollment.models import Enrollment, Letter, LetterCopy
from learning.teaching import deeds

SALT = "course-mail"
SENT_AT_ONCE = 100
SAMPLE_TOKEN = "each-student-has-their-own"  # noqa: S105  (opens nothing)

Words = dict[str, dict[str, str]]  # language → {"subject": …, "body": …}


@dataclass(frozen=True)
class Mail:
    """A letter as one reader gets it."""

    subject: str
    body: str
    language: str
    stop_url: str  # empty for essential letters, which cannot be stopped


def stop_token(person: User) -> str:
    """A sealed word for the link that stops letters; it works without logging in, and does nothing else."""
    return signing.dumps(person.pk, salt=SALT)


def person_of_token(token: str) -> User | None:
    try:
        return User.objects.filter(pk=signing.loads(token, salt=SALT), is_active=True).first()
    except signing.BadSignature:
        return None


def compose(*, letter: Letter, course: CoursePage, person: User, sample: bool = False) -> Mail:
    """The letter for this reader: its words in their language if it has them, the frame always in theirs.

    A `sample` is for the eyes of who writes: its link to stop letters is made up, so nobody can stop another's.
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


def readers(enrollments: QuerySet[Enrollment], *, essential: bool) -> QuerySet[User]:
    """Those of these students who will get it: open accounts, and, of what is not essential, who have not stopped
    such letters."""
    wanted = Q() if essential else Q(course_mail=True)
    students = enrollments.order_by().values("user_id")
    return User.objects.filter(wanted, pk__in=students, is_active=True, anonymised_at=None).order_by("pk")


@transaction.atomic
def write(
    *, course: CoursePage, author: User, words: Words, language: str, essential: bool, to: QuerySet[User]
) -> tuple[Letter, int]:
    """Put a letter to these `readers` in the queue. Returns it and how many will get it."""
    from learning.teaching.tasks import send_letter

    letter = Letter.objects.create(course=course, author=author, words=words, language=language, essential=essential)
    people = list(to.values_list("pk", flat=True))
    LetterCopy.objects.bulk_create((LetterCopy(letter=letter, user_id=pk) for pk in people), batch_size=500)
    record(
        deeds.LETTER,
        actor=author,
        course_id=course.pk,
        facts={"letter": letter.pk, "readers": len(people), "essential": essential},
    )
    send_letter.enqueue(letter.pk)
    return letter, len(people)


def send_copies(letter_id: int) -> int:
    """Queue the mail of every copy that is not queued yet; returns how many. A second run finds nothing to do."""
    letter = Letter.objects.select_related("author").get(pk=letter_id)
    course = CoursePage.objects.filter(pk=letter.course_id).first()
    sent = 0
    while course is not None:
        with transaction.atomic():
            rows = LetterCopy.objects.select_for_update(of=("self",)).filter(letter=letter, sent_at=None)
            copies = list(rows.select_related("user").order_by("pk")[:SENT_AT_ONCE])
            for copy in copies:
                if copy.user.is_active:
                    _send(compose(letter=letter, course=course, person=copy.user), copy.user)
            LetterCopy.objects.filter(pk__in=[copy.pk for copy in copies]).update(sent_at=timezone.now())
        sent += len(copies)
        if len(copies) < SENT_AT_ONCE:
            break
    return sent


def _send(mail: Mail, person: User) -> None:
    headers = {"List-Unsubscribe": f"<{mail.stop_url}>"} if mail.stop_url else {}
    EmailMessage(mail.subject, mail.body, to=[person.email], headers=headers).send()
