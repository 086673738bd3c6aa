"""The Markdown detail of each kind of advice: what was found, when, what is missing, and on what basis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cards.advice import GermlineFollowUp, MissingTest, SafetyAlert, TestsFirst, TherapyOptions, TumourUnclear
from cards.lists import in_full, listed
from cards.markdown import MAX_OWN_TEXT, bullet, escape, link
from cards.named_tests import named_test_lines
from knowledge.criteria import Criterion
from knowledge.evaluation import Finding
from knowledge.facts import Fact, Kind, State
from knowledge.language import ENGLISH, Language, phrase
from knowledge.statement_wording import describe_newer_label, describe_partner, describe_test
from knowledge.statements import Indication, Medicine, TestRequirement
from knowledge.wording import describe, describe_alteration, describe_fact

#: What a card calls the data of a FHIR resource type.
MISSING_DATA: dict[str, str] = {
    "Patient": phrase("patient data"),
    "Condition": phrase("diagnoses"),
    "Observation": phrase("results"),
    "DiagnosticReport": phrase("reports"),
    "MedicationStatement": phrase("medication statements"),
    "MedicationRequest": phrase("medication orders"),
    "MedicationAdministration": phrase("administered medications"),
    "Procedure": phrase("procedures"),
    "ServiceRequest": phrase("ordered tests"),
}


@dataclass(frozen=True, slots=True)
class Basis:
    """What every card states about its own basis. ``missing``: FHIR types that did not come in full."""

    release: str
    unread: int = 0
    incomplete: bool = False
    missing: tuple[str, ...] = ()


def options_detail(advice: TherapyOptions, basis: Basis, say: Language = ENGLISH) -> str:
    """The options with what remains to be verified for each."""
    lines = [f"**{say('What the EU label supports for this finding')}**", ""]
    for medicine in advice.medicines:
        lines += _medicine_lines(medicine, [f for f in advice.findings if f.medicine is medicine], say)
    if advice.vetoed:
        lines += ["", f"**{say('Not supported here')}**", ""]
        lines += _veto_lines(advice.vetoed, say)
    lines += _test_lines(advice.findings, say)
    lines += evidence_lines(advice.evidence, say)
    return "\n".join(lines + basis_lines(basis, advice.findings, say))


def missing_tests_detail(advice: TestsFirst, basis: Basis, say: Language = ENGLISH) -> str:
    """Each missing analyte with the options that wait for it and what the labels require of the test."""
    lines = [f"**{say('No usable result in the record for')}**", ""]
    for missing in advice.missing:
        lines.append(bullet(f"**{escape(say(missing.analyte))}**: {_waiting_medicines(missing, say)}"))
        lines += requirement_lines(missing.requirements, say)
        lines += named_test_lines(missing.findings, missing.analyte, say)
    if advice.known:
        names = in_full((say(entry.analyte) for entry in advice.known), ", ")
        lines += ["", say("Tested, but not in the detail that a label asks for: {analytes}.", analytes=names)]
    if advice.awaited:
        names = in_full((say(entry.analyte) for entry in advice.awaited), ", ")
        lines += ["", say("Ordered, no result in the record yet: {analytes}.", analytes=names)]
    if advice.agnostic:
        names = in_full(map(say, advice.agnostic), ", ")
        lines += [
            "",
            say("Labels for tumours of any type, after other options, also ask for: {analytes}.", analytes=names),
        ]
    lines += evidence_lines(advice.tumours, say)
    findings = [finding for missing in advice.missing for finding in missing.findings]
    return "\n".join(lines + basis_lines(basis, findings, say))


def unclear_detail(advice: TumourUnclear, basis: Basis, say: Language = ENGLISH) -> str:
    """The biomarkers and the diagnosis that keeps their labels from being judged."""
    names = sorted({say.drug(medicine.inn) for medicine in advice.medicines})
    lines = [
        escape(
            say(
                "EU labels that ask for these biomarkers also ask for a tumour type, and {reason}.",
                reason=say(advice.note),
            )
        ),
        "",
        listed(lambda drugs: say("Not judged for this reason: {drugs}.", drugs=drugs), names, say),
    ]
    lines += evidence_lines([*advice.biomarkers, *advice.diagnoses], say)
    return "\n".join(lines + basis_lines(basis, (), say))


def germline_detail(advice: GermlineFollowUp, basis: Basis, say: Language = ENGLISH) -> str:
    """Why a finding in the tumour may concern the family too."""
    text = say(
        "A pathogenic variant of this gene in a tumour is often germline, whatever the tumour type (ESMO Precision "
        "Medicine Working Group, 2023). Germline testing and genetic counselling can be considered."
    )
    lines = [escape(text), *evidence_lines(advice.variants, say)]
    return "\n".join(lines + basis_lines(basis, (), say))


def safety_detail(advice: SafetyAlert, basis: Basis, say: Language = ENGLISH) -> str:
    """The consequence that the label draws."""
    finding = advice.finding
    statement = finding.statement
    consequence = "" if isinstance(statement, Indication) else statement.consequence
    name = f"**{escape(finding.medicine.brand)} ({escape(say.drug(finding.medicine.inn))})**"
    lines = [f"{name}: {escape(say(consequence), MAX_OWN_TEXT)}", ""]
    lines.append(label_link(finding.medicine, say))
    lines += evidence_lines(advice.evidence, say)
    return "\n".join(lines + basis_lines(basis, [finding], say))


def _medicine_lines(medicine: Medicine, findings: Sequence[Finding], say: Language) -> list[str]:
    conditional = f", {say('conditional authorisation')}" if medicine.conditional else ""
    lines = [
        bullet(
            f"**{escape(medicine.brand)}** ({escape(say.drug(medicine.inn))}{conditional}), {label_link(medicine, say)}"
        )
    ]
    for finding in findings:
        statement = finding.statement
        if isinstance(statement, Indication):
            missing = open_questions(finding, say)
            verdict = (
                say("To verify: {questions}.", questions=in_full(missing))
                if missing
                else say("All criteria met in the record.")
            )
            lines.append(bullet(f"{escape(say(statement.summary), MAX_OWN_TEXT)}. {verdict}", 1))
    if copies := _copies(medicine, findings):
        text = listed(lambda brands: say("the same in the label of {brands}", brands=brands), copies, say)
        lines.append(bullet(text, 1))
    return lines


def _copies(medicine: Medicine, findings: Sequence[Finding]) -> list[str]:
    """The generics and biosimilars whose own label carries every one of these indications."""
    carried = [{copy.name for copy in medicine.copies_with(finding.statement)} for finding in findings]
    return sorted(set.intersection(*carried)) if carried else []


def open_questions(finding: Finding, say: Language = ENGLISH) -> list[str]:
    """What a clinician has to verify, in words, each once."""
    return [_described(criterion, say) for criterion in finding.open_criteria()]


@lru_cache(maxsize=4096)
def _described(criterion: Criterion, say: Language) -> str:
    """Criteria are those of the knowledge base, and the same ones are open for most patients."""
    return describe(criterion, say)


def _veto_lines(findings: Iterable[Finding], say: Language) -> list[str]:
    """One line for each recorded resistance with the regimens that it closes."""
    regimens: dict[str, dict[str, None]] = {}
    for finding in findings:
        partners = finding.statement.partners if isinstance(finding.statement, Indication) else ()
        names = [describe_partner(partner, say) for partner in partners]
        regimen = say(" with ").join([say.drug(finding.medicine.inn), *names])
        regimens.setdefault((finding.veto.note if finding.veto else None) or "", {})[regimen] = None
    return [bullet(f"{in_full(names, ', ')}: {escape(say(why), MAX_OWN_TEXT)}") for why, names in regimens.items()]


def label_link(medicine: Medicine, say: Language = ENGLISH) -> str:
    """A link to the label, with its date."""
    return link(say("EU label of {date}", date=medicine.label.date.isoformat()), medicine.label.url)


def _test_lines(findings: Iterable[Finding], say: Language) -> list[str]:
    texts = {
        describe_test(test, say): None
        for finding in findings
        for test in finding.statement.tests
        if test.negative_plasma_retest_in_tissue
    }
    return ["", f"**{say('Test behind it')}**", "", *(bullet(escape(text)) for text in texts)] if texts else []


def requirement_lines(requirements: Iterable[tuple[Medicine, TestRequirement]], say: Language = ENGLISH) -> list[str]:
    """What the labels require of a test, each wording once with the medicines whose label has it."""
    by_text: dict[str, list[str]] = {}
    for medicine, test in requirements:
        by_text.setdefault(describe_test(test, say), []).append(medicine.brand)
    return [
        bullet(f"{escape(text)} ({listed(str, dict.fromkeys(brands), say)})", 1) for text, brands in by_text.items()
    ]


def _waiting_medicines(missing: MissingTest, say: Language) -> str:
    names = sorted({say.drug(finding.medicine.inn) for finding in missing.findings})
    return listed(lambda drugs: say("needed to judge {drugs}", drugs=drugs), names, say)


def evidence_lines(facts: Sequence[Fact], say: Language = ENGLISH) -> list[str]:
    """The facts that decided, with their source and date."""
    if not facts:
        return []
    lines = ["", f"**{say('Evidence used')}**", ""]
    for fact in facts:
        when = f", {fact.date}" if fact.date else f", {say('undated')}"
        lines.append(bullet(f"{escape(describe_fact(fact, say))} ({escape(fact.source.reference + when)})"))
        lines += [bullet(escape(say("note: {warning}", warning=say(warning))), 1) for warning in fact.warnings]
    return lines


def basis_lines(basis: Basis, findings: Iterable[Finding], say: Language = ENGLISH) -> list[str]:
    """What the card rests on: knowledge release and its state of review, what of the record was not read."""
    findings = tuple(findings)
    unsigned = any(finding.statement.review.clinical_signoff is None for finding in findings)
    texts = [say("Knowledge release {release}.", release=basis.release)]
    texts += dict.fromkeys(filter(None, (describe_newer_label(finding.medicine, say) for finding in findings)))
    if unsigned:
        texts.append(say("These statements have not been signed off by a clinician."))
    if basis.unread:
        texts.append(
            say.plural("{count} result was not interpreted.", "{count} results were not interpreted.", basis.unread)
        )
    if basis.incomplete:
        texts.append(say("The record that was sent is incomplete."))
    if basis.missing:
        names = ", ".join(say(MISSING_DATA.get(kind, kind)) for kind in basis.missing)
        texts.append(say("Not received, or not in full: {names}.", names=names))
    return ["", in_full(texts, " ")]


def alerting_facts(finding: Finding) -> list[Fact]:
    """The results for which a safety statement applies; none where it applies because one is missing."""
    return [fact for fact in finding.deciding_facts() if fact.kind not in (Kind.DISEASE, Kind.DEMOGRAPHIC)]


def missing_data_in(detail: str, say: Language = ENGLISH) -> str | None:
    """The sentence of a card's detail that names what was not received; ``None`` if nothing is missing."""
    beginning = say("Not received, or not in full: {names}.", names="").rstrip(".")
    _, found, rest = detail.partition(beginning)
    return f"{found}{rest.partition('.')[0]}." if found else None


def finding_names(facts: Iterable[Fact], say: Language = ENGLISH) -> list[str]:
    """Short names of findings for a summary, each once."""
    return list(dict.fromkeys(_finding_name(fact, say) for fact in facts))


def _finding_name(fact: Fact, say: Language) -> str:
    if fact.state is State.ABSENT:
        return describe_fact(fact)
    if fact.kind is Kind.EXPRESSION and fact.state is State.PRESENT and fact.value is None:
        return say("{marker} positive", marker=describe_alteration(fact, say))
    return describe_alteration(fact, say)
