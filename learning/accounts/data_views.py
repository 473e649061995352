"""Pages about one's own data: read, export and delete it; and personal API tokens."""

from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from learning.accounts import deeds
from learning.accounts.actions import (
    DAYS_TO_CANCEL,
    ask_deletion,
    cancel_deletion,
    create_token,
    record,
    revoke_token,
)
from learning.accounts.models import PersonalToken
from learning.accounts.own_data import as_archive, as_tables, collect
from learning.accounts.requests import PersonRequest
from learning.accounts.scopes import scope_choices

MOST_TOKENS = 20


def archive_answer(person: Any, actor: Any) -> HttpResponse:
    """Return the person's data as a download, and record it in the audit log."""
    record(deeds.DATA, actor=actor, person=person, facts={"did": "downloaded"})
    response = HttpResponse(as_archive(person), content_type="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="parta-data.zip"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_safe
@login_required
def my_data(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/my_data.html", {"days": DAYS_TO_CANCEL})


@require_safe
@login_required
def read_my_data(request: PersonRequest) -> HttpResponse:
    """Show the content of the archive as a page."""
    user = request.user
    response = render(request, "accounts/my_data_read.html", {"sections": as_tables(collect(user))})
    response.headers["Cache-Control"] = "private, no-store"
    return response


# POST, though it only downloads: it writes to the audit log (promise 14)
@require_POST
@login_required
def download(request: HttpRequest) -> HttpResponse:
    return archive_answer(request.user, request.user)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
def delete_me(request: PersonRequest) -> HttpResponse:
    """Ask for the password, explain what will happen, and schedule the deletion in two weeks."""
    user = request.user
    if request.method == "POST":
        ask_deletion(person=user, actor=user)
        messages.success(request, _("Your account will be deleted. Until then you can cancel it here."))
        return redirect("my_data")
    return render(request, "accounts/delete_me.html", {"days": DAYS_TO_CANCEL})


@require_POST
@login_required
def keep_me(request: PersonRequest) -> HttpResponse:
    user = request.user
    cancel_deletion(person=user, actor=user)
    messages.success(request, _("Your account stays."))
    return redirect("my_data")


class TokenForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("thing", "Name"),
        max_length=80,
        help_text=gettext_lazy("What it is for, such as “my calendar”."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"), choices=scope_choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Good for"),
        coerce=int,
        choices=[
            (30, gettext_lazy("30 days")),
            (90, gettext_lazy("90 days")),
            (365, gettext_lazy("a year")),
        ],
        initial=90,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
def tokens(request: PersonRequest) -> HttpResponse:
    """Create personal API tokens, show each key once, and revoke them."""
    user = request.user
    form = TokenForm(request.POST or None)
    made = ""
    if request.method == "POST" and form.is_valid():
        if PersonalToken.objects.filter(user=user).count() >= MOST_TOKENS:
            form.add_error(None, _("You have many tokens already: revoke one first."))
        else:
            facts = form.cleaned_data
            # no redirect after this POST: the next page could show the key only if it were stored
            made = create_token(user=user, name=facts["name"], scopes=facts["scopes"], days=facts["days"])
            form = TokenForm()
    context = {
        "form": form,
        "made": made,
        "tokens": PersonalToken.objects.filter(user=user),
        "labels": dict(scope_choices()),
    }
    response = render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(PersonalToken, pk=pk, user=request.user)
    revoke_token(token=token, actor=token.user)
    messages.success(request, _("The token is revoked; it opens nothing any more."))
    return redirect("tokens")
