"""Bringing along what one has learned in Anki."""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from learning.accounts.models import User
from learning.accounts.requests import PersonRequest
from learning.vocabulary.models import AnkiHistory, Language
from learning.vocabulary.reviews.histories import SHOWN
from learning.vocabulary.tasks import read_anki_history
from learning.vocabulary.web.words_views import UNPROCESSABLE

LARGEST = 100 * 1024 * 1024  # bytes of a package


class PackageForm(forms.Form):
    language = forms.ModelChoiceField(Language.objects.all(), label=gettext_lazy("Language that you learn"))
    file = forms.FileField(
        label=gettext_lazy("Package (.apkg)"),
        help_text=gettext_lazy(
            "In Anki: File, Export, with scheduling information, and “Support older Anki versions” switched on."
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if not file.name.lower().endswith(".apkg"):
            raise forms.ValidationError(_("This is no package of Anki."))
        if file.size > LARGEST:
            raise forms.ValidationError(_("The file is larger than %(n)d MB.") % {"n": LARGEST >> 20})
        return file


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def anki_history(request: PersonRequest) -> HttpResponse:
    """Upload a package; the reports of the last ones. One package at a time is read."""
    form = PackageForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        if not _begin(request.user, form.cleaned_data):
            form.add_error(None, _("Another package of yours is being read. Wait for its report."))
        else:
            return redirect("words_anki")
    rows = AnkiHistory.objects.filter(owner=request.user).select_related("language")[:SHOWN]
    context = {"form": form, "rows": rows, "waits": any(row.state == AnkiHistory.State.WAITING for row in rows)}
    return render(request, "vocabulary/anki.html", context, status=UNPROCESSABLE if form.errors else 200)


@transaction.atomic
def _begin(owner: User, data: dict[str, Any]) -> bool:
    User.objects.select_for_update().get(pk=owner.pk)
    if AnkiHistory.objects.filter(owner=owner, state=AnkiHistory.State.WAITING).exists():
        return False
    row = AnkiHistory.objects.create(
        owner=owner, language=data["language"], filename=data["file"].name[-200:], file=data["file"]
    )
    read_anki_history.enqueue(row.pk)
    return True
