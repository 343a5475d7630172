"""Benchmarks in a real pseudo-terminal: `uv run python -m tests.benchmarks [NAME …] [-n ROUNDS]`.

Without names, or with `all`, everything is measured: about six minutes a round, two rounds by default.
Each round runs the floors and ours in turn, so that a machine that others use is unfair to all of them alike.
Read the ratios, not the milliseconds.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.console import NeverShown
from tests.benchmarks.programs import Bench
from tests.benchmarks.rows import BENCHMARKS
from tests.benchmarks.server import Server
from tests.benchmarks.sheet import Sheet
from tests.benchmarks.stores import Homes


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[*BENCHMARKS, "all", []], help="which; all of them by default"
    )
    parser.add_argument("-n", "--rounds", type=int, default=2)
    given = parser.parse_args()
    names = given.names if given.names and "all" not in given.names else list(BENCHMARKS)
    sheet = Sheet()
    folder = Path(tempfile.mkdtemp(prefix="benchmarks-"))
    try:
        with Server() as server:
            bench = Bench(server, Homes(folder))
            for number in range(given.rounds):
                for name in names:
                    _say(f"round {number + 1} of {given.rounds}: {name}")
                    try:
                        BENCHMARKS[name](bench, sheet)
                    except NeverShown as error:
                        _say(f"{name}: not shown: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(sheet.markdown())


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
