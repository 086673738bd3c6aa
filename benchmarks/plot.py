"""The plot of the report: latency against Observations, both logarithmic, as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _RIGHT, _TOP = 640, 400, 60, 50, 130, 20
#: Readable by those who see colours differently (Okabe and Ito), and told apart by the shape of their line too.
_STYLES = (("#0072b2", ""), ("#d55e00", "7 4"), ("#009e73", "2 3"), ("#666666", "9 3 2 3"))

Points = Sequence[tuple[float, float]]


def latency_plot(series: Mapping[str, Points]) -> str:
    """One line for each series of Observations and milliseconds (both above 0), at most four."""
    across = [x for points in series.values() for x, _ in points]
    upward = [y for points in series.values() for _, y in points]
    place = _Place(_decades(across), _decades(upward))
    parts = [*_axes(place)]
    ends: list[float] = []
    for (name, points), (colour, dashes) in zip(series.items(), _STYLES, strict=False):
        parts += _line(place, name, points, colour, dashes, ends)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'font-family="sans-serif" font-size="12"><title>Latency against Observations</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


class _Place:
    """Where a point of the data is on the picture."""

    def __init__(self, across: tuple[int, int], upward: tuple[int, int]) -> None:
        self.across, self.upward = across, upward

    def x(self, value: float) -> float:
        low, high = self.across
        return _LEFT + (math.log10(value) - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.upward
        return _HEIGHT - _BOTTOM - (math.log10(value) - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)


def _axes(place: _Place) -> list[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for exponent in range(place.across[0], place.across[1] + 1):
        x = place.x(10.0**exponent)
        parts.append(f'<path d="M{x:.1f} {_TOP}V{bottom}" stroke="#dddddd"/>')
        parts.append(_text(x, bottom + 18, f"{10.0**exponent:g}", "middle"))
    for exponent in range(place.upward[0], place.upward[1] + 1):
        y = place.y(10.0**exponent)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="#dddddd"/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{10.0**exponent:g} ms", "end"))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 10, "Observations in the prefetch", "middle"))
    return parts


def _line(place: _Place, name: str, points: Points, colour: str, dashes: str, ends: list[float]) -> list[str]:
    path = "L".join(f"{place.x(x):.1f} {place.y(y):.1f}" for x, y in points)
    dots = [f'<circle cx="{place.x(x):.1f}" cy="{place.y(y):.1f}" r="3" fill="{colour}"/>' for x, y in points]
    last_x, last_y = points[-1]
    beside = place.y(last_y) + 4
    while any(abs(beside - other) < 14 for other in ends):
        beside += 2
    ends.append(beside)
    label = _text(place.x(last_x) + 8, beside, name, "start", colour)
    return [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-dasharray="{dashes}"/>', *dots, label]


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#222222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
