"""How one criterion differs from another, in words that a clinician reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from knowledge.comparison_wording import said_of_members
from knowledge.criteria import AllOf, AnyOf, Criterion, HasTumour, Leaf, NoRecordedResistance, Not, NotKnown, leaves
from knowledge.statement_wording import describe_with_tumours
from knowledge.terminology import TumourTree
from knowledge.views import conjuncts

_OTHERWISE = "decided by other entries of the record"
#: What identifies the subject of a leaf, so that two leaves about one gene or drug are one that has changed.
_SUBJECTS = ("gene", "marker", "name", "drug_class", "inn", "change")


def criterion_changes(before: Criterion, after: Criterion, tree: TumourTree) -> Iterator[str]:
    """What has to hold now and had not, what no longer has to, and what has another content."""
    old, new = conjuncts(before), conjuncts(after)
    gone = [part for part in old if part not in new]
    come = [part for part in new if part not in old]
    yield from _decided_otherwise(gone, come, tree)
    for part in gone:
        match = _nearest(part, come)
        if match is None:
            yield f"no longer required: {describe_with_tumours(part, tree)}"
        else:
            come.remove(match)
            yield _changed(part, match, tree)
    for part in come:
        yield f"now required: {describe_with_tumours(part, tree)}"


def _decided_otherwise(gone: list[Criterion], come: list[Criterion], tree: TumourTree) -> Iterator[str]:
    """What asks the same in the same words, but of other entries of the record; it leaves both lists."""
    words = {describe_with_tumours(part, tree): part for part in come}
    for part in list(gone):
        said = describe_with_tumours(part, tree)
        if said in words:
            gone.remove(part)
            come.remove(words.pop(said))
            yield f"{said}: {_OTHERWISE}"


def _nearest(part: Criterion, others: Sequence[Criterion]) -> Criterion | None:
    """The criterion that a changed one has most likely become: of the same type, about the same subjects."""
    candidates = [other for other in others if _type(part) == _type(other) and _shared(part, other) > 0]
    return max(candidates, key=lambda other: _shared(part, other), default=None)


def _type(criterion: Criterion) -> tuple[type[Criterion], ...]:
    """The types down to the first leaf. A single alternative and several are of one type."""
    if isinstance(criterion, AllOf | AnyOf):
        return (type(criterion.criteria[0]) if len(set(map(type, criterion.criteria))) == 1 else AnyOf,)
    if isinstance(criterion, Not | NotKnown):
        return type(criterion), *_type(criterion.criterion)
    return (type(criterion),)


def _shared(one: Criterion, other: Criterion) -> int:
    mine, theirs = {_subject(leaf) for leaf in leaves(one)}, {_subject(leaf) for leaf in leaves(other)}
    return len(mine & theirs)


def _subject(leaf: Leaf) -> tuple[type[Leaf], object]:
    if isinstance(leaf, HasTumour):
        return HasTumour, None
    return type(leaf), next((value for name in _SUBJECTS if (value := getattr(leaf, name, None))), None)


def _changed(before: Criterion, after: Criterion, tree: TumourTree) -> str:
    if isinstance(before, NoRecordedResistance):
        return "another recorded resistance closes it"
    old, new = _alternatives(before), _alternatives(after)
    if len(old) > 1 or len(new) > 1:
        added = [describe_with_tumours(part, tree) for part in new if part not in old]
        removed = [describe_with_tumours(part, tree) for part in old if part not in new]
        kept = [describe_with_tumours(part, tree) for part in old if part in new]
        if not added and not removed:
            return f"{' or '.join(kept)}: in another order"
        if kept and added == removed:
            return f"{' or '.join(added)}: {_OTHERWISE}"
        if kept:
            return f"{' or '.join(kept)}: {said_of_members(added, removed)}"
    return f"{describe_with_tumours(before, tree)} → {describe_with_tumours(after, tree)}"


def _alternatives(criterion: Criterion) -> tuple[Criterion, ...]:
    return criterion.criteria if isinstance(criterion, AnyOf) else (criterion,)
