"""The table of what was measured."""

from collections.abc import Sequence
from statistics import median, quantiles

COLUMNS = ("L", "T", "ours", "ours at 10,000")


class Sheet:
    """Collects figures; shows the median of each place."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[str, dict[str, list[float]]]] = {}

    def add(self, row: str, goal: str, column: str, *values: float) -> None:
        """Write figures down.

        Args:
            row: What was measured, with its unit.
            goal: What ours should reach.
            column: One of `COLUMNS`.
            values: What was measured.
        """
        self._rows.setdefault(row, (goal, {}))[1].setdefault(column, []).extend(values)

    def add_latencies(self, row: str, goals: tuple[str, str], column: str, seconds: Sequence[float]) -> None:
        """Write the middle and the 95th percentile of latencies down, in milliseconds."""
        self.add(f"{row}, p50, ms", goals[0], column, median(seconds) * 1000)
        self.add(f"{row}, p95, ms", goals[1], column, percentile(seconds) * 1000)

    def markdown(self) -> str:
        """Return the table."""
        lines = [
            f"| | {' | '.join(COLUMNS)} | ours/T | ours/L | 10,000/ours | goal |",
            f"|---|{'---:|' * (len(COLUMNS) + 3)}---|",
        ]
        for name, (goal, columns) in self._rows.items():
            middle = {column: median(values) for column, values in columns.items()}
            cells = [_figure(middle.get(column)) for column in COLUMNS]
            cells += [_ratio(middle, "ours", "T"), _ratio(middle, "ours", "L")]
            cells.append(_ratio(middle, COLUMNS[3], "ours"))
            lines.append(f"| {name} | {' | '.join(cells)} | {goal} |")
        return "\n".join(lines)


def percentile(values: Sequence[float], hundredth: int = 95) -> float:
    return quantiles(values, n=100, method="inclusive")[hundredth - 1] if len(values) > 1 else values[0]


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _ratio(middle: dict[str, float], column: str, floor: str) -> str:
    value = middle.get(column)
    return f"{value / middle[floor]:.2f}" if value is not None and middle.get(floor) else "–"
