"""What a student has done is never lost, and *Continue* leads on."""

import uuid
from types import SimpleNamespace
from typing import Any

from django.urls import reverse

from learning.courses.enums import Completes
from learning.enrollment.models import Completion, Position
from learning.enrollment.progress import progress_of, set_done
from learning.enrollment.statuses import Status
from tests import school


def of(small: SimpleNamespace) -> Any:
    course = school.fresh(small.course)
    return progress_of(small.student, [course])[course.pk]


def done(small: SimpleNamespace, lesson: Any) -> Any:
    return set_done(enrollment=school.fresh(small.enrollment), lesson=school.fresh(lesson))


def test_counts_and_minutes(small: SimpleNamespace) -> None:
    assert (of(small).count, of(small).of, of(small).minutes_left) == (0, 3, 30)
    done(small, small.lessons[1])
    assert (of(small).count, of(small).percent, of(small).minutes_left) == (1, 33, 20)


def test_continue_leads_to_where_one_stopped_then_on(small: SimpleNamespace, visit: Any) -> None:
    first, second, third = small.lessons
    client = visit(small.student)
    assert of(small).next_lesson.id == first.pk
    client.post(f"/enrollment/lessons/{second.pk}/position/", {"block": ""})
    assert of(small).next_lesson.id == second.pk
    client.post(f"/enrollment/lessons/{second.pk}/done/", {"done": "1"})
    assert of(small).next_lesson.id == third.pk
    client.post(f"/enrollment/lessons/{third.pk}/done/", {"done": "1"})
    assert of(small).next_lesson.id == first.pk


def test_done_button_leads_to_the_next_lesson_and_the_last_completes(small: SimpleNamespace, visit: Any) -> None:
    client = visit(small.student)
    for lesson, after in zip(small.lessons, [*small.lessons[1:], None], strict=True):
        response = client.post(f"/enrollment/lessons/{lesson.pk}/done/", {"done": "1"})
        assert response["Location"] == school.path_of(after or small.course)
    assert school.fresh(small.enrollment).status == Status.COMPLETED
    assert school.fresh(small.enrollment).completed_at


def test_completed_stays_completed(small: SimpleNamespace) -> None:
    for lesson in small.lessons:
        done(small, lesson)
    school.lesson(small.modules[1], "New one")
    assert of(small).of == 4
    set_done(enrollment=school.fresh(small.enrollment), lesson=school.fresh(small.lessons[0]), done=False)
    assert school.fresh(small.enrollment).status == Status.COMPLETED


def test_progress_survives_edits_moves_and_reordering(small: SimpleNamespace) -> None:
    first, second, third = small.lessons
    for lesson in (first, third):
        done(small, lesson)
    lesson = school.fresh(first)
    lesson.title = "Green, told anew"
    school.publish(lesson)
    school.fresh(first).move(school.fresh(small.modules[1]), pos="last-child")
    assert [item.id for item in of(small).programme.lessons] == [second.pk, third.pk, first.pk]
    assert of(small).done == {first.pk, third.pk}
    school.fresh(third).move(school.fresh(first), pos="right")
    assert [item.id for item in of(small).programme.lessons] == [second.pk, first.pk, third.pk]
    assert of(small).count == 2


def test_deleting_and_unpublishing_lessons_breaks_nothing(small: SimpleNamespace, visit: Any) -> None:
    first, second, _third = small.lessons
    done(small, first)
    visit(small.student).post(f"/enrollment/lessons/{second.pk}/position/", {})
    school.fresh(second).delete()
    assert (of(small).count, of(small).of) == (1, 2)
    assert visit(small.student).get("/me/").status_code == 200
    school.fresh(first).unpublish()
    assert (of(small).count, of(small).of) == (0, 1)
    school.publish(school.fresh(first))
    assert of(small).count == 1


def test_leaving_and_coming_back_continues(small: SimpleNamespace, visit: Any) -> None:
    done(small, small.lessons[0])
    client = visit(small.student)
    client.post(f"/enrollment/{small.course.pk}/leave/")
    assert of(small).count == 1
    client.post(f"/enrollment/{small.course.pk}/enroll/")
    assert of(small).next_lesson.id == small.lessons[1].pk


def test_nobody_writes_anothers_progress(small: SimpleNamespace, visit: Any) -> None:
    lesson = small.lessons[0]
    for who in (None, small.stranger, small.teacher, small.other_teacher, small.admin):
        for verb, data in (("done", {"done": "1"}), ("position", {}), ("played", {"block": str(uuid.uuid4())})):
            response = visit(who).post(f"/enrollment/lessons/{lesson.pk}/{verb}/", data)
            assert response.status_code in {302, 404}
    assert not Completion.objects.exists()
    assert not Position.objects.exists()


def test_position_keeps_the_block_and_bad_blocks_do_no_harm(small: SimpleNamespace, visit: Any) -> None:
    lesson, block = small.lessons[0], uuid.uuid4()
    client = visit(small.student)
    assert client.post(f"/enrollment/lessons/{lesson.pk}/position/", {"block": str(block)}).status_code == 204
    assert Position.objects.get().block_id == block
    assert client.post(f"/enrollment/lessons/{lesson.pk}/position/", {"block": "\x00"}).status_code == 400
    for bad in ("x", "' OR 1", "9" * 5000):
        assert client.post(f"/enrollment/lessons/{lesson.pk}/position/", {"block": bad}).status_code == 204
    assert Position.objects.get().block_id == block  # what is no block leaves the place as it was


def test_lesson_that_completes_by_its_recordings(small: SimpleNamespace, visit: Any) -> None:
    wav = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 20
    file = school.stored("sound.wav", wav, of=small.course)
    blocks = [
        {"type": "audio", "value": {"file": file.pk, "title": title}, "id": str(uuid.uuid4())} for title in ("1", "2")
    ]
    lesson = school.lesson(small.modules[0], "Listen", blocks=blocks, completes=Completes.BY_BLOCKS)
    client = visit(small.student)
    client.post(f"/enrollment/lessons/{lesson.pk}/done/", {"done": "1"})
    assert lesson.pk not in of(small).done
    assert "done by itself" in client.get(school.path_of(lesson)).content.decode()
    answers = [
        client.post(f"/enrollment/lessons/{lesson.pk}/played/", {"block": block}).json()
        for block in (blocks[0]["id"], blocks[0]["id"], str(uuid.uuid4()), blocks[1]["id"])
    ]
    assert [answer["done"] for answer in answers] == [False, False, False, True]
    assert lesson.pk in of(small).done
    assert client.post(f"/enrollment/lessons/{lesson.pk}/played/", {"block": "x"}).status_code == 422


def test_continue_leads_to_the_block_and_opening_keeps_it(small: SimpleNamespace, visit: Any) -> None:
    client, lesson = visit(small.student), small.lessons[1]
    block = str(lesson.body[0].id)
    keep = reverse("lesson_position", args=(lesson.pk,))
    client.post(keep, {"block": block})
    place = f"{school.path_of(lesson)}#b-{block}"
    assert f'href="{place}"' in client.get("/me/").content.decode()
    assert f'href="{place}"' in client.get(school.path_of(small.course)).content.decode()
    client.post(keep, {"block": ""})  # opened again, not scrolled
    assert f'href="{place}"' in client.get("/me/").content.decode()
    other = small.lessons[0]
    client.post(reverse("lesson_position", args=(other.pk,)), {"block": ""})
    html = client.get("/me/").content.decode()
    assert f'href="{school.path_of(other)}"' in html
    assert place not in html
