"""One card at a time: asked, checked, rated, undone. With a script the same cards come and go as JSON."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id, parse_ids
from learning.vocabulary.answers.verdicts import Graded
from learning.vocabulary.models import Card, DeckSettings, Rating
from learning.vocabulary.reviews import deck, scheduling
from learning.vocabulary.reviews.deck import MOST_ANSWERS, Answer
from learning.vocabulary.reviews.grading import RATINGS
from learning.vocabulary.reviews.questions import Question, check, checked, questions_of
from learning.vocabulary.reviews.queue import AT_ONCE, has_cards, next_cards, today
from learning.vocabulary.reviews.scheduling import Rules
from learning.vocabulary.reviews.settings import day_of, deck_settings
from learning.vocabulary.web.words_shown import interval_text


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def review(request: PersonRequest) -> HttpResponse:
    """The next card; a POST checks a typed answer, shows the answer, or rates it."""
    settings = deck_settings(request.user)
    if request.method != "POST":
        return _page(request, settings)
    card = own_card_or_404(request.user, request.POST.get("card"))
    if "rating" in request.POST:
        record_form(request, card, settings)
        return redirect("words_review")
    (question,) = questions_of([card], types_answers=settings.types_answers)
    typed = storable(request.POST.get("answer"))
    grade = check(question, typed) if "answer" in request.POST else None
    return _page(request, settings, question, is_shown=True, typed=typed, grade=grade)


def _page(
    request: PersonRequest, settings: DeckSettings, question: Question | None = None, **shown: Any
) -> HttpResponse:
    day = today(request.user, settings)
    if question is None:
        cards = next_cards(request.user, day, 1)
        question = next(iter(questions_of(cards, types_answers=settings.types_answers)), None)
    context = {
        "day": day,
        "settings": settings,
        "has_cards": question is not None or has_cards(request.user),
        "can_undo": deck.last_answer(request.user, day_of(request.user, timezone.now())[0]) is not None,
        **(card_context(question, settings, **shown) if question else {}),
    }
    return render(request, "vocabulary/review.html", context)


def card_context(
    question: Question, settings: DeckSettings, *, is_shown: bool = False, typed: str = "", grade: Graded | None = None
) -> dict[str, Any]:
    """What the template of a card needs."""
    soon = scheduling.previews(question.card, timezone.now(), Rules.of(settings))
    return {
        "question": question,
        "is_shown": is_shown,
        "typed": typed,
        "grade": grade,
        "ratings": [(rating, rating.label, interval_text(soon[rating])) for rating in Rating],
        "suggested": int(RATINGS[grade.verdict]) if grade else int(Rating.GOOD),
        "review_id": uuid4(),
        "form_url": reverse("words_review"),
    }


def record_form(request: PersonRequest, card: Card, settings: DeckSettings, *, is_practice: bool = False) -> None:
    """Store the answer of a form; 404 where it is none."""
    rating, found = parse_id(request.POST.get("rating")), uuid_of(request.POST.get("review"))
    if found is None or rating not in Rating.values:
        raise Http404
    typed = storable(request.POST.get("typed"))
    answer = Answer(found, card.pk, rating, timezone.now(), typed=typed, is_practice=is_practice)
    deck.record(owner=request.user, answers=graded([answer], {card.pk: card}), rules=Rules.of(settings))


def own_card_or_404(owner: User, key: str | None) -> Card:
    """A card of this person; where its word was merged, the card that took over."""
    card_id = parse_id(key) or 0
    rows = Card.objects.filter(owner=owner).select_related("lexeme__language")
    card = rows.filter(pk=card_id).first() or rows.filter(pk=deck.merged_into(owner, [card_id]).get(card_id, 0)).first()
    if card is None:
        raise Http404
    return card


def uuid_of(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _more(request: PersonRequest, settings: DeckSettings, count: int, skip: Iterable[str]) -> dict[str, Any]:
    """The next cards, and the numbers of the day; nothing where the browser has enough cards."""
    if not count:
        return {"cards": []}
    day = today(request.user, settings)
    found = next_cards(request.user, day, count, skip=parse_ids(skip))
    questions = questions_of(found, types_answers=settings.types_answers)
    return {
        "cards": [shown_card(one, settings) for one in questions],
        "due": day.due,
        "new": day.new,
        "done": day.done,
    }


def shown_card(question: Question, settings: DeckSettings) -> dict[str, Any]:
    """A card as the script takes it: its number and its two sides."""
    # without the request: the script sends the token of the page, and the context processors are not needed
    html = render_to_string("vocabulary/parts/card.html", card_context(question, settings))
    return {"id": question.card.pk, "html": html}


@require_POST
@login_required
def answers(request: PersonRequest) -> JsonResponse:
    """Store the answers that a browser has gathered, in their order, each once; and give the next cards.

    What is no answer is `refused`, and holds up no other.
    """
    try:
        # the body of a form has been read by then, and is no JSON
        sent = json.loads(request.body if request.content_type == "application/json" else "")
        rows = {str(one["id"]): one for one in sent["answers"]}
        skip = [str(one) for one in sent.get("skip", [])][: 2 * AT_ONCE + MOST_ANSWERS]
        count = min(max(int(sent.get("n", 0)), 0), AT_ONCE)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        return JsonResponse({"detail": _("These are no answers.")}, status=422)
    if len(rows) > MOST_ANSWERS:
        return JsonResponse({"detail": _("Too many answers at once.")}, status=422)
    settings = deck_settings(request.user)
    found = {key: _answer_of_json(one) for key, one in rows.items()}
    good = [one for one in found.values() if one is not None]
    good = graded(good, typed_cards(request.user, good))
    outcomes = deck.record(owner=request.user, answers=good, rules=Rules.of(settings))
    said = {key: outcomes[one.id] if one else "refused" for key, one in found.items()}
    return JsonResponse({"outcomes": said, **_more(request, settings, count, skip)})


def _answer_of_json(one: dict[str, Any]) -> Answer | None:
    """One answer; None where it is none."""
    try:
        at = parse_datetime(one["at"])
        rating, card_id, took = one["rating"], one["card"], one.get("took", 0)
        found = UUID(one["id"])
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in (rating, card_id, took))
    if at is None or at.tzinfo is None or not whole or rating not in Rating.values or not 0 < card_id < 2**63:
        return None
    return Answer(found, card_id, rating, bounded(at), typed=storable(one.get("typed")), took=took)


def storable(text: object) -> str:
    """What was typed, as a database takes it: without NUL and halves of characters, and not too long."""
    if not isinstance(text, str):
        return ""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")[: deck.LONGEST_ANSWER]


def bounded(at: datetime) -> datetime:
    # near the first and the last year, an instant with an offset has no time in UTC
    return at if 1970 < at.year < 9998 else datetime(1970, 1, 1, tzinfo=UTC) if at.year <= 1970 else timezone.now()


def typed_cards(owner: User, rows: Iterable[Answer]) -> dict[int, Card]:
    ids = {row.card_id for row in rows if row.typed}
    if not ids:
        return {}
    own = Card.objects.filter(owner=owner).select_related("lexeme__language")
    found = own.in_bulk(ids)
    missing = ids - found.keys()
    if not missing:
        return found
    merged = deck.merged_into(owner, missing)
    kept = own.in_bulk(merged.values())
    return found | {was: kept[card] for was, card in merged.items() if card in kept}


def graded(rows: Iterable[Answer], found: dict[int, Card]) -> list[Answer]:
    """The answers with the server's verdict on what was typed."""
    # a card may stand under several keys: that of a word that was merged, too
    questions = dict(zip(found, questions_of(list(found.values()), types_answers=True), strict=True))
    all_rows = list(rows)
    typed = [row for row in all_rows if row.typed and row.card_id in questions]
    grades = checked([(questions[row.card_id], row.typed) for row in typed])
    verdicts = {row.id: str(grade.verdict) for row, grade in zip(typed, grades, strict=True) if grade}
    return [replace(row, verdict=verdicts[row.id]) if row.id in verdicts else row for row in all_rows]


