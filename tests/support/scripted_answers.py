"""How the scripted server writes answers: whole, as a stream, or as they were recorded."""

import asyncio
import json
from collections.abc import Sequence

from tests.support import token_counter
from tests.support.connection import Connection, head
from tests.support.recordings import chunk, recording
from tests.support.script import Gate, Reply, Request, answer_lines, done_line, framed, pieces


async def pause(seconds: float, hold: Gate | None) -> None:
    """Wait some seconds, and until a gate is passed."""
    if seconds > 0:
        await asyncio.sleep(seconds)
    if hold is not None:
        await hold.passed()


def _parts(reply: Reply, *, think: object) -> tuple[list[str], list[str]]:
    tokens = list(reply.tokens) if reply.tokens is not None else pieces(reply.text or "")
    return tokens, pieces(reply.thinking) if think is not False else []


def whole_answer(name: str, reply: Reply) -> bytes:
    """Return an answer that is not streamed."""
    tokens, _ = _parts(reply, think=False)
    answer = json.loads(done_line(name, reply.done_reason, prompt=1, count=len(tokens), rate=reply.rate))
    answer["message"]["content"] = "".join(tokens)
    return json.dumps(answer).encode()


def _stream_lines(name: str, reply: Reply, request: Request, window: int | None) -> list[bytes]:
    tokens, thinking = _parts(reply, think=request.json.get("think"))
    count = len(tokens) + len(thinking)
    prompt = sum(len(pieces(message["content"])) for message in request.json["messages"])
    if window is not None:
        read = token_counter.cut(request.json["messages"], token_counter.window_of(request.json, window))
        prompt = token_counter.prompt_tokens(read)
    lines = answer_lines(name, tokens, thinking)
    lines.append(done_line(name, reply.done_reason, prompt=prompt, count=count, rate=reply.rate))
    if reply.error is not None:
        error = json.dumps({"error": reply.error}).encode() + b"\n"
        lines = [*lines[: reply.error_after], error]
    return lines if reply.end_after is None else lines[: reply.end_after]


async def stream(
    name: str, reply: Reply, request: Request, connection: Connection, window: int | None = None
) -> bool:
    """Write an answer line by line; return whether the connection stays open.

    With a `window` the prompt is counted, and cut, as a server with such a context window does.
    """
    lines = _stream_lines(name, reply, request, window)
    kept = lines if reply.cut_after is None else lines[: reply.cut_after]
    frames = framed(kept)
    start = head(200, [("Content-Type", "application/x-ndjson"), ("Transfer-Encoding", "chunked")])
    if reply.burst:
        request.lines_sent = len(frames)
        connection.write(start + b"".join(frames))
    else:
        connection.write(start)
        await _pace(frames, reply, request, connection)
    if reply.cut_after is None:
        connection.write(b"0\r\n\r\n")
        return True
    if reply.cut_inside_line:
        next_line = lines[reply.cut_after]
        connection.write(chunk(next_line[: len(next_line) // 2]))
    return False


async def _pace(frames: Sequence[bytes], reply: Reply, request: Request, connection: Connection) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for index, frame in enumerate(frames):
        if reply.gate is not None:
            await reply.gate.passed()
        if reply.rate is not None and (wait := begun + index / reply.rate - loop.time()) > 0:
            await asyncio.sleep(wait)
        connection.write(frame)
        request.lines_sent = index + 1
        if index % 64 == 63:
            await connection.drain()


async def replay(reply: Reply, request: Request, connection: Connection) -> None:
    """Write a recorded answer byte for byte."""
    played = recording(reply.recording or "")
    connection.write(played.head())
    for wait, frame in played.frames():
        if reply.gate is not None:
            await reply.gate.passed()
        if reply.time_scale > 0:
            await asyncio.sleep(wait * reply.time_scale)
        connection.write(frame)
        request.lines_sent += 1
