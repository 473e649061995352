"""A learner's words: today, the list, one word, saving from the dictionary, settings, statistics."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id
from learning.base.redirects import way_back
from learning.vocabulary.access import shown_lexemes, shown_to
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.folding import fold
from learning.vocabulary.models import Card, DeckSettings, Language, Lexeme
from learning.vocabulary.reviews import deck, statistics
from learning.vocabulary.reviews.questions import facts_of, meanings_for
from learning.vocabulary.reviews.queue import has_cards, today
from learning.vocabulary.reviews.settings import deck_settings
from learning.vocabulary.sets.access import given_to, own_sets
from learning.vocabulary.web.charts import bars_of
from learning.vocabulary.web.forms import DeckForm, NoteForm

PER_PAGE = 50
MOST_SETS = 30
MOST_UNDERLINED = 3000
UNPROCESSABLE = 422


@require_safe
@login_required
def overview(request: PersonRequest) -> HttpResponse:
    """How much there is today, the sets that were given, the week's goal."""
    user = request.user
    settings = deck_settings(user)
    cards = Card.objects.filter(owner=user)
    context = {
        "day": today(user, settings),
        "has_cards": has_cards(user),
        "settings": settings,
        "underlines": settings.underlines,
        "standing": statistics.standing(cards),
        "week": statistics.days_of_week(user) if settings.goal_days else 0,
        "leeches": cards.leeches().select_related("lexeme__language").order_by("-lapses", "pk")[:MOST_SETS],
        "given": _given(request),
        "sets": own_sets(user).annotate(count=Count("rows")).order_by("name", "pk")[:MOST_SETS],
        "coming": bars_of([(day, count) for day, count in statistics.coming_days(user)][:7]),
    }
    return render(request, "vocabulary/words.html", context)


def _given(request: PersonRequest) -> list[Any]:
    """The sets that were given to this person, each once, with how many of its words the deck has."""
    mine = Card.objects.filter(owner=request.user, lexeme=OuterRef("word_set__rows__lexeme"))
    shown = shown_to(request.user, "word_set__rows__lexeme__")
    rows = given_to(request.user).filter(word_set__rows__isnull=False).select_related("word_set", "given_by")
    rows = rows.annotate(
        words=Count("word_set__rows__lexeme", distinct=True, filter=shown or None),
        begun=Count("word_set__rows__lexeme", distinct=True, filter=shown & Q(Exists(mine))),
    )
    seen: dict[int, Any] = {}
    for row in rows.order_by("learn_by", "pk")[: 2 * MOST_SETS]:
        seen.setdefault(row.word_set_id, row)
    return list(seen.values())


