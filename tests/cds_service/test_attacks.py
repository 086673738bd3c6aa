"""Attacks on the way in: each row is something that a forger, a thief or a broken client sends, and what it gets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import responses
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from cds_service.authentication import Authenticator
from cds_service.outcomes import operation_outcome
from cds_service.settings import Client
from cds_service.store import Store
from tests.cds_service.clients import (
    ISSUER,
    JKU,
    JWKS_URI,
    KID,
    NOW,
    PATH,
    PUBLIC_URL,
    RSA_KID,
    SECONDS,
    claims,
    ec_key,
    forged,
    key_set,
    other_ec_key,
    public_jwk,
    public_pem,
    rsa_key,
    signed,
    with_hmac,
    with_raw_header,
)
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))
SETTINGS = Settings(
    public_url=PUBLIC_URL,
    requests_per_second=0,
    client=(
        Client(
            name="test EHR",
            issuer=ISSUER,
            jwks_uri=JWKS_URI,
            jku=(JKU,),
            tenants=("north", "south"),
            audiences=("agreed by telephone",),
        ),
    ),
)

Answer = Any


@pytest.fixture
def network() -> Iterator[responses.RequestsMock]:
    """The only hosts there are; a request to any other is remembered, and fails."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(JWKS_URI, json=key_set())
        mock.get(JKU, json={"keys": [public_jwk(other_ec_key(), "other")]})
        yield mock


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path / 'oncohooks.sqlite'}")
    store.upgrade()
    return store


@pytest.fixture
def client(advisor: Advisor, store: Store, network: responses.RequestsMock) -> FlaskClient:
    """A client of the service outside demo mode, at a fixed moment."""
    authenticator = Authenticator(SETTINGS, store.use_token, now=lambda: NOW)
    app = create_app(SETTINGS, advisor=advisor, today=lambda: TODAY, authenticator=authenticator)
    return app.test_client()


def _call(client: FlaskClient, authorization: str | None, path: str = PATH, **others: Any) -> Answer:
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.post(path, json=BODY, headers=headers, **others)


# --- tokens ----------------------------------------------------------------------------------------------------------


def _der_signature() -> str:
    head, body, _ = signed().split(".")
    signature = ec_key().sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA384()))
    return f"{head}.{body}.{forged({}, signature=signature).split('.')[2]}"


def _mixed(*parts: tuple[str, int]) -> str:
    """One token out of the parts of others."""
    return ".".join(token.split(".")[number] for token, number in parts)


def _deep_header(depth: int) -> bytes:
    return b'{"alg": "ES384", "kid": "a", "x": ' + b"[" * depth + b"]" * depth + b"}"


def _doubled_header() -> bytes:
    return json.dumps(HEADER).encode().replace(b'"alg"', b'"alg": "none", "alg"')


def _payload_exchanged() -> str:
    mine = signed(claims(tenant="south"))
    return _mixed((signed(), 0), (mine, 1), (signed(), 2))


NONE = ("none", "None", "NONE", "nOnE", "nonE", " none", "none ", "")
HEADER: dict[str, Any] = {"alg": "ES384", "kid": KID}

