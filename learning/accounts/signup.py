"""The form of signing up. It has a file of its own, since allauth's imports `forms` for its base."""

from typing import Any

from allauth.account.forms import SignupForm
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest


class EvenSignupForm(SignupForm):
    """Takes as long for an address that has an account as for a new one (promise 9): hashing is what takes long."""

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data.get("password1") or "")
        return super().try_save(request)
