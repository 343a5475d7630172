"""The scripted server as a process, told by each question how to answer it.

A question is `KIND TOKENS RATE`: prose or code, how many pieces (for code: lines), and how many a second, 0
for all in one write. After each answer its time is printed.
"""

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

from tests.benchmarks import texts
from tests.support.connection import Connection
from tests.support.script import Reply, Request
from tests.support.scripted_server import ScriptedServer

ROOT = Path(__file__).resolve().parents[2]


class _Server(ScriptedServer):
    async def handle(self, request: Request, connection: Connection) -> bool:
        messages = request.json.get("messages") if request.path == "/api/chat" else None
        if messages:
            self.script(_reply(messages[-1]["content"]))
        stays = await super().handle(request, connection)
        if messages:
            print(time.monotonic(), flush=True)
        return stays


def _reply(question: str) -> Reply:
    kind, count, rate = question.split()
    tokens = texts.code(int(count)) if kind == "code" else texts.prose(int(count))
    return Reply(tokens=tokens, rate=float(rate) or None, burst=not float(rate))


class Server:
    """That process, from outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.server"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.host = f"127.0.0.1:{int(self._process.stdout.readline())}"
        self.answered: list[float] = []
        """When the last byte of each answer was written."""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.answered.append(float(line))

    def wait_answered(self, count: int, timeout: float = 120.0) -> float:
        """Wait for the end of the answer with this number; return when it was."""
        deadline = time.monotonic() + timeout
        while len(self.answered) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.answered[count - 1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def _serve() -> None:
    server = _Server()
    asyncio.run(server.serve(lambda: print(server.port, flush=True)))


if __name__ == "__main__":
    _serve()
