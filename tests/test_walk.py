"""A walk past every address of the project as each kind of person, looking for planted canaries.

The table says who may see which canary. Anyone else must not find it in any body or header,
whatever the status; and no address answers 5xx to anyone.
"""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern

from chat.models import Room
from chat.rooms.files import store_upload
from chat.rooms.posting import post_message
from learning.enrollment.actions import change_status, enroll, leave
from learning.enrollment.models import Audience, Invitation, StudyGroup
from learning.enrollment.statuses import Status
from learning.exchange.models import ImportRow, ImportRun
from learning.teaching.letter_mail import stop_token
from tests import school
from tests.parts import ONCE
from tests.walk import addresses

BODY, DRAFT, FILE, ALT = "canary-body-8812", "canary-draft-4471", "canary-file-3390", "canary-alt-7702"
KEY, EMAIL, INVITED, TITLE = "canary-key-5518", "canary-student", "canary-invited", "canary-draft-title-1163"
HIDDEN, IMPORTED = "canary-of-group-a-9037", "canary-imported"
SAID, SENT = "canary-said-2207", "canary-sent-6614"  # in the chat of a group whose teachers are the course's team

LESSON = {BODY, FILE, ALT}
WORK = {BODY, FILE, ALT, DRAFT, TITLE, KEY, HIDDEN}
SCHOOL = {EMAIL, INVITED}
CHAT = {SAID, SENT}
# who → the canaries that they may see
TABLE: dict[str, set[str]] = {
    "visitor": set(),
    "enrolled": LESSON | {EMAIL},
    "not_enrolled": set(),
    "left": set(),
    "paused": set(),
    "teacher": WORK | SCHOOL | CHAT,
    "teacher_of_another": set(),
    "editor": WORK,
    "moderator": WORK | CHAT,
    "administrator": WORK | SCHOOL | CHAT | {IMPORTED},
}
ALL = LESSON | WORK | SCHOOL | CHAT | {IMPORTED}
# Statuses of our own addresses, per person class: v visitor, s student in the course, x anyone else signed in, t staff
OWN: dict[str, dict[str, set[int]]] = {
    "dashboard": {"v": {302}, "s": {200}, "x": {200}, "t": {200}},
    "profile": {"v": {302}, "s": {200}, "x": {200}, "t": {200}},
    "search": {"v": {200}, "s": {200}, "x": {200}, "t": {200}},
    "styleguide": {"v": {302}, "s": {302}, "x": {302}, "t": {200}},
    "healthz": {"v": {200}, "s": {200}, "x": {200}, "t": {200}},
    "robots": {"v": {200}, "s": {200}, "x": {200}, "t": {200}},
    "sitemap": {"v": {200}, "s": {200}, "x": {200}, "t": {200}},
    "my_data": {"v": {302}, "s": {200}, "x": {200}, "t": {200}},
    "my_data_download": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "delete_me": {"v": {302}, "s": {302}, "x": {302}, "t": {302}},
    "keep_me": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "tokens": {"v": {302}, "s": {302}, "x": {302}, "t": {302}},
    "token_revoke": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "view_as": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "stop_letters": {"v": {200}, "s": {200}, "x": {200}, "t": {200}},
    "avatar": {"v": {302}, "s": {404}, "x": {404}, "t": {404}},
    "choose_language": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "choose_theme": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "enroll": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "leave": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "lesson_done": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "lesson_position": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "lesson_played": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "chat": {"v": {302}, "s": {200}, "x": {200}, "t": {200}},
    "chat_search": {"v": {302}, "s": {200}, "x": {200}, "t": {200}},
    "chat_discuss": {"v": {302}, "s": {302}, "x": {404}, "t": {200, 302}},
    "chat_open": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "chat_read": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "chat_silence": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "chat_mute": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "chat_export": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "chat_export_json": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "my_data_read": {"v": {302}, "s": {200}, "x": {200}, "t": {200}},
    "send_confirmation_again": {"v": {405}, "s": {405}, "x": {405}, "t": {405}},
    "school_mark": {"v": {404}, "s": {404}, "x": {404}, "t": {404}},
    "library_rendition": {"v": {404}, "s": {200}, "x": {404}, "t": {200}},
    "wagtaildocs_serve": {"v": {404}, "s": {200}, "x": {404}, "t": {200}},
}
# The pages of teachers: for those who look after the students of the course; others get 404, as if it were not there.
TEACHING = {"teaching_course", "teaching_strip", "teaching_letter", "teaching_groups", "teaching_group_new",
            "teaching_group", "teaching_openings", "teaching_audience", "teaching_student",
            "teaching_undo", "teaching_letters"}  # fmt: skip
