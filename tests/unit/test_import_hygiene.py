"""What is loaded when: start-up time is spent on imports, and layers leak through them."""

import json
import os
import subprocess
import sys

import pytest


def loaded_after(statement: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after `statement`."""
    program = f"import json, sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\n"
    program += "print('\\n' + json.dumps(sorted(sys.modules)))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import tui.services", {"textual", "rich", "ollama", "httpx", "PIL", "tui.engine"}),
        (
            "import sys; sys.argv[1:] = ['--version']; import tui.__main__; tui.__main__.main()",
            {"textual", "rich", "ollama", "httpx", "sqlite3", "tui.services"},
        ),
        ("import tui.app", {"ollama", "httpx", "pydantic", "textual_image", "PIL", "tui.engine"}),
        ("import tui.engine.server", {"tui.domain", "tui.services", "textual", "ollama", "xllamacpp"}),
    ],
)
def test_what_is_not_needed_is_not_loaded(statement: str, absent: set[str]) -> None:
    assert not loaded_after(statement) & absent
