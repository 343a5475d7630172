"""Very long texts: what takes long is done in a thread, and the screen shows the same as if it were not."""

import re
import threading
from dataclasses import replace
from typing import Any

import pytest
from markdown_it.parser_block import ParserBlock
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from tests.pilot.test_transcript import text_rows
from tests.support.transcript_app import MarkdownApp, TranscriptApp, message
from tui.domain.conversation import MessageStatus
from tui.rendering.highlight import LineLexer, State
from tui.rendering.ink import Run
from tui.rendering.reading import Reading
from tui.rendering.slices import AT_ONCE, SlicedDocument
from tui.widgets import transcript_surface
from tui.widgets.transcript import Transcript

ROWS = "\n".join(f"| {number} | the sea | *is* {'wide ' * (number % 7)}|" for number in range(300))
TABLE = f"| number | what | how |\n|---|---|---|\n{ROWS}"
TEXTS = {
    "quotation": "\n".join(f"> line {number} of what was **said** once" for number in range(900)),
    "list": "- top\n" + "\n".join(f"  - item {number} of a *long* list" for number in range(1000)),
    "table in a list": "- this:\n\n" + "\n".join(f"  {line}" for line in TABLE.split("\n")),
    "table in a quotation": "\n".join(f"> {line}" for line in TABLE.split("\n")) + "\n\n> and so on",
    "code": "```python\n" + "\n".join(f"x = {number}" for number in range(3000)) + "\n```",
}


class SlicedApp(TranscriptApp):
    def compose(self) -> ComposeResult:
        yield Transcript(SlicedDocument)


async def read(pilot: Pilot[None]) -> None:
    """Wait until what is long has been read."""
    workers = pilot.app.workers
    await workers.wait_for_complete([each for each in workers if each.group == "read"])
    await pilot.pause()


@pytest.mark.parametrize("name", TEXTS)
async def test_a_long_text_is_read_in_a_thread_and_looks_as_if_it_were_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, parsed = threading.get_ident(), 0
    parse = ParserBlock.parse

    def counting(parser: ParserBlock, source: str, *rest: Any) -> Any:
        nonlocal parsed
        parsed += len(source) if threading.get_ident() == here else 0
        return parse(parser, source, *rest)

    text = f"before\n\n{TEXTS[name]}\n\nafter"
    shown: list[list[str]] = []
    with monkeypatch.context() as patch:
        patch.setattr(ParserBlock, "parse", counting)
        sliced = SlicedApp([message(1, text)])
        async with sliced.run_test(size=(60, 16)) as pilot:
            assert sliced.transcript._items.waits or len(text) <= AT_ONCE
            await read(pilot)
            assert not sliced.transcript._items.waits
            for key in ("G", "g", "pagedown", "pagedown"):
                await pilot.press(key)
                shown.append(text_rows(sliced))
    assert parsed <= 4 * AT_ONCE
    whole = MarkdownApp([message(1, text)])
    async with whole.run_test(size=(60, 16)) as pilot:
        for key, rows in zip(("G", "g", "pagedown", "pagedown"), shown, strict=True):
            await pilot.press(key)
            assert text_rows(whole) == rows, key


async def test_an_answer_grows_while_it_is_read() -> None:
    text = TEXTS["quotation"]
    app = SlicedApp([])
    async with app.run_test(size=(60, 16)) as pilot:
        answer = message(1, status=MessageStatus.STREAMING)
        app.transcript.append(answer)
        for end in range(20_000, len(text), 3_000):
            app.transcript.stream(answer.id, text[:end], "")
            await pilot._wait_for_screen()
        app.transcript.replace(replace(answer, content=text, status=MessageStatus.COMPLETE))
        await read(pilot)
        await pilot.press("G")
        assert "line 899 of what was said once" in "\n".join(text_rows(app))
        assert app.transcript._items.item(0)._body.blocks[-1].source.endswith("**said** once")


async def test_what_is_read_of_a_text_that_has_changed_is_not_shown() -> None:
    app = SlicedApp([message(1, TEXTS["list"])])
    async with app.run_test(size=(60, 16)) as pilot:
        found = app.transcript._items.reading()
        assert found is not None
        item, reading = found
        reading.run()
        app.transcript.replace(message(1, "something else"))
        assert app.transcript._items.take(item, reading) is None
        await pilot.pause()
        assert "something else" in "\n".join(text_rows(app))


async def coloured(app: TranscriptApp, pilot: Pilot[None]) -> list[Strip]:
    """Wait until all code that is seen has its colours, and return the rows of the view."""
    await pilot.pause()
    while app.transcript._is_colouring:
        await pilot.pause()
    return [app.transcript._painted[row] for row in range(16)]


@pytest.mark.parametrize("wrap", [False, True])
async def test_code_gets_its_colours_a_little_at_a_time(wrap: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    code = [
        f"def f{number}(x: int) -> str: return 'a' # {'long ' * (number % 40)}" for number in range(2_700)
    ]
    messages = [message(1, "\n".join(["```python", *code, "```"]))]
    read: list[int] = [0]
    lex, strips = LineLexer.lex, Transcript._strips

    def counted(lexer: LineLexer, line: str, state: State) -> tuple[list[Run], State]:
        read[-1] += len(line)
        return lex(lexer, line, state)

    def at_once(transcript: Transcript, first: int, last: int) -> list[Strip]:
        read.append(0)
        return strips(transcript, first, last)

    shown: list[list[Strip]] = []
    with monkeypatch.context() as patch:
        patch.setattr(LineLexer, "lex", counted)
        patch.setattr(Transcript, "_strips", at_once)
        app = MarkdownApp(messages)
        async with app.run_test(size=(60, 16)) as pilot:
            app.transcript.wrap_code = wrap
            for share in (1, 2, 3):
                app.transcript.scroll_to(y=app.transcript.max_scroll_y * share // 4, animate=False)
                shown.append(await coloured(app, pilot))
    assert sum(read) > 20_000
    assert max(read) <= transcript_surface._CODE_AT_ONCE + max(map(len, code))
    monkeypatch.setattr(transcript_surface, "_CODE_AT_ONCE", 1 << 30)
    whole = MarkdownApp(messages)
    async with whole.run_test(size=(60, 16)) as pilot:
        whole.transcript.wrap_code = wrap
        for share, rows in zip((1, 2, 3), shown, strict=True):
            whole.transcript.scroll_to(y=whole.transcript.max_scroll_y * share // 4, animate=False)
            assert await coloured(whole, pilot) == rows


@pytest.mark.parametrize("name", TEXTS)
async def test_reading_a_long_text_does_not_move_what_is_read(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_read = threading.Event()
    run = Reading.run

    def held(reading: Reading) -> None:
        may_read.wait()
        run(reading)

    monkeypatch.setattr(Reading, "run", held)
    long = TEXTS[name].replace("wide ", "").replace("what was **said** once", "*what* was said")
    app = SlicedApp([message(1, f"{'before ' * 2500}\n\n{long}\n\nafter\n\n" + "and on\n\n" * 40)])
    async with app.run_test(size=(60, 16)) as pilot:
        transcript = app.transcript
        assert transcript._items.waits
        transcript.scroll_to(y=transcript.max_scroll_y - 110, animate=False)
        await pilot.pause()
        before = re.findall(r"\d+", text_rows(app)[0])
        assert not transcript.following and before
        may_read.set()
        await read(pilot)
        assert re.findall(r"\d+", text_rows(app)[0]) == before
