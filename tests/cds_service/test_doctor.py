"""`oncohooks doctor`: a healthy installation, and each fault by its name with its remedy."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask, Response

from cds_service import Advisor, Settings, create_app
from cds_service.authentication import Authenticator
from cds_service.cli import main
from cds_service.doctor import REMEDIES, Check, Finding, Problem, State
from cds_service.doctor.connection import check_connection
from cds_service.doctor_command import exit_status
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Recorder
from cds_service.settings import Client
from cds_service.store import Store
from tests.cds_service.clients import KID, ec_key, key_set
from tests.cds_service.fake_installation import Fault, Server, answering, on, serving, with_headers
from tests.cds_service.installation import ISSUER, Installation, installed
from tests.fetching import RECORD
from tests.fhir_server import TOKEN, FakeFhirServer, outcome

VIEW = "/cds-services/oncology-patient-view"
ORIGIN = "https://ehr.example"


def _invoke(*arguments: str, **options: Any) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments], **options)


def _report(*arguments: str, status: int = 0) -> dict[str, dict[str, str]]:
    """The findings by their check; of several the worst."""
    result = _invoke(*arguments, "--json")
    assert result.exit_code == status, result.output
    order = [state.value for state in (State.SKIPPED, State.OK, State.WARNING, State.FAILED)]
    found = sorted(json.loads(result.stdout)["findings"], key=lambda finding: order.index(finding["state"]))
    return {finding["check"]: finding for finding in found}


def _problem(findings: dict[str, dict[str, str]], check: Check) -> str | None:
    return findings[check].get("problem")


# --- a real installation ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fhir() -> Iterator[FakeFhirServer]:
    """The FHIR server of the installation."""
    server = FakeFhirServer([*RECORD])
    yield server
    server.close()


@pytest.fixture(scope="module")
def here(fhir: FakeFhirServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A service outside demo mode that a page may call, and that may fetch."""
    lines = (f'cors_origins = ["{ORIGIN}"]', "fhir_deadline_ms = 10000")
    folder = tmp_path_factory.mktemp("doctor")
    with installed(folder, *lines, tables=f'fhir_servers = ["{fhir.base}"]\n') as installation:
        yield installation


def test_a_sound_installation_passes_every_check(here: Installation, fhir: FakeFhirServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    access = ["--fhir-server", fhir.base, "--fhir-token", str(tmp_path / "token"), "--patient", "p1"]
    found = _report(here.base, *here.signing, "--origin", ORIGIN, *access, "--strict")
    assert set(found) == set(Check)
    assert {finding["state"] for finding in found.values()} == {"ok"}, found
    assert found[Check.FHIR]["said"] == "everything was fetched"


def test_it_is_told_for_people_too_and_tokens_are_not(here: Installation) -> None:
    result = _invoke(here.base, *here.signing)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].startswith("ok       reachable  127.0.0.1 answers on port")
    assert "hooks      patient-view: " in result.stdout
    assert result.stdout.splitlines()[-1].endswith("skipped")
    assert "eyJ" not in result.output
    assert "-> Give --origin if the client runs in a browser" in result.stdout
    assert "\x1b[" not in result.stdout, "no colours but on a terminal"
    assert "\x1b[32m" in _invoke(here.base, color=True).output


def test_without_a_key_what_needs_one_is_skipped(here: Installation) -> None:
    text = _invoke(here.base).stdout
    assert text.count("-> Give --key and --issuer") == 1, "a remedy is said once"
    found = _report(here.base)
    assert found[Check.UNSIGNED]["state"] == "ok"
    skipped = {check for check, finding in found.items() if finding["state"] == "skipped"}
    assert skipped == {Check.SIGNED, Check.FORGED, Check.REPLAYED, Check.HOOKS, Check.LATENCY, Check.CORS, Check.FHIR}


