"""Two releases compared: statements and medicines added, changed and removed, in words that a clinician reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from knowledge.comparison_wording import replaced, replaced_in_list
from knowledge.content_comparison import content_changes
from knowledge.criterion_comparison import criterion_changes
from knowledge.loading import KnowledgeBase, build_knowledge_base
from knowledge.release import Release
from knowledge.statement_wording import describe_partner, describe_review, describe_test
from knowledge.statements import Medicine, SafetyStatement, Statement
from knowledge.terminology import TumourTree
from knowledge.views import authorisation_view, layer_of, said

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one subject: ``kind`` is what it is, ``how`` is ``added``, ``removed`` or ``changed``."""

    kind: str
    subject: str
    how: str
    title: str
    details: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The change as the command line prints it."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "how": self.how,
            "title": self.title,
            "details": list(self.details),
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two releases and every change from the first to the second."""

    before: str
    after: str
    changes: tuple[Change, ...]

    def to_json(self) -> dict[str, Any]:
        """The comparison as the command line prints it."""
        return {"before": self.before, "after": self.after, "changes": [change.to_json() for change in self.changes]}


def compare(before: Release, after: Release) -> Comparison:
    """Every change from one release to another. Raises ``KnowledgeError`` for one that cannot be used."""
    if before.digest == after.digest:
        return Comparison(before.digest, after.digest, ())
    old, new = build_knowledge_base(before), build_knowledge_base(after)
    changes = [*_medicine_changes(old, new), *_statement_changes(old, new)]
    changes += [Change(*change) for change in content_changes(before.documents, after.documents, old, new)]
    return Comparison(before.digest, after.digest, tuple(changes))


def _medicine_changes(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    before = {medicine.brand: medicine for medicine in old.medicines}
    after = {medicine.brand: medicine for medicine in new.medicines}
    for brand, how, one, other in _paired(before, after):
        medicine = other or one
        assert medicine is not None
        details = tuple(_of_medicine(one, other)) if one and other else ()
        if how != "changed" or details:
            yield Change("medicine", brand, how, f"{brand} ({medicine.inn})", details)


def _of_medicine(old: Medicine, new: Medicine) -> Iterator[str]:
    if old.label.date != new.label.date:
        yield f"label of {old.label.date} → label of {new.label.date}"
    elif old.label != new.label:
        yield "another address or document of the label"
    if _authorisation(old) != _authorisation(new):
        yield f"{_authorisation(old)} → {_authorisation(new)}"
    for name in ("inn", "atc", "ema_number"):
        yield from replaced(name.replace("_", " ").upper(), getattr(old, name), getattr(new, name))
    yield from replaced("further indications, not held", ", ".join(old.not_held), ", ".join(new.not_held))
    if old.newer_label != new.newer_label:
        newer = new.newer_label
        yield f"stale: its label has a newer text of {newer.date}" if newer else "no longer stale"


def _authorisation(medicine: Medicine) -> str:
    conditional = ", conditional" if medicine.conditional else ""
    return f"{authorisation_view(medicine)['in_words']}{conditional}"


def _statement_changes(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    before = {statement.id: (medicine, statement) for medicine, statement in old.statements}
    after = {statement.id: (medicine, statement) for medicine, statement in new.statements}
    for name, how, one, other in _paired(before, after):
        pair = other or one
        assert pair is not None
        medicine, statement = pair
        details = tuple(_of_statement(one[1], other[1], new.reference.tumours)) if one and other else ()
        if how != "changed" or details:
            yield Change("statement", name, how, f"{medicine.brand} ({medicine.inn}): {said(statement)}", details)


def _of_statement(old: Statement, new: Statement, tree: TumourTree) -> Iterator[str]:
    yield from replaced("layer", layer_of(old), layer_of(new))
    if isinstance(old, SafetyStatement) and isinstance(new, SafetyStatement):
        yield from replaced("category", old.category, new.category)
    if old.criterion != new.criterion:
        yield from tuple(criterion_changes(old.criterion, new.criterion, tree)) or ("criteria: in another order",)
    yield from replaced("with", *(_partners(part) for part in (old, new)))
    yield from replaced_in_list("test", map(describe_test, old.tests), map(describe_test, new.tests))
    if old.tests != new.tests and list(map(describe_test, old.tests)) == list(map(describe_test, new.tests)):
        yield "test: another time, origin or proof"
    yield from replaced("wording", said(old), said(new))
    if old.anchors != new.anchors:
        yield "proof: other anchors in the label"
    yield from replaced("review", describe_review(old.review), describe_review(new.review))
    yield from replaced("note", old.note, new.note)
    yield from replaced("rows of the reference table", ", ".join(old.rows), ", ".join(new.rows))


def _partners(statement: Statement) -> str:
    return ", ".join(map(describe_partner, statement.partners)) or "nothing"


def _paired(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[tuple[str, str, T | None, T | None]]:
    """Every name of either side: removed ones at the place where they stood."""
    for name, item in before.items():
        yield name, "changed" if name in after else "removed", item, after.get(name)
    for name, item in after.items():
        if name not in before:
            yield name, "added", None, item
