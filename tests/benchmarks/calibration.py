"""How far the estimate of tokens is off: on recorded requests, and live with the embedded engine's model.

Run it with `uv run python -m tests.benchmarks.calibration`. It prints, after each number of answers, the mean
and the largest error of the next estimate as a share of what the server counted. `--live` asks the engine.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.recordings import names, recording
from tui.backends.ollama import OllamaBackend
from tui.domain.context import system_features
from tui.domain.estimate import REQUEST, Calibration, Features, added, message_features, thinking_features
from tui.domain.generation import ChatMessage, ChatRequest, Options
from tui.services.engine import EngineSupervisor

_Counted = tuple[Features, int]

_SHORT = 20
"""Prompts of fewer tokens are told of in tokens: one more or less is a large share of them."""

_CUT = ("over_num_ctx", "num_ctx_zero", "num_ctx_negative", "bad_role", "tool")
"""Recordings whose count is not that of what was sent."""

_REFUSED = "chat_prompt_over_num_ctx_truncate_false"
"""The recording whose error says how long the prompt was."""


def counted(messages: Sequence[dict[str, str]], count: int) -> _Counted:
    """Return what is counted of a request, with what the server counted."""
    parts = [REQUEST]
    for message in messages:
        words = message_features(message.get("content") or "")
        parts.append(system_features(message["content"]) if message["role"] == "system" else words)
        parts.append(thinking_features(message.get("thinking") or ""))
    return added(parts), count


def recorded(model: str) -> list[_Counted]:
    """Return the recorded requests to a model, each text once, with their counts."""
    found: dict[str, _Counted] = {}
    for name in names("chat_"):
        played = recording(name)
        refused = name == _REFUSED
        if not refused and (played.status != 200 or not played.lines or any(cut in name for cut in _CUT)):
            continue
        asked, last = json.loads(played.request), json.loads(played.lines[-1][1])
        count = json.loads(last["error"])["error"]["n_prompt_tokens"] if refused else None
        count = count or last.get("prompt_eval_count")
        if asked.get("model") == model and asked.get("messages") and count:
            key = json.dumps([asked["messages"], asked.get("think")])
            found[key] = counted(asked["messages"], int(count))
    return list(found.values())


def errors_after(answers: int, sequences: Sequence[Sequence[_Counted]]) -> tuple[list[float], list[float]]:
    """Return how far off the next estimate is after so many answers: shares, and tokens of short prompts."""
    shares: list[float] = []
    tokens: list[float] = []
    for sequence in sequences:
        calibration = Calibration()
        for features, count in sequence[:answers]:
            calibration = calibration.learned(features, count)
        for features, count in sequence[answers : answers + 1]:
            off = calibration.tokens(features) - count
            (shares if count >= _SHORT else tokens).append(abs(off) / count if count >= _SHORT else abs(off))
    return shares, tokens


def report(title: str, sequences: Sequence[Sequence[_Counted]], upto: int) -> None:
    """Print a table of errors."""
    print(f"\n{title}\n  answers   prompts  mean error  largest   short prompts: mean, largest, in tokens")
    for answers in range(upto + 1):
        shares, tokens = errors_after(answers, sequences)
        share = f"{statistics.mean(shares):10.1%}  {max(shares):7.1%}" if shares else " " * 19
        short = f"{statistics.mean(tokens):12.1f}  {max(tokens):5.1f}" if tokens else ""
        print(f"  {answers:7}  {len(shares):8}  {share}{short}")


def shuffled(requests: Sequence[_Counted], times: int) -> list[list[_Counted]]:
    """Return the requests in several orders."""
    chance = random.Random(1)
    return [chance.sample(list(requests), len(requests)) for _ in range(times)]


async def live(model: str, conversations: int, turns: int) -> list[list[_Counted]]:
    """Return conversations with the engine's model about texts of several kinds, with its counts."""
    chance = random.Random(2)
    folder = Path(__file__).parents[2]
    prose = (folder / "README.md").read_text("utf-8")
    code = (folder / "tui" / "services" / "run.py").read_text("utf-8")
    sources = (prose, code, prose + code, "東京は日本の首都です。人口は約1400万人です。\n" * 40)
    found: list[list[_Counted]] = []
    with TemporaryDirectory() as directory:
        supervisor = EngineSupervisor(Path(directory) / "engine.log")
        handle = await supervisor.start()
        backend = OllamaBackend(handle.url, headers=handle.headers, embedded=True)
        try:
            for number in range(conversations):
                history: list[dict[str, str]] = []
                found.append([])
                for _ in range(turns):
                    text = sources[number % len(sources)]
                    start = chance.randrange(max(1, len(text) - 300))
                    history.append({"role": "user", "content": text[start : start + chance.randint(40, 300)]})
                    answer, count = await _asked(backend, model, history)
                    found[-1].append(counted(history, count))
                    history.append({"role": "assistant", "content": answer})
        finally:
            await backend.aclose()
            await supervisor.aclose()
    return found


async def _asked(backend: OllamaBackend, model: str, history: Sequence[dict[str, str]]) -> tuple[str, int]:
    messages = tuple(ChatMessage(message["role"], message["content"]) for message in history)
    request = ChatRequest(model, messages, Options(num_ctx=4096, num_predict=8, seed=1), exact=True)
    said, count = "", 0
    async for delta in backend.chat(request):
        said += delta.content
        count = delta.stats.prompt_tokens or count
    return said, count


def main(arguments: Sequence[str]) -> None:
    """Print how far estimates are off."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--live", action="store_true", help="ask the embedded engine as well")
    given = parser.parse_args(arguments)
    report("Recorded, gemma3:270m", shuffled(recorded("gemma3:270m"), 40), 6)
    report("Recorded, thinker:270m", shuffled(recorded("thinker:270m"), 40), 3)
    if given.live:
        report("Live, gemma3:270m", asyncio.run(live("gemma3:270m", 4, 8)), 7)


if __name__ == "__main__":
    main(sys.argv[1:])
