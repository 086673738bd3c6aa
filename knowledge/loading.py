"""Loading the knowledge base from its folder: read, check, build. The only I/O of this package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match

from knowledge.alterations import AlterationCatalogue, read_gene_alterations
from knowledge.compiled_engine import CompiledKnowledge, Compiler, StatementIndex
from knowledge.criteria import Criterion, HadTherapy, HasFusion, HasTumour, HasVariant, InvalidCriterion, leaves
from knowledge.drugs import DrugClasses, InvalidDrugClasses, read_drug_classes
from knowledge.evidence import EvidenceStatement, compile_evidence
from knowledge.evidence_table import InvalidEvidence, read_evidence
from knowledge.patient import Reference
from knowledge.protein_change import NotationError
from knowledge.reading import CriterionReader, ProteinStatuses, read_medicine, read_protein_statuses
from knowledge.release import release_digest
from knowledge.statements import Medicine, Statement, genes_of
from knowledge.terminology import GeneTable, TumourTree
from knowledge.yaml_files import UnreadableYaml, read_yaml

PACKAGE = Path(__file__).parent
DATA = PACKAGE / "data"
SCHEMAS = PACKAGE / "schema"
#: Ends the name of the file beside a medicine's that holds its example patients.
CASES = ".cases.yaml"
#: The table of evidence beyond the label.
EVIDENCE = "evidence/civic.tsv"
_TREE = "terminology/oncotree.tsv"


class KnowledgeError(ValueError):
    """A knowledge file that cannot be used; the message names the file and the place in it."""


@dataclass(frozen=True, repr=False)
class KnowledgeBase:
    """Everything that is known, and the release that names it."""

    medicines: tuple[Medicine, ...]
    reference: Reference
    release: str
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


def load_terminology(data: Path = DATA) -> tuple[GeneTable, TumourTree]:
    """The compiled gene and tumour tables."""
    return GeneTable.load(data / "terminology" / "genes.tsv"), TumourTree.load(data / "terminology" / "oncotree.tsv")


def load_knowledge_base(data: Path = DATA, tumours: TumourTree | None = None) -> KnowledgeBase:
    """Load and check the knowledge base. Raises :class:`KnowledgeError` on the first unusable file."""
    documents = dict(_documents(data))
    reference = _reference(documents, tumours or TumourTree.load(data / _TREE))
    statuses = _protein_statuses(documents["protein_statuses.yaml"], reference.drug_classes)
    medicines = tuple(
        _medicine(name, documents[name], reference, statuses) for name in documents if name.startswith("eu/")
    )
    _check(medicines, reference)
    evidence = _evidence(documents, data, reference)
    # The tumour tree decides what a criterion on a node covers, so it is part of the release.
    documents[_TREE] = (data / _TREE).read_text(encoding="utf-8")
    knowledge = KnowledgeBase(medicines, reference, release_digest(documents), evidence)
    _ = knowledge.compiled, knowledge.compiled_evidence  # before the first request, and shared by forked workers
    return knowledge


def load_reference(data: Path = DATA, tumours: TumourTree | None = None) -> Reference:
    """The terminology alone, for tools that make knowledge files. Raises :class:`KnowledgeError`."""
    return _reference(dict(_documents(data, ("alterations", "drug_classes"))), tumours or TumourTree.load(data / _TREE))


def _reference(documents: Mapping[str, Any], tree: TumourTree) -> Reference:
    catalogue = AlterationCatalogue(
        read_gene_alterations(document) for name, document in documents.items() if name.startswith("alterations/")
    )
    return Reference(
        tree,
        catalogue,
        _drug_classes(documents),
        frozenset(item["tumour"] for item in documents["stages.yaml"]["metastatic_at_stage_four"]),
    )


def _evidence(documents: dict[str, Any], data: Path, reference: Reference) -> tuple[EvidenceStatement, ...]:
    """The evidence statements, if there is a table; its text becomes part of the release."""
    path = data / EVIDENCE
    if not path.exists():
        return ()
    documents[EVIDENCE] = path.read_text(encoding="utf-8")
    try:
        statements = read_evidence(documents[EVIDENCE], CriterionReader(reference.drug_classes, {}))
    except InvalidEvidence as error:
        raise KnowledgeError(f"{EVIDENCE}: {error}") from error
    for statement in statements:
        for problem in _unknown_in(statement.criterion, reference):
            raise KnowledgeError(f"{EVIDENCE}: {statement.id}: {problem}; import the table again")
    return statements


_FOLDERS = ("eu", "alterations", "drug_classes")


def _documents(data: Path, folders: Sequence[str] = _FOLDERS) -> Iterator[tuple[str, Any]]:
    schemas = {
        "eu": _validator("medicine"),
        "alterations": _validator("alterations"),
        "drug_classes": _validator("drug_classes"),
        "stages.yaml": _validator("stages"),
        "protein_statuses.yaml": _validator("protein_statuses"),
    }
    found = (path for folder in folders for path in data.glob(f"{folder}/*.yaml"))
    tables = (data / "stages.yaml", data / "protein_statuses.yaml")
    files = sorted([*(path for path in found if not path.name.endswith(CASES)), *tables])
    for path in files:
        name = path.relative_to(data).as_posix()
        try:
            document = read_yaml(path)
        except UnreadableYaml as error:
            raise KnowledgeError(str(error)) from error
        _validate(name, document, schemas[name.rpartition("/")[0] or name])
        yield name, document


def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    return Draft202012Validator(schema, format_checker=FormatChecker())


def _validate(name: str, document: Any, validator: Draft202012Validator) -> None:
    error: ValidationError | None = best_match(validator.iter_errors(document))
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path) or "top"
        raise KnowledgeError(f"{name}: at {place}: {error.message[:300]}")


def _drug_classes(documents: Mapping[str, Any]) -> DrugClasses:
    try:
        return read_drug_classes(document for name, document in documents.items() if name.startswith("drug_classes/"))
    except InvalidDrugClasses as error:
        raise KnowledgeError(str(error)) from error


def _protein_statuses(document: Mapping[str, Any], drug_classes: DrugClasses) -> ProteinStatuses:
    try:
        return read_protein_statuses(document, drug_classes)
    except InvalidCriterion as error:
        raise KnowledgeError(f"protein_statuses.yaml: {error}") from error


def _medicine(name: str, document: Mapping[str, Any], reference: Reference, statuses: ProteinStatuses) -> Medicine:
    try:
        return read_medicine(document, reference.alterations, reference.drug_classes, statuses)
    except (InvalidCriterion, NotationError) as error:
        raise KnowledgeError(f"{name}: {error}") from error


def _check(medicines: tuple[Medicine, ...], reference: Reference) -> None:
    """What the schema cannot see: unique ids, known tumour codes, defined classes."""
    seen: set[str] = set()
    for medicine in medicines:
        for problem in _unknown_nodes(medicine, reference):
            raise KnowledgeError(f"{medicine.brand}: not_held: {problem}")
        for statement in medicine.statements:
            if statement.id in seen:
                raise KnowledgeError(f"{medicine.brand}: id {statement.id} is used twice")
            seen.add(statement.id)
            for problem in _unknown_names(statement, reference):
                raise KnowledgeError(f"{medicine.brand}: {statement.id}: {problem}")


def _unknown_nodes(medicine: Medicine, reference: Reference) -> Iterator[str]:
    yield from (f"{code} is not an OncoTree code" for code in medicine.not_held if code not in reference.tumours)


def _unknown_names(statement: Statement, reference: Reference) -> Iterator[str]:
    for partner in statement.partners:
        if partner.drug_class and partner.drug_class not in reference.drug_classes:
            yield f"no drug class {partner.drug_class!r} is defined"
    yield from _unknown_in(statement.criterion, reference)


def _unknown_in(criterion: Criterion, reference: Reference) -> Iterator[str]:
    for leaf in leaves(criterion):
        if isinstance(leaf, HasTumour) and leaf.node not in reference.tumours:
            yield f"{leaf.node} is not an OncoTree code"
        if isinstance(leaf, HasFusion) and leaf.or_tumour is not None and leaf.or_tumour not in reference.tumours:
            yield f"{leaf.or_tumour} is not an OncoTree code"
        if isinstance(leaf, HasVariant) and not _class_is_defined(leaf, reference):
            yield f"no class {leaf.variant_class!r} is defined for {leaf.gene}"
        if isinstance(leaf, HadTherapy) and leaf.drug_class and leaf.drug_class not in reference.drug_classes:
            yield f"no drug class {leaf.drug_class!r} is defined"
        if isinstance(leaf, HasFusion) and leaf.partner == leaf.gene:
            yield f"{leaf.gene} cannot be its own fusion partner"


def _class_is_defined(criterion: HasVariant, reference: Reference) -> bool:
    name = criterion.variant_class
    return name is None or reference.alterations.knows_class(criterion.gene, name)
