"""Make the pictures in this folder: `uv run python -m screenshots.make` (needs `chromium` for PNG).

The app is the real one, over a real store and real HTTP; the answers are scripted, so that a picture made
again is the same picture.
"""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.script import Model, Reply
from tests.support.scripted_server import ScriptedServer
from tui.app import ChatApp
from tui.domain.conversation import MessageStatus
from tui.screens.chat import ChatScreen
from tui.settings.schema import ChatSettings, InterfaceSettings, ServerSettings, Settings

HERE = Path(__file__).parent

BROWSER = (
    "chromium",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

MODELS = (
    Model("gemma3:4b", "4.3B", "Q4_K_M", ("completion", "vision"), 131072, "gemma3", 3_338_801_804),
    Model("llama3.2:3b", "3.2B", "Q4_K_M", ("completion", "tools"), 131072, "llama", 2_019_393_189),
    Model("qwen3:8b", "8.2B", "Q4_K_M", ("completion", "tools", "thinking"), 40960, "qwen3", 5_225_388_164),
    Model(
        "gpt-oss:20b", "20.9B", "MXFP4", ("completion", "tools", "thinking"), 131072, "gptoss", 13_793_441_244
    ),
)

ANSWER = """\
A lifetime says **how long a reference stays valid**. The compiler works most of them out by itself; you \
write one where a signature would be ambiguous:

```rust
fn longest<'a>(x: &'a str, y: &'a str) -> &'a str {
    if x.len() > y.len() { x } else { y }  // both must outlive the result
}
```

Three rules cover nearly every signature:

1. each reference that goes in gets a lifetime of its own,
2. if exactly one goes in, it is given to everything that comes out,
3. in a method, `&self` lends its lifetime to the result.

| form | reads as |
|---|---|
| `&'a T` | a reference that is valid for `'a` |
| `T: 'a` | `T` holds no reference shorter than `'a` |
| `'static` | valid until the program ends |

> Lifetimes describe; they never make anything live longer.
"""

THOUGHTS = (
    "The user wants lifetimes explained. Start with what they are, one example, the elision rules, a table."
)


class Scene:
    """The app while a picture is made of it."""

    def __init__(self, app: ChatApp, server: ScriptedServer, pilot) -> None:  # type: ignore[no-untyped-def]
        self.app, self.server, self.pilot = app, server, pilot

    @property
    def chat(self) -> ChatScreen:
        screen = self.app.screen_stack[1]
        assert isinstance(screen, ChatScreen)
        return screen

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await self.pilot.pause()

    async def ask(self, text: str, reply: Reply) -> None:
        self.server.script(reply)
        self.chat.pane.prompt.text = text
        await self.pilot.press("enter")
        await self.until(
            lambda: (
                not self.chat.pane.is_empty
                and self.chat.pane.messages[-1].status is MessageStatus.COMPLETE
                and not (self.app.services and self.app.services.generation.live)
            )
        )

    async def new(self) -> None:
        await self.pilot.press("ctrl+n")
        await self.until(lambda: self.chat.pane.is_empty)

    def take(self, name: str) -> None:
        svg = self.app.export_screenshot(title="ollama-tui")
        svg = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:11434", svg).replace("Fira Code", "DejaVu Sans Mono")
        file = HERE / f"{name}.svg"
        file.write_text(svg, "utf-8")
        if shutil.which("chromium"):
            self._draw(file)

    def _draw(self, file: Path) -> None:
        width, height = re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', file.read_text("utf-8"))[0]
        with tempfile.TemporaryDirectory() as profile:
            command = [
                *BROWSER,
                f"--user-data-dir={profile}",
                f"--window-size={float(width):.0f},{float(height):.0f}",
            ]
            subprocess.run(
                [*command, f"--screenshot={file.with_suffix('.png')}", file.as_uri()],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )


async def pictures(theme: str, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as directory, ScriptedServer(models=MODELS) as server:
        settings = Settings(
            server=ServerSettings(host=server.url),
            chat=ChatSettings(titles=False),
            interface=InterfaceSettings(theme=theme, animation=False),
            data_dir=Path(directory) / "data",
            state_dir=Path(directory) / "state",
        )
        app = ChatApp(settings)
        async with app.run_test(size=(120, 40)) as pilot:
            scene = Scene(app, server, pilot)
            await scene.until(lambda: app.services is not None and app.services.models.known)
            await pilot.pause()
            scene.take(f"start{suffix}")
            for title in ("SQL window functions", "A name for a grey cat", "Packing list for Lisbon"):
                await scene.ask(title, Reply("Gladly."))
                await scene.new()
            await scene.ask("Explain Rust lifetimes, briefly", Reply(ANSWER, thinking=THOUGHTS, rate=400))
            await pilot.pause()
            scene.take(f"conversation{suffix}")
            await pilot.press("f1")
            await pilot.pause()
            scene.take(f"help{suffix}")
            await pilot.press("escape")
            await scene.new()
            gate = server.gate()
            pieces = re.findall(r"\S+\s*", ANSWER)
            server.script(Reply(tokens=pieces, gate=gate))
            scene.chat.pane.prompt.text = "And once more, with an example"
            await pilot.press("enter")
            gate.release(34)
            await scene.until(lambda: app.services is not None and app.services.generation.live)
            await pilot.pause(0.2)
            scene.take(f"streaming{suffix}")
            gate.open()


def main() -> None:
    wanted = sys.argv[1:] or ["calm-dark", "calm-light"]
    for theme in wanted:
        asyncio.run(pictures(theme, "-light" if theme.endswith("light") else ""))


if __name__ == "__main__":
    main()