#: name: the reason in the log, and what makes the Authorization header.
CREDENTIALS: dict[str, tuple[str, Callable[[], str | None]]] = {
    "no header": ("no_credentials", lambda: None),
    "basic": ("no_credentials", lambda: "Basic dXNlcjpwYXNz"),
    "scheme alone": ("no_credentials", lambda: "Bearer "),
    "token without scheme": ("no_credentials", signed),
    "two tokens": ("not_a_token", lambda: f"Bearer {signed()}, Bearer {signed()}"),
}
#: name: the reason in the log, and what makes the token.
TOKENS: dict[str, tuple[str, Callable[[], str]]] = {
    # form
    "not a token": ("not_a_token", lambda: "letmein"),
    "two parts": ("not_a_token", lambda: signed().rpartition(".")[0]),
    "five parts, as an encrypted token": ("not_a_token", lambda: f"{signed()}.a.b"),
    "claims are a list": ("not_a_token", lambda: signed(b"[1]")),
    "claims are no JSON": ("not_a_token", lambda: signed(b"{")),
    "exp beyond every number": ("not_a_token", lambda: signed(_with_number(b"1e400"))),
    "exp is NaN": ("not_a_token", lambda: signed(_with_number(b"NaN"))),
    "critical extension": ("not_a_token", lambda: signed(header={"crit": ["exp"], "exp": 1})),
    "unencoded payload": ("not_a_token", lambda: forged(HEADER | {"b64": False, "crit": ["b64"]})),
    "a huge token": ("not_a_token", lambda: signed(claims(padding="x" * 9000))),
    "header nested too deeply": ("not_a_token", lambda: with_raw_header(b"[" * 5000)),
    "header nested too deeply, complete": ("not_a_token", lambda: with_raw_header(_deep_header(2500))),
    "header with a number of 5000 digits": ("not_a_token", lambda: with_raw_header(b'{"alg":' + b"9" * 5000 + b"}")),
    "header with a member twice": ("signature", lambda: with_raw_header(_doubled_header())),
    "header that is no UTF-8": ("not_a_token", lambda: with_raw_header(b'{"alg": "\xff"}')),
    "claims nested too deeply": ("not_a_token", lambda: signed(_with_number(b"[" * 1100 + b"]" * 1100))),
    # algorithms
    **{f"alg {name!r}": ("algorithm", partial(forged, HEADER | {"alg": name})) for name in NONE},
    "alg missing": ("algorithm", lambda: forged({"kid": KID})),
    "alg null": ("algorithm", lambda: forged(HEADER | {"alg": None})),
    "alg a list": ("algorithm", lambda: forged(HEADER | {"alg": ["ES384"]})),
    "alg in lower case": ("algorithm", lambda: forged(HEADER | {"alg": "es384"})),
    "HS256 with the public EC key": ("algorithm", lambda: with_hmac("HS256", public_pem(ec_key()))),
    "HS384 with the public RSA key": ("algorithm", lambda: with_hmac("HS384", public_pem(rsa_key()))),
    "HS512 with the published key": (
        "algorithm",
        lambda: with_hmac("HS512", json.dumps(key_set()).encode()),
    ),
    "HS256 with nothing": ("algorithm", lambda: with_hmac("HS256", b"")),
    "PS384, which was not agreed": (
        "algorithm",
        lambda: signed(header={"alg": "PS384", "kid": RSA_KID}),
    ),
    "RS256, which was not agreed": (
        "algorithm",
        lambda: signed(header={"alg": "RS256", "kid": RSA_KID}),
    ),
    # keys
    "RS384 with the kid of the EC key": ("key_does_not_fit", lambda: signed(header={"alg": "RS384"})),
    "ES384 with the kid of the RSA key": ("key_does_not_fit", lambda: signed(header={"kid": RSA_KID})),
    "a stranger's key under the same kid": ("signature", lambda: signed(key=other_ec_key())),
    "key in the header": (
        "signature",
        lambda: signed(header={"jwk": public_jwk(other_ec_key(), KID)}, key=other_ec_key()),
    ),
    "key in the header under a new kid": (
        "kid_unknown",
        lambda: signed(header={"kid": "mine", "jwk": public_jwk(other_ec_key(), "mine")}, key=other_ec_key()),
    ),
    "certificate address in the header": (
        "signature",
        lambda: signed(header={"x5u": "https://evil.example/c.pem"}, key=other_ec_key()),
    ),
    "key of a listed jku under the standard address": (
        "kid_unknown",
        lambda: signed(header={"kid": "other"}, key=other_ec_key()),
    ),
    "kid of the standard address under a listed jku": ("kid_unknown", lambda: signed(header={"jku": JKU})),
    "jku not listed": ("jku", lambda: signed(header={"jku": "https://evil.example/keys"})),
    "jku that begins like a listed one": (
        "jku",
        lambda: signed(header={"jku": f"{JWKS_URI}@evil.example"}),
    ),
    "jku that leaves the listed path": ("jku", lambda: signed(header={"jku": f"{JKU}/../../upload"})),
    "jku with a fragment": ("jku", lambda: signed(header={"jku": f"{JWKS_URI}#"})),
    "jku in upper case": ("jku", lambda: signed(header={"jku": JWKS_URI.upper()})),
    "jku of the cloud's metadata": ("jku", lambda: signed(header={"jku": "http://169.254.169.254/latest"})),
    "jku of a file": ("jku", lambda: signed(header={"jku": "file:///etc/passwd"})),
    "jku a list": ("jku", lambda: signed(header={"jku": [JWKS_URI]})),
    "jku null": ("jku", lambda: signed(header={"jku": None})),
    "kid missing": ("kid_missing", lambda: signed(header={"kid": ...})),
    "kid empty": ("kid_missing", lambda: signed(header={"kid": ""})),
    "kid null": ("not_a_token", lambda: signed(header={"kid": None})),
    "kid a number": ("not_a_token", lambda: signed(header={"kid": 1})),
    "kid a path": ("kid_unknown", lambda: signed(header={"kid": "../../../../dev/null"})),
    "kid a query": ("kid_unknown", lambda: signed(header={"kid": "' OR 1=1 --"})),
    "kid a URL": ("kid_unknown", lambda: signed(header={"kid": "https://evil.example/keys"})),
    "kid percent-encoded": ("kid_unknown", lambda: signed(header={"kid": "kA%2Bb%2F9xQ%3D%3D"})),
    "kid with a space for its plus": ("kid_unknown", lambda: signed(header={"kid": KID.replace("+", " ")})),
    "kid with a line break": ("kid_unknown", lambda: signed(header={"kid": f"{KID}\r\nX-Evil: 1"})),
    # signatures
    "no signature": ("signature", lambda: signed().rpartition(".")[0] + "."),
    "signature of zeros": ("signature", lambda: forged(HEADER, signature=bytes(96))),
    "signature in DER": ("signature", lambda: _der_signature()),
    "signature of another token": (
        "signature",
        lambda: _mixed((signed(), 0), (signed(), 1), (signed(), 2)),
    ),
    "claims exchanged": ("signature", lambda: _payload_exchanged()),
    # purpose
    "an access token": ("type", lambda: signed(header={"typ": "at+jwt"})),
    "a DPoP proof": ("type", lambda: signed(header={"typ": "dpop+jwt"})),
    "typ a number": ("type", lambda: signed(header={"typ": 1})),
    # issuer
    "iss missing": ("unknown_issuer", lambda: signed(claims("iss"))),
    "iss unknown": ("unknown_issuer", lambda: signed(claims(iss="https://evil.example/"))),
    "iss without its slash": ("unknown_issuer", lambda: signed(claims(iss=ISSUER.rstrip("/")))),
    "iss in another case": ("unknown_issuer", lambda: signed(claims(iss=ISSUER.upper()))),
    "iss a list": ("unknown_issuer", lambda: signed(claims(iss=[ISSUER]))),
    "iss an object": ("unknown_issuer", lambda: signed(claims(iss={ISSUER: 1}))),
    # audience
    "aud missing": ("claims", lambda: signed(claims("aud"))),
    "aud empty": ("claims", lambda: signed(claims(aud=[]))),
    "aud a number": ("claims", lambda: signed(claims(aud=1))),
    "aud a list with a number": ("claims", lambda: signed(claims(aud=[f"{PUBLIC_URL}{PATH}", 1]))),
    "aud another service": (
        "audience",
        lambda: signed(claims(aud=f"{PUBLIC_URL}/cds-services/oncology-order-sign")),
    ),
    "aud the base": ("audience", lambda: signed(claims(aud=PUBLIC_URL))),
    "aud discovery": ("audience", lambda: signed(claims(aud=f"{PUBLIC_URL}/cds-services"))),
    "aud feedback": ("audience", lambda: signed(claims(aud=f"{PUBLIC_URL}{PATH}/feedback"))),
    "aud with http": ("audience", lambda: signed(claims(aud=f"http://cds.example/oncohooks{PATH}"))),
    "aud another port": (
        "audience",
        lambda: signed(claims(aud=f"https://cds.example:8443/oncohooks{PATH}")),
    ),
    "aud the host of the request": ("audience", lambda: signed(claims(aud=f"http://localhost{PATH}"))),
    "aud another path in case": ("audience", lambda: signed(claims(aud=f"{PUBLIC_URL}{PATH.upper()}"))),
    "aud with a query": ("audience", lambda: signed(claims(aud=f"{PUBLIC_URL}{PATH}?a=1"))),
    "aud that begins like ours": (
        "audience",
        lambda: signed(claims(aud=f"{PUBLIC_URL}{PATH}.evil.example")),
    ),
    # times
    "exp missing": ("claims", lambda: signed(claims("exp"))),
    "exp a text": ("claims", lambda: signed(claims(exp=str(SECONDS + 300)))),
    "exp true": ("claims", lambda: signed(claims(exp=True))),
    "exp in the year 33658": ("claims", lambda: signed(claims(exp=10**12))),
    "expired": ("expired", lambda: signed(claims(iat=SECONDS - 400, exp=SECONDS - 61))),
    "expired to the second": ("expired", lambda: signed(claims(iat=SECONDS - 400, exp=SECONDS - 60))),
    "iat missing": ("claims", lambda: signed(claims("iat"))),
    "iat in the future": ("issued_in_future", lambda: signed(claims(iat=SECONDS + 61))),
    "exp before iat": ("lifetime", lambda: signed(claims(iat=SECONDS + 40, exp=SECONDS + 20))),
    "a life of more than an hour": ("lifetime", lambda: signed(claims(exp=SECONDS + 3601))),
    "a long life with an early iat": ("lifetime", lambda: signed(claims(iat=0))),
    "nbf in the future": ("not_yet_valid", lambda: signed(claims(nbf=SECONDS + 61))),
    "nbf a text": ("claims", lambda: signed(claims(nbf="now"))),
    # identity
    "jti missing": ("claims", lambda: signed(claims("jti"))),
    "jti empty": ("claims", lambda: signed(claims(jti=""))),
    "jti a number": ("claims", lambda: signed(claims(jti=1))),
    "jti endless": ("claims", lambda: signed(claims(jti="j" * 1001))),
    "tenant missing": ("tenant", lambda: signed(claims("tenant"))),
    "tenant of others": ("tenant", lambda: signed(claims(tenant="west"))),
    "tenant a list": ("tenant", lambda: signed(claims(tenant=["north"]))),
}


