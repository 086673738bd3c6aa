"""What is checked, how a check can end, and what to do about each problem."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Check(StrEnum):
    """What is looked at, in this order."""

    REACHABLE = "reachable"
    TLS = "tls"
    READY = "ready"
    CLOCK = "clock"
    DISCOVERY = "discovery"
    UNSIGNED = "unsigned"
    SIGNED = "signed"
    FORGED = "forged"
    REPLAYED = "replayed"
    HOOKS = "hooks"
    LATENCY = "latency"
    CORS = "cors"
    FHIR = "fhir"
    KNOWLEDGE = "knowledge"
    METRICS = "metrics"


class State(StrEnum):
    """How a check ended. ``SKIPPED``: something that it needs was not given or has failed."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Problem(StrEnum):
    """What is wrong, as one word for scripts."""

    UNKNOWN_HOST = "unknown_host"
    REFUSED = "connection_refused"
    NO_ANSWER = "no_answer"
    NO_TLS = "no_tls"
    TLS_HANDSHAKE = "tls_handshake"
    TLS_UNTRUSTED = "tls_untrusted"
    TLS_NAME = "tls_name"
    TLS_EXPIRED = "tls_expired"
    TLS_EXPIRES_SOON = "tls_expires_soon"
    NOT_READY = "not_ready"
    NO_STORE = "no_store"
    HIDDEN_READY = "ready_hidden"
    CLOCK_SKEW = "clock_skew"
    NO_DATE = "no_date"
    NO_DISCOVERY = "no_discovery"
    DISCOVERY_FORM = "discovery_form"
    HOOK_MISSING = "hook_missing"
    OPEN = "open_to_anybody"
    DEMO = "demo_mode"
    NO_KEY = "no_key"
    NOT_LET_IN = "not_let_in"
    FORGERY_TAKEN = "forgery_taken"
    REPLAY_TAKEN = "replay_taken"
    CALL_FAILED = "call_failed"
    ANSWER_FORM = "answer_form"
    NO_CARDS = "no_cards"
    SLOW = "slow"
    NO_ORIGIN = "no_origin"
    ORIGIN_REFUSED = "origin_refused"
    PREFLIGHT = "preflight"
    ANY_ORIGIN = "any_origin"
    NO_FHIR_SERVER = "no_fhir_server"
    NOT_FETCHED = "not_fetched"
    FETCHED_IN_PART = "fetched_in_part"
    OTHER_RELEASE = "other_release"
    STALE = "stale"
    METRICS_OPEN = "metrics_open"
    NOT_ASKED = "not_asked"


