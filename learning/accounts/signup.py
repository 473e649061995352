"""The sign-up form, in its own file because allauth's form imports `forms` for its base class."""

from typing import Any

from allauth.account.forms import SignupForm
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from learning.accounts.adapter import SIGNED_UP

MOST_CHARACTERS = 500  # of an address to return to


class ConstantTimeSignupForm(SignupForm):
    """Takes as long for an address with an account as for a new one (promise 9): both hash the password."""

    def try_save(self, request: HttpRequest) -> Any:
        wanted = request.POST.get("next") or request.GET.get("next") or ""
        request.session[SIGNED_UP] = {"email": self.cleaned_data["email"].lower(), "next": wanted[:MOST_CHARACTERS]}
        if self.account_already_exists:
            make_password(self.cleaned_data.get("password1") or "")
        return super().try_save(request)
