"""Twenty thousand damaged resources, made from the official examples: all are read, none makes the reader fail."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service import Advisor
from cds_service.codec import loads
from tests.conftest import TODAY
from tests.npm_packages import example_files
from tests.test_official_examples import PACKAGES

pytestmark = pytest.mark.network

EXAMPLES, PER_EXAMPLE = 1_000, 20
_READ = {"Observation", "Condition", "DiagnosticReport", "Patient", "Bundle", "Parameters", "Procedure"}
_READ |= {"MedicationStatement", "MedicationRequest", "MedicationAdministration", "Medication"}

damaging_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.text(max_size=30),
    st.sampled_from(["", " ", "p.", "c.", "::", "#", "/", "NM_:c.1A>G", "9" * 400, "p.Val600", "HGVS", "-", "%"]),
    st.sampled_from(
        [[], {}, [[]], [{}], [None], {"coding": None}, {"coding": [None]}, {"value": {}}, {"reference": 1}]
    ),
)


@pytest.fixture(scope="module")
def resources() -> list[Any]:
    documents = [loads(path.read_bytes()) for package in PACKAGES for path in example_files(*package)]
    return [document for document in documents if document.get("resourceType") in _READ]


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), value=damaging_values)
def test_damaged_resources_are_read(advisor: Advisor, resources: list[Any], seed: int, value: Any) -> None:
    random = Random(seed)
    for _ in range(PER_EXAMPLE):
        damaged = copy.deepcopy(random.choice(resources))
        for _ in range(random.randint(1, 3)):
            _damage(damaged, value, random)
        record = advisor.record(damaged)
        advisor.findings(record, TODAY)
        record.to_json()


def test_the_number_of_damaged_resources(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{EXAMPLES * PER_EXAMPLE} damaged resources are read in each run")
    assert EXAMPLES * PER_EXAMPLE >= 20_000


def _damage(document: Any, value: Any, random: Random) -> None:
    """Replace, remove or repeat one element, found by a random walk."""
    holder = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = random.choice(keys)
        child = holder[key]
        if isinstance(child, dict | list) and child and random.random() < 0.75:
            holder = child
            continue
        action = random.random()
        if action < 0.6:
            # A copy: the same object at two places could come to contain itself, which no JSON does.
            holder[key] = copy.deepcopy(value)
        elif action < 0.8:
            del holder[key]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(child))
        else:
            holder[key] = [child, copy.deepcopy(child)]
        return
