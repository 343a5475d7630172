"""The runner: a process that holds one loaded model and nothing else.

Loading holds the interpreter for seconds, and native code may abort: so the engine starts llama.cpp
in a process of its own, and unloads a model by ending it. It reads one line of JSON from standard
input (the model file, the context length, the threads, the key) and writes one with the address of
llama.cpp's own server, or with what went wrong. It ends when its standard input does.
"""

import importlib
import json
import os
import sys
import threading

from tui.engine.lifeline import tie_to_parent

_PROMPT_BATCH = 128
"""Tokens of a prompt evaluated at a stretch: a cancelled request stops between two of them."""

_KEPT: list[object] = []
"""The server, which stops when nothing refers to it."""


def _load(settings: dict[str, object]) -> str:
    """Load the model and return the address of the server."""
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(settings["path"])
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [str(settings["key"])]
    params.n_ctx = int(str(settings["num_ctx"]))
    params.n_batch = _PROMPT_BATCH
    params.n_ubatch = _PROMPT_BATCH
    params.n_parallel = 1
    params.cpuparams.n_threads = int(str(settings["threads"]))
    params.cpuparams_batch.n_threads = int(str(settings["threads"]))
    params.n_threads_http = 4
    params.ctx_shift = True
    # Without it, what a sliding window has left behind must be read again for each answer.
    params.swa_full = True
    params.warmup = False
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_props = False
    params.cache_ram_mib = 0
    server = xllamacpp.Server(params)
    _KEPT.append(server)
    return str(server.listening_address)


def main() -> int:
    """Load a model and serve it until standard input ends."""
    settings: dict[str, object] = json.loads(sys.stdin.buffer.readline())
    # llama.cpp may print: what it prints must not look like an answer.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    tie_to_parent(int(str(settings["parent_pid"])))
    try:
        message = {"address": _load(settings)}
    except (RuntimeError, ValueError, OSError, ImportError) as error:
        message = {"error": str(error) or type(error).__name__}
    answers.write(json.dumps(message) + "\n")
    answers.flush()
    if "error" in message:
        return 1
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
