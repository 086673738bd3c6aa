"""A generic immune stain, whose code names no protein: the gene stands in a component.

The German molecular tumour board sends SNOMED CT 1234806008 with LOINC 48018-6; the value is a step, yes or no,
a percentage, or the mismatch repair status as a whole.
"""

from __future__ import annotations

from fhir_mappings.context import Context, Reading
from fhir_mappings.markers import ELEMENTS, component_facts, read_marker, specific_rule, studied_genes
from fhir_mappings.signatures import signature_facts
from fhir_mappings.tables import CodeRule


def read_immunohistochemistry(context: Context, rule: CodeRule) -> Reading:
    """Read a stain by a more specific code if there is one, else by the gene that it names."""
    if specific := specific_rule(context, rule):
        if specific.reader in ELEMENTS:
            return read_marker(context, specific)
        return context.unread("the stain has a second code of another kind of result")
    genes = studied_genes(context)
    if len(genes) > 1:
        return context.unread("several genes are named for one stain")
    if genes:
        protein = context.tables.markers.protein(genes.pop())
        score = protein.options.get("number")
        return read_marker(
            context,
            CodeRule(
                protein.reader,
                rule.code,
                rule.name,
                protein.genes,
                marker=protein.marker,
                unit="%" if score == "percent" else None,
                options=protein.options,
            ),
        )
    as_status = CodeRule("signature", rule.code, rule.name, options={"levels": ["microsatellites"], "numbers": False})
    facts = signature_facts(context, context.data, "", as_status)
    facts = [fact for fact in facts if fact.marker] + component_facts(context, rule)
    return Reading(facts) if facts else context.unread("no protein or gene is named for this stain")
