"""From a medicine's YAML document, which the JSON Schema has checked, to its statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from knowledge.alterations import AlterationCatalogue
from knowledge.criteria import (
    AgeBetween,
    AllOf,
    AnyOf,
    ByAnyTest,
    Criterion,
    HadTherapy,
    HasCopyNumber,
    HasCytogenetics,
    HasExpression,
    HasFusion,
    HasGenotype,
    HasHla,
    HasPhenotype,
    HasSignature,
    HasTumour,
    HasVariant,
    InDiseaseState,
    InLine,
    InSetting,
    InStage,
    InvalidCriterion,
    Leaf,
    MenopausalStateIs,
    NeedsJudgement,
    NoRecordedResistance,
    Not,
    NotKnown,
    PerformanceAtMost,
    SexIs,
    asks_for_a_gap,
)
from knowledge.drugs import DrugClasses
from knowledge.facts import Origin
from knowledge.labels import Anchor, Label
from knowledge.protein_change import parse_protein_change
from knowledge.statements import (
    Indication,
    Medicine,
    Partner,
    Review,
    SafetyStatement,
    TestRequirement,
    tumour_criterion,
)

Document = Mapping[str, Any]


#: Curated protein statuses, by marker and name: the tests that answer each.
ProteinStatuses = Mapping[tuple[str, str], ByAnyTest]


@dataclass(frozen=True, slots=True)
class CriterionReader:
    """Reads criteria; prior therapies are worded as the drug classes are labelled, protein statuses looked up."""

    drug_classes: DrugClasses
    statuses: ProteinStatuses

    def read(self, data: Document) -> Criterion:
        """Read one criterion: a mapping with a single key that names its type."""
        ((name, value),) = data.items()
        match name:
            case "all_of":
                return AllOf(tuple(self.read(child) for child in value))
            case "any_of":
                return AnyOf(tuple(self.read(child) for child in value))
            case "not":
                return Not(self.read(value))
            case "not_known":
                return NotKnown(self.read(value))
            case "by_any_test":
                return ByAnyTest(tuple(self.read(test) for test in value))
            case "had_therapy":
                return self._had_therapy(value)
            case "expression" if "status" in value:
                return self._status(value)
        return _LEAVES[name](value)

    def _had_therapy(self, value: Document) -> HadTherapy:
        name = value.get("class")
        label = self.drug_classes[name].label if name and name in self.drug_classes else None
        return HadTherapy(value.get("inn"), name, value.get("course"), label, value.get("regimens", 1))

    def _status(self, value: Document) -> ByAnyTest:
        marker, name = value["marker"], value["status"]
        if set(value) != {"marker", "status"}:
            raise InvalidCriterion(f"{marker} {name}: a status stands without a score, bound or class")
        if (marker, name) not in self.statuses:
            raise InvalidCriterion(f"no status {name!r} is defined for {marker}")
        return self.statuses[marker, name]


def read_protein_statuses(data: Document, drug_classes: DrugClasses) -> ProteinStatuses:
    """Build the table of statuses; one may be asked for by those that stand below it."""
    statuses: dict[tuple[str, str], ByAnyTest] = {}
    reader = CriterionReader(drug_classes, statuses)
    for item in data["statuses"]:
        key = (item["marker"], item["status"])
        if key in statuses:
            raise InvalidCriterion(f"{' '.join(key)} is defined twice")
        statuses[key] = ByAnyTest(tuple(reader.read(test) for test in item["tests"]), item["status"])
    return statuses


def read_medicine(
    data: Document, catalogue: AlterationCatalogue, drug_classes: DrugClasses, statuses: ProteinStatuses
) -> Medicine:
    """Build a medicine. Raises ``InvalidCriterion`` or ``NotationError`` for criteria that mean nothing."""
    about, label = data["medicine"], data["label"]
    reader = CriterionReader(drug_classes, statuses)
    return Medicine(
        brand=about["brand"],
        inn=about["inn"],
        atc=about.get("atc"),
        ema_number=about.get("ema_number"),
        status=about["status"],
        status_date=_date(about["status_date"]),
        conditional=about.get("conditional", False),
        label=Label(label["url"], _date(label["date"]), label.get("document")),
        indications=tuple(_indication(item, about["inn"], catalogue, reader) for item in data["indications"]),
        safety=tuple(_safety(item, reader) for item in data["safety"]),
        not_held=tuple(about.get("not_held", ())),
    )


def _indication(item: Document, inn: str, catalogue: AlterationCatalogue, reader: CriterionReader) -> Indication:
    tumours, excluded = _tumours(item)
    partners = tuple(_partner(partner) for partner in item["with"])
    stated = reader.read(item["when"]) if "when" in item else None
    if stated is not None and asks_for_a_gap(stated):
        raise InvalidCriterion(f"{item['id']}: what is not known opens no indication")
    drugs = frozenset(part.strip() for part in inn.split("/")) | {name for partner in partners for name in partner.inns}
    parts = [
        tumour_criterion(tumours, excluded),
        *(stated.criteria if isinstance(stated, AllOf) else [stated]),
        _age(item),
        *_resistance_vetoes(stated, drugs, catalogue),
    ]
    return Indication(
        id=item["id"],
        tumours=tumours,
        criterion=AllOf(tuple(part for part in parts if part is not None)),
        summary=item["summary"],
        partners=partners,
        tests=_tests(item),
        anchors=_anchors(item),
        review=_review(item),
        rows=tuple(item.get("rows", ())),
        note=item.get("note"),
    )


def _safety(item: Document, reader: CriterionReader) -> SafetyStatement:
    tumours, excluded = _tumours(item)
    parts = [tumour_criterion(tumours, excluded), reader.read(item["when"])]
    return SafetyStatement(
        id=item["id"],
        category=item["category"],
        tumours=tumours,
        criterion=AllOf(tuple(part for part in parts if part is not None)),
        consequence=item["consequence"],
        partners=tuple(_partner(partner) for partner in item.get("with", ())),
        tests=_tests(item),
        anchors=_anchors(item),
        review=_review(item),
        rows=tuple(item.get("rows", ())),
        note=item.get("note"),
    )


def _variant(value: Document) -> HasVariant:
    return HasVariant(
        gene=value["gene"],
        protein=frozenset(str(parse_protein_change(text)) for text in value.get("protein", ())),
        codon=value.get("codon"),
        variant_class=value.get("class"),
        pathogenic=value.get("pathogenic", False),
        origin=Origin(value["origin"]) if "origin" in value else None,
    )


def _expression(value: Document) -> HasExpression:
    score = value.get("score", ())
    return HasExpression(
        marker=value["marker"],
        scores=frozenset({score} if isinstance(score, str) else score),
        at_least=value.get("at_least"),
        below=value.get("below"),
        positive=value.get("positive", False),
        values=frozenset(value.get("is", ())),
    )


_LEAVES: Mapping[str, Callable[[Any], Leaf]] = {
    "variant": _variant,
    "fusion": lambda value: HasFusion(
        value["gene"], value.get("partner"), value.get("or_ihc", False), value.get("or_tumour")
    ),
    "copy_number": lambda value: HasCopyNumber(value["gene"], value["change"]),
    "expression": _expression,
    "signature": lambda value: HasSignature(value["name"], frozenset(value.get("is", ())), value.get("at_least")),
    "genotype": lambda value: HasGenotype(value["gene"], frozenset(value["is"])),
    "phenotype": lambda value: HasPhenotype(value["gene"], frozenset(value["is"])),
    "hla": HasHla,
    "cytogenetics": lambda value: HasCytogenetics(value["change"], value.get("isolated", False), value.get("gene")),
    "tumour": HasTumour,
    "stage": lambda value: InStage(frozenset(value)),
    "setting": InSetting,
    "line": lambda value: InLine(value.get("at_least", 1), value.get("at_most")),
    "performance": lambda value: PerformanceAtMost(value["at_most"]),
    "sex": SexIs,
    "menopause": MenopausalStateIs,
    "disease_state": lambda value: InDiseaseState(frozenset(value)),
    "judgement": NeedsJudgement,
}


def _resistance_vetoes(
    criterion: Criterion | None, drugs: frozenset[str], catalogue: AlterationCatalogue
) -> Iterator[NoRecordedResistance]:
    """Specific beats general: each gene that opens the indication is also asked for recorded resistance.

    A change that the indication itself names cannot close it: nothing is more specific than the label's own words.
    """
    if criterion is None:
        return
    named = _opening_changes(criterion)
    for gene in sorted(_opening_genes(criterion)):
        concerned = drugs & catalogue.resistant_drugs(gene, but_for=named)
        if concerned:
            yield NoRecordedResistance(gene, concerned)


def _opening_genes(criterion: Criterion) -> frozenset[str]:
    """The genes of positively required variants and fusions; what is negated opens nothing."""
    if isinstance(criterion, AllOf | AnyOf):
        return frozenset().union(*(_opening_genes(child) for child in criterion.criteria))
    if isinstance(criterion, HasVariant | HasFusion):
        return frozenset({criterion.gene})
    return frozenset()


def _opening_changes(criterion: Criterion) -> frozenset[tuple[str, str]]:
    """The exact protein changes, each with its gene, that are positively required."""
    if isinstance(criterion, AllOf | AnyOf):
        return frozenset().union(*(_opening_changes(child) for child in criterion.criteria))
    if isinstance(criterion, HasVariant):
        return frozenset((criterion.gene, change) for change in criterion.protein)
    return frozenset()


def _tumours(item: Document) -> tuple[tuple[str, ...], tuple[str, ...]]:
    tumour = item.get("tumour", {})
    return tuple(tumour.get("any_of", ())), tuple(tumour.get("none_of", ()))


def _age(item: Document) -> AgeBetween | None:
    age = item.get("age")
    return AgeBetween(age.get("at_least"), age.get("below"), age.get("at_least_months")) if age else None


def _partner(value: str | Document) -> Partner:
    if isinstance(value, str):
        return Partner(inns=(value,))
    return Partner(
        inns=tuple(value.get("any_of", ())),
        drug_class=value.get("class"),
        text=value.get("text"),
        conditional=value.get("conditional", False),
        supportive=value.get("supportive", False),
    )


def _tests(item: Document) -> tuple[TestRequirement, ...]:
    tests = item.get("test", [])
    return tuple(
        TestRequirement(
            analyte=test["analyte"],
            requirement=test["requirement"],
            specimen=tuple(test.get("specimen", ())),
            negative_plasma_retest_in_tissue=test.get("negative_plasma_retest_in_tissue", False),
            timing=test.get("timing"),
            origin=test.get("origin"),
            anchor=Anchor(test["anchor"]["section"], test["anchor"]["text"]) if "anchor" in test else None,
        )
        for test in (tests if isinstance(tests, list) else [tests])
    )


def _anchors(item: Document) -> tuple[Anchor, ...]:
    return tuple(Anchor(anchor["section"], anchor["text"]) for anchor in item["anchors"])


def _review(item: Document) -> Review:
    review = item["review"]
    second, signed = review["second_review"], review["clinical_signoff"]
    return Review(_date(review["curated"]), _date(second) if second else None, _date(signed) if signed else None)


def _date(value: str) -> date:
    return date.fromisoformat(value)
