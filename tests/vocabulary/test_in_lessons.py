"""A word set as a block of a lesson, and words for a set from a lesson's text."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from wagtail.blocks import StreamBlock

from learning.accounts.actions import anonymise
from learning.courses.models import LessonPage
from learning.enrollment import actions as enrolling
from learning.vocabulary.imports import freedict
from learning.vocabulary.imports.writing import go_on, start_import
from learning.vocabulary.merging import merge
from learning.vocabulary.models import Example, Lexeme, Source, State, Translation, WordSet
from learning.vocabulary.sets.actions import add_words, remove_word
from tests import school
from tests.test_budgets import queries
from tests.vocabulary.making import dictd, language, word

TEXT = "<p>Le livre est là. L’œil voit les livres : deux livres, un œil et 3 chevaux.</p>"


@pytest.fixture
def shown(small: SimpleNamespace) -> SimpleNamespace:
    """A lesson that shows the teacher's set of two words; another lesson with a text."""
    small.book = word("livre", "fr", "book", part_of_speech="noun", gender="m", forms={"plural": "livres"}, ipa="livʁ")
    small.eye = word("œil", "fr", "eye", part_of_speech="noun", gender="m", forms={"plural": "yeux"})
    small.draft = word("cheval", "fr", "horse", state=State.DRAFT, forms={"plural": "chevaux"})
    Example.objects.create(lexeme=small.book, text="Je lis un livre.")
    small.set = WordSet.objects.create(owner=small.teacher, name="First words")
    add_words(word_set=small.set, lexemes=[small.eye, small.draft])
    small.lesson = school.lesson(small.modules[0], "Words", blocks=[block(small.set)])
    small.text = school.lesson(small.modules[1], "Text", html=TEXT)
    return small


def block(word_set: WordSet) -> dict[str, Any]:
    return {"type": "word_set", "value": {"word_set": word_set.pk, "title": "New words"}, "id": str(uuid.uuid4())}


def page(client: Client, lesson: LessonPage) -> str:
    return client.get(lesson.url).content.decode()


def test_a_lesson_shows_the_words_of_the_set_as_they_are(shown: SimpleNamespace, visit: Any) -> None:
    student: Client = visit(shown.student)
    assert "New words" in page(student, shown.lesson)
    assert "œil" in page(student, shown.lesson)
    assert "cheval" not in page(student, shown.lesson)  # a draft
    add_words(word_set=shown.set, lexemes=[shown.book])
    html = page(student, shown.lesson)
    for part in ("le livre", "/livʁ/", "noun, masculine", "book", "Je lis un livre."):
        assert part in html
    shown.eye.lemma = "oeil-de-boeuf"
    shown.eye.save()
    assert "oeil-de-boeuf" in page(student, shown.lesson)
    remove_word(word_set=shown.set, lexeme_id=shown.book.pk)
    assert "le livre" not in page(student, shown.lesson)
    visit(shown.teacher).post(
        f"/cms/bulk/vocabulary/lexeme/approve/?id={shown.draft.pk}&next=/cms/vocabulary/word/", follow=True
    )
    assert "cheval" in page(student, shown.lesson)
    merge(lexemes=[shown.draft, shown.book])
    assert "le livre" in page(student, shown.lesson)
    shown.set.delete()
    assert page(student, shown.lesson)
    assert "New words" not in page(student, shown.lesson)


def test_the_meanings_are_in_the_language_of_the_reader(shown: SimpleNamespace, visit: Any) -> None:
    Translation.objects.create(sense=shown.eye.senses.get(), language=language("ru"), text="глаз")
    student: Client = visit(shown.student)
    assert "глаз" not in page(student, shown.lesson)
    student.cookies["django_language"] = "ru"
    shown.student.language = "ru"
    shown.student.save()
    assert "глаз" in page(student, shown.lesson)


def test_who_reads_the_lesson_may_learn_its_set(shown: SimpleNamespace, visit: Any) -> None:
    address = f"/words/sets/{shown.set.pk}/"
    assert address in page(visit(shown.student), shown.lesson)
    assert visit(shown.student).get(address).status_code == 200
    assert visit(shown.stranger).get(address).status_code == 404
    assert visit(shown.student).post(f"{address}learn/").status_code == 302
    assert shown.student.cards.exists()
    shown.lesson.unpublish()
    assert visit(shown.student).get(address).status_code == 404
    school.publish(school.fresh(shown.lesson))
    enrolling.leave(user=shown.student, course=shown.course)
    assert visit(shown.student).get(address).status_code == 404


