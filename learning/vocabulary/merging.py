"""Makes one entry of several that say the same word: nothing of them is lost, nor what learners have done with them."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.models import Card, Example, Form, Lexeme, Pronunciation, Review, Sense, SetWord, State
from learning.vocabulary.reviews import deck
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.reviews.settings import deck_settings

MOST = 10  # entries that are merged at once


def kept_of(lexemes: Sequence[Lexeme]) -> Lexeme:
    """The entry into which the others go: an approved one before a draft, then the oldest."""
    return min(lexemes, key=lambda one: (one.state != State.APPROVED, one.pk))


@transaction.atomic
def merge(*, lexemes: Sequence[Lexeme]) -> Lexeme:
    """Merge entries of one language into one; raises VocabularyError where that cannot be."""
    # in the order of their keys, so that two people cannot wait for each other
    rows = list(Lexeme.objects.select_for_update().filter(pk__in=[one.pk for one in lexemes]).order_by("pk"))
    if not 2 <= len(rows) <= MOST:
        raise VocabularyError("count", _("Choose between 2 and %(n)d words.") % {"n": MOST})
    if len({row.language_id for row in rows}) > 1:
        raise VocabularyError("languages", _("Words of different languages cannot be merged."))
    kept = kept_of(rows)
    for other in rows:
        if other.pk != kept.pk:
            _merge_into(kept, other)
    kept.changed_at = timezone.now()
    kept.save()
    return kept


def _merge_into(kept: Lexeme, other: Lexeme) -> None:
    last = Sense.objects.filter(lexeme=kept).aggregate(last=Max("position"))["last"] or 0
    Sense.objects.filter(lexeme=other).update(lexeme=kept, position=F("position") + last)
    if other.lemma != kept.lemma:
        Form.objects.get_or_create(lexeme=kept, kind="variant", spelling=other.lemma, defaults={"folded": other.folded})
    _move(Form, kept, other, "kind", "spelling")
    _move(Pronunciation, kept, other, "ipa", "region")
    _move(Example, kept, other, "text")
    _move(SetWord, kept, other, "word_set")
    for name in ("note", "gender", "part_of_speech"):
        if not getattr(kept, name):
            setattr(kept, name, getattr(other, name))
    _merge_cards(kept, other)
    # before `kept` is saved: it may take over what made the two different
    other.delete()


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
        same.note = same.note or card.note
        same.added_at = min(same.added_at, card.added_at)
        same.save(update_fields=["note", "added_at"])
        deck.replay(same, Rules.of(deck_settings(card.owner)))
        card.delete()
