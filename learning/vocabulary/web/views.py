"""The dictionary: search, suggestions while one types, the page of a word."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db.models import BigIntegerField, Case, Exists, OuterRef, Prefetch, Q, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from learning.accounts.requests import PersonRequest
from learning.vocabulary.access import WRITE, shown_lexemes, shown_to
from learning.vocabulary.folding import fold
from learning.vocabulary.grammar import FormKind
from learning.vocabulary.models import Card, EntryPicture, Form, Language, Lexeme, Pronunciation, Sense, Translation
from learning.vocabulary.reviews.questions import facts_of, meanings_for
from learning.vocabulary.search import found

LONGEST_QUERY = 100
MOST_LOOKED = 5  # entries in the small panel
MOST_FORMS = 50  # of one spelling
MOST_BACKWARDS = 30  # words of other languages that are translated by this one


def readers_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For people who are logged in; for visitors too where the school has its dictionary open to all."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated or settings.DICTIONARY_FOR_ALL:
            return view(request, *args, **kwargs)
        return redirect_to_login(request.get_full_path())

    return checked


@require_safe
@readers_only
def dictionary(request: PersonRequest) -> HttpResponse:
    """Search for a word in all languages, or in one."""
    context = {**_asked(request), "languages": Language.objects.all()}
    return render(request, "vocabulary/dictionary.html", context)


@require_safe
@readers_only
def suggest(request: PersonRequest) -> HttpResponse:
    """The same, for the list below the field while one types."""
    return render(request, "vocabulary/parts/results.html", _asked(request))


def _asked(request: PersonRequest) -> dict[str, Any]:
    """What is searched for, in which language, and what was found."""
    words = request.GET.get("q", "")[:LONGEST_QUERY].replace("\x00", "").strip()
    language = request.GET.get("language", "")[:8].replace("\x00", "")
    return {"q": words, "language": language, "results": found(request.user, words, language)}


@require_safe
@readers_only
def look(request: PersonRequest) -> HttpResponse:
    """A word that someone reads, for the small panel beside it: its entries by word and form. Three queries."""
    word = " ".join(request.GET.get("word", "")[:LONGEST_QUERY].replace("\x00", "").split())
    language = request.GET.get("language", "")[:2].lower()
    folded = fold(word)
    # as a list: with a query inside the condition PostgreSQL goes through all words
    by_form = (
        list(Form.objects.filter(folded=folded).values_list("lexeme_id", flat=True)[:MOST_FORMS]) if folded else []
    )
    rows = shown_lexemes(request.user).filter(Q(folded=folded) | Q(pk__in=by_form)) if folded else Lexeme.objects.none()
    is_mine = Exists(Card.objects.filter(owner=request.user.pk, lexeme=OuterRef("pk")))
    # the language of the text first, and the word itself before a form of another one
    in_order = Case(When(language__code=language, then=0), default=2) + Case(When(folded=folded, then=0), default=1)
    ordered = rows.annotate(is_mine=is_mine, place=in_order).select_related("language").order_by("place", "pk")
    entries_found = list(ordered[:MOST_LOOKED])
    facts = facts_of([one.pk for one in entries_found])
    entries = [
        {"lexeme": one, "facts": facts[one.pk], "meanings": meanings_for(facts[one.pk], one.language)}
        for one in entries_found
    ]
    return render(
        request, "vocabulary/look.html", {"word": word, "entries": entries, "saves": request.user.is_authenticated}
    )


@require_safe
@readers_only
def entry(request: PersonRequest, code: str, lemma: str) -> HttpResponse:
    """Everything about a word: each of its entries, and the words that it translates. Eight queries."""
    senses = Sense.objects.order_by("position", "pk")
    rows = shown_lexemes(request.user).filter(language__code=code, lemma=lemma).select_related("language", "source")
    is_mine = Exists(Card.objects.filter(owner=request.user.pk, lexeme=OuterRef("pk")))
    lexemes = list(
        rows.annotate(is_mine=is_mine)
        .order_by("part_of_speech", "gender", "homograph")
        .prefetch_related("examples", Prefetch("senses", queryset=senses))
    )
    details = _details_of(lexemes)
    shown, backwards = _translations(request.user, code, lemma, lexemes)
    if not lexemes and not backwards:
        raise Http404
    context = {
        "lemma": lemma,
        "language": lexemes[0].language if lexemes else Language.objects.filter(code=code).first(),
        "entries": [
            {
                "lexeme": one,
                "senses": [(sense, shown[sense.pk]) for sense in one.senses.all()],
                "details": details[one.pk],
            }
            for one in lexemes
        ],
        "backwards": backwards,
        "saves": request.user.is_authenticated,
        "may_write": request.user.has_perm(WRITE),
    }
    return render(request, "vocabulary/entry.html", context)


@dataclass(slots=True)
class _Details:
    """What stands around the meanings of an entry."""

    forms: list[tuple[str, str]] = field(default_factory=list)  # kind, spelling
    sounds: list[tuple[str, str]] = field(default_factory=list)  # IPA, region
    is_recorded: bool = False
    picture: str = ""  # what it shows


def _details_of(lexemes: list[Lexeme]) -> dict[int, _Details]:
    """Forms, pronunciations and pictures of these entries, in one query."""
    nothing = Value(None, output_field=BigIntegerField())
    forms = Form.objects.filter(lexeme__in=lexemes).order_by()
    sounds = Pronunciation.objects.filter(lexeme__in=lexemes).order_by()
    pictures = EntryPicture.objects.filter(lexeme__in=lexemes).order_by()
    rows = forms.values_list("pk", Value(0), "lexeme_id", "kind", "spelling", nothing).union(
        sounds.values_list("pk", Value(1), "lexeme_id", "ipa", "region", "recording_id"),
        pictures.values_list("pk", Value(2), "lexeme_id", "alt", Value(""), nothing),
        all=True,
    )
    found: dict[int, _Details] = defaultdict(_Details)
    for _pk, place, lexeme_id, first, second, recording in sorted(rows, key=lambda row: row[:2]):
        details = found[lexeme_id]
        if place == 0:
            details.forms.append((str(FormKind(first).label), second))
        elif place == 1:
            details.sounds += [(first, second)] if first else []
            details.is_recorded = details.is_recorded or recording is not None
        else:
            details.picture = details.picture or first
    return found


def _translations(
    user: Any, code: str, lemma: str, lexemes: list[Lexeme]
) -> tuple[dict[int, list[tuple[Language, list[Translation]]]], list[Lexeme]]:
    """The translations of these entries by sense and language, and the entries of which this word is one."""
    own = {sense.pk for lexeme in lexemes for sense in lexeme.senses.all()}
    # both conditions on the same table: PostgreSQL then finds each by its index
    backwards = Q(language__code=code, folded=fold(lemma)) & shown_to(user, "sense__lexeme__")
    rows = Translation.objects.filter(Q(sense__in=own) | backwards)
    rows = rows.select_related("language", "sense__lexeme__language").order_by("pk")
    shown: dict[int, dict[Language, list[Translation]]] = defaultdict(lambda: defaultdict(list))
    found_back: dict[int, Lexeme] = {}
    for row in rows:
        if row.sense_id in own:
            shown[row.sense_id][row.language].append(row)
        elif len(found_back) < MOST_BACKWARDS:
            found_back.setdefault(row.sense.lexeme_id, row.sense.lexeme)
    by_sense = defaultdict(list, {pk: list(languages.items()) for pk, languages in shown.items()})
    return by_sense, list(found_back.values())
