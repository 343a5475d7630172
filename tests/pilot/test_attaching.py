"""Files that are attached, and what arrives of them at a real server."""

import asyncio
import base64
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat
from textual import events
from textual.widgets import Input

from tests.pilot.test_chat import Chat, running
from tests.support.files import encoded, png, with_location
from tests.support.script import Gate, Model, Reply
from tests.support.scripted_server import ScriptedServer
from tui.cli import Invocation
from tui.screens.model_dialogs import ChoiceScreen, NameScreen
from tui.widgets.attachment_row import AttachmentRow

SEEING = Model("gemma3:4b", "4.3B", "Q4_K_M", ("completion", "vision"), 131072, "gemma3")
BLIND = Model("gemma3:270m")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer(models=[SEEING, BLIND]) as server:
        yield server


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "pa ris.png"
    path.write_bytes(png((300, 200)))
    return path


def chips(chat: Chat) -> list[str]:
    return [chip.name for chip in chat.screen.pane.attachments.chips if chip.state == "ready"]


async def attach(chat: Chat, *paths: Path | str) -> None:
    before = len(chips(chat))
    chat.screen.attach_paths(paths)
    await chat.until(lambda: len(chips(chat)) == before + len(paths))


async def answered(chat: Chat, count: int) -> None:
    await chat.until(lambda: len(chat.contents) == 2 * count and chat.statuses[-1] == "complete")


