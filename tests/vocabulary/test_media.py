"""Recordings, synthetic speech and pictures of words."""

import io
import shutil
import wave
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from learning.library.collections import collection_of
from learning.library.models import Picture, StoredFile
from learning.vocabulary.media import speech
from learning.vocabulary.media.files import store_picture, store_sound
from learning.vocabulary.models import DictionaryFiles, EntryPicture, Lexeme, Pronunciation, Speech, State
from learning.vocabulary.web import media_views
from tests.vocabulary.making import a_picture, a_sound, word

pytestmark = pytest.mark.usefixtures("db")
SOUND, PICTURE = "/cms/vocabulary/upload/sound/", "/cms/vocabulary/upload/picture/"
needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="needs espeak-ng")


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def entry_form(client: Client, lexeme: Lexeme, **changes: Any) -> dict[str, Any]:
    """What the form of this entry would send, with these changes."""
    form: Any = client.get(f"/cms/vocabulary/word/edit/{lexeme.pk}/").context["form"]
    data = {name: form.initial.get(name) or "" for name in form.fields}
    for name, rows in form.formsets.items():
        data |= {f"{name}-TOTAL_FORMS": rows.initial_form_count(), f"{name}-INITIAL_FORMS": rows.initial_form_count()}
        for number, row in enumerate(rows.initial_forms):
            data |= {f"{name}-{number}-{key}": row.initial.get(key) or "" for key in row.fields}
            data[f"{name}-{number}-id"] = row.instance.pk
            for inner, more in row.formsets.items():
                data |= {f"{name}-{number}-{inner}-{key}": 0 for key in ("TOTAL_FORMS", "INITIAL_FORMS")}
                assert more.total_form_count() <= 1
    return data | changes


@pytest.mark.parametrize("who", ["teacher", "editor", "admin"])
def test_a_recording_is_uploaded_saved_and_heard(people: SimpleNamespace, visit: Any, who: str) -> None:
    cheval = word("cheval")
    client: Client = visit(getattr(people, who))
    page = client.get(f"/cms/vocabulary/word/edit/{cheval.pk}/")
    assert "microphone=(self)" in page.headers["Permissions-Policy"]
    assert "microphone=()" in client.get("/cms/").headers["Permissions-Policy"]
    sent = a_sound()
    answer = client.post(SOUND, {"file": sent, "title": "cheval"})
    assert answer.status_code == 200, answer.content
    number = answer.json()["id"]
    stored = StoredFile.objects.get(pk=number)
    assert (stored.title, stored.kind, stored.uploaded_by_user) == ("cheval", "audio", getattr(people, who))
    assert stored.collection.name == "Dictionary"
    more = {"pronunciations-TOTAL_FORMS": 1, "pronunciations-0-ipa": "", "pronunciations-0-recording": number,
            "pronunciations-0-region": "Paris"}  # fmt: skip
    answer = client.post(f"/cms/vocabulary/word/edit/{cheval.pk}/", entry_form(client, cheval, **more))
    assert answer.status_code == 302, answer.context["form"].errors
    assert Pronunciation.objects.get().recording == stored
    preview = f"/cms/vocabulary/stored/sound/{number}/"
    assert preview in client.get(f"/cms/vocabulary/word/edit/{cheval.pk}/").content.decode()
    assert visit(people.editor).get(preview).status_code == 200
    assert visit(people.moderator).get(preview).status_code in {302, 403}
    student: Client = visit(people.student)
    address = f"/dictionary/sound/{cheval.pk}/"
    assert address in student.get(cheval.get_absolute_url()).content.decode()
    heard = student.get(address)
    sent.seek(0)
    assert (heard.status_code, heard.headers["Content-Type"]) == (200, "audio/wav")
    assert body(heard) == sent.read()
    assert student.get(stored.url).status_code == 404  # the library's own address is for who works with files


def test_a_transcription_or_a_recording_is_needed(people: SimpleNamespace, visit: Any) -> None:
    cheval = word("cheval")
    client: Client = visit(people.editor)
    more = {"pronunciations-TOTAL_FORMS": 1, "pronunciations-0-ipa": "", "pronunciations-0-region": "Paris",
            "pronunciations-0-recording": ""}  # fmt: skip
    answer = client.post(f"/cms/vocabulary/word/edit/{cheval.pk}/", entry_form(client, cheval, **more))
    assert answer.status_code == 200
    assert "Give a transcription, a recording, or both." in answer.content.decode()


