"""Word sets: making, filling and giving them."""

from collections.abc import Iterable
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.courses.stamps import restamp_pages_that_show
from learning.enrollment.models import StudyGroup
from learning.enrollment.rights import manages_course
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.models import Lexeme, SetGiven, SetWord, WordSet
from learning.vocabulary.sets.access import taught_groups, taught_students

MOST_WORDS = 500  # of a set
MOST_SETS = 500  # of one person


@transaction.atomic
def make_set(*, owner: User, name: str, about: str = "") -> WordSet:
    if WordSet.objects.filter(owner=owner).count() >= MOST_SETS:
        raise VocabularyError("full", _("You have as many word sets as one can have. Delete some first."))
    return WordSet.objects.create(owner=owner, name=name, about=about)


def add_words(*, word_set: WordSet, lexemes: Iterable[Lexeme]) -> int:
    """Add words at the end; returns how many are new in the set."""
    try:
        return _add_words(word_set, lexemes)
    except IntegrityError as error:
        raise VocabularyError("gone", _("A word was deleted meanwhile. Try again.")) from error


@transaction.atomic
def _add_words(word_set: WordSet, lexemes: Iterable[Lexeme]) -> int:
    if WordSet.objects.select_for_update().filter(pk=word_set.pk).first() is None:
        raise VocabularyError("gone", _("This set was deleted meanwhile."))
    rows = SetWord.objects.filter(word_set=word_set)
    have = set(rows.values_list("lexeme_id", flat=True))
    new = list({one.pk: one for one in lexemes if one.pk not in have}.values())
    if len(have) + len(new) > MOST_WORDS:
        raise VocabularyError("full", _("A word set has at most %(n)d words.") % {"n": MOST_WORDS})
    last = rows.aggregate(last=Max("position"))["last"] or 0
    SetWord.objects.bulk_create(
        SetWord(word_set=word_set, lexeme=one, position=last + number) for number, one in enumerate(new, start=1)
    )
    restamp_pages_that_show([word_set])
    return len(new)


def remove_word(*, word_set: WordSet, lexeme_id: int) -> None:
    SetWord.objects.filter(word_set=word_set, lexeme=lexeme_id).delete()
    restamp_pages_that_show([word_set])


@transaction.atomic
def give(
    *,
    word_set: WordSet,
    giver: User,
    student: User | None = None,
    group: StudyGroup | None = None,
    course_id: int | None = None,
    learn_by: date | None = None,
) -> SetGiven:
    """Give a set to one student, a group or a course that this person teaches; again changes only the day."""
    is_taught = (
        taught_students(giver).filter(pk=student.pk).exists()
        if student
        else taught_groups(giver).filter(pk=group.pk).exists()
        if group
        else course_id is not None and manages_course(giver, course_id)
    )
    if not is_taught:
        raise VocabularyError("not_yours", _("You can give a word set only to those whom you teach."))
    given, _is_new = SetGiven.objects.update_or_create(
        word_set=word_set,
        student=student,
        group=group,
        course_id=course_id,
        defaults={"learn_by": learn_by, "given_by": giver},
    )
    return given


def take_back(*, word_set: WordSet, given_id: int) -> None:
    """Give a set no longer; the cards that learners have made of it stay theirs."""
    SetGiven.objects.filter(word_set=word_set, pk=given_id).delete()
