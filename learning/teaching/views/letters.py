"""Writing to the students that a filter finds."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from learning.accounts.models import User
from learning.enrollment.models import Letter
from learning.teaching.forms import LetterForm
from learning.teaching.letter_mail import Mail, compose, person_of_token
from learning.teaching.letters import readers, write
from learning.teaching.views.students import chosen, managed_course

LETTERS_SHOWN = 20
LOOKED_AT = 500  # readers among which one for each language is looked for


def _previews(letter: Letter, to: QuerySet[User]) -> list[Mail]:
    """The letter as the first reader of each language gets it."""
    people: dict[str, User] = {}
    # a limit: the page never loads thousands of people, even if a rare language then has no preview
    for person in to[:LOOKED_AT]:
        people.setdefault(person.language or letter.language, person)
    return [compose(letter=letter, course=letter.course, person=person, sample=True) for person in people.values()]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def letter(request: HttpRequest, course_id: int) -> HttpResponse:
    """Write a letter, preview it, send it. The query string holds the filter, as for the table of students."""
    course = managed_course(request, course_id)
    found, _filters, _asked = chosen(request, course)
    author: Any = request.user
    form = LetterForm(request.POST or None, initial={"language": author.language or course.language})
    to = readers(found, essential=request.POST.get("essential") == "on")
    reached = to.count()
    previews: list[Mail] = []
    if request.method == "POST" and form.is_valid():
        facts = {name: form.cleaned_data[name] for name in ("language", "essential")}
        if "send" in request.POST and reached:
            _letter, count = write(course=course, author=author, words=form.words(), to=to, **facts)
            messages.success(request, _("The letter is on its way to %(n)s students.") % {"n": count})
            return redirect("teaching_course", course.pk)
        previews = _previews(Letter(course=course, author=author, words=form.words(), **facts), to)
    context = {
        "course": course,
        "form": form,
        "previews": previews,
        "asked": found.count(),
        "reached": reached,
        "filter_query": request.META["QUERY_STRING"],
    }
    return render(request, "teaching/letter.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def sent_letters(request: HttpRequest, course_id: int) -> HttpResponse:
    """List the letters to students of a course: when, from which author, to how many, and their text."""
    course = managed_course(request, course_id)
    copies = {"readers": Count("copies"), "sent": Count("copies", filter=Q(copies__sent_at__isnull=False))}
    letters = Letter.objects.filter(course=course).select_related("author").annotate(**copies).order_by("-pk")
    page = Paginator(letters, LETTERS_SHOWN).get_page(request.GET.get("page"))
    return render(request, "teaching/letters.html", {"course": course, "page_obj": page})


def stop_letters(request: HttpRequest, token: str) -> HttpResponse:
    """Stop letters from courses, by the link at the end of a letter: GET asks, POST stops. Needs no log-in."""
    person = person_of_token(token)
    if person is None:
        raise Http404
    # a GET changes nothing (promise 14): programs that scan mail for viruses open every link in it
    if request.method == "POST":
        person.course_mail = False
        person.save(update_fields=["course_mail"])
    return render(request, "teaching/stop_letters.html", {"stopped": not person.course_mail})
