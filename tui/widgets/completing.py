"""Keeps the menu of the input at what is being typed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tui.widgets.completion import (
    CompletionSource,
    PathWord,
    Suggestion,
    path_argument,
    path_word,
    suggest_commands,
    suggest_paths,
)

if TYPE_CHECKING:
    from textual.worker import Worker

    from tui.commands.command import Command
    from tui.domain.listing import Listing
    from tui.widgets.completion_menu import CompletionMenu
    from tui.widgets.prompt import Prompt
    from tui.widgets.prompt_area import PromptArea

_COMMAND_HINT: Final = "↵ runs · ⇥ completes · Esc: just text"
_PATH_HINT: Final = "↵ attaches · ⇥ completes · Esc closes"
_MUCH_HINT: Final = "a large folder: type how the name begins"


class Completing:
    """Looks at the word under the cursor, and writes, runs or attaches what is chosen for it.

    While the text neither begins with `/` nor has an `@` before the cursor, a look is two comparisons.
    """

    def __init__(self, prompt: "Prompt", area: "PromptArea") -> None:
        """Begin with nothing to offer."""
        self.source: CompletionSource | None = None
        """What knows what there is; None offers nothing."""
        self._prompt = prompt
        self._area = area
        self._menu: CompletionMenu | None = None
        self._word: PathWord | None = None
        self._commands: list[tuple[Command, str]] = []
        """What could be run when the menu was opened."""
        self._listed: tuple[str, str, Listing] | None = None
        """The folder that was read last, for which beginning of a name, and what it has."""
        self._reading: tuple[str, str] | None = None
        """The folder that is being read, and for which beginning of a name."""
        self._worker: Worker[None] | None = None
        self._dismissed = ""
        """What the menu was closed for: `/`, or where the `@` is."""

    @property
    def menu(self) -> "CompletionMenu":
        """The menu; made when it is first needed."""
        if self._menu is None:
            from tui.widgets.completion_menu import CompletionMenu

            self._menu = CompletionMenu(self._choose, self.dismiss)
            self._prompt.mount(self._menu, before=0)
        return self._menu

    @property
    def is_open(self) -> bool:
        """Whether there is anything to choose."""
        return self._menu is not None and self._menu.is_open

    def look(self) -> None:
        """Offer what the text may become as it is now."""
        if self.source is None:
            return
        row, column = self._area.cursor_location
        first = self._area.document[0]
        if first.startswith("/") and row == 0:
            self._offer_commands(self._area.document.text, self.source)
        elif "@" in (line := first if row == 0 else self._area.document[row]) and self.source.takes_files:
            self._offer_paths(path_word(line, column), row, self.source)
        else:
            self.close()
            self._dismissed = ""

    def close(self) -> None:
        """Offer nothing."""
        self._commands = []
        self._listed = self._reading = self._word = None
        if self.is_open:
            self.menu.offer(())

    def dismiss(self) -> None:
        """Offer nothing until something else is typed."""
        row, column = self._area.cursor_location
        if row == 0 and self._area.document[0].startswith("/"):
            self._dismissed = "/"
        elif word := path_word(self._area.document[row], column):
            self._dismissed = f"@{row}:{word.start}"
        self.close()

    async def press(self, key: str) -> bool:
        """Do what a key does in the menu; return whether it does anything.

        Keys may come faster than what was typed is told: the text is looked at again.
        """
        if self.source is not None:
            self.look()
        return self.is_open and await self.menu.press(key)

    def _offer_commands(self, text: str, source: CompletionSource) -> None:
        if self._dismissed == "/":
            return
        if not self._commands:
            self._commands = list(source.slash_commands())
        if source.takes_files and (word := path_argument(text, self._commands)) is not None:
            self._offer_files(word, source)
            return
        self._word = None
        found = suggest_commands(text, self._commands, source.slash_choices)
        if found or self.is_open:
            self.menu.offer(found, hint=_COMMAND_HINT)

    def _offer_paths(self, word: PathWord | None, row: int, source: CompletionSource) -> None:
        if word is None or self._dismissed == f"@{row}:{word.start}":
            self.close()
        else:
            self._offer_files(word, source)

    def _offer_files(self, word: PathWord, source: CompletionSource) -> None:
        self._word = word
        if self._listed is not None:
            folder, typed, listing = self._listed
            if folder == word.folder and (listing.complete or typed == word.name):
                hint = _PATH_HINT if listing.complete else _MUCH_HINT
                self._offer_found(suggest_paths(word, listing), hint, word, source)
                return
        if self._listed is None or self._listed[0] != word.folder:
            # What another folder has is not what the path that is typed means.
            self._offer_found((), _PATH_HINT, word, source)
        if self._reading != (word.folder, word.name):
            self._reading = (word.folder, word.name)

            async def read() -> None:
                await self._read(word, source)

            self._worker = self._prompt.run_worker(
                read, name="paths", group="paths", exclusive=True, exit_on_error=True
            )

    def _offer_found(
        self, found: Sequence[Suggestion], hint: str, word: PathWord, source: CompletionSource
    ) -> None:
        """Offer files; where there are none, a command with its path as typed: it says what is wrong."""
        if not found and not word.mark:
            found = suggest_commands(self._area.document.text, self._commands, source.slash_choices)
            hint = _COMMAND_HINT
        if found or self.is_open:
            self.menu.offer(found, hint=hint)

    async def _read(self, word: PathWord, source: CompletionSource) -> None:
        listing = await source.paths(word.folder, word.name)
        self._reading = None
        if self._word is not None and self._word.folder == word.folder:
            self._listed = (word.folder, word.name, listing)
            if listing.complete or self._word == word:
                self.look()

    def _choose(self, chosen: Suggestion, only_write: bool) -> None:
        if self._word is not None and chosen.command is None:
            self._choose_path(self._word, chosen, only_write)
        elif only_write or chosen.command is None:
            self._area.put(chosen.text)
            self.look()
        else:
            self._area.put("")
            self.close()
            self._prompt.want_command(chosen.command, chosen.argument)

    def _choose_path(self, word: PathWord, chosen: Suggestion, only_write: bool) -> None:
        row, column = self._area.cursor_location
        attached = bool(chosen.file) and not only_write
        text = "" if attached else chosen.text
        # A command goes with its file.
        start = word.start if word.mark or not attached else 0
        self._area.replace(text, (row, start), (row, column), maintain_selection_offset=False)
        self._area.move_cursor((row, start + len(text)))
        if attached:
            self.close()
            self._prompt.want_file(chosen.file)
        else:
            self.look()
