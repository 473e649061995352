"""What is measured: how many rooms with how many clients, for every server alike."""

from typing import TypedDict

SHAPES = {"one": (1, 200), "many": (20, 50), "burst": (1, 20), "crowd": (1, 500)}
PEOPLE = max(rooms * clients for rooms, clients in SHAPES.values())


class RoomFacts(TypedDict):
    """A room with the sessions of its people."""

    room: int | str
    sessions: list[str]


Facts = dict[str, list[RoomFacts]]  # by the name of the shape


def facts_of(rooms: dict[str, list[int | str]], sessions: list[str]) -> Facts:
    """Deal the people out to the rooms of every shape, from the first one on."""
    found: Facts = {}
    for shape, (_count, clients) in SHAPES.items():
        found[shape] = [
            {"room": room, "sessions": sessions[place * clients : (place + 1) * clients]}
            for place, room in enumerate(rooms[shape])
        ]
    return found


def plain_facts() -> Facts:
    """For servers that know neither people nor sessions."""
    names = {shape: [f"{shape}-{n}" for n in range(count)] for shape, (count, _clients) in SHAPES.items()}
    return facts_of(names, [""] * PEOPLE)  # type: ignore[arg-type]
