"""Answers 400 or 404 to input that cannot be parsed, instead of a server error.

Our own views check their parameters. Django's and Wagtail's sometimes do not: they call int() on the value of `?id=abc`
or expect a field that a form always sends. Refusals are logged with their traceback as `parta.input`.
"""

import codecs
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, FieldError, ObjectDoesNotExist, ValidationError
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import NoReverseMatch
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.http import parse_header_parameters

log = logging.getLogger("parta.input")

_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}
# Errors that reading a single value can raise.
_OF_VALUES = (
    *(ValueError, OverflowError, DataError, FieldError, ValidationError, NoReverseMatch, LookupError),
    *(RecursionError, IncorrectLookupParameters, ObjectDoesNotExist),
)
# In the functions below, where the frameworks read a whole form, these errors come from what was sent too.
_OF_FORMS = (*_OF_VALUES, AttributeError, TypeError)
_READERS = {
    ("django/forms/forms.py", "full_clean"),
    ("django/forms/formsets.py", "full_clean"),
    ("django/forms/models.py", "_post_clean"),
    ("django/http/request.py", "_load_post_and_files"),
    ("django/http/request.py", "GET"),
    ("wagtail/blocks/stream_block.py", "value_from_datadict"),
    ("wagtail/admin/views/chooser.py", "parse_email_link"),
}


def _is_ours(file: str) -> bool:
    # the virtual environment is inside BASE_DIR
    return file.startswith(f"{settings.BASE_DIR}/") and "site-packages" not in file


def _is_text_encoding(name: str) -> bool:
    try:
        return bool(codecs.lookup(name)._is_text_encoding)
    except LookupError:
        return False


class _ReadableCharset:
    """Ignores a declared charset that is not one of text: with `zlib`, Django fails before any middleware runs."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        _kind, parameters = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        if "charset" in parameters and not _is_text_encoding(parameters["charset"]):
            meta["CONTENT_TYPE"] = "application/octet-stream"
        super()._set_content_type_params(meta)  # type: ignore[misc]


class ReadableWSGIRequest(_ReadableCharset, WSGIRequest):
    pass


class ReadableASGIRequest(_ReadableCharset, ASGIRequest):
    pass


def _words(request: HttpRequest) -> Iterator[str]:
    """Every key and value that came with the query and the form of a request."""
    for data in (request.GET, request.POST):
        for key, values in data.lists():
            yield key
            yield from values


def _quotes(sentence: str, word: str) -> bool:
    """Return whether an error quotes this word of the request; an empty one only where a number was expected."""
    return repr(word) in sentence if word else sentence.endswith(("got ''.", "got ''", "base 10: ''"))


def _is_beyond_any_key(word: str) -> bool:
    """Whether this is a whole number larger than a database can hold."""
    return len(word) >= 19 and word.lstrip("-").isdecimal()


def _is_about_input(request: HttpRequest, error: BaseException) -> bool:
    """Return whether an error comes from input that cannot be read, and not from a mistake in our code."""
    frames = [frame for frame, _line in traceback.walk_tb(error.__traceback__)]
    # Django's frames say nothing of who is to blame: the last frame outside it called with the bad value
    outside_django = [frame for frame in frames if "site-packages/django/" not in frame.f_code.co_filename]
    if outside_django and _is_ours(outside_django[-1].f_code.co_filename):
        return False  # an error in our own code is our mistake, and stays a 500
    in_reader = any(
        frame.f_code.co_name == name and frame.f_code.co_filename.endswith(file)
        for frame in frames
        for file, name in _READERS
    )
    if in_reader and isinstance(error, _OF_FORMS):
        return True
    if isinstance(error, MultiValueDictKeyError):
        # the key is missing in what was sent, and not in another dict of this type
        asked = frames[-1].f_locals.get("self")
        return any(asked is sent for sent in (request.GET, request.POST, request.FILES))
    if isinstance(error, IncorrectLookupParameters):
        return True
    if isinstance(error, KeyError):  # a missing field: code of a form has asked for it
        asker = outside_django[-1].f_code if outside_django else None
        return request.method == "POST" and asker is not None and asker.co_filename.endswith("/forms.py")
    return isinstance(error, _OF_VALUES) and _names_input(request, error)


def _names_input(request: HttpRequest, error: BaseException) -> bool:
    """Whether an error quotes a word of the request; SQLite does not say which number was too large."""
    named = [*_words(request), *map(str, request.resolver_match.kwargs.values() if request.resolver_match else ())]
    if isinstance(error, OverflowError) and any(map(_is_beyond_any_key, named)):
        return True
    return any(_quotes(str(error), word) for word in named)


class InputMiddleware:
    """Refuses NUL characters before anything reads them, and turns errors about input into 400 or 404."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        parts = (request.path, *request.COOKIES.values())
        if any("\x00" in part for part in parts) or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("NUL")
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> None:
        if request.content_type not in _FORMS or request.path.startswith("/api/"):
            return  # the API reads its body itself
        try:
            has_nul = any("\x00" in word for word in _words(request))
        except (LookupError, OSError) as error:  # a charset that does not exist, or an upload that ended early
            raise BadRequest("body") from error
        if has_nul:
            raise BadRequest("NUL")

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        if isinstance(error, Http404 | BadRequest) or not _is_about_input(request, error):
            return
        log.warning("Input refused at %s", request.path, exc_info=error)
        in_address = map(str, request.resolver_match.kwargs.values() if request.resolver_match else ())
        # 404 where the address itself names nothing, 400 where a value in it cannot be read
        if isinstance(error, ObjectDoesNotExist) or any(_quotes(str(error), word) for word in in_address if word):
            raise Http404 from error
        raise BadRequest from error
