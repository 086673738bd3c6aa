"""The Markdown detail of each kind of advice: what was found, when, what is missing, and on what basis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cards.advice import MissingTest, SafetyAlert, TestsFirst, TherapyOptions, TumourUnclear
from cards.markdown import bullet, escape, link
from knowledge.evaluation import Finding
from knowledge.facts import Fact
from knowledge.statements import Indication, Medicine, Partner, TestRequirement
from knowledge.wording import describe, describe_alteration, describe_fact

_REQUIREMENTS = {
    "ce-ivd-or-validated": "CE-marked test with this intended purpose, otherwise a validated test",
    "validated-test": "validated test",
    "experienced-laboratory": "laboratory with demonstrated proficiency",
    "not-stated": "kind of test not stated in the label",
}


@dataclass(frozen=True, slots=True)
class Basis:
    """What every card states about its own basis."""

    release: str
    unread: int = 0
    incomplete: bool = False


def options_detail(advice: TherapyOptions, basis: Basis) -> str:
    """The options with what remains to be verified for each."""
    lines = ["**What the EU label supports for this finding**", ""]
    for medicine in advice.medicines:
        lines += _medicine_lines(medicine, [f for f in advice.findings if f.medicine is medicine])
    if advice.vetoed:
        lines += ["", "**Not supported here**", ""]
        lines += _veto_lines(advice.vetoed)
    lines += _test_lines(advice.findings)
    lines += _evidence_lines(advice.evidence)
    return "\n".join(lines + _basis_lines(basis, advice.findings))


def tests_detail(advice: TestsFirst, basis: Basis) -> str:
    """Each missing analyte with the options that wait for it and what the labels require of the test."""
    lines = ["**No usable result in the record for**", ""]
    for missing in advice.missing:
        lines.append(bullet(f"**{escape(missing.analyte)}**: {escape(_waiting_medicines(missing))}"))
        lines += [bullet(escape(text), 1) for text in _requirement_texts(missing)]
    if advice.known:
        names = ", ".join(entry.analyte for entry in advice.known)
        lines += ["", escape(f"Tested, but not in the detail that a label asks for: {names}.")]
    lines += _evidence_lines(advice.tumours)
    findings = [finding for missing in advice.missing for finding in missing.findings]
    return "\n".join(lines + _basis_lines(basis, findings))


def unclear_detail(advice: TumourUnclear, basis: Basis) -> str:
    """The biomarkers and the diagnosis that keeps their labels from being judged."""
    names = ", ".join(sorted(medicine.inn for medicine in advice.medicines))
    lines = [
        escape(f"EU labels that ask for these biomarkers also ask for a tumour type, and {advice.note}."),
        "",
        escape(f"Not judged for this reason: {names}."),
    ]
    lines += _evidence_lines([*advice.biomarkers, *advice.diagnoses])
    return "\n".join(lines + _basis_lines(basis, ()))


def safety_detail(advice: SafetyAlert, basis: Basis) -> str:
    """The consequence that the label draws."""
    finding = advice.finding
    statement = finding.statement
    consequence = "" if isinstance(statement, Indication) else statement.consequence
    lines = [f"**{escape(finding.medicine.brand)} ({escape(finding.medicine.inn)})**: {escape(consequence)}", ""]
    lines.append(_label_link(finding.medicine))
    lines += _evidence_lines(advice.evidence)
    return "\n".join(lines + _basis_lines(basis, [finding]))


def _medicine_lines(medicine: Medicine, findings: Sequence[Finding]) -> list[str]:
    conditional = ", conditional authorisation" if medicine.conditional else ""
    lines = [bullet(f"**{escape(medicine.brand)}** ({escape(medicine.inn)}{conditional}), {_label_link(medicine)}")]
    for finding in findings:
        statement = finding.statement
        if isinstance(statement, Indication):
            missing = open_questions(finding)
            to_verify = f" To verify: {escape('; '.join(missing))}." if missing else " All criteria met in the record."
            lines.append(bullet(f"{escape(statement.summary)}.{to_verify}", 1))
    return lines


def open_questions(finding: Finding) -> list[str]:
    """What a clinician has to verify, in words, each once."""
    return [describe(criterion) for criterion in finding.open_criteria()]


def partner_name(partner: Partner) -> str:
    """A combination partner in words."""
    if partner.text:
        return partner.text
    return " or ".join(partner.inns) or (partner.drug_class or "").replace("-", " ")


def _veto_lines(findings: Iterable[Finding]) -> list[str]:
    """One line for each recorded resistance with the regimens that it closes."""
    regimens: dict[str, dict[str, None]] = {}
    for finding in findings:
        partners = finding.statement.partners if isinstance(finding.statement, Indication) else ()
        regimen = " with ".join([finding.medicine.inn, *map(partner_name, partners)])
        regimens.setdefault((finding.veto.note if finding.veto else None) or "", {})[regimen] = None
    return [bullet(f"{escape(', '.join(names))}: {escape(why)}") for why, names in regimens.items()]


def _label_link(medicine: Medicine) -> str:
    return link(f"EU label of {medicine.label.date.isoformat()}", medicine.label.url)


def _test_lines(findings: Iterable[Finding]) -> list[str]:
    texts = {
        _test_text(test): None
        for finding in findings
        for test in finding.statement.tests
        if test.negative_plasma_retest_in_tissue
    }
    return ["", "**Test behind it**", "", *(bullet(escape(text)) for text in texts)] if texts else []


def _requirement_texts(missing: MissingTest) -> list[str]:
    by_text: dict[str, list[str]] = {}
    for medicine, test in missing.requirements:
        by_text.setdefault(_test_text(test), []).append(medicine.brand)
    return [f"{text} ({', '.join(dict.fromkeys(brands))})" for text, brands in by_text.items()]


def _test_text(test: TestRequirement) -> str:
    specimen = f" in {' or '.join(test.specimen)}" if test.specimen else ""
    retest = "; a negative plasma result is to be repeated in tissue" if test.negative_plasma_retest_in_tissue else ""
    return f"{test.analyte}{specimen}: {_REQUIREMENTS[test.requirement]}{retest}"


def _waiting_medicines(missing: MissingTest) -> str:
    names = sorted({finding.medicine.inn for finding in missing.findings})
    return "needed to judge " + ", ".join(names)


def _evidence_lines(facts: Sequence[Fact]) -> list[str]:
    if not facts:
        return []
    lines = ["", "**Evidence used**", ""]
    for fact in facts:
        when = f", {fact.date}" if fact.date else ", undated"
        lines.append(bullet(f"{escape(describe_fact(fact))} ({escape(fact.source.reference + when)})"))
        lines += [bullet(escape(f"note: {warning}"), 1) for warning in fact.warnings]
    return lines


def _basis_lines(basis: Basis, findings: Iterable[Finding]) -> list[str]:
    unsigned = any(finding.statement.review.clinical_signoff is None for finding in findings)
    texts = [f"Knowledge release {basis.release}."]
    if unsigned:
        texts.append("These statements have not been signed off by a clinician.")
    if basis.unread:
        results = "result was" if basis.unread == 1 else "results were"
        texts.append(f"{basis.unread} {results} not interpreted.")
    if basis.incomplete:
        texts.append("The record that was sent is incomplete.")
    return ["", escape(" ".join(texts))]


def finding_names(facts: Iterable[Fact]) -> list[str]:
    """Short names of findings for a summary, each once."""
    return list(dict.fromkeys(describe_alteration(fact) for fact in facts))
