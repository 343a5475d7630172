"""What a real Ollama server answered, byte for byte."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "data" / "recordings"


@dataclass(frozen=True, slots=True)
class Recording:
    """One exchange with a real server."""

    name: str
    method: str
    path: str
    request: str
    """The body of the request."""
    status: int
    status_line: str
    headers: tuple[tuple[str, str], ...]
    lines: tuple[tuple[float, str], ...]
    """Seconds after the request, and the line."""
    ends_with_newline: bool
    end: str
    """`eof-chunk`, `content-length`, `closed-by-server` or `closed-by-client`."""

    @property
    def body(self) -> bytes:
        """The body, without its transfer encoding."""
        text = "\n".join(line for _, line in self.lines)
        return (text + "\n" if self.lines and self.ends_with_newline else text).encode()

    @property
    def complete(self) -> bool:
        """The answer went to its end."""
        return self.end in ("eof-chunk", "content-length")

    @property
    def chunked(self) -> bool:
        return any(key.lower() == "transfer-encoding" for key, _ in self.headers)

    def json_lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for _, line in self.lines]

    def frames(self) -> list[tuple[float, bytes]]:
        """Return what the server wrote after the head: seconds to wait before it, and the bytes."""
        times = [0.0, *(seconds for seconds, _ in self.lines)]
        waits = [max(0.0, later - earlier) for earlier, later in pairwise(times)]
        frames: list[tuple[float, bytes]] = []
        for index, (_, line) in enumerate(self.lines):
            last = index == len(self.lines) - 1
            data = line.encode() + (b"\n" if self.ends_with_newline or not last else b"")
            frames.append((waits[index], chunk(data) if self.chunked else data))
        if self.chunked and self.complete:
            frames.append((0.0, b"0\r\n\r\n"))
        return frames

    def head(self) -> bytes:
        lines = [self.status_line, *(f"{key}: {value}" for key, value in self.headers)]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def _lines(seconds: float, line: str, times: int = 1, last: float = 0.0) -> Iterator[tuple[float, str]]:
    """Yield a stored line as often as it came, evenly until `last`: a thousand like it are stored as one."""
    for number in range(times):
        yield seconds + (last - seconds) * number / max(1, times - 1) if number else seconds, line


@cache
def recording(name: str) -> Recording:
    """Return the recording of this name."""
    stored = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    request, response = stored["request"], stored["response"]
    return Recording(
        name=name,
        method=request["method"],
        path=request["path"],
        request=request.get("body") or "",
        status=response["status"],
        status_line=response["status_line"],
        headers=tuple((key, value) for key, value in response["headers"]),
        lines=tuple(each for stored_line in response["lines"] for each in _lines(*stored_line)),
        ends_with_newline=response["ends_with_newline"],
        end=response["end"],
    )


def names(prefix: str = "") -> list[str]:
    """Return the names of the recordings that start with `prefix`."""
    return sorted(path.stem for path in FOLDER.glob(f"{prefix}*.json"))
