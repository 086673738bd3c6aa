"""CDS Hooks cards (2.0.1) from findings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cards.advice import Advice, SafetyAlert, TestsFirst, TherapyOptions, TumourUnclear, patient_view_advice
from cards.details import Basis, finding_names, options_detail, safety_detail, tests_detail, unclear_detail
from cards.summaries import cut, with_names
from knowledge.evaluation import Finding
from knowledge.facts import Fact, Kind, State
from knowledge.statements import Medicine

Card = dict[str, Any]

SOURCE_LABEL = "Oncohooks: EU product information (EMA)"
SOURCE_URL = "https://www.ema.europa.eu/en/medicines"
#: The code system of ``source.topic``: one code for each piece of advice, the same at every call.
TOPIC_SYSTEM = "urn:oncohooks:advice"


def patient_view_cards(
    findings: Sequence[Finding], facts: Iterable[Fact], basis: Basis, new_id: Callable[[], str]
) -> list[Card]:
    """The cards for an opened chart; none if there is nothing to say.

    ``new_id`` gives a fresh unique identifier for each card.
    """
    return [_card(advice, basis, new_id()) for advice in patient_view_advice(findings, facts)]


def _card(advice: Advice, basis: Basis, uuid: str) -> Card:
    match advice:
        case TherapyOptions():
            return _options_card(advice, basis, uuid)
        case TestsFirst():
            return _tests_card(advice, basis, uuid)
        case TumourUnclear():
            return _unclear_card(advice, basis, uuid)
        case SafetyAlert():
            return _safety_card(advice, basis, uuid)


def _options_card(advice: TherapyOptions, basis: Basis, uuid: str) -> Card:
    opening = [fact for fact in advice.evidence if fact.kind is not Kind.DISEASE and fact.state is State.PRESENT]
    opening = [fact for fact in opening if {*fact.genes, fact.marker} & set(advice.key)]
    opened_by = ", ".join(finding_names(opening)) or _without_positive(advice.evidence)
    names = list(dict.fromkeys(medicine.inn for medicine in advice.medicines))
    summary = with_names(f"{opened_by}: EU-label options ", names)
    topic = "options" + "".join(advice.key) if advice.key else "optionsWithoutPositiveBiomarker"
    return _built(uuid, summary, options_detail(advice, basis), "info", topic, advice.medicines)


def _without_positive(facts: Iterable[Fact]) -> str:
    """What stands for the biomarker where no positive result opens the options."""
    facts = list(facts)
    biomarkers = [fact for fact in facts if fact.kind is not Kind.DISEASE]
    genes = list(dict.fromkeys(gene for fact in biomarkers for gene in fact.genes))
    if genes and all(fact.state is State.ABSENT for fact in biomarkers):
        return f"No {' or '.join(genes)} alteration"
    return f"{'/'.join(sorted({fact.tumour for fact in facts if fact.tumour}))}, not opened by a biomarker"


def _tests_card(advice: TestsFirst, basis: Basis, uuid: str) -> Card:
    tumours = sorted({fact.tumour for fact in advice.tumours if fact.tumour})
    where = f"{'/'.join(tumours)}: " if tumours else ""
    sent = "no result sent in an incomplete record for " if basis.incomplete else "no result for "
    summary = with_names(f"{where}test first, {sent}", [missing.analyte for missing in advice.missing])
    return _built(uuid, summary, tests_detail(advice, basis), "info", f"testsFirst{''.join(tumours)}", ())


def _unclear_card(advice: TumourUnclear, basis: Basis, uuid: str) -> Card:
    names = finding_names(advice.biomarkers)
    summary = with_names("Tumour type unclear, EU labels not judged for ", names) if names else "Tumour type unclear"
    return _built(uuid, summary, unclear_detail(advice, basis), "info", "tumourUnclear", ())


def _safety_card(advice: SafetyAlert, basis: Basis, uuid: str) -> Card:
    finding = advice.finding
    found = ", ".join(finding_names(fact for fact in advice.evidence if fact.kind is not Kind.DISEASE))
    summary = cut(f"{finding.medicine.inn}: {found}")
    indicator = "critical" if getattr(finding.statement, "category", "") == "contraindication" else "warning"
    return _built(
        uuid, summary, safety_detail(advice, basis), indicator, f"safety{finding.statement.id}", (finding.medicine,)
    )


def _built(uuid: str, summary: str, detail: str, indicator: str, topic: str, medicines: Iterable[Medicine]) -> Card:
    card: Card = {
        "uuid": uuid,
        "summary": cut(summary),
        "detail": detail,
        "indicator": indicator,
        "source": {
            "label": SOURCE_LABEL,
            "url": SOURCE_URL,
            # Epic accepts letters and digits only, at most 100 of them.
            "topic": {"system": TOPIC_SYSTEM, "code": re.sub(r"[^A-Za-z0-9]", "", topic)[:100]},
        },
    }
    links = [
        {"label": f"{medicine.brand}: EU label", "url": medicine.label.url, "type": "absolute"}
        for medicine in medicines
    ]
    return card | {"links": links} if links else card