def lesson_form(lesson: LessonPage, word_set: WordSet, **more: str) -> dict[str, str]:
    return {
        "title": lesson.title, "slug": lesson.slug, "minutes": "10", "completes": "student", "body-count": "1",
        "body-0-deleted": "", "body-0-order": "0", "body-0-type": "word_set", "body-0-id": str(uuid.uuid4()),
        "body-0-value-word_set": str(word_set.pk), "body-0-value-title": "Mine", "comments-TOTAL_FORMS": "0",
        "comments-INITIAL_FORMS": "0", "action-publish": "1", **more,
    }  # fmt: skip


def test_an_author_shows_only_sets_of_their_own(shown: SimpleNamespace, visit: Any) -> None:
    foreign = WordSet.objects.create(owner=shown.other_teacher, name="Secret set")
    own = WordSet.objects.create(owner=shown.teacher, name="Own set")
    client: Client = visit(shown.teacher)
    address = f"/cms/pages/{shown.text.pk}/edit/"
    assert client.post(address, lesson_form(shown.text, foreign)).status_code in {302, 403}
    assert school.fresh(shown.text).get_latest_revision_as_object().body[0].block_type == "text"
    assert client.post(address, lesson_form(shown.text, own)).status_code == 302
    assert school.fresh(shown.text).get_latest_revision_as_object().body[0].value["word_set"] == own
    chooser = client.get("/cms/vocabulary/set-chooser/").json()["html"]
    assert "Own set" in chooser
    assert "Secret set" not in chooser
    # a colleague goes on writing a lesson that shows somebody else's set
    assert visit(shown.admin).post(address, lesson_form(shown.text, own, title="New title")).status_code == 302
    assert school.fresh(shown.text).title == "New title"


def test_migrations_of_courses_do_not_name_blocks_of_other_apps() -> None:
    field = LessonPage._meta.get_field("body")
    assert "word_set" in field.stream_block.child_blocks
    _name, path, (types,), kwargs = field.deconstruct()
    assert path == "wagtail.fields.StreamField"
    assert "word_set" not in dict(types)
    assert "vocabulary" not in str(kwargs["block_lookup"])
    assert isinstance(field.clone().stream_block, StreamBlock)


def test_words_of_a_lesson_are_found_by_form_and_frequency(shown: SimpleNamespace, visit: Any) -> None:
    remove_word(word_set=shown.set, lexeme_id=shown.eye.pk)
    client: Client = visit(shown.teacher)
    address = f"/words/sets/{shown.set.pk}/from-lesson/"
    assert "Botany" in client.get(address).content.decode()
    assert "Text" in client.get(f"{address}?course={shown.course.pk}").content.decode()
    asked = f"{address}?course={shown.course.pk}&lesson={shown.text.pk}&language=fr"
    answer = client.get(asked)
    found = [(row["lexeme"].lemma, row["count"]) for row in answer.context["rows"]]
    assert found == [("livre", 3), ("œil", 2)]  # “cheval” is in the set
    assert client.get(asked.replace("=fr", "=de")).context["rows"] == []
    done = client.post(address, {"lexeme": [shown.book.pk, shown.eye.pk, 99999, "x"]}, follow=True)
    assert "2 words are added." in done.content.decode()
    assert set(shown.set.words.values_list("lemma", flat=True)) == {"livre", "œil", "cheval"}
    assert client.get(asked).context["rows"] == []


def test_a_word_whose_form_is_spelled_alike_counts_once(shown: SimpleNamespace, visit: Any) -> None:
    word("put", "en", "mettre", forms={"past": "put", "past_participle": "put"}, part_of_speech="verb")
    lesson = school.lesson(shown.modules[0], "Put", html="<p>Put it here, and he puts it there.</p>")
    asked = f"/words/sets/{shown.set.pk}/from-lesson/?course={shown.course.pk}&lesson={lesson.pk}&language=en"
    assert [row["count"] for row in visit(shown.teacher).get(asked).context["rows"]] == [1]


def test_the_version_that_is_being_written_counts(shown: SimpleNamespace, visit: Any) -> None:
    shown.text.body = LessonPage._meta.get_field("body").stream_block.to_python([school.text("<p>yeux</p>")])
    remove_word(word_set=shown.set, lexeme_id=shown.eye.pk)
    shown.text.save_revision()
    asked = f"/words/sets/{shown.set.pk}/from-lesson/?course={shown.course.pk}&lesson={shown.text.pk}"
    answer = visit(shown.teacher).get(f"{asked}&language=fr")
    assert [row["lexeme"].lemma for row in answer.context["rows"]] == ["œil"]


