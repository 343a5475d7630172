"""Models, loads and pulls in words and bars."""

from textual.content import Content

from tui.domain.model import FOR_GOOD_SECONDS, RunningModel
from tui.domain.pull import Pull, PullState
from tui.domain.text import sanitize_line


def size_words(size: int) -> str:
    """Return a number of bytes in the units of model listings: `3.3 GB`."""
    if size <= 0:
        return ""
    if size >= 999_500_000:
        return f"{size / 1e9:.1f} GB"
    if size >= 999_500:
        return f"{size / 1e6:.0f} MB"
    return f"{size / 1e3:.0f} kB" if size >= 1000 else f"{size} B"


def context_words(tokens: int | None) -> str:
    """Return a context length as people say it: `32k`."""
    if not tokens:
        return ""
    if tokens >= 1_000_000:
        return f"{tokens / 1_048_576:.0f}M"
    return f"{tokens // 1024}k" if tokens >= 1024 else str(tokens)


def left_words(running: RunningModel, now: float) -> str:
    """Return how long a model stays loaded: `4 min`, `2 h`, `kept`; empty where that is not known."""
    if running.expires_at is None:
        return ""
    seconds = running.expires_at - now
    minutes = seconds / 60
    if seconds >= FOR_GOOD_SECONDS:
        return "kept"
    if minutes >= 90:
        return f"{minutes / 60:.0f} h"
    if seconds >= 60:
        return f"{round(minutes)} min"
    return f"{seconds:.0f} s" if seconds > 0 else ""


def memory_words(running: RunningModel) -> str:
    """Return where a loaded model lies: `GPU`, `CPU`, `GPU 40 %, CPU 60 %`."""
    if running.size <= 0:
        return ""
    share = min(100, round(100 * running.size_vram / running.size))
    if share in (0, 100):
        return "GPU" if share else "CPU"
    return f"GPU {share} % · CPU {100 - share} %"


def progress_bar(share: float, width: int) -> Content:
    """Return a bar of `width` cells, `share` of it filled."""
    filled = max(0, min(width, round(share * width)))
    return Content.styled("━" * filled, "$primary") + Content.styled(
        "━" * (width - filled), "$foreground 20%"
    )


def pull_words(pull: Pull, *, brief: bool = False) -> Content:
    """Return how a pull is, after its bar."""
    if pull.state is PullState.DONE:
        return Content.styled("✓ ready", "$text-success")
    if pull.state is PullState.CANCELLED:
        return Content.styled("stopped" if brief else "stopped · Enter goes on", "$text-warning")
    if pull.state is PullState.FAILED:
        why = sanitize_line(pull.error.message, 160) if pull.error else ""
        return Content.styled(f"failed · {why}" if why else "failed", "$text-error")
    if not pull.total:
        return Content.styled(sanitize_line(pull.status, 60) or "asking the server", "$text-muted")
    if pull.completed >= pull.total:
        return Content.styled(sanitize_line(pull.status, 60), "$text-muted")
    return Content(" · ").join([Content(each) for each in _speed_words(pull, brief=brief)])


def pull_keys(pull: Pull) -> str:
    """Return what can be done about a pull."""
    match pull.state:
        case PullState.RUNNING:
            return "It goes on while you talk. x stops it."
        case PullState.DONE:
            return "Enter puts it away."
        case PullState.FAILED | PullState.CANCELLED:
            return "Enter goes on with it, x puts it away."


def percent(pull: Pull) -> str:
    """Return how much of a pull is there; never 100 % before all of it is."""
    if pull.state is PullState.DONE:
        return "100 %"
    if not pull.total:
        return ""
    return f"{min(99, int(100 * pull.completed / pull.total))} %"


def _speed_words(pull: Pull, *, brief: bool) -> list[str]:
    if pull.bytes_per_second is None:
        return ["starting"]
    if pull.bytes_per_second < 1000:
        return ["waiting" if brief else "waiting for the registry"]
    words = [f"{size_words(int(pull.bytes_per_second))}/s"]
    if pull.seconds_left is not None:
        words.append(f"{_about(pull.seconds_left)} left")
    return words


def _about(seconds: float) -> str:
    """Return how long something takes yet, as exactly as it can be known: `48 s`, `3 min`, `2 h 05 min`."""
    if seconds < 60:
        return f"{max(0, int(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
