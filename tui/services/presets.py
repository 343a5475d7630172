"""Presets: kept as files, changed so that it can be undone."""

import asyncio
from dataclasses import replace
from pathlib import Path

from tui.domain.preset import Preset, find_preset_name
from tui.domain.setup import Setup
from tui.services.undo import UndoService
from tui.settings.presets import PresetFolder


class PresetService:
    """Lists, reads and changes presets, never on the event loop."""

    def __init__(self, directory: Path) -> None:
        self._folder = PresetFolder(directory)
        self.names: tuple[str, ...] = ()
        """The names of the presets, in alphabetical order, as last listed."""

    async def list(self) -> tuple[str, ...]:
        """Return the names of the presets.

        Raises:
            FileUnusable: their folder cannot be read.
        """
        self.names = await asyncio.to_thread(self._folder.names)
        return self.names

    async def find(self, wanted: str) -> Preset:
        """Return the preset of a name, or of the beginning of one.

        Raises:
            BadRequest: there is none, or more than one.
            SettingsError: its file makes no sense; the message says where.
            FileUnusable: its file cannot be read.
        """
        return await self.read(find_preset_name(wanted, await self.list()))

    async def read(self, name: str) -> Preset:
        """Return a preset.

        Raises:
            SettingsError: its file makes no sense; the message says where.
            FileUnusable: its file cannot be read.
        """
        return await asyncio.to_thread(self._folder.read, name)

    async def beginning(self, name: str, *, usual: str, system: str) -> Preset:
        """Return what a new conversation begins with.

        Args:
            name: The preset that was asked for; empty for none.
            usual: The system prompt where nothing else says one.
            system: The system prompt that was asked for, which wins over a preset's; empty for none.

        Raises:
            TuiError: the preset cannot be found or read.
        """
        preset = await self.find(name) if name else Preset("", Setup(system=usual))
        return replace(preset, setup=replace(preset.setup, system=system)) if system else preset

    async def save(self, preset: Preset, undo: UndoService, *, overwrite: bool = False) -> None:
        """Keep a preset.

        Raises:
            FileInTheWay: there is one of this name, and it is not to be overwritten.
            FileUnusable: it cannot be written.
        """
        before = await self._text(preset.name) if overwrite else None
        await asyncio.to_thread(self._folder.save, preset, overwrite=overwrite)
        await self.list()
        name = next(each for each in self.names if each.casefold() == preset.name.casefold())

        async def take_back() -> None:
            if before is None:
                await asyncio.to_thread(self._folder.delete, name)
            else:
                await asyncio.to_thread(self._folder.restore, name, before)
            await self.list()

        undo.push(f"{'made' if before is None else 'changed'} the preset “{name}”", take_back)

    async def delete(self, name: str, undo: UndoService) -> None:
        """Delete a preset.

        Raises:
            FileUnusable: it cannot be deleted.
        """
        text = await asyncio.to_thread(self._folder.delete, name)
        await self.list()

        async def take_back() -> None:
            await asyncio.to_thread(self._folder.restore, name, text)
            await self.list()

        undo.push(f"deleted the preset “{name}”", take_back)

    async def import_file(self, file: Path, undo: UndoService) -> Preset:
        """Take in a preset; nothing is kept when anything in it makes no sense.

        Raises:
            TuiError: it cannot be read, makes no sense, or there is one of its name.
        """
        preset = await asyncio.to_thread(self._folder.import_file, file)
        await self.list()

        async def take_back() -> None:
            await asyncio.to_thread(self._folder.delete, preset.name)
            await self.list()

        undo.push(f"imported the preset “{preset.name}”", take_back)
        return preset

    async def export(self, name: str, file: Path) -> Path:
        """Write a preset to a file or into a folder; return where it is.

        Raises:
            TuiError: it cannot be written, or there is such a file.
        """
        return await asyncio.to_thread(self._folder.export, name, file)

    async def _text(self, name: str) -> str | None:
        names = await self.list()
        there = next((each for each in names if each.casefold() == name.casefold()), None)
        return None if there is None else await asyncio.to_thread(self._folder.text, there)