def test_only_lessons_that_one_writes_are_read(shown: SimpleNamespace, visit: Any) -> None:
    own = WordSet.objects.create(owner=shown.student, name="Mine")
    mine, theirs = (f"/words/sets/{one.pk}/from-lesson/" for one in (own, shown.set))
    student: Client = visit(shown.student)
    assert student.get(f"{mine}?course={shown.course.pk}").status_code == 404
    assert student.get(theirs).status_code == 404
    assert "You write no course." in student.get(mine).content.decode()
    teacher: Client = visit(shown.teacher)
    assert teacher.get(f"{theirs}?course={shown.other.pk}").status_code == 404
    for foreign in (shown.other_lesson.pk, "x"):
        answer = teacher.get(f"{theirs}?course={shown.course.pk}&lesson={foreign}")
        assert (answer.status_code, answer.context["lesson"], "rows" in answer.context) == (200, None, False)
    for odd in ("course=x", "course=%00"):
        assert teacher.get(f"{theirs}?{odd}").status_code in {400, 404}
    odd = f"{theirs}?course={shown.course.pk}&lesson={shown.text.pk}&language=%00xx"
    assert teacher.get(odd).status_code in {200, 400}


def test_pages_with_words_ask_a_bounded_number_of_queries(shown: SimpleNamespace, visit: Any) -> None:
    for number in range(30):
        add_words(word_set=shown.set, lexemes=[word(f"mot{number}", "fr", "word", ipa="mo")])
    text = school.lesson(shown.modules[1], html="<p>" + " ".join(f"mot{n} terme{n}" for n in range(60)) + "</p>")
    for number in range(60):
        word(f"terme{number}", "fr", "term")
    asked = f"/words/sets/{shown.set.pk}/from-lesson/?course={shown.course.pk}&lesson={text.pk}&language=fr"
    assert queries(visit(shown.teacher), asked) <= 22
    assert Lexeme.objects.count() > 90


def test_the_form_of_a_word_says_where_it_is_used(shown: SimpleNamespace, visit: Any) -> None:
    foreign = WordSet.objects.create(owner=shown.other_teacher, name="Secret set")
    add_words(word_set=foreign, lexemes=[shown.eye])
    visit(shown.student).post(f"/words/sets/{shown.set.pk}/learn/")
    html = visit(shown.teacher).get(f"/cms/vocabulary/word/edit/{shown.eye.pk}/").content.decode()
    for part in ("1 person learns it.", "It is in 2 word sets.", "1 page shows it so.", "First words"):
        assert part in html
    assert "Secret set" not in html
    assert "Where it is used" not in visit(shown.teacher).get("/cms/vocabulary/word/new/").content.decode()


def test_a_set_that_lessons_show_stays(shown: SimpleNamespace, visit: Any) -> None:
    answer = visit(shown.teacher).post(f"/words/sets/{shown.set.pk}/edit/", {"delete": "1"}, follow=True)
    assert "Take it out of them first." in answer.content.decode()
    unused = WordSet.objects.create(owner=shown.teacher, name="Unused")
    anonymise(person=shown.teacher)
    assert set(WordSet.objects.all()) == {shown.set}
    assert not WordSet.objects.filter(pk=unused.pk).exists()
    assert "New words" in page(visit(shown.student), shown.lesson)


def test_the_chooser_names_no_set_of_others(shown: SimpleNamespace, visit: Any) -> None:
    foreign = WordSet.objects.create(owner=shown.other_teacher, name="Secret set")
    client: Client = visit(shown.teacher)
    chooser = "/cms/vocabulary/set-chooser/"
    WordSet.objects.create(owner=shown.teacher, name="In the kitchen", about="Pots and pans")
    for typed, is_there in (("kitch", True), ("PANS", True), ("first", False), ("secret", False)):
        results = client.get(f"{chooser}results/", {"q": typed}).content.decode()
        assert ("In the kitchen" in results) is is_there
        assert "Secret set" not in results
    assert client.get(f"{chooser}chosen/{shown.set.pk}/").status_code == 200
    for odd in (foreign.pk, "abc", "9" * 30):
        assert client.get(f"{chooser}chosen/{odd}/").status_code == 404
    chosen = client.get(f"{chooser}chosen-multiple/?id={foreign.pk}&id=abc&id={shown.set.pk}").content.decode()
    assert "Secret set" not in chosen
    assert "First words" in chosen


def test_translations_that_an_import_adds_are_shown(shown: SimpleNamespace, visit: Any, tmp_path: Any) -> None:
    add_words(word_set=shown.set, lexemes=[shown.book])
    student: Client = visit(shown.student)
    assert "volume" not in page(student, shown.lesson)
    index, texts = dictd(tmp_path, [("livre", "livre /livʀ/ <n, masc>\nvolume\n")])
    facts = {"language": language("fr"), "into": language("en")}
    with freedict.opened(index, texts) as reader:
        run = start_import(reader=reader, source=Source.objects.create(name="FreeDict"), **facts)
        list(go_on(run=run, reader=reader))
    assert "volume" in page(student, shown.lesson)
