"""Two releases compared: statements and medicines added, changed and removed, in words that a clinician reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from knowledge.comparison_wording import replaced, replaced_in_list, said_of_members
from knowledge.content_comparison import content_changes
from knowledge.criteria import HasTumour
from knowledge.criterion_comparison import criterion_changes
from knowledge.earlier import Comparable, comparable
from knowledge.loading import KnowledgeBase
from knowledge.release import Release
from knowledge.statement_wording import describe_partner, describe_review, describe_test, describe_with_tumours
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
    """Two releases and every change from the first to the second, those of one kind together.

    ``whole``: kinds of which one of the releases has no table, and what all that the other has then are, ``added`` or
    ``removed``. ``notes``: what else makes the two less than comparable.
    """

    before: str
    after: str
    changes: tuple[Change, ...]
    whole: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The comparison as the command line prints it."""
        return {
            "before": self.before,
            "after": self.after,
            "whole": dict(self.whole),
            "notes": list(self.notes),
            "changes": [change.to_json() for change in self.changes],
        }


def compare(before: Release, after: Release) -> Comparison:
    """Every change from one release to another, either of which may be of an earlier form.

    Raises ``KnowledgeError`` for one that cannot be used.
    """
    if before.digest == after.digest:
        return Comparison(before.digest, after.digest, ())
    one, other = comparable(before), comparable(after)
    old, new = one.knowledge(), other.knowledge()
    changes = [*_medicine_changes(old, new), *_statement_changes(old, new)]
    changes += [Change(*change) for change in content_changes(one.documents, other.documents, old, new)]
    whole = dict.fromkeys(one.lacks - other.lacks, "added") | dict.fromkeys(other.lacks - one.lacks, "removed")
    notes = (*_notes("earlier", one), *_notes("later", other))
    return Comparison(before.digest, after.digest, tuple(_by_kind(changes)), whole, notes)


def _by_kind(changes: Sequence[Change]) -> list[Change]:
    kinds = list(dict.fromkeys(change.kind for change in changes))
    return sorted(changes, key=lambda change: kinds.index(change.kind))


def _notes(which: str, release: Comparable) -> Iterator[str]:
    if release.undefined:
        names = ", ".join(release.undefined)
        yield f"Drug classes of the {which} release include others that it does not define ({names}); these are empty."


def _medicine_changes(old: KnowledgeBase, new: KnowledgeBase) -> Iterator[Change]:
    before = {medicine.brand: medicine for medicine in old.medicines}
    after = {medicine.brand: medicine for medicine in new.medicines}
    for brand, how, one, other in _paired(before, after):
        medicine = other or one
        assert medicine is not None
        details = tuple(_of_medicine(one, other, new.reference.tumours)) if one and other else ()
        if how != "changed" or details:
            yield Change("medicine", brand, how, _named(medicine), details)


def _named(medicine: Medicine) -> str:
    """Brand and INN; one name for substances without a brand."""
    return medicine.brand if medicine.brand == medicine.inn else f"{medicine.brand} ({medicine.inn})"


def _of_medicine(old: Medicine, new: Medicine, tree: TumourTree) -> Iterator[str]:
    if old.label.date != new.label.date:
        yield f"label of {old.label.date} → label of {new.label.date}"
    elif old.label != new.label:
        yield "another address or document of the label"
    if _authorisation(old) != _authorisation(new):
        yield f"{_authorisation(old)} → {_authorisation(new)}"
    for name in ("inn", "atc", "ema_number"):
        yield from replaced(name.replace("_", " ").upper(), getattr(old, name), getattr(new, name))
    if old.not_held != new.not_held:
        tumours = [[describe_with_tumours(HasTumour(code), tree) for code in part.not_held] for part in (old, new)]
        added, removed = ([name for name in one if name not in other] for one, other in (tumours[::-1], tumours))
        yield f"tumours of further indications that are not held here: {said_of_members(added, removed)}"
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
            yield Change("statement", name, how, f"{_named(medicine)}: {said(statement)}", details)


def _of_statement(old: Statement, new: Statement, tree: TumourTree) -> Iterator[str]:
    yield from replaced("layer", layer_of(old), layer_of(new))
    if isinstance(old, SafetyStatement) and isinstance(new, SafetyStatement):
        yield from replaced("category", old.category, new.category)
    if old.criterion != new.criterion:
        yield from tuple(criterion_changes(old.criterion, new.criterion, tree)) or ("criteria: in another order",)
    yield from replaced("with", *(_partners(part) for part in (old, new)))
    yield from _tests(old, new)
    yield from replaced("wording", said(old), said(new))
    if old.anchors != new.anchors:
        yield "proof: other anchors in the label"
    yield from replaced("review", describe_review(old.review), describe_review(new.review))
    yield from replaced("note", old.note, new.note)
    yield from replaced("rows of the reference table", ", ".join(old.rows), ", ".join(new.rows))


def _tests(old: Statement, new: Statement) -> Iterator[str]:
    """What is tested and how; where that stays, when, whose DNA, and where the label says so."""
    before, after = list(map(describe_test, old.tests)), list(map(describe_test, new.tests))
    if before != after:
        yield from replaced_in_list("test", before, after)
        return
    for one, other in zip(old.tests, new.tests, strict=True):
        yield from replaced(f"test of {other.analyte}, before treatment", *(t.timing or _OPEN for t in (one, other)))
        yield from replaced(f"test of {other.analyte}, DNA", *(t.origin or _OPEN for t in (one, other)))
        if one.anchor != other.anchor:
            yield f"test of {other.analyte}: another anchor in the label"


_OPEN = "not stated"


def _partners(statement: Statement) -> str:
    return ", ".join(map(describe_partner, statement.partners)) or "nothing"


def _paired(before: Mapping[str, T], after: Mapping[str, T]) -> Iterator[tuple[str, str, T | None, T | None]]:
    """Every name of either side: removed ones at the place where they stood."""
    for name, item in before.items():
        yield name, "changed" if name in after else "removed", item, after.get(name)
    for name, item in after.items():
        if name not in before:
            yield name, "added", None, item
