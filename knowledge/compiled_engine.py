"""The compiled engine: the one that the service runs.

Criteria are compiled once, when knowledge is loaded: every distinct leaf gets a number, and statements are
indexed by tumour, gene, marker and drug. For a patient each leaf is decided at most once, verdicts stop at
the first child that settles them, and the trace of a statement is built only when somebody asks for it.
The reference engine says the same, slower; tests hold the two equal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.criteria import AllOf, AnyOf, Criterion, Leaf, NoRecordedResistance, Not, NotKnown
from knowledge.deciders import decide
from knowledge.patient import Patient
from knowledge.trace import Trace
from knowledge.verdicts import Verdict, ignorance, negation


@dataclass(frozen=True, slots=True)
class Node:
    """A compiled criterion. A leaf has its number; an inner node has children and a settling verdict.

    ``leaves`` are the numbers of all leaves below, ``unnegated`` those that no negation stands above.
    """

    criterion: Criterion
    leaf: int = -1
    children: tuple[Node, ...] = ()
    settles: Verdict | None = None  # the child's verdict that decides the node: false for all_of, true for any_of
    leaves: tuple[int, ...] = ()
    unnegated: tuple[int, ...] = ()
    inner: int = -1  # number of an inner node; equal ones are one node and share it


class Compiler:
    """Compiles criteria that share their leaves."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self._numbers: dict[Leaf, int] = {}
        self._nodes: dict[Criterion, Node] = {}

    def compile(self, criterion: Criterion) -> Node:
        """Compile one criterion; equal criteria are one node."""
        node = self._nodes.get(criterion)
        if node is None:
            node = self._nodes[criterion] = self._compiled(criterion)
        return node

    def _compiled(self, criterion: Criterion) -> Node:
        match criterion:
            case AllOf():
                return self._inner(criterion, criterion.criteria, Verdict.FALSE)
            case AnyOf():
                return self._inner(criterion, criterion.criteria, Verdict.TRUE)
            case Not() | NotKnown():
                return self._inner(criterion, (criterion.criterion,), None)
        number = self._numbers.setdefault(criterion, len(self.leaves))
        if number == len(self.leaves):
            self.leaves.append(criterion)
        return Node(criterion, number, leaves=(number,), unnegated=(number,))

    def _inner(self, criterion: Criterion, parts: tuple[Criterion, ...], settles: Verdict | None) -> Node:
        children = tuple(map(self.compile, parts))
        leaves = tuple(number for child in children for number in child.leaves)
        unnegated = tuple(number for child in children for number in child.unnegated) if settles else ()
        return Node(criterion, -1, children, settles, leaves, unnegated, len(self._nodes))


