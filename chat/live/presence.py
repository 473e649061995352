"""How many people are in a room, over all processes: each tells the others whom it has, by their keys."""

from time import monotonic

REPEAT = 20.0  # seconds after which a process tells again
FORGET = 50.0  # seconds of silence after which a process is gone


class Presence:
    __slots__ = ("_others", "_told_at")

    def __init__(self) -> None:
        self._others: dict[str, tuple[float, frozenset[int]]] = {}  # by process: when it told, and whom it has
        self._told_at = 0.0

    def count(self, own: set[int]) -> int:
        """How many people there are, with those of this process; a person in two processes counts once."""
        return len(own.union(*(people for _at, people in self._others.values())))

    def told(self) -> None:
        """This process has told the others."""
        self._told_at = monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time to tell again."""
        return monotonic() - self._told_at > REPEAT

    def hear(self, process: str, people: set[int]) -> bool:
        """Another process has told whom it has; returns whether it is new, and has to be told of ours."""
        is_new = process not in self._others
        self._others[process] = (monotonic(), frozenset(people))
        return is_new

    def forget_lost_processes(self) -> bool:
        """Forget processes that tell nothing any more; returns whether there were some."""
        silent = [key for key, (at, _people) in self._others.items() if monotonic() - at > FORGET]
        for key in silent:
            del self._others[key]
        return bool(silent)
