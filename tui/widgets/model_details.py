"""Everything about one model, to be read."""

from collections.abc import Sequence
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui.domain.errors import TuiError
from tui.domain.model import ModelDetails, ModelInfo, RunningModel
from tui.domain.pull import Pull
from tui.domain.text import sanitize, sanitize_line
from tui.widgets.fit import fit
from tui.widgets.model_words import (
    left_words,
    memory_words,
    percent,
    progress_bar,
    pull_keys,
    pull_words,
    size_words,
)

_LONGEST = 40_000
"""Characters of a text that are shown: a licence is a tenth of that."""

_LAYERS = 12


class ModelDetailsPane(VerticalScroll):
    """A pane that scrolls; told what to show."""

    DEFAULT_CSS = """
    ModelDetailsPane {
        padding: 0 2;
        background: $background;
        scrollbar-size-vertical: 1;
        &:focus { background-tint: transparent 0%; }
        Static { height: auto; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = []

    text = getters.query_one(Static)

    def compose(self) -> ComposeResult:
        """Compose the text."""
        yield Static("", markup=False)

    def clear(self, words: str = "") -> None:
        """Show nothing but some words."""
        self.text.update(Content.styled(sanitize(words), "$text-muted"))

    def show_model(
        self,
        model: ModelInfo,
        running: RunningModel | None,
        details: ModelDetails | None,
        *,
        now: float,
        error: TuiError | None = None,
    ) -> None:
        """Show a model; `details` as soon as they are known."""
        self.text.update(model_text(model, running, details, now=now, error=error))
        self.scroll_home(animate=False)

    def show_pull(self, pull: Pull) -> None:
        """Show how far each file of a model is."""
        self.text.update(pull_text(pull, max(20, self.scrollable_content_region.width - 4)))


def model_text(
    model: ModelInfo,
    running: RunningModel | None,
    details: ModelDetails | None,
    *,
    now: float,
    error: TuiError | None = None,
) -> Content:
    """Return everything about a model."""
    parts = [Content.styled(sanitize_line(model.name), "bold $text-primary"), Content("")]
    parts += [_fact(*fact) for fact in _facts(model, running, details, now) if fact[1]]
    if error is not None:
        parts += [Content(""), Content.styled(sanitize(f"{error.message}\n{error.hint}"), "$text-error")]
    elif details is None:
        parts += [Content(""), Content.styled("Asking the server…", "$text-muted")]
    else:
        for heading, text in (
            ("System prompt", details.system),
            ("Parameters", _parameters(details.parameters)),
            ("Template", details.template),
            ("Licence", details.license),
            ("Modelfile", details.modelfile),
        ):
            parts += _section(heading, text)
    return Content("\n").join(parts)


def _facts(
    model: ModelInfo, running: RunningModel | None, details: ModelDetails | None, now: float
) -> Sequence[tuple[str, str]]:
    family = model.family or (details.family if details else "")
    context = model.context_length or (details.context_length if details else None)
    able = model.capabilities or (details.capabilities if details else frozenset())
    loaded, left, window = "", "", None
    if running is not None:
        memory = (size_words(running.size), memory_words(running))
        loaded = " · ".join(each for each in memory if each) or "yes"
        left, window = left_words(running, now), running.context_length
    return (
        ("Family", family),
        ("Size", model.parameter_size or (details.parameter_size if details else "")),
        ("Quantisation", model.quantization or (details.quantization if details else "")),
        ("Context", f"up to {context:,} tokens" if context else ""),
        ("On disk", size_words(model.size)),
        ("Can", ", ".join(sorted(able - {"completion"})) or ("chat" if able else "")),
        ("Loaded", loaded),
        ("Time left", "kept until unloaded" if left == "kept" else left),
        ("In force", f"{window:,} tokens" if window else ""),
        ("Digest", model.digest.removeprefix("sha256:")[:12]),
    )


def _fact(label: str, value: str) -> Content:
    return Content.styled(fit(label, 14), "$text-muted") + Content(sanitize_line(value, 200))


def _section(heading: str, text: str) -> list[Content]:
    if not text.strip():
        return []
    shown = sanitize(text[:_LONGEST]).strip("\n")
    if len(text) > _LONGEST:
        shown += f"\n… and {len(text) - _LONGEST:,} characters more"
    return [Content(""), Content.styled(heading, "bold $text-primary"), Content(shown)]


def _parameters(text: str) -> str:
    """Return parameters in two columns; servers pad them with thirty spaces."""
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    width = max((len(words[0]) for words in lines), default=0)
    return "\n".join(f"{words[0]:<{width}}  {words[1] if len(words) > 1 else ''}" for words in lines)


def pull_text(pull: Pull, width: int) -> Content:
    """Return how far each file of a model is."""
    parts = [Content.styled(sanitize_line(pull.name), "bold $text-primary"), Content("")]
    parts.append(pull_words(pull))
    if pull.total:
        parts.append(Content(f"{size_words(pull.completed) or '0 B'} of {size_words(pull.total)}"))
        share = pull.completed / pull.total
        parts.append(progress_bar(share, min(40, width - 6)) + Content(f" {percent(pull)}"))
    if pull.error is not None and pull.error.hint:
        parts += [Content(""), Content.styled(sanitize(pull.error.hint), "$text-muted")]
    if pull.layers:
        parts += [Content(""), Content.styled("Files", "bold $text-primary")]
    for layer in pull.layers[:_LAYERS]:
        short = sanitize_line(layer.digest.removeprefix("sha256:"), 12)
        bar = progress_bar(layer.completed / layer.total if layer.total else 0.0, min(14, width - 28))
        done = "✓" if layer.completed >= layer.total else f"{100 * layer.completed // layer.total} %"
        parts.append(
            Content.styled(f"{short}  ", "$text-muted")
            + bar
            + Content(f" {done:>5} {size_words(layer.total):>7}")
        )
    parts += [Content(""), Content.styled(pull_keys(pull), "$text-muted")]
    return Content("\n").join(parts)
