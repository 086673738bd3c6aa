"""A service as a user starts it, and a FHIR server that nobody here wrote with the example patients."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.fhir_server import TOKEN
from tests.foreign.environments import node_command
from tests.foreign.records import all_resources
from tests.running import RunningService, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service process in demo mode, with time for a FHIR server on a busy machine."""
    with running(tmp_path_factory.mktemp("foreign"), fhir_deadline_ms="9000", request_seconds="60") as started:
        yield started


@pytest.fixture(scope="module")
def fhir_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base address of Medplum's FHIR router, which asks for ``TOKEN``."""
    records = tmp_path_factory.mktemp("records") / "records.ndjson"
    records.write_text("".join(json.dumps(resource) + "\n" for resource in all_resources()), encoding="utf-8")
    command, environment = node_command("fhir_server.cjs", str(records), TOKEN)
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            port = process.stdout.readline().strip()
            assert port.isdigit(), "the FHIR server did not start"
            yield f"http://127.0.0.1:{port}/fhir/R4"
        finally:
            process.terminate()
