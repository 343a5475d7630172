import pytest

from tui.domain.pasted import is_data, named_files


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("/a/b.png", [("/a/b.png",)]),
        ("  /a/b.png \n", [("/a/b.png",)]),
        ("/a/b c.png", [("/a/b c.png",)]),
        ("'/a/b c.png'", [("/a/b c.png",)]),
        ("/a/b\\ c.png", [("/a/b\\ c.png",), ("/a/b c.png",)]),
        ("/a.png '/b c.png'", [("/a.png '/b c.png'",), ("/a.png", "/b c.png")]),
        ("/a.png\n/b.png", [("/a.png", "/b.png")]),
        ("file:///a/b%20c.png", [("/a/b c.png",)]),
        ("file://localhost/a.png", [("/a.png",)]),
        ("~/a.png", [("~/a.png",)]),
        ("./a.png", [("./a.png",)]),
        ("file://elsewhere/a.png", []),
        ("notes.md", []),
        ("/a.png and words", [("/a.png and words",)]),
        ("see /a.png", []),
        ("it's /a.png", []),
        ("", []),
        ("/a\0b", []),
        ("/a " * 40_000, []),
    ],
)
def test_a_paste_of_nothing_but_paths(text: str, ways: list[tuple[str, ...]]) -> None:
    assert list(named_files(text)) == ways


def test_data_uris() -> None:
    assert is_data("data:image/png;base64,iVBOR")
    assert is_data("data:text/plain,hello")
    assert not is_data("data: the plural of datum, really")