def test_a_client_that_is_not_registered_is_told_where_to_look(here: Installation) -> None:
    found = _report(here.base, "--key", str(here.key), "--issuer", "https://typo.example", status=1)
    assert _problem(found, Check.SIGNED) == Problem.NOT_LET_IN
    assert "public_url" in found[Check.SIGNED]["remedy"]
    assert found[Check.HOOKS]["state"] == "skipped"


@pytest.mark.parametrize(
    ("server", "problem", "said"),
    [
        ("https://other.example/fhir", Problem.NOT_FETCHED, "not one that this client may name"),
        (None, Problem.FETCHED_IN_PART, "Not received, or not in full: reports"),
        (None, Problem.NOT_FETCHED, "conditions (status 403 (forbidden))"),
    ],
    ids=["another server", "a right that is missing", "a right that is needed"],
)
def test_what_cannot_be_fetched_is_named(
    here: Installation, fhir: FakeFhirServer, server: str | None, problem: Problem, said: str, tmp_path: Path
) -> None:
    kind = "DiagnosticReport" if problem is Problem.FETCHED_IN_PART else "Condition"
    (tmp_path / "token").write_text(TOKEN)
    fhir.faults[kind] = lambda exchange: exchange.send(403, outcome("forbidden"))
    try:
        options = ["--fhir-server", server or fhir.base, "--fhir-token", str(tmp_path / "token"), "--patient", "p1"]
        result = _invoke(here.base, *here.signing, *options, "--json")
    finally:
        del fhir.faults[kind]
    (finding,) = (one for one in json.loads(result.stdout)["findings"] if one["check"] == "fhir")
    assert (finding["problem"], result.exit_code) == (problem, 0 if problem is Problem.FETCHED_IN_PART else 1)
    assert said in finding["said"]
    assert TOKEN not in result.output


# --- faults, one by one ----------------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> list[str]:
    """The options of the client that the faulty services know."""
    file = tmp_path / "key.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(ec_key().private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return ["--key", str(file), "--kid", KID, "--issuer", ISSUER]


class Faulty:
    """Makes services of the real application, and lets used tokens in again unless told otherwise."""

    def __init__(self, advisor: Advisor, recorder: Recorder) -> None:
        self._advisor = advisor
        self._recorder = recorder

    def __call__(self, fault: Fault | None = None, *, replays: bool = False, tls: Any = None, **settings: Any) -> Any:
        used: set[str] = set()

        def first_use(digest: str, until: datetime, now: datetime) -> bool:
            is_first = replays or digest not in used
            used.add(digest)
            return is_first

        def make(base: str) -> Flask:
            client = Client(name="test EHR", issuer=ISSUER, jwks=key_set())
            chosen = Settings(**({"client": (client,), "public_url": base} | settings))
            authenticator = None if chosen.demo else Authenticator(chosen, first_use)
            recorder = self._recorder
            return create_app(chosen, advisor=self._advisor, recorder=recorder, authenticator=authenticator)

        return serving(make, fault, tls)


@pytest.fixture
def faulty(advisor: Advisor, tmp_path: Path) -> Iterator[Faulty]:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    store.upgrade()
    recorder = Recorder(store, Pseudonyms(b"k"), advisor.knowledge.release, timedelta(0))
    yield Faulty(advisor, recorder)
    recorder.close()


def _find(server: Server, key: list[str], *options: str, check: Check) -> dict[str, str]:
    result = _invoke(server.base, *key, "--calls", "1", "--json", *options)
    found = [one for one in json.loads(result.stdout)["findings"] if one["check"] == check and "problem" in one]
    assert found, result.stdout
    assert result.exit_code == (1 if found[0]["state"] == "failed" else 0)
    return dict(found[0])


READY = {"status": "ready", "store": "unreachable", "knowledge": {"release": "sha256:0", "statements": 1, "stale": 3}}
ONE_SERVICE = {"services": [{"hook": "patient-view", "id": "oncology-patient-view", "description": "d"}]}


def _late(seconds: int) -> Any:
    """An answer of a clock that is behind."""
    then = lambda: datetime.now(UTC) - timedelta(seconds=seconds)  # noqa: E731
    return lambda response: with_headers(Date=format_datetime(then(), usegmt=True))(response)


