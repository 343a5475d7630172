"""What is known of how models count tokens: shared between conversations, windows and runs."""

import json

from tui.domain.errors import TuiError
from tui.domain.estimate import Calibration, Features
from tui.domain.store import MemoryStore


class CalibrationBook:
    """Keeps a `Calibration` for each model, and makes it better with every answer."""

    def __init__(self, store: MemoryStore | None) -> None:
        """Make a book.

        Args:
            store: Where it is kept; None forgets what it learns.
        """
        self._store = store
        self._known: dict[str, Calibration] = {}

    def beside(self) -> "CalibrationBook":
        """Return a book that begins with what this one knows, and is kept nowhere."""
        book = CalibrationBook(None)
        book._known.update(self._known)
        return book

    def forget(self) -> None:
        """Read everything anew: another window may have learned something."""
        if self._store is not None:
            self._known.clear()

    async def of(self, key: str) -> Calibration:
        """Return what is known of a model; what cannot be read is not known."""
        known = self._known.get(key)
        if known is None:
            state = None
            if self._store is not None:
                try:
                    state = await self._store.calibration(key)
                except TuiError:
                    return Calibration()
            known = self._known[key] = _read(state)
        return known

    async def learn(self, key: str, features: Features, count: int) -> None:
        """Learn from what a server counted; where that cannot be stored it is known until the end.

        Args:
            key: The model.
            features: What was counted of all that was sent.
            count: The tokens of the whole prompt.
        """

        def change(state: str | None) -> str:
            return json.dumps(_read(state).learned(features, count).as_dict(), separators=(",", ":"))

        if self._store is not None:
            try:
                self._known[key] = _read(await self._store.change_calibration(key, change))
            except TuiError:
                pass
            else:
                return
        self._known[key] = (await self.of(key)).learned(features, count)


def _read(state: str | None) -> Calibration:
    if state is None:
        return Calibration()
    try:
        values = json.loads(state)
    except (ValueError, RecursionError):
        return Calibration()
    return Calibration.from_dict(values) if isinstance(values, dict) else Calibration()
