"""One-line breaks of a module: a rule turned round or taken away, each as a whole source text."""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OTHER_SIDE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
LOOKUPS = {"__lte": "__lt", "__lt": "__lte", "__gte": "__gt", "__gt": "__gte"}
QUERIES = {"filter", "exclude", "get", "update", "Q"}
SILENT = {"debug", "info", "warning", "exception", "log"}  # what is logged is not a rule


@dataclass(frozen=True, slots=True)
class Change:
    """`source` is the whole module with one place of it changed."""

    first_line: int
    last_line: int
    function: str
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """Names the change without its line number, so that it keeps its name when lines move."""
        return f"{self.function}: {self.before} → {self.after}"


def changes_of(source: str) -> list[Change]:
    """Every one-line break of this module, in the order of its lines."""
    tree = ast.parse(source)
    found = []
    for function, node in _in_functions(tree, "module"):
        for changed in _breaks_of(node):
            before, after = ast.unparse(node), ast.unparse(changed)
            text = _replaced(source, node, f"({after})" if isinstance(node, ast.expr) else after)
            try:
                ast.parse(text)
            except SyntaxError:
                continue
            shown = [part if len(part) <= 120 else f"{part[:117]}..." for part in (before, after)]
            found.append(Change(node.lineno, node.end_lineno or node.lineno, function, *shown, text))
    return sorted(found, key=lambda change: (change.first_line, change.name))


def _in_functions(tree: ast.AST, function: str) -> Iterator[tuple[str, ast.stmt | ast.expr]]:
    """Every statement and expression with the name of the function around it; without annotations."""
    for field, value in ast.iter_fields(tree):
        if field in {"annotation", "returns", "decorator_list"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            inside = function
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = child.name if function == "module" else f"{function}.{child.name}"
            if isinstance(child, ast.stmt | ast.expr):
                yield inside, child
            yield from _in_functions(child, inside)


def _breaks_of(node: ast.stmt | ast.expr) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield _with(node, ops=[OPPOSITE[type(node.ops[0])]()])
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for place, value in enumerate(node.values):
            if isinstance(node.op, ast.Or) and isinstance(value, ast.Constant) and not value.value:
                continue  # `user.pk or 0`: an empty value in place of None, which finds nothing either
            left = node.values[:place] + node.values[place + 1 :]
            yield left[0] if len(left) == 1 else _with(node, values=left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in OTHER_SIDE:
        yield _with(node, op=OTHER_SIDE[type(node.op)]())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise | ast.Return | ast.Continue):
        yield _with(node, test=ast.Constant(False))
    elif isinstance(node, ast.Call):
        yield from _breaks_of_call(node)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _called(node.value) not in SILENT:
        yield ast.Pass()


def _breaks_of_call(node: ast.Call) -> Iterator[ast.AST]:
    if _called(node) not in QUERIES:
        return
    for place, keyword in enumerate(node.keywords):
        if keyword.arg is None:
            continue
        others = node.keywords[:place] + node.keywords[place + 1 :]
        if others or node.args or _called(node) == "filter":
            yield _with(node, keywords=others)
        for lookup, other in LOOKUPS.items():
            if keyword.arg.endswith(lookup):
                renamed = ast.keyword(keyword.arg.removesuffix(lookup) + other, keyword.value)
                yield _with(node, keywords=[*node.keywords[:place], renamed, *node.keywords[place + 1 :]])


def _called(node: ast.Call) -> str:
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _replaced(source: str, node: ast.stmt | ast.expr, text: str) -> str:
    """The source with this node's text replaced; columns of `ast` count bytes."""
    lines = source.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    head, tail = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    indented = text.replace("\n", "\n" + " " * node.col_offset)
    return b"".join([*lines[:first], head, indented.encode(), tail, *lines[last + 1 :]]).decode()
