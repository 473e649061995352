"""What a teacher sets for all of their projects: kinds of lessons, and the time zone."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from learning.accounts.requests import PersonRequest
from learning.tutoring.access import teaches
from learning.tutoring.errors import TutoringError
from learning.tutoring.models import LessonKind
from learning.tutoring.projects.actions import change_project, projects_in_other_zone
from learning.tutoring.web.forms.projects import KindForm, ZoneForm
from learning.tutoring.web.shown import form_page

MOST_KINDS = 30  # of one teacher


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def kinds(request: PersonRequest) -> HttpResponse:
    """A teacher's own kinds of lessons, beside those for everyone: added, and deleted."""
    user = request.user
    if not teaches(user):
        raise Http404
    form = KindForm(request.POST or None, instance=LessonKind(owner=user))
    if request.method == "POST" and form.is_valid():
        if LessonKind.objects.filter(owner=user).count() < MOST_KINDS:
            form.save()
            messages.success(request, _("Saved."))
            return redirect("tutoring_kinds")
        form.add_error(None, _("You can have at most %(n)s kinds of your own.") % {"n": MOST_KINDS})
    return form_page(
        request,
        form,
        title=_("Kinds of lessons"),
        submit=_("Add"),
        back=reverse("tutoring_projects"),
        template="tutoring/kinds.html",
        rows=LessonKind.objects.filter(owner=None),
        own=LessonKind.objects.filter(owner=user),
    )


@require_POST
@login_required
def delete_kind(request: PersonRequest, kind_id: int) -> HttpResponse:
    """Delete a kind of one's own; projects of this kind are of one kind less."""
    get_object_or_404(LessonKind, pk=kind_id, owner=request.user).delete()
    messages.success(request, _("Deleted."))
    return redirect("tutoring_kinds")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def zone(request: PersonRequest) -> HttpResponse:
    """What happens to the lessons of one's projects when one's own time zone is another: asked after it was changed."""
    user = request.user
    if not teaches(user):
        raise Http404
    projects = list(projects_in_other_zone(user))
    if not projects:
        return redirect("tutoring_projects")
    form = ZoneForm(request.POST or None, projects=projects)
    if request.method == "POST" and form.is_valid():
        chosen = [project for project in projects if project.pk in form.cleaned_data["projects"]]
        changed = 0
        for project in chosen:
            project.time_zone = user.time_zone
            try:
                change_project(project=project, keep=form.cleaned_data["keep"])
                changed += 1
            except TutoringError as error:
                messages.error(request, f"{project.label or project}: {error}")
        if changed:
            said = ngettext("%(n)s project has your time zone now.", "%(n)s projects have your time zone now.", changed)
            messages.success(request, said % {"n": changed})
        return redirect("tutoring_projects")
    return form_page(
        request,
        form,
        title=_("Your projects and the time zone %(zone)s") % {"zone": user.time_zone},
        submit=_("Save"),
        back=reverse("tutoring_projects"),
    )
