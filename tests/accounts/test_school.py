"""Settings › School: its name, mark, sender, time zone and contact."""

from email.header import decode_header, make_header
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail import send_mail
from django.db import OperationalError, connection
from django.test import Client

from learning.accounts.models import School, User
from learning.accounts.school import _kept, clear_school_cache
from learning.accounts.school import school as facts
from tests import school

SCREEN = "/cms/settings/accounts/school/"


def save(client: Any, **changes: Any) -> Any:
    pk = School.load().pk
    data = {"name": "Lycée", "contact": "office@example.org", "sender": "", "time_zone": "Europe/Paris", **changes}
    return client.post(f"{SCREEN}{pk}/", data)


def test_an_administrator_names_the_school_everywhere(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    assert "Name of the school" in client.get(SCREEN, follow=True).content.decode()
    picture = SimpleUploadedFile("mark.png", school.png(80, 80), "image/png")
    assert save(client, mark=picture).status_code == 302
    page = visit().get(school.path_of(small.course)).content.decode()
    assert "<title>Botany · Lycée</title>" in page
    assert 'property="og:site_name" content="Lycée"' in page
    assert "mailto:office@example.org" in page
    assert "/school/mark/?" in page
    mark = visit().get("/school/mark/")
    assert mark.status_code == 200
    assert b"".join(mark.streaming_content).startswith(b"RIFF")
    save(client, remove_mark="on")
    assert visit().get("/school/mark/").status_code == 404
    assert "/school/mark/" not in visit().get("/").content.decode()


def test_only_who_sets_up_the_site_may(small: SimpleNamespace, visit: Any) -> None:
    for who in (small.teacher, small.editor, small.moderator, small.student):
        answer = save(visit(who), name="Mine")
        assert answer.status_code in {302, 404}
        assert "Mine" not in visit().get("/").content.decode()


def test_mail_comes_from_the_sender_of_the_school(small: SimpleNamespace, visit: Any, settings: Any) -> None:
    settings.EMAIL_BACKEND = "learning.accounts.mail.QueuedEmailBackend"
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    save(visit(small.admin), sender="school@example.org")
    send_mail("Hello", "Words", None, ["a@example.org"])
    send_mail("Hello", "Words", "other@example.org", ["a@example.org"])
    own, other = (message.from_email for message in mail.outbox[-2:])
    assert str(make_header(decode_header(own))) == "Lycée <school@example.org>"
    assert other == "other@example.org"


@pytest.mark.parametrize(
    ("told", "kept"), [("Asia/Tokyo", "Asia/Tokyo"), ("", "Europe/Paris"), ("Nowhere", "Europe/Paris")]
)
def test_new_accounts_have_the_zone_of_the_browser_or_of_the_school(
    small: SimpleNamespace, visit: Any, told: str, kept: str
) -> None:
    save(visit(small.admin))
    form = {"display_name": "New", "email": "new@example.org", "time_zone": told}
    visit().post("/accounts/signup/", {**form, "password1": school.PASSWORD, "password2": school.PASSWORD})
    assert User.objects.get(email="new@example.org").time_zone == kept


def test_a_file_that_is_no_picture_is_refused_and_the_mark_stays(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.admin)
    save(client, mark=SimpleUploadedFile("mark.png", school.png(), "image/png"))
    before = School.load().mark.name
    answer = save(client, mark=SimpleUploadedFile("mark.png", b"<svg/>", "image/png"))
    assert "not a picture" in answer.content.decode()
    assert School.load().mark.name == before
    assert facts().mark_url


def test_every_public_page_says_what_it_is_about(small: SimpleNamespace, visit: Any) -> None:
    free = school.lesson(small.modules[0], "Taste", free_preview=True)
    paths = ["/", "/courses/", school.path_of(small.course), school.path_of(free)]
    for path in paths:
        page = visit().get(path).content.decode()
        for name in ("og:title", "og:description", "og:url", "og:site_name"):
            assert f'property="{name}" content="' in page
            assert f'property="{name}" content=""' not in page
        assert '<meta name="description" content="">' not in page
    assert f'property="og:url" content="http://localhost:8000{paths[2]}"' in visit().get(paths[2]).content.decode()


def test_a_cover_is_the_picture_of_a_shared_link(small: SimpleNamespace, visit: Any) -> None:
    course = school.fresh(small.course)
    course.cover = school.picture(of=course, data=school.png(1300, 700))
    school.publish(course)
    page = visit().get(school.path_of(course)).content.decode()
    assert 'property="og:image" content="http://localhost:8000/' in page
    address = page.split('property="og:image" content="http://localhost:8000')[1].split('"')[0]
    assert visit().get(address).status_code == 200


def test_the_name_is_one_line() -> None:
    """It stands in the subject of mails."""
    school_row = School(name="Parta\nBcc: all@example.org")
    with pytest.raises(ValidationError, match="one line"):
        school_row.full_clean()


def test_a_probe_asks_no_database_and_the_name_survives_it(
    db: None, client: Client, django_assert_num_queries: Any
) -> None:
    School.objects.create(name="Lyceum")
    clear_school_cache()
    with django_assert_num_queries(0):
        assert client.get("/healthz").status_code == 200
    assert facts().name == "Lyceum"
    _kept.clear()
    with connection.execute_wrapper(_database_is_away):
        assert facts().name == "Lyceum"
    clear_school_cache()
    with connection.execute_wrapper(_database_is_away):
        assert facts().name == "Parta"
    clear_school_cache()


def _database_is_away(*args: Any) -> Any:
    raise OperationalError("the database is away")
