"""The patient: birth date and administrative sex."""

from __future__ import annotations

from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import string
from knowledge.dates import is_fhir_date
from knowledge.facts import Fact, Kind, Source, State


def read_patient(context: Context) -> Reading:
    """Read the Patient resource. The age is computed where the day of evaluation is known."""
    reading = Reading()
    birth_date, sex = string(context.data.get("birthDate")), string(context.data.get("gender"))
    if birth_date and is_fhir_date(birth_date):
        reading.facts.append(_fact(context, "birth-date", birth_date, "birthDate"))
    elif birth_date:
        reading.warnings.append(f"{context.resource.reference}: the birth date cannot be read")
    if sex in ("female", "male"):
        reading.facts.append(_fact(context, "sex", sex, "gender"))
    return reading


def _fact(context: Context, marker: str, value: str, path: str) -> Fact:
    return Fact(
        kind=Kind.DEMOGRAPHIC,
        state=State.PRESENT,
        source=Source(context.resource.reference, path),
        marker=marker,
        value=value,
    )
