"""The report of a screening: one HTML file that asks for nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from cds_service.screening.plots import medicines_plot, missing_tests_plot, turnaround_plot

REPORT = "report.html"
OUTCOMES = ("met", "verify", "test", "unmet", "applies", "clear")
_TEMPLATES = Path(__file__).parent / "templates"
_MOST_UNREAD = 50


def write_report(output: Path, summary: dict[str, Any]) -> None:
    """Write ``report.html`` for a summary."""
    drawn = {
        "medicines": medicines_plot(summary),
        "missing_tests": missing_tests_plot(summary),
        "turnaround": turnaround_plot(summary),
    }
    # The plots are our own SVG; everything else in the page is escaped.
    plots = {name: Markup(svg) if svg else None for name, svg in drawn.items()}  # noqa: S704
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True
    )
    page = environment.get_template(REPORT).render(
        summary=summary, plots=plots, outcomes=OUTCOMES, unread=summary["unread"][:_MOST_UNREAD]
    )
    partial = output / f".{REPORT}.partial"
    partial.write_text(page, encoding="utf-8")
    partial.replace(output / REPORT)