#: What to do about each.
REMEDIES = {
    Problem.UNKNOWN_HOST: "Correct the host name in the address, or the DNS of this machine.",
    Problem.REFUSED: (
        "Start the service or its proxy, and correct the port. Outside its own machine a service is reached through "
        "a proxy that ends TLS."
    ),
    Problem.NO_ANSWER: "Look for a firewall or a proxy that drops the connection, and whether the service hangs.",
    Problem.NO_TLS: "Put a proxy that ends TLS before the service, and call it by https: calls carry patient data.",
    Problem.TLS_HANDSHAKE: (
        "Something on this port speaks no TLS, or none of version 1.2 or later: correct the port, or the proxy."
    ),
    Problem.TLS_UNTRUSTED: (
        "Let the proxy send the whole chain of certificates. If the authority is your own, name it by --ca-bundle here "
        "and in the trust of the client."
    ),
    Problem.TLS_NAME: "Get a certificate for the host name that clients call, or call the name that it is for.",
    Problem.TLS_EXPIRED: "Renew the certificate. If it has just been renewed, let the proxy load it.",
    Problem.TLS_EXPIRES_SOON: "Renew the certificate, or make sure that it renews itself.",
    Problem.NOT_READY: "The reason is in the answer: no knowledge, or a store that cannot be reached. See the log.",
    Problem.NO_STORE: "Correct `store` or start the database: decision records and feedback are not kept meanwhile.",
    Problem.HIDDEN_READY: (
        "Nothing, if the proxy passes on nothing but `/cds-services`, as it should: examine the service on its own "
        "machine for readiness, release and staleness. Otherwise correct the address."
    ),
    Problem.CLOCK_SKEW: "Set the clocks of both machines by NTP: tokens are good for minutes.",
    Problem.NO_DATE: "Let the proxy keep the Date header. It is needed for nothing but this check.",
    Problem.NO_DISCOVERY: (
        "`GET /cds-services` does not answer 200: correct the base address (without `/cds-services`), or the path that "
        "the proxy passes on."
    ),
    Problem.DISCOVERY_FORM: "Something else than this service answers, or a proxy changes what it says.",
    Problem.HOOK_MISSING: "This service answers all three hooks: look which version runs there.",
    Problem.OPEN: (
        "The service answers anybody: end demo mode, register the clients, and keep a proxy from signing for callers."
    ),
    Problem.DEMO: "Demo mode is for this machine only. For clients, register them and start without --demo.",
    Problem.NO_KEY: "Give --key and --issuer of a registered test client: `oncohooks clients new-key` makes a key.",
    Problem.NOT_LET_IN: (
        "The log of the service has the reason as one word; `oncohooks clients test NAME --key FILE` beside its "
        "settings names it with what to do. Often `public_url` is not the address that is called."
    ),
    Problem.FORGERY_TAKEN: "Nobody checks signatures: a proxy answers for the service, or it is not this service.",
    Problem.REPLAY_TAKEN: (
        "A token is good twice: let all processes and machines of the service use one store (`store`), and keep a "
        "proxy from repeating or caching calls."
    ),
    Problem.CALL_FAILED: "The status and the text of the answer say why: docs/reference/http.md lists each.",
    Problem.ANSWER_FORM: "Report it with the version of the service; a proxy may also have changed the answer.",
    Problem.NO_CARDS: (
        "For this invented patient cards are expected. Look at `cards.least` of the client and at the knowledge "
        "release. If the cards were overridden lately, that is why."
    ),
    Problem.SLOW: (
        "Compare with the metric `oncohooks_request_seconds` of the service: what is not there is network or proxy. "
        "More `workers` help if several requests come at once."
    ),
    Problem.NO_ORIGIN: "Give --origin if the client runs in a browser; other clients need no CORS.",
    Problem.ORIGIN_REFUSED: "Add the origin to `cors_origins`, exactly as the browser sends it.",
    Problem.PREFLIGHT: (
        "Let the proxy pass OPTIONS and its headers on to the service, before it asks for any authentication."
    ),
    Problem.ANY_ORIGIN: "A proxy adds its own CORS headers: let the service alone say which origins may call.",
    Problem.NO_FHIR_SERVER: "Give --fhir-server, --fhir-token and --patient of a test system, if it is to be fetched.",
    Problem.NOT_FETCHED: (
        'The text names each key with the reason; "not one that this client may name" is mended by `fhir_servers` of '
        "the client, a certificate by `ca_bundle`, a status of the server by the rights of the token."
    ),
    Problem.FETCHED_IN_PART: "Give the token the right to search what is named, or raise `fhir_deadline_ms`.",
    Problem.OTHER_RELEASE: "Install the release that is expected, then `oncohooks reload`.",
    Problem.STALE: (
        "Labels have newer texts than were read: `oncohooks kb list` marks the statements; install a newer release."
    ),
    Problem.METRICS_OPEN: "Set `metrics.token`, or keep the proxy from passing `/metrics` on.",
    Problem.NOT_ASKED: "Begin with the finding above on which it depends.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a check: ``said`` is what was found, ``problem`` what is wrong with it, if anything is."""

    check: Check
    state: State
    said: str
    problem: Problem | None = None

    @property
    def remedy(self) -> str | None:
        """What to do about it."""
        return REMEDIES[self.problem] if self.problem else None

    def to_json(self) -> dict[str, str]:
        """The finding as JSON; members without a value are left out."""
        values = {
            "check": self.check.value,
            "state": self.state.value,
            "said": self.said,
            "problem": self.problem and self.problem.value,
            "remedy": self.remedy,
        }
        return {name: value for name, value in values.items() if value is not None}


def ok(check: Check, said: str) -> Finding:
    """All is well."""
    return Finding(check, State.OK, said)


def warning(check: Check, problem: Problem, said: str) -> Finding:
    """Something to look at, with which the service can be used."""
    return Finding(check, State.WARNING, said, problem)


def failed(check: Check, problem: Problem, said: str) -> Finding:
    """Something with which the service must not be used."""
    return Finding(check, State.FAILED, said, problem)


def skipped(check: Check, problem: Problem, said: str) -> Finding:
    """Not checked."""
    return Finding(check, State.SKIPPED, said, problem)
