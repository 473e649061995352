"""What cannot be done with the dictionary, said to people."""

from typing import Any


class VocabularyError(Exception):
    """`code` is for programs, the text for people."""

    def __init__(self, code: str, text: Any) -> None:
        super().__init__(str(text))
        self.code = code
