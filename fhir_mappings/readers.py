"""Which reader reads an Observation: the names that the code tables use, and the functions behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fhir_mappings.context import Context, Reading
from fhir_mappings.coverage import read_coverage
from fhir_mappings.disease_status import read_disease_status, read_metastasis_history, read_metastasis_site
from fhir_mappings.genotypes import read_genotype
from fhir_mappings.histologies import read_histology
from fhir_mappings.hla import read_hla, read_hla_allele_test
from fhir_mappings.immunohistochemistry import read_immunohistochemistry
from fhir_mappings.immunophenotypes import read_immunophenotype
from fhir_mappings.implications import read_diagnostic_implication, read_molecular_consequence
from fhir_mappings.karyotype_results import read_karyotype
from fhir_mappings.markers import read_combined, read_marker
from fhir_mappings.measured_tests import read_amplification_test, read_measured_test
from fhir_mappings.menopause import read_menopause
from fhir_mappings.performance import read_performance
from fhir_mappings.pharmacogene_tests import read_allele_test, read_enzyme_activity, read_gene_alleles
from fhir_mappings.phenotypes import read_implication, read_phenotype
from fhir_mappings.single_tests import read_fusion_test, read_gene_test, read_variant_test
from fhir_mappings.staging import read_category, read_stage_group
from fhir_mappings.tables import CodeRule
from fhir_mappings.variants import read_variant

Reader = Callable[[Context, CodeRule], Reading]


def _says_nothing(context: Context, rule: CodeRule) -> Reading:
    """Coverage lists, groupers and a laboratory's claims about drugs are no findings."""
    return Reading()


READERS: Mapping[str, Reader] = {
    "variant": lambda context, rule: read_variant(context),
    "expression": read_marker,
    "mmr_protein": read_marker,
    "signature": read_marker,
    "marker_panel": read_marker,
    "combined_markers": read_combined,
    "immunohistochemistry": read_immunohistochemistry,
    "immunophenotype": read_immunophenotype,
    "variant_test": read_variant_test,
    "fusion_test": read_fusion_test,
    "gene_test": read_gene_test,
    "amplification_test": read_amplification_test,
    "measured_test": read_measured_test,
    "karyotype": lambda context, rule: read_karyotype(context),
    "histology": lambda context, rule: read_histology(context),
    "genotype": read_genotype,
    "phenotype": read_phenotype,
    "implication": read_implication,
    "gene_alleles": read_gene_alleles,
    "allele_test": read_allele_test,
    "enzyme_activity": read_enzyme_activity,
    "hla": read_hla,
    "hla_allele_test": read_hla_allele_test,
    "stage_group": read_stage_group,
    "tnm_category": read_category,
    "performance": read_performance,
    "disease_status": read_disease_status,
    "metastasis_history": read_metastasis_history,
    "metastasis_site": read_metastasis_site,
    "menopause": read_menopause,
    "diagnostic_implication": read_diagnostic_implication,
    "molecular_consequence": read_molecular_consequence,
    "overall": _says_nothing,
    "phase": _says_nothing,
    "coverage": read_coverage,
    "group": _says_nothing,
    "claim": _says_nothing,
}

#: Readers whose resources are no findings even where the status is not final.
SILENT_READERS = frozenset({"overall", "phase", "coverage", "group", "claim"})
