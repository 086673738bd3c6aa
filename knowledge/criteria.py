"""The criteria algebra: what a label can require of a patient.

A closed set of frozen nodes, checked when constructed, so that an invalid criterion cannot exist.
How a node is decided for a patient is in :mod:`knowledge.decisions`; how it reads in words, in
:mod:`knowledge.wording`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from knowledge.facts import Origin

STAGE_GROUPS = frozenset(
    f"{number}{letter}" for number in ("0", "I", "II", "III", "IV") for letter in ("", "A", "B", "C")
)
#: Stage groups of FIGO, for labels that name them. They are another scale: none stands for a group of the TNM family.
FIGO_GROUPS = frozenset(f"FIGO {group}" for group in STAGE_GROUPS if not group.startswith("0"))
#: Extent of disease as labels word it, beside the stage groups.
EXTENTS = frozenset(
    {"resectable", "resected", "unresectable", "locally-advanced", "advanced", "metastatic", "recurrent", "early"}
)
SETTINGS = frozenset(
    {
        "neoadjuvant",
        "adjuvant",
        "extended-adjuvant",
        "perioperative",
        "induction",
        "maintenance",
        "consolidation",
        "diagnostic",
    }
)
COPY_NUMBER_CHANGES = frozenset({"amplification", "gain", "loss", "deletion"})
#: The values that a signature can have, each of which excludes the others.
SIGNATURE_VALUES = {
    "MSI": frozenset({"MSI-H", "MSI-L", "MSS"}),
    "MMR": frozenset({"dMMR", "pMMR"}),
    "HRD": frozenset({"positive", "negative"}),
}
#: How a therapy went, each with the courses that it excludes. Intolerance says nothing of the tumour.
COURSES = {
    "progression": frozenset({"no-progression", "stable"}),
    "no-progression": frozenset({"progression"}),
    "stable": frozenset({"progression"}),
    "intolerance": frozenset[str](),
}
#: Phases of chronic myeloid leukaemia. Unlike the other states of a disease they exclude each other.
PHASES = frozenset({"chronic-phase", "accelerated-phase", "blast-phase"})
DISEASE_STATES = PHASES | {"relapsed", "refractory", "remission", "progressive"}
MENOPAUSAL_STATES = frozenset({"premenopausal", "perimenopausal", "postmenopausal"})


class Role(StrEnum):
    """What kind of knowledge a criterion needs; it decides between the outcomes ``test`` and ``verify``."""

    TUMOUR = "tumour"
    BIOMARKER = "biomarker"
    CLINICAL = "clinical"


class InvalidCriterion(ValueError):
    """A criterion that could not mean anything."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidCriterion(message)


def _require_gene(gene: str) -> None:
    _require(bool(re.fullmatch(r"[A-Z][A-Za-z0-9-]*", gene)), f"not a gene symbol: {gene!r}")


@dataclass(frozen=True, slots=True)
class HasTumour:
    """The patient has a tumour that is ``node`` or a descendant of it in OncoTree."""

    role: ClassVar[Role] = Role.TUMOUR
    node: str

    def __post_init__(self) -> None:
        _require(bool(self.node), "a tumour criterion names an OncoTree code")


@dataclass(frozen=True, slots=True)
class HasVariant:
    """A small variant of ``gene``, named at exactly one depth.

    ``protein`` (any of these exact changes), ``codon`` (any substitution there), ``variant_class``
    (a class of the alteration catalogue) or ``pathogenic`` (classified likely pathogenic or pathogenic).
    """

    role: ClassVar[Role] = Role.BIOMARKER
    gene: str
    protein: frozenset[str] = frozenset()
    codon: int | None = None
    variant_class: str | None = None
    pathogenic: bool = False
    origin: Origin | None = None

    def __post_init__(self) -> None:
        _require_gene(self.gene)
        depths = [bool(self.protein), self.codon is not None, self.variant_class is not None, self.pathogenic]
        _require(sum(depths) == 1, f"{self.gene}: name protein changes, a codon, a class or pathogenic, and only one")
        _require(all(change.startswith("p.") for change in self.protein), f"{self.gene}: protein changes start with p.")


