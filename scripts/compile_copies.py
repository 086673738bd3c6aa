"""Compile the generics, hybrids and biosimilars with the rows that their own labels carry.

    scripts/compile_copies.py --generics eu_generics_biosimilars.tsv --indications eu_biomarker_indications.tsv \
        --sections smpc_sections.jsonl --sections-4-1 smpc_4_1_oncology.jsonl --output knowledge/data/eu_copies.yaml

A row is carried only if its anchor, or nearly the same words, stand in the named section of the copy's own dated label;
the words that stand there are kept. Where the section is not at hand the row is unproved; where the words do not stand
in it, the script stops. The same input always gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HEADER = """\
# Source: European Medicines Agency, product information of each medicine (reuse with acknowledgement)
# Made by: scripts/compile_copies.py from the curators' table of medicines with the INN of a reference medicine
#
# `carries`: rows of the curators' reference table that the medicine's own label answers, with its own words.
# `lacks`: rows of the reference medicine that its own label does not answer.
# `unproved`: rows of which the section of its own label has not been read.
"""
EPAR = "https://www.ema.europa.eu/en/medicines/human/EPAR/"
_KINDS = {"biosimilar": "biosimilar", "generic/hybrid": "generic-or-hybrid", "other same-INN product": "other"}
#: The least part of an anchor's words that has to stand in the copy's own label, in their order and close together.
_ENOUGH = 0.8
#: How many other words may stand between them.
_BETWEEN = 4
#: Reviewed by hand: the same said in other words. These words too have to stand there.
_OTHER_WORDS = {("Arsenic trioxide medac", "EU0263"): "Relapsed/refractory APL"}
_WORD = re.compile(r"[^\W_]+")
_FILE_END = "-epar-product-information_en.md"


@dataclass(frozen=True, slots=True)
class Text:
    """The dated label text of one medicine by section."""

    document: str
    date: str
    sections: Mapping[str, tuple[str, ...]]


def main() -> None:
    """Read the tables and label texts and write the compiled file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("generics", "indications", "sections", "sections-4-1", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    texts = read_texts(arguments.sections, arguments.sections_4_1)
    rows = {row["row_id"]: row for row in _rows(arguments.indications)}
    copies = [compile_copy(item, rows, texts) for item in _rows(arguments.generics)]
    arguments.output.write_text(file_text(copies), encoding="utf-8")


def file_text(copies: list[dict[str, Any]]) -> str:
    """The compiled file."""
    body = yaml.safe_dump({"copies": copies}, sort_keys=False, allow_unicode=True, width=10_000)
    return HEADER + body


def read_texts(sections: Path, sections_4_1: Path) -> dict[str, Text]:
    """The label texts by medicine; the file of all sections goes before the one of section 4.1 alone."""
    texts: dict[str, Text] = {}
    for item in _lines(sections_4_1):
        texts[item["medicine"]] = Text(item["file"], item["smpc_date"], {"4.1": tuple(item["section_4_1"])})
    for item in _lines(sections):
        found = {section: tuple(parts) for section, parts in item["sections"].items()}
        texts[item["medicine"]] = Text(item["file"], item["date"], found)
    return texts


def compile_copy(item: Mapping[str, str], rows: Mapping[str, Mapping[str, str]], texts: Mapping[str, Text]) -> Any:
    """One medicine of the table. Raises ``SystemExit`` for a row that is claimed and does not stand in its label."""
    brand = item["medicine"]
    text = texts[brand]
    carries, unproved = [], []
    for row in item["rows_found_in_its_smpc"].split():
        section = rows[row]["smpc_section"]
        if section not in text.sections:
            unproved.append(row)
            continue
        anchor = _OTHER_WORDS.get((brand, row), rows[row]["anchor"])
        proof = own_words(anchor, item["reference_medicine"], text.sections[section])
        if proof is None:
            sys.exit(f"{brand}: {row} is claimed, and no proof of it stands in {section} of its label")
        carries.append({"row": row, "section": section, "text": proof})
    slug = text.document.removesuffix(_FILE_END)
    return {
        "brand": brand,
        "inn": item["inn"],
        "ema_number": item["ema_product_number"],
        "kind": _KINDS[item["kind"]],
        "reference": item["reference_medicine"],
        "status": "authorised",
        "status_date": item["ma_status_date"],
        "label": {"url": EPAR + slug, "date": text.date, "document": text.document},
        "carries": carries,
        "lacks": item["rows_not_found"].split(),
        "unproved": unproved,
    }


def own_words(anchor: str, reference: str, texts: tuple[str, ...]) -> str | None:
    """The words of a label that say what the anchor of the reference medicine says, or ``None``.

    The brand may differ, and a few small words; what has a digit or capitals inside (HER2, FIP1L1) may not.
    """
    anchor = " ".join(anchor.split())
    wanted = [word.lower() for word in _WORD.findall(anchor) if word.lower() != reference.lower()]
    names = [name.lower() for name in _WORD.findall(anchor) if re.search(r"\d|[a-z][A-Z]|[A-Z]{2}", name)]
    best: tuple[int, int, str] | None = None
    for text in (" ".join(text.split()) for text in texts):
        if anchor in text:
            return anchor
        for found, start, end in _windows(wanted, text):
            own = text[start:end]
            if found >= _ENOUGH * len(wanted) and all(name in own.lower() for name in names):
                best = max(best or (0, 0, ""), (found, start - end, own))
    return best[2] if best else None


def _windows(wanted: list[str], text: str) -> Iterator[tuple[int, int, int]]:
    """How many of the wanted words follow each other in each stretch of a text, and where it begins and ends."""
    words = [(match.group().lower(), match.start(), match.end()) for match in _WORD.finditer(text)]
    for first, (word, start, _) in enumerate(words):
        if _step(word, wanted, 0) is None:
            continue
        place, found, end = 0, 0, start
        for other, _, other_end in words[first : first + len(wanted) + _BETWEEN]:
            if step := _step(other, wanted, place):
                place, found, end = step[0], found + step[1], other_end
        yield found, start, end


def _step(word: str, wanted: list[str], place: int) -> tuple[int, int] | None:
    """The place behind the next wanted words that a word is, and their number: the conversion joins broken words."""
    for index in range(place, min(place + 3, len(wanted))):
        if word == wanted[index] or _is_form(word, wanted[index]):
            return index + 1, 1
        if _is_form(word, "".join(wanted[index : index + 2])):
            return index + 2, 2
    return None


def _is_form(word: str, wanted: str) -> bool:
    return len(wanted) > 3 and word.startswith(wanted) and len(word) <= len(wanted) + 2


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as table:
        yield from csv.DictReader(table, delimiter="\t")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
