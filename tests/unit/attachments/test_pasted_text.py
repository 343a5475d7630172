"""Pasted texts, encoded in pieces."""

import pytest

from tui.services.attachments import texts
from tui.services.threads import Stop


@pytest.mark.parametrize("piece", [1, 2, 3, 100])
def test_it_is_encoded_whole_with_plain_line_ends(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(texts, "_PIECE", piece)
    assert (
        texts.encoded("eins\r\nzwei\rdrei\n\r\n\ud800 Ümlaut\r", Stop())
        == "eins\nzwei\ndrei\n\n? Ümlaut\n".encode()
    )