@dataclass(frozen=True, slots=True)
class HasFusion:
    """A rearrangement of ``gene`` with ``partner`` or, without one, with any partner.

    ``or_ihc``: the label's status may also be established by immunohistochemistry of the protein.
    ``or_tumour``: the tumour type that the rearrangement defines; its diagnosis says that there is one.
    """

    role: ClassVar[Role] = Role.BIOMARKER
    gene: str
    partner: str | None = None
    or_ihc: bool = False
    or_tumour: str | None = None

    def __post_init__(self) -> None:
        _require_gene(self.gene)
        if self.partner is not None:
            _require_gene(self.partner)


@dataclass(frozen=True, slots=True)
class HasCopyNumber:
    """A copy number change of ``gene``."""

    role: ClassVar[Role] = Role.BIOMARKER
    gene: str
    change: str

    def __post_init__(self) -> None:
        _require_gene(self.gene)
        _require(self.change in COPY_NUMBER_CHANGES, f"{self.gene}: unknown copy number change {self.change!r}")


@dataclass(frozen=True, slots=True)
class HasExpression:
    """A protein score of ``marker`` in one of ``scores`` reaching a bound, a positive result, or a class.

    A positive result is a bare answer or, with ``scores``, the answer of that method (``ISH``). ``values`` are
    classes that the laboratory gives by name under one of ``scores`` (HER2 status ``low``).

    Bounds are in the score's own unit (percent for TPS, TC, IC and TAP, none for CPS and IHC 0–3+).
    """

    role: ClassVar[Role] = Role.BIOMARKER
    marker: str
    scores: frozenset[str] = frozenset()
    at_least: float | None = None
    below: float | None = None
    positive: bool = False
    values: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _require(bool(self.marker), "an expression criterion names its marker")
        bounded = self.at_least is not None or self.below is not None
        asked = [bounded, self.positive, bool(self.values)]
        _require(sum(asked) == 1, f"{self.marker}: name a bound, a positive result or classes, and only one")
        _require(self.positive or bool(self.scores), f"{self.marker}: a bound or class needs the score it belongs to")


@dataclass(frozen=True, slots=True)
class ByAnyTest:
    """One question about a protein that several ``tests`` answer, each on its own: a status, a stain with its ISH.

    Strong Kleene logic cannot say this. With ``AnyOf`` a lone "negative" decides nothing, with ``AllOf`` a lone
    "positive" does not, and neither sees two tests contradict each other.
    """

    role: ClassVar[Role] = Role.BIOMARKER
    tests: tuple[Criterion, ...]
    status: str | None = None  # what the answer is called, where it is one of the curated protein statuses

    def __post_init__(self) -> None:
        asked = [leaf for test in self.tests for leaf in leaves(test)]
        proteins = [leaf for leaf in asked if isinstance(leaf, HasExpression | ByAnyTest)]
        _require(len(self.tests) > 1, "a question for several tests names at least two")
        _require(not any(map(asks_for_a_gap, self.tests)), "a test is not answered by a gap")
        _require(len(proteins) == len(asked), "each test is about the protein")
        _require(len({leaf.marker for leaf in proteins}) == 1, "name one marker only")

    @property
    def marker(self) -> str:
        """The marker that all tests are about."""
        return next(leaf.marker for leaf in leaves(self.tests[0]) if isinstance(leaf, HasExpression | ByAnyTest))


@dataclass(frozen=True, slots=True)
class HasSignature:
    """A genomic signature (MSI, MMR, TMB, HRD, MGMT) with one of ``values``, or reaching ``at_least``."""

    role: ClassVar[Role] = Role.BIOMARKER
    name: str
    values: frozenset[str] = frozenset()
    at_least: float | None = None

    def __post_init__(self) -> None:
        _require(bool(self.values) != (self.at_least is not None), f"{self.name}: name values or a bound")


@dataclass(frozen=True, slots=True)
class HasGenotype:
    """One of these diplotypes of ``gene``."""

    role: ClassVar[Role] = Role.BIOMARKER
    gene: str
    diplotypes: frozenset[str]

    def __post_init__(self) -> None:
        _require(bool(self.diplotypes), f"{self.gene}: a genotype criterion names diplotypes")


@dataclass(frozen=True, slots=True)
class HasPhenotype:
    """One of these pharmacogenomic phenotypes of ``gene``, for instance ``poor metaboliser``."""

    role: ClassVar[Role] = Role.BIOMARKER
    gene: str
    phenotypes: frozenset[str]

    def __post_init__(self) -> None:
        _require(bool(self.phenotypes), f"{self.gene}: a phenotype criterion names phenotypes")


