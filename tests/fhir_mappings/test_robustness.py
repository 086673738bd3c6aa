"""No JSON, however broken, makes the reader fail; and nothing of a broken resource is invented."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service import Advisor
from tests.conftest import TODAY
from tests.fhir import (
    Json,
    bundle,
    coded,
    coding_dna,
    component,
    condition,
    observation,
    patient,
    pd_l1_tps,
    protein,
    request,
    variant,
    variation,
)

RESOURCES: list[Json] = [
    patient(),
    condition(),
    condition("C34.1", "http://fhir.de/CodeSystem/bfarm/icd-10-gm", id="c2"),
    variant("v1", "EGFR", protein("p.Leu858Arg"), coding_dna("NM_005228.5:c.2573T>G"), variation("EGFR L858R")),
    variant("v2", "ALK", component("48019-4", coded("SO:0001565", "http://www.sequenceontology.org"))),
    variant("v3", "BRAF", present=False),
    pd_l1_tps("p1", 50),
    observation("o1", coded("85147-7"), note=[{"text": "5% tumor proportion score"}]),
    {"resourceType": "DiagnosticReport", "id": "r1", "status": "final", "result": [{"reference": "Observation/v1"}]},
]

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["resourceType", "code", "coding", "component", "subject", "entry", "prefetch", "contained"]
            )
            | st.text(max_size=8),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=25,
)


@given(value=json_values)
def test_any_json_is_read(advisor: Advisor, value: Any) -> None:
    advisor.findings(advisor.record(value), TODAY)


def _places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [place] if place else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        found += _places(child, (*place, name))
    return found


def _mutated(resource: Json, seed: int, replacement: Any) -> Json:
    """The resource with one element replaced or removed."""
    random = Random(seed)
    result = copy.deepcopy(resource)
    *parents, last = random.choice(_places(result))
    holder: Any = result
    for name in parents:
        holder = holder[name]
    if random.random() < 0.3:
        del holder[last]
    else:
        holder[last] = copy.deepcopy(replacement)
    return result


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(index=st.integers(1, len(RESOURCES) - 1), seed=st.integers(0, 10_000), replacement=json_values)
def test_a_mutated_resource_loses_nothing_of_the_others(
    advisor: Advisor, index: int, seed: int, replacement: Any
) -> None:
    others = [resource for position, resource in enumerate(RESOURCES) if position != index]
    damaged = _mutated(RESOURCES[index], seed, replacement)
    whole = {fact.source.reference for fact in advisor.record(bundle(*others)).facts}
    after = advisor.record(bundle(*others, damaged))
    advisor.findings(after, TODAY)
    lost = whole - {fact.source.reference for fact in after.facts}
    # A mutation may turn the resource into another version of one that is there; nothing else may vanish.
    assert all(reference == f"{damaged.get('resourceType')}/{damaged.get('id')}" for reference in lost), lost


def test_a_deeply_nested_document_is_read(advisor: Advisor) -> None:
    nested: Json = variant("v1", "EGFR", protein("p.L858R"))
    for _ in range(200):
        nested = bundle(nested)
    record = advisor.record(nested)
    assert record.warnings


def test_the_order_of_entries_never_matters(advisor: Advisor) -> None:
    expected = set(advisor.record(bundle(*RESOURCES)).facts)
    for seed in range(10):
        shuffled = list(RESOURCES)
        Random(seed).shuffle(shuffled)
        assert set(advisor.record(bundle(*shuffled)).facts) == expected


def test_contained_and_bundled_results_are_the_same(advisor: Advisor) -> None:
    result = variant("v1", "EGFR", protein("p.Leu858Arg"))
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "subject": {"reference": "Patient/p1"},
        "result": [{"reference": "#v1"}],
        "contained": [result],
    }
    contained = advisor.record(bundle(patient(), report))
    bundled = advisor.record(bundle(patient(), result))
    assert not contained.warnings
    assert [fact.protein for fact in contained.facts] == [fact.protein for fact in bundled.facts]


def test_the_same_resource_in_two_bundles_is_read_once(advisor: Advisor) -> None:
    result = variant("v1", "EGFR", protein("p.Leu858Arg"))
    body = request(patient(), condition(), result)
    body["prefetch"]["again"] = bundle(result)
    assert len([fact for fact in advisor.record(body).facts if fact.genes]) == 1


def test_a_later_version_replaces_an_earlier_one(advisor: Advisor) -> None:
    first = variant("v1", "EGFR", protein("p.Leu858Arg"), meta={"lastUpdated": "2026-01-01T00:00:00Z"})
    withdrawn = first | {"status": "entered-in-error", "meta": {"lastUpdated": "2026-02-01T00:00:00Z"}}
    for versions in ([first, withdrawn], [withdrawn, first]):
        assert not [fact for fact in advisor.record(bundle(patient(), *versions)).facts if fact.genes]


def test_a_result_entered_in_error_takes_back_its_copies(advisor: Advisor) -> None:
    same = {"identifier": [{"system": "https://lab.example", "value": "17"}]}
    copy_of_it = variant("v1", "EGFR", protein("p.Leu858Arg")) | same
    withdrawn = variant("v2", "EGFR", protein("p.Leu858Arg"), status="entered-in-error") | same
    assert not [fact for fact in advisor.record(bundle(patient(), copy_of_it, withdrawn)).facts if fact.genes]
