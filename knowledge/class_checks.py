"""Checks on alteration classes and drug classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from knowledge.coding_change import parse_coding_change
from knowledge.genetic_code import contradiction
from knowledge.patient import Reference
from knowledge.problems import Problem, Severity
from knowledge.protein_change import NotationError, parse_protein_change
from knowledge.vocabulary import Vocabulary

_CONTENT = ("protein", "codons", "regions", "splice_sites", "coding")


def class_problems(
    documents: Mapping[str, Any],
    reference: Reference,
    vocabulary: Vocabulary,
) -> Iterator[Problem]:
    """What is wrong with the classes of every file."""
    for name, document in documents.items():
        if name.startswith("alterations/"):
            for place, message in _alteration_problems(name, document):
                yield Problem(name, place, "class", message)
            for entry in document.get("resistance", ()):
                yield from drug_problems(name, entry["name"], entry["drugs"], vocabulary)
        elif name.startswith("drug_classes/"):
            yield from _drug_class_problems(name, document, reference, vocabulary)


def drug_problems(
    file: str, place: str, drugs: Iterable[str], vocabulary: Vocabulary, as_therapy: bool = True
) -> Iterator[Problem]:
    """Drugs that the reading tables do not know."""
    for drug in sorted(drugs):
        if found := vocabulary.unknown_drug(drug, as_therapy):
            message, severity = found
            yield Problem(file, place, "drug", message, severity)


def _alteration_problems(name: str, document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    gene = document["gene"]
    if name != f"alterations/{gene}.yaml":
        yield "", f"should be called {gene}.yaml"
    classes = {item["name"]: item for item in document["classes"]}
    if len(classes) < len(document["classes"]):
        yield "", "two classes have one name"
    for title, item in classes.items():
        for part in item.get("includes", ()):
            if part not in classes:
                yield title, f"includes {part}, which is not defined"
        if not _holds_something(title, classes, frozenset()):
            yield title, "holds nothing: neither changes nor a class that has some"
    for entry in document.get("resistance", ()):
        if entry.get("class") not in (None, *classes):
            yield entry["name"], f"no class {entry['class']!r} is defined for {gene}"
    yield from _same_change_problems(document.get("same_change", ()))


def _holds_something(title: str, classes: Mapping[str, Any], above: frozenset[str]) -> bool:
    item = classes.get(title)
    if item is None or title in above:
        return False
    return any(item.get(part) for part in _CONTENT) or any(
        _holds_something(part, classes, above | {title}) for part in item.get("includes", ())
    )


def _same_change_problems(entries: Any) -> Iterator[tuple[str, str]]:
    for coding, number in Counter(entry["coding"] for entry in entries).items():
        if number > 1:
            yield coding, "is listed twice under same_change"
    for entry in entries:
        try:
            coding, protein = parse_coding_change(entry["coding"]), parse_protein_change(entry["protein"])
        except NotationError as error:
            yield entry["coding"], str(error)
            continue
        if (str(coding), str(protein)) != (entry["coding"], entry["protein"]):
            yield entry["coding"], f"should be written {coding} and {protein}"
        if doubt := contradiction(coding, protein):
            yield entry["coding"], f"is not {entry['protein']}: {doubt}"


def _drug_class_problems(
    name: str,
    document: Mapping[str, Any],
    reference: Reference,
    vocabulary: Vocabulary,
) -> Iterator[Problem]:
    classes = reference.drug_classes
    for item in document["classes"]:
        title = item["name"]
        yield from drug_problems(name, title, item["members"], vocabulary)
        if not classes.members(title) and not any(map(vocabulary.is_treatment, classes.included(title))):
            message = "holds no drug and is no treatment that a record can name"
            yield Problem(name, title, "class", message, Severity.GAP)
