"""The official examples of two implementation guides: read without a crash, evaluated with named evidence."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service import Advisor
from cds_service.codec import loads
from knowledge import Kind, State, Verdict
from tests.conftest import TODAY
from tests.npm_packages import example_files

PACKAGES = [("hl7.fhir.uv.genomics-reporting", "3.0.0"), ("hl7.fhir.us.mcode", "4.0.0")]

pytestmark = pytest.mark.network


@pytest.mark.parametrize(("name", "version"), [*PACKAGES, ("hl7.fhir.r4.examples", "4.0.1")])
def test_every_example_is_read(advisor: Advisor, name: str, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = example_files(name, version)
    facts = unread = 0
    for path in files:
        record = advisor.record(loads(path.read_bytes()))
        findings = advisor.findings(record, TODAY)
        assert all(finding.to_json() for finding in findings)
        facts += len(record.facts)
        unread += len(record.unread)
    with capsys.disabled():
        print(f"\n{name} {version}: {len(files)} examples, {facts} facts, {unread} unread")
    assert facts


def _bundle(name: str) -> Path:
    (path,) = (path for path in example_files(*PACKAGES[0]) if path.name == f"Bundle-{name}.json")
    return path


def test_the_oncology_report_names_the_observation_behind_each_finding(advisor: Advisor) -> None:
    record = advisor.record(loads(_bundle("bundle-oncology-report-example").read_bytes()))
    variants = [fact for fact in record.facts if fact.kind is Kind.VARIANT]
    assert len(variants) == 12
    assert all(fact.state is State.PRESENT for fact in variants)
    findings = advisor.findings(record, TODAY)
    decided = {
        (finding.statement.id, fact.source.reference)
        for finding in findings
        for leaf in finding.trace.leaves()
        if leaf.verdict is not Verdict.UNKNOWN
        for fact in leaf.facts
    }
    pik3ca = next(fact.source.reference for fact in variants if fact.protein == "p.His1047Arg")
    nras = next(fact.source.reference for fact in variants if fact.protein == "p.Gly12Cys")
    assert ("piqray-1", pik3ca) in decided
    assert ("vectibix-1", nras) in decided
    assert not [finding for finding in findings if finding.outcome in ("met", "verify")], "no diagnosis was sent"


def test_the_oncology_examples_give_no_tumour_from_context(advisor: Advisor) -> None:
    record = advisor.record(loads(_bundle("bundle-oncologyexamples-r4").read_bytes()))
    assert not [fact for fact in record.facts if fact.kind is Kind.DISEASE]
