"""The rows of the model manager's list: what is being fetched, what is loaded, what is installed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from textual.content import Content

from tui.domain.model import ModelInfo, RunningModel, find_running
from tui.domain.pull import Pull, PullState
from tui.domain.text import sanitize_line
from tui.widgets.fit import fit
from tui.widgets.model_words import (
    context_words,
    left_words,
    memory_words,
    percent,
    progress_bar,
    pull_words,
    size_words,
)

_BAR = 16


class RowKind(StrEnum):
    """What a row is about."""

    HEADING = "heading"
    PULL = "pull"
    LOADED = "loaded"
    INSTALLED = "installed"


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """One row."""

    kind: RowKind
    name: str
    """The model's name; a heading's words."""
    text: Content

    @property
    def key(self) -> tuple[RowKind, str]:
        """What stays the same while its text changes."""
        return (self.kind, self.name if self.kind is not RowKind.HEADING else self.name.split(" ", 1)[0])


@dataclass(frozen=True, slots=True)
class LibraryContents:
    """What the list shows."""

    installed: Sequence[ModelInfo] = ()
    running: Sequence[RunningModel] = ()
    pulls: Sequence[Pull] = ()
    favourites: Collection[str] = ()


def library_rows(contents: LibraryContents, width: int, now: float) -> list[LibraryRow]:
    """Return the rows, each exactly `width` cells wide."""
    rows: list[LibraryRow] = []
    if contents.pulls:
        busy = sum(pull.state is PullState.RUNNING for pull in contents.pulls)
        rows.append(_heading("Fetching" + (f"  {busy} at once" if busy > 1 else ""), width))
        rows += [LibraryRow(RowKind.PULL, pull.name, pull_row(pull, width)) for pull in contents.pulls]
    if contents.running:
        if rows:
            rows.append(_heading("", width))
        memory = size_words(sum(model.size for model in contents.running))
        rows.append(_heading(f"Loaded  {memory} of memory" if memory else "Loaded", width))
        rows += [
            LibraryRow(RowKind.LOADED, model.name, loaded_row(model, width, now))
            for model in contents.running
        ]
    if rows:
        rows.append(_heading("", width))
    disk = size_words(disk_size(contents.installed))
    count = len(contents.installed)
    rows.append(_heading(f"Installed  {count}" + (f" · {disk} on disk" if disk else ""), width))
    order = sorted(contents.installed, key=lambda model: model.name not in contents.favourites)
    for model in order:
        loaded = find_running(model.name, tuple(contents.running)) is not None
        text = installed_row(model, width, loaded=loaded, favourite=model.name in contents.favourites)
        rows.append(LibraryRow(RowKind.INSTALLED, model.name, text))
    return rows


def disk_size(models: Sequence[ModelInfo]) -> int:
    """Return how many bytes models take together; names of the same files count once."""
    sizes = {model.digest or model.name: model.size for model in models}
    return sum(sizes.values())


def pull_row(pull: Pull, width: int) -> Content:
    """Return the row of a model that is being fetched."""
    words = pull_words(pull, brief=width < 60)
    name = sanitize_line(pull.name)
    space = max(12, min(30, width - _BAR - 36))
    if pull.state is not PullState.RUNNING:
        return _cut(Content(f"  {fit(name, space)} ") + words, width)
    share = pull.completed / pull.total if pull.total else 0.0
    row = Content(f"  {fit(name, space)} ") + progress_bar(share, _BAR)
    return _cut(row + Content(f" {percent(pull):>5}  ") + words, width)


def loaded_row(model: RunningModel, width: int, now: float) -> Content:
    """Return the row of a model that is loaded."""
    left = left_words(model, now)
    last = "kept" if left == "kept" else f"{left} left" if left else ""
    shared = 0 < model.size_vram < model.size
    brief = shared and width < 80
    context = f"{model.context_length:,}{'' if brief else ' tokens'}" if model.context_length else ""
    cells = [
        fit(size_words(model.size), 8, right=True),
        fit(memory_words(model), 19 if shared else 3),
        fit(context, 7 if brief else 14, right=True),
        fit(last, 11, right=True),
    ]
    words = "  ".join(cells)
    row = Content.styled("● ", "$text-success")
    row += Content(fit(sanitize_line(model.name), max(12, width - len(words) - 4)) + " ")
    return _cut(row + Content.styled(words, "$text-muted"), width)


def installed_row(model: ModelInfo, width: int, *, loaded: bool, favourite: bool) -> Content:
    """Return the row of an installed model."""
    mark = Content.styled("★ ", "$text-warning") if favourite else Content("  ")
    if loaded and not favourite:
        mark = Content.styled("● ", "$text-success")
    columns = [
        (sanitize_line(model.parameter_size, 20), 9),
        (sanitize_line(model.quantization, 20), 9),
        (context_words(model.context_length), 6),
        (size_words(model.size), 9),
    ]
    while len(columns) > 1 and width - sum(size for _, size in columns) < 26:
        columns.pop(0)
    name = width - sum(size for _, size in columns) - 3
    cells = "".join(fit(text, size, right=True) for text, size in columns)
    return mark + Content(fit(sanitize_line(model.name), name)) + Content.styled(f"{cells} ", "$text-muted")


def _heading(words: str, width: int) -> LibraryRow:
    first, _, rest = words.partition("  ")
    text = Content.styled(first, "bold $text-primary") + Content.styled(
        f"  {rest}" if rest else "", "$text-muted"
    )
    return LibraryRow(RowKind.HEADING, words, _cut(text, width))


def _cut(text: Content, width: int) -> Content:
    if text.cell_length <= width:
        return text.pad_right(width - text.cell_length)
    return text.truncate(width, ellipsis=True)
