"""Diagnostic reports: what they hold besides Observations, and what they promise but do not bring."""

from __future__ import annotations

from fhir_mappings.conditions import read_conclusion_codes
from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import codings, objects, reference_text, string

#: Report codes of pathology (LOINC): their conclusion codes are diagnoses.
_PATHOLOGY = frozenset({"60568-3", "22034-3", "11526-1"})


def read_report(context: Context) -> Reading:
    """Read a DiagnosticReport; its results are read as the Observations that they are."""
    data, reference = context.data, context.resource.reference
    reading = Reading()
    if _PATHOLOGY & {code for _, code, _ in codings(data.get("code"))}:
        reading.facts.extend(read_conclusion_codes(context))
    results = objects(data.get("result"))
    missing = sum(
        1 for result in results if context.collection.resolve(reference_text(result), context.resource) is None
    )
    if missing:
        reading.warnings.append(f"{reference}: {missing} of {len(results)} results are not in the record")
    if not results and not reading.facts and _speaks_freely(context):
        reading.unread.extend(context.unread("the report is text or a document only").unread)
    return reading


def _speaks_freely(context: Context) -> bool:
    return bool(string(context.data.get("conclusion")) or objects(context.data.get("presentedForm")))
