"""How the house is built: no circle of files, whatever stands inside a function or is imported for types only."""

import ast
from pathlib import Path

import pytest

from tests.parts import ONCE

BASE = Path(__file__).resolve().parents[1]
TOP = ("learning", "chat", "home")
pytestmark = ONCE


def modules() -> dict[str, Path]:
    """Our modules by their names; migrations, which Django orders itself, left out."""
    found = {}
    for path in (path for top in TOP for path in (BASE / top).rglob("*.py") if "migrations" not in path.parts):
        name = ".".join(path.relative_to(BASE).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imports_of(source: str, known: set[str]) -> set[str]:
    """Which of the known modules a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in known else node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found & known


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, in the order in which they import one another; empty where there is none."""
    done: set[str] = set()
    for start in sorted(graph):
        trail: list[str] = []
        stack = [(start, iter(sorted(graph[start])))] if start not in done else []
        trail += [start] if stack else []
        while stack:
            module, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                done.add(module)
                stack.pop()
                trail.pop()
            elif following in trail:
                return [*trail[trail.index(following) :], following]
            elif following not in done:
                trail.append(following)
                stack.append((following, iter(sorted(graph[following]))))
    return []


def test_there_is_no_circle_of_files() -> None:
    found = modules()
    assert len(found) > 200
    known = set(found)
    graph = {name: imports_of(path.read_text(encoding="utf-8"), known) - {name} for name, path in found.items()}
    circle = circle_in(graph)
    assert not circle, " imports ".join(circle)


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
    ],
)
def test_circles_are_found(graph: dict[str, set[str]], circle: list[str]) -> None:
    assert circle_in(graph) == circle


def test_imports_inside_functions_and_for_types_count() -> None:
    source = "import a\nif TYPE_CHECKING:\n    from b import x\ndef f():\n    from c import d\n"
    assert imports_of(source, {"a", "b", "c", "c.d", "e"}) == {"a", "b", "c.d"}


def test_lines_of_templates_can_be_read() -> None:
    """`djhtml` keeps their indentation; this keeps one tag or statement on a line, more or less."""
    paths = [path for path in (BASE / "templates").rglob("*") if path.suffix in {".html", ".txt"}]
    assert len(paths) > 100
    too_long = [
        f"{path.relative_to(BASE)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 160
    ]
    assert too_long == []
