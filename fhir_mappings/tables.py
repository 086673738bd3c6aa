"""The reviewed tables that the readers use, loaded once and passed in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from fhir_mappings.answers import AnswerTable
from fhir_mappings.clinical_states import DiseaseStateCodes, StateNames, load_menopause
from fhir_mappings.disease_status_codes import DiseaseStatusCodes
from fhir_mappings.drugs import DrugTable
from fhir_mappings.elements import Coding, Json, codings, last_segment
from fhir_mappings.free_text import FreeTextWords
from fhir_mappings.karyotypes import KaryotypeFusion, read_karyotype_fusions
from fhir_mappings.marker_tables import MarkerTables
from fhir_mappings.performance_scales import PerformanceScale, load_scales
from fhir_mappings.pharmacogene_tables import PharmacogeneTables
from fhir_mappings.stage_codes import StageCodes
from fhir_mappings.test_names import TestNames
from fhir_mappings.therapy_rules import TherapyRules
from fhir_mappings.tumour_codes import TumourCodes
from knowledge.alterations import AlterationCatalogue
from knowledge.facts import Origin, State
from knowledge.terminology import GeneTable, TumourTree
from knowledge.yaml_files import read_yaml

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class CodeRule:
    """How an Observation with a certain code is read."""

    reader: str
    code: str
    name: str
    genes: tuple[str, ...] = ()
    protein: str | None = None
    variant_class: str | None = None
    marker: str | None = None
    score: str | None = None
    unit: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)  # what one reader alone understands


@dataclass(frozen=True, slots=True)
class CopyNumberThresholds:
    """Copies from which a gain is called an amplification, and up to which a loss a deletion."""

    amplification: float
    deletion: float


@dataclass(frozen=True, slots=True, repr=False)
class MappingTables:
    """Everything the readers look up."""

    genes: GeneTable
    tumours: TumourCodes
    alterations: AlterationCatalogue
    answers: AnswerTable
    rules: Mapping[tuple[str, str], CodeRule]
    unread_codes: Mapping[tuple[str, str], str]
    relevant_words: re.Pattern[str]
    expression_names: Mapping[str, CodeRule]
    score_names: Mapping[str, tuple[str, ...]]
    origins: Mapping[str, Origin]
    zygosities: Mapping[str, str]
    significances: Mapping[str, str]
    change_types: Mapping[str, str]
    change_type_words: Mapping[str, str]
    copy_number_interpretations: Mapping[tuple[str, str], str]
    transcripts: Mapping[str, str]
    fusion_pairs: frozenset[frozenset[str]]
    pharmacogenes: PharmacogeneTables
    free_text: FreeTextWords
    specimens: Mapping[tuple[str, str], str]
    test_words: Mapping[str, Mapping[str, State]]
    interpretation_significances: Mapping[tuple[str, str], str]
    karyotype_fusions: tuple[KaryotypeFusion, ...]
    stages: StageCodes
    performance_scales: Mapping[str, PerformanceScale]
    disease_status: DiseaseStatusCodes
    disease_states: DiseaseStateCodes
    menopause: StateNames
    drugs: DrugTable
    therapies: TherapyRules
    markers: MarkerTables
    copy_numbers: CopyNumberThresholds
    test_names: TestNames
    site_rules: Mapping[tuple[str, str], CodeRule] = field(default_factory=dict)
    #: Codes that were looked up before (fhir_mappings.classification).
    classified: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def rule_for(self, concept: Any) -> CodeRule | None:
        """The rule for the first coding that has one, by standard code, the site's own code or exact name."""
        for system, code, display in codings(concept):
            if code and (rule := self.rules.get((_system_key(system), code))):
                return rule
            if self.site_rules and (rule := self.site_rules.get((system or "", code or ""))):
                return rule
            if display and (rule := self.expression_names.get(display.lower())):
                return rule
        text = concept.get("text") if isinstance(concept, dict) else None
        return self.expression_names.get(text.strip().lower()) if isinstance(text, str) else None

    def marker_names(self) -> frozenset[str]:
        """Every protein marker that a rule names; beside these any gene can be the name of its protein."""
        rules = (*self.rules.values(), *self.expression_names.values())
        proteins = (*self.markers.proteins.values(), *self.markers.antigens.values())
        return frozenset({rule.marker for rule in rules if rule.marker} | {protein.marker for protein in proteins})

    def unread_name(self, concept: Any) -> str | None:
        """The name of a code that is relevant and has no reader yet."""
        for system, code, _ in codings(concept):
            if code and (name := self.unread_codes.get((_system_key(system), code))):
                return name
        return None

    def change_type(self, sent: Iterable[Coding], text: str | None) -> str | None:
        """The kind of change that a coded change type or consequence names.

        A display that says otherwise than its code wins only when it says that nothing changed: a
        substitution displayed "wild type" is no finding.
        """
        by_code, by_word = None, None
        for _, code, display in sent:
            # Sequence Ontology terms occur as SO:0001742 and as SO_0001742.
            by_code = by_code or self.change_types.get((code or "").replace("SO_", "SO:"))
            by_word = by_word or self.change_type_words.get((display or "").lower())
        if text:
            by_word = by_word or self.change_type_words.get(text.lower())
        return by_word if by_word == "no_change" or by_code is None else by_code


