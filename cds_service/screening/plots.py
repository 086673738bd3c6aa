"""The plots of the report, as SVG that stands in the page itself."""

from __future__ import annotations

from io import StringIO
from typing import Any

import matplotlib
from matplotlib.figure import Figure

#: Colours that people with colour blindness tell apart, and that differ in lightness.
_COLOURS = {"met": "#1b6f4c", "verify": "#e2a72e", "test": "#4d77b3"}
_MOST = 25
_OPTIONS: Any = {
    "svg.hashsalt": "oncohooks",  # the same data give the same bytes
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def medicines_plot(summary: dict[str, Any]) -> str | None:
    """Patients by medicine and outcome; ``None`` if there is nothing to show."""
    shown = [
        (entry["medicine"], [entry["outcomes"].get(outcome, 0) for outcome in _COLOURS])
        for entry in summary["medicines"]
    ]
    shown = sorted((row for row in shown if sum(row[1])), key=lambda row: (-sum(row[1]), row[0]))[:_MOST]
    if not shown:
        return None
    with matplotlib.rc_context(_OPTIONS):
        figure = Figure(figsize=(9, 1.2 + 0.28 * len(shown)), layout="constrained")
        axes = figure.subplots()
        left = [0] * len(shown)
        names = [name for name, _ in shown]
        for place, (outcome, colour) in enumerate(_COLOURS.items()):
            widths = [numbers[place] for _, numbers in shown]
            axes.barh(names, widths, left=left, color=colour, label=outcome)
            left = [start + width for start, width in zip(left, widths, strict=True)]
        axes.invert_yaxis()
        axes.set_xlabel("patients")
        axes.legend(loc="lower right", frameon=False)
        return _svg(figure)


def missing_tests_plot(summary: dict[str, Any]) -> str | None:
    """The share of patients with a tumour for whom a test is missing, by tumour and biomarker."""
    tumours = list(summary["tumours"])[:15]
    analytes = list(dict.fromkeys(entry["analyte"] for entry in summary["missing_tests"]))[:18]
    if not tumours or not analytes:
        return None
    counted = {(entry["tumour"], entry["analyte"]): entry["patients"] for entry in summary["missing_tests"]}
    shares = [
        [100 * counted.get((tumour, analyte), 0) / summary["tumours"][tumour] for analyte in analytes]
        for tumour in tumours
    ]
    with matplotlib.rc_context(_OPTIONS):
        figure = Figure(figsize=(10, 1.8 + 0.3 * len(tumours)), layout="constrained")
        axes = figure.subplots()
        mesh = axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=100)
        axes.set_xticks([place + 0.5 for place in range(len(analytes))], analytes, rotation=45, ha="right")
        labels = [f"{tumour} ({summary['tumours'][tumour]})" for tumour in tumours]
        axes.set_yticks([place + 0.5 for place in range(len(tumours))], labels)
        axes.invert_yaxis()
        figure.colorbar(mesh, label="% of patients", pad=0.01)
        return _svg(figure)


def turnaround_plot(summary: dict[str, Any]) -> str | None:
    """How many days lie between the date of a result and its issue, by kind of result."""
    kinds = summary["turnaround"]
    if not kinds:
        return None
    longest = max(int(day) for days in kinds.values() for day in days)
    with matplotlib.rc_context(_OPTIONS):
        figure = Figure(figsize=(9, 4), layout="constrained")
        axes = figure.subplots()
        for kind, days in sorted(kinds.items()):
            total, sums = sum(days.values()), 0
            shares = []
            for day in range(longest + 1):
                sums += days.get(str(day), 0)
                shares.append(100 * sums / total)
            axes.step(range(longest + 1), shares, where="post", label=f"{kind.replace('_', ' ')} ({total})")
        axes.set_xlabel("days from the date of the result to its issue")
        axes.set_ylabel("% issued")
        axes.set_ylim(0, 101)
        axes.legend(loc="lower right", frameon=False)
        return _svg(figure)


def _svg(figure: Figure) -> str:
    buffer = StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
