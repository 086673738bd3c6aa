"""HLA typing: allele names, GL Strings and their ambiguities.

Each allele that is named is a fact of its own. One allele says nothing about the other copy: it never means
homozygous, and no other allele becomes absent by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fhir_mappings.context import Context, Reading
from fhir_mappings.tables import CodeRule
from fhir_mappings.value_texts import ValueText, value_texts
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

_LOCUS = r"(?:HLA-)?(?P<locus>A|B|C|E|F|G|DRA|DRB[1-9]|DQA1|DQB1|DPA1|DPB1)"
_FIELDS = r"\d{2,4}(?::\d{2,4}){0,3}[GPNLSCAQ]?"
_ALLELE = re.compile(rf"(?:{_LOCUS}\*|\*|(?=\d+:))(?P<fields>{_FIELDS})")
#: A code of the marrow donor programme (``13:AKBAR``) or ``02:XX`` stands for a list of alleles.
_MULTIPLE = re.compile(rf"(?:{_LOCUS}\*|\*)?(?P<fields>\d{{2,4}}:[A-Z]{{2,6}})")
_NAMES_A_LOCUS = re.compile(r"(?<![A-Za-z0-9-])(?:HLA-[A-Z]|(?:A|B|C|DRB[1-9]|D[QP][AB]1)\*\d{2,3}:\d)")
_LIST_HEADER = re.compile(r"[A-Za-z0-9-]+#[^#]*#")
_TWO_FIELDS = re.compile(r"(HLA-[A-Z0-9]+\*\d+:\d+)(?::\d+)*([NLSCAQ]?)")
_PROTEIN_GROUP = re.compile(r"[GP]$")


@dataclass(frozen=True, slots=True)
class Typed:
    """One typed copy: the alleles it may be (one if it is certain) and the text it was read from."""

    gene: str
    alleles: tuple[str, ...]
    raw: str


@dataclass(frozen=True, slots=True)
class Typing:
    """All copies that a text names, and the parts of it that are no allele names."""

    typed: tuple[Typed, ...]
    not_read: tuple[str, ...]


def is_hla_gene(symbol: str) -> bool:
    """Whether a gene symbol is one of the HLA genes."""
    return symbol.startswith("HLA-")


def names_hla(texts: Iterable[str]) -> bool:
    """Whether a text is about HLA alleles."""
    return any(_NAMES_A_LOCUS.search(text) for text in texts)


def read_typing(text: str, gene: str | None) -> Typing:
    """Read allele names and GL Strings.

    In these ``^`` joins genes, ``|`` possible genotypes, ``+`` copies, ``~`` alleles in phase, and ``/`` means "or".
    """
    plain = _LIST_HEADER.sub("", text.replace('"', " ").strip())
    typed: list[Typed] = []
    not_read: list[str] = []
    for locus in plain.split("^"):
        if "|" in locus:  # several genotypes are possible: what they have in common is not worked out
            _read_copy(re.sub(r"[|+~]", "/", locus), gene, typed, not_read)
            continue
        for copy in re.split(r"[+~,;]|\s+and\s+", locus):
            _read_copy(copy, gene, typed, not_read)
    return Typing(tuple(typed), tuple(not_read))


def _read_copy(text: str, gene: str | None, typed: list[Typed], not_read: list[str]) -> None:
    names: list[str] = []
    locus = gene
    for part in filter(None, (part.strip() for part in text.split("/"))):
        match = _ALLELE.fullmatch(part) or _MULTIPLE.fullmatch(part)
        if match is None or not (match["locus"] or locus):
            not_read.append(part)
            return
        locus = f"HLA-{match['locus']}" if match["locus"] else locus
        names.append(f"{locus}*{match['fields']}")
    if names and locus:
        typed.append(Typed(locus, tuple(dict.fromkeys(names)), text.strip()))


def read_hla(context: Context, rule: CodeRule) -> Reading:
    """A typing result whose code names the gene (LOINC 13298-5, 57290-9) or the class (13303-3)."""
    values = value_texts(context.data)
    if values:
        return typing_facts(context, values, rule.genes[0] if rule.genes else None)
    answer = context.tables.answers.answer(context.data)
    if answer is not None and rule.genes and not answer.is_decided:
        return Reading([_fact(context, rule.genes[0], answer.state, answer.path, answer.raw)])
    members = context.data.get("hasMember") or context.data.get("component")
    return Reading() if members else context.unread("no HLA allele that can be read")


def read_hla_allele_test(context: Context, rule: CodeRule) -> Reading:
    """A code for one allele (LOINC 57979-7) with the answer whether it is there."""
    answer = context.tables.answers.answer(context.data)
    if answer is None:
        return context.unread("no answer that can be read")
    allele = str(rule.options["allele"])
    return Reading([_fact(context, rule.genes[0], answer.state, answer.path, answer.raw, allele=allele)])


def typing_facts(context: Context, values: list[ValueText], gene: str | None) -> Reading:
    """The facts of the first value text that names alleles; what it leaves unread is reported."""
    for value in values:
        typing = read_typing(value.text, gene)
        if not typing.typed:
            continue
        facts = [_typed_fact(context, typed, value) for typed in typing.typed]
        unread = context.unread("a part of the HLA typing is not understood").unread if typing.not_read else []
        return Reading(facts, unread)
    return _serology_or_state(context, values, gene)


def _serology_or_state(context: Context, values: list[ValueText], gene: str | None) -> Reading:
    answer = context.tables.answers.answer(context.data)
    if answer is not None and gene and not answer.is_decided:
        return Reading([_fact(context, gene, answer.state, answer.path, answer.raw)])
    return context.unread("no HLA allele that can be read")


def _typed_fact(context: Context, typed: Typed, value: ValueText) -> Fact:
    multiple = any(_MULTIPLE.fullmatch(name.removeprefix("HLA-")) for name in typed.alleles)
    if len(typed.alleles) == 1 and not multiple:
        allele: str | None = typed.alleles[0]
    else:
        allele = None if multiple else _in_common(typed.alleles)
    if allele is not None:
        return _fact(context, typed.gene, State.PRESENT, value.path, value.text, allele=allele)
    return _fact(
        context,
        typed.gene,
        State.INDETERMINATE,
        value.path,
        value.text,
        value="/".join(typed.alleles)[:200],
        warnings=(phrase("the typing is ambiguous: it names several alleles for one copy"),),
    )


def _in_common(alleles: tuple[str, ...]) -> str | None:
    """The two fields that all possibilities share: the same protein, so that the type is certain at that level."""
    matches = [_TWO_FIELDS.fullmatch(_PROTEIN_GROUP.sub("", allele)) for allele in alleles]
    shared = {match[1] + match[2] if match else None for match in matches}
    return shared.pop() if len(shared) == 1 else None


def _fact(
    context: Context,
    gene: str,
    state: State,
    path: str,
    raw: str,
    *,
    allele: str | None = None,
    value: str | None = None,
    warnings: tuple[str, ...] = (),
) -> Fact:
    return Fact(
        kind=Kind.HLA,
        state=state,
        source=Source(context.resource.reference, path, raw[:200]),
        genes=(gene,),
        allele=allele,
        value=value,
        date=context.date,
        warnings=warnings,
    )
