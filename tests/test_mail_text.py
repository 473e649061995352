"""The text of a mail: its subject, its empty lines, its language."""

from pathlib import Path

import pytest
from django.test import override_settings

from learning.base.mail import mail_text


def test_the_first_line_is_the_subject_and_empty_lines_are_one(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text(
        "{% if yes %}\nHello {{ name }}\n{% endif %}\n\n{% if no %}\nnever\n{% endif %}\n"
        "First.\nSecond.\n\n  \n\nLast.\n\n"
    )
    templates = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [tmp_path]}]
    with override_settings(TEMPLATES=templates):
        text = mail_text("letter.txt", "en", {"yes": True, "name": "Ann"})
    assert text.subject == "Hello Ann"
    assert text.body == "First.\nSecond.\n\nLast.\n"


@pytest.mark.parametrize(("language", "subject"), [("ru", "У вас 1 упоминание"), ("", "You were mentioned")])
def test_the_language_is_the_reader_s_or_the_school_s(language: str, subject: str) -> None:
    person = type("Person", (), {"get_short_name": "Ann"})()
    text = mail_text("chat/mail/mentions.txt", language, {"person": person, "lines": [{"room": "R", "url": "U"}]})
    assert text.subject.startswith(subject)
