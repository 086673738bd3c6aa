"""What a schema cannot see: unique ids, and that every code and class that a statement names exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from knowledge.criteria import Criterion, HadTherapy, HasFusion, HasTumour, HasVariant, leaves
from knowledge.patient import Reference
from knowledge.problems import Problem
from knowledge.statements import Medicine, Statement


def problems_of_names(medicines: Iterable[Medicine], reference: Reference) -> Iterator[Problem]:
    """Ids that are used twice, and names that nothing defines."""
    seen: dict[str, str] = {}
    for medicine in medicines:
        for code in medicine.not_held:
            if code not in reference.tumours:
                yield Problem(medicine.brand, "", "name", f"not_held: {code} is not an OncoTree code")
        for statement in medicine.statements:
            if statement.id in seen:
                yield Problem(medicine.brand, "", "id", f"id {statement.id} is used twice")
            seen[statement.id] = medicine.brand
            for message in dict.fromkeys(_unknown_names_of(statement, reference)):
                yield Problem(medicine.brand, statement.id, "name", message)


def _unknown_names_of(statement: Statement, reference: Reference) -> Iterator[str]:
    for partner in statement.partners:
        if partner.drug_class and partner.drug_class not in reference.drug_classes:
            yield f"no drug class {partner.drug_class!r} is defined"
    yield from unknown_names(statement.criterion, reference)


def unknown_names(criterion: Criterion, reference: Reference) -> Iterator[str]:
    """Codes and classes in a criterion that nothing defines."""
    for leaf in leaves(criterion):
        if isinstance(leaf, HasTumour) and leaf.node not in reference.tumours:
            yield f"{leaf.node} is not an OncoTree code"
        if isinstance(leaf, HasFusion) and leaf.or_tumour is not None and leaf.or_tumour not in reference.tumours:
            yield f"{leaf.or_tumour} is not an OncoTree code"
        if isinstance(leaf, HasVariant) and not _class_is_defined(leaf, reference):
            yield f"no class {leaf.variant_class!r} is defined for {leaf.gene}"
        if isinstance(leaf, HadTherapy) and leaf.drug_class and leaf.drug_class not in reference.drug_classes:
            yield f"no drug class {leaf.drug_class!r} is defined"
        if isinstance(leaf, HasFusion) and leaf.partner == leaf.gene:
            yield f"{leaf.gene} cannot be its own fusion partner"


def _class_is_defined(criterion: HasVariant, reference: Reference) -> bool:
    name = criterion.variant_class
    return name is None or reference.alterations.knows_class(criterion.gene, name)
