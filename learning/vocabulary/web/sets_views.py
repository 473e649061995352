"""Word sets: making and filling them, giving them to students, learning and practising them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id
from learning.base.sheets import as_file
from learning.courses.stamps import pages_that_show, restamp_pages_that_show
from learning.enrollment.models import Enrollment
from learning.enrollment.statuses import READING
from learning.vocabulary import exports
from learning.vocabulary.access import shown_lexemes
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.models import Card, Lexeme, WordSet
from learning.vocabulary.reviews import deck, statistics
from learning.vocabulary.reviews.questions import check, facts_of, meanings_for, questions_of
from learning.vocabulary.reviews.settings import deck_settings
from learning.vocabulary.search import found
from learning.vocabulary.sets import actions
from learning.vocabulary.sets.access import (
    given_to,
    own_set_or_404,
    own_sets,
    seen_set_or_404,
    taught_groups,
    taught_student_or_404,
    taught_students,
)
from learning.vocabulary.sets.actions import MOST_WORDS
from learning.vocabulary.sets.candidates import written_courses
from learning.vocabulary.web.forms import GiveForm, WordSetForm
from learning.vocabulary.web.review_views import card_context, own_card_or_404, record_form
from learning.vocabulary.web.words_views import UNPROCESSABLE

MOST_ROWS = 200
PER_PAGE = 50
SLIPPING_SHOWN = 10


@require_safe
@login_required
def sets(request: PersonRequest) -> HttpResponse:
    """One's own sets, and those that were given to one."""
    own = own_sets(request.user).annotate(count=Count("rows")).order_by("name", "pk")[:MOST_ROWS]
    given = given_to(request.user).select_related("word_set", "given_by").order_by("learn_by", "pk")[:MOST_ROWS]
    return render(request, "vocabulary/sets.html", {"own": own, "given": given})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def new_set(request: PersonRequest) -> HttpResponse:
    form = WordSetForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            made = actions.make_set(owner=request.user, **form.cleaned_data)
        except VocabularyError as error:
            form.add_error(None, str(error))
        else:
            return redirect(made)
    context = {"form": form, "title": _("New word set"), "submit": _("Create")}
    return render(request, "vocabulary/form.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def edit_set(request: PersonRequest, set_id: int) -> HttpResponse:
    """Change the name of a set, or delete it."""
    word_set = own_set_or_404(request.user, set_id)
    if "delete" in request.POST and pages_that_show([word_set]):
        messages.error(request, _("Lessons show this set. Take it out of them first."))
        return redirect(word_set)
    if "delete" in request.POST:
        word_set.delete()
        messages.success(request, _("The set is deleted. Cards that learners have made of it stay theirs."))
        return redirect("word_sets")
    form = WordSetForm(request.POST if request.method == "POST" else None, instance=word_set)
    if form.is_bound and form.is_valid():
        # not `form.save()`: it would bring back a set that was deleted in another window
        WordSet.objects.filter(pk=word_set.pk).update(**form.cleaned_data)
        restamp_pages_that_show([word_set])
        return redirect(word_set)
    context = {"form": form, "title": word_set.name, "submit": _("Save"), "danger": _("Delete this set")}
    return render(request, "vocabulary/form.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_safe
@login_required
def word_set(request: PersonRequest, set_id: int) -> HttpResponse:
    """The words of a set; its owner adds and removes them here, and gives the set."""
    this = seen_set_or_404(request.user, set_id)
    is_own = this.owner_id == request.user.pk
    mine = Card.objects.filter(owner=request.user, lexeme=OuterRef("pk"))
    # an entry that is a draft is shown in a set to those alone who write the dictionary
    lexemes = list(
        shown_lexemes(request.user)
        .filter(in_sets__word_set=this)
        .annotate(is_mine=Exists(mine))
        .select_related("language")
        .order_by("in_sets__position", "in_sets__pk")
    )
    facts = facts_of([one.pk for one in lexemes])
    query = request.GET.get("q", "")[:100].replace("\x00", "").strip()
    have = {one.pk for one in lexemes}
    context = {
        "word_set": this,
        "is_own": is_own,
        "rows": [
            {"lexeme": one, "facts": facts[one.pk], "meanings": meanings_for(facts[one.pk], one.language)}
            for one in lexemes
        ],
        "begun": sum(one.is_mine for one in lexemes),
        "q": query,
        "results": [one for one in found(request.user, query) if one.lexeme.pk not in have] if is_own and query else [],
        "writes": is_own and written_courses(request.user).exists(),
        "gives": is_own and taught_students(request.user).order_by().exists(),
        "given": this.given.select_related("student", "group", "course").order_by("pk")[:MOST_ROWS] if is_own else [],
    }
    return render(request, "vocabulary/set.html", context)


@require_POST
@login_required
def change_words(request: PersonRequest, set_id: int) -> HttpResponse:
    """Add a word to a set, or remove one."""
    this = own_set_or_404(request.user, set_id)
    if remove := parse_id(request.POST.get("remove")):
        actions.remove_word(word_set=this, lexeme_id=remove)
        return redirect(this)
    lexeme = shown_lexemes(request.user).filter(pk=parse_id(request.POST.get("add")) or 0).first()
    if lexeme is None:
        raise Http404
    try:
        actions.add_words(word_set=this, lexemes=[lexeme])
    except VocabularyError as error:
        messages.error(request, str(error))
    return redirect(this)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def give(request: PersonRequest, set_id: int) -> HttpResponse:
    """Give a set to a student or a group, or take it back."""
    this = own_set_or_404(request.user, set_id)
    if taken := parse_id(request.POST.get("take_back")):
        actions.take_back(word_set=this, given_id=taken)
        return redirect(this)
    form = GiveForm(request.POST if request.method == "POST" else None, giver=request.user)
    if form.is_bound and form.is_valid():
        try:
            actions.give(word_set=this, giver=request.user, learn_by=form.cleaned_data["learn_by"], **form.target)
        except VocabularyError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The set is given."))
            return redirect(this)
    context = {"form": form, "title": this.name, "submit": pgettext("word set", "Give")}
    return render(request, "vocabulary/form.html", context, status=UNPROCESSABLE if form.errors else 200)


@require_POST
@login_required
def learn(request: PersonRequest, set_id: int) -> HttpResponse:
    """Save every word of a set to one's deck."""
    this = seen_set_or_404(request.user, set_id)
    lexemes = shown_lexemes(request.user).filter(in_sets__word_set=this).select_related("language")[:MOST_WORDS]
    try:
        made = deck.save_words(owner=request.user, lexemes=lexemes, settings=deck_settings(request.user))
    except VocabularyError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, ngettext("%(n)d new card.", "%(n)d new cards.", made) % {"n": made})
    return redirect(this)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def practise(request: PersonRequest, set_id: int, place: int = 0) -> HttpResponse:
    """Go through one's cards of a set, whatever is due; no due date moves."""
    this = seen_set_or_404(request.user, set_id)
    settings = deck_settings(request.user)
    in_set = Lexeme.objects.filter(in_sets__word_set=this)
    rows = Card.objects.filter(owner=request.user, lexeme__in=in_set).select_related("lexeme__language").order_by("pk")
    card = rows[place : place + 1].first()
    shown: dict[str, Any] = {}
    if request.method == "POST":
        card = own_card_or_404(request.user, request.POST.get("card"))
        if "rating" in request.POST:
            record_form(request, card, settings, is_practice=True)
            return redirect("word_set_practise_at", set_id, place + 1)
        shown = {"is_shown": True, "typed": request.POST.get("answer", "")[: deck.LONGEST_ANSWER]}
    questions = questions_of([card] if card else [], types_answers=settings.types_answers)
    if "answer" in request.POST:
        shown["grade"] = check(questions[0], shown["typed"])
    context = {
        "practice": True,
        "word_set": this,
        "place": place + 1,
        "count": rows.count(),
        **(card_context(questions[0], settings, **shown) if questions else {}),
        "form_url": reverse("word_set_practise_at", args=(set_id, place)),
    }
    return render(request, "vocabulary/review.html", context)


@require_safe
@login_required
def taught(request: PersonRequest) -> HttpResponse:
    """The students whose words a teacher sees, in pages; those of one study group with who slips most first."""
    groups = taught_groups(request.user).order_by("name", "pk")
    students = taught_students(request.user)
    group_id = parse_id(request.GET.get("group"))
    if group_id:
        members = Enrollment.objects.filter(group=group_id, group__in=groups, status__in=READING)
        students = students.filter(pk__in=members.values("user"))
    page = Paginator(students.order_by("display_name", "pk"), MOST_ROWS if group_id else PER_PAGE).get_page(
        request.GET.get("page")
    )
    counts = statistics.counts_of([one.pk for one in page])
    rows: list[dict[str, Any]] = [{"student": one, **counts[one.pk]} for one in page]
    if group_id:
        rows.sort(key=lambda row: -row["slipping"])
    context = {
        "page_obj": page,
        "rows": rows,
        "groups": groups[:MOST_ROWS],
        "group_id": group_id,
        "query": f"group={group_id}" if group_id else "",
    }
    return render(request, "vocabulary/taught.html", context)


@require_safe
@login_required
def student(request: PersonRequest, user_id: int) -> HttpResponse:
    """How a student stands: known, learning and slipping words, and the ten that slip most."""
    person: User = taught_student_or_404(request.user, user_id)
    context = {
        "student": person,
        "standing": statistics.standing(Card.objects.filter(owner=person)),
        "slipping": statistics.slipping_words(person, SLIPPING_SHOWN),
        "months": [month for month in statistics.months(person) if month.answers],
        "given": given_to(person).filter(word_set__owner=request.user).select_related("word_set")[:MOST_ROWS],
    }
    return render(request, "vocabulary/student.html", context)


@require_safe
@login_required
def set_as_csv(request: PersonRequest, set_id: int) -> HttpResponseBase:
    """The words of a set as a table."""
    this = seen_set_or_404(request.user, set_id)
    headings, rows = exports.table(_words_of(request, this))
    return as_file(this.name, "csv", headings, rows)


@require_safe
@login_required
def set_for_anki(request: PersonRequest, set_id: int) -> HttpResponseBase:
    """The words of a set as a package for Anki."""
    this = seen_set_or_404(request.user, set_id)
    return exports.anki_package(this.name, _words_of(request, this))


def _words_of(request: PersonRequest, this: WordSet) -> list[Lexeme]:
    rows = shown_lexemes(request.user).filter(in_sets__word_set=this).select_related("language", "source")
    return list(rows.order_by("in_sets__position", "in_sets__pk")[:MOST_WORDS])
