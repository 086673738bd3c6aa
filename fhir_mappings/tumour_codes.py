"""From coded diagnoses, histologies and names of tumours to OncoTree nodes.

What maps to what is reviewed data (``data/tumours.yaml``); this module only looks it up. A code is read as
the most specific node that is surely right. A tumour whose type is not known is said to be one, never dropped,
and a metastasis, a history, an in-situ or a benign neoplasm is never read as a cancer of its site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fhir_mappings.tumour_tables import Site, TumourKind, TumourRule, TumourTables, plain_text, system_key, undotted
from knowledge.terminology import TumourTree

_ICD10 = re.compile(r"([A-Z]\d[0-9A-Z])\.?([0-9A-Z]{0,4})[-+*!#.]*")
_MORPHOLOGY = re.compile(r"(?<![\w./])M?-?(\d{4})(\d)?(?:/(\d)\d?)?(?![\w/])", re.ASCII)
_TOPOGRAPHY = re.compile(r"\bC(\d\d)(?:\.(\d)\w*|(\d?))(?!\w|\.\w)", re.ASCII)
_SNOMED = re.compile(r"\s*(\d{6,18})\s*(?:\|[^|]*\|\s*)?", re.ASCII)
_SEMANTIC_TAG = re.compile(r"\((?:disorder|finding|situation|morphologic abnormality|diagnosis)\)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TumourReading:
    """What one code or text says about a tumour.

    ``kind``: ``primary`` a tumour of the patient; ``secondary`` a metastasis; ``history`` a tumour in the past;
    ``morphology`` a histology that needs a site; ``neoplasm`` surely a neoplasm, but of unknown type, in situ
    or of uncertain behaviour; ``none`` not a cancer. ``node`` is an OncoTree code, ``morphology`` an ICD-O-3
    code (``8140/3``), which a ``primary`` may have as well. ``topography`` is the ICD-O-3 site, ``assumes`` what
    had to be taken for granted for the node, ``malignant`` whether invasive cancer was stated.
    """

    kind: TumourKind
    node: str | None
    morphology: str | None
    why: str
    topography: str | None = None
    assumes: str | None = None
    malignant: bool = False


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TumourCodes:
    """What codes, histologies and names mean by the reviewed tables."""

    tree: TumourTree
    _tables: TumourTables

    @classmethod
    def load(cls, path: Path, tree: TumourTree) -> TumourCodes:
        """Read the reviewed data. Raises ``TumourDataError`` where they do not fit the tree or themselves."""
        return cls(tree, TumourTables.load(path, tree))

    def for_coding(self, system: str | None, code: str | None, display: str | None) -> TumourReading:
        """What a coding says. An unknown code counts as a neoplasm if its display looks like a cancer."""
        family = self._tables.systems.get(system_key(system)) if system else None
        reading: TumourReading | None = None
        if code and family in ("icd10", "icd10_cm"):
            reading = self._from_icd10(family, code)
        elif code and family == "icdo3":
            reading = self._from_icdo3(code)
        elif code and family == "snomed":
            reading = self._from_snomed(code)
        elif code and family == "oncotree":
            reading = self._from_oncotree(code.strip())
        elif code and family == "ncit":
            reading = self._from_ncit(code.strip().upper().removeprefix("NCIT:"))
        return reading or self._from_display(display)

    def for_text(self, text: str) -> TumourReading | None:
        """What a text says if the whole of it is a known name of a tumour, else None."""
        name = plain_text(_SEMANTIC_TAG.sub("", text))
        rule = self._tables.names.get(name)
        if rule is None or self._tables.never_named.within(name):
            return None
        return _reading(rule, f"the name {name!r}")

    def looks_like_cancer(self, text: str) -> bool:
        """Whether a display or text names a cancer of the patient, past or present, as far as its words tell."""
        plain = plain_text(text)
        if self._tables.words["never"].within(plain):
            return False
        return self._tables.words["cancer"].within(self._tables.words["not_cancer"].cut_from(plain))

    def refine(self, node: str | None, morphology: str, site: str | None = None) -> str | None:
        """The node that a diagnosis and an ICD-O-3 histology give together.

        ``site`` is an ICD-O-3 or ICD-10 site code and makes the result sharper. A histology that is not
        invasive or not known leaves the node as it is; one that contradicts the node gives what the two have
        in common, or None.
        """
        histology = _morphology(morphology)
        if histology is None:
            return node
        if not histology.endswith("/3") and "/" in histology:
            found = self._tables.anywhere.get(histology)
        else:
            found = self._at_sites(node, histology.partition("/")[0] + "/3", self._site(site))
        if found is None or node is None:
            return found or node
        if self._is_organ(node) or self.tree.is_a(found, node):
            return found
        return node if self.tree.is_a(node, found) else self.common({node, found})

    def is_coded_apart(self, found: str, node: str) -> bool:
        """Whether a tumour that a histology names would never bear the code of this one's organ."""
        if self.organ(found) == self.organ(node):
            return False
        return any(self.tree.is_a(found, apart) for apart in self._tables.coded_apart)

    def may_have(self, node: str, morphology: str, site: str | None = None) -> bool:
        """Whether a tumour may have an ICD-O-3 histology: one that the tables know of its type.

        Where only the organ is known, a histology that they do not know there excludes nothing.
        """
        organ = self.organ(node)
        found = self.refine(organ, morphology, site)
        if found is None or found == organ:
            return found is not None and (node == organ or self._occurs_below(node, morphology))
        return self.tree.is_a(found, node) or self.tree.is_a(node, found)

    def _occurs_below(self, node: str, morphology: str) -> bool:
        histology = (_morphology(morphology) or "").partition("/")[0] + "/3"
        found = (nodes.get(histology) for nodes in self._tables.by_site.values())
        return any(result is not None and self.tree.is_a(result, node) for result in found)

    def with_histology(self, reading: TumourReading, morphology: str, site: str | None = None) -> TumourReading:
        """A reading made sharper by its histology. A node that was only assumed gives way to the histology."""
        if reading.kind not in ("primary", "neoplasm"):
            return reading
        stated = self.organ(reading.node) if reading.node and reading.assumes else reading.node
        node = self.refine(stated, morphology, site or reading.topography)
        if node == stated:
            return replace(reading, morphology=_morphology(morphology) or reading.morphology)
        kind: TumourKind = "primary" if node else "neoplasm"
        why = f"{reading.why}; histology {morphology}"
        return replace(reading, kind=kind, node=node, morphology=_morphology(morphology), why=why, assumes=None)

    def at_site(self, reading: TumourReading, site: str | None) -> TumourReading:
        """A cancer of unknown type, with the organ of its ICD-O-3 or ICD-10 site; any other reading unchanged."""
        found = self._site(site)
        if reading.node or not reading.malignant or reading.kind != "neoplasm" or found is None or found.node is None:
            return reading
        why = f"{reading.why}; site: {found.title}"
        return replace(reading, kind="primary", node=found.node, topography=site, why=why)

    # --- one coding ---------------------------------------------------------------------------------------------------

    def _from_icd10(self, family: str, code: str) -> TumourReading | None:
        found = _ICD10.fullmatch(code.strip().upper())
        if found is None:
            return None
        key = found.group(1) + found.group(2)
        rules = self._tables.icd10[family]
        rule = next((rules[key[:size]] for size in range(len(key), 0, -1) if key[:size] in rules), None)
        label = f"ICD-10 {code.strip()}"
        if rule is None:
            return _none(f"{label} is not the code of a malignant neoplasm")
        own = f"{key[:3]}.{key[3]}" if key[3:] else key[:3]
        is_site = "C00" <= key[:3] <= "C76" and self._site(own) is not None
        malignant = rule.kind == "primary" or (rule.kind == "neoplasm" and key[0] == "C")
        return replace(_reading(rule, label), topography=rule.site or (own if is_site else None), malignant=malignant)

    def _from_icdo3(self, code: str) -> TumourReading | None:
        stated = code.partition("[")[0]  # ICD-O lists print the usual site of a histology in square brackets
        morphology, site = _morphology(stated), _topography(stated)
        if morphology is not None:
            return self._from_morphology(morphology, f"ICD-O-3 {code.strip()}", site)
        found = self._site(site)
        if found is None:
            return None
        kind: TumourKind = "primary" if found.node else "neoplasm"
        why = f"ICD-O-3 {code.strip()}: {found.title}, histology not stated"
        return TumourReading(kind, found.node, None, why, topography=site, malignant=kind == "primary")

    def _from_morphology(self, morphology: str, label: str, site: str | None = None) -> TumourReading:
        invasive = morphology.endswith("/3")
        node = self.refine(None, morphology, site) if invasive or morphology in self._tables.anywhere else None
        if site and node is None and invasive and (found := self._site(site)):
            node = found.node
        if node:
            why = f"{label}: histology {morphology} of {self.tree.name(node)}"
            return TumourReading("primary", node, morphology, why, topography=site, malignant=True)
        behaviour = morphology.partition("/")[2]
        kind = _KIND_OF_BEHAVIOUR.get(behaviour, "neoplasm")
        why = f"{label}: histology {morphology}, {_BEHAVIOURS.get(behaviour, 'behaviour not stated')}"
        return TumourReading(kind, None, morphology, why, topography=site, malignant=invasive)

    def _from_snomed(self, code: str) -> TumourReading | None:
        found = _SNOMED.fullmatch(code)
        if found is None:
            return None
        concept = found.group(1)
        if concept in self._tables.body_sites:
            return replace(_none(f"SNOMED CT {concept} is a site"), topography=self._tables.body_sites[concept])
        return self._from_table("snomed", concept, f"SNOMED CT {concept}")

    def _from_ncit(self, code: str) -> TumourReading | None:
        if (reading := self._from_table("ncit", code, f"NCIt {code}")) is not None:
            return reading
        node = None if code in self._tables.references_not_used else self.tree.by_nci(code)
        if node is None:
            return None
        if self._is_organ(node) or self.tree.parent(node) is None:
            return _none(f"NCIt {code} is a site: {self.tree.name(node)}")
        return self._from_oncotree(node)

    def _from_table(self, family: str, code: str, label: str) -> TumourReading | None:
        if rule := self._tables.diagnoses[family].get(code):
            return replace(_reading(rule, label), malignant=rule.malignant or rule.kind == "primary")
        morphology = self._tables.morphologies[family].get(code)
        return self._from_morphology(morphology, label) if morphology else None

    def _from_oncotree(self, code: str) -> TumourReading:
        known = [self._tables.former_codes.get(code, code), self._tables.former_codes.get(code.upper(), code.upper())]
        node = next((candidate for candidate in known if candidate in self.tree), None)
        if node is None:
            return TumourReading("neoplasm", None, None, f"OncoTree has no code {code}")
        if node in self._tables.not_invasive:
            return TumourReading(
                "neoplasm", None, None, f"OncoTree {code}: {self.tree.name(node)} is no invasive cancer"
            )
        return TumourReading("primary", node, None, f"OncoTree {code}: {self.tree.name(node)}", malignant=True)

    def _from_display(self, display: str | None) -> TumourReading:
        if not display or not self.looks_like_cancer(display):
            return _none("neither the code nor its display names a cancer")
        plain = plain_text(display)
        if self._tables.words["history"].within(plain):
            return TumourReading("history", None, None, "the code is not known, its display tells a history of cancer")
        if self._tables.words["secondary"].within(plain) and " primary " not in f" {plain} ":
            return TumourReading("secondary", None, None, "the code is not known, its display tells a metastasis")
        return TumourReading("neoplasm", None, None, "the code is not known, its display looks like a cancer")

    # --- sites and histologies ----------------------------------------------------------------------------------------

    def _site(self, code: str | None) -> Site | None:
        place = _topography(code) if code else None
        return self._tables.sites.get(undotted(place)) or self._tables.sites.get(place[:3]) if place else None

    def _at_sites(self, node: str | None, histology: str, site: Site | None) -> str | None:
        """The histology's node at the site, or what it can be at every site below the node."""
        if site is not None and self._fits(node, site):
            return self._tables.by_site.get(site.name, {}).get(histology) or self._tables.anywhere.get(histology)
        if node is None:
            return self._tables.anywhere.get(histology)
        sites = {entry for entry in self._tables.sites.values() if entry.node and self.tree.is_a(node, entry.node)}
        found = {
            self._tables.by_site.get(entry.name, {}).get(histology) or self._tables.anywhere.get(histology)
            for entry in sites
        }
        fitting = {result for result in found if result and self.tree.is_a(result, node)}
        if self._is_organ(node):
            return self.common({result or node for result in found}) if found else self._tables.anywhere.get(histology)
        if fitting:
            return self.common(fitting)
        return self.common({result for result in found if result}) or self._tables.anywhere.get(histology)

    def _fits(self, node: str | None, site: Site) -> bool:
        if node is None or site.node is None:
            return node is None
        return self.tree.is_a(node, site.node)

    def _is_organ(self, node: str) -> bool:
        """Whether a node only names an organ: the nodes directly below the root."""
        return len(self.tree.ancestors(node)) == 1

    def organ(self, node: str) -> str:
        """The node directly below the root that covers a node."""
        return (node, *self.tree.ancestors(node))[-2]

    def common(self, nodes: Iterable[str]) -> str | None:
        """The nearest node that covers all, None if that is only the root."""
        first, *others = sorted(nodes) or [""]
        if not first:
            return None
        chain = (first, *self.tree.ancestors(first))
        node = next(entry for entry in chain if all(self.tree.is_a(other, entry) for other in others))
        return node if self.tree.parent(node) is not None else None


