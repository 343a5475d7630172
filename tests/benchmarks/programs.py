"""What is measured: ours, and the two floors."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.console import FRAME_END, Console
from tests.benchmarks.server import ROOT, Server
from tests.benchmarks.stores import Homes

COMMAND = Path(sys.executable).with_name("ollama-tui")


@dataclass(frozen=True, slots=True)
class Bench:
    """What every benchmark runs with."""

    server: Server
    homes: Homes

    def start_ours(self, home: Path, *arguments: str) -> Console:
        return Console([str(COMMAND), *arguments], environment=self._environment(home), folder=home)

    def start_floor(self) -> Console:
        command = [sys.executable, "-m", "tests.benchmarks.floor_app", self.server.host]
        return Console(command, environment=self._environment(self.homes.empty()), folder=ROOT)

    @contextlib.contextmanager
    def ours(self, home: Path, *arguments: str, shows: str = "●") -> Iterator[Console]:
        """Run ours until it is connected (or shows some other text) and stands still."""
        with self.start_ours(home, *arguments) as console:
            console.wait("●".encode())
            console.wait(shows.encode())
            console.settle()
            yield console

    @contextlib.contextmanager
    def floor(self) -> Iterator[Console]:
        """Run T until it stands still."""
        with self.start_floor() as console:
            console.wait(FRAME_END)
            console.settle()
            yield console

    def loop(self, question: str) -> dict[str, float]:
        """Run L: when the last line was read, the processor time of the answer, the memory."""
        command = [sys.executable, "-m", "tests.benchmarks.floor_loop", self.server.host, question]
        output = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
        told = json.loads(output)
        return {str(key): float(value) for key, value in told.items()}

    def _environment(self, home: Path) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name.startswith("BENCH_")}
        return kept | {
            "HOME": str(home),
            "OLLAMA_HOST": self.server.host,
            "PATH": "/usr/bin:/bin",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
