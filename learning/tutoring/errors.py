"""The error that every action of this app raises, with a code for programs and a sentence for people."""

from typing import Any


class TutoringError(Exception):
    """Something that cannot be done as asked; nothing was changed."""

    def __init__(self, code: str, sentence: Any) -> None:
        super().__init__(code)
        self.code, self.sentence = code, sentence

    def __str__(self) -> str:
        return str(self.sentence)
