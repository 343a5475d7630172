"""What the dialogs about saved conversations look like: each dark and small, and light and large."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input

from tests.snapshot.test_screens import Compare
from tests.support.builders import a_conversation
from tests.support.dialogs import find, thrown_away
from tui.domain.conversation import ConversationId
from tui.screens import importing, search
from tui.screens.importing import ImportScreen
from tui.screens.search import SearchScreen
from tui.screens.transfer import ExportScreen
from tui.screens.trash import TrashScreen
from tui.services.transfer.found import Failure
from tui.services.transfer.importing import ImportSummary
from tui.services.transfer.sources import Program
from tui.themes import THEMES

LOOKS = [("calm-dark", (80, 24)), ("calm-light", (120, 40))]
SERVICES: Any = SimpleNamespace(store=None, bus=None, undo=SimpleNamespace(last=1))


class Host(App[None]):
    """Nothing but what a dialog lies upon."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, theme: str) -> None:
        super().__init__()
        self.animation_level = "none"
        for each in THEMES:
            self.register_theme(each)
        self.theme = theme


async def _remove(_: ConversationId) -> None:
    raise AssertionError


def _search() -> ModalScreen[Any]:
    return SearchScreen(find, "pelican")


def _trash() -> ModalScreen[Any]:
    return TrashScreen(thrown_away(30), _remove)


def _export() -> ModalScreen[Any]:
    return ExportScreen(SERVICES, a_conversation("Birds of the Seine"))


def _import() -> ModalScreen[Any]:
    return ImportScreen(SERVICES)


@pytest.mark.parametrize("make", [_search, _trash, _export, _import])
@pytest.mark.parametrize(("theme", "size"), LOOKS)
def test_a_dialog(
    snap_compare: Compare,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], ModalScreen[Any]],
    theme: str,
    size: tuple[int, int],
) -> None:
    monkeypatch.setattr(search, "_DELAY", 0.0)
    monkeypatch.setattr(importing, "_found_stores", lambda: dict.fromkeys(Program))

    async def run_before(pilot: Pilot[None]) -> None:
        screen = make()
        await pilot.app.push_screen(screen)
        for field in screen.query(Input):
            field.cursor_blink = False
        if isinstance(screen, ExportScreen):
            screen.path.value = "/home/me/birds-of-the-seine.md"
        if isinstance(screen, ImportScreen):
            failure = Failure("export.zip: conversations.json, conversation 3 “Trip”", "it has no id")
            ids = (ConversationId("a"),)
            screen._show_summary(ImportSummary(ids * 12, ids, 3, (failure,), 1, stopped=False))
        for _ in range(12):
            await pilot.pause()

    assert snap_compare(Host(theme), terminal_size=size, run_before=run_before)
