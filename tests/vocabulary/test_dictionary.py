"""The dictionary as people use it: search, the page of a word, and writing it in the CMS."""

import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from learning.vocabulary.folding import fold
from learning.vocabulary.models import Form, Language, Lexeme, Sense, Source, State, Translation
from learning.vocabulary.search import found
from learning.vocabulary.starter.words import add_starter_words, remove_starter_words
from tests.test_budgets import queries
from tests.vocabulary.making import language, word


@pytest.fixture
def words(db: None) -> SimpleNamespace:
    return SimpleNamespace(
        go=word("go", "en", forms={"past": "went", "past_participle": "gone"}, part_of_speech="verb"),
        gold=word("gold", "en"),
        goose=word("goose", "en", forms={"plural": "geese"}, part_of_speech="noun"),
        eye=word("œil", "fr", "eye", forms={"plural": "yeux"}, part_of_speech="noun", gender="m", ipa="œj"),
        book=word("livre", "fr", "book", part_of_speech="noun", gender="m"),
        pound=word("livre", "fr", "pound", part_of_speech="noun", gender="f"),
        draft=word("livret", "fr", "booklet", state=State.DRAFT),
        hedgehog=word("ёж", "ru", "hedgehog", part_of_speech="noun", gender="m"),
    )


def lemmas(user: Any, query: str, code: str = "") -> list[str]:
    return [one.lexeme.lemma for one in found(user, query, code)]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Œil", "oeil"), ("L’Œil", "l oeil"), ("élève", "eleve"), ("Straße", "strasse"), ("ЁЖ", "еж"),
        ("a-b  c", "a b c"),
        ("naïve ", "naive"), ("...", ""), ("", ""), ("İ", "i"), ("日本", "日本"), ("1,000", "1 000"),
    ],
)  # fmt: skip
def test_spellings_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(fold(text)) == folded


def test_a_folded_spelling_is_never_longer_than_its_column() -> None:
    assert len(fold("ß" * 200)) == 200
    assert len(fold("ﷺ" * 200)) <= 200


@pytest.mark.parametrize(
    ("query", "code", "expected"),
    [
        ("went", "", ["go"]),
        ("yeux", "", ["œil"]),
        ("OEIL", "", ["œil"]),
        ("geese", "", ["goose"]),
        ("go", "", ["go", "gold", "goose"]),
        ("livre", "", ["livre", "livre"]),
        ("book", "", ["livre"]),
        ("book", "fr", ["livre"]),
        ("book", "en", []),
        ("еж", "", ["ёж"]),
        ("", "", []),
        ("!!!", "", []),
        ("zzzz", "", []),
        ("%", "", []),
    ],
)
def test_words_are_found_by_beginning_form_and_translation(
    words: SimpleNamespace, people: SimpleNamespace, query: str, code: str, expected: list[str]
) -> None:
    assert lemmas(people.student, query, code) == expected


def test_a_word_itself_comes_before_what_begins_so(words: SimpleNamespace, people: SimpleNamespace) -> None:
    word("aa", "fr", "has")
    for number in range(30):
        word(f"aa{number:02}", "fr")
    assert lemmas(people.student, "aa")[0] == "aa"
    assert len(lemmas(people.student, "aa")) == 20


def test_what_is_exactly_so_comes_first_and_translations_come_last(people: SimpleNamespace) -> None:
    word("luire", "fr", forms={"past_participle": "lui"})
    exact = word("lui", "fr", part_of_speech="pronoun")
    longer = word("luisant", "fr")
    word("briller", "fr", "luis")
    assert lemmas(people.student, "lui")[0] == exact.lemma
    assert lemmas(people.student, "lui") == ["lui", "luire", longer.lemma, "briller"]


def test_a_single_letter_finds_the_word_of_that_letter(words: SimpleNamespace, people: SimpleNamespace) -> None:
    word("à", "fr", "to")
    assert lemmas(people.student, "a") == ["à"]
    assert lemmas(people.student, "g") == []


def test_small_slips_are_found_on_postgresql(words: SimpleNamespace, people: SimpleNamespace) -> None:
    word("bibliothèque", "fr")
    expected = ["bibliothèque"] if connection.vendor == "postgresql" else []
    assert lemmas(people.student, "biblioteque") == expected


