"""Evidence items and assertions of CIViC to rows of the evidence table, with a count of what is left out and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from knowledge.civic.profiles import Document, profile_document
from knowledge.civic.refusal import NotExact
from knowledge.civic.reviewed_map import ReviewedMap
from knowledge.civic.tables import CivicFiles, Row
from knowledge.civic.variants import VariantReader
from knowledge.evidence_table import COLUMNS, GROUP, render_rows
from knowledge.release import canonical_json

_SIGNIFICANCES = {
    "Sensitivity/Response": "sensitivity",
    "Resistance": "resistance",
    "Reduced Sensitivity": "reduced-sensitivity",
    "Adverse Response": "adverse-response",
}
_DIRECTIONS = {"Supports": "supports", "Does Not Support": "does-not-support"}
_INTERACTIONS = {"Combination": "combination", "Substitutes": "substitutes", "Sequential": "sequential"}
_GERMLINE = {"Rare Germline", "Common Germline"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An evidence item or assertion (``EID1234``, ``AID7``) that was not imported, and the reason."""

    id: str
    profile: str
    disease: str
    therapies: str
    reason: str


@dataclass(slots=True)
class CivicImport:
    """What an import made: the rows of the table, and what it left out.

    ``read`` counts evidence items and assertions, ``outside`` those that were not asked for (type, level, status).
    """

    rows: list[tuple[str, ...]] = field(default_factory=list)
    items: int = 0
    assertions: int = 0
    read: int = 0
    outside: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """How many were not imported for each reason, the most frequent first."""
        counted = Counter(refusal.reason for refusal in self.refused)
        return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))

    def table(self, header: str) -> str:
        """The table as text; ``header`` becomes its first line."""
        return render_rows(header, self.rows)


@dataclass(frozen=True, slots=True)
class _Key:
    """What evidence items have in common that stand in one row."""

    profile: str
    when: str
    disease: str
    doid: str
    tumours: tuple[str, ...]
    therapies: tuple[str, ...]
    interaction: str
    significance: str
    direction: str


def import_civic(
    files: CivicFiles,
    levels: Collection[str],
    variants: VariantReader,
    reviewed: ReviewedMap,
    inn_of: Callable[[str], str | None],
) -> CivicImport:
    """Import the predictive evidence items of the given levels, and the predictive assertions of the same AMP levels.

    ``inn_of`` gives the INN of one of CIViC's therapy names where it is known.
    """
    return _Importer(files, frozenset(levels), variants, reviewed, inn_of).run()