@require_safe
@login_required
def words(request: PersonRequest) -> HttpResponse:
    """The words of one's deck, in pages; searched by their beginning, filtered by how well they are known."""
    now = timezone.now()
    asked = request.GET.get("show", "")
    query = request.GET.get("q", "")[:100].replace("\x00", "")
    rows = Card.objects.filter(owner=request.user)
    if folded := fold(query):
        rows = rows.filter(lexeme__folded__startswith=folded)
    if asked == "leeches":
        rows = rows.leeches()
    elif asked == "suspended":
        rows = rows.filter(is_suspended=True)
    elif asked == "slipping":
        rows = rows.filter(statistics.is_slipping(now), is_suspended=False)
    elif asked == "known":
        rows = rows.filter(statistics.is_known(now))
    grouped = (
        rows.order_by()
        .values("lexeme", "lexeme__folded")
        .annotate(cards=Count("pk"), due=Min("due", filter=~Q(state=Card.State.NEW)), last=Max("last_review"))
    )
    page = Paginator(grouped.order_by("lexeme__folded", "lexeme"), PER_PAGE).get_page(request.GET.get("page"))
    ids = [row["lexeme"] for row in page]
    lexemes = Lexeme.objects.filter(pk__in=ids).select_related("language").in_bulk()
    facts = facts_of(ids)
    shown = [
        {**row, "lexeme": lexemes[row["lexeme"]],
         "meanings": meanings_for(facts[row["lexeme"]], lexemes[row["lexeme"]].language)}
        for row in page
    ]  # fmt: skip
    filters = [
        ("", _("All")),
        ("slipping", pgettext("words", "Slipping")),
        ("known", pgettext("words", "Known")),
        ("leeches", _("Set apart")),
        ("suspended", _("Not asked")),
    ]
    context = {"page_obj": page, "rows": shown, "filters": filters, "asked": asked, "q": query, "now": now}
    parts = [f"{name}={value}" for name, value in (("show", asked), ("q", folded)) if value]
    return render(request, "vocabulary/my_words.html", {**context, "query": "&".join(parts)})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def word(request: PersonRequest, lexeme_id: int) -> HttpResponse:
    """One word of one's deck: its cards, one's note, removing it."""
    cards = list(
        Card.objects.filter(owner=request.user, lexeme=lexeme_id).select_related("lexeme__language").order_by("pk")
    )
    if not cards:
        raise Http404
    lexeme = cards[0].lexeme
    if "remove" in request.POST:
        deck.remove_word(owner=request.user, lexeme_id=lexeme_id)
        messages.success(request, _("The word and its reviews are gone from your deck."))
        return redirect("words_list")
    form = NoteForm(request.POST if request.method == "POST" else None, initial={"note": cards[0].note})
    if form.is_bound and form.is_valid():
        deck.set_note(owner=request.user, lexeme_id=lexeme_id, note=form.cleaned_data["note"])
        messages.success(request, _("Your note is saved."))
        return redirect("words_word", lexeme_id)
    (standing,) = statistics.words_of(request.user, [lexeme])
    facts = facts_of([lexeme_id])[lexeme_id]
    context = {
        "lexeme": lexeme,
        "cards": cards,
        "form": form,
        "standing": standing,
        "meanings": meanings_for(facts, lexeme.language),
    }
    return render(request, "vocabulary/my_word.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
@login_required
def forgive(request: PersonRequest) -> HttpResponse:
    """Ask a card again that was set apart."""
    card_id = parse_id(request.POST.get("card"))
    if card_id is None or not deck.forgive(owner=request.user, card_id=card_id):
        raise Http404
    messages.success(request, _("The card is asked again."))
    return redirect(way_back(request, reverse("words")))


@require_POST
@login_required
def save(request: PersonRequest) -> HttpResponse:
    """Save a word of the dictionary to one's deck."""
    lexeme_id = parse_id(request.POST.get("lexeme"))
    lexeme = shown_lexemes(request.user).filter(pk=lexeme_id).select_related("language").first() if lexeme_id else None
    if lexeme is None:
        raise Http404
    wants_html = request.accepts("text/html")
    try:
        made = deck.save_words(owner=request.user, lexemes=[lexeme], settings=deck_settings(request.user))
    except VocabularyError as error:
        if not wants_html:
            return JsonResponse({"detail": str(error)}, status=409)
        messages.error(request, str(error))
        return redirect(way_back(request, reverse("words")))
    if not wants_html:
        return JsonResponse({"saved": True, "cards": made})
    messages.success(
        request,
        ngettext("Saved: %(n)d card.", "Saved: %(n)d cards.", made) % {"n": made} if made else _("It is saved."),
    )
    return redirect(way_back(request, reverse("words")))


@require_safe
@login_required
def saved(request: PersonRequest) -> JsonResponse:
    """The spellings of one's saved words and their forms, to underline them where one reads."""
    if not deck_settings(request.user).underlines:
        return JsonResponse({"words": []})
    mine = Lexeme.objects.filter(Exists(Card.objects.filter(owner=request.user, lexeme=OuterRef("pk"))))
    spellings = mine.order_by("-pk").values_list("lemma", "forms__spelling")[:MOST_UNDERLINED]
    return JsonResponse({"words": sorted({text for row in spellings for text in row if text})})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def settings_page(request: PersonRequest) -> HttpResponse:
    """How one learns: how many cards a day, which kinds, which days are easy."""
    settings = deck_settings(request.user)
    if request.method == "POST" and settings.pk is None:
        # of two windows at once one makes the row
        settings, _is_new = DeckSettings.objects.get_or_create(owner=request.user)
    form = DeckForm(request.POST if request.method == "POST" else None, instance=settings)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("words")
    return render(
        request,
        "vocabulary/settings.html",
        {"form": form, "underlines": settings.underlines},
        status=UNPROCESSABLE if form.errors else 200,
    )


@require_safe
@login_required
def statistics_page(request: PersonRequest) -> HttpResponse:
    """Pictures with tables: coming reviews, retention, known words, languages."""
    user = request.user
    months = statistics.months(user)
    codes = {one.code: one.name for one in Language.objects.all()}
    context = {
        "coming": bars_of(statistics.coming_days(user)),
        "retention": bars_of([(month.first, month.share) for month in months], most=100),
        "months": months,
        "known": bars_of(statistics.known_over_time(user)),
        "languages": [(codes.get(code, code), count) for code, count in statistics.by_language(user)],
        "standing": statistics.standing(Card.objects.filter(owner=user)),
    }
    return render(request, "vocabulary/statistics.html", context)
