"""Settings: environment variables ``ONCOHOOKS_…`` over one TOML file over defaults."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FilePath, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from cds_service.fhir_servers import address_of, base_of, is_addressable

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(ValueError):
    """Settings with which the service must not start; the message says what to change."""


class Client(BaseModel):
    """One CDS client (EHR) that may call the service.

    ``fhir_servers``: base addresses of the FHIR servers that its requests may name; over TLS unless on this machine.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    issuer: str = Field(min_length=1)
    fhir_servers: tuple[str, ...] = ()

    @field_validator("fhir_servers")
    @classmethod
    def _usable(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked_server(server) for server in servers)


def _checked_server(server: str) -> str:
    """The address of a FHIR server in its normal form. Raises ``ValueError`` if nothing may be fetched from it."""
    base = base_of(server)
    address = address_of(base)
    if base is None or address is None:
        raise ValueError("must be the base address of a FHIR server without user name, query and fragment")
    if not address.is_secure and address.host not in LOOPBACK:
        raise ValueError("must begin with https:// unless it is on this machine")
    if not is_addressable(address.host):
        raise ValueError("must not be a link-local, multicast or unspecified address")
    return base


class CardSettings(BaseModel):
    """Which cards are shown, and what they offer.

    ``limit``: cards in one answer. ``least``: by hook, the least urgency that is shown (``info``, ``warning``,
    ``critical``). ``all_comers``: whether options are shown whose label asks for no biomarker. ``evidence``:
    whether an opened chart shows evidence beyond the label. ``supported``: what is
    said of a drafted medicine that the label supports (``silent``, ``info``).
    ``mismatch``: of one whose tumour, line or partner does not fit (``silent``, ``info``, ``warning``).
    ``suggestions``, ``override_reasons``: whether cards carry them.
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
    ``fhir_deadline_ms``: how long one request may spend on fetching, in milliseconds. ``open_fhir_servers``: fetch
    without a token if a request brings none. ``ca_bundle``: certification authorities for FHIR servers, a PEM file.
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
    fhir_deadline_ms: int = Field(default=400, ge=50, le=10_000)
    open_fhir_servers: bool = False
    ca_bundle: FilePath | None = None
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
    """The database of the service."""
    return settings.store or f"sqlite:///{state_folder(settings) / 'oncohooks.sqlite'}"


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


def check_startable(settings: Settings) -> None:
    """Refuse to serve patients' advice without knowing who asks. Raises :class:`SettingsError`."""
    if settings.demo:
        if settings.host not in LOOPBACK:
            raise SettingsError("demo mode has no authentication and listens on the loopback address only")
        return
    if not settings.client:
        raise SettingsError(
            "no CDS client is configured: add a [[client]] table to the settings file, or use --demo on this machine"
        )
