"""Criteria that no patient can fulfil: a search for an alternative without two demands that exclude each other.

A criterion is spread into alternatives, each a set of demands (a leaf that must or must not hold). It contradicts
itself if every alternative holds two demands that exclude each other. Only surely exclusive demands count, so that what
is reported is an error, and what is not reported may still be odd.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from knowledge.criteria import (
    SIGNATURE_VALUES,
    STAGE_GROUPS,
    AgeBetween,
    AllOf,
    AnyOf,
    Criterion,
    HadTherapy,
    HasExpression,
    HasSignature,
    HasTumour,
    HasVariant,
    InLine,
    InStage,
    Leaf,
    MenopausalStateIs,
    Not,
    NotKnown,
    SexIs,
)
from knowledge.facts import Fact, Kind, Source, State
from knowledge.patient import Reference
from knowledge.wording import describe

#: With more alternatives than this a criterion is not searched: none that a label asks for comes near.
_MOST_ALTERNATIVES = 4096


@dataclass(frozen=True, slots=True)
class Demand:
    """A leaf, or what is not known of one, that must hold or must not."""

    asked: Leaf | NotKnown
    holds: bool

    def __str__(self) -> str:
        return describe(self.asked) if self.holds else f"no {describe(self.asked)}"


def contradiction(criterion: Criterion, reference: Reference) -> str | None:
    """Why nobody can fulfil a criterion, or one of the alternatives in it; ``None`` if somebody can."""
    for part in _parts(criterion):
        if why := excluded(part, reference):
            return why
    return None


def _parts(criterion: Criterion) -> Iterator[Criterion]:
    """The criterion itself, and every alternative in it, which has to be possible alone."""
    yield criterion
    if isinstance(criterion, AllOf | AnyOf):
        for child in criterion.criteria:
            if not isinstance(child, Not | NotKnown):
                yield from _parts(child)


def excluded(criterion: Criterion, reference: Reference) -> str | None:
    """Why nobody can fulfil a criterion as a whole; ``None`` if somebody can."""
    alternatives = _alternatives(criterion, True)
    if alternatives is None:
        return None
    why = None
    for demands in alternatives:
        found = next((pair for pair in combinations(demands, 2) if _exclude(*pair, reference)), None)
        if found is None:
            return None
        why = f"“{found[0]}” and “{found[1]}” exclude each other"
    return why


def _alternatives(criterion: Criterion, holds: bool) -> list[tuple[Demand, ...]] | None:
    """Every way to fulfil a criterion, or its negation; ``None`` if there are too many."""
    if isinstance(criterion, Not):
        return _alternatives(criterion.criterion, not holds)
    if not isinstance(criterion, AllOf | AnyOf):
        return [(Demand(criterion, holds),)]
    children = [_alternatives(child, holds) for child in criterion.criteria]
    joined: list[tuple[Demand, ...]] = [()] if isinstance(criterion, AllOf) is holds else []
    for child in children:
        if child is None:
            return None
        if isinstance(criterion, AllOf) is holds:
            joined = [(*before, *after) for before in joined for after in child]
        else:
            joined = joined + child
        if len(joined) > _MOST_ALTERNATIVES:
            return None
    return joined


def _exclude(one: Demand, other: Demand, reference: Reference) -> bool:
    """Whether two demands cannot both be met."""
    if one.holds and other.holds:
        return _cannot_both_hold(one.asked, other.asked)
    if one.holds != other.holds:
        positive, negative = (one, other) if one.holds else (other, one)
        return _implies(positive.asked, negative.asked, reference)
    return False


def _implies(asked: Leaf | NotKnown, denied: Leaf | NotKnown, reference: Reference) -> bool:
    """Whether whoever fulfils the first surely fulfils the second."""
    if asked == denied:
        return True
    if isinstance(asked, HasTumour) and isinstance(denied, HasTumour):
        tree = reference.tumours
        return asked.node in tree and denied.node in tree and tree.is_a(asked.node, denied.node)
    if isinstance(asked, InStage) and isinstance(denied, InStage):
        return asked.stages <= denied.stages
    if isinstance(asked, HasSignature) and isinstance(denied, HasSignature):
        return asked.name == denied.name and bool(asked.values) and asked.values <= denied.values
    if isinstance(asked, HasVariant) and isinstance(denied, HasVariant):
        return _variant_implies(asked, denied, reference)
    if isinstance(asked, HadTherapy) and isinstance(denied, HadTherapy):
        return _therapy_implies(asked, denied, reference)
    return False


def _variant_implies(asked: HasVariant, denied: HasVariant, reference: Reference) -> bool:
    if asked.gene != denied.gene or denied.origin not in (None, asked.origin):
        return False
    catalogue = reference.alterations
    if denied.protein:
        return bool(asked.protein) and asked.protein <= denied.protein
    name = denied.variant_class
    if name is None:
        return False
    if asked.variant_class:
        return name in catalogue.classes_including(asked.gene, asked.variant_class)
    return bool(asked.protein) and all(
        name in catalogue.classes_of(asked.gene, _present(asked.gene, change)) for change in asked.protein
    )


def _present(gene: str, change: str) -> Fact:
    return Fact(kind=Kind.VARIANT, state=State.PRESENT, source=Source("criterion"), genes=(gene,), protein=change)


def _therapy_implies(asked: HadTherapy, denied: HadTherapy, reference: Reference) -> bool:
    if denied.course not in (None, asked.course) or denied.regimens > asked.regimens:
        return False
    if denied.inn or denied.drug_class is None:
        return asked.inn == denied.inn
    classes = reference.drug_classes
    if denied.drug_class not in classes:
        return False
    if asked.drug_class:
        return asked.drug_class in classes.included(denied.drug_class)
    return asked.inn in classes.members(denied.drug_class)


def _cannot_both_hold(one: Leaf | NotKnown, other: Leaf | NotKnown) -> bool:
    for gap, known in ((one, other), (other, one)):
        if isinstance(gap, NotKnown) and gap.criterion == known:
            return True
    if isinstance(one, AgeBetween) and isinstance(other, AgeBetween):
        return _months(one)[1] <= _months(other)[0] or _months(other)[1] <= _months(one)[0]
    if isinstance(one, InLine) and isinstance(other, InLine):
        return _last(one) < other.at_least or _last(other) < one.at_least
    if isinstance(one, SexIs | MenopausalStateIs) and type(one) is type(other):
        return one != other
    if isinstance(one, InStage) and isinstance(other, InStage):
        groups = one.stages | other.stages
        return groups <= STAGE_GROUPS and not any(_overlap(a, b) for a in one.stages for b in other.stages)
    if isinstance(one, HasSignature) and isinstance(other, HasSignature):
        values = SIGNATURE_VALUES.get(one.name, frozenset())
        return one.name == other.name and bool(one.values & values) and one.values.isdisjoint(other.values)
    if isinstance(one, HasExpression) and isinstance(other, HasExpression):
        return one.marker == other.marker and (_below(one, other) or _below(other, one))
    return False


def _below(low: HasExpression, high: HasExpression) -> bool:
    """Whether one score cannot be below the one bound and reach the other."""
    same = len(low.scores) == 1 and low.scores == high.scores
    return same and low.below is not None and high.at_least is not None and low.below <= high.at_least


def _overlap(one: str, other: str) -> bool:
    """Whether two stage groups can be the same: ``II`` and ``IIA`` can, ``I`` and ``II`` cannot."""
    numbers = one.rstrip("ABC"), other.rstrip("ABC")
    return numbers[0] == numbers[1] and (one == other or one in numbers or other in numbers)


def _last(line: InLine) -> float:
    return float("inf") if line.at_most is None else line.at_most


def _months(age: AgeBetween) -> tuple[float, float]:
    least = age.at_least_months if age.at_least is None else 12 * age.at_least
    return least or 0, float("inf") if age.below is None else 12 * age.below


def impossible_leaf(leaf: Leaf) -> str | None:
    """Why a leaf can hold for nobody by itself: a range without content."""
    if isinstance(leaf, AgeBetween):
        least, below = _months(leaf)
        return f"“{describe(leaf)}” holds for no age" if below <= least else None
    if isinstance(leaf, HasExpression) and leaf.at_least is not None and leaf.below is not None:
        return f"“{describe(leaf)}” is a range without content" if leaf.below <= leaf.at_least else None
    return None
