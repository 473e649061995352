"""What a student has done is never lost, and *Continue* leads on."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from wagtail.rich_text import RichText

from learning.courses.enums import Completes
from learning.courses.models import CoursePage, LessonPage
from learning.enrollment.counting import percent_of, progress_of, recount_progress
from learning.enrollment.models import Completion, Enrollment, Position
from learning.enrollment.progress import set_done, set_position
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


def introduced(small: SimpleNamespace) -> Any:
    """The second module says something before its lessons."""
    module = school.fresh(small.modules[1])
    module.introduction = [("text", RichText("<p>Below the ground.</p>"))]
    school.publish(module)
    return school.fresh(module)


def test_the_introduction_of_a_module_is_on_the_path(small: SimpleNamespace, visit: Any) -> None:
    module = introduced(small)
    address, client = school.path_of(module), visit(small.student)
    before, after = school.path_of(small.lessons[1]), school.path_of(small.lessons[2])
    assert f'href="{address}" rel="next"' in client.get(before).content.decode()
    page = client.get(address).content.decode()
    assert f'href="{before}" rel="prev"' in page
    assert f'href="{after}" rel="next"' in page
    assert f'href="{address}" rel="prev"' in client.get(after).content.decode()
    done = client.post(f"/enrollment/lessons/{small.lessons[1].pk}/done/", {"done": "1"})
    assert done.url == address


def test_continue_leads_to_the_introduction_of_a_module_that_one_has_not_begun(
    small: SimpleNamespace, visit: Any
) -> None:
    module = introduced(small)
    for lesson in small.lessons[:2]:
        set_done(enrollment=small.enrollment, lesson=lesson)

    def leads_to() -> str:
        return progress_of(small.student, [school.fresh(small.course)])[small.course.pk].continue_url

    assert leads_to() == school.path_of(module)
    set_position(enrollment=small.enrollment, lesson=small.lessons[2], block_id=None)
    assert leads_to() == school.path_of(small.lessons[2])


def test_a_module_without_an_introduction_is_passed_over(small: SimpleNamespace, visit: Any) -> None:
    page = visit(small.student).get(school.path_of(small.lessons[1])).content.decode()
    assert f'href="{school.path_of(small.lessons[2])}" rel="next"' in page
    own = visit(small.student).get(school.path_of(small.modules[1])).content.decode()
    assert f'href="{school.path_of(small.lessons[1])}" rel="prev"' in own


def test_done_by_key_stays_in_the_lesson(small: SimpleNamespace, visit: Any) -> None:
    lesson = small.lessons[0]
    answer = visit(small.student).post(f"/enrollment/lessons/{lesson.pk}/done/", {"done": "1", "stay": "1"})
    assert answer.url == school.path_of(lesson)
    assert Completion.objects.filter(user=small.student, lesson_id=lesson.pk).exists()


def test_a_free_preview_shows_locks_and_links_only_what_is_free(small: SimpleNamespace, visit: Any) -> None:
    free = school.fresh(small.lessons[0])
    free.free_preview = True
    school.publish(free)
    for who in (None, small.stranger):
        page = visit(who).get(school.path_of(free)).content.decode()
        outline = page[page.index("data-outline") : page.index("</aside>")]
        assert outline.count("For enrolled students") == 2
        assert school.path_of(small.lessons[1]) not in page
    assert "For enrolled students" not in visit(small.student).get(school.path_of(free)).content.decode()
    assert "For enrolled students" not in visit(small.teacher).get(school.path_of(free)).content.decode()


def test_the_margin_lists_the_sections_of_the_page(small: SimpleNamespace, visit: Any) -> None:
    lesson = school.fresh(small.lessons[0])
    titles = (("Colour", "2"), ("Red", "3"), ("Shape & edge", "2"))
    lesson.body = [("heading", {"text": title, "level": level}) for title, level in titles]
    school.publish(lesson)
    page = visit(small.student).get(school.path_of(lesson)).content.decode()
    margin = page[page.index('class="contents"') :].partition("</nav>")[0]
    assert '<a href="#colour">Colour</a>' in margin
    assert '<a href="#shape-edge">Shape &amp; edge</a>' in margin
    assert 'href="#red"' not in margin


@pytest.mark.parametrize(
    ("done", "of", "percent"), [(0, 0, 0), (0, 300, 0), (1, 300, 1), (299, 300, 99), (300, 300, 100), (1, 2, 50)]
)
def test_only_nothing_is_0_percent_and_only_all_is_100(done: int, of: int, percent: int) -> None:
    assert percent_of(done, of) == percent


def test_a_lesson_done_while_everyone_is_counted_is_not_forgotten(small: SimpleNamespace) -> None:
    """The count is read, then a lesson is marked done, then the count is stored."""
    Enrollment.objects.filter(pk=small.enrollment.pk).update(done=2)  # an old count, to be corrected
    asked: list[bool] = []

    def mark_done(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not asked and "enrollment_seats" in sql:  # the lock, before which the counts have been read
            asked.append(True)
            set_done(enrollment=small.enrollment, lesson=small.lessons[0])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(mark_done):
        recount_progress(small.course.pk)
    assert asked
    assert school.fresh(small.enrollment).done == 1


def test_a_title_with_control_characters_does_not_break_the_programme(small: SimpleNamespace, visit: Any) -> None:
    LessonPage.objects.filter(pk=small.lessons[0].pk).update(title="Odd \x017\x01 title")
    CoursePage.objects.filter(pk=small.course.pk).update(programme_stamp=timezone.now())
    assert visit(small.student).get(school.path_of(small.course)).status_code == 200
