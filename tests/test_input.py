"""No input gives a server error (promise 32): the least inputs that once did, and a seeded share of random ones."""

import os
import random
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.test import Client

from tests import school
from tests.parts import ONCE
from tests.test_walk import walk  # noqa: F401  (a fixture)
from tests.walk import addresses

FORM = "application/x-www-form-urlencoded"
ZLIB = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
BLOCK = b"title=a&slug=ab&minutes=10&completes=student&body-count=1&body-0-deleted=&body-0-type=text&body-0-order=0"
VALUES = ["", "abc", "-1", "0", "9" * 23, "1.5", "٣", "²", "x" * 10_000, "[", "all", "%00", "\ud800", "Infinity", "/"]
OTHERS = ("visitor", "enrolled", "teacher")
KEYS = [
    "id",
    "p",
    "page",
    "q",
    "ordering",
    "next",
    "tag",
    "course",
    "status",
    "childOf",
    "ids",
    "e",
    "link_url",
    "mode",
]
ROUNDS = int(os.environ.get("PARTA_FUZZ", "2"))  # for each person and address


def asks(pk: int, room: int) -> list[tuple[str, str, bytes, str, dict[str, str]]]:
    page = f"/cms/pages/{pk}"
    return [
        ("GET", "/", b"", "", {"Cookie": 'sessionid="\\000aaaaaaaaaaaa"'}),
        ("GET", "/%00/", b"", "", {}),
        ("GET", "/search/?q=%00", b"", "", {}),
        ("GET", "/api/v1/courses?subject=%00", b"", "", {}),
        ("POST", "/accounts/login/", ZLIB, "multipart/form-data; boundary=x; charset=zlib", {}),
        ("POST", "/accounts/login/", b"login=%00&password=x", FORM, {}),
        ("POST", f"/api/v1/chat/rooms/{room}/files", ZLIB, "multipart/form-data; boundary=x; charset=zlib", {}),
        ("POST", "/cms/choose-external-link/", b"", FORM, {}),
        ("POST", "/cms/teachers/create/", b"", FORM, {}),
        ("POST", "/cms/snippets/choose/courses/subject/create/", b"", FORM, {}),
        ("POST", "/cms/redirects/import/process/", b"", FORM, {}),
        ("POST", f"{page}/copy/", b"", FORM, {}),
        ("POST", f"{page}/copy/", b"new_parent_page=x", FORM, {}),
        ("POST", f"{page}/edit/", b"", FORM, {}),
        ("POST", f"{page}/edit/", b"body-count=on", FORM, {}),
        ("POST", f"{page}/edit/", b"body-count=2147483648&body-0-deleted=1", FORM, {}),
        ("POST", f"{page}/edit/", BLOCK + b"&body-0-value=x", FORM, {}),
        ("POST", f"{page}/edit/", BLOCK + b"&body-0-value=[]", FORM, {}),
        ("POST", f"{page}/edit/", BLOCK.replace(b"order=0", b"order=,"), FORM, {}),
        ("POST", f"{page}/unpublish/", b"next=Infinity", FORM, {}),
        ("GET", "/cms/api/main/pages/find/?id=x", b"", "", {}),
        ("GET", "/cms/enrollment/studygroup/?next=x", b"", "", {}),
        ("GET", "/cms/enrollment/studygroup/edit/%C2%B2/", b"", "", {}),
        ("GET", "/cms/choose-phone-link/?parent_page_id=-1", b"", "", {}),
        ("GET", "/cms/choose-email-link/?link_url=http://[", b"", "", {}),
        ("GET", "/cms/workflows/edit/1/?p=abc", b"", "", {}),
        ("GET", "/cms/images/chooser/chosen-multiple/?id=abc", b"", "", {}),
        ("GET", "/cms/images/chooser/chosen-multiple/?id=", b"", "", {}),
        ("GET", f"/cms/images/chooser/chosen-multiple/?id={'9' * 23}", b"", "", {}),
        ("GET", "/cms/documents/video/chosen-multiple/?id=abc", b"", "", {}),
        ("GET", "/cms/images/chooser/results/?q=a&tag=x", b"", "", {}),
        ("GET", "/cms/failwhale/", b"", "", {}),
        ("POST", "/cms/enrollment/enrollment/new/", b"course=a.b", FORM, {}),
        ("POST", "/cms/enrollment/invitation/create/", b"course=-", FORM, {}),
        ("POST", "/cms/bulk/wagtailcore/page/delete/?id=abc", b"", FORM, {}),
        ("GET", "/cms/bulk/wagtailcore/page/delete/?id=abc&childOf=x", b"", "", {}),
        ("GET", "/cms/bulk/library/picture/delete/?id=abc", b"", "", {}),
    ]


