"""The whole API: `/api/v1/`, with its description at `/api/v1/docs`."""

import hashlib
from math import ceil
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import RawPostDataException
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from ninja import Field, NinjaAPI, Query, Router, Schema
from ninja.errors import AuthenticationError, HttpError, Throttled, ValidationError

from chat.web.api import chat
from home.search import search as search_school
from learning.accounts.api import anyone
from learning.base.api import PROBLEM, ApiError, Problem, put_rate_headers
from learning.enrollment.api import PUBLIC, READS, courses, learning, teaching
from learning.enrollment.scopes import READ
from learning.tutoring.web.api import tutoring
from learning.vocabulary.web.api import words

TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    422: "Not acceptable as it is",
    429: "Too many requests",
    503: "Not available just now",
}


class SchoolAPI(NinjaAPI):
    """Add what all answers have in common: entity tags, rate headers, errors as `application/problem+json`."""

    def create_response(self, request: HttpRequest, data: Any, **kwargs: Any) -> HttpResponse:
        response = super().create_response(request, data, **kwargs)
        put_rate_headers(request, response)
        response.headers["Cache-Control"] = "private, no-cache"
        # the answer of one address differs by person, token and language: a cache must not mix them
        response.headers["Vary"] = "Cookie, Authorization, Accept-Language"
        if request.method not in ("GET", "HEAD") or response.status_code != 200:
            return response
        # this saves only the transfer: the answer has to be computed before its tag is known
        tag = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'
        response.headers["ETag"] = tag
        answer: Any = get_conditional_response(request, etag=tag, response=response)
        return answer

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        schema = super().get_openapi_schema(**kwargs)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    # ninja describes every answer as application/json, but errors are sent as problem details
                    if int(status) >= 400 and "application/json" in answer.get("content", {}):
                        answer["content"] = {PROBLEM: answer["content"]["application/json"]}
                        answer["description"] = TITLES.get(int(status), "Problem")
                if "get" in operations and operation is operations["get"]:
                    operation["responses"][304] = {"description": "Not modified"}
        return schema


api = SchoolAPI(
    title="Parta",
    version="1",
    description=(
        "Courses, enrolments and progress. Sign in with the session of the site (changes need `X-CSRFToken`) or with "
        "a personal token from `/me/tokens/`, sent as `Authorization: Bearer …`. Lists are paged by `cursor`; answers "
        "bear `ETag` and `RateLimit-*`; errors are problem details (RFC 9457)."
    ),
    docs_url="/docs",
    openapi_url="/openapi.json",
)


def problem(request: HttpRequest, status: int, code: str, detail: str, errors: Any = ()) -> HttpResponse:
    """Return an error as problem details; also used for errors before a request reaches the API."""
    body = Problem(
        type="about:blank",
        title=TITLES.get(status, "Problem"),
        status=status,
        code=code,
        detail=detail,
        errors=list(errors),
    )
    response = api.create_response(request, body.dict(), status=status)
    response.headers["Content-Type"] = PROBLEM
    # replaces the header of create_response: no client may keep an error
    response.headers["Cache-Control"] = "no-store"
    return response


@api.exception_handler(ApiError)
def _api_error(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem(request, error.status, error.code, error.detail)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, ceil(error.retry_after)))
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: Any) -> HttpResponse:
    errors = [{"loc": [str(part) for part in e["loc"]], "msg": e["msg"], "type": e["type"]} for e in error.errors]
    return problem(request, 422, "invalid", _("Something in the request is not as it should be."), errors)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem(request, 401, "not_signed_in", _("Log in, or send a token."))
    response.headers["WWW-Authenticate"] = 'Bearer realm="Parta"'
    return response


@api.exception_handler(Throttled)
def _too_many(request: HttpRequest, error: Any) -> HttpResponse:
    response = problem(request, 429, "rate_limited", _("Too many requests. Wait a little."))
    _limit, _left, seconds = getattr(request, "rate", (0, 0, 60))
    response.headers["Retry-After"] = str(seconds)
    return response


@api.exception_handler(Http404)
def _nothing(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, 404, "not_found", _("There is no such thing here."))


@api.exception_handler(RawPostDataException)
def _form_instead_of_json(request: HttpRequest, error: Any) -> HttpResponse:
    """A form was sent where JSON is wanted: the check of the CSRF token has read its body already."""
    return problem(request, 415, "bad_request", _("Send JSON, not a form."))


@api.exception_handler(HttpError)
def _http_error(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(request, error.status_code, "bad_request", str(error))


school = Router(tags=["School"])


class HitOut(Schema):
    kind: str = Field(examples=["course"])
    title: str
    url: str
    note: str


class HitsOut(Schema):
    items: list[HitOut]


@school.get("/search", response={200: HitsOut, **PUBLIC}, auth=anyone(READ), throttle=[READS])
def search(request: HttpRequest, q: str = Query("", max_length=200)) -> Any:
    """Courses, and the lessons that you may read."""
    user: Any = request.user
    hits = search_school(user, q)
    return {"items": [HitOut(kind=hit.kind, title=hit.title, url=hit.url, note=hit.note) for hit in hits]}


for router in (courses, learning, teaching, chat, school, tutoring, words):
    api.add_router("", router)
