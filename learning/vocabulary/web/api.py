"""The dictionary and one's words over the API: the same access and actions as the pages."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema, Status

from learning.accounts.api import signed_in
from learning.base.api import ApiError, Key, Page, Problem, not_found, paged
from learning.base.numbers import LARGEST_ID
from learning.enrollment.api import READS, WRITES
from learning.vocabulary.access import shown_lexemes
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.media.speech import speaks
from learning.vocabulary.models import Card, Lexeme, Sense
from learning.vocabulary.reviews import deck
from learning.vocabulary.reviews.deck import MOST_ANSWERS, Answer
from learning.vocabulary.reviews.questions import facts_of, questions_of
from learning.vocabulary.reviews.queue import AT_ONCE, next_cards, today
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.reviews.settings import deck_settings
from learning.vocabulary.scopes import LEARN_WORDS, READ_WORDS
from learning.vocabulary.search import found
from learning.vocabulary.web.review_views import bounded, graded, storable, typed_cards

words = Router(tags=["Words"])

CLOSED: dict[Any, Any] = {frozenset({400, 401, 403, 404, 422, 429}): Problem}
CHANGES: dict[Any, Any] = {frozenset({400, 401, 403, 404, 409, 422, 429}): Problem}


class WordOut(Schema):
    id: int
    lemma: str = Field(examples=["livre"])
    with_article: str = Field(examples=["le livre"])
    language: str = Field(examples=["fr"])
    part_of_speech: str = Field(examples=["noun"])
    gender: str = Field(examples=["m"])
    url: str


class HitOut(WordOut):
    by: str = Field(description="The form or translation by which it was found; empty for the word itself.")


class HitsOut(Schema):
    items: list[HitOut]


class FormOut(Schema):
    kind: str = Field(examples=["plural"])
    spelling: str = Field(examples=["livres"])


class TranslationOut(Schema):
    language: str = Field(examples=["en"])
    text: str = Field(examples=["book"])


class SenseOut(Schema):
    definition: str
    register_: str = Field(alias="register")
    subject: str
    translations: list[TranslationOut]


class ExampleOut(Schema):
    text: str
    translation: str


class SourceOut(Schema):
    name: str
    licence: str
    address: str


class EntryOut(WordOut):
    homograph: int
    auxiliary: str
    note: str
    pronunciations: list[str] = Field(description="In letters of the International Phonetic Alphabet.")
    sound: str | None = Field(description="The address of a sound; null where there is none.")
    is_sound_synthetic: bool
    picture: str | None
    forms: list[FormOut]
    senses: list[SenseOut]
    examples: list[ExampleOut]
    source: SourceOut | None


class CardOut(Schema):
    id: int
    word: WordOut
    kind: str = Field(examples=["recognise"])
    state: Literal["new", "learning", "review", "relearning"]
    due: datetime
    is_suspended: bool
    note: str


class CardsOut(Schema):
    items: list[CardOut]
    next: str | None


class SideOut(Schema):
    card: int
    kind: str
    task: str
    prompt: str
    answer: str
    meanings: list[str]


class DayOut(Schema):
    due: int = Field(description="Reviews that wait now, up to the ceiling of the day.")
    new: int
    done: int
    cards: list[SideOut]


class SaveIn(Schema):
    word: int = Field(ge=1, le=LARGEST_ID)


class SavedOut(Schema):
    cards: int = Field(description="How many cards are new; 0 where the word was saved before.")


class AnswerIn(Schema):
    id: UUID = Field(description="Chosen by you, once for each answer: sent again, it counts once.")
    card: int = Field(ge=1, le=LARGEST_ID)
    rating: int = Field(ge=1, le=4, strict=True, description="1 again, 2 hard, 3 good, 4 easy.")
    at: datetime = Field(description="With an offset or Z.")
    typed: str = Field("", max_length=deck.LONGEST_ANSWER)
    took: int = Field(0, ge=0, le=LARGEST_ID, description="Milliseconds.")


class AnswersIn(Schema):
    answers: list[AnswerIn] = Field(max_length=MOST_ANSWERS)


class OutcomesOut(Schema):
    outcomes: dict[str, str] = Field(description="For each identifier: stored, known (sent before), or gone.")


def _word(lexeme: Lexeme) -> dict[str, Any]:
    return {
        "id": lexeme.pk,
        "lemma": lexeme.lemma,
        "with_article": lexeme.with_article,
        "language": lexeme.language.code,
        "part_of_speech": lexeme.part_of_speech,
        "gender": lexeme.gender,
        "url": lexeme.get_absolute_url(),
    }


@words.get("/dictionary", response={200: HitsOut, **CLOSED}, auth=signed_in(READ_WORDS), throttle=[READS])
def search_dictionary(
    request: HttpRequest, q: str = Query(max_length=100), language: str = Query("", max_length=8)
) -> Any:
    """Words by their beginning, by a form or by a translation."""
    hits = found(request.user, storable(q).strip(), storable(language))
    return {"items": [{**_word(hit.lexeme), "by": hit.by} for hit in hits]}


@words.get(
    "/dictionary/{id}",
    response={200: EntryOut, **CLOSED},
    auth=signed_in(READ_WORDS),
    throttle=[READS],
    by_alias=True,  # `register` is a name that the schema cannot have itself
)
def dictionary_entry(request: HttpRequest, id: Key) -> Any:  # noqa: A002
    """Everything about a word."""
    lexeme = shown_lexemes(request.user).filter(pk=id).select_related("language", "source").first()
    if lexeme is None:
        raise not_found()
    facts = facts_of([lexeme.pk])[lexeme.pk]
    senses = Sense.objects.filter(lexeme=lexeme).order_by("position", "pk").prefetch_related("translations__language")
    has_sound = facts.is_recorded or speaks(lexeme.language.code)
    source = lexeme.source
    return {
        **_word(lexeme),
        "homograph": lexeme.homograph,
        "auxiliary": lexeme.auxiliary,
        "note": lexeme.note,
        "pronunciations": facts.sounds,
        "sound": reverse("dictionary_sound", args=(lexeme.pk,)) if has_sound else None,
        "is_sound_synthetic": has_sound and not facts.is_recorded,
        "picture": reverse("dictionary_picture", args=(lexeme.pk,)) if facts.picture else None,
        "forms": [{"kind": kind, "spelling": spelling} for kind, spelling in facts.forms],
        "senses": [
            {
                "definition": sense.definition,
                "register": sense.register,
                "subject": sense.subject,
                "translations": [{"language": one.language.code, "text": one.text} for one in sense.translations.all()],
            }
            for sense in senses
        ],
        "examples": [{"text": text, "translation": translation} for text, translation in facts.examples],
        "source": {"name": source.name, "licence": source.licence, "address": source.address} if source else None,
    }


@words.get("/words", response={200: CardsOut, **CLOSED}, auth=signed_in(READ_WORDS), throttle=[READS])
def list_cards(request: HttpRequest, page: Query[Page]) -> Any:
    """All cards of your deck."""
    rows = Card.objects.filter(owner=request.user.pk).select_related("lexeme__language").order_by("pk")
    after = page.number()
    if after is not None:
        rows = rows.filter(pk__gt=after)
    cards, following = paged(rows, page.limit, lambda card: card.pk)
    items = [
        {
            "id": card.pk,
            "word": _word(card.lexeme),
            "kind": card.kind,
            "state": Card.State(card.state).name.lower(),
            "due": card.due,
            "is_suspended": card.is_suspended,
            "note": card.note,
        }
        for card in cards
    ]
    return {"items": items, "next": following}


@words.post("/words", response={200: SavedOut, **CHANGES}, auth=signed_in(LEARN_WORDS), throttle=[WRITES])
def save_word(request: HttpRequest, body: SaveIn) -> Any:
    """Save a word to your deck. Again changes nothing."""
    user: Any = request.user
    lexeme = shown_lexemes(user).filter(pk=body.word).select_related("language").first()
    if lexeme is None:
        raise not_found()
    try:
        return {"cards": deck.save_words(owner=user, lexemes=[lexeme], settings=deck_settings(user))}
    except VocabularyError as error:
        raise ApiError(409, error.code, str(error)) from error


@words.get("/words/due", response={200: DayOut, **CLOSED}, auth=signed_in(READ_WORDS), throttle=[READS])
def due_cards(request: HttpRequest, limit: int = Query(10, ge=1, le=AT_ONCE)) -> Any:
    """What is asked next today, with both sides of each card."""
    user: Any = request.user
    day = today(user, deck_settings(user))
    questions = questions_of(next_cards(user, day, limit), types_answers=True)
    cards = [
        {
            "card": one.card.pk,
            "kind": one.card.kind,
            "task": one.task,
            "prompt": one.prompt,
            "answer": one.answer,
            "meanings": list(one.meanings),
        }
        for one in questions
    ]
    return {"due": day.due, "new": day.new, "done": day.done, "cards": cards}


@words.post("/words/answers", response={200: OutcomesOut, **CHANGES}, auth=signed_in(LEARN_WORDS), throttle=[WRITES])
def store_answers(request: HttpRequest, body: AnswersIn) -> Any:
    """Store answers in their order, each once; what was typed is graded here."""
    user: Any = request.user
    if any(one.at.tzinfo is None for one in body.answers):
        raise ApiError(422, "invalid", _("A time needs an offset or Z."))
    rows = [
        Answer(one.id, one.card, one.rating, bounded(one.at), typed=storable(one.typed), took=one.took)
        for one in body.answers
    ]
    rows = graded(rows, typed_cards(user, rows))
    outcomes = deck.record(owner=user, answers=rows, rules=Rules.of(deck_settings(user)))
    return {"outcomes": {str(key): outcome for key, outcome in outcomes.items()}}


# after the addresses of which it would take the last word for an id
@words.delete("/words/{id}", response={204: None, **CHANGES}, auth=signed_in(LEARN_WORDS), throttle=[WRITES])
def remove_word(request: HttpRequest, id: Key) -> Any:  # noqa: A002
    """Remove a word (the id of the word) from your deck, with all its cards and answers."""
    user: Any = request.user
    if not deck.remove_word(owner=user, lexeme_id=id):
        raise not_found()
    return Status(204, None)
