"""Golden files of a replay, what differs from them, and the report for continuous integration."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cds_service.codec import NotJson, dumps_pretty, loads
from cds_service.replay import Replayed


def golden_path(folder: Path, label: str) -> Path:
    """The golden file of an input, by its name below what was given to replay."""
    return folder / f"{label}.cards.json"


def save(result: Replayed, path: Path) -> None:
    """Write the cards as a golden file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dumps_pretty(result.cards) + "\n", encoding="utf-8")


def compared(result: Replayed, path: Path) -> Replayed:
    """The result with its difference from the golden file; a missing file is a difference."""
    if not path.is_file():
        return replace(result, difference=f"there is no golden file {path}")
    try:
        expected = loads(path.read_bytes())
    except NotJson as error:
        return replace(result, difference=f"{path}: {error}")
    if expected == result.cards:
        return result
    lines = difflib.unified_diff(
        list(_lines(expected)), list(_lines(result.cards)), str(path), result.name, lineterm="", n=2
    )
    return replace(result, difference="\n".join(lines))


def _lines(cards: Any) -> Iterator[str]:
    """Cards as JSON in which every line of a text has a line, so that a difference shows what has changed."""
    for line in dumps_pretty(cards).splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        first, *others = line.split("\\n")
        yield first
        yield from (f"{indent}{other}" for other in others)


def junit(results: Sequence[Replayed]) -> bytes:
    """The results as a JUnit report: a failure is an answer that differs, an error an input without an answer."""
    different = [result for result in results if result.difference]
    broken = [result for result in results if result.error is not None]
    suite = ElementTree.Element(
        "testsuite",
        name="oncohooks replay",
        tests=str(len(results)),
        failures=str(len(different)),
        errors=str(len(broken)),
    )
    for result in results:
        case = ElementTree.SubElement(suite, "testcase", classname="oncohooks.replay", name=result.name)
        if result.error is not None:
            ElementTree.SubElement(case, "error", message=result.error)
        elif result.difference:
            ElementTree.SubElement(case, "failure", message="cards differ").text = _as_xml(result.difference)
    return bytes(ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True))


def _as_xml(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return "".join(char if char in "\t\n" or char >= " " else "\N{REPLACEMENT CHARACTER}" for char in text)