def _slow(response: Response) -> Response:
    time.sleep(0.6)
    return response


def _without_names(response: Response) -> Response:
    if response.status_code == 401:
        return response
    return answering(200, {"cards": [{"summary": "s" * 140, "indicator": "info", "source": {"label": "Müller"}}]})


def _if_200(answer: Response) -> Any:
    return lambda response: answer if response.status_code == 200 else response


@pytest.mark.parametrize(
    ("fault", "check", "problem", "state"),
    [
        (on("/ready", lambda _: answering(503)), Check.READY, Problem.NOT_READY, "failed"),
        (on("/ready", lambda _: answering(502)), Check.READY, Problem.NOT_READY, "failed"),
        (on("/ready", lambda _: answering(404)), Check.READY, Problem.HIDDEN_READY, "skipped"),
        (on("/ready", lambda _: answering(200, ["?"])), Check.READY, Problem.HIDDEN_READY, "skipped"),
        (on("/ready", lambda _: answering(200, READY)), Check.READY, Problem.NO_STORE, "warning"),
        (on("/ready", lambda _: answering(200, READY)), Check.KNOWLEDGE, Problem.STALE, "warning"),
        (on("/ready", lambda _: answering(404)), Check.KNOWLEDGE, Problem.HIDDEN_READY, "skipped"),
        (on("/ready", _late(3600)), Check.CLOCK, Problem.CLOCK_SKEW, "failed"),
        (on("/ready", _late(20)), Check.CLOCK, Problem.CLOCK_SKEW, "warning"),
        (on("/ready", with_headers(Date="soon")), Check.CLOCK, Problem.NO_DATE, "skipped"),
        (on("/cds-services", lambda _: answering(404)), Check.DISCOVERY, Problem.NO_DISCOVERY, "failed"),
        (on("/cds-services", lambda _: answering(401)), Check.DISCOVERY, Problem.NO_KEY, "skipped"),
        (on("/cds-services", lambda _: answering(200, {})), Check.DISCOVERY, Problem.DISCOVERY_FORM, "failed"),
        (on("/cds-services", lambda _: answering(200, ONE_SERVICE)), Check.DISCOVERY, Problem.HOOK_MISSING, "failed"),
        (on("/cds-services", lambda _: Response("<html>")), Check.DISCOVERY, Problem.DISCOVERY_FORM, "failed"),
        (on(VIEW, lambda _: answering(500)), Check.UNSIGNED, Problem.CALL_FAILED, "failed"),
        (
            on(VIEW, lambda r: answering(503) if r.status_code == 200 else r),
            Check.SIGNED,
            Problem.CALL_FAILED,
            "failed",
        ),
        (on(VIEW, _if_200(answering(500))), Check.HOOKS, Problem.CALL_FAILED, "failed"),
        (on(VIEW, _if_200(answering(200, {"cards": []}))), Check.HOOKS, Problem.NO_CARDS, "warning"),
        (on(VIEW, _without_names), Check.HOOKS, Problem.ANSWER_FORM, "failed"),
        (lambda path, r: _slow(r) if "order" in path else r, Check.LATENCY, Problem.SLOW, "warning"),
        (on(VIEW, with_headers(Access_Control_Allow_Origin="*")), Check.CORS, Problem.ANY_ORIGIN, "failed"),
    ],
)
def test_each_fault_has_its_name(
    faulty: Faulty, key: list[str], fault: Fault, check: Check, problem: Problem, state: str
) -> None:
    with faulty(fault) as server:
        finding = _find(server, key, check=check)
    assert (finding["problem"], finding["state"]) == (problem, state)
    assert finding["remedy"] == REMEDIES[problem]
    assert "Müller" not in str(finding)


def test_a_service_that_fetches_and_answers_without_cards_has_no_form(faulty: Faulty, key: list[str]) -> None:
    access = ["--fhir-server", "https://fhir.example", "--patient", "p1"]
    with faulty(on(VIEW, lambda r: answering(200, [1]) if r.status_code == 412 else r)) as server:
        assert _find(server, key, *access, check=Check.FHIR)["problem"] == Problem.ANSWER_FORM