@require_POST
@login_required
def check_answer(request: PersonRequest) -> JsonResponse:
    """The grade of what was typed, and the rating that it suggests. Changes nothing."""
    card = own_card_or_404(request.user, request.POST.get("card"))
    typed = storable(request.POST.get("answer"))
    (question,) = questions_of([card], types_answers=True)
    grade = check(question, typed)
    if grade is None:
        raise Http404
    html = render_to_string("vocabulary/parts/grade.html", {"grade": grade, "question": question}, request)
    return JsonResponse({"html": html, "rating": int(RATINGS[grade.verdict])})


@require_POST
@login_required
def undo(request: PersonRequest) -> HttpResponse:
    """Take back the answer that is named, or the last one of today; the card is what it was before."""
    settings = deck_settings(request.user)
    named = uuid_of(request.POST.get("review")) if "review" in request.POST else None
    if named is None:
        last = deck.last_answer(request.user, day_of(request.user, timezone.now())[0])
        named = last.pk if last else None
    card = deck.undo(owner=request.user, review_id=named, rules=Rules.of(settings)) if named else None
    if request.accepts("text/html"):
        if card is None:
            messages.error(request, _("There is no answer of today to take back."))
        return redirect("words_review")
    if card is None:
        return JsonResponse({"detail": _("There is no answer of today to take back.")}, status=404)
    (question,) = questions_of([own_card_or_404(request.user, str(card.pk))], types_answers=settings.types_answers)
    return JsonResponse(shown_card(question, settings))


@require_POST
@login_required
def suspend(request: PersonRequest) -> HttpResponse:
    """Set a card apart, or ask it again."""
    card = own_card_or_404(request.user, request.POST.get("card"))
    deck.set_suspended(owner=request.user, card_id=card.pk, on=request.POST.get("on") != "0")
    if request.accepts("text/html"):
        return redirect("words_review") if "review" in request.POST else redirect("words_word", card.lexeme_id)
    return JsonResponse({"suspended": True})
