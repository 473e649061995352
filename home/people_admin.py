"""A person's account in the CMS: sessions, second factor, data, deletion."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _

from learning.accounts import deeds
from learning.accounts.actions import (
    ask_deletion,
    cancel_deletion,
    deletion_day,
    end_sessions,
    record,
    reset_mfa,
)
from learning.accounts.data_views import archive_answer
from learning.accounts.models import User
from learning.accounts.rights import may_manage_person
from learning.base.screens import header


def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what can be done with an account, and do it; the field `do` of the form says which."""
    staff: Any = request.user
    if not staff.has_perm("accounts.change_user"):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk, anonymised_at=None)
    # nobody manages an account that has more rights than their own (promise 7)
    if not may_manage_person(staff, person):
        raise PermissionDenied
    if request.method == "POST":
        answer = _do(request, staff, person)
        return answer or redirect("person_account", person.pk)
    context = {
        "person": person,
        "oneself": person.pk == staff.pk,
        "may_delete": staff.has_perm("accounts.delete_user"),
        "when": deletion_day(),
        **header(_("Sessions, data, deletion"), icon="lock", below=("wagtailusers_users:index", _("People"))),
    }
    return render(request, "home/cms/account.html", context)


def _do(request: HttpRequest, staff: Any, person: User) -> HttpResponse | None:
    verb = request.POST.get("do", "")
    if verb == "end_sessions":
        count = end_sessions(person=person)
        record(deeds.PERSON, actor=staff, person=person, facts={"did": "ended_sessions"})
        messages.success(request, _("Sessions ended: %(n)s.") % {"n": count})
    elif verb == "reset_mfa":
        reset_mfa(person=person, actor=staff)
        messages.success(request, _("The second factor is removed; they set it up again."))
    elif verb == "data":
        return archive_answer(person, staff)
    elif verb in ("delete", "keep"):
        if person.pk == staff.pk or not staff.has_perm("accounts.delete_user"):
            raise PermissionDenied
        if verb == "delete":
            ask_deletion(person=person, actor=staff)
            words = _(
                "The account of %(person)s is closed. On %(when)s it is deleted; until then that can be cancelled."
            )
            messages.success(request, words % {"person": person, "when": deletion_day()})
        else:
            cancel_deletion(person=person, actor=staff)
            messages.success(request, _("The account is open again and stays."))
    return None


addresses = [path("people/<int:pk>/account/", account, name="person_account")]
