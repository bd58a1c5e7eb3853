"""A picture of how something goes on turn by turn, as SVG: each turn a dot, the median around it a line.

What is beyond four times the median is drawn on the upper edge.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final
from xml.sax.saxutils import escape

AROUND: Final = 25
WIDTH, HEIGHT, MARGIN = 640, 220, 48


@dataclass(frozen=True)
class Series:
    """What is shown: one value a turn."""

    title: str
    values: list[float] = field(default_factory=list)


def picture(panels: Sequence[Series]) -> str:
    """The panels below each other, each with an axis of its own that begins at zero."""
    drawn = "".join(_panel(series, number * HEIGHT) for number, series in enumerate(panels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(panels)}" '
        f'font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="white"/>{drawn}</svg>\n'
    )


def _panel(series: Series, top: int) -> str:
    values = series.values
    count = len(values)
    highest = 4 * median(values)

    def place(turn: int, value: float) -> tuple[float, float]:
        across = MARGIN + turn / count * (WIDTH - 2 * MARGIN)
        up = min(value, highest) / highest * (HEIGHT - 2 * MARGIN)
        return round(across, 1), round(top + HEIGHT - MARGIN - up, 1)

    dots = "".join(f"M{x} {y}h0" for x, y in (place(turn, value) for turn, value in enumerate(values, 1)))
    around = [median(values[max(0, turn - AROUND) : turn + AROUND]) for turn in range(count)]
    line = " ".join(f"{x},{y}" for x, y in (place(turn, value) for turn, value in enumerate(around, 1)))
    left, bottom = place(0, 0)
    right, _ = place(count, 0)
    marks = "".join(
        f'<text x="{left - 4}" y="{place(0, value)[1] + 4}" text-anchor="end">{value:.3g}</text>'
        for value in (0, highest / 2, highest)
    )
    turns = "".join(
        f'<text x="{place(turn, 0)[0]}" y="{bottom + 16}" text-anchor="middle">{turn}</text>'
        for turn in range(0, count + 1, max(count // 5, 1))
    )
    return (
        f'<text x="{left}" y="{top + 24}" font-size="14">{escape(series.title)}</text>'
        f'<path d="M{left} {top + MARGIN}V{bottom}H{right}" fill="none" stroke="black"/>{marks}{turns}'
        f'<path d="{dots}" stroke="#9bc" stroke-width="3" stroke-linecap="round"/>'
        f'<polyline points="{line}" fill="none" stroke="#025" stroke-width="2"/>'
    )