def _with_number(number: bytes) -> bytes:
    return json.dumps(claims(exp="?")).encode().replace(b'"?"', number)


def test_the_table_is_long_enough() -> None:
    assert len(TOKENS) >= 90


@pytest.mark.parametrize("attack", CREDENTIALS)
def test_credentials_of_another_kind_are_refused(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, attack: str
) -> None:
    reason, make = CREDENTIALS[attack]
    _assert_refused(_call(client, make()), reason, caplog)


@pytest.mark.parametrize("attack", TOKENS)
def test_a_bad_token_is_refused_without_a_reason(
    client: FlaskClient, network: responses.RequestsMock, caplog: pytest.LogCaptureFixture, attack: str
) -> None:
    reason, make = TOKENS[attack]
    token = make()
    _assert_refused(_call(client, f"Bearer {token}"), reason, caplog)
    assert not any(part in caplog.text for part in token.split(".") if len(part) > 8)
    assert {call.request.url for call in network.calls} <= {JWKS_URI, JKU}


def _assert_refused(answer: Answer, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    assert answer.status_code == 401
    assert answer.data == operation_outcome(401, "Authentication is required.").data
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    (record,) = (record for record in caplog.records if record.msg == "authentication")
    assert record.__dict__["fields"]["reason"] == reason


BEFORE_ANY_KEY = [name for name, (reason, _) in TOKENS.items() if reason in ("jku", "unknown_issuer", "algorithm")]


@pytest.mark.parametrize("attack", BEFORE_ANY_KEY)
def test_nobody_makes_the_service_ask_an_address(
    client: FlaskClient, network: responses.RequestsMock, attack: str
) -> None:
    assert _call(client, f"Bearer {TOKENS[attack][1]()}").status_code == 401
    assert len(network.calls) == 0


GOOD: dict[str, Callable[[], str]] = {
    "as the specification has it": signed,
    "RS384": lambda: signed(header={"alg": "RS384", "kid": RSA_KID}),
    "without typ": lambda: signed(header={"typ": ...}),
    "typ in lower case": lambda: signed(header={"typ": "jwt"}),
    "its standard address as jku": lambda: signed(header={"jku": JWKS_URI}),
    "a listed jku": lambda: signed(header={"jku": JKU, "kid": "other"}, key=other_ec_key()),
    "several audiences": lambda: signed(claims(aud=["https://other.example", f"{PUBLIC_URL}{PATH}"])),
    "audience with a slash": lambda: signed(claims(aud=f"{PUBLIC_URL}{PATH}/")),
    "audience with its port": lambda: signed(claims(aud=f"https://cds.example:443/oncohooks{PATH}")),
    "audience with capitals in its host": lambda: signed(claims(aud=f"HTTPS://CDS.Example/oncohooks{PATH}")),
    "audience typed by hand": lambda: signed(claims(aud="agreed by telephone")),
    "the other tenant": lambda: signed(claims(tenant="south")),
    "Epic's times": lambda: signed(claims(nbf=SECONDS - 300, exp=SECONDS + 900, sub="client-id")),
    "a clock behind": lambda: signed(claims(iat=SECONDS - 350, exp=SECONDS - 59)),
    "a clock ahead": lambda: signed(claims(iat=SECONDS + 60, nbf=SECONDS + 60)),
    "fractions of seconds": lambda: signed(claims(iat=SECONDS + 0.25, exp=SECONDS + 300.75)),
    "a life of an hour": lambda: signed(claims(exp=SECONDS + 3600)),
    "unknown claims and headers": lambda: signed(claims(extension={"a": None}), {"x5t": "abc"}),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_token_is_let_in(client: FlaskClient, name: str) -> None:
    response = _call(client, f"Bearer {GOOD[name]()}")
    assert response.status_code == 200
    assert response.get_json()["cards"]


def test_the_scheme_is_read_in_any_case(client: FlaskClient) -> None:
    assert _call(client, f"bearer {signed()}").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil"}]
)
def test_no_header_of_the_request_changes_the_audience(client: FlaskClient, headers: dict[str, str]) -> None:
    evil = signed(claims(aud=f"https://evil.example{PATH}"))
    good = signed()
    for token, status in ((evil, 401), (good, 200)):
        answer = client.post(PATH, json=BODY, headers=headers | {"Authorization": f"Bearer {token}"})
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("audience", "status"),
    [(f"{PATH}/feedback", 200), (PATH, 200), ("/cds-services/oncology-order-sign/feedback", 401), ("/feedback", 401)],
)
def test_feedback_takes_its_own_audience_and_that_of_its_service(
    advisor: Advisor, store: Store, network: responses.RequestsMock, audience: str, status: int
) -> None:
    authenticator = Authenticator(SETTINGS, store.use_token, now=lambda: NOW)
    client = create_app(SETTINGS, advisor=advisor, authenticator=authenticator).test_client()
    headers = {"Authorization": f"Bearer {signed(claims(aud=f'{PUBLIC_URL}{audience}'))}"}
    answer = client.post(f"{PATH}/feedback", json={"feedback": []}, headers=headers)
    assert answer.status_code == (400 if status == 200 else status)  # let in, and then told that it says nothing


