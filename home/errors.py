"""Error pages in the site's design. The page for errors 500 must not fail: it does not use the database."""

import sys
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader
from django.utils.translation import gettext as _


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        from home.api import problem

        return problem(request, 404, "not_found", _("There is no such thing here."))
    return render(request, "404.html", status=404)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    return render(request, "403.html", status=403)


def bad_request(request: HttpRequest, exception: Any = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        from home.api import problem

        return problem(request, 400, "bad_request", "This request could not be understood.")
    return HttpResponse(loader.get_template("500.html").render({"code": 400}), status=400)


def _is_database_error(error: BaseException | None) -> bool:
    """Whether this error, or one that led to it, says that the database could not be reached."""
    # templates and frameworks wrap errors: the one of the database may be several causes away
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            return True
        error = error.__cause__ or error.__context__
    return False


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 for a programming error, or 503 while the database cannot be reached (promise 34)."""
    code = 503 if _is_database_error(sys.exc_info()[1]) else 500
    if code == 503 and request.path.startswith("/api/"):
        from home.api import problem

        response = problem(request, 503, "unavailable", "The school cannot be reached just now. Try again.")
    else:
        # rendered without the request: no context processor runs, so none asks the database
        response = HttpResponse(loader.get_template("500.html").render({"code": code}), status=code)
    if code == 503:
        response.headers["Retry-After"] = "2"
    return response
