"""Hypothesis strategies: criteria of every kind, and patients made of facts that bear on them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from knowledge import Origin, State
from knowledge.criteria import (
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
    InSetting,
    InStage,
    MenopausalStateIs,
    NeedsJudgement,
    NoRecordedResistance,
    Not,
    NotKnown,
    PerformanceAtMost,
    SexIs,
    leaves,
)
from tests.facts import fusion, negative, pd_l1, tumour, variant
from tests.witnesses import answers

_HER2_STAIN = HasExpression("HER2", frozenset({"IHC"}), at_least=3)
_HER2_POSITIVE = HasExpression("HER2", positive=True)
#: One or more criteria of each kind.
_LEAVES: list[Criterion] = [
    HasTumour("NSCLC"),
    HasTumour("BREAST"),
    HasVariant("EGFR", protein=frozenset({"p.Leu858Arg"})),
    HasVariant("EGFR", variant_class="exon 19 deletion"),
    HasVariant("KRAS", protein=frozenset({"p.Gly12Cys"})),
    HasVariant("BRAF", codon=600),
    HasFusion("ALK", or_ihc=True),
    HasFusion("RET", partner="KIF5B"),
    HasFusion("ABL1", partner="BCR", or_tumour="CMLBCRABL1"),
    HasExpression("PD-L1", frozenset({"TPS"}), at_least=50),
    HasExpression("PD-L1", frozenset({"TPS"}), below=1),
    HasVariant("BRCA1", pathogenic=True, origin=Origin.GERMLINE),
    HasCopyNumber("MET", "amplification"),
    _HER2_POSITIVE,
    HasExpression("HER2", frozenset({"status"}), values=frozenset({"low"})),
    ByAnyTest((_HER2_POSITIVE, _HER2_STAIN)),
    HasSignature("MSI", frozenset({"MSI-H"})),
    HasSignature("TMB", at_least=10),
    HasGenotype("UGT1A1", frozenset({"*28/*28"})),
    HasPhenotype("DPYD", frozenset({"poor metaboliser"})),
    HasHla("HLA-A*02:01"),
    HasCytogenetics("del(5q)", isolated=True),
    HasCytogenetics("del(17p)", gene="TP53"),
    NoRecordedResistance("EGFR", frozenset({"gefitinib"})),
    InStage(frozenset({"IV", "metastatic"})),
    InStage(frozenset({"resectable"})),
    InSetting("adjuvant"),
    InLine(at_least=2, at_most=3),
    HadTherapy(inn="carboplatin", course="progression"),
    HadTherapy(drug_class="taxane", regimens=2),
    AgeBetween(at_least=18),
    AgeBetween(at_least_months=1, below=18),
    SexIs("female"),
    MenopausalStateIs("postmenopausal"),
    InDiseaseState(frozenset({"relapsed", "refractory"})),
    InDiseaseState(frozenset({"chronic-phase"})),
    PerformanceAtMost(1),
    NeedsJudgement("not a candidate for surgery"),
]
leaf_criteria: st.SearchStrategy[Criterion] = st.sampled_from(_LEAVES)


def _combined(*wrappers: type[Not] | type[NotKnown]) -> st.SearchStrategy[Criterion]:
    return st.recursive(
        leaf_criteria,
        lambda inner: st.one_of(
            *(st.builds(wrapper, inner) for wrapper in wrappers),
            st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
            st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        ),
        max_leaves=8,
    )


criteria = _combined(Not)
#: What safety statements may ask as well.
criteria_with_gaps = _combined(Not, NotKnown)
dates = st.sampled_from([None, "2024", "2024-05", "2025-01-01", "2026-02-03"])
#: Facts for, against and beside every one of the criteria.
_ANSWERS = [fact for criterion in _LEAVES for leaf in leaves(criterion) for fact in answers(leaf)]
_dated_answers = st.builds(replace, st.sampled_from(_ANSWERS), date=dates)
facts = st.lists(
    st.one_of(
        _dated_answers,
        st.builds(tumour, st.sampled_from(["NSCLC", "LUAD", "LUSC", "LUNG", "BREAST", None])),
        st.builds(
            variant, st.just("EGFR"), st.sampled_from(["p.Leu858Arg", "p.Glu746_Ala750del", "p.Thr790Met"]), date=dates
        ),
        st.builds(
            variant, st.sampled_from(["KRAS", "BRAF"]), st.sampled_from(["p.Gly12Cys", "p.Val600Glu"]), date=dates
        ),
        st.builds(negative, st.sampled_from(["EGFR", "ALK", "KRAS", "BRAF", "RET"]), date=dates),
        st.builds(fusion, st.sampled_from(["ALK", "RET"]), state=st.sampled_from(list(State)), date=dates),
        st.builds(
            pd_l1, st.just("TPS"), st.integers(0, 100), comparator=st.sampled_from([None, "<", ">="]), date=dates
        ),
    ),
    max_size=6,
)