@lru_cache(maxsize=1024)
def _system_key(system: str | None) -> str:
    """Systems by their last segment; all names of the "to be determined" code system are one."""
    segment = last_segment(system)
    return "tbd-codes" if segment.lower().startswith("tbd") else segment


def load_tables(
    genes: GeneTable,
    tree: TumourTree,
    alterations: AlterationCatalogue,
    data: Path = DATA,
    amplification_copies: float | None = None,
) -> MappingTables:
    """Load the tables of ``data``; ``amplification_copies`` replaces their threshold."""
    code_files = [read_yaml(path) for path in sorted(data.glob("codes/*.yaml"))]
    names = read_yaml(data / "names.yaml")
    answers = read_yaml(data / "answers.yaml")
    copies = read_yaml(data / "copy_numbers.yaml")
    return MappingTables(
        genes=genes,
        tumours=TumourCodes.load(data / "tumours.yaml", tree),
        alterations=alterations,
        answers=AnswerTable(answers),
        rules={_code_key(item): rule_of(item) for file in code_files for item in file.get("readers", ())},
        unread_codes={_code_key(item): item["name"] for file in code_files for item in file.get("unread", ())},
        relevant_words=_whole_words(names["relevant_words"]),
        expression_names={
            name.lower(): rule_of({"code": name, "name": name, "read": "expression", **item})
            for name, item in names["expression_names"].items()
        },
        score_names={score: tuple(names) for score, names in names["score_names"].items()},
        origins={code: Origin(origin) for code, origin in answers["origins"].items()},
        zygosities=answers["zygosities"],
        significances=answers["significances"],
        change_types=_inverted(answers["change_types"]),
        change_type_words=_inverted(answers["change_type_words"]),
        copy_number_interpretations=_by_system(answers["copy_number_interpretations"]),
        transcripts=dict(_rows(data / "transcripts.tsv")),
        fusion_pairs=frozenset(frozenset(pair) for pair in _rows(data / "fusion_pairs.tsv")),
        pharmacogenes=PharmacogeneTables.load(data),
        free_text=FreeTextWords(**read_yaml(data / "free_text.yaml")),
        specimens=_by_system(answers["specimens"]),
        test_words={
            kind: {word: State(state) for word, state in _inverted(words).items()}
            for kind, words in answers["test_words"].items()
        },
        interpretation_significances=_by_system(answers["interpretation_significances"]),
        karyotype_fusions=read_karyotype_fusions(read_yaml(data / "fusions_by_karyotype.yaml")),
        stages=StageCodes.load(data / "staging.yaml"),
        performance_scales=load_scales(data / "performance.yaml"),
        disease_status=DiseaseStatusCodes.load(data / "disease_status.yaml"),
        disease_states=DiseaseStateCodes.load(data / "disease_states.yaml"),
        menopause=load_menopause(data / "menopause.yaml"),
        drugs=DrugTable.load(data),
        therapies=TherapyRules.load(data),
        markers=MarkerTables.load(read_yaml(data / "markers.yaml"), answers),
        copy_numbers=CopyNumberThresholds(amplification_copies or copies["amplification"], copies["deletion"]),
        test_names=TestNames.load(data),
    )


def _code_key(item: Json) -> tuple[str, str]:
    return item.get("system", "loinc.org"), item["code"]


def rule_of(item: Json) -> CodeRule:
    """One row of a code table."""
    return CodeRule(
        reader=item["read"],
        code=item["code"],
        name=item["name"],
        genes=tuple(item.get("genes", ())),
        protein=item.get("protein"),
        variant_class=item.get("class"),
        marker=item.get("marker"),
        score=item.get("score"),
        unit=item.get("unit"),
        options=item.get("options", {}),
    )


def _whole_words(words: list[str]) -> re.Pattern[str]:
    """A pattern that finds any of the words, also as part of a compound, with their case kept."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in words)})(?!\w)")


def _by_system(entries: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], str]:
    return {(last_segment(system), code): word for system, codes in entries.items() for code, word in codes.items()}


def _inverted(groups: Mapping[str, list[str]]) -> dict[str, str]:
    return {member: name for name, members in groups.items() for member in members}


def _rows(path: Path) -> list[tuple[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [(first, second) for first, _, second in (line.partition("\t") for line in lines[1:])]
