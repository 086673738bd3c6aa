"""What two releases decide differently: the statements that differ, and whom they can concern.

A finding depends on the statement's criterion, on what the index of statements asks, and on the terminology that
leaves refer to. Wording, proof, tests, dates and review change no finding.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

from knowledge.loading import KnowledgeBase, build_knowledge_base
from knowledge.release import Release, canonical_json
from knowledge.statements import Medicine, Statement, genes_of

#: Documents that decide no finding other than through the statements that are read from them. Any other document
#: that differs is taken to change every finding.
_ONLY_STATEMENTS = ("eu/", "eu_copies.yaml", "stale.yaml", "protein_statuses.yaml", "tests/", "evidence/")


@dataclass(frozen=True, slots=True)
class IndexKeys:
    """Tumours (OncoTree), genes and markers, drugs (INN): whom statements concern has one of them."""

    tumours: frozenset[str]
    names: frozenset[str]
    drugs: frozenset[str]


@dataclass(frozen=True, slots=True, repr=False)
class ChangedStatements:
    """Two knowledge bases reduced to the statements that they decide differently.

    ``everything``: the terminology differs, so that all statements are taken to differ.
    """

    before: KnowledgeBase
    after: KnowledgeBase
    everything: bool

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The statements of either side, in order: those of the new release, then those that it has no more."""
        names = [statement.id for base in (self.after, self.before) for _, statement in base.statements]
        return tuple(dict.fromkeys(names))


def changed_statements(before: Release, after: Release) -> ChangedStatements:
    """The statements that two releases decide differently. Raises ``KnowledgeError`` for one that cannot be used."""
    old, new = build_knowledge_base(before), build_knowledge_base(after)
    if any(_text(before, name) != _text(after, name) for name in {*before.documents, *after.documents}):
        return ChangedStatements(old, new, everything=True)
    known = {statement.id: _decides(medicine, statement) for medicine, statement in old.statements}
    wanted = {statement.id: _decides(medicine, statement) for medicine, statement in new.statements}
    same = {name for name in known if known[name] == wanted.get(name)}
    return ChangedStatements(_without(old, same), _without(new, same), everything=False)


def index_keys(knowledge: KnowledgeBase) -> IndexKeys:
    """By what the index finds a statement of a knowledge base: a patient with none of it has no finding."""
    tree, index = knowledge.reference.tumours, knowledge.compiled.index
    tumours = [code for code in tree.codes() if index.concerning((code,), (code, *tree.ancestors(code)), (), ())]
    names = {name for _, statement in knowledge.statements for name in genes_of(statement)}
    drugs = {drug for medicine, _ in knowledge.statements for drug in medicine.drugs}
    return IndexKeys(frozenset(tumours), frozenset(names), frozenset(drugs))


def _text(release: Release, name: str) -> str | None:
    """The content of a document on which all findings depend."""
    if name.startswith(_ONLY_STATEMENTS) or name not in release.documents:
        return None
    return canonical_json(release.documents[name])


def _decides(medicine: Medicine, statement: Statement) -> Hashable:
    """Everything of a statement on which its findings depend."""
    return type(statement), statement.criterion, statement.tumours, frozenset(genes_of(statement)), medicine.drugs


def _without(knowledge: KnowledgeBase, same: set[str]) -> KnowledgeBase:
    medicines = (
        replace(
            medicine,
            indications=tuple(part for part in medicine.indications if part.id not in same),
            safety=tuple(part for part in medicine.safety if part.id not in same),
        )
        for medicine in knowledge.medicines
    )
    return replace(knowledge, medicines=tuple(medicine for medicine in medicines if medicine.statements), evidence=())
