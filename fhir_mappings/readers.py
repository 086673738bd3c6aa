"""Which reader reads an Observation: the names that the code tables use, and the functions behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fhir_mappings.conditions import read_histology
from fhir_mappings.context import Context, Reading
from fhir_mappings.scores import read_expression
from fhir_mappings.single_tests import read_fusion_test, read_gene_test, read_variant_test
from fhir_mappings.tables import CodeRule
from fhir_mappings.variants import read_variant

Reader = Callable[[Context, CodeRule], Reading]


def _says_nothing(context: Context, rule: CodeRule) -> Reading:
    """Coverage lists, groupers and a laboratory's claims about drugs are no findings."""
    return Reading()


READERS: Mapping[str, Reader] = {
    "variant": lambda context, rule: read_variant(context),
    "expression": read_expression,
    "variant_test": read_variant_test,
    "fusion_test": read_fusion_test,
    "gene_test": read_gene_test,
    "histology": lambda context, rule: read_histology(context),
    "coverage": _says_nothing,
    "group": _says_nothing,
    "claim": _says_nothing,
}

#: Readers whose resources are no findings even where the status is not final.
SILENT_READERS = frozenset({"coverage", "group", "claim"})
