"""Words for a set, taken from a lesson."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from learning.accounts.requests import PersonRequest
from learning.base.numbers import parse_id, parse_ids
from learning.courses.models import CoursePage
from learning.vocabulary.access import shown_lexemes
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.models import Language
from learning.vocabulary.reviews.questions import facts_of, meanings_for
from learning.vocabulary.sets import actions
from learning.vocabulary.sets.access import own_set_or_404
from learning.vocabulary.sets.candidates import candidates, lessons_of, written_courses

MOST_LISTED = 300


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def from_lesson(request: PersonRequest, set_id: int) -> HttpResponse:
    """Choose a course, then a lesson; then the words of it that the set has not."""
    this = own_set_or_404(request.user, set_id)
    if request.method == "POST":
        chosen = parse_ids(request.POST.getlist("lexeme"))[: actions.MOST_WORDS]
        try:
            count = actions.add_words(word_set=this, lexemes=shown_lexemes(request.user).filter(pk__in=chosen))
        except VocabularyError as error:
            messages.error(request, str(error))
        else:
            words = ngettext("%(n)d word is added.", "%(n)d words are added.", count) % {"n": count}
            messages.success(request, words)
        return redirect(this)
    courses = written_courses(request.user)
    course = _asked_course(request, courses)
    # that of another course is still in the form when one chooses this one
    lesson = lessons_of(course).filter(pk=parse_id(request.GET.get("lesson")) or 0).first() if course else None
    context: dict[str, Any] = {
        "word_set": this,
        "courses": courses[:MOST_LISTED],
        "course": course,
        "lessons": lessons_of(course)[:MOST_LISTED] if course else [],
        "lesson": lesson,
        "languages": Language.objects.all(),
    }
    if course and lesson:
        code = request.GET.get("language", "")[:8].replace("\x00", "") or course.language
        language = Language.objects.filter(code=code).first() or Language.objects.earliest("pk")
        context["language"] = language
        context["rows"] = _rows(candidates(word_set=this, lesson=lesson, language=language, user=request.user))
    return render(request, "vocabulary/from_lesson.html", context)


def _asked_course(request: PersonRequest, courses: QuerySet[CoursePage]) -> CoursePage | None:
    """The course that the address names; None without one, 404 for one that this person does not write."""
    if not request.GET.get("course"):
        return None
    return get_object_or_404(courses, pk=parse_id(request.GET["course"]) or 0)


def _rows(found: Any) -> list[dict[str, Any]]:
    facts = facts_of([one.lexeme.pk for one in found])
    return [
        {
            "lexeme": one.lexeme,
            "count": one.count,
            "meanings": meanings_for(facts[one.lexeme.pk], one.lexeme.language),
        }
        for one in found
    ]
