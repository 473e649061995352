"""Profile, preferences, and the pictures of people and of the school."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from learning.accounts.adapter import SIGNED_UP
from learning.accounts.forms import ProfileForm
from learning.accounts.models import School, Theme, User
from learning.accounts.signals import time_zone_changed

YEAR = 365 * 24 * 3600  # seconds


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE, httponly=True)


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    person: Any = request.user
    form = ProfileForm(request.POST or None, request.FILES or None, instance=person)
    zone_before = person.time_zone
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile is saved."))
        asked = None
        if person.time_zone != zone_before:
            answers = time_zone_changed.send(sender=User, person=person, before=zone_before)
            asked = next((address for _receiver, address in answers if address), None)
        response = redirect(asked or "profile")
        _remember(response, "theme", person.theme)
        if person.language:
            _remember(response, settings.LANGUAGE_COOKIE_NAME, person.language)
        return response
    if form.errors:
        # the header shows the person as they are, not as the refused form would have them
        request.user = User.objects.get(pk=person.pk)
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@login_required
def avatar(request: HttpRequest, pk: int) -> FileResponse:
    """The picture of a person, for people who are signed in."""
    person = get_object_or_404(User.objects.filter(is_active=True).exclude(avatar=""), pk=pk)
    try:
        response = FileResponse(person.avatar.open("rb"), content_type="image/webp")
    except FileNotFoundError as error:
        raise Http404 from error
    response.headers["Cache-Control"] = "private, max-age=300"
    return response


@require_POST
def send_confirmation_again(request: HttpRequest) -> HttpResponse:
    """The button on the page after signing up. It answers the same whether or not there is such an account."""
    email = request.session.get(SIGNED_UP, {}).get("email", "")
    if not email:
        return redirect("account_signup")
    # before the address is looked up: a limit for known addresses alone would tell them apart (promise 9)
    allowed = ratelimit.consume(request, action="resend", key=email)
    # not the new address of a person who has a confirmed one: they confirm it from their own page
    confirmed = EmailAddress.objects.filter(verified=True).values("user_id")
    unconfirmed = EmailAddress.objects.filter(email__iexact=email, verified=False).exclude(user_id__in=confirmed)
    address = unconfirmed.first() if allowed else None
    if address is not None:
        address.send_confirmation(request, signup=True)
    if allowed:
        messages.success(request, _("The mail is on its way again. Look into the spam folder too."))
    else:
        messages.warning(request, _("It was sent a moment ago. Wait a minute before you ask again."))
    return redirect("account_email_verification_sent")


@require_safe
def school_mark(request: HttpRequest) -> FileResponse:
    """The mark of the school, for everyone."""
    row = School.objects.exclude(mark="").first()
    if row is None:
        raise Http404
    try:
        response = FileResponse(row.mark.open("rb"), content_type="image/webp")
    except FileNotFoundError as error:
        raise Http404 from error
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _back(request: HttpRequest) -> str:
    """The page to return to after a preference: the `next` field, else the referring page, only within this host."""
    for candidate in (request.POST.get("next", ""), request.headers.get("referer", "")):
        if candidate and url_has_allowed_host_and_scheme(candidate, {request.get_host()}, request.is_secure()):
            parts = urlsplit(candidate)
            # a path of two slashes would be the address of another host
            path = "/" + parts.path.lstrip("/\\")
            return parts._replace(scheme="", netloc="", path=path).geturl()
    return "/"


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language of the interface, in the account when there is one."""
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return HttpResponse(_("There is no such language here."), status=400)
    if request.user.is_authenticated:
        request.user.language = language
        request.user.save(update_fields=["language"])
    response = redirect(_back(request))
    _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
    return response


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Store the theme in the account and in a cookie, so that the server sends every page with the right theme."""
    theme = request.POST.get("theme", "")
    if theme not in Theme.values:
        return HttpResponse(_("There is no such theme."), status=400)
    if request.user.is_authenticated:
        request.user.theme = theme
        request.user.save(update_fields=["theme"])
    response = redirect(_back(request))
    _remember(response, "theme", theme)
    return response
