"""Settings: environment variables ``ONCOHOOKS_…`` over one TOML file over defaults."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from cards import load_language
from cds_service.jwks import Algorithm
from cds_service.setting_types import BaseAddress, FhirServer, Fingerprint, KeySet, Network, Origin, Text, WebAddress


class SettingsError(ValueError):
    """Settings with which the service must not start; the message says what to change."""


class CardSettings(BaseModel):
    """Which cards are shown, and what they offer.

    ``limit``: cards in one answer. ``least``: by hook, the least urgency that is shown (``info``, ``warning``,
    ``critical``). ``all_comers``: whether options are shown whose label asks for no biomarker. ``evidence``:
    whether an opened chart shows evidence beyond the label. ``supported``: what is
    said of a drafted medicine that the label supports (``silent``, ``info``).
    ``mismatch``: of one whose tumour, line or partner does not fit or decides (``silent``, ``info``, ``warning``).
    ``suggestions``, ``override_reasons``: whether cards carry them. ``language``: in which their texts are written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=5, ge=1, le=20)
    all_comers: bool = False
    evidence: bool = False
    least: dict[Literal["patient-view", "order-select", "order-sign"], Literal["info", "warning", "critical"]] = {}
    supported: Literal["silent", "info"] = "silent"
    mismatch: Literal["silent", "info", "warning"] = "info"
    suggestions: bool = True
    override_reasons: bool = True
    language: str = "en"

    @field_validator("language")
    @classmethod
    def _is_there(cls, code: str) -> str:
        load_language(code)
        return code


class Client(BaseModel):
    """One CDS client (EHR) that may call the service.

    ``name``: for people, logs and decision records. ``issuer``: ``iss`` of its tokens. ``jwks``, ``jwks_uri``: its
    public keys, or where it publishes them. ``jku``: further addresses that the header of a token may name.
    ``audiences``: ``aud`` accepted beside the URL that is called. ``tenants``: if there are any, the token must name
    one. ``algorithms``: of signatures. ``proof``: what tells who it is, a token, a certificate or both.
    ``certificate_fingerprints`` (SHA-256), ``certificate_subjects``: its certificates. ``fhir_servers``: base URLs that
    may be read for it. ``dialect``: whose habits it has. ``jurisdiction``: whose labels count. ``cards``: which cards
    it is shown, where that differs from the common settings.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[\p{L}\p{N}][\p{L}\p{N} ._()/-]{0,99}$")
    issuer: Text | None = None
    jwks: KeySet | None = None
    jwks_uri: WebAddress | None = None
    jku: tuple[WebAddress, ...] = ()
    audiences: tuple[Text, ...] = ()
    tenants: tuple[Text, ...] = ()
    algorithms: tuple[Algorithm, ...] = Field(default=("ES384", "RS384"), min_length=1)
    proof: Literal["token", "certificate", "both"] = "token"
    certificate_fingerprints: tuple[Fingerprint, ...] = ()
    certificate_subjects: tuple[Text, ...] = ()
    fhir_servers: tuple[FhirServer, ...] = ()
    dialect: Literal["standard", "epic"] = "standard"
    jurisdiction: Literal["eu"] = "eu"
    cards: CardSettings | None = None


class MetricsSettings(BaseModel):
    """Who may read ``/metrics``: with a ``token`` whoever presents it, else only callers on this machine."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: SecretStr | None = Field(default=None, min_length=16)