async def test_the_picture_that_arrives_is_the_one_that_is_stored_on_every_turn(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    (tmp_path / "lying.jpg").write_bytes(with_location())
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await attach(chat, picture, tmp_path / "lying.jpg")
        await chat.say("What do you see?")
        await answered(chat, 1)
        assert chips(chat) == []
        await chat.say("And what else?")
        await answered(chat, 2)
        session = chat.screen.session
        assert session is not None
        attachments = chat.screen.pane.messages[0].attachments
        shown = [await session.services.attachments.data(each.digest) for each in attachments]
        for request in server.chats():
            first = request.json["messages"][0]
            assert [base64.b64decode(image) for image in first["images"]] == shown
            assert first["content"] == "What do you see?"
        assert len(server.chats()) == 2
        assert shown[0] == png((300, 200))
        assert Image.open(BytesIO(shown[1])).size == (20, 40)


def a_flag(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Return a picture whose quarters differ, so that it can be seen which way it is turned."""
    small = Image.new("RGB", (2, 2))
    small.putdata([(220, 30, 30), (30, 200, 30), (30, 30, 220), (230, 220, 40)])
    return small.resize(size, Image.Resampling.NEAREST)


def kinds() -> dict[str, tuple[bytes, Image.Image]]:
    """Return pictures of many kinds: the file, and how it looks."""
    flag = a_flag()
    lying = Image.Exif()
    lying[0x0112] = 6
    clear = flag.convert("RGBA")
    clear.paste((0, 0, 0, 0), (30, 0, 60, 20))
    grey = flag.convert("L")
    deep = grey.convert("I").point(lambda value: value * 257).convert("I;16")
    return {
        "lying.jpg": (encoded(flag.rotate(90, expand=True), "JPEG", quality=95, exif=lying), flag),
        "clear.png": (encoded(clear, "PNG"), clear),
        "palette.png": (encoded(flag.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"), flag),
        "deep.png": (encoded(deep, "PNG"), grey),
        "ink.jpg": (encoded(flag.convert("CMYK"), "JPEG", quality=95), flag),
        "large.webp": (encoded(a_flag((3200, 400)), "WEBP"), flag),
    }


def drawn(chat: Chat, name: str) -> tuple[Image.Image, tuple[int, ...]]:
    """Return the picture that stands in half-cells below its name, and the colour that is beside it."""
    rows: list[list[tuple[tuple[int, ...], tuple[int, ...]]]] = []
    begin = -1
    for strip in chat.app.screen._compositor.render_strips():
        if begin < 0:
            begin = strip.text.find(f"┌ {name}")
            continue
        cells = [(each, segment.style) for segment in strip for each in segment.text][begin:157]
        if any(each not in " ▀" for each, _ in cells):
            break
        rows.append([])
        for each, style in cells:
            assert style is not None and style.color is not None and style.bgcolor is not None
            low = tuple(style.bgcolor.get_truecolor())
            rows[-1].append((tuple(style.color.get_truecolor()) if each == "▀" else low, low))
    if not rows:
        # Its place is framed until it comes.
        return Image.new("RGB", (1, 1)), ()
    image = Image.new("RGB", (157 - begin, 2 * len(rows)))
    image.putdata([pair[half] for row in rows for half in (0, 1) for pair in row])
    ground = rows[0][-1][1]
    return image.crop(ImageChops.difference(image, Image.new("RGB", image.size, ground)).getbbox()), ground


def is_drawn(chat: Chat, name: str) -> bool:
    # Half of its width and more: nothing is there before.
    return drawn(chat, name)[0].width > 20


def differs(one: Image.Image, other: Image.Image) -> float:
    """Return by how much two pictures of one size differ, on average; 255 is all."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


async def test_what_arrives_of_a_picture_is_what_is_shown_whatever_its_kind(
    tmp_path: Path, server: ScriptedServer
) -> None:
    pictures = kinds()
    for name, (data, _) in pictures.items():
        (tmp_path / name).write_bytes(data)
    async with running(tmp_path, server, Invocation(model="gemma3:4b"), size=(160, 170)) as chat:
        await attach(chat, *(tmp_path / name for name in pictures))
        await chat.say("What do you see?")
        await answered(chat, 1)
        images = server.chats()[0].json["messages"][0]["images"]

        def far(name: str, image: str, looks: Image.Image) -> tuple[float, float]:
            """Return how far what arrived is from the file, and what is shown from what arrived."""
            came = Image.open(BytesIO(base64.b64decode(image)))
            assert max(came.size) <= 1568
            assert not came.getexif()
            shown, beside = drawn(chat, name)
            ground = Image.new("RGBA", came.size, beside)
            seen = Image.alpha_composite(ground, came.convert("RGBA"))
            looked = Image.alpha_composite(ground, looks.convert("RGBA").resize(came.size))
            return differs(seen, looked), differs(shown, seen.resize(shown.size, Image.Resampling.BOX))

        for (name, (_, looks)), image in zip(pictures.items(), images, strict=True):
            await chat.until(partial(is_drawn, chat, name))
            sent, shown = far(name, image, looks)
            assert (sent < 6, shown < 30) == (True, True), (name, sent, shown)


async def test_files_alone_can_be_sent_and_name_the_conversation(
    tmp_path: Path, server: ScriptedServer
) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("one\ntwo\nthree\n")
    async with running(tmp_path, server) as chat:
        await attach(chat, f"{notes}:2-3")
        await chat.pilot.press("enter")
        await answered(chat, 1)
        sent = server.chats()[0].json["messages"][0]["content"]
        assert sent == "notes.md:2-3:\n```markdown\ntwo\nthree\n```"
        assert chat.screen.header.conversation_title == "notes.md:2-3"


@pytest.mark.parametrize("how", ["plain", "quoted", "escaped", "uri", "data"])
async def test_a_pasted_path_attaches_the_file(
    how: str, tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    text = {
        "plain": str(picture),
        "quoted": f"'{picture}'",
        "escaped": str(picture).replace(" ", "\\ "),
        "uri": picture.as_uri(),
        "data": "data:image/png;base64," + base64.b64encode(png((300, 200))).decode(),
    }[how]
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        prompt = chat.screen.pane.prompt
        prompt.text = "before "
        prompt.area.post_message(events.Paste(text))
        await chat.until(lambda: chips(chat))
        assert chips(chat) == ["image.png" if how == "data" else "pa ris.png"]
        assert prompt.text == "before "


@pytest.mark.parametrize("text", ["/nowhere/a.png", "see /etc/passwd", "/etc", "notes.md"])
async def test_what_is_not_all_files_stays_text(text: str, tmp_path: Path, server: ScriptedServer) -> None:
    async with running(tmp_path, server) as chat:
        chat.screen.pane.prompt.area.post_message(events.Paste(text))
        await chat.until(lambda: chat.screen.pane.prompt.text == text)
        await chat.until(lambda: not any(worker.group == "attach" for worker in chat.app.workers))
        assert chat.screen.pane.prompt.text == text
        assert chips(chat) == []


async def test_attachments_are_kept_for_each_conversation_and_over_a_restart(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("one\n")
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await chat.say("One")
        await answered(chat, 1)
        await attach(chat, picture, notes)
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chat.screen.pane.is_empty and chips(chat) == [])
        await attach(chat, notes)
        await chat.pilot.press("alt+down")
        await chat.until(lambda: chips(chat) == ["pa ris.png", "notes.md"])
    async with running(tmp_path, server, Invocation(continue_latest=True)) as chat:
        await chat.until(lambda: chips(chat) == ["pa ris.png", "notes.md"])
        await chat.pilot.press("ctrl+n")
        await chat.until(lambda: chips(chat) == ["notes.md"])


async def test_a_file_that_is_taken_away_can_be_brought_back(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await attach(chat, picture)
        row = chat.screen.pane.attachments
        row.post_message(AttachmentRow.Removed(row, 0))
        await chat.until(lambda: chips(chat) == [])
        chat.screen.action_undo()
        await chat.until(lambda: chips(chat) == ["pa ris.png"])


async def test_an_edited_message_keeps_its_files_unless_they_are_taken_away(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await attach(chat, picture)
        await chat.say("What?")
        await answered(chat, 1)
        session = chat.screen.session
        assert session is not None
        session.editing.begin(chat.screen.pane.messages[0])
        await chat.until(lambda: chips(chat) == ["pa ris.png"])
        await chat.say("What else?")
        await chat.until(lambda: chat.contents[:1] == ["What else?"] and chat.statuses[-1] == "complete")
        assert len(server.chats()[-1].json["messages"][0]["images"]) == 1
        session.editing.begin(chat.screen.pane.messages[0])
        row = chat.screen.pane.attachments
        row.post_message(AttachmentRow.Removed(row, 0))
        await chat.until(lambda: chips(chat) == [])
        await chat.say("Nothing?")
        await chat.until(lambda: chat.contents[:1] == ["Nothing?"] and chat.statuses[-1] == "complete")
        assert not server.chats()[-1].json["messages"][0].get("images")


async def test_a_message_that_waits_keeps_its_files(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    gate = Gate()
    server.script(Reply(hold=gate))
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await chat.say("First")
        await chat.until(lambda: len(chat.contents) == 2)
        await attach(chat, picture)
        await chat.say("Second")
        await chat.until(lambda: chat.screen.pane.status.queued == 1 and chips(chat) == [])
        gate.open()
        await answered(chat, 2)
        assert len(server.chats()[-1].json["messages"][-1]["images"]) == 1


async def test_a_picture_for_a_model_that_does_not_see_is_caught_and_one_key_switches(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    async with running(tmp_path, server, Invocation(model="gemma3:270m")) as chat:
        chat.screen.attach_paths([picture])
        await chat.until(lambda: isinstance(chat.app.screen, ChoiceScreen))
        await chat.pilot.press("escape")
        await chat.until(lambda: not isinstance(chat.app.screen, ChoiceScreen))
        await chat.say("What is it?")
        await chat.until(lambda: isinstance(chat.app.screen, ChoiceScreen))
        assert server.chats() == []
        assert chat.screen.pane.prompt.text == "What is it?"
        await chat.pilot.press("enter")
        await chat.until(lambda: chat.screen.header.model == "gemma3:4b")
        await chat.until(lambda: not isinstance(chat.app.screen, ChoiceScreen))
        await chat.pilot.press("enter")
        await answered(chat, 1)
        assert server.chats()[0].json["model"] == "gemma3:4b"


async def asked(chat: Chat) -> list[str]:
    """Return what is offered once there is a choice."""
    await chat.until(lambda: isinstance(chat.app.screen, ChoiceScreen) and chat.app.screen.is_mounted)
    dialog = chat.app.screen
    assert isinstance(dialog, ChoiceScreen)
    await chat.until(lambda: dialog.options.option_count)
    return [str(option.prompt) for option in dialog.options.options]


async def choose(chat: Chat, words: str) -> None:
    """Choose what begins with some words."""
    offered = await asked(chat)
    assert isinstance(chat.app.screen, ChoiceScreen)
    chat.app.screen.options.highlighted = next(n for n, each in enumerate(offered) if each.startswith(words))
    await chat.pilot.press("enter")
    await chat.until(lambda: not isinstance(chat.app.screen, ChoiceScreen))


async def test_without_any_model_that_sees_the_picture_goes_or_a_model_is_fetched(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    server.models = [BLIND]
    async with running(tmp_path, server) as chat:
        chat.screen.attach_paths([picture])
        assert [each.split(" ")[0] for each in await asked(chat)] == ["Take", "Fetch"]
        await chat.pilot.press("escape")
        await chat.until(lambda: chips(chat) == ["pa ris.png"])
        # What a text is attached to has been said of already.
        notes = tmp_path / "notes.md"
        notes.write_text("# Notes\n")
        chat.screen.attach_paths([notes])
        await chat.until(lambda: chips(chat) == ["pa ris.png", "notes.md"])
        await chat.pilot.pause()
        assert chat.app.screen is chat.screen
        await chat.say("What?")
        await choose(chat, "Fetch")
        await chat.until(lambda: isinstance(chat.app.screen, NameScreen) and chat.app.screen.is_mounted)
        assert chat.app.screen.query_one(Input).value == "gemma3:4b"
        await chat.pilot.press("escape", "escape")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert chat.screen.pane.prompt.text == "What?"
        chat.screen.pane.prompt.action_send()
        await choose(chat, "Send it without the picture")
        await answered(chat, 1)
        sent = server.chats()[0].json["messages"][-1]
        assert not sent.get("images")
        assert sent["content"].endswith("What?")
        assert "# Notes" in sent["content"]
        chat.screen.action_undo()
        await chat.until(lambda: chips(chat) == ["pa ris.png"])


async def test_pictures_are_visibly_left_out_when_a_blind_model_goes_on(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await attach(chat, picture)
        await chat.say("What?")
        await answered(chat, 1)
        chat.screen.action_choose_model("gemma3:270m")
        assert [each.split(" ")[0] for each in await asked(chat)] == ["Go", "gemma3:4b"]
        await chat.pilot.press("enter")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert "cannot see" in str(chat.screen.pane.prompt.border_title)
        await chat.say("And now?")
        await answered(chat, 2)
        first = server.chats()[-1].json["messages"][0]
        assert not first.get("images")
        assert "[A picture that you cannot see: pa ris.png]" in first["content"]


async def test_switching_to_a_blind_model_can_be_taken_back_with_one_choice(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await attach(chat, picture)
        await chat.say("What?")
        await answered(chat, 1)
        chat.screen.action_choose_model("gemma3:270m")
        await choose(chat, "gemma3:4b")
        await chat.until(lambda: chat.screen.header.model == "gemma3:4b")
        assert not chat.screen.pane.prompt.border_title


async def test_what_a_server_refuses_is_asked_again_without_the_picture(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    server.script(Reply(recording="chat_images_no_vision"))
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await attach(chat, picture)
        await chat.say("What?")
        await choose(chat, "Ask again without pictures")
        await chat.until(lambda: chat.statuses[-1:] == ["complete"])
        assert not server.chats()[-1].json["messages"][-1].get("images")


async def test_a_server_that_refuses_pictures_leads_to_the_same_offer(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    server.models = [Model("old", capabilities=()), SEEING]
    server.script(Reply(recording="chat_images_no_vision"))
    async with running(tmp_path, server, Invocation(model="gemma3:4b")) as chat:
        await attach(chat, picture)
        await chat.say("What?")
        await chat.until(lambda: isinstance(chat.app.screen, ChoiceScreen))
        await chat.pilot.press("enter")
        await chat.until(lambda: chat.statuses[-1:] == ["complete"])
        assert chat.contents[0] == "What?"


async def test_a_file_that_cannot_be_attached_keeps_the_message_back(
    tmp_path: Path, server: ScriptedServer
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    async with running(tmp_path, server, Invocation(prompt="Look", attach=(bad,))) as chat:
        await chat.until(
            lambda: chat.screen.pane.prompt.text == "Look" and not len(chat.screen.pane.attachments.chips)
        )
        await chat.until(lambda: any("damaged PNG" in toast.message for toast in chat.app._notifications))
        await asyncio.sleep(0)
        assert server.chats() == []


async def test_files_of_the_command_line_go_with_its_prompt(
    tmp_path: Path, server: ScriptedServer, picture: Path
) -> None:
    invocation = Invocation(prompt="Look", model="gemma3:4b", attach=(picture,))
    async with running(tmp_path, server, invocation) as chat:
        await answered(chat, 1)
        assert len(server.chats()[0].json["messages"][0]["images"]) == 1
