"""Karyotypes that are the value of an Observation of their own, and the facts that any karyotype gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import string, texts
from fhir_mappings.karyotypes import KaryotypeFusion, fusions_in, is_normal
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

#: The count of chromosomes and the sex chromosomes, with which every karyotype in ISCN notation begins.
_ISCN = re.compile(r"\d\d(?:[~-]\d\d)?(?:<\dn>)?,[XY?]")


def read_karyotype(context: Context) -> Reading:
    """Read an Observation whose value is a karyotype in ISCN notation. Words about one are unread."""
    value = context.data.get("valueCodeableConcept")
    written = [("valueString", string(context.data.get("valueString")))]
    written += [("valueCodeableConcept", text) for text in texts(value)]
    for path, text in written:
        if text and _ISCN.match(re.sub(r"\s+", "", text)):
            source = Source(context.resource.reference, path, text[:200])
            return Reading(_facts(context, text, source))
    return context.unread("no karyotype in ISCN notation")


def _facts(context: Context, iscn: str, source: Source) -> list[Fact]:
    def make(kind: Kind, state: State) -> Fact:
        return Fact(kind=kind, state=state, source=source, date=context.date)

    return karyotype_facts(iscn, context.tables.karyotype_fusions, make)


def karyotype_facts(
    iscn: str, known: tuple[KaryotypeFusion, ...], make: Callable[[Kind, State], Fact], state: State = State.PRESENT
) -> list[Fact]:
    """The karyotype, and the fusion beside it where its breakpoints are exactly those of a known one."""
    if state is State.PRESENT and is_normal(iscn):
        state = State.ABSENT
    facts = [replace(make(Kind.KARYOTYPE, state), value=iscn)]
    for found in fusions_in(iscn, known) if state is State.PRESENT else ():
        fusion = make(Kind.FUSION, state)
        warnings = (*fusion.warnings, phrase("read from the breakpoints of the karyotype"))
        facts.append(replace(fusion, genes=found.genes, source=replace(fusion.source, raw=iscn), warnings=warnings))
    return facts