class CompiledEngine:
    """Evaluates compiled criteria for one patient."""

    def __init__(self, leaves: Sequence[Leaf], patient: Patient) -> None:
        self._leaves = leaves
        self._patient = patient
        self._decided: list[Trace | None] = [None] * len(leaves)
        self._verdicts: list[Verdict | None] = [None] * len(leaves)
        self._inner: dict[int, Verdict] = {}
        self._missing: dict[int, tuple[Trace, ...]] = {}

    def has_alterations(self, gene: str) -> bool:
        """Whether alterations of a gene are looked at, so that its protein is another test."""
        return gene in self._patient.reference.alterations

    def verdict(self, node: Node) -> Verdict:
        """The verdict alone."""
        if node.leaf >= 0:
            return self._verdicts[node.leaf] or self.leaf(node.leaf).verdict
        known = self._inner.get(node.inner)
        if known is None:
            known = self._inner[node.inner] = self._combined(node)
        return known

    def _combined(self, node: Node) -> Verdict:
        settles = node.settles
        if settles is None:
            turned = ignorance if isinstance(node.criterion, NotKnown) else negation
            return turned(self.verdict(node.children[0]))
        unknown = False
        for child in node.children:
            verdict = (self._verdicts[child.leaf] if child.leaf >= 0 else None) or self.verdict(child)
            if verdict is settles:
                return verdict
            unknown = unknown or verdict is Verdict.UNKNOWN
        return Verdict.UNKNOWN if unknown else negation(settles)

    def missing(self, node: Node) -> tuple[Trace, ...]:
        """The unknown leaves that keep an unknown node unknown, in reading order."""
        if node.leaf >= 0:
            return (self.leaf(node.leaf),)
        known = self._missing.get(node.inner)
        if known is None:
            known = self._missing[node.inner] = tuple(self._unknown_leaves(node))
        return known

    def _unknown_leaves(self, node: Node) -> Iterator[Trace]:
        if node.leaf >= 0:
            yield self.leaf(node.leaf)
            return
        for child in node.children:
            if self.verdict(child) is Verdict.UNKNOWN:
                yield from self._unknown_leaves(child)

    def open_criteria(self, node: Node) -> Iterator[Criterion]:
        """The unknown criteria as a label words them: a negation with what it negates, alternatives as such."""
        if node.leaf >= 0 or node.settles is None:
            yield node.criterion
            return
        unknown = [child for child in node.children if self.verdict(child) is Verdict.UNKNOWN]
        if node.settles is Verdict.TRUE and len(unknown) > 1:
            parts = tuple(dict.fromkeys(map(self._open_alternative, unknown)))
            yield parts[0] if len(parts) == 1 else AnyOf(parts)
            return
        for child in unknown:
            yield from self.open_criteria(child)

    def _open_alternative(self, node: Node) -> Criterion:
        parts = tuple(dict.fromkeys(self.open_criteria(node)))
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def veto(self, node: Node) -> Trace | None:
        """The recorded resistance that alone makes a false statement false."""
        recorded: Trace | None = None
        for child in node.children or (node,):
            if self.verdict(child) is not Verdict.FALSE:
                continue
            if not isinstance(child.criterion, NoRecordedResistance):
                return None  # for most, the tumour type: what else is false need not be known
            if recorded is None:
                recorded = self.leaf(child.leaf)
        return recorded

    def trace(self, node: Node) -> Trace:
        """The whole verdict tree."""
        if node.leaf >= 0:
            return self.leaf(node.leaf)
        return Trace(node.criterion, self.verdict(node), tuple(map(self.trace, node.children)))

    def leaf(self, number: int) -> Trace:
        """The trace of one leaf."""
        known = self._decided[number]
        if known is None:
            criterion = self._leaves[number]
            # The criteria are a closed set without subclasses, so the search that `decide` makes is not needed.
            decision = decide.registry[type(criterion)](criterion, self._patient)
            known = Trace(criterion, decision.verdict, (), decision.facts, decision.depth, decision.note)
            self._decided[number] = known
            self._verdicts[number] = decision.verdict
        return known


class StatementIndex:
    """Which statements concern a patient, by tumour, gene, marker and drug; numbers are positions."""

    def __init__(self) -> None:
        self._by_tumour: dict[str, set[int]] = defaultdict(set)
        self._by_wider_tumour: dict[str, set[int]] = defaultdict(set)
        self._by_name: dict[str, set[int]] = defaultdict(set)
        self._by_drug: dict[str, set[int]] = defaultdict(set)

    def add(
        self, number: int, tumours: Iterable[tuple[str, Sequence[str]]], names: Iterable[str], drugs: Iterable[str]
    ) -> None:
        """Index a statement; each tumour comes with its ancestors."""
        for tumour, ancestors in tumours:
            self._by_tumour[tumour].add(number)
            for ancestor in ancestors:
                self._by_wider_tumour[ancestor].add(number)
        for name in names:
            self._by_name[name].add(number)
        for drug in drugs:
            self._by_drug[drug].add(number)

    def concerning(
        self, tumours: Iterable[str], lineage: Iterable[str], names: Iterable[str], drugs: Iterable[str]
    ) -> list[int]:
        """Statements for one of the tumours, a wider or a narrower type, or that name a gene, marker or drug."""
        found: set[int] = set()
        for table, keys in (
            (self._by_tumour, lineage),
            (self._by_wider_tumour, tumours),
            (self._by_name, names),
            (self._by_drug, drugs),
        ):
            for key in keys:
                found |= table.get(key, frozenset())
        return sorted(found)


@dataclass(frozen=True, slots=True, repr=False)
class CompiledKnowledge:
    """One compiled node for each statement, in order, with their shared leaves and the index."""

    nodes: tuple[Node, ...]
    leaves: tuple[Leaf, ...]
    index: StatementIndex
