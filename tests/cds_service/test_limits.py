"""How much one caller, or all together, may take; who is let in, and what happens when nothing can be asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, g

from cds_service import Advisor, Settings, create_app
from cds_service.authentication import Authenticator
from cds_service.fetching import Fetcher
from cds_service.fhir_budget import Budget, FetchFailure, Reply
from cds_service.gate import place_for_others
from cds_service.key_sources import CannotFetch
from cds_service.limits import Admission, Deadline, Rates
from cds_service.outcomes import ServiceError
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Recorder
from cds_service.settings import CardSettings, Client
from cds_service.store import Store
from tests.cds_service.clients import ISSUER, KID, NOW, PATH, PUBLIC_URL, claims, key_set, signed
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))
EHR = Client(name="test EHR", issuer=ISSUER, jwks=key_set())


class Clock:
    def __init__(self) -> None:
        self.time = 50.0

    def __call__(self) -> float:
        return self.time


def _settings(client: Client = EHR, **members: Any) -> Settings:
    return Settings(public_url=PUBLIC_URL, client=(client,), **members)


def _app(advisor: Advisor, tmp_path: Path, settings: Settings, **options: Any) -> Flask:
    store = Store(f"sqlite:///{tmp_path / 'oncohooks.sqlite'}")
    store.upgrade()
    authenticator = Authenticator(settings, store.use_token, now=lambda: NOW)
    app = create_app(settings, advisor=advisor, today=lambda: TODAY, authenticator=authenticator, **options)
    return app


def _call(app: Flask, token: str | None = None, **headers: str) -> Any:
    return app.test_client().post(PATH, json=BODY, headers=headers | {"Authorization": f"Bearer {token or signed()}"})


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_caller_may_make_twice_its_rate_at_once_and_its_rate_for_ever() -> None:
    clock = Clock()
    rates = Rates(5, clock)
    assert [rates.take("a") for _ in range(12)] == [True] * 10 + [False] * 2
    assert rates.take("b"), "one caller takes nothing from another"
    clock.time += 1
    assert [rates.take("a") for _ in range(6)] == [True] * 5 + [False]
    clock.time += 1000
    assert [rates.take("a") for _ in range(12)].count(True) == 10


def test_a_slow_rate_lets_one_in_and_none_is_no_limit() -> None:
    clock = Clock()
    slow = Rates(0.1, clock)
    assert [slow.take("a"), slow.take("a")] == [True, False]
    clock.time += 10
    assert slow.take("a")
    assert all(Rates(0).take("a") for _ in range(1000))


def test_admission_bounds_who_works_and_who_waits() -> None:
    admission = Admission(at_once=1, waiting=1)
    assert admission.enter(0)
    entered: list[bool] = []
    waiting = threading.Thread(target=lambda: entered.append(admission.enter(30)))
    waiting.start()
    while not admission._waiting:
        pass
    assert not admission.enter(30), "a third is sent away at once"
    admission.leave()
    waiting.join(30)
    assert entered == [True]
    assert not admission.enter(0)
    admission.leave()
    assert admission.enter(0)


def test_who_waits_for_another_server_gives_its_place_to_others() -> None:
    admission = Admission(at_once=1, waiting=1)
    assert admission.enter(0)
    assert admission.step_aside()
    assert admission.enter(0), "another works meanwhile"
    assert not admission.step_aside(), "no more are inside than both numbers together"
    assert not admission.enter(30)
    assert not admission.come_back(0), "its place is taken"
    admission.leave()
    assert admission.enter(0)


def test_a_deadline_ends() -> None:
    clock = Clock()
    deadline = Deadline(2, clock)
    clock.time += 1.5
    assert deadline.left() == 0.5
    deadline.check()
    clock.time += 1
    assert deadline.left() == 0
    with pytest.raises(ServiceError, match="too long") as raised:
        deadline.check()
    assert raised.value.status == 503


def test_too_many_requests_of_one_client_are_429(advisor: Advisor, tmp_path: Path) -> None:
    app = _app(advisor, tmp_path, _settings(requests_per_second=1e-6))
    first, second = _call(app), _call(app)
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["Retry-After"] == "1"
    assert second.get_json()["issue"][0]["code"] == "throttled"


def test_a_stranger_takes_nothing_from_a_clients_rate(advisor: Advisor, tmp_path: Path) -> None:
    app = _app(advisor, tmp_path, _settings(requests_per_second=1e-6))
    for _ in range(5):
        assert _call(app, signed(claims("jti"))).status_code == 401
    assert _call(app).status_code == 200


def test_a_request_that_finds_no_place_is_503(advisor: Advisor, tmp_path: Path) -> None:
    settings = Settings(demo=True, requests_at_once=1, requests_waiting=0)
    working, go_on = threading.Event(), threading.Event()

    def today() -> Any:
        working.set()
        assert go_on.wait(30)
        return TODAY

    app = create_app(settings, advisor=advisor, today=today)
    answers: list[int] = []
    first = threading.Thread(target=lambda: answers.append(app.test_client().post(PATH, json=BODY).status_code))
    first.start()
    assert working.wait(30)
    refused = app.test_client().post(PATH, json=BODY)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    for path in ("/health", "/ready", "/cds-services"):
        assert app.test_client().get(path).status_code == 200, "these wait for nobody"
    go_on.set()
    first.join(30)
    assert answers == [200]
    assert app.test_client().post(PATH, json=BODY).status_code == 200


class _SlowServer:
    """A FHIR server that answers when it is told to; counts who waits for it."""

    def __init__(self) -> None:
        self.asked, self.released = threading.Semaphore(0), threading.Event()

    def __call__(self, url: str, headers: Mapping[str, str], budget: Budget) -> Reply:
        self.asked.release()
        self.released.wait(30)
        raise FetchFailure("status 404")


#: A request whose results have to be fetched.
FROM_A_SERVER = BODY | {
    "prefetch": {name: value for name, value in BODY["prefetch"].items() if name in ("patient", "conditions")},
    "fhirServer": "http://127.0.0.1:9/fhir",
    "fhirAuthorization": {"access_token": "token", "token_type": "Bearer"},
}


@contextmanager
def _fetching(advisor: Advisor, server: _SlowServer, **limits: Any) -> Iterator[Flask]:
    settings = Settings(demo=True, fhir_deadline_ms=10_000, **limits)
    fetcher = Fetcher(settings, server)
    app = create_app(settings, advisor=advisor, today=lambda: TODAY, fetcher=fetcher)
    yield app
    server.released.set()
    fetcher.close()


@pytest.mark.parametrize(("waiting", "status"), [(1, 200), (0, 503)])
def test_a_slow_fhir_server_holds_up_the_others_only_when_too_many_wait_for_it(
    advisor: Advisor, waiting: int, status: int
) -> None:
    server = _SlowServer()
    answers: list[int] = []
    with _fetching(advisor, server, requests_at_once=1, requests_waiting=waiting) as app:
        send = partial(app.test_client().post, PATH)
        slow = threading.Thread(target=lambda: answers.append(send(json=FROM_A_SERVER).status_code))
        slow.start()
        assert server.asked.acquire(timeout=30)
        assert app.test_client().post(PATH, json=BODY).status_code == status
        server.released.set()
        slow.join(30)
        assert answers == [412]
        assert app.test_client().post(PATH, json=BODY).status_code == 200, "every place was given back"


def test_who_finds_no_place_after_fetching_is_503() -> None:
    admission = Admission(at_once=1, waiting=4)
    with Flask("test").test_request_context():
        g.admission, g.deadline = admission, Deadline(0)
        g.has_a_place = admission.enter(0)
        with pytest.raises(ServiceError, match="waiting") as raised, place_for_others():
            assert admission.enter(0), "another has taken it"
        assert (raised.value.status, raised.value.retry_after) == (503, 1)
        assert not g.has_a_place, "it gives back no place that it does not have"
    admission.leave()
    assert admission.enter(0)


def test_a_place_is_given_back_after_an_error(advisor: Advisor) -> None:
    app = create_app(Settings(demo=True, requests_at_once=1, requests_waiting=0), advisor=advisor)
    for _ in range(3):
        assert app.test_client().post(PATH, data=b"{", content_type="application/json").status_code == 400
    assert app.test_client().post(PATH, json=BODY).status_code == 200


def test_a_request_that_takes_too_long_is_503(advisor: Advisor) -> None:
    app = create_app(Settings(demo=True, request_seconds=1e-9), advisor=advisor)
    answer = app.test_client().post(PATH, json=BODY)
    assert answer.status_code == 503
    assert "too long" in answer.get_json()["issue"][0]["diagnostics"]


# --- who is let in ---------------------------------------------------------------------------------------------------


def test_the_caller_is_known_by_its_own_name_and_settings(advisor: Advisor, tmp_path: Path) -> None:
    settings = _settings(
        Client(name="small screen", issuer=ISSUER, jwks=key_set(), cards=CardSettings(limit=1)),
        cards=CardSettings(limit=4, suggestions=False),
    )
    recorder = _recorder(advisor, tmp_path)
    cards = _call(_app(advisor, tmp_path, settings, recorder=recorder)).json["cards"]
    assert len(cards) == 1, "its own limit"
    assert not any("suggestions" in card for card in cards), "and the common setting where it has none"
    recorder.close()
    decision = recorder.store.decision_of_card(cards[0]["uuid"])
    assert decision is not None
    assert decision.client == "small screen"


def _recorder(advisor: Advisor, tmp_path: Path) -> Recorder:
    store = Store(f"sqlite:///{tmp_path / 'oncohooks.sqlite'}")
    store.upgrade()
    return Recorder(store, Pseudonyms(b"key"), advisor.knowledge.release, timedelta(0), lambda: NOW)


@pytest.mark.parametrize(("policy", "status"), [("open", 200), ("authenticated", 401)])
def test_discovery_is_open_unless_it_is_not(advisor: Advisor, tmp_path: Path, policy: Any, status: int) -> None:
    client = _app(advisor, tmp_path, _settings(discovery=policy)).test_client()
    assert client.get("/cds-services").status_code == status
    token = signed(claims(aud=f"{PUBLIC_URL}/cds-services"))
    assert client.get("/cds-services/", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_options_is_answered_before_anybody_is_asked(advisor: Advisor, tmp_path: Path) -> None:
    client = _app(advisor, tmp_path, _settings(discovery="authenticated")).test_client()
    for path in (PATH, f"{PATH}/feedback", "/cds-services"):
        assert client.options(path).status_code == 200


def test_a_new_route_is_closed_unless_it_says_otherwise(advisor: Advisor, tmp_path: Path) -> None:
    app = _app(advisor, tmp_path, _settings())
    app.add_url_rule("/later", "later", lambda: "secret")
    assert app.test_client().get("/later").status_code == 401


def test_demo_mode_asks_nobody(advisor: Advisor) -> None:
    app = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY)
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        assert app.test_client().post(PATH, json=BODY, headers=headers).status_code == 200


# --- when nothing can be asked ---------------------------------------------------------------------------------------


def test_without_its_store_the_service_lets_nobody_in_and_says_so(advisor: Advisor, tmp_path: Path) -> None:
    settings = _settings()
    (tmp_path / "no folder").touch()
    store = Store(f"sqlite:///{tmp_path / 'no folder' / 'oncohooks.sqlite'}")
    authenticator = Authenticator(settings, store.use_token, now=lambda: NOW)
    recorder = Recorder(store, None, "release", None, lambda: NOW)  # type: ignore[arg-type]
    app = create_app(settings, advisor=advisor, recorder=recorder, authenticator=authenticator)
    for token, status in ((signed(), 503), (signed(claims("jti")), 401)):
        assert _call(app, token).status_code == status
    assert app.test_client().get("/ready").status_code == 503
    assert app.test_client().get("/health").status_code == 200


def test_an_application_without_a_store_lets_nobody_in(advisor: Advisor) -> None:
    app = create_app(_settings(), advisor=advisor)
    fresh = claims(iat=_now(), exp=_now() + 300)
    assert _call(app, signed(fresh)).status_code == 503


def _now() -> int:
    return int(time.time())


def test_without_keys_the_service_says_that_it_cannot_tell(advisor: Advisor, tmp_path: Path) -> None:
    def fail(url: str) -> bytes:
        raise CannotFetch("ConnectTimeout")

    settings = _settings(Client(name="test EHR", issuer=ISSUER, jwks_uri="https://ehr.example/keys"))
    authenticator = Authenticator(settings, lambda *_: True, fetch=fail, now=lambda: NOW)
    app = create_app(settings, advisor=advisor, authenticator=authenticator)
    answer = _call(app)
    assert answer.status_code == 503
    assert answer.get_json()["issue"][0]["diagnostics"] == "Authentication is not possible at the moment."


def test_agreed_keys_need_no_network(advisor: Advisor, tmp_path: Path) -> None:
    def fail(url: str) -> bytes:
        raise AssertionError("nothing is fetched")

    client = Client(name="test EHR", issuer=ISSUER, jwks=key_set(), jku=("https://ehr.example/keys",))
    settings = _settings(client)
    authenticator = Authenticator(settings, lambda *_: True, fetch=fail, now=lambda: NOW)
    app = create_app(settings, advisor=advisor, authenticator=authenticator)
    assert _call(app, signed(header={"jku": "https://ehr.example/keys"})).status_code == 200
    assert _call(app, signed(header={"jku": "https://evil.example/keys"})).status_code == 401
    assert _call(app, signed(header={"kid": f"{KID}-new"})).status_code == 401