def test_a_key_of_one_client_is_no_key_of_another(
    advisor: Advisor, store: Store, network: responses.RequestsMock
) -> None:
    other = Client(
        name="other EHR", issuer="https://other.example/", jwks={"keys": [public_jwk(other_ec_key(), "other")]}
    )
    settings = SETTINGS.model_copy(update={"client": (*SETTINGS.client, other)})
    authenticator = Authenticator(settings, store.use_token, now=lambda: NOW)
    client = create_app(settings, advisor=advisor, today=lambda: TODAY, authenticator=authenticator).test_client()
    theirs: dict[str, Any] = {"header": {"kid": "other"}, "key": other_ec_key()}
    own, as_another = signed(claims("tenant", iss=other.issuer), **theirs), signed(claims(), **theirs)
    assert [_call(client, f"Bearer {token}").status_code for token in (own, as_another)] == [200, 401]


def test_an_unknown_service_is_not_told_to_strangers(client: FlaskClient) -> None:
    assert client.post("/cds-services/unknown", json=BODY).status_code == 401
    known = signed(claims(aud=f"{PUBLIC_URL}/cds-services/unknown"))
    assert _call(client, f"Bearer {known}", "/cds-services/unknown").status_code == 404


# --- replay ----------------------------------------------------------------------------------------------------------


def test_a_token_is_good_once(client: FlaskClient) -> None:
    token = f"Bearer {signed()}"
    assert [_call(client, token).status_code for _ in range(3)] == [200, 401, 401]


def test_the_same_jti_in_another_token_is_a_replay(client: FlaskClient) -> None:
    for status, tenant in ((200, "north"), (401, "south")):
        assert _call(client, f"Bearer {signed(claims(jti='once', tenant=tenant))}").status_code == status


def test_a_refused_token_uses_up_no_jti(client: FlaskClient) -> None:
    stolen = claims(jti="victim")
    assert _call(client, f"Bearer {signed(stolen, key=other_ec_key())}").status_code == 401
    assert _call(client, f"Bearer {signed(stolen | {'tenant': 'west'})}").status_code == 401
    assert _call(client, f"Bearer {signed(stolen)}").status_code == 200