class _Importer:
    def __init__(
        self,
        files: CivicFiles,
        levels: frozenset[str],
        variants: VariantReader,
        reviewed: ReviewedMap,
        inn_of: Callable[[str], str | None],
    ) -> None:
        self._files = files
        self._levels = levels
        self._variants = variants
        self._reviewed = reviewed
        self._inn_of = inn_of
        self._profiles = {row["molecular_profile_id"]: row for row in files.profiles}
        self._evidence = {row["evidence_id"]: row for row in files.evidence}
        self._result = CivicImport(read=len(files.evidence) + len(files.assertions))

    def run(self) -> CivicImport:
        groups: dict[_Key, list[Row]] = defaultdict(list)
        for row in self._asked(self._files.evidence, "evidence_type", lambda row: row["evidence_level"]):
            key = self._key(row, "evidence_direction", f"EID{row['evidence_id']}", row["therapy_interaction_type"])
            if key:
                groups[key].append(row)
                self._result.items += 1
        for key, items in groups.items():
            first = min(int(row["evidence_id"]) for row in items)
            self._result.rows.append(self._cells(f"civic-EID{first}", key, "", items))
        for row in self._asked(self._files.assertions, "assertion_type", lambda row: row["amp_category"][-1:]):
            key = self._key(row, "assertion_direction", f"AID{row['assertion_id']}", self._interaction_behind(row))
            if key:
                items = [self._evidence[number] for number in _numbers(row) if number in self._evidence]
                cells = self._cells(f"civic-AID{row['assertion_id']}", key, row["amp_category"], items)
                self._result.rows.append(cells)
                self._result.assertions += 1
        self._result.rows.sort(key=lambda cells: (cells[1:], cells[0]))
        return self._result

    def _asked(self, rows: Sequence[Row], kind: str, level: Callable[[Row], str]) -> Iterator[Row]:
        """The rows that are predictive, accepted and of a level asked for; the others are counted."""
        for row in rows:
            if row[kind] != "Predictive":
                self._result.outside["not predictive"] += 1
            elif row.get("evidence_status", "accepted") != "accepted":
                self._result.outside["not accepted"] += 1
            elif level(row) not in self._levels:
                self._result.outside[f"level {level(row) or 'not stated'}"] += 1
            else:
                yield row

    def _key(self, row: Row, direction: str, identifier: str, interaction: str) -> _Key | None:
        try:
            return self._read(row, direction, interaction)
        except NotExact as refusal:
            about = (row["molecular_profile"], row["disease"], row["therapies"])
            self._result.refused.append(Refusal(identifier, *about, str(refusal)))
            return None

    def _read(self, row: Row, direction: str, interaction: str) -> _Key:
        if row["is_flagged"] == "true":
            raise NotExact("flagged in CIViC as in need of correction")
        if row["significance"] not in _SIGNIFICANCES or row[direction] not in _DIRECTIONS:
            raise NotExact("significance or direction: not stated")
        if row["phenotypes"]:
            raise NotExact("phenotype: of the patients, which no criterion asks")
        therapies = tuple(sorted(row["therapies"].split(","))) if row["therapies"] else ()
        if not therapies or "Not Applicable" in therapies:
            raise NotExact("therapy: none is named")
        if len(therapies) > 1 and interaction not in _INTERACTIONS:
            raise NotExact("therapy: several, and not said whether as a combination or as substitutes")
        return _Key(
            profile=row["molecular_profile"],
            when=canonical_json(self._when(row)),
            tumours=self._reviewed.tumours(row["doid"], row["disease"]),
            disease=row["disease"],
            doid=row["doid"],
            therapies=therapies,
            interaction=_INTERACTIONS[interaction] if len(therapies) > 1 else "",
            significance=_SIGNIFICANCES[row["significance"]],
            direction=_DIRECTIONS[row[direction]],
        )

    def _when(self, row: Row) -> Document:
        """The criterion of the profile, by the names of its variants; where CIViC lists their ids, these must agree."""
        is_germline = row.get("variant_origin") in _GERMLINE
        names: list[str] = []

        def of_variant(name: str) -> Document:
            names.append(name)
            return self._variants.document(name, is_germline)

        document = profile_document(row["molecular_profile"], of_variant)
        listed = self._profiles.get(row["molecular_profile_id"])
        if listed is not None and listed["name"] == row["molecular_profile"]:
            ids = {self._variants.variants[name]["variant_id"] for name in names}
            if ids != set(listed["variant_ids"].replace(",", " ").split()) and "?" not in listed["name"]:
                raise NotExact("profile: its name and the variants listed for it differ")
        return document

    def _interaction_behind(self, assertion: Row) -> str:
        """How the therapies of an assertion belong together, by the evidence that it cites for the same therapies."""
        wanted = sorted(assertion["therapies"].split(","))
        cited = [self._evidence[number] for number in _numbers(assertion) if number in self._evidence]
        said = {row["therapy_interaction_type"] for row in cited if sorted(row["therapies"].split(",")) == wanted}
        return said.pop() if len(said) == 1 else ""

    def _inn_cell(self, therapy: str) -> str:
        return GROUP if therapy in self._reviewed.therapy_groups else self._inn_of(therapy) or ""

    def _cells(self, identifier: str, key: _Key, tier: str, items: Sequence[Row]) -> tuple[str, ...]:
        ordered = sorted(items, key=lambda row: (row["evidence_level"], int(row["evidence_id"])))
        cells = {
            "id": identifier,
            "profile": key.profile,
            "when": key.when,
            "disease": key.disease,
            "doid": key.doid,
            "tumours": "|".join(key.tumours),
            "therapies": "|".join(key.therapies),
            "inns": "|".join(map(self._inn_cell, key.therapies)),
            "interaction": key.interaction,
            "significance": key.significance,
            "direction": key.direction,
            "tier": tier,
            "items": " ".join(f"{row['evidence_id']}:{row['evidence_level']}:{row['rating']}" for row in ordered),
        }
        return tuple(cells[column] for column in COLUMNS)


def _numbers(assertion: Row) -> list[str]:
    return assertion["evidence_item_ids"].replace(",", " ").split()
