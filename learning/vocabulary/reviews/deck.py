"""A learner's deck: saving words, answers, undoing, setting cards apart."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.accounts.models import User
from learning.base.compiled import CompiledInsert, CompiledQuery, CompiledUpdate, in_one_trip
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.models import Card, CardKind, DeckSettings, Form, Lexeme, MergedCard, Review, Sense
from learning.vocabulary.models.cards import FORM_KINDS, SCHEDULING, scheduling_of, set_scheduling
from learning.vocabulary.reviews import scheduling
from learning.vocabulary.reviews.card_rows import CARD, bare_card
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.rows import padded

MOST_CARDS = 20_000  # of one person
FULL = _("Your deck has no room for more words. Remove some first.")
MEANING = "meaning"
MOST_ANSWERS = 200  # that are sent at once
LONGEST_ANSWER = 200
LONGEST_THOUGHT = 10 * 60 * 1000  # milliseconds: who was away longer did not think


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as the browser sends it. `id` is given by the browser, once for each answer."""

    id: UUID
    card_id: int
    rating: int
    at: datetime
    typed: str = ""
    verdict: str = ""
    took: int = 0  # milliseconds
    is_practice: bool = False


def save_words(*, owner: User, lexemes: Iterable[Lexeme], settings: DeckSettings) -> int:
    """Add cards for these words, in the kinds that the learner has chosen; returns how many cards are new."""
    rows = list(lexemes)
    try:
        with transaction.atomic():
            # one window at a time: both would count the same cards
            User.objects.select_for_update().get(pk=owner.pk)
            wanted = _missing_cards(owner, rows, settings)
            if wanted and Card.objects.filter(owner=owner).count() + len(wanted) > MOST_CARDS:
                raise VocabularyError("full", FULL)
            Card.objects.bulk_create(wanted)
    except IntegrityError as error:  # a word was deleted at this moment
        raise VocabularyError("gone", _("A word was deleted meanwhile. Try again.")) from error
    return len(wanted)


def _missing_cards(owner: User, rows: list[Lexeme], settings: DeckSettings) -> list[Card]:
    notes: dict[int, str] = {}
    have = set()
    for lexeme_id, kind, note in Card.objects.filter(owner=owner, lexeme__in=rows).values_list(
        "lexeme_id", "kind", "note"
    ):
        have.add((lexeme_id, kind))
        notes[lexeme_id] = note
    answers = _answers_of(rows)
    return [
        Card(owner=owner, lexeme=lexeme, kind=kind, note=notes.get(lexeme.pk, ""))
        for lexeme in rows
        for kind in kinds_for(lexeme, answers[lexeme.pk], settings)
        if (lexeme.pk, kind) not in have
    ]


def _answers_of(rows: list[Lexeme]) -> dict[int, set[str]]:
    """The kinds of forms that these words have, and `MEANING` where they have a translation or a definition."""
    found: dict[int, set[str]] = defaultdict(set)
    for lexeme_id, kind in Form.objects.filter(lexeme__in=rows, kind__in=FORM_KINDS).values_list("lexeme_id", "kind"):
        found[lexeme_id].add(kind)
    senses = Sense.objects.filter(lexeme__in=rows).exclude(definition="", translations=None)
    for lexeme_id in senses.order_by().values_list("lexeme_id", flat=True).distinct():
        found[lexeme_id].add(MEANING)
    return found


def kinds_for(lexeme: Lexeme, answers: set[str], settings: DeckSettings) -> list[str]:
    """The kinds of cards that this word gets: those of the learner's choice that it has an answer to."""
    chosen = settings.kinds_of(lexeme.language)
    return [kind for kind in chosen if _applies(kind, lexeme, answers)] or [str(CardKind.RECOGNISE)]


def _applies(kind: str, lexeme: Lexeme, answers: set[str]) -> bool:
    if kind == CardKind.GENDER:
        return bool(lexeme.gender)
    if kind == CardKind.PRODUCE:
        return MEANING in answers
    return kind in answers if kind in FORM_KINDS else kind in CardKind.values


@transaction.atomic
def remove_word(*, owner: User, lexeme_id: int) -> int:
    """Delete the cards of a word with their reviews; returns how many cards."""
    # locked first: an answer that is stored at this moment comes before or finds no card
    rows = Card.objects.select_for_update().filter(owner=owner, lexeme=lexeme_id).order_by("pk")
    ids = [card.pk for card in rows]
    Card.objects.filter(pk__in=ids).delete()
    return len(ids)


def record(*, owner: User, answers: Sequence[Answer], rules: Rules) -> dict[UUID, str]:
    """Store answers in their order and move the cards; returns what became of each.

    `stored`, `known` (it was there already and counts once), `gone` (no such card of this person).
    """
    try:
        return _record(owner, answers, rules)
    except (IntegrityError, OperationalError):
        # another request has just stored one of these identifiers, under another card: now it is known.
        # Or both have locked the card of a merged word in another order, and PostgreSQL has ended this one.
        return _record(owner, answers, rules)


@transaction.atomic
def _record(owner: User, answers: Sequence[Answer], rules: Rules) -> dict[UUID, str]:
    cards = _answered(owner, {answer.card_id for answer in answers})
    known = dict(_known.rows([answer.id for answer in answers]))
    now = timezone.now()
    outcomes: dict[UUID, str] = {}
    for place, answer in enumerate(answers):
        card = cards.get(answer.card_id)
        if answer.id in outcomes:
            continue
        # an identifier of somebody else's answer is answered as a card that is not there
        if card is None or known.get(answer.id, owner.pk) != owner.pk:
            outcomes[answer.id] = "gone"
        elif answer.id in known:
            outcomes[answer.id] = "known"
        else:
            # answers of a clock that is ahead keep their order
            _store(card, answer, now + timedelta(microseconds=place), rules)
            outcomes[answer.id] = "stored"
    return outcomes


