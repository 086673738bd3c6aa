"""Measure what a request costs: the whole suite into one report and one plot, or a part of it.

benchmarks/run [--observations 20 100 500 2000] [--seconds 3] [--json FILE]
benchmarks/run --quick [--write-readme]
benchmarks/run --compare-servers | --compare-json | --loading | --growth
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from benchmarks import growth, loading
from benchmarks.client import BadAnswer
from benchmarks.compare import compare_json, compare_servers
from benchmarks.deployment import deployment_markdown
from benchmarks.process import ServerFailed
from benchmarks.report import NoPlace, between_markers, markdown, write_between_markers
from benchmarks.sizes import measure_service
from benchmarks.suite import measure_all
from benchmarks.suite_report import PLOT, plot, suite_markdown
from benchmarks.workload import FEWEST

_HERE = Path(__file__).parent
README = _HERE.parent / "README.md"
REPORT = _HERE / "README.md"
PERFORMANCE = _HERE.parent / "docs" / "explanation" / "performance.md"


def main() -> None:
    """Do what the arguments say."""
    arguments = _arguments()
    sizes = tuple(arguments.observations)
    try:
        if arguments.compare_servers:
            print("\n\n".join(compare_servers(size, arguments.seconds, arguments.patients) for size in sizes))
        elif arguments.compare_json:
            print(compare_json(sizes))
        elif arguments.loading:
            print(loading.report(loading.loading_times()))
        elif arguments.growth:
            print(growth.report(growth.growth()))
        elif arguments.quick:
            _quick(sizes, arguments)
        else:
            _everything(sizes, arguments)
    except (BadAnswer, ServerFailed, NoPlace) as error:
        sys.exit(f"benchmark: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--observations", type=_size, nargs="+", default=[20, 100, 500, 2000], help="sizes (20 100 500 2000)"
    )
    parser.add_argument("--seconds", type=float, default=3, help="measuring time of each server and size (3)")
    parser.add_argument("--patients", type=int, help="different patients in turn (as many as no cache remembers)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure as JSON")
    parser.add_argument("--quick", action="store_true", help="only floor and service with one connection, and print it")
    parser.add_argument("--write-readme", action="store_true", help="with --quick: put the table into README.md")
    parser.add_argument("--compare-servers", action="store_true", help="compare the servers that are installed")
    parser.add_argument("--compare-json", action="store_true", help="compare the JSON readers that are installed")
    parser.add_argument("--loading", action="store_true", help="measure how long the knowledge takes to load")
    parser.add_argument("--growth", action="store_true", help="measure how evaluation grows with facts and statements")
    return parser.parse_args()


def _size(text: str) -> int:
    if not text.isdecimal() or int(text) < FEWEST:
        raise argparse.ArgumentTypeError(f"{text} is no number of Observations from {FEWEST} on")
    return int(text)


def _quick(sizes: tuple[int, ...], arguments: argparse.Namespace) -> None:
    if arguments.write_readme:
        between_markers(README)  # complain before measuring, not after
    results = measure_service(sizes, arguments.seconds, arguments.patients)
    print(markdown(results))
    _write_json(arguments.json, results.to_json())
    if arguments.write_readme:
        write_between_markers(README, markdown(results))


def _everything(sizes: tuple[int, ...], arguments: argparse.Namespace) -> None:
    for page in (README, REPORT, PERFORMANCE):
        between_markers(page)  # complain before measuring, not after
    suite = measure_all(sizes, arguments.seconds, arguments.patients)
    print(suite_markdown(suite))
    _write_json(arguments.json, suite.to_json())
    write_between_markers(README, markdown(suite.results))
    write_between_markers(REPORT, suite_markdown(suite))
    write_between_markers(PERFORMANCE, deployment_markdown(suite))
    (_HERE / PLOT).write_text(plot(suite), encoding="utf-8")


def _write_json(file: Path | None, figures: dict[str, Any]) -> None:
    if file:
        file.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