@dataclass(frozen=True, slots=True)
class HasHla:
    """The patient carries an HLA allele, named to two fields: ``HLA-A*02:01``."""

    role: ClassVar[Role] = Role.BIOMARKER
    allele: str

    def __post_init__(self) -> None:
        _require(bool(re.fullmatch(r"HLA-[A-Z0-9]+\*\d+:\d+", self.allele)), f"not an HLA allele: {self.allele!r}")

    @property
    def gene(self) -> str:
        """The locus, ``HLA-A``."""
        return self.allele.partition("*")[0]


@dataclass(frozen=True, slots=True)
class HasCytogenetics:
    """A chromosome change in a karyotype: ``del(5q)``. ``isolated``: the only change of its clone.

    ``gene``: the gene whose loss is the change by other methods (FISH for TP53 shows ``del(17p)``).
    """

    role: ClassVar[Role] = Role.BIOMARKER
    change: str
    isolated: bool = False
    gene: str | None = None

    def __post_init__(self) -> None:
        _require(bool(re.fullmatch(r"del\(\d+[pq]\)", self.change)), f"not a chromosome change: {self.change!r}")
        _require(not (self.isolated and self.gene), f"{self.change}: the loss of a gene does not tell what is isolated")
        if self.gene is not None:
            _require_gene(self.gene)

    @property
    def name(self) -> str:
        """The change as the analyte that has to be tested."""
        return self.change


@dataclass(frozen=True, slots=True)
class NoRecordedResistance:
    """The record holds no alteration that the catalogue lists as resistance of ``gene`` to one of ``drugs``.

    Silence is enough here: a label does not ask for resistance alterations to be excluded, but a
    recorded one is more specific than the class that it would otherwise match, and vetoes it.
    """

    role: ClassVar[Role] = Role.BIOMARKER
    gene: str
    drugs: frozenset[str]

    def __post_init__(self) -> None:
        _require_gene(self.gene)
        _require(bool(self.drugs), f"{self.gene}: resistance is resistance to a drug")


@dataclass(frozen=True, slots=True)
class InStage:
    """The disease is in one of these stage groups (``IIIA``, ``FIGO III``) or extents (``metastatic``)."""

    role: ClassVar[Role] = Role.CLINICAL
    stages: frozenset[str]

    def __post_init__(self) -> None:
        _require(bool(self.stages), "a stage criterion names stages")
        unknown = self.stages - STAGE_GROUPS - FIGO_GROUPS - EXTENTS
        _require(not unknown, f"unknown stages: {sorted(unknown)}")


@dataclass(frozen=True, slots=True)
class InSetting:
    """Treatment would be given in this setting, for instance ``adjuvant``."""

    role: ClassVar[Role] = Role.CLINICAL
    setting: str

    def __post_init__(self) -> None:
        _require(self.setting in SETTINGS, f"unknown setting {self.setting!r}")


@dataclass(frozen=True, slots=True)
class InLine:
    """The next line of systemic therapy lies between ``at_least`` and ``at_most`` (1 is first line)."""

    role: ClassVar[Role] = Role.CLINICAL
    at_least: int = 1
    at_most: int | None = None

    def __post_init__(self) -> None:
        _require(self.at_least >= 1, "lines count from 1")
        _require(self.at_most is None or self.at_most >= self.at_least, "a line range runs upwards")
        _require(self.at_least > 1 or self.at_most is not None, "a line criterion excludes some line")


@dataclass(frozen=True, slots=True)
class HadTherapy:
    """The patient has received a drug, or one of a drug class, optionally with a known course.

    ``course``: ``progression``, ``no-progression``, ``stable`` (on or after that therapy) or ``intolerance``.
    ``regimens``: in at least so many lines of therapy.
    """

    role: ClassVar[Role] = Role.CLINICAL
    inn: str | None = None
    drug_class: str | None = None
    course: str | None = None
    label: str | None = None  # the class as labels word it
    regimens: int = 1

    def __post_init__(self) -> None:
        _require((self.inn is None) != (self.drug_class is None), "prior therapy names a drug or a class")
        _require(self.regimens >= 1, "prior regimens count from 1")
        _require(self.regimens == 1 or self.course is None, "a course belongs to one regimen, not to several")
        _require(self.course is None or self.course in COURSES, f"unknown course {self.course!r}")


