"""The dictionary of the demo school: the starter words, two word sets, and a student who has learned for a month."""

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.utils import timezone

from learning.accounts.models import User
from learning.base.demo import DemoPart, DemoSchool, register_demo_part
from learning.vocabulary.models import Card, Lexeme, Rating, SetGiven, WordSet
from learning.vocabulary.reviews.deck import Answer, record, save_words
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.reviews.settings import deck_settings
from learning.vocabulary.sets.actions import add_words
from learning.vocabulary.starter.words import SOURCE, add_starter_words, remove_starter_words

TEACHER, VERA, TOM = "teacher@example.org", "student@example.org", "student2@example.org"
DAYS = 28  # that the student has learned
NEW_A_DAY = 2
VERBS = ("be", "become", "begin", "break", "bring", "buy", "choose", "come", "do", "drink", "eat", "fall", "feel",
         "find", "fly", "forget", "get", "give", "go", "have")  # fmt: skip
AT_HOME = ("maison", "chambre", "cuisine", "porte", "fenêtre", "mur", "table", "chaise", "lit", "lumière", "tableau",
           "verre", "couteau", "pain", "jardin")  # fmt: skip
# name, language, words
SETS = (("Irregular verbs, first part", "en", VERBS), ("À la maison", "fr", AT_HOME))


def _add(school: DemoSchool) -> None:
    add_starter_words()
    people = school.people
    if not {TEACHER, VERA, TOM} <= people.keys():
        return
    for name, language, lemmas in SETS:
        made = WordSet.objects.create(owner=people[TEACHER], name=name)
        add_words(word_set=made, lexemes=_words(language, lemmas))
        SetGiven.objects.create(
            word_set=made,
            student=people[VERA if language == "en" else TOM],
            given_by=people[TEACHER],
            learn_by=timezone.localdate() + timedelta(days=10),
        )
    _learn(people[VERA])


def _words(language: str, lemmas: tuple[str, ...]) -> list[Lexeme]:
    rows = Lexeme.objects.filter(language__code=language, lemma__in=lemmas, source__name=SOURCE["name"])
    return sorted(rows.select_related("language"), key=lambda row: lemmas.index(row.lemma))


def _learn(student: User) -> None:
    """A month of reviews: a few new words a day, some of them forgotten now and then."""
    start = timezone.now() - timedelta(days=DAYS)
    settings = deck_settings(student)
    save_words(owner=student, lexemes=_words("en", VERBS) + _words("fr", AT_HOME), settings=settings)
    cards = list(Card.objects.filter(owner=student).order_by("lexeme", "kind"))
    Card.objects.filter(owner=student).update(added_at=start, due=start)
    begun: list[Card] = []
    waiting = iter(cards)
    for day in range(DAYS):
        at = start + timedelta(days=day)
        begun += islice(waiting, NEW_A_DAY)
        due = Card.objects.filter(pk__in=[card.pk for card in begun], due__lte=at).order_by("pk")
        record(owner=student, answers=list(_answers(due, day, at)), rules=Rules.of(settings))


def _answers(due: Iterable[Card], day: int, at: datetime) -> Iterator[Answer]:
    for place, card in enumerate(due):
        # one of nine is forgotten: which one is the same in every demo
        rating = Rating.AGAIN if (place + day) % 9 == 4 else Rating.GOOD
        when = at + timedelta(seconds=20 * place)
        yield Answer(uuid.uuid4(), card.pk, rating, when, took=4000 + 500 * (place % 5))
        if rating == Rating.AGAIN or card.state == Card.State.NEW:
            yield Answer(uuid.uuid4(), card.pk, Rating.GOOD, when + timedelta(minutes=10), took=3000)


def _remove(keys: set[int]) -> None:
    WordSet.objects.filter(owner__in=keys).delete()
    Card.objects.filter(owner__in=keys).delete()
    remove_starter_words()


register_demo_part(DemoPart("dictionary", add=_add, forget_people=_remove))
