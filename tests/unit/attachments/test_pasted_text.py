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


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("„Grüße“ – 5 €\n", "cp1252"),
        ("“Déjà vu” – it’s naïve…\n", "cp1252"),
        ("Grüße, naïve café\n", "latin-1"),
        ("これは日本語のテキストです。文字コードを推測します。\n" * 5, "shift_jis"),
        ("Съешь ещё этих мягких французских булок, да выпей чаю.\n" * 3, "cp1251"),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy, a ještě něco navíc.\n" * 5, "cp1250"),
    ],
)
def test_an_old_encoding_is_guessed(text: str, encoding: str) -> None:
    assert texts.text_of("old.txt", text.encode(encoding), None, 1 << 30, Stop()) == text