class TelemetrySettings(BaseModel):
    """Where traces are sent, if anywhere.

    ``endpoint``: the base address of a collector that takes OTLP over HTTP. ``sample``: the share of requests that are
    traced, where the caller's trace does not decide it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: BaseAddress | None = None
    sample: float = Field(default=1.0, ge=0, le=1)


class Settings(BaseSettings):
    """All settings of the service.

    ``demo``: loopback only, no authentication. ``client``: the configured CDS clients, one TOML table each.
    ``max_body_bytes``: larger requests are refused with 413. ``amplification_copies``: copies from which a
    gain counts as an amplification. ``site_codes``: a YAML or TOML file of the hospital's own result codes.
    ``cds_hooks``: the version of the specification whose additions are used. ``cards``: which cards are shown.
    ``store``: the database of decision records and feedback as an SQLAlchemy URL.
    ``state_dir``: the folder of the embedded database and of the key for pseudonyms. ``repeat_after_days``: how long
    advice that was overridden is not repeated while facts and knowledge are the same; 0 repeats it always.
    ``knowledge``: a release file or knowledge folder in place of the shipped knowledge.

    ``public_url``: the address under which clients call the service, as the audience of tokens. ``discovery``: whether
    it needs authentication (``open``, ``authenticated``). ``clock_skew_seconds``: tolerance between clocks.
    ``token_lifetime_seconds``: the longest life of a token. ``trusted_proxies``: addresses or networks whose
    ``certificate_header`` is believed. ``requests_per_second``: of one client, for each worker, on average; 0 for no
    limit. ``requests_at_once``, ``requests_waiting``: how many a worker works on, and how many more may wait.
    ``request_seconds``: the longest time for one.
    ``store_password_file``: a file with the password of the database, so that it need not stand in the URL.
    ``keep_days``: older decision records and feedback are deleted once a day; 0 deletes nothing. ``log_level``: the
    least level of log lines. ``metrics``: who may read them. ``cors_origins``: origins whose pages may call.
    ``telemetry``: where traces are sent.
    ``knowledge_release``: the only knowledge release that is accepted. ``recycle_after``: requests after which a
    worker process is replaced; 0 never does.
    ``fhir_deadline_ms``: how long one request may spend on fetching, in milliseconds. ``open_fhir_servers``: fetch
    without a token if a request brings none. ``ca_bundle``: certification authorities for FHIR servers, a PEM file.
    ``playground``: whether the page that reads example patients and pasted records is there outside demo mode too.
    """

    model_config = SettingsConfigDict(env_prefix="ONCOHOOKS_", extra="forbid", frozen=True, env_nested_delimiter="__")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    demo: bool = False
    max_body_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    amplification_copies: float | None = Field(default=None, gt=2)
    site_codes: Path | None = None
    cds_hooks: Literal["2.0", "3.0"] = "2.0"
    cards: CardSettings = CardSettings()
    store: str | None = None
    state_dir: Path | None = None
    repeat_after_days: int = Field(default=30, ge=0, le=3650)
    knowledge: Path | None = None
    public_url: BaseAddress | None = None
    discovery: Literal["open", "authenticated"] = "open"
    clock_skew_seconds: int = Field(default=60, ge=0, le=300)
    token_lifetime_seconds: int = Field(default=3600, ge=60, le=86400)
    trusted_proxies: tuple[Network, ...] = ()
    certificate_header: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]+$")
    requests_per_second: float = Field(default=50, ge=0)
    requests_at_once: int = Field(default=4, ge=1, le=64)
    requests_waiting: int = Field(default=24, ge=0, le=256)
    request_seconds: float = Field(default=10, gt=0, le=120)
    store_password_file: Path | None = None
    keep_days: int = Field(default=0, ge=0, le=36500)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics: MetricsSettings = MetricsSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    cors_origins: tuple[Origin, ...] = ()
    knowledge_release: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{16,64}$")
    recycle_after: int = Field(default=50_000, ge=0)
    fhir_deadline_ms: int = Field(default=400, ge=50, le=10_000)
    open_fhir_servers: bool = False
    ca_bundle: FilePath | None = None
    playground: bool = False
    client: tuple[Client, ...] = ()

    @field_validator("ca_bundle")
    @classmethod
    def _loadable(cls, file: Path | None) -> Path | None:
        if file is not None:
            try:
                ssl.create_default_context(cafile=file)
            except OSError:
                raise ValueError("holds no certificates that can be read") from None
        return file

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, then environment, then the TOML file of this load."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def state_folder(settings: Settings) -> Path:
    """Where the service keeps what it may not lose, by the XDG base directories unless the settings say otherwise."""
    if settings.state_dir is not None:
        return settings.state_dir
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "oncohooks"


def store_url(settings: Settings) -> str:
    """The database of the service. Raises :class:`SettingsError` if its password cannot be read."""
    if settings.store is None:
        return f"sqlite:///{state_folder(settings) / 'oncohooks.sqlite'}"
    if settings.store_password_file is None:
        return settings.store
    try:
        password = settings.store_password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"store_password_file: {settings.store_password_file} cannot be read") from None
    scheme, _, rest = settings.store.partition("://")
    user, separator, place = rest.rpartition("@")
    if not separator or ":" in user:
        raise SettingsError("store_password_file: the URL of store must name a user and no password")
    return f"{scheme}://{user}:{quote(password, safe='')}@{place}"


def service_address(settings: Settings) -> str | None:
    """Where browsers reach the service, without a slash at the end; ``None`` where the settings do not tell."""
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    if not settings.demo or settings.port == 0:
        return None
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}"


def explanation_url(settings: Settings) -> str | None:
    """The page that explains a statement, to which its id is appended; ``None`` where browsers cannot reach it."""
    address = service_address(settings)
    return f"{address}/statements" if address else None


def load_settings(config: Path | None = None, **overrides: Any) -> Settings:
    """Load and check the settings of ``config`` or, without it, of the file that ``ONCOHOOKS_CONFIG`` names.

    Raises :class:`SettingsError` for values that cannot be used and for names that are no settings.
    """
    if config is None and (named := os.environ.get("ONCOHOOKS_CONFIG")):
        config = Path(named)
    if config is not None and not config.is_file():
        raise SettingsError(f"the settings file {config} does not exist")
    given = {name: value for name, value in overrides.items() if value is not None}

    class FromFile(Settings):
        model_config = SettingsConfigDict(**{**Settings.model_config, "toml_file": config})

    try:
        return FromFile(**given)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise SettingsError(f"settings: {problems}") from None
    except ValueError as error:
        raise SettingsError(f"settings file {config}: {error}") from None