def test_drafts_are_for_who_writes_the_dictionary(words: SimpleNamespace, people: SimpleNamespace, visit: Any) -> None:
    path = words.draft.get_absolute_url()
    assert "livret" not in lemmas(people.student, "livret")
    assert lemmas(people.teacher, "livret") == ["livret"]
    assert f"/cms/vocabulary/word/edit/{words.draft.pk}/" in visit(people.teacher).get(path).content.decode()
    assert "/cms/vocabulary/" not in visit(people.student).get(words.book.get_absolute_url()).content.decode()
    for who, status in (("student", 404), ("teacher", 200), ("editor", 200), ("admin", 200), ("moderator", 404)):
        assert visit(getattr(people, who)).get(path).status_code == status, who
    assert "livret" not in visit(people.student).get("/dictionary/?q=booklet").content.decode()
    assert "livret" not in visit(people.student).get("/dictionary/en/booklet/").content.decode()


def test_the_dictionary_is_for_those_who_are_logged_in(words: SimpleNamespace, visit: Any) -> None:
    for path in ("/dictionary/", "/dictionary/suggest/?q=livre", words.book.get_absolute_url()):
        answer = visit().get(path)
        assert answer.status_code == 302
        assert "/accounts/login/" in answer.headers["Location"]


def test_the_page_of_a_word_shows_each_gender_apart(
    words: SimpleNamespace, people: SimpleNamespace, visit: Any
) -> None:
    page = visit(people.student).get("/dictionary/fr/livre/").content.decode()
    book, pound = page.index("book"), page.index("pound")
    assert page.index("le livre") < book or page.index("la livre") < pound
    assert "le livre" in page
    assert "la livre" in page
    assert "noun, feminine" in page


def test_a_word_without_an_entry_shows_what_it_translates(
    words: SimpleNamespace, people: SimpleNamespace, visit: Any
) -> None:
    client = visit(people.student)
    page = client.get("/dictionary/en/book/")
    assert page.status_code == 200
    assert "/dictionary/fr/livre/" in page.content.decode()
    for path in ("/dictionary/en/nothing/", "/dictionary/xx/livre/", "/dictionary/fr/a/b/"):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize(
    ("lemma", "gender", "shown"),
    [
        ("livre", "m", "le livre"),
        ("livre", "f", "la livre"),
        ("œil", "m", "l’œil"),
        ("homme", "m", "homme"),  # whether its h is silent, the spelling does not tell
        ("livre", "", "livre"),
    ],
)
def test_french_articles(db: None, lemma: str, gender: str, shown: str) -> None:
    assert language("fr").with_article(lemma, gender) == shown
    assert language("ru").with_article(lemma, gender) == lemma


def test_lemmas_with_odd_letters_have_a_page(people: SimpleNamespace, visit: Any) -> None:
    for lemma in ("and/or", "à la carte", "c++", "100 %", "<b>", "?", "שלום"):
        made = word(lemma, "en")
        page = visit(people.student).get(made.get_absolute_url())
        assert page.status_code == 200, lemma
        assert "<h1" in page.content.decode()
        assert "<b></h1>" not in page.content.decode()


@pytest.mark.parametrize("query", ["\x00", "a" * 5000, "' OR 1=1 --", "\ud800".encode("utf-8", "surrogatepass"), "%5C"])
def test_no_search_is_an_error_of_the_server(
    words: SimpleNamespace, people: SimpleNamespace, visit: Any, query: Any
) -> None:
    for path in ("/dictionary/", "/dictionary/suggest/"):
        assert visit(people.student).get(path, {"q": query, "language": query}).status_code in {200, 400}


def test_one_spelling_has_an_entry_for_each_gender_and_homograph(words: SimpleNamespace) -> None:
    word("livre", "fr", part_of_speech="noun", gender="m", homograph=2)
    with pytest.raises(IntegrityError), transaction.atomic():
        word("livre", "fr", part_of_speech="noun", gender="m")
    with pytest.raises(IntegrityError), transaction.atomic():
        word("", "fr")


