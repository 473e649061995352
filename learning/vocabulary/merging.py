"""Makes one entry of several that say the same word: nothing of them is lost, nor what learners have done with them."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext_lazy as _

from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.models import (
    Card,
    EntryPicture,
    Example,
    Form,
    Lexeme,
    MergedCard,
    Pronunciation,
    Review,
    Sense,
    SetWord,
    State,
)
from learning.vocabulary.reviews import deck
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.reviews.settings import deck_settings

MOST = 10  # entries that are merged at once
MOST_LEARNERS = 200  # whose cards are computed again


def kept_of(lexemes: Sequence[Lexeme]) -> Lexeme:
    """The entry into which the others go: an approved one before a draft, then the oldest."""
    return min(lexemes, key=lambda one: (one.state != State.APPROVED, one.pk))


@transaction.atomic
def merge(*, lexemes: Sequence[Lexeme]) -> Lexeme:
    """Merge entries of one language into one; raises VocabularyError where that cannot be."""
    if not 2 <= len(lexemes) <= MOST:
        raise VocabularyError("count", _("Choose between 2 and %(n)d words.") % {"n": MOST})
    ids = [one.pk for one in lexemes]
    # in the order of their keys, as answers lock them, so that nobody waits for each other
    cards = list(Card.objects.select_for_update().filter(lexeme__in=ids).order_by("pk").values_list("owner", "kind"))
    if len(cards) - len(set(cards)) > MOST_LEARNERS:
        raise VocabularyError("learners", _("Too many people learn several of these words. Merge fewer at once."))
    rows = list(
        Lexeme.objects.select_for_update(of=("self",))
        .filter(pk__in=ids)
        .select_related("source", "language")
        .order_by("pk")
    )
    if len(rows) != len(ids):
        raise VocabularyError("gone", _("A word was deleted meanwhile. Try again."))
    if len({row.language_id for row in rows}) > 1:
        raise VocabularyError("languages", _("Words of different languages cannot be merged."))
    kept = kept_of(rows)
    for other in rows:
        if other.pk != kept.pk:
            _merge_into(kept, other)
    _make_unique(kept)
    kept.save()
    return kept


def _make_unique(kept: Lexeme) -> None:
    """Give the entry the next number of a homograph, if it has become the same as one that was not chosen."""
    same = Lexeme.objects.filter(
        language=kept.language, lemma=kept.lemma, part_of_speech=kept.part_of_speech, gender=kept.gender
    ).exclude(pk=kept.pk)
    numbers = set(same.values_list("homograph", flat=True))
    kept.homograph = next(number for number in count(kept.homograph) if number not in numbers)


def _merge_into(kept: Lexeme, other: Lexeme) -> None:
    last = Sense.objects.filter(lexeme=kept).aggregate(last=Max("position"))["last"] or 0
    Sense.objects.filter(lexeme=other).update(lexeme=kept, position=F("position") + last)
    if other.lemma != kept.lemma:
        Form.objects.get_or_create(lexeme=kept, kind="variant", spelling=other.lemma, defaults={"folded": other.folded})
    _move(Form, kept, other, "kind", "spelling")
    _move(Pronunciation, kept, other, "ipa", "region", "recording_id")
    _move(EntryPicture, kept, other, "picture_id")
    if other.source and other.source_id != kept.source_id:
        # what comes from elsewhere goes on saying so
        Example.objects.filter(lexeme=other, credit="").update(credit=other.source.name)
    _move(Example, kept, other, "text", "translation")
    _move(SetWord, kept, other, "word_set")
    _take_grammar(kept, other)
    kept.auxiliary = kept.auxiliary or other.auxiliary
    kept.note = "; ".join(dict.fromkeys(note for note in (kept.note, other.note) if note))[:300]
    _take_source(kept, other)
    _merge_cards(kept, other)
    # before `kept` is saved: it may take over what made the two different
    other.delete()


def _take_grammar(kept: Lexeme, other: Lexeme) -> None:
    """Part of speech and gender go together: a verb does not get the gender of a noun."""
    if not kept.part_of_speech and not kept.gender:
        kept.part_of_speech, kept.gender = other.part_of_speech, other.gender
    elif not kept.gender and kept.part_of_speech == other.part_of_speech:
        kept.gender = other.gender


def _take_source(kept: Lexeme, other: Lexeme) -> None:
    if kept.source is None:
        kept.source = other.source
    elif other.source is not None and other.source_id != kept.source_id:
        both = f"{kept.note}; {other.source.name} ({other.source.licence})".strip("; ")
        kept.note = both if len(both) <= 300 else kept.note


def _move(model: Any, kept: Lexeme, other: Lexeme, *fields: str) -> None:
    """Give these rows to the kept entry; those that it has already go."""
    have = set(model.objects.filter(lexeme=kept).values_list(*fields))
    for row in model.objects.filter(lexeme=other).order_by("pk"):
        key = tuple(getattr(row, f"{name}_id" if name == "word_set" else name) for name in fields)
        if key in have:
            row.delete()
            continue
        have.add(key)
        model.objects.filter(pk=row.pk).update(lexeme=kept)


def _merge_cards(kept: Lexeme, other: Lexeme) -> None:
    """The cards of the other entry ask for the kept one; who has both in one kind gets one card with both logs."""
    own = {
        (card.owner_id, card.kind): card for card in Card.objects.select_for_update().filter(lexeme=kept).order_by("pk")
    }
    for card in (
        Card.objects.select_for_update(of=("self",)).filter(lexeme=other).select_related("owner").order_by("pk")
    ):
        same = own.get((card.owner_id, card.kind))
        if same is None:
            Card.objects.filter(pk=card.pk).update(lexeme=kept)
            continue
        Review.objects.filter(card=card).update(card=same)
        MergedCard.objects.filter(card=card).update(card=same)
        MergedCard.objects.create(was=card.pk, card=same)
        same.note = same.note or card.note
        same.added_at = min(same.added_at, card.added_at)
        # what was brought along from another program: of two memories the stronger one
        same.start = max((same.start, card.start), key=lambda start: start.get("stability") or 0)
        same.forgiven = max(same.forgiven, card.forgiven)
        same.is_suspended = same.is_suspended and card.is_suspended
        same.save(update_fields=["note", "added_at", "start", "forgiven", "is_suspended"])
        deck.replay(same, Rules.of(deck_settings(card.owner)))
        card.delete()
