"""Medicines and what their labels state: indications (section 4.1) and safety statements (4.2 to 4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from knowledge.copies import Copy
from knowledge.criteria import (
    AllOf,
    AnyOf,
    Criterion,
    HasTumour,
    InSetting,
    Leaf,
    NoRecordedResistance,
    Not,
    Role,
    leaves,
)
from knowledge.labels import Anchor, Label, NewerLabel
from knowledge.language import phrase
from knowledge.named_tests import NamedTest
from knowledge.terminology import ANY_TUMOUR


@dataclass(frozen=True, slots=True)
class Review:
    """Who has looked at a statement; ``clinical_signoff`` is ``None`` until a clinician has signed it."""

    curated: date
    second_review: date | None = None
    clinical_signoff: date | None = None


@dataclass(frozen=True, slots=True)
class TestRequirement:
    """What the label requires to be tested, in which specimen, by what kind of test (section 4.2 or 4.4).

    ``requirement``: ``ce-ivd-or-validated``, ``validated-test``, ``experienced-laboratory`` or ``not-stated``.
    ``timing``: ``required`` or ``recommended`` before treatment, as the label words it. ``origin``:
    ``germline``, ``somatic`` or ``either`` where the label says whose DNA is tested.
    """

    __test__ = False  # not a test class, whatever its name suggests to pytest

    analyte: str
    requirement: str
    specimen: tuple[str, ...] = ()
    negative_plasma_retest_in_tissue: bool = False
    timing: str | None = None
    origin: str | None = None
    anchor: Anchor | None = None


@dataclass(frozen=True, slots=True)
class Partner:
    """A combination partner: one of ``inns``, or a drug class.

    ``conditional``: the label asks for it under a condition only, which ``text`` names. ``supportive``: records are not
    read for it, as it is given for much else; that it is missing is never known.
    """

    inns: tuple[str, ...] = ()
    drug_class: str | None = None
    text: str | None = None
    conditional: bool = False
    supportive: bool = False


@dataclass(frozen=True)  # without slots, so that what follows from its criterion is worked out once
class Indication:
    """One statement of section 4.1 with everything that it requires."""

    id: str
    tumours: tuple[str, ...]
    criterion: Criterion
    summary: str
    partners: tuple[Partner, ...]
    tests: tuple[TestRequirement, ...]
    anchors: tuple[Anchor, ...]
    review: Review
    rows: tuple[str, ...] = ()
    note: str | None = None

    @property
    def is_tumour_agnostic(self) -> bool:
        """Whether it is about tumours of any type."""
        return ANY_TUMOUR in self.tumours

    @cached_property
    def is_diagnostic(self) -> bool:
        """Whether the medicine is given to find something, not to treat it."""
        return any(isinstance(leaf, InSetting) and leaf.setting == "diagnostic" for leaf in leaves(self.criterion))

    @cached_property
    def asks_for_a_biomarker(self) -> bool:
        """Whether the label asks for a biomarker result; what vetoes it does not count."""
        asked = (leaf for leaf in leaves(self.criterion) if not isinstance(leaf, NoRecordedResistance))
        return any(leaf.role is Role.BIOMARKER for leaf in asked)


@dataclass(frozen=True, slots=True)
class SafetyStatement:
    """One contraindication, warning, dose rule or test requirement of sections 4.2 to 4.4.

    ``partners``: it concerns the medicine only together with these.
    """

    id: str
    category: str
    tumours: tuple[str, ...]
    criterion: Criterion
    consequence: str
    partners: tuple[Partner, ...]
    tests: tuple[TestRequirement, ...]
    anchors: tuple[Anchor, ...]
    review: Review
    rows: tuple[str, ...] = ()
    note: str | None = None


Statement = Indication | SafetyStatement


@dataclass(frozen=True)
class Medicine:
    """One EU medicine with its label and statements.

    ``status``: ``authorised``, ``withdrawn``, ``suspended``, or ``national`` for one that the member states authorise;
    such a medicine has no EMA number, its brand is its INN, and ``label`` is the EU document that was read.
    ``not_held``: OncoTree nodes for which the label has further indications that are not among these.
    ``newer_label``: a later text of the label is known and has not been read, so every statement is stale.
    """

    brand: str
    inn: str
    atc: str | None
    ema_number: str | None
    status: str
    status_date: date
    conditional: bool
    label: Label
    indications: tuple[Indication, ...]
    safety: tuple[SafetyStatement, ...]
    not_held: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    named_tests: tuple[NamedTest, ...] = ()
    newer_label: NewerLabel | None = None

    @cached_property
    def drugs(self) -> frozenset[str]:
        """The INN and the components of a fixed combination."""
        return frozenset(part.strip() for part in self.inn.split("/"))

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Indications first, then safety statements."""
        return (*self.indications, *self.safety)

    def copies_with(self, statement: Statement) -> tuple[Copy, ...]:
        """The generics and biosimilars whose own label carries a statement."""
        return tuple(copy for copy in self.copies if copy.carries(statement.rows))

    def tests_for(self, statement: Statement, analyte: str | None = None) -> tuple[NamedTest, ...]:
        """The tests that EMA documents name for a statement, of all its analytes or of one gene or marker."""
        return tuple(
            test
            for test in self.named_tests
            if set(test.rows) & set(statement.rows) and (analyte is None or test.asks_for(analyte))
        )


def genes_of(statement: Statement) -> frozenset[str]:
    """Every gene and marker that a statement's criteria ask about."""
    return named_in(statement.criterion)


def named_in(criterion: Criterion) -> frozenset[str]:
    """Every gene and marker that a criterion asks about."""
    return frozenset(analyte for leaf in leaves(criterion) if (analyte := analyte_of(leaf)))


def analyte_of(leaf: Leaf) -> str:
    """The gene, marker or signature that a criterion asks about; empty if it asks about none."""
    for attribute in ("gene", "marker", "name"):
        if value := getattr(leaf, attribute, None):
            return str(value)
    return ""


def protein_of(gene: str) -> str:
    """The analyte of a protein that is named like its gene."""
    return phrase("{gene} protein", gene=gene)


def name_of(analyte: str) -> str:
    """The gene or marker behind an analyte, as labels and tests name it."""
    return analyte.removesuffix(" protein")


def anchors_of(statement: Statement) -> tuple[Anchor, ...]:
    """Every anchor of a statement: its own and those of its test requirements."""
    return (*statement.anchors, *(test.anchor for test in statement.tests if test.anchor))


def tumour_criterion(tumours: tuple[str, ...], excluded: tuple[str, ...]) -> Criterion | None:
    """The tumour part of a statement; ``None`` where the label names no tumour."""
    if not tumours:
        return None
    nodes = tuple(HasTumour(code) for code in tumours)
    wanted: Criterion = nodes[0] if len(nodes) == 1 else AnyOf(nodes)
    if not excluded:
        return wanted
    return AllOf((wanted, *(Not(HasTumour(code)) for code in excluded)))