def test_search_and_pages_have_a_bounded_number_of_queries(
    words: SimpleNamespace, people: SimpleNamespace, visit: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        made = word(f"livre {number}", "fr", "book", "volume", "novel", part_of_speech="noun", gender="m", ipa="x")
        sense = Sense.objects.create(lexeme=made, position=2)
        Translation.objects.create(sense=sense, language=language("ru"), text="книга")
        Lexeme.objects.filter(pk=made.pk).update(lemma="livre", homograph=number + 2)
    people.student.has_perm("any")  # the request has read the permissions already
    with django_assert_max_num_queries(3):
        assert found(people.student, "book")
    with django_assert_max_num_queries(3):
        assert found(people.student, "livro") or connection.vendor != "postgresql"
    client = visit(people.student)
    assert queries(client, "/dictionary/fr/livre/") <= 8
    assert queries(client, "/dictionary/en/book/") <= 8
    assert queries(client, "/dictionary/suggest/?q=li") <= 6


def entry_form(**facts: str) -> dict[str, str]:
    form = {"language": str(Language.objects.get(code="fr").pk), "lemma": "cheval", "part_of_speech": "noun",
            "gender": "m", "homograph": "1", "state": "approved", "source": "", "note": "", "auxiliary": "",
            "pictures-TOTAL_FORMS": "0", "pictures-INITIAL_FORMS": "0",
            "pronunciations-TOTAL_FORMS": "1", "pronunciations-INITIAL_FORMS": "0", "pronunciations-0-ipa": "ʃəval",
            "forms-TOTAL_FORMS": "1", "forms-INITIAL_FORMS": "0", "forms-0-kind": "plural",
            "forms-0-spelling": "chevaux",
            "senses-TOTAL_FORMS": "1", "senses-INITIAL_FORMS": "0", "senses-0-definition": "Animal",
            "senses-0-translations-TOTAL_FORMS": "1", "senses-0-translations-INITIAL_FORMS": "0",
            "senses-0-translations-0-language": str(Language.objects.get(code="en").pk),
            "senses-0-translations-0-text": "horse",
            "examples-TOTAL_FORMS": "1", "examples-INITIAL_FORMS": "0",
            "examples-0-text": "Un cheval blanc."}  # fmt: skip
    return {**form, **facts}


@pytest.mark.parametrize("who", ["teacher", "editor", "admin"])
def test_everything_of_an_entry_is_written_on_one_screen(people: SimpleNamespace, visit: Any, who: str) -> None:
    client: Client = visit(getattr(people, who))
    assert client.get("/cms/vocabulary/word/new/").status_code == 200
    answer = client.post("/cms/vocabulary/word/new/", entry_form())
    assert answer.status_code == 302, answer.context["form"].errors
    made = Lexeme.objects.get()
    assert made.folded == "cheval"
    assert made.added_by == getattr(people, who)
    assert Form.objects.get().folded == "chevaux"
    assert Translation.objects.get(folded="horse").sense.lexeme == made
    assert lemmas(people.student, "chevaux") == ["cheval"]
    listed = client.get("/cms/vocabulary/word/?q=chev").content.decode()
    assert "le cheval" in listed
    edit = f"/cms/vocabulary/word/edit/{made.pk}/"
    assert "ʃəval" in client.get(edit).content.decode()
    again = client.post("/cms/vocabulary/word/new/", entry_form())
    assert again.status_code == 200  # the same word again: said at the form, with what was typed
    assert "chevaux" in again.content.decode()
    assert Lexeme.objects.count() == 1


@pytest.mark.parametrize("who", ["student", "moderator"])
def test_others_do_not_write_the_dictionary(
    words: SimpleNamespace, people: SimpleNamespace, visit: Any, who: str
) -> None:
    client = visit(getattr(people, who))
    paths = ["/cms/vocabulary/word/", "/cms/vocabulary/word/new/", f"/cms/vocabulary/word/edit/{words.go.pk}/",
             "/cms/vocabulary/source/", f"/cms/bulk/vocabulary/lexeme/draft/?id={words.go.pk}&next=/cms/"]  # fmt: skip
    for path in paths:
        client.post(path, entry_form())
        assert client.get(path).status_code in {302, 403, 404}, path
    assert Lexeme.objects.filter(lemma="cheval").count() == 0
    words.go.refresh_from_db()
    assert words.go.state == State.APPROVED


def test_a_source_that_is_in_use_is_not_deleted(words: SimpleNamespace, people: SimpleNamespace, visit: Any) -> None:
    used, unused = Source.objects.create(name="Used"), Source.objects.create(name="Unused")
    Lexeme.objects.filter(pk=words.go.pk).update(source=used)
    client = visit(people.editor)
    for source in (used, unused):
        path = f"/cms/vocabulary/source/delete/{source.pk}/"
        assert client.get(path).status_code == 200
        assert client.post(path).status_code in {200, 302}
    assert set(Source.objects.all()) == {used}
    assert Lexeme.objects.get(pk=words.go.pk).source == used


def test_addresses_of_sources_lead_to_the_web(people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.editor)
    for address, status in (("javascript:alert(1)", 200), ("https://example.org/", 302)):
        form = {"name": f"Source {status}", "licence": "", "address": address}
        assert client.post("/cms/vocabulary/source/new/", form).status_code == status
    assert Source.objects.get().address == "https://example.org/"


def test_words_are_approved_in_bulk(words: SimpleNamespace, people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.editor)
    other = word("livraison", "fr", state=State.DRAFT)
    word("gosling", "en", state=State.DRAFT)
    path = "/cms/bulk/vocabulary/lexeme/approve/?next=/cms/vocabulary/word/%3Fstate%3Ddraft%26q%3Dliv&id="
    assert client.get(f"{path}all").status_code == 200
    client.post(f"{path}all")
    approved = set(Lexeme.objects.filter(state=State.APPROVED).values_list("lemma", flat=True))
    assert {"livret", "livraison"} <= approved
    assert "gosling" not in approved
    before = other.changed_at
    other.refresh_from_db()
    assert other.changed_at == before


def test_the_list_of_words_is_filtered(words: SimpleNamespace, people: SimpleNamespace, visit: Any) -> None:
    client = visit(people.editor)
    listed = client.get("/cms/vocabulary/word/?gender=f").content.decode()
    assert "la livre" in listed
    assert "le livre" not in listed
    listed = client.get("/cms/vocabulary/word/?without=pronunciation").content.decode()
    assert "la livre" in listed
    assert "l’œil" not in listed
    assert client.get("/cms/vocabulary/word/?without=nonsense&gender=zz").status_code == 200


def test_starter_words_come_once_and_go_unless_they_were_changed(people: SimpleNamespace) -> None:
    mine = word("livre", "fr", "book", part_of_speech="noun", gender="m")
    made = add_starter_words()
    assert made == 1079
    assert add_starter_words() == 0
    assert Lexeme.objects.count() == made + 1
    assert lemmas(people.student, "went") == ["go"]
    assert lemmas(people.student, "yeux") == ["œil"]
    assert Form.objects.filter(spelling="learnt", lexeme__lemma="learn").count() == 2  # past, and past participle
    assert set(Lexeme.objects.filter(lemma="mémoire").values_list("gender", flat=True)) == {"f", "m"}
    changed = Lexeme.objects.get(lemma="chat")
    changed.save()
    assert remove_starter_words() == made - 1
    assert set(Lexeme.objects.all()) == {mine, changed}


def test_every_starter_word_is_whole(db: None) -> None:
    add_starter_words()
    rows = Lexeme.objects.select_related("language").prefetch_related(
        "forms", "senses__translations__language", "pronunciations", "examples"
    )
    counts: Counter[tuple[str, str]] = Counter()
    irregular = 0
    for row in rows:
        counts[row.language.code, row.part_of_speech] += 1
        languages = {one.language.code for sense in row.senses.all() for one in sense.translations.all()}
        assert languages == {"en", "fr", "ru"} - {row.language.code}, row.lemma
        (sound,), (example,) = row.pronunciations.all(), row.examples.all()
        assert sound.ipa.strip("/ "), row.lemma
        assert re.search(r"[.!?]$", example.text), row.lemma
        assert re.search(r"[А-Яа-яЁё]", example.translation), row.lemma
        forms = {form.kind: form.spelling for form in row.forms.all()}
        if (row.language.code, row.part_of_speech) == ("en", "verb"):
            assert forms.keys() >= {"past", "past_participle"}, row.lemma
            irregular += not forms["past"].endswith("ed")
        if (row.language.code, row.part_of_speech) == ("fr", "verb"):
            assert forms.keys() == {"past_participle"}, row.lemma
            assert set(row.auxiliary.split(", ")) <= {"avoir", "être"}, row.lemma
        assert bool(row.gender) == ((row.language.code, row.part_of_speech) == ("fr", "noun")), row.lemma
        spellings = [fold(spelling) for spelling in (row.lemma, *forms.values())]
        if row.part_of_speech != "verb":
            said = fold(example.text)
            assert any(spelling in said for spelling in spellings), (row.lemma, example.text)
    assert irregular >= 130  # and some, such as “fed”, that end so too
    assert counts.total() == 1080
    assert counts["fr", "verb"] == 90


def test_a_word_is_looked_up_where_one_reads(words: SimpleNamespace, people: SimpleNamespace, visit: Any) -> None:
    client: Client = visit(people.student)

    def looked_up(text: str, language: str = "") -> str:
        return client.get("/dictionary/look/", {"word": text, "language": language}).content.decode()

    assert ">go<" in looked_up("went")  # by a form
    assert ">l’œil<" in looked_up("Yeux")
    assert "not in the dictionary" in looked_up("livret")  # a draft
    assert "not in the dictionary" in looked_up("!?")
    # the language of the text comes first
    word("gold", "de", "gold", part_of_speech="noun", gender="n")
    assert looked_up("gold", "de").index("/dictionary/de/") < looked_up("gold", "de").index("/dictionary/en/")
    assert looked_up("gold", "en").index("/dictionary/en/") < looked_up("gold", "en").index("/dictionary/de/")
    assert queries(client, "/dictionary/look/?word=went") <= 6