@dataclass(frozen=True, slots=True)
class AgeBetween:
    """Age in completed years, or in completed months for children; ``below`` is exclusive."""

    role: ClassVar[Role] = Role.CLINICAL
    at_least: int | None = None
    below: int | None = None
    at_least_months: int | None = None

    def __post_init__(self) -> None:
        bounds = (self.at_least, self.below, self.at_least_months)
        _require(any(bound is not None for bound in bounds), "an age criterion has a bound")
        _require(self.at_least is None or self.at_least_months is None, "a lower age is in years or in months")


@dataclass(frozen=True, slots=True)
class SexIs:
    """Administrative sex as FHIR codes it."""

    role: ClassVar[Role] = Role.CLINICAL
    sex: str

    def __post_init__(self) -> None:
        _require(self.sex in ("female", "male"), f"unknown sex {self.sex!r}")


@dataclass(frozen=True, slots=True)
class MenopausalStateIs:
    """``premenopausal``, ``perimenopausal`` or ``postmenopausal``; never told from the age."""

    role: ClassVar[Role] = Role.CLINICAL
    state: str

    def __post_init__(self) -> None:
        _require(self.state in MENOPAUSAL_STATES, f"unknown menopausal state {self.state!r}")


@dataclass(frozen=True, slots=True)
class InDiseaseState:
    """The disease is recorded in one of these states, for instance ``relapsed`` or ``remission``."""

    role: ClassVar[Role] = Role.CLINICAL
    states: frozenset[str]

    def __post_init__(self) -> None:
        _require(bool(self.states), "a disease state criterion names states")
        unknown = self.states - DISEASE_STATES
        _require(not unknown, f"unknown disease states: {sorted(unknown)}")


@dataclass(frozen=True, slots=True)
class PerformanceAtMost:
    """ECOG performance status of at most ``ecog``."""

    role: ClassVar[Role] = Role.CLINICAL
    ecog: int

    def __post_init__(self) -> None:
        _require(0 <= self.ecog <= 4, "ECOG is 0 to 4")


@dataclass(frozen=True, slots=True)
class NeedsJudgement:
    """A requirement that no coded data answers, in words: it can only be verified by the clinician."""

    role: ClassVar[Role] = Role.CLINICAL
    statement: str

    def __post_init__(self) -> None:
        _require(bool(self.statement.strip()), "a judgement is stated in words")


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one of ``criteria``."""

    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        _require(bool(self.criteria), "all_of needs criteria")


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of ``criteria``."""

    criteria: tuple[Criterion, ...]

    def __post_init__(self) -> None:
        _require(bool(self.criteria), "any_of needs criteria")


@dataclass(frozen=True, slots=True)
class Not:
    """``criterion`` is documented not to hold."""

    criterion: Criterion


@dataclass(frozen=True, slots=True)
class NotKnown:
    """The record does not tell whether ``criterion`` holds: "RAS status unknown" as a label's own condition.

    It is never unknown itself. Only a safety statement may ask it: an indication is never opened by a gap.
    """

    criterion: Criterion


Leaf = (
    HasTumour
    | HasVariant
    | HasFusion
    | HasCopyNumber
    | HasExpression
    | ByAnyTest
    | HasSignature
    | HasGenotype
    | HasPhenotype
    | HasHla
    | HasCytogenetics
    | NoRecordedResistance
    | InStage
    | InSetting
    | InLine
    | HadTherapy
    | AgeBetween
    | SexIs
    | MenopausalStateIs
    | InDiseaseState
    | PerformanceAtMost
    | NeedsJudgement
)
Criterion = Leaf | AllOf | AnyOf | Not | NotKnown


def leaves(criterion: Criterion) -> tuple[Leaf, ...]:
    """Every leaf of a criterion, in reading order."""
    if isinstance(criterion, AllOf | AnyOf):
        return tuple(leaf for child in criterion.criteria for leaf in leaves(child))
    if isinstance(criterion, Not | NotKnown):
        return leaves(criterion.criterion)
    return (criterion,)


def asks_for_a_gap(criterion: Criterion) -> bool:
    """Whether ``NotKnown`` stands anywhere in a criterion."""
    if isinstance(criterion, NotKnown):
        return True
    if isinstance(criterion, Not):
        return asks_for_a_gap(criterion.criterion)
    return isinstance(criterion, AllOf | AnyOf) and any(map(asks_for_a_gap, criterion.criteria))
