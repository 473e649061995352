"""Importing people in the CMS: upload, match columns, look at the dry run, do it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.menu import MenuItem

from learning.accounts.requests import PersonRequest
from learning.base.menu import ScreenMenuItem
from learning.base.screens import header
from learning.base.sheet_rows import PEEK, read_rows
from learning.courses.models import CoursePage
from learning.enrollment.rights import managed_courses
from learning.exchange.models import ImportRow, ImportRun
from learning.exchange.people.importing import give_up
from learning.exchange.people.rows import COLUMNS, guess_columns
from learning.exchange.tasks import apply_import, check_import
from learning.library.tables import check_table

ROWS_PER_PAGE = 50
RUNS_SHOWN = 30
SAMPLE_ROWS = 3
COURSES_OFFERED = 200


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV or XLSX file"),
        help_text=gettext_lazy(
            "With headings in the first row: e-mail, and if you like name, course, study group, reason."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )
    course = forms.ModelChoiceField(
        CoursePage.objects.none(),
        label=gettext_lazy("Course"),
        required=False,
        help_text=gettext_lazy("For rows that name none."),
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["course"].queryset = managed_courses(user).order_by("title")  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        check_table(upload.file, upload.name, upload.size)
        # two rows and two seconds: a request must not read the whole table, which may be made to take long (promise 18)
        rows = read_rows(upload.file, upload.name, seconds=PEEK)
        headings = next(rows, None)
        if headings is None or next(rows, None) is None:
            raise ValidationError(_("The table is empty: it needs a row of headings and one more."))
        self.headings = headings
        return upload


class ColumnsForm(forms.Form):
    """Which column holds what."""

    def __init__(self, *args: Any, headings: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("no column")), *((str(n), heading or f"{n + 1}") for n, heading in enumerate(headings))]
        for what, (label, _words) in COLUMNS.items():
            self.fields[what] = forms.ChoiceField(label=label, choices=choices, required=what == "email")

    def columns(self) -> dict[str, int]:
        return {what: int(place) for what, place in self.cleaned_data.items() if place}


def _header(run: ImportRun) -> dict[str, Any]:
    return header(run.filename, icon="upload", below=("import_people", _("Import people")))


def _may_import(user: Any) -> bool:
    return user.has_perm("enrollment.add_enrollment")


def _own_run(request: HttpRequest, pk: int) -> ImportRun:
    """Return an import of this user; others get 404, as an import shows and does what its owner may."""
    if not _may_import(request.user):
        raise PermissionDenied
    return get_object_or_404(ImportRun.objects.select_related("course"), pk=pk, owner=request.user)


def upload(request: PersonRequest) -> HttpResponse:
    if not _may_import(request.user):
        raise PermissionDenied
    user = request.user
    form = UploadForm(
        request.POST or None, request.FILES or None, user=user, initial={"course": request.GET.get("course")}
    )
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        # `clean_file` has read from it
        file.file.seek(0)
        run = ImportRun.objects.create(
            owner=user,
            course=form.cleaned_data["course"],
            # the end of the name is kept: its extension says how the file is read
            filename=file.name[-200:],
            file=file,
            columns=guess_columns(form.headings),
        )
        return redirect("import_columns", run.pk)
    runs = ImportRun.objects.filter(owner=user).select_related("course")[:RUNS_SHOWN]
    context = {**header(_("Import people"), icon="upload"), "form": form, "runs": runs}
    return render(request, "exchange/cms/upload.html", context, status=422 if form.errors else 200)


def columns(request: HttpRequest, pk: int) -> HttpResponse:
    run = _own_run(request, pk)
    if run.state not in (ImportRun.State.UPLOADED, ImportRun.State.CHECKED):
        return redirect("import_run", run.pk)
    try:
        with run.file.open("rb") as file:
            sample = [
                row
                for row, _n in zip(read_rows(file, run.filename, seconds=PEEK), range(SAMPLE_ROWS + 1), strict=False)
            ]
    except ValidationError as error:
        give_up(run, error)
        return redirect("import_run", run.pk)
    initial = {what: str(place) for what, place in run.columns.items()}
    form = ColumnsForm(request.POST or None, headings=sample[0], initial=initial)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            # read again under the lock: of two clicks at once only one starts the job
            run = ImportRun.objects.select_for_update().get(pk=run.pk)
            if not run.is_running:
                run.columns, run.state, run.position = form.columns(), ImportRun.State.CHECKING, 0
                run.save(update_fields=["columns", "state", "position"])
                check_import.enqueue(run.pk)
        return redirect("import_run", run.pk)
    context = {**_header(run), "run": run, "form": form, "headings": sample[0], "sample": sample[1:]}
    return render(request, "components/cms_columns.html", context, status=422 if form.errors else 200)


def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far an import is and the result of every row; it goes on when the page is closed."""
    run = _own_run(request, pk)
    if run.state == ImportRun.State.UPLOADED:
        return redirect("import_columns", run.pk)
    counts = dict(run.rows.order_by().values_list("outcome").annotate(n=Count("pk")))
    asked = request.GET.get("outcome", "")
    rows = run.rows.filter(outcome=asked) if asked in ImportRow.Outcome.values else run.rows.all()
    page = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **_header(run),
        "run": run,
        "page_obj": page,
        "asked": asked,
        "counts": [(outcome.value, outcome.label, counts.get(outcome.value, 0)) for outcome in ImportRow.Outcome],
        "todo": sum(counts.get(outcome, 0) for outcome in (ImportRow.Outcome.CREATE, ImportRow.Outcome.CHANGE)),
    }
    return render(request, "exchange/cms/run.html", context)


def start(request: HttpRequest, pk: int) -> HttpResponse:
    """Carry out what the dry run has shown."""
    # a GET changes nothing (promise 14)
    if request.method != "POST":
        raise Http404
    run = _own_run(request, pk)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        if run.state == ImportRun.State.CHECKED:
            run.state, run.position = ImportRun.State.APPLYING, 0
            run.save(update_fields=["state", "position"])
            apply_import.enqueue(run.pk)
        elif not run.is_running:
            messages.error(request, _("This table has been carried out already."))
    return redirect("import_run", run.pk)


addresses = [
    path("import/", upload, name="import_people"),
    path("import/<int:pk>/columns/", columns, name="import_columns"),
    path("import/<int:pk>/", show, name="import_run"),
    path("import/<int:pk>/start/", start, name="import_start"),
]


def menu_item() -> MenuItem:
    return ScreenMenuItem(
        gettext_lazy("Import people"),
        reverse_lazy("import_people"),
        shown_to=_may_import,
        name="import-people",
        icon_name="upload",
        order=30,
    )
