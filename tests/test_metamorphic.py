"""Changes of a record that mean nothing never change its facts; withdrawing a resource takes exactly its own."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service import Advisor
from knowledge import Fact

pytestmark = pytest.mark.corpus

Json = dict[str, Any]


@pytest.fixture(scope="module")
def documents(corpus: Path) -> dict[str, Json]:
    files = sorted((corpus / "fixtures").glob("*.json"))
    assert files, "the corpus is empty"
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in files}


def _content(facts: tuple[Fact, ...]) -> Counter[str]:
    """Facts without the names of their resources."""
    shown = []
    for fact in facts:
        content = fact.to_json()
        content["source"].pop("reference")
        content["source"].pop("path", None)
        shown.append(json.dumps(content, sort_keys=True))
    return Counter(shown)


def _objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(child)


def _reordered(document: Json) -> Json:
    for item in _objects(document):
        if item.get("resourceType") == "Bundle" and isinstance(item.get("entry"), list):
            # The first Patient says whose record it is, so it stays the first.
            item["entry"].sort(key=lambda entry: json.dumps(entry, sort_keys=True)[::-1])
    return document


def _renamed(document: Json) -> Json:
    names: dict[str, str] = {}
    for item in _objects(document):
        if "resourceType" in item and item.get("id"):
            names.setdefault(str(item["id"]), f"renamed-{len(names)}")
            item["id"] = names[str(item["id"])]
    for item in _objects(document):
        for member in ("reference", "fullUrl"):
            text = item.get(member)
            if isinstance(text, str):
                head, mark, last = text.rpartition("#") if "#" in text else text.rpartition("/")
                item[member] = f"{head}{mark}{names[last]}" if last in names else text
    return document


def _bundled(document: Json) -> Json:
    """Contained Observations of a report as entries of a Bundle beside it."""
    if document.get("resourceType") != "DiagnosticReport" or not document.get("contained"):
        return document
    contained = document.pop("contained")
    text = json.dumps([document, *contained])
    for item in contained:
        if item.get("id"):
            text = text.replace(f'"#{item["id"]}"', f'"{item["resourceType"]}/{item["id"]}"')
    subject = document.get("subject")
    entries = [{"resource": item} for item in json.loads(text)]
    for entry in entries:
        if subject and entry["resource"]["resourceType"] == "Observation":
            entry["resource"].setdefault("subject", subject)
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _spaced(document: Json) -> Json:
    for item in _objects(document):
        for member in ("display", "text", "valueString"):
            if isinstance(item.get(member), str):
                item[member] = f"  {item[member]} "
    return document


def _extended(document: Json) -> Json:
    unknown = {"url": "https://unknown.example/extension", "valueString": "EGFR p.Leu858Arg present"}
    for item in list(_objects(document)):
        if "url" not in item:
            extensions = item.get("extension")
            item["extension"] = [*extensions, unknown] if isinstance(extensions, list) else [unknown]
            item["unknownMember"] = {"text": "ALK fusion"}
    return document


@pytest.mark.parametrize("change", [_reordered, _renamed, _bundled, _spaced, _extended])
def test_what_means_nothing_changes_nothing(
    documents: dict[str, Json], advisor: Advisor, change: Callable[[Json], Json]
) -> None:
    changed = 0
    for name, document in documents.items():
        variant = change(copy.deepcopy(document))
        changed += variant != document
        expected, actual = (_content(advisor.record(value).facts) for value in (document, variant))
        assert actual == expected, (name, actual - expected, expected - actual)
    assert changed, "the change touched no file"


def test_withdrawing_a_resource_removes_exactly_its_facts(documents: dict[str, Json], advisor: Advisor) -> None:
    withdrawn = 0
    for name, document in documents.items():
        before = advisor.record(document).facts
        for position, item in enumerate(_objects(document)):
            if item.get("resourceType") != "Observation" or not item.get("id"):
                continue
            reference = {fact.source.reference for fact in before if fact.source.reference.endswith(item["id"])}
            if not reference:
                continue
            variant = copy.deepcopy(document)
            next(found for place, found in enumerate(_objects(variant)) if place == position)["status"] = (
                "entered-in-error"
            )
            after = Counter(fact.source.reference for fact in advisor.record(variant).facts)
            expected = Counter(fact.source.reference for fact in before if fact.source.reference not in reference)
            assert after == expected, (name, item["id"])
            withdrawn += 1
    assert withdrawn
