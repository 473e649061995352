"""Importing dictionaries in the CMS: upload, match columns, look at the dry run, carry it out, undo it."""

from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin.menu import MenuItem

from learning.accounts.requests import PersonRequest
from learning.base.menu import ScreenMenuItem
from learning.base.screens import header
from learning.vocabulary.access import WRITE
from learning.vocabulary.errors import VocabularyError
from learning.vocabulary.imports import anki, running, tables
from learning.vocabulary.imports.columns import COLUMNS, guess_columns
from learning.vocabulary.models import DictionaryImport, Language, Source
from learning.vocabulary.tasks import check_dictionary, import_dictionary, undo_dictionary

LARGEST = 200 * 1024 * 1024  # bytes of an upload; larger files come by the command line
RUNS_SHOWN = 30
SAMPLE_ROWS = 3
Format, Step = DictionaryImport.Format, DictionaryImport.State
ENDINGS = {".jsonl": Format.KAIKKI, ".gz": Format.KAIKKI, ".csv": Format.TABLE, ".xlsx": Format.TABLE,
           ".apkg": Format.ANKI, ".dz": Format.FREEDICT, ".dict": Format.FREEDICT}  # fmt: skip
WITH_COLUMNS = {Format.TABLE, Format.ANKI}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("CSV, XLSX, Anki (.apkg), Wiktionary (.jsonl of kaikki.org), FreeDict (.dict.dz)."),
    )
    index = forms.FileField(
        label=gettext_lazy("Index"), required=False, help_text=gettext_lazy("Only for FreeDict: its .index file.")
    )
    language = forms.ModelChoiceField(Language.objects.all(), label=gettext_lazy("Language of the words"))
    into = forms.ModelChoiceField(Language.objects.all(), label=gettext_lazy("Language of the translations"))
    source = forms.CharField(
        label=pgettext_lazy("dictionary", "Source"),
        max_length=200,
        help_text=gettext_lazy("The name of the dictionary, shown with each word."),
    )
    licence = forms.CharField(label=gettext_lazy("Licence"), max_length=200, required=False)
    address = forms.URLField(label=gettext_lazy("Address"), max_length=300, required=False, assume_scheme="https")
    approves = forms.BooleanField(
        label=gettext_lazy("Show the words at once"),
        required=False,
        help_text=gettext_lazy("Otherwise they are drafts until somebody approves them."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        file, index = data.get("file"), data.get("index")
        if file:
            data["format"] = ENDINGS.get(Path(file.name).suffix.lower())
            if data["format"] is None:
                self.add_error("file", _("This is none of these kinds of files."))
            if max(file.size, index.size if index else 0) > LARGEST:
                self.add_error("file", _("The file is larger than %(n)d MB.") % {"n": LARGEST >> 20})
            if data["format"] == Format.FREEDICT and not index:
                self.add_error("index", _("A dictionary of FreeDict needs its index."))
        if data.get("language") and data.get("language") == data.get("into"):
            self.add_error("into", _("Choose another language than that of the words."))
        return data


class ColumnsForm(forms.Form):
    """Which column holds what."""

    def __init__(self, *args: Any, headings: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("no column")), *((str(n), heading or f"{n + 1}") for n, heading in enumerate(headings))]
        for what, (label, _words) in COLUMNS.items():
            required = what in {"lemma", "translation"}
            self.fields[what] = forms.ChoiceField(label=label, choices=choices, required=required)

    def columns(self) -> dict[str, int]:
        return {what: int(place) for what, place in self.cleaned_data.items() if place}


def _may_import(user: Any) -> bool:
    return bool(user.has_perm(WRITE) and user.has_perm("vocabulary.add_lexeme"))


def _run(request: HttpRequest, pk: int) -> DictionaryImport:
    if not _may_import(request.user):
        raise PermissionDenied
    return get_object_or_404(DictionaryImport.objects.select_related("source", "language", "into", "owner"), pk=pk)


def _header(run: DictionaryImport) -> dict[str, Any]:
    return header(run.filename or str(run.source), icon="upload", below=("dictionary_import", _("Import words")))


def upload(request: PersonRequest) -> HttpResponse:
    if not _may_import(request.user):
        raise PermissionDenied
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        facts = {"licence": data["licence"], "address": data["address"]}
        source, _is_new = Source.objects.get_or_create(name=data["source"], defaults=facts)
        run = DictionaryImport.objects.create(
            source=source,
            language=data["language"],
            into=data["into"],
            format=data["format"],
            filename=data["file"].name[-200:],
            file=data["file"],
            index=data["index"] if data["format"] == Format.FREEDICT else "",
            approves=data["approves"],
            owner=request.user,
            state=Step.UPLOADED,
        )
        return redirect("dictionary_import_columns" if run.format in WITH_COLUMNS else "dictionary_import_run", run.pk)
    runs = DictionaryImport.objects.select_related("source", "language", "into", "owner")[:RUNS_SHOWN]
    context = {**header(_("Import words"), icon="upload"), "form": form, "runs": runs}
    return render(request, "vocabulary/cms/upload.html", context, status=422 if form.errors else 200)


def _sample(run: DictionaryImport) -> list[list[str]]:
    """The headings of a table or the fields of notes, and the first rows. Raises VocabularyError."""
    path_of = Path(run.file.path)
    if run.format == Format.TABLE:
        return tables.first_rows(path_of, run.filename, SAMPLE_ROWS)
    with anki.opened(path_of, seconds=anki.PEEK) as package:
        return [package.fields(), *package.sample(SAMPLE_ROWS)]


def columns(request: HttpRequest, pk: int) -> HttpResponse:
    run = _run(request, pk)
    if run.state not in {Step.UPLOADED, Step.CHECKED} or run.format not in WITH_COLUMNS or not run.file:
        return redirect("dictionary_import_run", pk)
    try:
        headings, *sample = _sample(run) or [[]]
    except (VocabularyError, OSError) as error:
        messages.error(request, str(error) if isinstance(error, VocabularyError) else _("The file cannot be read."))
        return redirect("dictionary_import_run", pk)
    guessed = run.columns or guess_columns(headings)
    initial = {what: str(place) for what, place in guessed.items()}
    form = ColumnsForm(request.POST or None, headings=headings, initial=initial)
    if request.method == "POST" and form.is_valid():
        DictionaryImport.objects.filter(pk=pk).update(columns=form.columns())
        running.begin(run_id=pk, step=Step.CHECKING, job=check_dictionary)
        return redirect("dictionary_import_run", pk)
    context = {**_header(run), "run": run, "form": form, "headings": headings, "sample": sample}
    return render(request, "components/cms_columns.html", context, status=422 if form.errors else 200)


def show(request: HttpRequest, pk: int) -> HttpResponse:
    """How far an import is, and what became of its entries; it goes on when the page is closed."""
    run = _run(request, pk)
    undoes = run.state in running.AFTER[Step.UNDOING] and run.lexemes.exists()
    return render(request, "vocabulary/cms/run.html", {**_header(run), "run": run, "undoes": undoes})


@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    """Check an import, carry out what the check has shown, or undo it."""
    run = _run(request, pk)
    steps = {
        "check": (Step.CHECKING, check_dictionary),
        "start": (Step.RUNNING, import_dictionary),
        "undo": (Step.UNDOING, undo_dictionary),
    }
    for name, (wanted, job) in steps.items():
        if name in request.POST and (run.file or name == "undo"):
            running.begin(run_id=pk, step=wanted, job=job)
            break
    return redirect("dictionary_import_run", pk)


addresses = [
    path("vocabulary/import/", upload, name="dictionary_import"),
    path("vocabulary/import/<int:pk>/", show, name="dictionary_import_run"),
    path("vocabulary/import/<int:pk>/columns/", columns, name="dictionary_import_columns"),
    path("vocabulary/import/<int:pk>/step/", step, name="dictionary_import_step"),
]


def menu_item() -> MenuItem:
    return ScreenMenuItem(
        gettext_lazy("Import words"),
        reverse_lazy("dictionary_import"),
        shown_to=_may_import,
        name="import-words",
        icon_name="upload",
        order=62,
    )
