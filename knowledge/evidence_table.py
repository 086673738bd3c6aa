"""The evidence table: one TSV file of released evidence, its rows written and read in one place."""

from __future__ import annotations

import json
from collections.abc import Iterable

from knowledge.criteria import InvalidCriterion
from knowledge.evidence import Direction, EvidenceItem, EvidenceStatement, Interaction, Significance, Therapy
from knowledge.protein_change import NotationError
from knowledge.reading import CriterionReader

COLUMNS = (
    "id",
    "profile",
    "when",
    "disease",
    "doid",
    "tumours",
    "therapies",
    "inns",
    "interaction",
    "significance",
    "direction",
    "tier",
    "items",
)
#: Stands in place of the INN of a therapy that names a group of drugs.
GROUP = "*"


class InvalidEvidence(ValueError):
    """A table that is not of the expected form; the message names the row."""


def render_rows(header: str, rows: Iterable[tuple[str, ...]]) -> str:
    """The table as text: the header as a comment, the columns, the rows."""
    lines = [f"# {header}", "\t".join(COLUMNS), *("\t".join(cells) for cells in rows)]
    return "\n".join(lines) + "\n"


def read_evidence(text: str, reader: CriterionReader) -> tuple[EvidenceStatement, ...]:
    """The statements of a table. Raises :class:`InvalidEvidence`."""
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    if not lines or lines[0] != "\t".join(COLUMNS):
        raise InvalidEvidence(f"expected the columns {', '.join(COLUMNS)}")
    statements = []
    for line in lines[1:]:
        try:
            statements.append(_statement(dict(zip(COLUMNS, line.split("\t"), strict=True)), reader))
        except (ValueError, KeyError, InvalidCriterion, NotationError) as error:
            raise InvalidEvidence(f"row {line.partition(chr(9))[0]}: {error}") from error
    return tuple(statements)


def _statement(cells: dict[str, str], reader: CriterionReader) -> EvidenceStatement:
    names, inns = cells["therapies"].split("|"), cells["inns"].split("|")
    tumours = cells["tumours"].split("|")
    return EvidenceStatement(
        id=cells["id"],
        profile=cells["profile"],
        biomarker=reader.read(json.loads(cells["when"])),
        disease=cells["disease"],
        doid=cells["doid"],
        tumours=tuple(node for node in tumours if not node.startswith("-")),
        excluded=tuple(node[1:] for node in tumours if node.startswith("-")),
        therapies=tuple(_therapy(name, inn) for name, inn in zip(names, inns, strict=True)),
        interaction=Interaction(cells["interaction"]) if cells["interaction"] else None,
        significance=Significance(cells["significance"]),
        direction=Direction(cells["direction"]),
        tier=cells["tier"] or None,
        items=tuple(_item(item) for item in cells["items"].split()),
    )


def _therapy(name: str, inn: str) -> Therapy:
    return Therapy(name, is_group=True) if inn == GROUP else Therapy(name, inn or None)


def _item(text: str) -> EvidenceItem:
    number, level, rating = text.split(":")
    return EvidenceItem(int(number), level, int(rating) if rating else None)
