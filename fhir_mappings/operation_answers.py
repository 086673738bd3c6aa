"""Answers of the genomics operations that come without an Observation: ``Parameters`` with ``presence``.

``presence`` false is the answer to one question: the allele or the change that was asked for is absent, and
nothing else. A range without variants, or several items asked for together, says nothing about a single one.
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_mappings.collection import Resource
from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import objects, string
from fhir_mappings.hla import read_typing
from fhir_mappings.notation import Names, read_dna
from fhir_mappings.record import Unread
from fhir_mappings.star_alleles import read_call
from knowledge.facts import Fact, Kind, Source, State

_MAX_DEPTH = 40


def parameters_in(document: object, depth: int = 0) -> Iterator[Resource]:
    """Every ``Parameters`` resource of an input, in Bundles, lists and prefetch."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(document, list):
        for item in document:
            yield from parameters_in(item, depth + 1)
    elif isinstance(document, dict):
        kind = document.get("resourceType")
        if kind == "Parameters":
            identifier = string(document.get("id"))
            reference = f"Parameters/{identifier}" if identifier else "Parameters without id"
            yield Resource("Parameters", reference, document)
        elif kind == "Bundle":
            for entry in objects(document.get("entry")):
                resource = entry.get("resource")
                if not _is_of_another_type(resource):
                    yield from parameters_in(resource, depth + 1)
        elif kind is None and isinstance(prefetch := document.get("prefetch"), dict):
            yield from parameters_in(list(prefetch.values()), depth + 1)


def _is_of_another_type(resource: object) -> bool:
    """Whether this is a resource in which no ``Parameters`` can stand, as nearly all of a Bundle are."""
    if not isinstance(resource, dict):
        return False
    kind = resource.get("resourceType")
    return isinstance(kind, str) and kind not in ("Bundle", "Parameters")


def read_operation_answers(context: Context) -> Reading:
    """The facts of one ``Parameters`` resource; its Observations are read by themselves."""
    reading = Reading()
    for index, parameter in enumerate(objects(context.data.get("parameter"))):
        inner = objects(parameter.get("part"))
        parts = {name: part for part in inner if (name := string(part.get("name")))}
        presence = parts.get("presence", {}).get("valueBoolean")
        asked = next((name for name in ("haplotypeItem", "variantItem", "rangeItem") if name in parts), None)
        answered = any("resource" in part for part in inner)
        if not isinstance(presence, bool) or asked is None:
            continue
        if presence and answered and asked != "haplotypeItem":
            continue  # the variant that was found says more; a genotype may not name the allele that was asked for
        path = f"parameter[{index}].part[{inner.index(parts['presence'])}].valueBoolean"
        item = string(parts[asked].get("valueString")) or ""
        fact = _haplotype(context, item, presence, path) if asked == "haplotypeItem" else None
        fact = _variant(context, item, presence, path) if asked == "variantItem" else fact
        if fact is not None:
            reading.facts.append(fact)
        else:
            reading.unread.append(Unread(context.resource.reference, item[:80], f"no fact from the answer to {asked}"))
    return reading


def _haplotype(context: Context, item: str, presence: bool, path: str) -> Fact | None:
    state = State.PRESENT if presence else State.ABSENT
    source = Source(context.resource.reference, path, f"{item[:160]}: {str(presence).lower()}")
    typing = read_typing(item, None)
    if len(typing.typed) == 1 and not typing.not_read and len(typing.typed[0].alleles) == 1:
        typed = typing.typed[0]
        return Fact(kind=Kind.HLA, state=state, source=source, genes=(typed.gene,), allele=typed.alleles[0])
    call = read_call(item, None, context.tables.pharmacogenes)
    gene = context.tables.genes.resolve(call.gene) if call and call.gene else None
    if call is None or gene is None or call.allele is None:
        return None
    return Fact(kind=Kind.GENOTYPE, state=state, source=source, genes=(gene.symbol,), allele=call.allele)


def _variant(context: Context, item: str, presence: bool, path: str) -> Fact | None:
    names = Names()
    read_dna([item], path, names)
    if " " in item or "=" in item or not names.any or names.warnings:
        return None
    gene = context.tables.transcripts.get((names.transcript or "").partition(".")[0])
    return Fact(
        kind=Kind.VARIANT,
        state=State.PRESENT if presence else State.ABSENT,
        source=Source(context.resource.reference, path, f"{item[:160]}: {str(presence).lower()}"),
        genes=(gene,) if gene else (),
        coding=str(names.coding) if names.coding else None,
        genomic=names.genomic,
        transcript=names.transcript,
    )