def _answered(owner: User, card_ids: set[int]) -> dict[int, Card]:
    """The cards of these keys; for a card whose word was merged meanwhile the one that took over."""
    cards = _locked(owner, card_ids)
    missing = card_ids - cards.keys()
    if not missing:
        return cards
    merged = merged_into(owner, missing)
    if not merged:
        return cards
    # locked again, all in one order; the locks of the first time are kept
    cards = _locked(owner, {*cards, *merged.values()})
    return cards | {was: cards[kept] for was, kept in merged.items() if kept in cards}


def merged_into(owner: User, card_ids: Iterable[int]) -> dict[int, int]:
    """The cards that took over from these, which are gone because their words were merged."""
    rows = MergedCard.objects.filter(was__in=list(card_ids), card__owner=owner)
    return dict(rows.values_list("was", "card"))


def _locked(owner: User, card_ids: Iterable[int]) -> dict[int, Card]:
    ids = sorted(set(card_ids))
    return {row[0]: bare_card(row) for row in _locked_rows.rows(owner.pk, padded(ids))} if ids else {}


# in the order of their keys, so that two windows cannot wait for each other
_locked_rows = CompiledQuery(
    lambda owner, ids: (
        Card.objects.select_for_update().filter(owner=owner, pk__in=ids).order_by("pk").values_list(*CARD)
    )
)
_known = CompiledQuery(lambda ids: Review.objects.filter(pk__in=ids).order_by().values_list("pk", "owner_id"))
_new_review = CompiledInsert(Review)
_moved = CompiledUpdate(lambda pk: Card.objects.filter(pk=pk), *SCHEDULING)


def _store(card: Card, answer: Answer, now: datetime, rules: Rules) -> None:
    # the browser's clock may be wrong: no answer comes from the future, nor from before the card
    at = max(card.added_at, min(answer.at, now))
    row = Review(
        id=answer.id,
        card=card,
        owner_id=card.owner_id,
        at=at,
        rating=answer.rating,
        answer=answer.typed[:LONGEST_ANSWER],
        verdict=answer.verdict,
        took=min(max(answer.took, 0), LONGEST_THOUGHT),
        is_practice=answer.is_practice,
        was=card.state,
        received_at=now,
    )
    if answer.is_practice:
        row.save(force_insert=True)
    elif card.last_review is not None and at < card.last_review:
        # it was answered on another device meanwhile: the log decides, in the order of the answers
        row.save(force_insert=True)
        replay(card, rules)
    else:
        row.before = scheduling_of(card)
        row.days = scheduling.review(card, answer.rating, at, rules)
        with in_one_trip():
            _new_review.insert([row])
            _save(card)


def _save(card: Card) -> None:
    _moved.run(*(getattr(card, name) for name in SCHEDULING), card.pk)


def effective(card: Card) -> QuerySet[Review]:
    """The reviews that move a card, in their order."""
    return card.reviews.filter(undone_at=None, is_practice=False).order_by("at", "received_at", "id")


def replay(card: Card, rules: Rules) -> None:
    """Compute a card again from the log of its reviews."""
    reset(card)
    rows = list(effective(card))
    for row in rows:
        row.before, row.was = scheduling_of(card), card.state
        row.days = scheduling.review(card, row.rating, row.at, rules)
    Review.objects.bulk_update(rows, ["before", "was", "days"], batch_size=200)
    _save(card)


def reset(card: Card) -> None:
    """The card before its first review: new, or as another program has left it."""
    fresh: dict[str, Any] = scheduling_of(Card(due=card.added_at))
    set_scheduling(card, {**fresh, **card.start})


@transaction.atomic
def undo(*, owner: User, review_id: UUID, rules: Rules) -> Card | None:
    """Take an answer back; the card is what it was before it. None where there is no such answer of this person."""
    row = Review.objects.filter(pk=review_id, owner=owner).first()
    card = _locked(owner, [row.card_id]).get(row.card_id) if row else None
    if row is None or card is None:
        return None
    # read again under the lock: a second window may have undone it
    row.refresh_from_db()
    if row.undone_at is not None:
        return card
    last = effective(card).last()
    row.undone_at = timezone.now()
    row.save(update_fields=["undone_at"])
    if row.is_practice:
        return card
    if last is not None and last.pk == row.pk:
        set_scheduling(card, row.before)
        _save(card)
    else:
        replay(card, rules)
    return card


def last_answer(owner: User, since: datetime) -> Review | None:
    """The answer that undoing takes back: the last one since this moment."""
    rows = Review.objects.filter(owner=owner, undone_at=None, is_practice=False, at__gte=since)
    return rows.order_by("-at", "-received_at", "-id").select_related("card__lexeme__language").first()


def set_suspended(*, owner: User, card_id: int, on: bool) -> bool:
    """Set a card apart, or ask it again; returns whether there is such a card."""
    return bool(Card.objects.filter(owner=owner, pk=card_id).update(is_suspended=on))


@transaction.atomic
def forgive(*, owner: User, card_id: int) -> bool:
    """Ask a card again that was set apart for being forgotten; it may be forgotten as often once more."""
    for card in _locked(owner, [card_id]).values():
        card.forgiven, card.is_suspended = card.lapses, False
        card.save(update_fields=["forgiven", "is_suspended"])
        return True
    return False


def set_note(*, owner: User, lexeme_id: int, note: str) -> None:
    Card.objects.filter(owner=owner, lexeme=lexeme_id).update(note=note[:300])