def test_no_file_from_elsewhere_is_opened_by_the_dictionary(small: SimpleNamespace, visit: Any) -> None:
    """Else who writes the dictionary could show a file of any course to everyone."""
    secret = StoredFile(title="Secret paper", collection=collection_of(small.other), file=a_sound())
    secret.full_clean()
    secret.save()
    hidden = Picture(title="Secret paper", collection=collection_of(small.other), file=a_picture())
    hidden.save()
    cheval = word("cheval")
    client: Client = visit(small.teacher)
    more = {"pronunciations-TOTAL_FORMS": 1, "pronunciations-0-ipa": "", "pronunciations-0-region": "",
            "pronunciations-0-recording": secret.pk}  # fmt: skip
    assert client.post(f"/cms/vocabulary/word/edit/{cheval.pk}/", entry_form(client, cheval, **more)).status_code == 200
    more = {"pictures-TOTAL_FORMS": 1, "pictures-0-picture": hidden.pk, "pictures-0-alt": "An exam"}
    assert client.post(f"/cms/vocabulary/word/edit/{cheval.pk}/", entry_form(client, cheval, **more)).status_code == 200
    assert not Pronunciation.objects.exists()
    assert not EntryPicture.objects.exists()
    for kind, file in (("sound", secret), ("picture", hidden)):
        assert client.get(f"/cms/vocabulary/stored/{kind}/{file.pk}/").status_code == 404
    more = {"pictures-TOTAL_FORMS": 1, "pictures-0-picture": "abc", "pictures-0-alt": "x",
            "pronunciations-TOTAL_FORMS": 1, "pronunciations-0-ipa": "x", "pronunciations-0-region": "",
            "pronunciations-0-recording": secret.pk}  # fmt: skip
    answer = client.post(f"/cms/vocabulary/word/edit/{cheval.pk}/", entry_form(client, cheval, **more))
    assert answer.status_code == 200
    assert secret.filename not in answer.content.decode()
    assert "Secret paper" not in answer.content.decode()


def test_a_recording_that_is_deleted_leaves_no_empty_and_no_double_row(people: SimpleNamespace) -> None:
    cheval = word("cheval", "fr", "horse", ipa="ʃəval")
    files = [store_sound(file=a_sound(), title="cheval", by=None) for _n in range(3)]
    Pronunciation.objects.create(lexeme=cheval, ipa="ʃəval", recording=files[0])
    Pronunciation.objects.create(lexeme=cheval, recording=files[1])
    Pronunciation.objects.create(lexeme=cheval, ipa="ʃfal", recording=files[2])
    for file in files:
        file.delete()
    assert sorted(cheval.pronunciations.values_list("ipa", "recording")) == [("ʃfal", None), ("ʃəval", None)]


