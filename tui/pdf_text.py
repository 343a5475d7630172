"""A process of its own that takes the text out of a PDF: `python -m tui.pdf_text`.

A hostile file can make any PDF library run for hours or fill the memory. A process can be limited and
killed. It reads the file from standard input and writes one JSON object to standard output: `pages` (all
that there are) and `text`, or `refused` and why.
"""

import io
import json
import sys
from contextlib import suppress
from typing import Final

MEMORY: Final = 288 << 20
"""Bytes of address space, at most, where the system can limit it."""

SECONDS: Final = 30
"""Processor time, at most, where the system can limit it."""


def main(arguments: list[str]) -> None:
    """Read, take out, write.

    Args:
        arguments: The first page (from 1), the last, and how many characters are enough.
    """
    first, last, most = map(int, arguments)
    _limit()
    json.dump(_answer(sys.stdin.buffer.read(), first, last, most), sys.stdout)


def _limit() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _answer(data: bytes, first: int, last: int, most: int) -> dict[str, object]:
    import logging

    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.disable()
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return {"refused": "encrypted"}
        pages = len(reader.pages)
        parts: list[str] = []
        size = 0
        for place in range(first - 1, min(last, pages)):
            parts.append(reader.pages[place].extract_text())
            size += len(parts[-1])
            if size > most:
                break
    except (MemoryError, RecursionError):
        return {"refused": "memory"}
    except (PyPdfError, ImportError) as error:
        locked = "AES" in str(error) or "crypt" in str(error).lower()
        return {"refused": "encrypted" if locked else "damaged"}
    except (ArithmeticError, AssertionError, AttributeError, LookupError, OSError, TypeError, ValueError):
        return {"refused": "damaged"}
    return {"pages": pages, "text": "\n\n".join(part.strip() for part in parts).strip()}


if __name__ == "__main__":
    main(sys.argv[1:])
