"""A FHIR server for each test, and a service that fetches from it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from cds_service.fetching import Fetcher
from cds_service.hooks import PATIENT_VIEW as VIEW
from tests.conftest import TODAY
from tests.fetching import MEDICATION, RECORD, SMALL_RECORD, Complete, Service
from tests.fhir import request
from tests.fhir_server import TOKEN, FakeFhirServer


@pytest.fixture
def server() -> Iterator[FakeFhirServer]:
    fake = FakeFhirServer([*copy.deepcopy(RECORD), MEDICATION])
    yield fake
    fake.close()


@pytest.fixture
def service(advisor: Advisor, server: FakeFhirServer) -> Iterator[Service]:
    """Makes a client of a service that fetches, in demo mode."""
    fetchers = []

    def make(**settings: Any) -> FlaskClient:
        chosen = Settings(demo=True, **({"fhir_deadline_ms": 10_000} | settings))
        fetchers.append(Fetcher(chosen))
        app = create_app(chosen, advisor=advisor, today=lambda: TODAY, fetcher=fetchers[-1])
        return app.test_client()

    yield make
    server.released.set()
    for fetcher in fetchers:
        fetcher.close()


@pytest.fixture
def foreign() -> Iterator[FakeFhirServer]:
    """Another server, which would take any token."""
    fake = FakeFhirServer(list(SMALL_RECORD), required_token=None)
    yield fake
    fake.close()


@pytest.fixture
def complete(server: FakeFhirServer) -> Iterator[Complete]:
    """Completes a request that lacks everything but what is given, from a server with a small record."""
    server.resources = list(SMALL_RECORD)
    fetchers = []

    def run(deadline: int = 10_000, size: int = 10_000_000, **prefetch: Any) -> Any:
        settings = Settings(demo=True, fhir_deadline_ms=deadline, max_body_bytes=size)
        fetchers.append(Fetcher(settings))
        body = request(prefetch=prefetch, fhirServer=server.base, fhirAuthorization={"access_token": TOKEN})
        return fetchers[-1].complete(body, VIEW.needs, "demo")

    yield run
    server.released.set()
    for fetcher in fetchers:
        fetcher.close()
