"""What can be imported: files of several kinds, and the stores of other programs."""

import os
import stat
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, TypeGuard

from tui.domain.errors import FileUnusable
from tui.domain.text import sanitize_line
from tui.domain.whole import WholeConversation
from tui.services.transfer.archives import ZIP, open_archive
from tui.services.transfer.chatgpt import FindPicture, read_chatgpt
from tui.services.transfer.databases import SQLITE, read_database
from tui.services.transfer.elements import Element, Elements, Readable
from tui.services.transfer.found import BadConversation, Failure, Step
from tui.services.transfer.openwebui import read_open_webui
from tui.services.transfer.ours import is_ours, read_ours, refusal
from tui.services.transfer.parllama import read_parllama
from tui.services.transfer.untrusted import Json, text

_BEGINNING: Final = 16
_MOST_FILES: Final = 100_000


class Program(StrEnum):
    """A program whose store can be found."""

    OTERM = "oterm"
    ELIA = "elia"
    PARLLAMA = "parllama"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source is to be read."""

    now: float
    """Seconds since the epoch; nothing of another program is later."""
    stopped: Callable[[], bool] = lambda: False
    """Asked now and then; when it says so, no more is read."""


def locate(
    program: Program, environment: Mapping[str, str], home: Path, platform: str = sys.platform
) -> Path:
    """Return where a program keeps its conversations.

    Raises:
        FileUnusable: They are in none of the usual places.
    """
    places = _places(program, environment, home, platform)
    for place in places:
        if place.exists():
            return place
    looked = " or ".join(map(str, places))
    raise FileUnusable(f"{program} has no conversations in {looked}.", "Name its file instead.")


def _places(program: Program, environment: Mapping[str, str], home: Path, platform: str) -> list[Path]:
    data = Path(environment.get("XDG_DATA_HOME") or home / ".local/share")
    if program is Program.OTERM:
        usual = data
        if platform == "darwin" and not environment.get("XDG_DATA_HOME"):
            usual = home / "Library/Application Support"
        named = environment.get("OTERM_DATA_DIR")
        return [(Path(named) if named else usual / "oterm") / "store.db"]
    if program is Program.ELIA:
        return [data / "elia" / "elia.sqlite"]
    named = environment.get("PARLLAMA_DATA_DIR")
    places = [Path(named)] if named else [data / "parllama", home / ".parllama"]
    return [place / "chats" for place in places]


def read_source(path: Path, reading: Reading) -> Generator[Step, None, None]:
    """Yield the conversations of a file, or of a folder of sessions.

    Raises:
        FileUnusable: It cannot be read, or not further.
    """
    try:
        if path.is_dir():
            yield from _folder(path, reading)
            return
        # A pipe or a device is no export, and opening one could wait for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileUnusable("it is not a file")
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
            file.seek(0)
            if beginning == SQLITE:
                yield from read_database(path, reading.now)
            elif beginning.startswith(ZIP):
                yield from _archive(path, reading)
            else:
                size = os.fstat(file.fileno()).st_size
                yield from _document(file, path.name, size, reading, _no_picture)
    except OSError as error:
        raise FileUnusable(f"it cannot be read: {error.strerror or error}") from error


def _no_picture(_: str) -> None:
    """Find nothing: a picture beside a file is not part of it."""


def _folder(path: Path, reading: Reading) -> Iterator[Step]:
    """Yield the sessions in a folder: files of its own, no links and nothing below."""
    files = sorted(each for each in path.glob("*.json") if each.is_file() and not each.is_symlink())
    if not files:
        raise FileUnusable("there is no file of conversations in the folder")
    for done, file in enumerate(files[:_MOST_FILES], 1):
        try:
            for step in read_source(file, reading):
                yield Step(step.result, done, len(files))
        except FileUnusable as error:
            yield Step(Failure(file.name, error.message), done, len(files))


def _archive(path: Path, reading: Reading) -> Iterator[Step]:
    with open_archive(path) as archive:
        names = archive.conversations()
        total = sum(map(archive.size, names))
        before = 0
        for name in names:
            label = f"{path.name}: {name}"
            try:
                with archive.open(name) as file:
                    for step in _document(file, label, 0, reading, archive.picture):
                        yield Step(step.result, before + step.done, total)
            except FileUnusable as error:
                yield Step(Failure(sanitize_line(label), error.message), before, total)
            before += archive.size(name)


def _document(
    file: BinaryIO | Readable, name: str, size: int, reading: Reading, find_picture: FindPicture
) -> Iterator[Step]:
    elements = Elements(file, stopped=reading.stopped)
    for element in elements:
        result: WholeConversation | Failure
        try:
            if reason := refusal(elements.header):
                raise FileUnusable(reason)
            if element.twice is not None:
                raise BadConversation(f"“{sanitize_line(element.twice, 60)}” is there twice in one object")
            result = _conversation(element.value, reading.now, find_picture)
        except BadConversation as error:
            result = Failure(_place(name, element, error.title), str(error))
        yield Step(result, elements.byte, size)
    if reason := refusal(elements.header):
        raise FileUnusable(reason)


def _conversation(value: object, now: float, find_picture: FindPicture) -> WholeConversation:
    """Return the conversation that an element is, whatever program it is from."""
    if not _is_object(value):
        raise BadConversation("it is no object")
    if is_ours(value):
        return read_ours(value)
    if isinstance(value.get("mapping"), dict):
        return read_chatgpt(value, now, find_picture)
    if "llm_config" in value:
        return read_parllama(value, now)
    if isinstance(value.get("chat"), dict) or isinstance(value.get("history"), dict):
        return read_open_webui(value, now)
    raise BadConversation("it is no conversation of a kind that is known here", text(value.get("title")))


def _is_object(value: object) -> TypeGuard[Json]:
    return isinstance(value, dict)


def _place(name: str, element: Element, title: str) -> str:
    titled = f" “{sanitize_line(title, 60)}”" if title.strip() else ""
    return (
        f"{sanitize_line(name)}, conversation {element.number}{titled}"
        f" (byte {element.byte:,}, line {element.line:,})"
    )
