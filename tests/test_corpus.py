"""Real FHIR files nobody here wrote: every fact a careful human reads, and nothing that must not be claimed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cds_service import Advisor
from cds_service.codec import loads
from fhir_mappings import PatientRecord
from knowledge.yaml_files import read_yaml
from tests.conftest import TODAY
from tests.corpus_index import Expected, read_index

FORBIDDEN: dict[str, list[dict[str, Any]]] = read_yaml(Path(__file__).parent / "data" / "forbidden_claims.yaml")

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def records(corpus: Path, advisor: Advisor) -> dict[str, PatientRecord]:
    files = sorted((corpus / "fixtures").glob("*.json"))
    assert files, "the corpus is empty"
    return {path.name: advisor.record(loads(path.read_bytes())) for path in files}


def test_every_fact_of_the_built_kinds_is_found(
    corpus: Path, records: dict[str, PatientRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [entry for entry in read_index(corpus) if entry.is_built]
    found: Counter[str] = Counter()
    missed = []
    for entry in expected:
        matching = sum(1 for fact in records[entry.file].facts if entry.matches(fact))
        if matching >= entry.count():
            found[entry.kind] += 1
        else:
            missed.append(_described(entry, matching))
    total = Counter(entry.kind for entry in expected)
    with capsys.disabled():
        print(f"\ncorpus: {sum(found.values())} of {len(expected)} facts found ({_by_kind(found, total)})")
    assert not missed, "\n".join(missed)


def test_nothing_is_claimed_that_must_not_be(
    records: dict[str, PatientRecord], capsys: pytest.CaptureFixture[str]
) -> None:
    claims = [
        f"{file}: {fact.to_json()} matches {pattern}"
        for file, patterns in FORBIDDEN.items()
        for pattern in patterns
        for fact in records[file].facts
        if _matches(pattern, fact.to_json())
    ]
    with capsys.disabled():
        print(f"\ncorpus: {len(claims)} forbidden claims in {len(FORBIDDEN)} files with prohibitions")
    assert not claims, "\n".join(claims)


def test_every_file_evaluates_and_serialises(records: dict[str, PatientRecord], advisor: Advisor) -> None:
    for record in records.values():
        for finding in advisor.findings(record, TODAY):
            assert finding.to_json()["outcome"] in ("met", "verify", "test", "unmet", "applies", "clear")


def _matches(pattern: dict[str, Any], fact: dict[str, Any]) -> bool:
    flat = fact | {"source": fact["source"]["reference"]}
    return all(name in flat and (wanted == "any" or flat[name] == wanted) for name, wanted in pattern.items())


def _described(entry: Expected, matching: int) -> str:
    wanted = "; ".join(f"{key}={value}" for key, value in entry.comparable())
    return f"{entry.file}: {entry.kind}: {wanted} ({matching} of {entry.count()} found)"


def _by_kind(found: Counter[str], total: Counter[str]) -> str:
    return ", ".join(f"{kind} {found[kind]}/{total[kind]}" for kind in sorted(total))