def test_input_that_nothing_can_read_is_refused(walk: Any, visit: Any) -> None:  # noqa: F811
    client = visit(walk.admin)
    client.raise_request_exception = False
    kept = client.cookies.output(header="")
    for method, address, body, kind, headers in asks(walk.secret.pk, walk.room.pk):
        client.cookies.load(kept)
        with transaction.atomic():
            answer = client.generic(method, address, body, content_type=kind or FORM, headers=headers)
            transaction.set_rollback(True)
        assert answer.status_code < 500, (method, address, body[:60])
        assert "Content-Security-Policy" in answer.headers


def test_a_charset_that_is_none_of_text_is_refused_before_django_reads() -> None:
    from config.wsgi import application

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/search/", "QUERY_STRING": "q=a", "wsgi.input": BytesIO()}
    assert issubclass(application.request_class, WSGIRequest)
    for charset, taken in (("zlib", False), ("nonsense", False), ("cp1251", True)):
        request = application.request_class({**environ, "CONTENT_TYPE": f"text/plain; charset={charset}"})
        assert request.GET["q"] == "a"
        assert (request.content_type == "text/plain") == taken


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/cms/images/add/", "file"),
        ("/cms/images/multiple/add/", "files[]"),
        ("/cms/images/chooser/create/", "image-chooser-upload-file"),
    ],
)
def test_a_damaged_picture_is_named_as_such(small: SimpleNamespace, visit: Any, address: str, field: str) -> None:
    noise = school.png(300, 300)
    for data in (noise[:-40], noise[:60], b"\x89PNG\r\n\x1a\n" + b"\x00" * 40):
        upload = SimpleUploadedFile("a.png", data, content_type="image/png")
        post = {field: upload, "title": "x", "image-chooser-upload-title": "x"}
        answer = visit(small.admin).post(address, post, headers={"X-Requested-With": "XMLHttpRequest"})
        assert answer.status_code < 500


@pytest.mark.parametrize("kind", ["images", "documents"])
def test_a_refused_upload_is_no_success(small: SimpleNamespace, visit: Any, kind: str) -> None:
    client = visit(small.admin)
    upload = SimpleUploadedFile("a.exe", b"MZ\x90" + b"\x00" * 40)
    answer = client.post(f"/cms/{kind}/add/", {"title": "x", "file": upload, "collection": "1"})
    assert answer.status_code == 422
    assert "error" in answer.content.decode().lower()
    stored = school.picture(of=small.course) if kind == "images" else school.stored(of=small.course)
    edit = f"/cms/{kind}/{stored.pk}/" if kind == "images" else f"/cms/documents/edit/{stored.pk}/"
    assert client.get(edit).status_code == 200
    assert client.post(edit, {"title": ""}).status_code == 422
    assert type(stored).objects.count() == 1


def test_a_mistake_of_ours_is_still_a_server_error(small: SimpleNamespace, visit: Any, monkeypatch: Any) -> None:
    from home import views

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ValueError("a bug that quotes 'abc'")

    monkeypatch.setattr(views, "search_school", broken)
    client = visit(small.admin)
    client.raise_request_exception = False
    assert client.get("/search/?q=abc").status_code == 500


# roles differ on no database; the administrator reaches the most addresses
@pytest.mark.slow
@pytest.mark.parametrize("who", [*(pytest.param(who, marks=ONCE) for who in OTHERS), "administrator"])
def test_random_requests_never_give_a_server_error(walk: Any, visit: Any, who: str) -> None:  # noqa: F811
    """Each address gets words of its own seed, so that a run asks the same as the one before."""
    client: Client = visit(walk.people[who])
    client.raise_request_exception = False
    by_name = {name: address for name, address in addresses(walk) if "logout" not in address}
    for name, plain in sorted(by_name.items()):
        chance = random.Random(f"parta-{who}-{name}")  # noqa: S311
        for _round in range(ROUNDS):
            address = plain
            if chance.random() < 0.3:
                parts = plain.split("/")
                address = "/".join(chance.choice(VALUES[:8]) if part.isdigit() else part for part in parts)
            words = {chance.choice(KEYS): chance.choice(VALUES) for _ in range(chance.randint(0, 3))}
            words = {k: v.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for k, v in words.items()}
            with transaction.atomic():
                answer = client.post(address, words) if chance.random() < 0.3 else client.get(address, words)
                transaction.set_rollback(True)
            assert answer.status_code < 500, (who, name, address, words)


def test_the_api_refuses_in_its_own_form(visit: Any, db: None) -> None:
    answer = visit().get("/api/v1/courses?subject=%00")
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


@pytest.mark.parametrize(
    "referrer",
    ["http://[", "http://testserver/cms/pages/" + "9" * 5000 + "/edit/", "\x00"],
    ids=["broken", "long", "nul"],
)
def test_no_referrer_breaks_the_choosers(small: SimpleNamespace, visit: Any, referrer: str) -> None:
    """The choosers read from it which page is edited."""
    client = visit(small.teacher)
    for address in ("/cms/images/", "/cms/documents/"):
        assert client.get(address, headers={"referer": referrer}).status_code == 200
