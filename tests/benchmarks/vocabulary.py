"""`BENCH=words make bench`: the dictionary and reviews with half a million words and ten million reviews."""

import http.client
import json
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

TYPED = ("mo", "mob", "baba", "gelu", "to a", "nini", "larebo", "zzzz", "demolas")  # as one types, and a form
CSRF = "a" * 32


class Reviewer:
    """A browser that answers cards as `static/js/words.js` does.

    It holds up to eight cards; when four are left, it sends the four answers, each under an identifier of its own, and
    asks for four more cards.
    """

    HELD, FEW = 8, 4

    def __init__(self, port: int, session: str) -> None:
        self.port, self.session = port, session
        self.cards: list[int] = []

    def answer(self, count: int) -> int:
        """Answer so many cards, a multiple of four, on one connection; returns the bytes of a response per card."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        size = 0
        if not self.cards:
            self._send(connection, [])
        for _n in range(0, count, self.HELD - self.FEW):
            answered, self.cards = self.cards[: -self.FEW], self.cards[-self.FEW :]
            size += self._send(connection, [self._answer(card) for card in answered])
        connection.close()
        return size // count

    def _answer(self, card: int) -> dict[str, Any]:
        now = datetime.now(UTC).isoformat()
        return {"id": str(uuid.uuid4()), "card": card, "rating": 3, "at": now, "typed": "", "took": 4000}

    def _send(self, connection: http.client.HTTPConnection, answers: list[dict[str, Any]]) -> int:
        headers = {
            "Cookie": f"sessionid={self.session}; csrftoken={CSRF}", "X-CSRFToken": CSRF, "Host": "127.0.0.1",
            "Content-Type": "application/json", "Accept": "application/json", "Accept-Language": "en",
        }  # fmt: skip
        body = json.dumps(
            {
                "answers": answers,
                "n": self.HELD - len(self.cards),
                "skip": self.cards + [one["card"] for one in answers],
            }
        )
        connection.request("POST", "/words/answers/", body=body, headers=headers)
        response = connection.getresponse()
        text = response.read()
        if response.status != 200:
            raise RuntimeError(f"/words/answers/: {response.status}")
        self.cards += [card["id"] for card in json.loads(text)["cards"]]
        return len(text)


def measured(server: Any, count: int, ask: Callable[[int], Any]) -> float:
    """CPU milliseconds of one request, of all processes."""
    before = server.cpu()
    ask(count)
    time.sleep(0.05)
    return float(server.cpu() - before) / count


def words(school: Any, floor: Any, facts: dict[str, str], rounds: int, requests: int) -> Iterator[str]:
    """Measure in interleaved rounds; gives the lines of the table."""
    from dataclasses import replace

    own = replace(school, session=facts["session"])
    reviewer = Reviewer(school.port, facts["session"])
    pages = {f"suggestions for “{typed}”": f"/dictionary/suggest/?q={typed.replace(' ', '+')}" for typed in TYPED}
    pages["entry page"] = f"/dictionary/de/{facts['lemma']}/"
    pages["words today"] = "/words/"
    pages["a word where one reads"] = f"/dictionary/look/?word={facts['lemma']}&language=de"
    subjects: dict[str, Callable[[int], Any]] = {
        label: (lambda count, path=path: own.get(path, count))
        for label, path in pages.items()  # type: ignore[misc]
    }
    subjects["an answer and the next card"] = reviewer.answer
    size = reviewer.answer(8)
    subjects["floor"] = lambda count: floor.get(f"/?bytes={size}", count)
    taken: dict[str, list[float]] = {label: [] for label in subjects}
    for label, ask in subjects.items():
        ask(8)
        taken[label].clear()
    for _round in range(rounds):
        for label, ask in subjects.items():
            server = floor if label == "floor" else own
            taken[label].append(measured(server, requests, ask))
    base = statistics.median(taken["floor"])
    yield f"{rounds} rounds of {requests} requests; the floor gives {size} bytes\n"
    yield "| words | CPU ms | × floor |\n|---|---|---|"
    for label, samples in taken.items():
        yield f"| {label} | {statistics.median(samples):.1f} | {statistics.median(samples) / base:.2f} |"