TEACHING_POSTS = {"teaching_status", "teaching_place", "teaching_split", "teaching_shift"}
LOOKS_AFTER = {"teacher", "administrator"}
# The pages of a room, for who is in it; others get 404, as if it were not there.
ROOM = {"chat_room", "chat_message", "chat_people", "chat_log", "chat_file", "chat_thumbnail"}
IN_ROOM = {"teacher", "moderator", "administrator"}
PEOPLE_CLASS = {"visitor": "v", "enrolled": "s", "not_enrolled": "x", "left": "x", "paused": "x"}
# Where a person's own address stands in their own pages, and asking for one's own is no leak.
EXTRA_QUERIES = [
    "/search/?q=canary",
    "/search/?q=canary-body-8812",
    "/courses/?q=canary",
    "/cms/pages/search/?q=canary",
    "/chat/search/?q=canary",
    "/api/v1/chat/search?q=canary",
    "/chat/?all=1",
]


@pytest.fixture
def walk(small: SimpleNamespace) -> Any:
    small.course.policy, small.course.key = "key", KEY
    school.publish(small.course)
    small.course = school.fresh(small.course)
    small.picture = school.picture(title=ALT, of=small.course)
    small.file = school.stored("notes.txt", FILE.encode() * 9, of=small.course)
    blocks = [
        school.text(f"<p>{BODY}</p>"),
        {"type": "image", "value": {"image": small.picture.pk, "alt": ALT}, "id": str(uuid.uuid4())},
        {"type": "file", "value": {"file": small.file.pk}, "id": str(uuid.uuid4())},
    ]
    small.secret = school.lesson(small.modules[0], "Public title", blocks=blocks)
    draft = school.fresh(small.secret)
    draft.title, draft.body = TITLE, [("text", f"<p>{DRAFT}</p>")]
    draft.save_revision()
    school.lesson(small.modules[0], TITLE, html=f"<p>{DRAFT}</p>", live=False)
    student = school.person(EMAIL)
    small.enrolled = student
    small.student_enrollment = enroll(user=student, course=small.course, key=KEY)
    small.left_person, small.paused_person = school.person(), school.person()
    for who in (small.left_person, small.paused_person):
        enrollment = enroll(user=who, course=small.course, key=KEY)
        if who is small.left_person:
            leave(user=who, course=small.course)
        else:
            change_status(enrollment=enrollment, after=Status.PAUSED, actor=small.admin)
    small.enrollment, small.student = small.student_enrollment, student
    Invitation.objects.create(course=small.course, email=f"{INVITED}@example.org")
    small.study_group = StudyGroup.objects.create(course=small.course, name="Group A")
    small.stop_token = stop_token(small.stranger)
    small.room = Room.objects.get(group=small.study_group)
    upload = SimpleUploadedFile("notes.txt", SENT.encode())
    small.attachment = store_upload(room=small.room, user=small.teacher, upload=upload)
    small.attachment.thumbnail.save("t.webp", ContentFile(SENT.encode()))
    files = (small.attachment.pk,)
    post_message(user_id=small.teacher.pk, room_id=small.room.pk, nonce=uuid.uuid4(), text=SAID, attachments=files)
    hidden = school.lesson(small.modules[0], HIDDEN, html=f"<p>{HIDDEN}</p>", free_preview=True)
    Audience.objects.create(course=small.course, page_id=hidden.pk, group=small.study_group)
    run = ImportRun.objects.create(
        owner=small.admin, course=small.course, filename="people.csv", file=ContentFile(b"email\n", name="people.csv")
    )
    ImportRow.objects.create(run=run, number=2, email=f"{IMPORTED}@example.org", outcome="create", said="")
    small.people = {
        "visitor": None, "enrolled": student, "not_enrolled": small.stranger, "left": small.left_person,
        "paused": small.paused_person, "teacher": small.teacher, "teacher_of_another": small.other_teacher,
        "editor": small.editor, "moderator": small.moderator, "administrator": small.admin,
    }  # fmt: skip
    return small


def found_in(response: Any) -> set[str]:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    words = content.decode("utf-8", "replace") + str(response.headers)
    return {canary for canary in ALL if canary in words}


def pages(walk: Any) -> list[str]:
    own = [walk.course, walk.secret, *walk.modules, *walk.lessons]
    return ["/", "/courses/", *(school.path_of(page) for page in own)]


