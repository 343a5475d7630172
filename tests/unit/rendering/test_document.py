"""What each element of Markdown looks like."""

import pytest

from tests.unit.rendering.drawing import DARK, LIGHT, color_of, copied, document, lines_of, style_of, text_of


def test_paragraphs_are_apart_and_words_wrap() -> None:
    assert text_of("one two three\n\nfour", 8) == ["one two", "three", "", "four"]


def test_line_breaks_of_the_source_stay() -> None:
    assert text_of("roses are red  \nviolets\\\nare\nblue") == ["roses are red", "violets", "are", "blue"]


def test_html_breaks_the_line_without_a_space_after_it() -> None:
    assert text_of("one <br> two<br/>three") == ["one", "two", "three"]


def test_emphasis_has_styles_and_no_marks() -> None:
    source = "**bold** *italic* ~~struck~~ `code` ***both***"
    assert text_of(source) == ["bold italic struck code both"]
    assert style_of(source, "bold").bold
    assert style_of(source, "italic").italic
    assert style_of(source, "struck").strike
    assert style_of(source, "both").bold and style_of(source, "both").italic
    background = style_of(source, "code").bgcolor
    assert (
        background is not None and background.triplet is not None and background.triplet.hex == DARK.surface
    )


def test_underscores_emphasise_words_and_stay_inside_them() -> None:
    source = "a _word_ and __two__ in snake_case_names"
    assert text_of(source) == ["a word and two in snake_case_names"]
    assert style_of(source, "word").italic and style_of(source, "two").bold


def test_headings() -> None:
    assert text_of("# One\n## Two\nSetext\n===", 6) == ["One", "━━━━━━", "", "Two", "", "Setext", "━━━━━━"]
    assert style_of("### Three", "Three").bold
    assert color_of(style_of("# One", "One")) == DARK.primary


def test_lists_keep_their_numbers_and_nest() -> None:
    source = "3. three\n4. four\n   - a\n     - b\n       more\n9. five"
    assert text_of(source) == ["3. three", "4. four", "   ◦ a", "     ▪ b", "       more", "5. five"]


def test_a_list_is_as_loose_as_its_source() -> None:
    assert text_of("- a\n- b\n\n- c") == ["• a", "• b", "", "• c"]
    assert text_of("- a\n\n  b") == ["• a", "", "  b"]


def test_long_ordered_list_counts_on() -> None:
    source = "".join(f"1. item {number}\n" for number in range(300))
    assert text_of(source)[299] == "300. item 299"
    assert len(document(source).blocks) == 300


def test_lists_of_another_mark_begin_again() -> None:
    assert text_of("1. a\n2. b\n1) c") == ["1. a", "2. b", "", "1) c"]


def test_tasks() -> None:
    assert text_of("- [ ] open\n- [x] done\n- [y] no") == ["☐ open", "☑ done", "• [y] no"]


def test_quotes_have_bars_that_are_not_copied() -> None:
    lines = lines_of("> a quotation that is long enough to wrap\n> > deeper", 20)
    assert all(line.strip.text.startswith("▌ ") for line in lines)
    assert copied(lines) == "a quotation that is long enough to wrap\ndeeper"


def test_rule() -> None:
    assert text_of("---", 5) == ["─────"]


def test_table_aligns_columns() -> None:
    source = "| a | number | c |\n|---|--:|:-:|\n| x | 1 | y |\n| longer | 22 | zzz |"
    assert text_of(source) == [
        "a      │ number │  c",
        "───────┼────────┼────",
        "x      │      1 │  y",
        "longer │     22 │ zzz",
    ]


def test_wide_table_wraps_its_cells_and_narrow_screens_stack_them() -> None:
    source = "| name | text |\n|--|--|\n| x | a long text that wraps |\n| y | z |"
    assert text_of(source, 18)[2:] == [
        "x    │ a long text",
        "     │ that wraps",
        "┈┈┈┈┈┊┈┈┈┈┈┈┈┈┈┈┈┈",
        "y    │ z",
    ]
    assert text_of(source, 7)[:3] == ["name: x", "text: a", "long"]


def test_link_shows_its_address() -> None:
    source = "see [the guide](https://example.com/a/) now"
    assert text_of(source) == ["see the guide (example.com/a) now"]
    style = style_of(source, "the guide")
    assert style.underline and style.meta["href"] == "https://example.com/a/"


