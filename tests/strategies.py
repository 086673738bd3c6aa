"""Hypothesis strategies: criteria and patients made of the facts that laboratories send."""

from __future__ import annotations

from hypothesis import strategies as st

from knowledge import State
from knowledge.criteria import AllOf, AnyOf, Criterion, HasExpression, HasFusion, HasTumour, HasVariant, Not, NotKnown
from tests.facts import fusion, negative, pd_l1, tumour, variant

leaf_criteria: st.SearchStrategy[Criterion] = st.sampled_from(
    [
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
    ]
)


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
facts = st.lists(
    st.one_of(
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