@ONCE
@pytest.mark.slow
@pytest.mark.parametrize("who", TABLE)
def test_no_canary_flies(walk: Any, visit: Any, who: str) -> None:
    client: Client = visit(walk.people[who])
    client.raise_request_exception = False
    listed = addresses(walk)
    assert len(listed) > 250
    leaks, broken, seen = [], [], set()
    for address in [*pages(walk), *EXTRA_QUERIES, *(url for _name, url in listed if "logout" not in url)]:
        response = client.get(address)
        if response.status_code >= 500 and "failwhale" not in address:
            broken.append((response.status_code, address))
        flown = found_in(response)
        # one's own address in one's own pages, and the word one has searched for
        flown -= {canary for canary in flown if canary in address} if "?q=" in address else set()
        seen |= flown
        if flown - TABLE[who]:
            leaks.append((address, flown - TABLE[who]))
    assert not leaks, "\n".join(map(str, leaks))
    assert not broken
    # the walk would be blind if those who may see saw nothing
    assert TABLE[who] & LESSON <= seen


@pytest.mark.parametrize("who", TABLE)
def test_our_own_addresses_answer_as_the_table_says(walk: Any, visit: Any, who: str) -> None:
    client, kind = visit(walk.people[who]), PEOPLE_CLASS.get(who, "t")
    for name, address in addresses(walk):
        if name in OWN and not address.startswith(("/cms/", "/api/")):
            expected = OWN[name][kind]
            if who == "teacher_of_another" and name in {"library_rendition", "wagtaildocs_serve", "chat_discuss"}:
                expected = OWN[name]["x"]
            assert client.get(address).status_code in expected, (who, name)


@pytest.mark.parametrize("who", TABLE)
def test_a_teachers_pages_are_for_who_looks_after_the_course(walk: Any, visit: Any, who: str) -> None:
    client = visit(walk.people[who])
    seen = set()
    for name, address in addresses(walk):
        if name in TEACHING:
            expected = 302 if who == "visitor" else 200 if who in LOOKS_AFTER else 404
            assert client.get(address).status_code == expected, (who, address)
            seen.add(name)
        elif name in TEACHING_POSTS:
            assert client.get(address).status_code == 405
            answer = client.post(address).status_code
            assert answer in ({302, 422} if who in LOOKS_AFTER | {"visitor"} else {404}), (who, address)
            seen.add(name)
    assert seen == TEACHING | TEACHING_POSTS


@pytest.mark.parametrize("who", TABLE)
def test_a_rooms_pages_are_for_who_is_in_it(walk: Any, visit: Any, who: str) -> None:
    client, seen = visit(walk.people[who]), set()
    for name, address in addresses(walk):
        if name in ROOM:
            is_file = name in {"chat_file", "chat_thumbnail"}
            expected = 200 if who in IN_ROOM else 302 if who == "visitor" and not is_file else 404
            assert client.get(address).status_code == expected, (who, address)
            seen.add(name)
    assert seen == ROOM


def test_every_address_of_ours_is_in_the_table(walk: Any) -> None:
    from chat.web import urls as chat_urls
    from home import urls as home_urls
    from learning.accounts import urls as accounts_urls
    from learning.enrollment import urls as enrollment_urls
    from learning.library import urls as library_urls
    from learning.teaching import urls as teaching_urls

    modules = (chat_urls, home_urls, accounts_urls, enrollment_urls, teaching_urls, library_urls)
    ours = {p.name for m in modules for p in m.urlpatterns if isinstance(p, URLPattern)}
    assert ours <= set(OWN) | TEACHING | TEACHING_POSTS | ROOM | {"teaching"}


@ONCE
@pytest.mark.slow
@pytest.mark.parametrize("who", ["visitor", "enrolled", "not_enrolled"])
def test_the_cms_is_closed_to_who_has_no_business_there(walk: Any, visit: Any, who: str) -> None:
    client = visit(walk.people[who])
    public = {"wagtailadmin_sprite", "wagtailadmin_javascript_catalog", "wagtailadmin_login", "javascript_catalog"}
    for name, address in addresses(walk):
        if address.startswith("/cms/") and name not in public:
            assert client.get(address).status_code in {302, 403, 404, 405}, address


@ONCE
@pytest.mark.slow
def test_head_is_as_closed_as_get(walk: Any, visit: Any) -> None:
    for who in ("visitor", "not_enrolled", "left", "teacher_of_another"):
        client = visit(walk.people[who])
        for _name, address in addresses(walk):
            if not address.startswith(("/cms/", "/accounts/")):
                assert not found_in(client.head(address))
