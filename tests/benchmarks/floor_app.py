"""T, the floor of what is seen: an input, and Markdown fed by the framework's own stream."""

import sys

from ollama import AsyncClient
from textual import work
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Input, Markdown


class FloorApp(App[None]):
    def __init__(self, host: str) -> None:
        super().__init__()
        self._client = AsyncClient(host=host)

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield Markdown()
        yield Input()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).anchor()
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.input.clear()
        self._answer(event.value)

    @work
    async def _answer(self, question: str) -> None:
        stream = Markdown.get_stream(self.query_one(Markdown))
        messages = [{"role": "user", "content": question}]
        async for part in await self._client.chat("gemma3:270m", messages, stream=True):
            await stream.write(part.message.content or "")
        await stream.stop()


if __name__ == "__main__":
    FloorApp(sys.argv[1]).run()
