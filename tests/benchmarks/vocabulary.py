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
    """A browser that answers cards, each under an identifier of its own, and asks for the next one."""

    def __init__(self, port: int, session: str, cards: list[int]) -> None:
        self.port, self.session, self.cards = port, session, iter(cards)

    def answer(self, count: int) -> int:
        """Answer so many cards on one connection; returns the bytes of the last response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        headers = {
            "Cookie": f"sessionid={self.session}; csrftoken={CSRF}", "X-CSRFToken": CSRF, "Host": "127.0.0.1",
            "Content-Type": "application/json", "Accept": "application/json", "Accept-Language": "en",
        }  # fmt: skip
        size = 0
        for _n in range(count):
            connection.request("POST", "/words/answers/", body=self._body(), headers=headers)
            response = connection.getresponse()
            size = len(response.read())
            if response.status != 200:
                raise RuntimeError(f"/words/answers/: {response.status}")
        connection.close()
        return size

    def _body(self) -> str:
        now = datetime.now(UTC).isoformat()
        one = {"id": str(uuid.uuid4()), "card": next(self.cards), "rating": 3, "at": now, "typed": "", "took": 4000}
        return json.dumps({"answers": [one], "n": 1, "skip": []})


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
    reviewer = Reviewer(school.port, facts["session"], json.loads(facts["cards"]))
    pages = {f"suggestions for “{typed}”": f"/dictionary/suggest/?q={typed.replace(' ', '+')}" for typed in TYPED}
    pages["entry page"] = f"/dictionary/de/{facts['lemma']}/"
    pages["words today"] = "/words/"
    pages["a word where one reads"] = f"/dictionary/look/?word={facts['lemma']}&language=de"
    subjects: dict[str, Callable[[int], Any]] = {
        label: (lambda count, path=path: own.get(path, count))
        for label, path in pages.items()  # type: ignore[misc]
    }
    subjects["answer and next card"] = reviewer.answer
    size = reviewer.answer(3)
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
