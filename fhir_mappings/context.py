"""What one resource's reader gets and gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fhir_mappings.collection import Collection, Resource
from fhir_mappings.elements import Coding, Json, codes_of, codings, concept_text, objects, string
from fhir_mappings.record import Unread
from fhir_mappings.tables import MappingTables
from knowledge.facts import Fact
from knowledge.making import quick_to_make


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one resource says about the facts of another: a member of theirs and its value."""

    target: str
    member: str
    value: str


@dataclass(slots=True)
class Reading:
    """The output of a reader for one resource: facts, or why there are none."""

    facts: list[Fact] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    annotations: list[Annotation] = field(default_factory=list)


@quick_to_make
@dataclass(frozen=True, slots=True)
class Context:
    """The resource being read, with the tables and the other resources of the record."""

    resource: Resource
    collection: Collection
    tables: MappingTables
    date: str | None

    @property
    def data(self) -> Json:
        """The resource's JSON."""
        return self.resource.data

    def unread(self, reason: str) -> Reading:
        """A reading that says why nothing was understood."""
        return Reading(unread=[Unread(self.resource.reference, code_text(self.data.get("code")), reason)])


class Component:
    """One component with the code that names it and its place in the resource."""

    __slots__ = ("_index", "_texts", "code", "codings", "concept", "data")

    def __init__(self, code: str, data: Json, index: int) -> None:
        value = data.get("valueCodeableConcept")
        self.code = code
        self.data = data
        #: The component's coded value; an empty object if it has none.
        self.concept: Json = value if isinstance(value, dict) else {}
        #: The codings of that value, worked out once: several readers ask for them.
        self.codings: list[Coding] = codings(value)
        self._index = index
        self._texts: list[str] | None = None

    @property
    def path(self) -> str:
        """The component's place in the resource."""
        return f"component[{self._index}]"

    @property
    def words(self) -> str | None:
        """What is written beside the codings or instead of them: the text, or a plain string where nothing is coded."""
        return string(self.concept.get("text") if self.concept else self.data.get("valueString"))

    def value_texts(self) -> Iterator[str]:
        """Codes, displays and texts of the value, then a plain string value."""
        if self._texts is None:
            self._texts = self._read_texts()
        return iter(self._texts)

    def _read_texts(self) -> list[str]:
        codes: list[str] = []
        words: list[str] = []
        for _, code, display in self.codings:
            if code:
                codes.append(code)
            if display and display != code:
                words.append(display)
        if text := string(self.concept.get("text")):
            words.append(text)
        if text := string(self.data.get("valueString")):
            words.append(text)
        return codes + words if words else codes

    @property
    def value_path(self) -> str:
        """The path of the value element."""
        name = "valueString" if "valueString" in self.data and not self.concept else "valueCodeableConcept"
        return f"component[{self._index}].{name}"


class Components:
    """The components of an Observation by code. A code may repeat; nothing is overwritten."""

    def __init__(self, data: Json) -> None:
        by_code = self._by_code = dict[str, list[Component]]()
        for index, component in enumerate(objects(data.get("component"))):
            for name in codes_of(component.get("code")):
                if name in by_code:
                    by_code[name].append(Component(name, component, index))
                else:
                    by_code[name] = [Component(name, component, index)]

    def has(self, *codes: str) -> bool:
        """Whether there is a component with one of the codes."""
        return not self._by_code.keys().isdisjoint(codes)

    def named(self, code: str) -> Sequence[Component]:
        """Every component with the code."""
        return self._by_code.get(code, ())

    def all(self, *codes: str) -> list[Component]:
        """Every component with one of the codes, in the order of the codes."""
        found: list[Component] = []
        for code in codes:
            if code in self._by_code:
                found = found + self._by_code[code] if found else self._by_code[code]
        return found

    def first(self, *codes: str) -> Component | None:
        """The first component with one of the codes."""
        for code in codes:
            if code in self._by_code:
                return self._by_code[code][0]
        return None


def code_text(concept: object) -> str:
    """A short text of a code for reports: ``69548-6`` or the text of an uncoded one."""
    for _, code, _ in codings(concept):
        if code:
            return code[:80]
    return (concept_text(concept) or "no code")[:80]
