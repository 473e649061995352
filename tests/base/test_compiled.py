"""Statements that are written once: they say what Django's own would, whatever their values."""

import uuid
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg._queries
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from chat.models import Message, ReadMarker, Room
from chat.rooms.access import standings
from learning.accounts.models import User
from learning.base.compiled import CompiledInsert, CompiledQuery, CompiledUpdate, in_one_trip
from learning.tutoring.models import DayOff
from tests.chat.conftest import with_group

_people = CompiledQuery(lambda ids: User.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "email"))
_numbers = CompiledUpdate(lambda room_id: Room.objects.filter(pk=room_id), "last_seq", "spoken_at")
_messages = CompiledInsert(Message)
_markers = CompiledInsert(ReadMarker, unique=["room", "user"], update=["seq"])


@pytest.fixture
def here(small: SimpleNamespace) -> SimpleNamespace:
    return with_group(small)


def _message(here: SimpleNamespace, seq: int, **more: Any) -> Message:
    facts = {"text": "Ж '; --", "folded": "ж", "html": None, "mentions": {"Ann": 1}, "files": [{"id": 1}], **more}
    return Message(room=here.room, author=here.student, seq=seq, position=seq, nonce=uuid.uuid4(), **facts)


def test_rows_of_any_number_of_values(here: SimpleNamespace) -> None:
    everyone = [here.student.pk, here.classmate.pk, here.teacher.pk]
    for count in range(4):
        wanted = everyone[:count]
        assert _people.rows(wanted) == [
            (person.pk, person.email) for person in User.objects.filter(pk__in=wanted).order_by("pk")
        ]


def test_dates_are_arguments_like_others(people: SimpleNamespace) -> None:
    day = date(2026, 2, 28)
    DayOff.objects.create(person=people.teacher, first=day, last=day + timedelta(days=1))
    off = CompiledQuery(lambda who, on: DayOff.objects.filter(person_id=who, last__gte=on).values_list("first"))
    for shift in range(4):
        found = off.rows(people.teacher.pk, day + timedelta(days=shift))
        assert found == ([(day,)] if shift < 2 else []), shift


@pytest.mark.parametrize("count", [1, 3])
def test_inserted_objects_are_those_that_were_given(here: SimpleNamespace, count: int) -> None:
    messages = [_message(here, seq + 1, reply_to=None if seq else 7) for seq in range(count)]
    _messages.insert(messages)
    assert all(message.pk and not message._state.adding for message in messages)
    for message in messages:
        stored = Message.objects.get(pk=message.pk)
        for field in Message._meta.concrete_fields:
            assert getattr(stored, field.attname) == getattr(message, field.attname), field.name


def test_an_insert_of_nothing_does_nothing(here: SimpleNamespace) -> None:
    _messages.insert([])
    assert not Message.objects.exists()


@pytest.mark.parametrize("count", [1, 2])
def test_a_row_that_is_there_gets_the_named_fields_only(here: SimpleNamespace, count: int) -> None:
    people = [here.student, here.classmate][:count]
    for person in people:
        ReadMarker.objects.create(room=here.room, user=person, seq=1, silenced=True)
    _markers.insert([ReadMarker(room=here.room, user=person, seq=9) for person in people])
    assert list(ReadMarker.objects.values_list("seq", "silenced")) == [(9, True)] * count


def test_an_update_touches_its_rows_only(here: SimpleNamespace) -> None:
    other, now = Room.objects.get(group=here.other_group), timezone.now()
    for moment in (now, now + timedelta(hours=1)):
        _numbers.run(5, moment, here.room.pk)
        here.room.refresh_from_db()
        assert (here.room.last_seq, here.room.spoken_at) == (5, moment)
    other.refresh_from_db()
    assert (other.last_seq, other.spoken_at) == (0, Room.objects.get(pk=other.pk).spoken_at)


def test_statements_of_one_trip_see_each_other_and_give_their_rows(here: SimpleNamespace) -> None:
    with transaction.atomic(), in_one_trip():
        before = _people.start([here.student.pk])
        set_keys = _messages.start([_message(here, 1)])
        _numbers.run(1, timezone.now(), here.room.pk)
    set_keys()
    assert before() == [(here.student.pk, here.student.email)]
    assert Message.objects.get().seq == 1
    here.room.refresh_from_db()
    assert here.room.last_seq == 1


def test_an_error_in_one_trip_is_one_of_the_database_and_undoes_it_all(here: SimpleNamespace) -> None:
    message = _message(here, 1)
    _messages.insert([message])
    again = _message(here, 1)

    def write_twice() -> None:
        with transaction.atomic(), in_one_trip():
            _numbers.run(77, timezone.now(), here.room.pk)
            _messages.start([again])

    with pytest.raises(IntegrityError):
        write_twice()
    here.room.refresh_from_db()
    assert here.room.last_seq != 77
    assert Message.objects.count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="about the driver of PostgreSQL")
def test_long_texts_are_split_once(here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The driver's limit is a private name of it (docs/upgrading.md)."""
    pair = (here.student.pk, here.room.pk)
    assert standings([pair])[pair].is_member
    monkeypatch.setattr(psycopg._queries, "_query2pg_nocache", None)  # would be called, and fail
    assert standings([pair])[pair].is_member
