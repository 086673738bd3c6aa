"""What statuses, codes and reasons of medication and procedure resources say about a therapy: the reviewed tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from fhir_mappings.elements import Json, codings, last_segment, member, objects, string
from knowledge.yaml_files import read_yaml


class Receipt(StrEnum):
    """Whether the patient received a therapy."""

    GIVEN = "given"
    ORDERED = "ordered"
    DENIED = "denied"
    UNKNOWN = "unknown"
    NOTHING = "nothing"  # a plan, a recommendation, an entry that was taken back


@dataclass(frozen=True, slots=True)
class StopReason:
    """Why a therapy ended; ``course`` only where that says how the disease went."""

    label: str
    course: str | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a procedure code says: the treatments that it names, and whether drugs were given with it."""

    therapies: tuple[str, ...] = ()
    with_drugs: bool = False
    is_treatment: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class TherapyRules:
    """The tables of ``therapies.yaml``."""

    statuses: Mapping[str, Mapping[str, Receipt]]
    status_typos: Mapping[str, str]
    orders: frozenset[str]
    stop_reasons: Mapping[tuple[str, str], StopReason]
    stop_extension: str
    line_extensions: frozenset[str]
    procedure_systems: tuple[tuple[str, Mapping[str, Treatment], bool], ...]
    system_aliases: Mapping[str, str]
    procedure_profiles: Mapping[str, Treatment]
    procedure_words: frozenset[str]
    medication_profiles: frozenset[str]
    medication_words: frozenset[str]

    @classmethod
    def load(cls, data: Path) -> TherapyRules:
        """Load the tables of a folder."""
        document = read_yaml(data / "therapies.yaml")
        procedures, stops, lines = document["procedures"], document["stop_reasons"], document["lines"]
        return cls(
            statuses={
                type_name: {code: Receipt(receipt) for code, receipt in codes.items()}
                for type_name, codes in _without_source(document["statuses"])
            },
            status_typos=dict(_without_source(document["status_typos"])),
            orders=frozenset(document["orders"]),
            stop_reasons={
                (last_segment(system), code): StopReason(entry["label"], entry.get("course"))
                for system, codes in stops["codes"].items()
                for code, entry in codes.items()
            },
            stop_extension=stops["extension"],
            line_extensions=frozenset(lines["extensions"]),
            procedure_systems=tuple(
                (last_segment(entry["system"]), _treatments(entry["codes"]), entry.get("prefixes", False))
                for entry in procedures["systems"]
            ),
            system_aliases={last_segment(name): last_segment(system) for name, system in procedures["aliases"].items()},
            procedure_profiles=_treatments(procedures["profiles"]),
            procedure_words=frozenset(procedures["words"]),
            medication_profiles=frozenset(document["medication_profiles"]),
            medication_words=frozenset(document["medication_words"]),
        )

    def status_of(self, data: Json, type_name: str) -> tuple[str | None, Receipt | None, bool]:
        """The status with its typing errors set right, what it says, and whether one was there."""
        sent = string(data.get("status"))
        meanings = self.statuses[type_name]
        if sent is None or sent in meanings:
            return sent, meanings.get(sent or ""), False
        meant = self.status_typos.get(sent, "")
        return (meant, meanings[meant], True) if meant in meanings else (sent, None, False)

    def stop_reason(self, data: Json) -> StopReason | None:
        """The coded reason why a therapy ended: its status reason, its outcome (oBDS) or the mCODE extension."""
        for concept in _reason_concepts(data, self.stop_extension):
            for system, code, _ in codings(concept):
                if code and (reason := self.stop_reasons.get((last_segment(system), code))):
                    return reason
        return None

    def line(self, data: Json) -> int | None:
        """The line of therapy that a resource states."""
        for extension in _extensions(data):
            if last_segment(string(extension.get("url"))) in self.line_extensions:
                for name in ("valueUnsignedInt", "valuePositiveInt", "valueInteger"):
                    value = extension.get(name)
                    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
                        return value
        return None

    def treatment(self, *concepts: Any) -> Treatment | None:
        """The treatment that the codings of a procedure name; the first system that knows one decides."""
        for known_system, treatments, by_prefix in self.procedure_systems:
            for concept in concepts:
                for system, code, _ in codings(concept):
                    segment = last_segment(system)
                    if code and self.system_aliases.get(segment, segment) == known_system:
                        found = _by_prefix(treatments, code) if by_prefix else treatments.get(code)
                        if found:
                            return found
        return None

    def treatment_names(self) -> frozenset[str]:
        """Every treatment that is no single drug and that a procedure can name."""
        tables = [treatments for _, treatments, _ in self.procedure_systems]
        found = [treatment for table in (*tables, self.procedure_profiles) for treatment in table.values()]
        return frozenset(name for treatment in found for name in treatment.therapies)


def profiles_of(data: Json) -> Iterator[str]:
    """The last segments of the profiles that a resource names, without versions."""
    profiles = member(data, "meta").get("profile")
    for profile in profiles if isinstance(profiles, list) else ():
        if isinstance(profile, str):
            yield last_segment(profile.partition("|")[0])


def _reason_concepts(data: Json, extension_name: str) -> Iterator[Json]:
    yield from objects(data.get("statusReason"))
    yield from objects(data.get("statusReasonCodeableConcept"))  # MedicationDispense
    yield from objects(data.get("outcome"))
    for extension in objects(data.get("extension")):
        if last_segment(string(extension.get("url"))) == extension_name:
            yield member(extension, "valueCodeableConcept")


def _extensions(data: Json) -> Iterator[Json]:
    """The extensions of a resource and the extensions in them."""
    for extension in objects(data.get("extension")):
        yield extension
        yield from objects(extension.get("extension"))


def _by_prefix(treatments: Mapping[str, Treatment], code: str) -> Treatment | None:
    """The treatment of the longest known beginning: OPS codes are hierarchical."""
    for length in range(len(code), 3, -1):
        if found := treatments.get(code[:length]):
            return found
    return None


def _treatments(codes: Mapping[str, Any]) -> dict[str, Treatment]:
    return {
        code: Treatment(
            therapies=tuple(entry.get("therapy", ())),
            with_drugs=entry.get("drugs", False),
            is_treatment=not entry.get("no_treatment", False),
        )
        for code, entry in codes.items()
    }


def _without_source(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in table.items() if name != "source")