@pytest.mark.parametrize(
    ("origins", "origin", "fault", "problem"),
    [
        ((ORIGIN,), None, None, Problem.NO_ORIGIN),
        ((), ORIGIN, None, Problem.ORIGIN_REFUSED),
        ((ORIGIN,), f"{ORIGIN}:8443", None, Problem.ORIGIN_REFUSED),
        ((ORIGIN,), ORIGIN, with_headers(Access_Control_Allow_Headers="content-type"), Problem.PREFLIGHT),
        (
            (ORIGIN,),
            ORIGIN,
            lambda r: with_headers(Access_Control_Allow_Origin="")(r) if r.status_code == 401 else r,
            Problem.PREFLIGHT,
        ),
    ],
)
def test_what_a_browser_would_stumble_over_is_found(
    faulty: Faulty, key: list[str], origins: tuple[str, ...], origin: str | None, fault: Any, problem: Problem
) -> None:
    with faulty(on(VIEW, fault) if fault else None, cors_origins=origins) as server:
        finding = _find(server, key, *(["--origin", origin] if origin else []), check=Check.CORS)
    assert finding["problem"] == problem


def test_a_used_token_that_is_let_in_again_is_found(faulty: Faulty, key: list[str]) -> None:
    with faulty(replays=True) as server:
        assert _find(server, key, check=Check.REPLAYED)["problem"] == Problem.REPLAY_TAKEN


def test_a_service_that_checks_no_signature_is_found(faulty: Faulty, key: list[str], advisor: Advisor) -> None:
    def anybody_with_a_token(base: str) -> Flask:
        app = create_app(Settings(demo=True), advisor=advisor)

        @app.before_request
        def _() -> Any:
            from flask import request

            return None if request.path != VIEW or "Authorization" in request.headers else answering(401)

        return app

    with serving(anybody_with_a_token) as server:
        finding = _find(server, key, check=Check.FORGED)
    assert finding["problem"] == Problem.FORGERY_TAKEN
    assert "with another signature" in finding["said"]


def test_demo_mode_is_a_warning_on_this_machine(faulty: Faulty, key: list[str]) -> None:
    with faulty(demo=True, client=()) as server:
        found = _report(server.base)
    assert _problem(found, Check.UNSIGNED) == Problem.DEMO
    assert found[Check.HOOKS]["state"] == "ok"


def test_another_release_than_expected_fails(faulty: Faulty, key: list[str], advisor: Advisor) -> None:
    with faulty() as server:
        assert _find(server, key, "--release", "sha256:0", check=Check.KNOWLEDGE)["problem"] == Problem.OTHER_RELEASE
        found = _report(server.base, *key, "--release", advisor.knowledge.release)
    assert found[Check.KNOWLEDGE]["state"] == "ok"


def test_discovery_that_needs_a_token_gets_one(faulty: Faulty, key: list[str]) -> None:
    with faulty(discovery="authenticated") as server:
        assert _report(server.base, *key)[Check.DISCOVERY]["state"] == "ok"
        assert _find(server, [], check=Check.DISCOVERY)["problem"] == Problem.NO_KEY


# --- the connection --------------------------------------------------------------------------------------------------


def test_nothing_at_the_address_is_exit_status_3() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        found = _report(f"http://127.0.0.1:{unused.getsockname()[1]}", status=3)
    assert _problem(found, Check.REACHABLE) == Problem.REFUSED
    assert found[Check.READY]["state"] == "skipped"
    assert _problem(_report("http://no-such-host.invalid", status=3), Check.REACHABLE) == Problem.UNKNOWN_HOST


def test_a_host_that_takes_the_connection_and_hangs_up_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            for _ in range(20):
                try:
                    listener.accept()[0].close()
                except OSError:
                    return

        thread = threading.Thread(target=hang_up)
        thread.start()
        found = _report(f"http://127.0.0.1:{listener.getsockname()[1]}", status=1)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert _problem(found, Check.READY) == Problem.NO_ANSWER


