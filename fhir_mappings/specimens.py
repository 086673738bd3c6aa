"""What was examined, where the code or the specimen's type says so: tumour, plasma, blood or marrow."""

from __future__ import annotations

from fhir_mappings.context import Context
from fhir_mappings.elements import codings, last_segment, objects
from fhir_mappings.tables import CodeRule


def specimen_of(context: Context, rule: CodeRule | None = None) -> str | None:
    """The specimen of a result; ``None`` where neither the code nor the specimen tells."""
    if rule is not None and (named := rule.options.get("specimen")):
        return str(named)
    if "specimen" not in context.data:
        return None
    for specimen in context.collection.resolved(context.data.get("specimen"), context.resource):
        for kind in objects(specimen.data.get("type")):
            for system, code, _ in codings(kind):
                if found := context.tables.specimens.get((last_segment(system), code or "")):
                    return found
    return None
