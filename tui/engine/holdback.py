"""What of a growing answer may be shown already: nothing that could still turn into a stop string."""

from collections.abc import Sequence


class Holdback:
    """Cuts an answer at the first stop string, and keeps back what may be the beginning of one.

    White space is kept back too, until something follows it: an answer never ends in it, and never
    begins with it if `strip_start` is set.
    """

    def __init__(self, stops: Sequence[str], *, strip_start: bool = False, strip_end: bool = False) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._strip_start = strip_start
        self._strip_end = strip_end
        self._kept = ""
        self.stopped = False
        """A stop string was found: everything after it is dropped."""

    def feed(self, text: str) -> str:
        """Take a piece of the answer and return what may be shown now."""
        if self.stopped:
            return ""
        whole = self._kept + text
        found = [at for at in (whole.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped = True
            self._kept = ""
            return self._trimmed(whole[: min(found)])
        cut = self._safe_length(whole)
        self._kept = whole[cut:]
        return self._opened(whole[:cut])

    def finish(self) -> str:
        """Return what was kept back, now that nothing more comes."""
        rest, self._kept = self._kept, ""
        return self._trimmed(rest)

    def _safe_length(self, text: str) -> int:
        """Return how much of `text` cannot belong to a stop string or to white space at the end."""
        length = len(text)
        for stop in self._stops:
            for size in range(min(len(stop) - 1, len(text)), 0, -1):
                if text.endswith(stop[:size]):
                    length = min(length, len(text) - size)
                    break
        return len(text[:length].rstrip()) if self._strip_end else length

    def _trimmed(self, text: str) -> str:
        return self._opened(text.rstrip() if self._strip_end else text)

    def _opened(self, text: str) -> str:
        """Return `text` without the white space that the answer begins with."""
        if self._strip_start:
            text = text.lstrip()
            self._strip_start = not text
        return text