@pytest.mark.parametrize(
    ("address", "name", "content"),
    [
        (SOUND, "word.wav", b"<script>alert(1)</script>"),
        (SOUND, "word.html", b"<script>alert(1)</script>"),
        (SOUND, "word.png", None),
        (SOUND, "long.wav", b"RIFF" + b"\0" * (5 * 1024 * 1024)),
        (PICTURE, "horse.png", b"\x89PNG\r\n\x1a\nbroken"),
        (PICTURE, "horse.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
    ],
)
def test_what_is_no_sound_or_picture_is_refused_with_a_reason(
    people: SimpleNamespace, visit: Any, address: str, name: str, content: bytes | None
) -> None:
    file = a_picture(name) if content is None else SimpleUploadedFile(name, content)
    answer = visit(people.editor).post(address, {"file": file})
    assert answer.status_code == 422
    assert len(answer.json()["error"]) > 10
    assert not StoredFile.objects.exists()
    assert not Picture.objects.exists()


@pytest.mark.parametrize("address", [SOUND, PICTURE])
def test_only_who_writes_the_dictionary_uploads(people: SimpleNamespace, visit: Any, address: str) -> None:
    for who in (people.student, people.moderator):
        assert visit(who).post(address, {"file": a_sound()}).status_code in {302, 403}
    assert visit(people.editor).post(address).status_code == 422
    assert visit(people.editor).get(address).status_code == 405
    assert not StoredFile.objects.exists()


def test_a_picture_is_shown_on_the_page_and_the_card(people: SimpleNamespace, visit: Any) -> None:
    cheval = word("cheval")
    client: Client = visit(people.editor)
    number = client.post(PICTURE, {"file": a_picture(), "title": "A horse"}).json()["id"]
    more = {"pictures-TOTAL_FORMS": 1, "pictures-0-picture": number, "pictures-0-alt": "A brown horse"}
    answer = client.post(f"/cms/vocabulary/word/edit/{cheval.pk}/", entry_form(client, cheval, **more))
    assert answer.status_code == 302, answer.context["form"].errors
    student: Client = visit(people.student)
    assert 'alt="A brown horse"' in student.get(cheval.get_absolute_url()).content.decode()
    shown = student.get(f"/dictionary/picture/{cheval.pk}/")
    with Image.open(io.BytesIO(body(shown))) as picture:
        assert max(picture.size) == 480
    student.post("/words/save/", {"lexeme": cheval.pk})
    assert 'alt="A brown horse"' in student.get("/words/review/").content.decode()


def test_sounds_and_pictures_are_as_closed_as_their_words(people: SimpleNamespace, visit: Any, settings: Any) -> None:
    settings.SPEECH_PROGRAM = ""
    speech.program.cache_clear()
    draft = word("cheval", state=State.DRAFT)
    Pronunciation.objects.create(lexeme=draft, recording=store_sound(file=a_sound(), title="cheval", by=None))
    EntryPicture.objects.create(
        lexeme=draft, picture=store_picture(file=a_picture(), title="A horse", by=None), alt="x"
    )
    for address in (f"/dictionary/sound/{draft.pk}/", f"/dictionary/picture/{draft.pk}/"):
        assert visit().get(address).status_code == 302
        assert visit(people.student).get(address).status_code == 404
        assert visit(people.editor).get(address).status_code == 200
        assert visit(people.editor).get(address.replace(str(draft.pk), "99999")).status_code == 404
    bare = word("arbre")
    for address in (f"/dictionary/sound/{bare.pk}/", f"/dictionary/picture/{bare.pk}/"):
        assert visit(people.editor).get(address).status_code == 404


def test_the_collection_is_made_once(people: SimpleNamespace) -> None:
    for _round in range(2):
        store_sound(file=a_sound(), title="cheval", by=None)
    assert DictionaryFiles.objects.count() == 1


@pytest.fixture
def espeak(settings: Any) -> Any:
    settings.SPEECH_PROGRAM = "espeak-ng"
    speech.program.cache_clear()
    yield
    speech.program.cache_clear()


@needs_espeak
@pytest.mark.usefixtures("espeak")
def test_a_word_without_a_recording_is_spoken_once(people: SimpleNamespace, visit: Any) -> None:
    cheval = word("cheval")
    student: Client = visit(people.student)
    assert "synthetic voice" in student.get(cheval.get_absolute_url()).content.decode()
    heard = body(student.get(f"/dictionary/sound/{cheval.pk}/"))
    with wave.open(io.BytesIO(heard)) as sound:
        assert 0.2 < sound.getnframes() / sound.getframerate() < 5
    assert body(visit(people.classmate).get(f"/dictionary/sound/{cheval.pk}/")) == heard
    assert Speech.objects.get().file.title == "cheval (synthetic)"
    Pronunciation.objects.create(lexeme=cheval, recording=store_sound(file=a_sound(), title="cheval", by=None))
    assert body(student.get(f"/dictionary/sound/{cheval.pk}/")) != heard
    assert "synthetic voice" not in student.get(cheval.get_absolute_url()).content.decode()


@needs_espeak
@pytest.mark.usefixtures("espeak")
def test_a_word_like_an_option_runs_nothing(people: SimpleNamespace, visit: Any, tmp_path: Any) -> None:
    target = tmp_path / "written.wav"
    for lemma in (f"-w {target}", "--help", '<audio src="/etc/passwd">', "$(touch x)"):
        heard = visit(people.student).get(f"/dictionary/sound/{word(lemma).pk}/")
        assert heard.status_code == 200
    assert not target.exists()


@pytest.mark.usefixtures("espeak")
def test_a_program_that_hangs_or_fails_is_no_error(
    people: SimpleNamespace, visit: Any, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "SECONDS", 0.2)
    cheval = word("cheval")
    for script in ("exit 3", "sleep 5", "echo no sound", ""):
        program = tmp_path / f"speaks{len(script)}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        settings.SPEECH_PROGRAM = str(program)
        speech.program.cache_clear()
        assert visit(people.student).get(f"/dictionary/sound/{cheval.pk}/").status_code == 404
    assert not Speech.objects.exists()


def test_new_speech_has_a_limit(
    people: SimpleNamespace, visit: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_views.NEW_SPEECH, "people", 2)
    settings.SPEECH_PROGRAM = "sh"
    speech.program.cache_clear()
    student = visit(people.student)
    codes = [student.get(f"/dictionary/sound/{word(f'mot{n}').pk}/").status_code for n in range(3)]
    assert codes == [404, 404, 429]
    speech.program.cache_clear()
