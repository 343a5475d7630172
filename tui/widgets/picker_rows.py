"""The rows of the model list: which columns there are, and what stands in them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from textual.content import Content

from tui.domain.model import ModelInfo, RunningModel, find_model, find_running
from tui.domain.server import ServerReport
from tui.domain.text import sanitize_line
from tui.widgets.fit import fit
from tui.widgets.model_filter import capability_words, filter_models
from tui.widgets.model_words import context_words, left_words, size_words

_COLUMNS = (
    ("parameters", 9),
    ("quantisation", 10),
    ("size", 10),
    ("context", 7),
    ("capabilities", 23),
    ("load", 8),
    ("loaded", 10),
)
_LEAST_NEEDED = ("load", "context", "capabilities", "size", "quantisation")
_NAME = 24
"""Cells that names keep, whatever columns have to go for it."""

_WORDS = {
    "parameters": "params",
    "quantisation": "quant",
    "capabilities": "can",
    "context": "ctx",
    "loaded": "loaded",
}
_FACTS = {"context": "context {}", "load": "loads in {}"}
"""What is said of a column where there is none."""


@dataclass(frozen=True, slots=True)
class PickerContents:
    """What the list shows."""

    models: Sequence[ModelInfo] = ()
    """The models of the server in use."""
    running: Sequence[RunningModel] = ()
    """Those of them that are loaded."""
    favourites: Collection[str] = ()
    """Names of the models that stand first, wherever they are."""
    load_seconds: Mapping[str, float] = field(default_factory=dict)
    """How long models typically take to load here."""
    servers: Sequence[ServerReport] = ()
    """The configured servers; the one in use among them."""


@dataclass(frozen=True, slots=True)
class PickerRow:
    """One model, and where it is."""

    model: ModelInfo
    server: ServerReport | None = None
    """The server that has it; None for the one in use."""


def picker_rows(query: str, contents: PickerContents) -> list[PickerRow]:
    """Return the models that match `query`: favourites first, those of other servers last."""
    rows = [PickerRow(model) for model in filter_models(query, contents.models)]
    for server in contents.servers:
        if not server.current:
            rows += _elsewhere(query, server)
    if not query.strip():
        rows.sort(key=lambda row: row.model.name not in contents.favourites)
    return rows


def _elsewhere(query: str, server: ServerReport) -> list[PickerRow]:
    words = [word for word in query.split() if word.casefold() not in server.label.casefold()]
    return [PickerRow(model, server) for model in filter_models(" ".join(words), server.models)]


def columns_for(width: int) -> list[tuple[str, int]]:
    """Return the columns after the name that there is room for."""
    columns = list(_COLUMNS)
    for unneeded in _LEAST_NEEDED:
        if width - sum(each for _, each in columns) >= _NAME:
            break
        columns = [column for column in columns if column[0] != unneeded]
    return columns


def headings(width: int) -> str:
    """Return the row of headings."""
    columns = columns_for(width)
    name = width - sum(each for _, each in columns) - 2
    rest = "".join(_cell(label, _WORDS.get(label, label), size) for label, size in columns)
    return "  " + fit("name", name) + rest


def row_text(
    row: PickerRow, contents: PickerContents, current: str, width: int, clock: Callable[[], float]
) -> Content:
    """Return a row, exactly `width` cells wide."""
    columns = columns_for(width)
    name = width - sum(each for _, each in columns) - 2
    running = find_running(
        row.model.name, tuple(contents.running if row.server is None else row.server.running)
    )
    values = _values(row, contents)
    text = _mark(row, contents, current) + _name(row, name)
    for label, size in columns:
        if label == "loaded":
            text += Content.styled(fit(_loaded(running, clock()), size), "$text-success")
        else:
            text += Content(_cell(label, values[label], size))
    return text


def left_out(rows: Sequence[PickerRow], row: PickerRow, contents: PickerContents, width: int) -> str:
    """Return what the columns have no room for of `row`, one of `rows`, in as many lines for each of them.

    Its whole name comes first where there is one among `rows` that is cut.
    """
    columns = dict(columns_for(width))
    name = width - sum(columns.values()) - 2
    values = _values(row, contents)
    lines: list[str] = []
    if any(cell_len(_full_name(each)) > name for each in rows):
        lines.append(fit(_full_name(row), width))
    missing = [label for label, _ in _COLUMNS if label not in columns]
    if missing:
        facts = [_FACTS.get(label, "{}").format(values[label]) for label in missing if values[label]]
        lines.append(fit(" · ".join(facts), width))
    return "\n".join(lines)


def _values(row: PickerRow, contents: PickerContents) -> dict[str, str]:
    model = row.model
    loads = contents.load_seconds if row.server is None else row.server.load_seconds
    return {
        "parameters": sanitize_line(model.parameter_size, 20),
        "quantisation": sanitize_line(model.quantization, 20),
        "size": size_words(model.size),
        "context": context_words(model.context_length),
        "capabilities": capability_words(model),
        "load": _seconds(loads.get(model.name)),
    }


def _full_name(row: PickerRow) -> str:
    name = sanitize_line(row.model.name)
    return name if row.server is None else f"{name} @ {sanitize_line(row.server.label, 30)}"


def _mark(row: PickerRow, contents: PickerContents, current: str) -> Content:
    if row.server is None and current and find_model(current, (row.model,)) is not None:
        return Content.styled("▌ ", "$text-primary")
    if row.model.name in contents.favourites:
        return Content.styled("★ ", "$text-warning")
    return Content("  ")


def _name(row: PickerRow, width: int) -> Content:
    name = sanitize_line(row.model.name)
    if row.server is None:
        return Content(fit(name, width))
    place = f" @ {sanitize_line(row.server.label, 30)}"
    space = max(8, width - len(place))
    shown = fit(name, min(space, len(name) + 1) if len(name) < space else space)
    return Content(fit(shown.rstrip() + place, width))


def _loaded(running: RunningModel | None, now: float) -> str:
    return f"● {left_words(running, now) or 'loaded'}" if running is not None else ""


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


def _cell(label: str, text: str, size: int) -> str:
    """Return the cells of one column: sizes to the right, words to the left, two cells between."""
    right = label in ("parameters", "size", "context", "load")
    return fit(text, size - 2, right=right) + "  "
