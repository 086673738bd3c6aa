"""What the curator's commands read from outside the knowledge: reading tables, label texts, reference tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from fhir_mappings import MappingTables
from knowledge.staleness import LabelText
from knowledge.vocabulary import Vocabulary


class UnusableInput(ValueError):
    """A file of reference material that is not in the form that is expected; the message names it."""


def vocabulary(tables: MappingTables) -> Vocabulary:
    """What records can name, by the tables that read them."""
    treatments = tables.therapies.treatment_names()
    markers = tables.marker_names()
    return Vocabulary(
        drugs=tables.drugs.inns(),
        is_other_medicine=lambda name: tables.drugs.of_text(name).is_other,
        is_gene=lambda symbol: tables.genes.by_symbol(symbol) is not None or symbol.startswith("HLA-"),
        is_treatment=treatments.__contains__,
        is_marker=lambda name: name in markers or tables.genes.by_symbol(name) is not None,
    )


def read_label_texts(path: Path) -> dict[str, LabelText]:
    """Label texts by brand and by document.

    A line holds one JSON object with ``medicine``, ``file``, ``date``, ``sections``; of several texts of a label the
    newest counts. Raises :class:`UnusableInput`.
    """
    texts: dict[str, LabelText] = {}
    for number, item in _json_lines(path):
        try:
            sections = {str(name): tuple(map(str, parts)) for name, parts in item["sections"].items()}
            text = LabelText(item["medicine"], item["file"], date.fromisoformat(item["date"]), sections)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnusableInput(f"{path}:{number} is no label text (medicine, file, date, sections): {error}") from None
        for name in (text.medicine, text.medicine.partition(" (")[0], text.document):
            known = texts.get(name)
            if known is None or known.date < text.date:
                texts[name] = text
    if not texts:
        raise UnusableInput(f"{path} holds no label text")
    return texts


def read_table(path: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a table with tabs and a line of column names. Raises :class:`UnusableInput`."""
    try:
        with path.open(encoding="utf-8", newline="") as table:
            reader = csv.DictReader(table, delimiter="\t")
            rows = list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableInput(f"{path}: {error}") from None
    if missing := [column for column in columns if column not in (reader.fieldnames or ())]:
        raise UnusableInput(f"{path} has no column {', '.join(missing)}")
    return rows


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, json.loads(line)
    except (OSError, ValueError) as error:
        raise UnusableInput(f"{path}: {error}") from None