def _certificate(folder: Path, days: int = 90, address: str = "127.0.0.1") -> ssl.SSLContext:
    """A server's TLS with a certificate of its own making, which is written to ``cert.pem``."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cds.example")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=9), now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "both.pem").write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


def test_a_service_behind_tls_passes_with_version_and_expiry(faulty: Faulty, key: list[str], tmp_path: Path) -> None:
    with faulty(tls=_certificate(tmp_path)) as server:
        found = _report(server.base, *key, "--ca-bundle", str(tmp_path / "cert.pem"))
    assert found[Check.TLS]["state"] == "ok"
    assert found[Check.TLS]["said"].startswith("TLSv1.3, certificate good until 20")
    assert found[Check.HOOKS]["state"] == "ok"


@pytest.mark.parametrize(
    ("certificate", "trusted", "problem", "state"),
    [
        ({"days": 10}, True, Problem.TLS_EXPIRES_SOON, State.WARNING),
        ({"days": -1}, True, Problem.TLS_EXPIRED, State.FAILED),
        ({"address": "127.0.0.2"}, True, Problem.TLS_NAME, State.FAILED),
        ({}, False, Problem.TLS_UNTRUSTED, State.FAILED),
    ],
)
def test_certificates_that_clients_refuse_are_found(
    faulty: Faulty, tmp_path: Path, certificate: dict[str, Any], trusted: bool, problem: Problem, state: State
) -> None:
    with faulty(tls=_certificate(tmp_path, **certificate)) as server:
        found = list(check_connection(server.base, tmp_path / "cert.pem" if trusted else None, datetime.now(UTC)))
    assert [(one.problem, one.state) for one in found] == [(None, State.OK), (problem, state)]


def test_what_speaks_no_tls_is_found(faulty: Faulty) -> None:
    with faulty() as server:
        found = _report(server.base.replace("http:", "https:"), status=1)
    assert _problem(found, Check.TLS) == Problem.TLS_HANDSHAKE
    assert found[Check.READY]["state"] == "skipped"


def test_plain_http_is_for_this_machine_only(monkeypatch: pytest.MonkeyPatch, faulty: Faulty) -> None:
    with faulty() as server:
        monkeypatch.setattr(socket, "create_connection", lambda _, timeout: _connected(server.port))
        found = list(check_connection(f"http://cds.example:{server.port}", None, datetime.now(UTC)))
    assert [one.problem for one in found] == [None, Problem.NO_TLS]


def _connected(port: int) -> socket.socket:
    connection = socket.socket()
    connection.connect(("127.0.0.1", port))
    return connection


# --- exit statuses and usage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("findings", "strict", "status"),
    [
        ([Finding(Check.TLS, State.OK, "")], True, 0),
        ([Finding(Check.TLS, State.WARNING, "")], False, 0),
        ([Finding(Check.TLS, State.WARNING, "")], True, 1),
        ([Finding(Check.TLS, State.SKIPPED, "")], True, 0),
        ([Finding(Check.TLS, State.FAILED, "")], False, 1),
        ([Finding(Check.REACHABLE, State.FAILED, "")], False, 3),
    ],
)
def test_exit_statuses(findings: list[Finding], strict: bool, status: int) -> None:
    assert exit_status(findings, strict) == status


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["cds.example"],
        ["ftp://cds.example"],
        ["https://cds.example/cds-services"],
        ["https://user@cds.example"],
        ["https://cds.example?x=1"],
        ["https://cds.example:99999"],
        ["https://"],
        ["https://cds.example", "--issuer", ISSUER],
        ["https://cds.example", "--fhir-server", "https://fhir.example"],
        ["https://cds.example", "--patient", "p1"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_status_2(arguments: list[str]) -> None:
    assert _invoke(*arguments).exit_code == 2


def test_every_problem_has_a_remedy() -> None:
    assert set(REMEDIES) == set(Problem)
