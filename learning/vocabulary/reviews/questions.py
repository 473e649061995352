"""What a card asks and what its answer is, from the entry of its word."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, Count, QuerySet, Value
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from learning.base.compiled import CompiledQuery
from learning.vocabulary.answers.keys import TextKey
from learning.vocabulary.answers.verdicts import Graded, grade_text, words_of
from learning.vocabulary.answers.words import known_words
from learning.vocabulary.folding import fold
from learning.vocabulary.grammar import FormKind, Gender
from learning.vocabulary.models import (
    Card,
    CardKind,
    EntryPicture,
    Example,
    Form,
    Language,
    Lexeme,
    Pronunciation,
    Sense,
    State,
    Translation,
)
from learning.vocabulary.models.cards import FORM_KINDS

MOST_MEANINGS = 6  # shown on a card
BASIC_GENDERS = (Gender.MASCULINE, Gender.FEMININE, Gender.NEUTER)


@dataclass(slots=True)
class Facts:
    """What cards show of one word."""

    forms: list[tuple[str, str]] = field(default_factory=list)  # kind, spelling
    sounds: list[str] = field(default_factory=list)  # IPA
    is_recorded: bool = False
    picture: str = ""  # what it shows; empty without a picture
    meanings: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # code of a language → texts
    definitions: list[str] = field(default_factory=list)
    examples: list[tuple[str, str]] = field(default_factory=list)  # sentence, translation

    def spellings(self, kind: str) -> list[str]:
        return [spelling for here, spelling in self.forms if here == kind]


def _rows_of(ids: list[int]) -> QuerySet[Any, Any]:
    """All that cards show of these words: which kind of row, its key, the word, and two texts."""

    def part(number: int, rows: Any, lexeme: str, first: Any, second: Any) -> Any:
        return rows.order_by().values_list(Value(number), "pk", lexeme, first, second)

    nothing = Value("", output_field=CharField())
    recording = Coalesce(Cast("recording_id", CharField()), nothing)
    return part(0, Form.objects.filter(lexeme__in=ids), "lexeme_id", "kind", "spelling").union(  # type: ignore[no-any-return]
        part(1, Pronunciation.objects.filter(lexeme__in=ids), "lexeme_id", "ipa", recording),
        part(2, Translation.objects.filter(sense__lexeme__in=ids), "sense__lexeme_id", "language__code", "text"),
        part(3, Example.objects.filter(lexeme__in=ids), "lexeme_id", "text", "translation"),
        part(4, Sense.objects.filter(lexeme__in=ids).exclude(definition=""), "lexeme_id", "definition", nothing),
        part(5, EntryPicture.objects.filter(lexeme__in=ids), "lexeme_id", "alt", nothing),
        all=True,
    )


_few_rows = CompiledQuery(_rows_of)
FEW = 20  # words: as many as a browser holds cards


def facts_of(lexeme_ids: Iterable[int]) -> dict[int, Facts]:
    """What cards show of these words; one query."""
    ids = list(set(lexeme_ids))
    rows = _few_rows.rows(ids) if len(ids) <= FEW else list(_rows_of(ids))
    found: dict[int, Facts] = {pk: Facts() for pk in ids}
    for number, _pk, lexeme_id, first, second in sorted(rows):
        facts = found[lexeme_id]
        if number == 0:
            facts.forms.append((first, second))
        elif number == 1:
            facts.sounds += [first] if first else []
            facts.is_recorded = facts.is_recorded or bool(second)
        elif number == 2:
            facts.meanings[first].append(second)
        elif number == 3:
            facts.examples.append((first, second))
        elif number == 4:
            facts.definitions.append(first)
        else:
            facts.picture = facts.picture or first
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """A card with its two sides."""

    card: Card
    facts: Facts
    prompt: str  # what is asked about
    prompt_language: Language | None  # None: that of the reader
    task: str
    is_typed: bool
    choices: tuple[Choice, ...]
    answer: str
    meanings: tuple[str, ...]

    @property
    def lexeme(self) -> Lexeme:
        return self.card.lexeme

    @property
    def language(self) -> Language:
        return self.card.lexeme.language

    @property
    def is_heard(self) -> bool:
        return self.card.kind == CardKind.LISTEN

    @property
    def forms(self) -> list[tuple[str, str]]:
        return [(str(FormKind(kind).label), spelling) for kind, spelling in self.facts.forms if kind in FormKind.values]


def questions_of(cards: Sequence[Card], *, types_answers: bool) -> list[Question]:
    """The two sides of these cards; one query."""
    facts = facts_of({card.lexeme_id for card in cards}) if cards else {}
    return [_question(card, facts[card.lexeme_id], types_answers=types_answers) for card in cards]


def _question(card: Card, facts: Facts, *, types_answers: bool) -> Question:
    lexeme = card.lexeme
    language = lexeme.language
    meanings = meanings_for(facts, language)
    is_prompted_by_meaning = card.kind == CardKind.PRODUCE
    prompt = (", ".join(meanings) or lexeme.lemma) if is_prompted_by_meaning else lexeme.lemma
    answer = lexeme.with_article
    if card.kind in FORM_KINDS:
        answer = " / ".join(facts.spellings(card.kind))
    elif card.kind == CardKind.GENDER:
        answer = f"{lexeme.with_article} ({lexeme.get_gender_display()})"  # type: ignore[attr-defined]
    elif card.kind == CardKind.RECOGNISE:
        answer = ", ".join(meanings)
    choices = _choices(language) if card.kind == CardKind.GENDER else ()
    return Question(
        card=card,
        facts=facts,
        prompt="" if card.kind == CardKind.LISTEN else prompt,
        prompt_language=None if is_prompted_by_meaning else language,
        task=_task(card.kind, language),
        is_typed=types_answers and card.kind not in {CardKind.RECOGNISE, CardKind.GENDER},
        choices=choices,
        answer=answer,
        meanings=meanings,
    )


def _task(kind: str, language: Language) -> str:
    if kind == CardKind.RECOGNISE:
        return _("What does it mean?")
    if kind == CardKind.PRODUCE:
        return _("How is it said? Language: %(language)s") % {"language": language.name}
    if kind == CardKind.LISTEN:
        return _("Listen and write. Language: %(language)s") % {"language": language.name}
    if kind == CardKind.GENDER:
        return _("Which gender?")
    return _("Which form? %(form)s") % {"form": FormKind(kind).label}


def meaning_language(facts: Facts, language: Language) -> str:
    """The language of the translations that the reader is shown: their own, else English, else any; empty for none."""
    order = [(get_language() or "en")[:2], "en", *facts.meanings]
    return next((code for code in order if code != language.code and facts.meanings.get(code)), "")


def meanings_for(facts: Facts, language: Language) -> tuple[str, ...]:
    """The translations that the reader is shown; a definition where there are none."""
    code = meaning_language(facts, language)
    return tuple(dict.fromkeys(facts.meanings[code]))[:MOST_MEANINGS] if code else tuple(facts.definitions[:1])


def _choices(language: Language) -> tuple[Choice, ...]:
    """The genders of a language, by their articles where it has them."""
    genders = [gender for gender in BASIC_GENDERS if not language.articles or gender in language.articles]
    return tuple(Choice(str(gender), language.articles.get(gender) or str(gender.label)) for gender in genders)


def check(question: Question, typed: str) -> Graded | None:
    """The grade of a typed or chosen answer; None where this card is not typed. At most three queries."""
    return next(iter(checked([(question, typed)])), None)


def checked(answers: Sequence[tuple[Question, str]]) -> list[Graded | None]:
    """The same for many answers: one query for each language, and two for each word to be produced."""
    keys = [_key_of(question) for question, _typed in answers]
    asked: dict[str, set[str]] = defaultdict(set)
    for (_question, typed), key in zip(answers, keys, strict=True):
        if key is not None:
            asked[key.language].update(words_of(typed, key))
    known = {code: known_words(code, sorted(words)) for code, words in asked.items()}
    for question, _typed in answers:
        if question.language.code in known:
            # a word that is not approved yet has forms, too
            spellings = (question.lexeme.lemma, *(spelling for _kind, spelling in question.facts.forms))
            known[question.language.code].add((spelling, question.lexeme.pk) for spelling in spellings)
    return [
        grade_text(typed, key, known[key.language]) if key else None
        for (_question, typed), key in zip(answers, keys, strict=True)
    ]


def _key_of(question: Question) -> TextKey | None:
    """What is right for this card; None where it is not typed."""
    card, lexeme, facts = question.card, question.lexeme, question.facts
    code = question.language.code
    if card.kind == CardKind.RECOGNISE or (card.kind == CardKind.GENDER and not lexeme.gender):
        return None
    if card.kind == CardKind.GENDER:
        first, *others = [*lexeme.gender] if lexeme.gender in {Gender.MF, Gender.MN} else [lexeme.gender]
        return TextKey(first, tuple(others))
    if card.kind in FORM_KINDS:
        first, *others = facts.spellings(card.kind) or [lexeme.lemma]
        # the card shows all of them
        whole = [sign.join((first, *others)) for sign in (" / ", ", ")] if others else []
        return TextKey(first, (*others, *whole), code)
    same = _synonyms(question) if card.kind == CardKind.PRODUCE else ()
    others = [*facts.spellings(FormKind.VARIANT), *same]
    articles = question.language.articles_of(lexeme.lemma, lexeme.gender)
    # “le livre” and “livre” are both what was asked for
    article = lexeme.with_article.removesuffix(lexeme.lemma)
    return TextKey(f"({article}){lexeme.lemma}" if article else lexeme.lemma, tuple(others), code, articles)


def _synonyms(question: Question) -> tuple[str, ...]:
    """Other approved words of the language that are translated by everything that the card shows."""
    folded = {fold(meaning) for meaning in question.meanings} - {""}
    code = meaning_language(question.facts, question.language)
    if not folded or not code:
        return ()
    rows = Lexeme.objects.filter(
        language=question.language,
        state=State.APPROVED,
        part_of_speech=question.lexeme.part_of_speech,
        senses__translations__language__code=code,
        senses__translations__folded__in=folded,
    ).exclude(pk=question.lexeme.pk)
    shared = rows.annotate(shared=Count("senses__translations__folded", distinct=True)).filter(shared=len(folded))
    return tuple(shared.order_by("lemma").values_list("lemma", flat=True)[:20])
