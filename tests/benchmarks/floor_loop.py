"""L, the floor of what is received: the client's stream, read to its end, nothing shown."""

import asyncio
import json
import resource
import sys
import time

from ollama import AsyncClient


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def _read(host: str, question: str) -> None:
    client = AsyncClient(host=host)
    await client.list()
    before = _cpu()
    messages = [{"role": "user", "content": question}]
    async for _ in await client.chat("gemma3:270m", messages, stream=True):
        pass
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"end": time.monotonic(), "cpu": _cpu() - before, "memory": memory}))


if __name__ == "__main__":
    asyncio.run(_read(sys.argv[1], sys.argv[2]))
