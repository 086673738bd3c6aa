"""A straight line through measured points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import correlation, linear_regression


@dataclass(frozen=True, slots=True)
class Line:
    """``base_ms`` for a request without Observations, ``each_ms`` for each; ``r2``: share of the variance explained."""

    base_ms: float
    each_ms: float
    r2: float

    def at(self, observations: int) -> float:
        """The milliseconds that the line gives."""
        return self.base_ms + self.each_ms * observations

    def __str__(self) -> str:
        return f"{self.base_ms:.1f} ms + {1000 * self.each_ms:.0f} µs for each Observation (R² {self.r2:.4f})"


def line_through(observations: Sequence[int], milliseconds: Sequence[float]) -> Line:
    """The least squares line through at least two points."""
    slope, intercept = linear_regression(observations, milliseconds)
    return Line(intercept, slope, correlation(observations, milliseconds) ** 2)
