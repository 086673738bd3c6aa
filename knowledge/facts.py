"""The vocabulary of facts: what was read from a record, and where it was read.

A fact is one normalised statement with its provenance. Facts carry no judgement about therapies;
criteria (:mod:`knowledge.criteria`) are evaluated against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from knowledge.making import quick_to_make


class Kind(StrEnum):
    """What a fact is about."""

    VARIANT = "variant"
    FUSION = "fusion"
    COPY_NUMBER = "copy_number"
    EXPRESSION = "expression"
    SIGNATURE = "signature"
    GENOTYPE = "genotype"
    PHENOTYPE = "phenotype"
    KARYOTYPE = "karyotype"
    HLA = "hla"
    DISEASE = "disease"
    STAGE = "stage"
    PERFORMANCE = "performance"
    THERAPY = "therapy"
    DEMOGRAPHIC = "demographic"
    DISEASE_STATUS = "disease_status"


#: The kinds that are results of a test for a biomarker.
BIOMARKERS = frozenset(
    {
        Kind.VARIANT,
        Kind.FUSION,
        Kind.COPY_NUMBER,
        Kind.EXPRESSION,
        Kind.SIGNATURE,
        Kind.GENOTYPE,
        Kind.PHENOTYPE,
        Kind.KARYOTYPE,
        Kind.HLA,
    }
)


class State(StrEnum):
    """What the record says about the fact. Silence is ``UNKNOWN``, never ``ABSENT``."""

    PRESENT = "present"
    ABSENT = "absent"
    INDETERMINATE = "indeterminate"
    NO_CALL = "no_call"
    NOT_TESTED = "not_tested"
    UNKNOWN = "unknown"


class Origin(StrEnum):
    """Genomic source class (LOINC 48002-0). Never assumed."""

    SOMATIC = "somatic"
    GERMLINE = "germline"
    UNKNOWN = "unknown"


@quick_to_make
@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact was read.

    ``reference`` is the resource (``Observation/abc``), ``path`` the element inside it that decided,
    ``raw`` the value as it was sent.
    """

    reference: str
    path: str | None = None
    raw: str | None = None


@quick_to_make
@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One normalised statement read from a record.

    Genes are current HGNC symbols, ``protein`` and ``coding`` are HGVS without a reference sequence
    (protein in three-letter form), ``tumour`` is an OncoTree code, ``topography`` an ICD-O-3 site,
    ``inn`` an international non-proprietary name. ``vaf`` is a fraction between 0 and 1. ``date`` is a
    FHIR date, possibly partial (``2016``, ``2018-03``). ``conflict`` marks a fact whose own source
    contradicts itself about the gene: it is shown and decides nothing. Members that do not apply are
    ``None`` or empty.

    The scope of an ``ABSENT`` fact is what it names: only genes, the gene as tested by this assay;
    a variant class, that class; a protein or coding change, that change.
    """

    kind: Kind
    state: State
    source: Source
    genes: tuple[str, ...] = ()
    protein: str | None = None
    coding: str | None = None
    genomic: str | None = None
    transcript: str | None = None
    variant_class: str | None = None
    significance: str | None = None
    marker: str | None = None
    score: str | None = None
    value: float | int | str | None = None
    unit: str | None = None
    comparator: str | None = None
    origin: Origin | None = None
    zygosity: str | None = None
    vaf: float | None = None
    copies: float | None = None
    allele: str | None = None
    diplotype: str | None = None
    phenotype: str | None = None
    tumour: str | None = None
    histology: str | None = None
    topography: str | None = None
    inn: str | None = None
    line: int | None = None
    status: str | None = None
    specimen: str | None = None
    conflict: bool | None = None
    date: str | None = None
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The fact as JSON; members without a value are left out, zero and false are values."""
        result: dict[str, Any] = {}
        for name, value in zip(_FACT_MEMBERS, _values_of(self), strict=True):
            if value is None or value == ():
                continue
            if isinstance(value, StrEnum):
                value = value.value
            elif isinstance(value, tuple):
                value = list(value)
            result[name] = value
        source = {"reference": self.source.reference, "path": self.source.path, "raw": self.source.raw}
        result["source"] = {key: value for key, value in source.items() if value is not None}
        return result

    @classmethod
    def from_json(cls, sent: Mapping[str, Any]) -> Fact:
        """The fact of its JSON. Warnings come back as plain English texts. Raises ``ValueError`` or ``KeyError``."""
        members = {name: value for name, value in sent.items() if value is not None}
        members["kind"] = Kind(members["kind"])
        members["state"] = State(members["state"])
        members["source"] = Source(**members["source"])
        for name in ("genes", "warnings"):
            if name in members:
                members[name] = tuple(members[name])
        if "origin" in members:
            members["origin"] = Origin(members["origin"])
        return cls(**members)


_FACT_MEMBERS = tuple(field.name for field in fields(Fact) if field.name != "source")
_values_of = attrgetter(*_FACT_MEMBERS)
