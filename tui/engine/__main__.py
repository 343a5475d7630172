"""The engine's process: `python -m tui.engine --port 0 --parent-pid N [--gguf FILE]`."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

from tui.engine.catalog import Catalog
from tui.engine.gguf import BadGguf
from tui.engine.http import Server
from tui.engine.lifeline import tie_to_parent
from tui.engine.llama import LlamaRunner
from tui.engine.runtime import Runtime
from tui.engine.server import Api, Guard

_NICENESS = 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tui.engine",
        description="Answer like an Ollama server on the loopback address. The first line of standard input "
        "is the token that every request must bear; the end of standard input ends the process.",
    )
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; 0 takes a free one")
    parser.add_argument(
        "--parent-pid", type=int, default=0, help="the process whose end is the end of this one"
    )
    parser.add_argument(
        "--gguf", type=Path, action="append", default=[], metavar="FILE", help="a model to offer"
    )
    parser.add_argument("--cache", type=Path, default=None, metavar="DIR", help="where weights are kept")
    return parser


async def _serve(catalog: Catalog, port: int, token: str) -> None:
    """Listen, say where, and answer until asked to end."""
    runtime = Runtime(LlamaRunner.start)
    server = Server(Api(catalog, runtime), Guard(token))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    bound = await server.start(port)
    sys.stdout.write(json.dumps({"port": bound, "pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    preparing = loop.create_task(_prepare(catalog), name="engine-prepare")
    await ended.wait()
    preparing.cancel()
    await server.aclose()
    await runtime.aclose()


async def _prepare(catalog: Catalog) -> None:
    """Read the models' headers and write the weights before somebody waits for them."""
    for model in await asyncio.to_thread(catalog.models):
        # What is wrong is told to the one who asks for the model.
        with contextlib.suppress(RuntimeError):
            await asyncio.to_thread(model.locate)


def main() -> int:
    """Run the engine; the exit status is 2 if it was started wrongly."""
    arguments = _parser().parse_args()
    token = sys.stdin.buffer.readline().strip().decode("ascii", "replace")
    if not token:
        sys.stderr.write("tui.engine: the first line of standard input must be the token\n")
        return 2
    tie_to_parent(arguments.parent_pid)
    try:
        catalog = Catalog(arguments.gguf, arguments.cache)
    except (BadGguf, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        sys.stderr.write(f"tui.engine: cannot use {', '.join(map(str, arguments.gguf))}: {reason}\n")
        return 2
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    try:
        asyncio.run(_serve(catalog, arguments.port, token))
    except OSError as error:
        sys.stderr.write(f"tui.engine: cannot listen: {error.strerror or error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
