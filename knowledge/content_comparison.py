"""What differs beside the medicines: classes, lists, copies and named tests, and whatever has no words of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from knowledge.comparison_wording import replaced, said_of_members
from knowledge.copies import Copy
from knowledge.criteria import HasTumour
from knowledge.evidence import EvidenceStatement
from knowledge.loading import EVIDENCE, KnowledgeBase
from knowledge.named_tests import NamedTest
from knowledge.release import canonical_json
from knowledge.statement_wording import describe_with_tumours

#: Kind, subject, how, title, details: what :class:`knowledge.comparison.Change` is made of.
Difference = tuple[str, str, str, str, tuple[str, ...]]

_STAGES = "stages.yaml"
#: Classes may move from one file to another, which changes nothing.
_CLASSES = "drug_classes/"
_COMPARED_ELSEWHERE = ("eu/", _CLASSES, "eu_copies.yaml", "stale.yaml", "tests/named_tests.tsv", EVIDENCE)
_LISTS = {
    "protein": "changes",
    "codons": "codons",
    "coding": "coding changes",
    "written": "spellings",
    "includes": "included classes",
    "members": "drugs",
    "drugs": "drugs",
    "same_change": "same changes",
    "transcripts": "transcripts",
}


def content_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], old: KnowledgeBase, new: KnowledgeBase
) -> Iterator[Difference]:
    """Every difference outside the medicine files."""
    for name in sorted({*before, *after}):
        if name.startswith(_COMPARED_ELSEWHERE) or _text(before.get(name)) == _text(after.get(name)):
            continue
        if name == _STAGES:
            yield from _stage_changes(before.get(name), after.get(name), new)
        else:
            yield from _document_changes(name, before.get(name), after.get(name))
    yield from _drug_class_changes(before, after, old, new)
    yield from _changes("copy", _copies(old.copies), _copies(new.copies))
    yield from _changes("named test", _tests(old.named_tests), _tests(new.named_tests))
    evidence = list(_changes("evidence", _evidence(old.evidence), _evidence(new.evidence)))
    yield from evidence
    if not evidence and _text(before.get(EVIDENCE)) != _text(after.get(EVIDENCE)):
        yield "file", EVIDENCE, "changed", "the table of evidence, of which no statement differs", ()


def _document_changes(name: str, old: Any, new: Any) -> Iterator[Difference]:
    if name.startswith("alterations/"):
        gene = (new or old)["gene"]
        found = [
            *_changes("alteration class", _classes(gene, old), _classes(gene, new)),
            *_changes("resistance", _resistances(gene, old), _resistances(gene, new)),
            *_changes("gene", _gene(gene, old), _gene(gene, new)),
        ]
    elif name == "protein_statuses.yaml":
        found = list(_changes("protein status", _statuses(old), _statuses(new)))
    else:
        found = []
    yield from found
    if not found:
        how = "added" if old is None else "removed" if new is None else "changed"
        yield "file", name, how, _file_title(name), ()


def _drug_class_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], old: KnowledgeBase, new: KnowledgeBase
) -> Iterator[Difference]:
    files = [{name: part[name] for name in part if name.startswith(_CLASSES)} for part in (before, after)]
    found = list(_changes("drug class", *map(_drug_classes, files, (old, new))))
    yield from found
    if not found and _text(files[0]) != _text(files[1]):
        yield "file", _CLASSES, "changed", "the files of drug classes, of which none differs", ()


def _stage_changes(old: Any, new: Any, knowledge: KnowledgeBase) -> Iterator[Difference]:
    """Tumours by name. Only the sources may differ too."""
    tree = knowledge.reference.tumours
    one, other = (
        [describe_with_tumours(HasTumour(item["tumour"]), tree) for item in part["metastatic_at_stage_four"]]
        for part in (old, new)
    )
    added, removed = ([name for name in these if name not in those] for these, those in ((other, one), (one, other)))
    said = said_of_members(added, removed) if added or removed else "other sources"
    yield "file", _STAGES, "changed", "the tumours in which stage IV always means distant metastasis", (said,)


def _file_title(name: str) -> str:
    titles = {
        "terminology/oncotree.tsv": "the tree of tumour types, which decides what a tumour criterion covers",
    }
    return titles.get(name, "content that is compared as a whole only")


#: A subject's title and its content: lists are compared by their members, all else as a whole.
Subject = tuple[str, Mapping[str, Any]]


def _changes(kind: str, old: Mapping[str, Subject], new: Mapping[str, Subject]) -> Iterator[Difference]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield kind, name, "removed", old[name][0], ()
        elif name not in old:
            yield kind, name, "added", new[name][0], ()
        elif details := tuple(_details(old[name][1], new[name][1])):
            yield kind, name, "changed", new[name][0], details


def _details(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for key in [*old, *(key for key in new if key not in old)]:
        one, other = old.get(key), new.get(key)
        if one == other:
            continue
        label = _LISTS.get(key, key.replace("_", " "))
        if isinstance(one or [], list) and isinstance(other or [], list) and key in _LISTS:
            added = [str(item) for item in other or [] if item not in (one or [])]
            removed = [str(item) for item in one or [] if item not in (other or [])]
            yield f"{label}: {said_of_members(added, removed)}"
        elif isinstance(one or "", str) and isinstance(other or "", str):
            yield from replaced(label, one, other)
        else:
            yield f"{label}: not the same as before"


def _classes(gene: str, document: Any) -> dict[str, Subject]:
    items = document["classes"] if document else ()
    return {f"{gene} {item['name']}": (f"class “{item['name']}” of {gene}", item) for item in items}


def _gene(gene: str, document: Any) -> dict[str, Subject]:
    """What an alteration file says of the gene itself."""
    if not document:
        return {}
    same = [f"{item['coding']} is {item['protein']}" for item in document.get("same_change", ())]
    reference = document["reference"]
    content = {"protein sequence": reference["protein"], "transcripts": reference["transcripts"], "same_change": same}
    return {gene: (f"the sequences of {gene}", content | {"source": reference["source"]})}


def _resistances(gene: str, document: Any) -> dict[str, Subject]:
    found: dict[str, Subject] = {}
    for item in document.get("resistance", ()) if document else ():
        name = f"{gene} {item['name']}"
        key = name if name not in found else f"{name} ({', '.join(item['drugs'])})"
        found[key] = (f"resistance of {gene}: {item['name']}", item)
    return found


def _statuses(document: Any) -> dict[str, Subject]:
    """How each status is answered; as text, because the order and kind of the tests matter."""
    items = document["statuses"] if document else ()
    names = [f"{item['marker']} {item['status']}" for item in items]
    return {name: (f"how {name} is answered", dict(item)) for name, item in zip(names, items, strict=True)}


def _drug_classes(documents: Mapping[str, Any], knowledge: KnowledgeBase) -> dict[str, Subject]:
    """Each class with all that belongs to it, also by the classes it includes, however that is written down."""
    belonging = knowledge.reference.drug_classes
    items = [item for document in documents.values() for item in document["classes"]]
    return {
        item["name"]: (
            f"drug class “{item['label']}”",
            {
                "label": item["label"],
                "members": sorted(belonging.members(item["name"])),
                "includes": list(item.get("includes", ())),
                "source": item["source"],
            },
        )
        for item in items
    }


def _copies(copies: Iterable[Copy]) -> dict[str, Subject]:
    return {
        copy.brand: (
            f"{copy.brand}, a copy of {copy.reference}",
            {
                "reference": copy.reference,
                "kind": copy.kind,
                "status": copy.status,
                "label": str(copy.label.date),
                "newer label": str(copy.newer_label.date) if copy.newer_label else "",
                "carried rows": ", ".join(sorted(copy.rows)),
            },
        )
        for copy in copies
    }


def _tests(tests: Iterable[NamedTest]) -> dict[str, Subject]:
    return {
        f"{test.medicine}: {test.test}, {test.analyte}": (
            f"{test.test} for {test.medicine} ({test.analyte})",
            {
                "role": test.role_in_words,
                "CE status": test.ce_in_words,
                "use in trial": test.use_in_trial or "",
                "document": f"{test.document} of {test.document_date}",
                "rows": ", ".join(test.rows),
            },
        )
        for test in tests
    }


def _evidence(statements: Iterable[EvidenceStatement]) -> dict[str, Subject]:
    return {
        item.id: (
            item.claim,
            {"claim": item.claim, "items": ", ".join(f"{part.id} ({part.level})" for part in item.items)},
        )
        for item in statements
    }


def _text(document: Any) -> str | None:
    return None if document is None else canonical_json(document)
