"""Writing bytes to a file that the user names."""

import re
from asyncio import to_thread
from pathlib import Path, PurePath
from typing import Final

from textual.screen import Screen

from tui.domain.errors import FileInTheWay, FileUnusable, TuiError
from tui.domain.text import sanitize_line
from tui.screens.dialogs import ConfirmScreen
from tui.screens.model_dialogs import NameScreen
from tui.screens.work import begin_work
from tui.services.transfer.writing import write_whole

_UNFIT: Final = re.compile(r"[^\w. ()+,@=-]+")


class FileSaver:
    """Asks where a file is to be written, and again before another is overwritten."""

    def __init__(self, screen: Screen[None], name: str, data: bytes) -> None:
        """Keep what is to be written.

        Args:
            screen: Over which to ask.
            name: What the file is called; from outside.
            data: What is in it.
        """
        self._screen = screen
        self._name = name
        self._data = data

    def begin(self) -> None:
        """Ask where to."""
        proposed = default_folder() / safe_name(self._name)
        self._screen.app.push_screen(
            NameScreen("Save to", value=str(proposed), hint="The path of the file."), self._named
        )

    def _named(self, path: str | None) -> None:
        if path:
            self._write(Path(path).expanduser(), overwrite=False)

    def _write(self, path: Path, *, overwrite: bool) -> None:
        begin_work(self._screen, self._written(path, overwrite=overwrite), "save")

    async def _written(self, path: Path, *, overwrite: bool) -> None:
        app = self._screen.app
        try:
            if await to_thread(path.is_dir):
                raise FileUnusable(f"{path} is a folder.", "Name a file in it.")
            await to_thread(write_whole, path, self._data, overwrite=overwrite)
        except FileInTheWay:
            asked = ConfirmScreen(
                "Overwrite the file that is there?", str(path), yes="Overwrite", no="Keep it"
            )

            def decided(yes: bool | None) -> None:
                if yes:
                    self._write(path, overwrite=True)

            app.push_screen(asked, decided)
        except TuiError as error:
            words = sanitize_line(f"{error.message} {error.hint}", 500)
            app.notify(words, severity="error", markup=False, timeout=8)
        else:
            app.notify(sanitize_line(f"Written to {path}", 500), markup=False)


def safe_name(name: str) -> str:
    """Return a file name, from outside, as one that names a file in the folder it is put into."""
    base = PurePath(name.replace("\\", "/")).name
    return _UNFIT.sub("_", sanitize_line(base, 120)).strip(". ") or "attachment"


def default_folder() -> Path:
    """Return where files are saved unless another place is named: the downloads, or where one is."""
    downloads = Path.home() / "Downloads"
    return downloads if downloads.is_dir() else Path.cwd()
