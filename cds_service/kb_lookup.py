"""Finding statements: by id, brand, INN, tumour, gene or drug."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge import KnowledgeBase
from knowledge.copies import Copy
from knowledge.statement_wording import describe_test
from knowledge.statements import Medicine, Statement, TestRequirement, genes_of
from knowledge.terminology import GeneTable
from knowledge.views import layer_of, named_test_view

Pair = tuple[Medicine, Statement]


class NotFound(ValueError):
    """Nothing has this name; the message says what is near."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a name means: single statements, whole medicines, or generics and biosimilars."""

    statements: tuple[Pair, ...] = ()
    medicines: tuple[Medicine, ...] = ()
    copies: tuple[Copy, ...] = ()


def look_up(knowledge: KnowledgeBase, name: str) -> Found:
    """What an id, a brand or an INN means. Raises :class:`NotFound`."""
    wanted = name.casefold().strip()
    pairs = tuple(pair for pair in knowledge.statements if pair[1].id == wanted)
    if pairs:
        return Found(statements=pairs)
    medicines = tuple(
        medicine
        for medicine in knowledge.medicines
        if wanted in {medicine.brand.casefold(), medicine.inn, *medicine.drugs}
    )
    copies = tuple(copy for copy in knowledge.copies if wanted in {copy.brand.casefold(), copy.name.casefold()})
    if medicines or copies:
        return Found(medicines=medicines, copies=copies)
    known = [*(statement.id for _, statement in knowledge.statements), *(copy.name for copy in knowledge.copies)]
    known += [text for medicine in knowledge.medicines for text in (medicine.brand, medicine.inn)]
    near = difflib.get_close_matches(name, known, n=3)
    hint = f" Near: {', '.join(near)}." if near else " All ids: oncohooks kb list."
    raise NotFound(f"no statement, brand or INN is called {name!r}.{hint}")


def matching(
    knowledge: KnowledgeBase,
    genes: Callable[[], GeneTable],
    tumour: str | None,
    gene: str | None,
    drug: str | None,
    layer: str | None,
) -> list[Pair]:
    """The statements that a list asks for. Raises :class:`NotFound` for a tumour type that does not exist."""
    wanted_gene = _gene_names(gene, genes) if gene else None
    node = _tumour(knowledge, tumour) if tumour else None
    return [
        (medicine, statement)
        for medicine, statement in knowledge.statements
        if (layer is None or layer_of(statement) == layer)
        and (wanted_gene is None or wanted_gene & {name.casefold() for name in genes_of(statement)})
        and (drug is None or _is_drug(medicine, drug.casefold()))
        and (node is None or _concerns(knowledge, statement, node))
    ]


def _gene_names(gene: str, genes: Callable[[], GeneTable]) -> frozenset[str]:
    """The name itself, and the symbol of the gene that it means (HER2 is ERBB2)."""
    match = genes().resolve(gene)
    return frozenset({gene.casefold(), *({match.symbol.casefold()} if match else ())})


def _tumour(knowledge: KnowledgeBase, text: str) -> str:
    tree = knowledge.reference.tumours
    code = text.upper() if text.upper() in tree else tree.by_name(text)
    if code is None:
        near = difflib.get_close_matches(text.upper(), list(tree.codes()), n=3)
        raise NotFound(f"{text!r} is no OncoTree code or name." + (f" Near: {', '.join(near)}." if near else ""))
    return code


def _concerns(knowledge: KnowledgeBase, statement: Statement, node: str) -> bool:
    """Whether a statement is about a tumour type, one above or one below; one without a tumour is about all."""
    tree = knowledge.reference.tumours
    return not statement.tumours or any(tree.is_a(node, code) or tree.is_a(code, node) for code in statement.tumours)


def _is_drug(medicine: Medicine, name: str) -> bool:
    brands = {medicine.brand, *(copy.name for copy in medicine.copies)}
    return name in medicine.drugs or name == medicine.inn or name in {brand.casefold() for brand in brands}


def required_tests(pairs: Sequence[Pair]) -> Iterator[dict[str, Any]]:
    """What the labels of these statements require to be tested, for each medicine and wording once."""
    found: dict[tuple[str, str], tuple[TestRequirement, list[Pair]]] = {}
    for medicine, statement in pairs:
        for test in statement.tests:
            found.setdefault((medicine.brand, describe_test(test)), (test, []))[1].append((medicine, statement))
    for (brand, words), (test, members) in found.items():
        medicine = members[0][0]
        named = {id(item): item for _, statement in members for item in medicine.tests_for(statement)}
        yield {
            "medicine": brand,
            "inn": medicine.inn,
            "statements": [statement.id for _, statement in members],
            "analyte": test.analyte,
            "requirement": test.requirement,
            "in_words": words,
            "named_tests": [named_test_view(item) for item in named.values() if _is_about(item.names, test.analyte)],
        }


def _is_about(names: Sequence[str], analyte: str) -> bool:
    return any(name.casefold() in analyte.casefold() for name in names)