@pytest.mark.parametrize(
    ("source", "text", "href"),
    [
        ("at https://example.com/a_b_c.", "at https://example.com/a_b_c.", "https://example.com/a_b_c"),
        ("(https://en.example/x_(y))", "(https://en.example/x_(y))", "https://en.example/x_(y)"),
        ("<https://example.com>", "https://example.com", "https://example.com"),
        ("www.example.com, yes", "www.example.com, yes", "http://www.example.com"),
        ("<me@example.com>", "me@example.com", "mailto:me@example.com"),
        ("![alt](https://example.com/i.png)", "▣ alt (example.com/i.png)", "https://example.com/i.png"),
        ("[docs]\n\n[docs]: https://d.example", "docs (d.example)", "https://d.example"),
    ],
)
def test_addresses_are_links(source: str, text: str, href: str) -> None:
    lines = lines_of(source)
    assert lines[0].strip.text == text
    found = {segment.style.meta.get("href") for segment in lines[0].strip if segment.style}
    assert href in found


def test_dangerous_schemes_are_no_links() -> None:
    for line in lines_of("[x](javascript:alert(1)) [y](data:text/html,x)"):
        assert not any(segment.style and segment.style.meta.get("href") for segment in line.strip)


def test_nothing_that_a_terminal_obeys_gets_through() -> None:
    hostile = "a\x1b]0;x\x07 &#27;[31m &#x9b;1m &#8238;b [l](http://x/&#27;) ![i](http://y/&#x9b;)\n\n```\n\x1b[2J\n```"
    for line in lines_of(hostile):
        assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in line.strip.text)
        assert "\u202e" not in line.strip.text
        for segment in line.strip:
            href = str(segment.style.meta.get("href", "")) if segment.style else ""
            assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in href)


def test_html_is_text_and_br_a_line_break() -> None:
    assert text_of("a <b>c</b><br>d") == ["a <b>c</b>", "d"]
    assert text_of("<div>\nx\n</div>") == ["<div>", "x", "</div>"]


def test_markup_of_the_framework_is_text() -> None:
    assert text_of("[red]x[/red] [@click=app.quit]y[/]") == ["[red]x[/red] [@click=app.quit]y[/]"]


def test_footnotes() -> None:
    source = "Text[^1] and[^note], not [^none].\n\n[^1]: First\n    line.\n[^note]: Second."
    assert text_of(source) == [
        "Text¹ and[note], not [^none].",
        "",
        "¹ First",
        "  line.",
        "",
        "[note] Second.",
    ]


def test_code_has_a_header_with_language_and_copy_mark() -> None:
    lines = lines_of("```python title=x\ndef f():\n\treturn 1\n```", 30)
    assert [line.strip.text.rstrip() for line in lines] == [
        " python                  copy",
        " def f():",
        "     return 1",
    ]
    assert all(line.strip.cell_length == 30 for line in lines)
    assert copied(lines) == "\ndef f():\n    return 1"
    metas = [segment.style.meta for segment in lines[0].strip if segment.style and segment.text == "copy"]
    assert metas == [{"copy_code": 0}]


def test_code_blocks_are_numbered_wherever_they_stand() -> None:
    source = "```a\n1\n```\n- x\n\n  ```b\n  2\n\n  2\n  ```\n- y\n\n> ~~~\n> 3\n> ~~~\n\n    4\n    4"
    assert [(code.language, code.code) for code in document(source).code_blocks] == [
        ("a", "1"), ("b", "2\n\n2"), ("", "3"), ("", "4\n4"),
    ]  # fmt: skip
    numbers = [
        segment.style.meta["copy_code"]
        for line in lines_of(source)
        for segment in line.strip
        if segment.style and "copy_code" in segment.style.meta
    ]
    assert numbers == [0, 1, 2, 3]


def test_mathematics_is_readable_and_prices_are_not_mathematics() -> None:
    assert text_of(r"$x^2$ and \(\alpha\), $5 and $10") == ["x² and α, $5 and $10"]
    assert text_of("$$\n\\frac{a}{b}\n$$") == ["  a/b"]
    assert text_of("\\[ x_1 \\]\ntext") == ["  x₁", "", "text"]
    assert text_of("$$\nnever closed\n\ntext")[-1] == "text"


def test_mermaid_is_code() -> None:
    assert text_of("```mermaid\ngraph TD\n```")[1] == " graph TD"


def test_joining_the_lines_of_a_paragraph_gives_its_text() -> None:
    text = "A paragraph of several words, 漢字 and some more, thatisverylongwithoutanyspaces, to wrap."
    for width in range(2, 40):
        assert copied(lines_of(text, width)) == text


def test_first_block_of_each_palette_differs_in_colour_only() -> None:
    source = "# Title\n\n```python\nx = 'y'\n```"
    assert text_of(source, palette=DARK) == text_of(source, palette=LIGHT)
    assert color_of(style_of(source, "Title", LIGHT)) == LIGHT.primary


def test_append_after_close_is_an_error() -> None:
    finished = document("x")
    finished.close()
    with pytest.raises(ValueError, match="closed"):
        finished.append("y")
