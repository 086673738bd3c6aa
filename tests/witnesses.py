"""Facts that answer a criterion: made from the criterion itself, so that every kind of it meets facts that matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

from knowledge import Fact, Kind, Origin, State
from knowledge.criteria import (
    COURSES,
    PHASES,
    AgeBetween,
    AllOf,
    AnyOf,
    ByAnyTest,
    Criterion,
    HadTherapy,
    HasCopyNumber,
    HasCytogenetics,
    HasExpression,
    HasFusion,
    HasGenotype,
    HasHla,
    HasPhenotype,
    HasSignature,
    HasTumour,
    HasVariant,
    InDiseaseState,
    InLine,
    InStage,
    Leaf,
    MenopausalStateIs,
    Not,
    NotKnown,
    PerformanceAtMost,
    SexIs,
    leaves,
)
from knowledge.protein_change import parse_protein_change
from tests.conftest import TODAY
from tests.facts import born, fact, fusion, tumour, variant

Facts = tuple[Fact, ...]
Choose = Callable[[Sequence[Criterion]], Criterion]
#: A change that no label and no alteration file names.
UNLISTED = "p.Gly9999Ser"
#: For types so wide that labels except some of their narrower ones, a narrower one that none excepts.
SPECIFIC = {"TISSUE": "COAD", "NSCLC": "LUAD", "EGC": "STAD", "OVT": "HGSOC"}


def first(parts: Sequence[Criterion]) -> Criterion:
    """The choice of whoever has none."""
    return parts[0]


def witness(criterion: Criterion, *, holds: bool = True, choose: Choose = first) -> Facts:
    """Facts of a patient for whom a criterion holds, or does not.

    Of alternatives ``choose`` takes one. What no fact answers (a judgement, a setting) is left open.
    """
    if isinstance(criterion, Not):
        return witness(criterion.criterion, holds=not holds, choose=choose)
    if isinstance(criterion, NotKnown):
        return ()
    if isinstance(criterion, ByAnyTest):
        return witness(choose(criterion.tests), holds=holds, choose=choose)
    if isinstance(criterion, AllOf | AnyOf):
        together = isinstance(criterion, AllOf) is holds
        parts = criterion.criteria if together else (choose(criterion.criteria),)
        found = (witness(part, holds=holds, choose=choose) for part in parts)
        return tuple(dict.fromkeys(item for facts in found for item in facts))
    return (affirming if holds else denying)(criterion)


def answers(criterion: Leaf) -> Facts:
    """Facts for and against a leaf, and such as only touch it."""
    if isinstance(criterion, ByAnyTest):
        return tuple(item for test in criterion.tests for leaf in leaves(test) for item in answers(leaf))
    return (*affirming(criterion), *denying(criterion), *touching(criterion))


@singledispatch
def affirming(criterion: Leaf) -> Facts:
    """Facts that make a leaf true; none where nothing in a record does."""
    return ()


@singledispatch
def denying(criterion: Leaf) -> Facts:
    """Facts that make a leaf false; none where nothing in a record does."""
    return ()


@singledispatch
def touching(criterion: Leaf) -> Facts:
    """Facts about the matter of a leaf that do not decide it."""
    return ()


@affirming.register
def _(criterion: HasTumour) -> Facts:
    return (tumour(SPECIFIC.get(criterion.node, criterion.node)),)


@denying.register
def _(criterion: HasTumour) -> Facts:
    return () if criterion.node == "CUP" else (tumour("CUP"),)


@touching.register
def _(criterion: HasTumour) -> Facts:
    states = ("relapse", "remission", "resolved")
    return (tumour(None), *(tumour(criterion.node, status=status) for status in states))


@affirming.register
def _(criterion: HasVariant) -> Facts:
    origin = {"origin": criterion.origin} if criterion.origin else {}
    if criterion.protein:
        return (variant(criterion.gene, min(criterion.protein), **origin),)
    if criterion.codon is not None:
        return (variant(criterion.gene, f"p.Val{criterion.codon}Trp", **origin),)
    if criterion.pathogenic:
        return (variant(criterion.gene, UNLISTED, significance="pathogenic", **origin),)
    return (variant(criterion.gene, variant_class=criterion.variant_class, **origin),)


@denying.register
def _(criterion: HasVariant) -> Facts:
    codons = {(change[2:5], parse_protein_change(change).start) for change in criterion.protein}
    if len(codons) == 1:
        ((residue, codon),) = codons
        return (variant(criterion.gene, f"p.{residue}{codon}Trp"),)
    return (variant(criterion.gene, state=State.ABSENT),)


@touching.register
def _(criterion: HasVariant) -> Facts:
    gene = criterion.gene
    absent = [variant(gene, protein, state=State.ABSENT) for protein in (None, UNLISTED, *sorted(criterion.protein))]
    return (*undecided_variants(gene), *absent, fusion(gene))


def undecided_variants(gene: str) -> Facts:
    """Variants of a gene that open nothing: the gene alone, a change of unknown meaning, a benign one."""
    return (
        variant(gene),
        variant(gene, UNLISTED),
        variant(gene, UNLISTED, significance="uncertain significance"),
        variant(gene, UNLISTED, significance="likely benign", origin=Origin.GERMLINE),
        variant(gene, UNLISTED, origin=Origin.GERMLINE),
        variant(gene, state=State.INDETERMINATE),
        variant(gene, state=State.NO_CALL),
        variant(gene, significance="pathogenic", conflict=True),
    )


@affirming.register
def _(criterion: HasFusion) -> Facts:
    return (fusion(*filter(None, (criterion.partner, criterion.gene))),)


@denying.register
def _(criterion: HasFusion) -> Facts:
    return (fusion(*filter(None, (criterion.partner, criterion.gene)), state=State.ABSENT),)


@touching.register
def _(criterion: HasFusion) -> Facts:
    return (
        fusion(criterion.gene, state=State.INDETERMINATE),
        fact(Kind.EXPRESSION, marker=criterion.gene),
        fact(Kind.EXPRESSION, marker=criterion.gene, state=State.ABSENT),
        *((tumour(criterion.or_tumour),) if criterion.or_tumour else ()),
    )


@affirming.register
def _(criterion: HasCopyNumber) -> Facts:
    return (fact(Kind.COPY_NUMBER, genes=(criterion.gene,), variant_class=criterion.change),)


@denying.register
def _(criterion: HasCopyNumber) -> Facts:
    return (fact(Kind.COPY_NUMBER, genes=(criterion.gene,), state=State.ABSENT),)


@affirming.register
def _(criterion: HasExpression) -> Facts:
    if criterion.positive:
        return (_protein(criterion),)
    if criterion.values:
        return (_protein(criterion, value=min(criterion.values)),)
    bound = criterion.at_least if criterion.at_least is not None else (criterion.below or 0) - 0.5
    return (_protein(criterion, value=bound),)


@denying.register
def _(criterion: HasExpression) -> Facts:
    if criterion.positive:
        return (_protein(criterion, state=State.ABSENT),)
    if criterion.values:
        return (_protein(criterion, value="another class"),)
    below = criterion.at_least is not None
    return (_protein(criterion, value=0, comparator="<") if below else _protein(criterion, value=criterion.below),)


@touching.register
def _(criterion: HasExpression) -> Facts:
    others = ("TPS", "CPS", "IHC", "ISH", "percent")
    return tuple(fact(Kind.EXPRESSION, marker=criterion.marker, score=score, value=1) for score in others)


def _protein(criterion: HasExpression, **members: Any) -> Fact:
    return fact(Kind.EXPRESSION, marker=criterion.marker, score=min(criterion.scores, default=None), **members)


@affirming.register
def _(criterion: HasSignature) -> Facts:
    value = criterion.at_least if criterion.at_least is not None else min(criterion.values)
    return (fact(Kind.SIGNATURE, marker=criterion.name, value=value),)


@denying.register
def _(criterion: HasSignature) -> Facts:
    return (fact(Kind.SIGNATURE, marker=criterion.name, state=State.ABSENT),)


@touching.register
def _(criterion: HasSignature) -> Facts:
    return (fact(Kind.SIGNATURE, marker=criterion.name, value="unstable", state=State.INDETERMINATE),)


@affirming.register
def _(criterion: HasGenotype) -> Facts:
    return (fact(Kind.GENOTYPE, genes=(criterion.gene,), diplotype=min(criterion.diplotypes)),)


@denying.register
def _(criterion: HasGenotype) -> Facts:
    return (fact(Kind.GENOTYPE, genes=(criterion.gene,), diplotype="*1/*1"),)


@affirming.register
def _(criterion: HasPhenotype) -> Facts:
    return (fact(Kind.PHENOTYPE, genes=(criterion.gene,), phenotype=min(criterion.phenotypes)),)


@denying.register
def _(criterion: HasPhenotype) -> Facts:
    return (fact(Kind.PHENOTYPE, genes=(criterion.gene,), phenotype="of another kind"),)


@affirming.register
def _(criterion: HasHla) -> Facts:
    return (fact(Kind.HLA, genes=(criterion.gene,), allele=criterion.allele),)


@denying.register
def _(criterion: HasHla) -> Facts:
    return (fact(Kind.HLA, genes=(criterion.gene,), allele=criterion.allele, state=State.ABSENT),)


@touching.register
def _(criterion: HasHla) -> Facts:
    return (fact(Kind.HLA, genes=(criterion.gene,), allele=f"{criterion.gene}*99:99"),)


@affirming.register
def _(criterion: HasCytogenetics) -> Facts:
    beside = "" if criterion.isolated else ",+8"
    return (fact(Kind.KARYOTYPE, value=f"46,XX,{_deletion(criterion)}{beside}[12]/46,XX[8]"),)


@denying.register
def _(criterion: HasCytogenetics) -> Facts:
    if criterion.gene:
        return (fact(Kind.COPY_NUMBER, genes=(criterion.gene,), state=State.ABSENT),)
    found = fact(Kind.KARYOTYPE, value=f"46,XX,{_deletion(criterion)},+8[12]/46,XX[8]")
    return (found,) if criterion.isolated else ()


@touching.register
def _(criterion: HasCytogenetics) -> Facts:
    return (fact(Kind.KARYOTYPE, value="46,XX[20]"), fact(Kind.KARYOTYPE, value=f"46,XX,{_deletion(criterion)}[20]"))


def _deletion(criterion: HasCytogenetics) -> str:
    chromosome, arm = criterion.change[4:-2], criterion.change[-2]
    return f"del({chromosome})({arm}13{arm}33)"


@affirming.register
def _(criterion: InStage) -> Facts:
    return (fact(Kind.STAGE, value=min(criterion.stages)),)


@denying.register
def _(criterion: InStage) -> Facts:
    return (fact(Kind.STAGE, value="metastatic"),)


@affirming.register
def _(criterion: InLine) -> Facts:
    if criterion.at_least == 1:
        return ()
    return (fact(Kind.THERAPY, inn="cyclophosphamide", line=criterion.at_least - 1),)


@denying.register
def _(criterion: InLine) -> Facts:
    return (fact(Kind.THERAPY, inn="cyclophosphamide", line=criterion.at_most),) if criterion.at_most else ()


@affirming.register
def _(criterion: HadTherapy) -> Facts:
    lines = range(1, criterion.regimens + 1) if criterion.regimens > 1 else (None,)
    return tuple(_drug(criterion, value=criterion.course, line=line) for line in lines)


@denying.register
def _(criterion: HadTherapy) -> Facts:
    return (_drug(criterion, state=State.ABSENT),)


@touching.register
def _(criterion: HadTherapy) -> Facts:
    courses = [_drug(criterion, value=course) for course in (None, *sorted(COURSES))]
    return (*courses, _drug(criterion, state=State.UNKNOWN))


def _drug(criterion: HadTherapy, **members: Any) -> Fact:
    if criterion.inn:
        return fact(Kind.THERAPY, inn=criterion.inn, **members)
    return fact(Kind.THERAPY, marker=criterion.drug_class, **members)


@affirming.register
def _(criterion: AgeBetween) -> Facts:
    if criterion.at_least_months is not None:
        return (born(TODAY.replace(year=TODAY.year - 1).isoformat()),)
    years = criterion.at_least if criterion.at_least is not None else 0
    return (born(TODAY.replace(year=TODAY.year - years).isoformat()),)


@denying.register
def _(criterion: AgeBetween) -> Facts:
    years = criterion.below if criterion.below is not None else (criterion.at_least or 1) - 1
    return (born(TODAY.replace(year=TODAY.year - years).isoformat()),)


@affirming.register
def _(criterion: SexIs) -> Facts:
    return (fact(Kind.DEMOGRAPHIC, marker="sex", value=criterion.sex),)


@denying.register
def _(criterion: SexIs) -> Facts:
    return (fact(Kind.DEMOGRAPHIC, marker="sex", value="male" if criterion.sex == "female" else "female"),)


@affirming.register
def _(criterion: MenopausalStateIs) -> Facts:
    return (fact(Kind.DEMOGRAPHIC, marker="menopausal-state", value=criterion.state),)


@denying.register
def _(criterion: MenopausalStateIs) -> Facts:
    return (fact(Kind.DEMOGRAPHIC, marker="menopausal-state", value="another"),)


@affirming.register
def _(criterion: InDiseaseState) -> Facts:
    state = min(criterion.states)
    if state in PHASES:
        return (fact(Kind.DISEASE_STATUS, marker="phase", value=state),)
    course = {"progressive": "worsened", "remission": "remission"}.get(state)
    if course:
        return (fact(Kind.DISEASE_STATUS, marker="course", value=course),)
    return (fact(Kind.DISEASE_STATUS, marker="disease-state", value=state),)


@denying.register
def _(criterion: InDiseaseState) -> Facts:
    others = sorted(PHASES - criterion.states)
    if not criterion.states <= PHASES or not others:
        return ()
    return (fact(Kind.DISEASE_STATUS, marker="phase", value=others[0]),)


@affirming.register
def _(criterion: PerformanceAtMost) -> Facts:
    return (fact(Kind.PERFORMANCE, score="ECOG", value=criterion.ecog),)


@denying.register
def _(criterion: PerformanceAtMost) -> Facts:
    return (fact(Kind.PERFORMANCE, score="ECOG", value=criterion.ecog + 1),)
