"""Loading the knowledge base: from a release file, or from the folder of reviewed files that it is built from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from knowledge.alterations import AlterationCatalogue, read_gene_alterations
from knowledge.compiled_engine import CompiledKnowledge, Compiler, StatementIndex
from knowledge.consistency import problems_of_names, unknown_names
from knowledge.copies import Copy, read_copies
from knowledge.criteria import InvalidCriterion
from knowledge.drugs import InvalidDrugClasses, read_drug_classes
from knowledge.evidence import EvidenceStatement, compile_evidence
from knowledge.evidence_table import InvalidEvidence, read_evidence
from knowledge.labels import NewerLabel
from knowledge.named_tests import NamedTest, read_named_tests
from knowledge.patient import Reference
from knowledge.problems import KnowledgeError
from knowledge.protein_change import NotationError
from knowledge.reading import CriterionReader, ProteinStatuses, read_medicine, read_protein_statuses
from knowledge.release import Release, read_release_file
from knowledge.sources import CASES, DATA, EVIDENCE, RELEASE_FILE, SCHEMAS, fingerprint
from knowledge.staleness import read_stale
from knowledge.statements import Medicine, Statement, genes_of
from knowledge.terminology import GeneTable, TableError, TumourTree

__all__ = [
    "CASES",
    "DATA",
    "EVIDENCE",
    "SCHEMAS",
    "CompiledKnowledge",
    "KnowledgeBase",
    "KnowledgeError",
    "build_knowledge_base",
    "compile_statements",
    "load_genes",
    "load_knowledge_base",
    "load_reference",
    "read_release",
]


@dataclass(frozen=True, repr=False)
class KnowledgeBase:
    """Everything that is known, and the release that names it.

    ``copies`` and ``named_tests`` are all of them, also those of medicines that have no file.
    """

    medicines: tuple[Medicine, ...]
    reference: Reference
    release: str
    copies: tuple[Copy, ...] = ()
    named_tests: tuple[NamedTest, ...] = ()
    evidence: tuple[EvidenceStatement, ...] = ()

    @cached_property
    def compiled(self) -> CompiledKnowledge:
        """The statements compiled and indexed for the engine that the service runs."""
        return compile_statements(self.statements, self.reference.tumours)

    @cached_property
    def compiled_evidence(self) -> CompiledKnowledge:
        """The evidence statements, compiled and indexed apart from those of the labels."""
        return compile_evidence(self.evidence, self.reference.tumours)

    @cached_property
    def statements(self) -> tuple[tuple[Medicine, Statement], ...]:
        """Every statement with its medicine, in file order."""
        return tuple((medicine, statement) for medicine in self.medicines for statement in medicine.statements)


def compile_statements(statements: Sequence[tuple[Medicine, Statement]], tree: TumourTree) -> CompiledKnowledge:
    """Compile and index statements."""
    compiler, index = Compiler(), StatementIndex()
    for number, (medicine, statement) in enumerate(statements):
        tumours = [(node, tree.ancestors(node)) for node in statement.tumours]
        index.add(number, tumours, genes_of(statement), medicine.drugs)
    nodes = tuple(compiler.compile(statement.criterion) for _, statement in statements)
    return CompiledKnowledge(nodes, tuple(compiler.leaves), index)


def load_genes(data: Path = DATA) -> GeneTable:
    """The compiled gene table."""
    return GeneTable.load(data / "terminology" / "genes.tsv")


def load_knowledge_base(source: Path | None = None) -> KnowledgeBase:
    """Load the shipped knowledge, a release file, or a folder of reviewed files.

    Raises :class:`KnowledgeError` for the first thing that cannot be used.
    """
    knowledge = build_knowledge_base(read_release(source))
    _ = knowledge.compiled, knowledge.compiled_evidence  # before the first request, and shared by forked workers
    return knowledge


def read_release(source: Path | None = None) -> Release:
    """The documents of a release file or folder; without one, of what is shipped.

    Of the shipped knowledge the built release file is read if it was built from exactly the files that stand beside
    it, which spares YAML and schemas. Otherwise, and from a folder, the reviewed files themselves are read. Both give
    the same release.
    """
    if source is None:
        built = read_release_file(RELEASE_FILE, fingerprint(DATA)) if RELEASE_FILE.exists() else None
        return built or _read_folder(DATA)
    if source.is_dir():
        return _read_folder(source)
    release = read_release_file(source)
    assert release is not None, "only a comparison with sources rejects a release without an error"
    return release


def _read_folder(data: Path) -> Release:
    from knowledge.documents import read_documents  # jsonschema is needed here only

    if not (data / "eu").is_dir():
        raise KnowledgeError(f"{data} is no folder of knowledge: it has no folder eu")
    return Release.of(read_documents(data))


def build_knowledge_base(release: Release) -> KnowledgeBase:
    """The knowledge base of checked documents. Raises :class:`KnowledgeError` for what they cannot mean."""
    documents = release.documents
    try:
        reference = read_reference(documents)
        statuses = read_protein_statuses(documents["protein_statuses.yaml"], reference.drug_classes)
        newer = read_stale(documents.get("stale.yaml"))
        copies = tuple(read_copies(documents["eu_copies.yaml"], newer)) if "eu_copies.yaml" in documents else ()
        name = "tests/named_tests.tsv"
        named_tests = read_named_tests(documents[name], name) if name in documents else ()
    except (InvalidDrugClasses, InvalidCriterion, TableError, NotationError, KeyError) as error:
        raise KnowledgeError(str(error)) from error
    found = tuple(_medicine(name, documents[name], reference, statuses) for name in documents if name.startswith("eu/"))
    medicines = joined(found, copies, named_tests, newer)
    for problem in problems_of_names(medicines, reference):
        raise KnowledgeError(str(problem))
    evidence = read_evidence_document(documents, reference)
    return KnowledgeBase(medicines, reference, release.digest, copies, named_tests, evidence)


def read_reference(documents: Mapping[str, Any]) -> Reference:
    """The terminology, classes and lists that statements refer to."""
    catalogue = AlterationCatalogue(
        read_gene_alterations(document) for name, document in documents.items() if name.startswith("alterations/")
    )
    classes = [document for name, document in documents.items() if name.startswith("drug_classes/")]
    return Reference(
        TumourTree.parse(documents["terminology/oncotree.tsv"]),
        catalogue,
        read_drug_classes(classes),
        frozenset(item["tumour"] for item in documents["stages.yaml"]["metastatic_at_stage_four"]),
    )


def load_reference(data: Path = DATA) -> Reference:
    """The terminology alone, for tools that make knowledge files. Raises :class:`KnowledgeError`."""
    from knowledge.documents import read_documents  # jsonschema is needed here only

    return read_reference(read_documents(data, ("alterations", "drug_classes")))


def read_evidence_document(documents: Mapping[str, Any], reference: Reference) -> tuple[EvidenceStatement, ...]:
    """The evidence statements, if there is a table. Raises :class:`KnowledgeError`."""
    if EVIDENCE not in documents:
        return ()
    try:
        statements = read_evidence(documents[EVIDENCE], CriterionReader(reference.drug_classes, {}))
    except InvalidEvidence as error:
        raise KnowledgeError(f"{EVIDENCE}: {error}") from error
    for statement in statements:
        for problem in unknown_names(statement.criterion, reference):
            raise KnowledgeError(f"{EVIDENCE}: {statement.id}: {problem}; import the table again")
    return statements


def _medicine(name: str, document: Mapping[str, Any], reference: Reference, statuses: ProteinStatuses) -> Medicine:
    try:
        return read_medicine(document, reference.alterations, reference.drug_classes, statuses)
    except (InvalidCriterion, NotationError) as error:
        raise KnowledgeError(f"{name}: {error}") from error


def joined(
    medicines: Iterable[Medicine],
    copies: Iterable[Copy],
    named_tests: Iterable[NamedTest],
    newer: Mapping[str, NewerLabel],
) -> tuple[Medicine, ...]:
    """The medicines with their copies, the tests named for them, and what is known of newer labels."""
    copies_of: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies:
        copies_of[copy.reference].append(copy)
    tests_of: dict[str, list[NamedTest]] = defaultdict(list)
    for test in named_tests:
        tests_of[test.medicine].append(test)
    return tuple(
        replace(
            medicine,
            copies=tuple(copies_of[medicine.brand]),
            named_tests=tuple(tests_of[medicine.brand]),
            newer_label=_if_newer(newer.get(medicine.brand), medicine),
        )
        for medicine in medicines
    )


def _if_newer(newer: NewerLabel | None, medicine: Medicine) -> NewerLabel | None:
    """What is recorded of a newer label, until the medicine's file is of that label."""
    return newer if newer and newer.date > medicine.label.date else None
