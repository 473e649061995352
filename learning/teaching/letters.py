"""Letters from staff to a set of students: each gets one mail, in their language."""

from django.db import transaction
from django.db.models import Q, QuerySet

from learning.accounts.actions import record
from learning.accounts.models import User
from learning.courses.models import CoursePage
from learning.enrollment.models import Enrollment, Letter, LetterCopy
from learning.teaching import deeds
from learning.teaching.tasks import send_letter

Words = dict[str, dict[str, str]]  # language → {"subject": …, "body": …}


def readers(enrollments: QuerySet[Enrollment], *, essential: bool) -> QuerySet[User]:
    """Return the students who will get the letter: active accounts, and if it is not essential, only those who
    have not stopped such letters."""
    wanted = Q() if essential else Q(course_mail=True)
    students = enrollments.order_by().values("user_id")
    return User.objects.filter(wanted, pk__in=students, is_active=True, anonymised_at=None).order_by("pk")


@transaction.atomic
def write(
    *, course: CoursePage, author: User, words: Words, language: str, essential: bool, to: QuerySet[User]
) -> tuple[Letter, int]:
    """Store a letter with a copy for each of these `readers`, and queue it. Return it and the number of copies."""
    letter = Letter.objects.create(course=course, author=author, words=words, language=language, essential=essential)
    # read once: the copies, the audit log and the message to the author all name this number
    people = list(to.values_list("pk", flat=True))
    LetterCopy.objects.bulk_create((LetterCopy(letter=letter, user_id=pk) for pk in people), batch_size=500)
    record(
        deeds.LETTER,
        actor=author,
        course_id=course.pk,
        facts={"letter": letter.pk, "readers": len(people), "essential": essential},
    )
    # the job is a row of the same transaction: without the letter there is no job, and the other way round
    send_letter.enqueue(letter.pk)
    return letter, len(people)
