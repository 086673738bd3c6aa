"""Every check on a knowledge folder, all problems listed: what a curator has to mend before a release."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.case_checks import case_problems
from knowledge.class_checks import class_problems
from knowledge.consistency import problems_of_names
from knowledge.copies import read_copies
from knowledge.criteria import InvalidCriterion
from knowledge.documents import checked_documents
from knowledge.drugs import InvalidDrugClasses
from knowledge.link_checks import link_problems
from knowledge.loading import EVIDENCE, KnowledgeBase, joined, read_evidence_document, read_reference
from knowledge.named_tests import read_named_tests
from knowledge.patient import Reference
from knowledge.problems import KnowledgeError, Problem, Severity
from knowledge.protein_change import NotationError
from knowledge.reading import ProteinStatuses, read_medicine, read_protein_statuses
from knowledge.release import release_digest
from knowledge.staleness import read_stale
from knowledge.statement_checks import statement_problems
from knowledge.statements import Medicine
from knowledge.terminology import TableError
from knowledge.vocabulary import Vocabulary

#: Every check by its name, with what it finds. The last three need reference material.
CHECKS = {
    "yaml": "the file is readable YAML",
    "schema": "the file fits its JSON Schema",
    "criterion": "every criterion means something: one depth for a variant, a bound with its score, known words",
    "file": "the file is named after the brand, and its statements after the file",
    "id": "no two statements have one id",
    "name": "OncoTree codes, alteration classes and drug classes exist; no gene is its own fusion partner",
    "gene": "genes are approved HGNC symbols",
    "drug": "drugs are INNs that the reading tables know; what a patient has to have had can be read as a therapy",
    "marker": "protein markers are names that the reading tables make",
    "proof": "a statement has a row, the day of curation, and anchors of its own that are not its summary",
    "duplicate": "no two statements of a medicine say the same",
    "contradiction": "somebody can fulfil the criteria, and each alternative in them",
    "class": "a class holds something, names only defined classes, and lists each change once in its canonical form",
    "evidence": "the table of evidence can be read, and its criteria name only what exists",
    "case": "each statement opens for an example patient, each medicine has a near miss, both engines agree with them",
    "copy": "the rows that a generic or biosimilar carries belong to a statement of its reference medicine",
    "test": "a test named for a medicine belongs to a statement, and to a gene or marker that it asks about",
    "anchor": "every anchor stands in the label text of the same date",
    "row": "every row of the reference table is answered by a statement of its own medicine",
    "requirement": "what a label requires to be tested stands at a statement",
}


@dataclass(frozen=True, slots=True, repr=False)
class Validation:
    """Every problem, and the knowledge base of what can be used; ``None`` if nothing can."""

    problems: tuple[Problem, ...]
    knowledge: KnowledgeBase | None = None
    cases: int = 0

    @property
    def passes(self) -> bool:
        """Whether there is no error; gaps are allowed."""
        return all(problem.severity is Severity.GAP for problem in self.problems)

    def with_problems(self, problems: Iterable[Problem]) -> Validation:
        """The same with further problems."""
        return replace(self, problems=(*self.problems, *problems))


def validate(data: Path, vocabulary: Vocabulary, today: date) -> Validation:
    """Check a knowledge folder. ``today`` is the day for which ages of example patients are computed."""
    documents, problems = checked_documents(data)
    try:
        reference = read_reference(documents)
        statuses = read_protein_statuses(documents["protein_statuses.yaml"], reference.drug_classes)
    except (InvalidDrugClasses, InvalidCriterion, TableError, NotationError, KeyError) as error:
        message = f"classes, statuses or tumours cannot be read, so the medicines are not checked: {error}"
        return Validation((*problems, Problem("", "", "class", message)))
    problems += class_problems(documents, reference, vocabulary)
    medicines: list[Medicine] = []
    for name, document in documents.items():
        if name.startswith("eu/"):
            medicine, found = _read(name, document, reference, statuses)
            problems += [*found, *_file_problems(name, document)]
            medicines.append(medicine)
    names = list(problems_of_names(medicines, reference))
    problems += names
    problems += statement_problems(medicines, reference, vocabulary)
    usable = _without({problem.place for problem in names if problem.place}, medicines)
    knowledge = _knowledge(documents, usable, reference)
    try:
        knowledge = replace(knowledge, evidence=read_evidence_document(documents, reference))
    except KnowledgeError as error:
        problems.append(Problem(EVIDENCE, "", "evidence", str(error).removeprefix(f"{EVIDENCE}: ")))
    problems += link_problems(knowledge)
    cases, found = case_problems(data, knowledge, today)
    return Validation(tuple(dict.fromkeys((*problems, *found))), knowledge, cases)


def _read(
    name: str, document: Mapping[str, Any], reference: Reference, statuses: ProteinStatuses
) -> tuple[Medicine, list[Problem]]:
    """The medicine with the statements that can be read, and why the others cannot."""
    problems = []
    usable: dict[str, list[Any]] = {"indications": [], "safety": []}
    for part, kept in usable.items():
        for item in document[part]:
            alone = {**document, "indications": [], "safety": [], part: [item]}
            try:
                read_medicine(alone, reference.alterations, reference.drug_classes, statuses)
            except (InvalidCriterion, NotationError) as error:
                problems.append(Problem(name, item["id"], "criterion", str(error)))
            else:
                kept.append(item)
    medicine = read_medicine({**document, **usable}, reference.alterations, reference.drug_classes, statuses)
    return medicine, problems


def _file_problems(name: str, document: Mapping[str, Any]) -> Iterator[Problem]:
    stem = name.removeprefix("eu/").removesuffix(".yaml")
    if stem != file_stem(document["medicine"]["brand"]):
        yield Problem(name, "", "file", f"should be called {file_stem(document['medicine']['brand'])}.yaml")
    for item in (*document["indications"], *document["safety"]):
        if not re.fullmatch(rf"{re.escape(stem)}-[1-9][0-9]*", item["id"]):
            yield Problem(name, item["id"], "file", f"should be {stem}- and a number")


def file_stem(brand: str) -> str:
    """The name of a medicine's file without its ending: the brand in small letters, with hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", brand.lower()).strip("-")


def _without(broken: set[str], medicines: Iterable[Medicine]) -> list[Medicine]:
    """The medicines without the statements that name what does not exist."""
    return [
        replace(
            medicine,
            indications=tuple(item for item in medicine.indications if item.id not in broken),
            safety=tuple(item for item in medicine.safety if item.id not in broken),
        )
        for medicine in medicines
    ]


def _knowledge(documents: Mapping[str, Any], medicines: list[Medicine], reference: Reference) -> KnowledgeBase:
    newer = read_stale(documents.get("stale.yaml"))
    copies = tuple(read_copies(documents["eu_copies.yaml"], newer)) if "eu_copies.yaml" in documents else ()
    name = "tests/named_tests.tsv"
    tests = read_named_tests(documents[name], name) if name in documents else ()
    complete = joined(medicines, copies, tests, newer)
    return KnowledgeBase(complete, reference, release_digest(documents), copies, tests)
