"""The type of a request whose sender is known."""

from django.http import HttpRequest

from learning.accounts.models import User


class PersonRequest(HttpRequest):
    """A request of someone who is logged in: behind `login_required`, in the CMS, in the API behind `signed_in`."""

    user: User
