"""Markdown and HTML for people, and the files that exports are written to."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.builders import a_conversation, a_message, an_answer, an_attachment, an_exchange, take_in
from tests.unit.transfer.conftest import names_in
from tui.domain.conversation import Conversation, MessageStatus, Role
from tui.domain.errors import BadRequest, FileInTheWay, FileUnusable
from tui.domain.generation import Stats
from tui.services.transfer.export import ExportFormat, ExportService
from tui.services.transfer.writing import file_name, whole_file
from tui.storage.conversations import SqliteConversationStore

PNG = b"\x89PNG picture"
ATTACK = (
    "</details></section><script>alert(1)</script><img src=x onerror=alert(1)>"
    "[x](javascript:alert(1)) ![y](https://example.org/t.png) <https://example.org> \x1b]0;T\x07\x9b31m"
)


@pytest.fixture
async def conversation(store: SqliteConversationStore) -> Conversation:
    conversation = replace(a_conversation("Capitals & <b>more</b>"), system="Be brief.")
    asked = replace(a_message(conversation, "What is **this**?"), attachments=(an_attachment(PNG),))
    other = an_answer(conversation, "Lyon.", parent=asked)
    answer = replace(
        an_answer(conversation, "| a | b |\n|---|---|\n| 1 | 2 |", parent=asked),
        thinking="First\nthen </details>",
        stats=Stats(answer_tokens=50, answer_seconds=1.0, total_seconds=2.5, thinking_seconds=3.21),
        status=MessageStatus.STOPPED,
    )
    conversation = replace(conversation, active_leaf=answer.id)
    await take_in(store, conversation, (asked, other, answer), {an_attachment(PNG).digest: PNG})
    return conversation


async def text_of(exports: ExportService, conversation: Conversation, format: ExportFormat) -> str:
    return "".join([piece async for piece in exports.pieces([conversation.id], format)])


async def test_markdown_is_the_branch_that_is_shown(
    exports: ExportService, conversation: Conversation
) -> None:
    text = await text_of(exports, conversation, ExportFormat.MARKDOWN)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "TIME", text)
    assert text == (
        "# Capitals & \\<b\\>more\\</b\\>\n\n*TIME · llama3.2:latest*\n\n"
        "<details>\n<summary>System prompt</summary>\n\n> Be brief.\n\n</details>\n\n"
        "## You · TIME\n\nWhat is **this**?\n\n- Attachment: map.png (image/png, 12 bytes)\n\n"
        "## llama3.2:latest · TIME\n\n"
        "<details>\n<summary>Thought for 3.2 s</summary>\n\n> First\n> then &lt;/details>\n\n</details>\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n*stopped · 50 tokens/s · 50 tokens · 2.5 s*\n"
    )


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def attributes(self, name: str) -> Iterator[str]:
        for _, found in self.tags:
            value = found.get(name)
            if value is not None:
                yield value


async def test_a_page_needs_nothing_else(exports: ExportService, conversation: Conversation) -> None:
    text = await text_of(exports, conversation, ExportFormat.HTML)
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert {"table", "strong", "img", "details"} <= names
    assert not names & {"script", "link", "iframe", "object", "base", "form"}
    assert "<title>Capitals &amp; &lt;b&gt;more&lt;/b&gt;</title>" in text
    assert "Lyon" not in text
    (source,) = page.attributes("src")
    assert source == "data:image/png;base64,iVBORyBwaWN0dXJl"
    (policy,) = (found for found in page.attributes("content") if "default-src" in found)
    assert "default-src 'none'" in policy and "script" not in policy
    assert "prefers-color-scheme: dark" in text


@pytest.mark.parametrize("format", [ExportFormat.MARKDOWN, ExportFormat.HTML])
async def test_nothing_hostile_gets_through(
    store: SqliteConversationStore, exports: ExportService, format: ExportFormat
) -> None:
    conversation = replace(a_conversation(ATTACK), system=ATTACK, model=ATTACK)
    asked, answer = an_exchange(conversation, ATTACK, ATTACK)
    asked = replace(
        asked, attachments=(replace(an_attachment(PNG), name=ATTACK, media_type="image/svg+xml"),)
    )
    answer = replace(
        answer, thinking=ATTACK, model=ATTACK, error=ATTACK, tool_calls=ATTACK, stop_reason=ATTACK
    )
    answer = replace(answer, status=MessageStatus.FAILED)
    tool = replace(a_message(conversation, ATTACK, role=Role.TOOL, parent=answer), tool_name=ATTACK)
    conversation = replace(conversation, active_leaf=tool.id)
    await take_in(store, conversation, (asked, answer, tool), {an_attachment(PNG).digest: PNG})
    text = await text_of(exports, conversation, format)
    assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text) is None
    if format is ExportFormat.HTML:
        page = Page(text)
        assert not {tag for tag, _ in page.tags} & {"script", "img", "svg"}
        assert all(href.startswith("https://example.org") for href in page.attributes("href"))
        assert not list(page.attributes("onerror")) + list(page.attributes("src"))
        sections = [tag for tag, _ in page.tags if tag == "section"]
        assert len(sections) == 3


@pytest.mark.parametrize("format", ExportFormat)
async def test_absurd_times_are_left_out(
    store: SqliteConversationStore, exports: ExportService, format: ExportFormat
) -> None:
    conversation = replace(a_conversation(), created_at=1e300)
    await take_in(store, conversation, (a_message(conversation, created_at=-1e300),))
    assert "Capitals" in await text_of(exports, conversation, format)


async def test_files_are_private_whole_and_never_overwritten(
    exports: ExportService, conversation: Conversation, tmp_path: Path
) -> None:
    file = tmp_path / "x.md"
    await exports.to_file([conversation.id], ExportFormat.MARKDOWN, file)
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_bytes()
    with pytest.raises(FileInTheWay):
        await exports.to_file([conversation.id], ExportFormat.HTML, file)
    assert file.read_bytes() == before
    await exports.to_file([conversation.id], ExportFormat.HTML, file, overwrite=True)
    assert file.read_bytes() != before
    assert names_in(tmp_path) == ["data", "x.md"]


async def test_a_failed_export_leaves_nothing(
    exports: ExportService, conversation: Conversation, tmp_path: Path
) -> None:
    await exports._store.delete(conversation.id)
    with pytest.raises(BadRequest):
        await exports.to_file([conversation.id], ExportFormat.MARKDOWN, tmp_path / "x.md")
    with pytest.raises(FileUnusable, match="cannot be written"):
        await exports.to_file([conversation.id], ExportFormat.JSON, tmp_path / "no" / "x.md")
    assert names_in(tmp_path) == ["data"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "x"
    file.write_text("old", "utf-8")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileUnusable, match="No space left"), whole_file(file, overwrite=True) as opened:
        opened.write("new")
    assert file.read_text("utf-8") == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_what_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "x"
    with pytest.raises(FileInTheWay), whole_file(file, overwrite=False) as opened:
        opened.write("mine")
        file.write_text("theirs", "utf-8")
    assert file.read_text("utf-8") == "theirs"
    assert list(tmp_path.iterdir()) == [file]


async def test_a_folder_gets_a_file_for_each(
    store: SqliteConversationStore, exports: ExportService, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    for number in range(3):
        conversation = replace(a_conversation("Same"), created_at=float(number))
        await take_in(store, conversation, an_exchange(conversation))
    written = await exports.to_directory(
        await exports.all_ids(), ExportFormat.MARKDOWN, tmp_path / "out", progress=lambda *at: told.append(at)
    )
    assert len(set(written)) == 3
    assert all(path.name.startswith("same-") and path.exists() for path in written)
    assert told == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Capital of France?", "capital-of-france-0a.md"),
        ("../../etc/passwd", "etc-passwd-0a.md"),
        ("\x1b[31m\n…", "31m-0a.md"),
        ("", "conversation-0a.md"),
        ("日本の首都", "日本の首都-0a.md"),
    ],
)
def test_names_of_files_are_harmless(title: str, name: str) -> None:
    assert file_name(title, "0a", "md") == name


async def test_attached_texts_are_written_out(store: SqliteConversationStore, exports: ExportService) -> None:
    conversation = a_conversation()
    data = b"def f(): ```\n    return '</code><script>'\n\x1b]0;T\x07"
    file = replace(an_attachment(data), name="f.py", media_type="text/x-python")
    asked = replace(a_message(conversation, "Read this"), attachments=(file,))
    await take_in(store, replace(conversation, active_leaf=asked.id), (asked,), {file.digest: data})
    markdown = await text_of(exports, conversation, ExportFormat.MARKDOWN)
    assert f"- Attachment: f.py (text/x-python, {len(data)} bytes)\n\n````\ndef f(): ```\n" in markdown
    page = await text_of(exports, conversation, ExportFormat.HTML)
    assert "<pre><code>def f(): ```\n" in page
    assert "<script>" not in page.replace("<style>", "") and "\x1b" not in markdown + page
