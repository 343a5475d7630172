"""Nodes as rows of a width."""

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len

from tui.rendering.code import CodeText, CodeView, Hole, code_rows, header, language_of
from tui.rendering.ink import BLANK, FRAME, MUTED, TEXT, Ink, Row, Run
from tui.rendering.line import Palette
from tui.rendering.nodes import Node, note_mark
from tui.rendering.table import table_rows
from tui.rendering.tex import to_unicode
from tui.rendering.wrap import wrap_runs

_BULLETS: Final = "•◦▪"
_BAR: Final = ("▌ ", Ink("bar"))
_LEAST: Final = 6
"""With less room than this for the text, indentation is left out."""

_CODE: Final = frozenset({"fence", "code_block"})


class Layout:
    """Lays out the nodes of one block."""

    def __init__(
        self, palette: Palette, first_code: int, ordinal: int | None, holes: Sequence[Hole] = ()
    ) -> None:
        self._palette = palette
        self._holes = {hole.line: hole for hole in holes}
        self._code = first_code
        self._ordinal = ordinal

    def rows(self, nodes: Sequence[Node], width: int, depth: int = 0) -> list[Row]:
        """Return the rows of `nodes`, one below the other, with the empty lines of their source."""
        result: list[Row] = []
        for number, node in enumerate(nodes):
            if number and (node.gap or depth == 0 or nodes[number - 1].kind in _CODE):
                result.append(BLANK)
            result.extend(self._node(node, width, depth))
        return result

    def _node(self, node: Node, width: int, depth: int) -> list[Row]:
        match node.kind:
            case "paragraph" | "inline":
                return _wrapped(node.runs, width)
            case "heading":
                return _heading(node, width)
            case "fence" | "code_block":
                return self._fence(node, width)
            case "bullet_list" | "ordered_list":
                return self._list(node, width, depth)
            case "blockquote":
                return self._prefixed(node.children, [_BAR], [_BAR], width, depth)
            case "footnote_reference":
                mark = note_mark(node.info) + " "
                return self._prefixed(node.children, [(mark, Ink("note"))], [_indent(mark)], width, depth)
            case "table":
                return table_rows(node, width)
            case "hr":
                return [Row([("─" * width, FRAME)], width)]
            case "math_block":
                return _mathematics(node, width)
            case _:
                return _wrapped([(node.text.rstrip("\n"), MUTED)], width)

    def _fence(self, node: Node, width: int) -> list[Row]:
        number, self._code = self._code, self._code + 1
        if hole := self._holes.get(node.line):
            return [header(hole.buffer.language, number, width), Row([], code=CodeView(hole, width))]
        return code_rows(node.info, _code_lines(node), number, width, self._palette)

    def _list(self, node: Node, width: int, depth: int) -> list[Row]:
        ordinal = node.number if self._ordinal is None else self._ordinal
        self._ordinal = None
        rows: list[Row] = []
        for number, item in enumerate(node.children):
            if number and (item.gap or _ends_in_code(node.children[number - 1])):
                rows.append(BLANK)
            if item.info:
                mark: Run = ("☑ " if item.info == "x" else "☐ ", Ink("marker"))
            elif node.kind == "ordered_list":
                mark = (f"{ordinal + number}{node.info} ", Ink("marker"))
            else:
                mark = (_BULLETS[min(depth // 2, 2)] + " ", Ink("marker"))
            rows.extend(self._prefixed(item.children, [mark], [_indent(mark[0])], width, depth + 1))
        return rows

    def _prefixed(
        self, nodes: Sequence[Node], first: list[Run], rest: list[Run], width: int, depth: int
    ) -> list[Row]:
        size = sum(cell_len(text) for text, _ in first)
        if width - size < _LEAST:
            return self.rows(nodes, width, depth + 1) or [BLANK]
        rows = self.rows(nodes, width - size, depth + 1) or [BLANK]
        if nodes and nodes[0].kind in _CODE and rest != first:
            rows.insert(0, BLANK)
        result: list[Row] = []
        for number, row in enumerate(rows):
            prefix = rest if number else first
            runs = [*prefix, *row.runs]
            if not row.runs and row.code is None and rest != first and number:
                runs = []
            result.append(row._replace(runs=runs, gutter=size + row.gutter if runs else 0))
        return result


def _ends_in_code(item: Node) -> bool:
    return bool(item.children) and item.children[-1].kind in _CODE


def _indent(mark: str) -> Run:
    return (" " * cell_len(mark), TEXT)


def _wrapped(runs: Sequence[Run], width: int) -> list[Row]:
    return [Row(line.runs, 0, line.join) for line in wrap_runs(runs, width)]


def _heading(node: Node, width: int) -> list[Row]:
    role = f"h{min(node.number, 4)}"
    runs = [
        (text, ink._replace(role=role if ink.role == "text" else ink.role, bold=True))
        for text, ink in node.runs
    ]
    rows = _wrapped(runs, width)
    if node.number == 1:
        rows.append(Row([("━" * width, FRAME)], width))
    return rows


def _mathematics(node: Node, width: int) -> list[Row]:
    text = to_unicode(node.text, "$$" if node.number else "")
    indent = 2 if width >= _LEAST + 2 else 0
    rows = _wrapped([(text.strip("\n"), Ink("math"))], width - indent)
    return [
        Row(
            [(" " * indent, TEXT), *row.runs] if indent and row.runs else row.runs,
            indent if row.runs else 0,
            row.join,
        )
        for row in rows
    ]


def _code_lines(node: Node) -> list[str]:
    return node.text.removesuffix("\n").split("\n") if node.text else []


def code_texts(nodes: Sequence[Node], holes: Sequence[Hole] = ()) -> list[CodeText]:
    """Return the blocks of code among `nodes`, in the order in which they are drawn."""
    by_line = {hole.line: hole for hole in holes}
    found: list[CodeText] = []
    for node in nodes:
        if node.kind in _CODE and node.line in by_line:
            found.append(by_line[node.line].text)
        elif node.kind in _CODE:
            found.append(CodeText(language_of(node.info), "\n".join(_code_lines(node))))
        found.extend(code_texts(node.children, holes))
    return found