_KIND_OF_BEHAVIOUR: Mapping[str, TumourKind] = {"0": "none", "3": "morphology", "6": "secondary"}
_BEHAVIOURS = {
    "0": "benign",
    "1": "uncertain whether benign or malignant",
    "2": "in situ",
    "3": "site not stated",
    "6": "a metastasis",
    "9": "uncertain whether primary or a metastasis",
}


def _none(why: str) -> TumourReading:
    return TumourReading("none", None, None, why)


def _reading(rule: TumourRule, label: str) -> TumourReading:
    why = f"{label}: {rule.title}" + (f", taken as {rule.assumes}" if rule.assumes else "")
    return TumourReading(rule.kind, rule.node, None, why, rule.site, rule.assumes, rule.kind == "primary")


def _morphology(code: str) -> str | None:
    """An ICD-O-3 morphology in one spelling: ``8140/3`` for ``M8140/3``, ``81403``, ``80463/3 Carcinoma``."""
    found = _MORPHOLOGY.search(code.upper())
    if found is None:
        return None
    behaviour = found.group(3) or found.group(2)
    return f"{found.group(1)}/{behaviour}" if behaviour else found.group(1)


def _topography(code: str) -> str | None:
    """An ICD-O-3 or ICD-10 site in one spelling: ``C34.1`` for ``C341``, ``C34.12``, ``8140/3-C34.1``."""
    found = _TOPOGRAPHY.search(code.upper())
    if found is None:
        return None
    digit = found.group(2) or found.group(3)
    return f"C{found.group(1)}.{digit}" if digit else f"C{found.group(1)}"
