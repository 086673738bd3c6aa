"""Compile the table of anticancer drugs with their ATC codes and EU brand names from facts that EMA publishes.

    scripts/compile_drugs.py --medicines ema_oncology_medicines.tsv --indications eu_biomarker_indications.tsv \
        --generics eu_generics_biosimilars.tsv --sections smpc_sections.jsonl --release 2026-08-22 \
        --output fhir_mappings/data/drugs.tsv

One row for each drug or fixed combination. An ATC code is taken from section 5.1 of the SmPC where that is there;
the list of medicines has former and provisional codes, so a code of the list counts only if no other drug has it. The
same input always gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

COLUMNS = ("drugs", "atc", "names")

Drugs = tuple[str, ...]

_CODE_IN_SMPC = re.compile(r"ATC[ -]?code\W{0,20}([A-Z]\d\d[A-Z]{2}) ?(\d\d)\b", re.IGNORECASE)
_SUBSTANCE_CODE = re.compile(r"[A-Z]\d\d[A-Z]{2}\d\d")
_EARLIER_NAMES = re.compile(r"\(previously ([^)]*)\)")
#: Words of an EMA substance name that name the salt or its water, not the substance.
_SALTS = re.compile(
    r"\s+(?:acetate|hydrochloride|dimaleate|monohydrate|trihydrate|\(anhydrous\))(?=\s|$)", re.IGNORECASE
)
#: Groups for antineoplastic agents and endocrine therapy. Medicines of other groups are in the oncology list as
#: supportive care, diagnostics or immunosuppressants; those that treat cancer are in the reviewed file beside this one.
_ANTICANCER_GROUPS = ("L01", "L02")
#: Groups that were renumbered: a medicine's listed code may be the former one beside the one its SmPC prints.
_FORMER_GROUPS = ("L01X",)
#: In an anticancer group, and no cancer treatment by themselves: they make a tumour visible or prevent polyps.
_NO_TREATMENT = frozenset({"5-aminolevulinic acid", "celecoxib", "eflornithine", "sulindac"})
_NEVER_AUTHORISED = frozenset({"Application withdrawn", "Refused"})


def main() -> None:
    """Read the EMA facts and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("medicines", "indications", "generics", "sections", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--release", required=True, help="date of the EMA list of medicines")
    arguments = parser.parse_args()
    rows = [*_rows(arguments.medicines), *_rows(arguments.indications), *_rows(arguments.generics)]
    table = compile_drugs(rows, printed_codes(arguments.sections.read_text(encoding="utf-8").splitlines()))
    header = (
        "# Source: European Medicines Agency (list of medicines and product information; reuse with acknowledgement)\n"
        f"# Version: list of {arguments.release}\n"
        "# Made by: scripts/compile_drugs.py\n"
    )
    lines = ["\t".join(COLUMNS), *("\t".join(row) for row in table)]
    arguments.output.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")


def compile_drugs(rows: Iterable[Mapping[str, str]], printed: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """One row for each anticancer drug or fixed combination: its components, ATC codes and medicine names."""
    entries = [(row, drugs) for row in rows if (drugs := drugs_of(row["inn"])) and not _has_other_use(row, printed)]
    codes = _codes(entries, printed)
    names: dict[Drugs, set[str]] = defaultdict(set)
    for row, drugs in entries:
        anticancer = (row.get("atc") or "").startswith(_ANTICANCER_GROUPS) or drugs in codes
        if anticancer and not _NO_TREATMENT & set(drugs):
            names[drugs] |= {name for name in medicine_names(row["medicine"]) if not _says_the_drug(name, drugs)}
    return [
        (" / ".join(drugs), "|".join(sorted(codes.get(drugs, ()))), "|".join(sorted(names[drugs], key=str.casefold)))
        for drugs in sorted(names)
    ]


def printed_codes(lines: Iterable[str]) -> dict[str, str]:
    """The ATC code that section 5.1 of each SmPC prints, by the medicine's name in lower case."""
    printed = {}
    for line in lines:
        document = json.loads(line)
        found = _CODE_IN_SMPC.search("\n".join(document["sections"].get("5.1") or []))
        if found:
            printed[document["medicine"].lower()] = "".join(found.groups()).upper()
    return printed


def drugs_of(joined: str | None) -> Drugs:
    """``pertuzumab;trastuzumab`` to its components without salts; nothing for a description instead of a name."""
    components = [_SALTS.sub("", part.strip()).strip() for part in re.split(r"[;/]", joined or "") if part.strip()]
    if any(len(component.split()) > 4 for component in components):
        return ()
    lowered = [component.lower().replace("(177lu)", "(177Lu)") for component in components]
    return tuple(dict.fromkeys(lowered))


def medicine_names(medicine: str) -> Iterator[str]:
    """``Xaluprine (previously Mercaptopurine Nova Laboratories)`` to both names, without ``pegylated liposomal``."""
    for earlier in _EARLIER_NAMES.findall(medicine):
        yield from (part.strip() for part in earlier.split(" and "))
    yield re.sub(r" (?:pegylated )?liposomal$", "", _EARLIER_NAMES.sub("", medicine).strip())


def _codes(entries: list[tuple[Mapping[str, str], Drugs]], printed: Mapping[str, str]) -> dict[Drugs, set[str]]:
    """The ATC codes of each drug: printed ones, then listed ones that nothing contradicts."""
    by_printed: dict[str, set[Drugs]] = defaultdict(set)
    by_listed: dict[str, set[Drugs]] = defaultdict(set)
    for row, drugs in entries:
        if code := printed.get(row["medicine"].lower()):
            by_printed[code].add(drugs)
        listed = (row.get("atc") or "").strip()
        if _SUBSTANCE_CODE.fullmatch(listed) and row.get("status") not in _NEVER_AUTHORISED:
            by_listed[listed].add(drugs)
    codes: dict[Drugs, set[str]] = defaultdict(set)
    for code, owners in by_printed.items():
        if len(owners) == 1 and code.startswith(_ANTICANCER_GROUPS):
            codes[next(iter(owners))].add(code)
    has_printed = set(codes)
    for code, owners in by_listed.items():
        if len(owners) != 1 or code in by_printed or not code.startswith(_ANTICANCER_GROUPS):
            continue
        drugs = next(iter(owners))
        if drugs not in has_printed or code.startswith(_FORMER_GROUPS):
            codes[drugs].add(code)
    return codes


def _has_other_use(row: Mapping[str, str], printed: Mapping[str, str]) -> bool:
    """Whether its SmPC prints a code of another group: bevacizumab for the eye has the substance and not the use."""
    return not printed.get(row["medicine"].lower(), "L01").startswith(_ANTICANCER_GROUPS)


def _says_the_drug(name: str, drugs: Drugs) -> bool:
    """``Docetaxel Accord`` is found by its substance already."""
    return any(drug in name.lower() for drug in drugs)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


if __name__ == "__main__":
    main()
