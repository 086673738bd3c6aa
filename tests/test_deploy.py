"""The files of ``deploy/``: they cannot be run here, but what they promise can be read in them."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
PINNED = re.compile(r"^[a-z0-9./-]+:[A-Za-z0-9._-]+@sha256:[0-9a-f]{64}$")
WRITABLE = "/var/lib/oncohooks"


def _instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments, comments and continued lines taken away."""
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    return [(name, " ".join(argument.split())) for name, argument in lines]


def _last_stage() -> list[tuple[str, str]]:
    found = _instructions()
    last = max(index for index, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def test_base_images_are_pinned_by_digest() -> None:
    images = [argument.split()[0] for name, argument in _instructions() if name == "FROM"]
    assert len(images) == 2
    assert all(PINNED.match(image) for image in images), images


def test_the_image_runs_as_a_user_without_privileges() -> None:
    users = [argument for name, argument in _last_stage() if name == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", users[-1])
    after = _last_stage()[[name for name, _ in _last_stage()].index("USER") :]
    assert not [name for name, _ in after if name in ("RUN", "COPY", "ADD", "USER")][1:]


def test_packages_are_installed_with_their_hashes_and_nothing_else() -> None:
    installs = [argument for name, argument in _instructions() if name == "RUN" and "pip install" in argument]
    assert installs
    for argument in installs:
        assert "--require-hashes -r requirements.lock" in argument or "--no-deps --no-build-isolation" in argument
    assert not [argument for name, argument in _instructions() if name == "ADD" or "curl" in argument]


def test_no_secret_is_in_the_image() -> None:
    for name, argument in _instructions():
        assert not (name in ("ENV", "ARG") and re.search(r"pass|token|secret|key", argument, re.IGNORECASE)), argument
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert ignored[0] == "**"
    copied = {part for name, argument in _instructions() if name == "COPY" for part in argument.split()[:-1]}
    needed = {part.rstrip("/").removeprefix("./") for part in copied if not part.startswith(("--", "/"))}
    assert needed == {entry[1:] for entry in ignored if entry.startswith("!")}
    assert all((ROOT / part).exists() for part in needed)


def test_every_package_that_is_installed_is_copied() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    packages = set(re.findall(r'"(\w+)\.\*"', text.partition("[tool.setuptools.packages.find]")[2].partition("]")[0]))
    copied = {argument.split()[0] for name, argument in _instructions() if name == "COPY"}
    assert packages
    assert packages <= copied


def test_the_image_says_how_it_is_and_how_it_ends() -> None:
    stage = dict(_last_stage())
    assert "/health" in stage["HEALTHCHECK"]
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert stage["ENTRYPOINT"] == '["oncohooks"]', "no shell between, so that signals arrive"


def test_settings_in_the_files_exist() -> None:
    known = {f"ONCOHOOKS_{name.upper()}" for name in Settings.model_fields} | {"ONCOHOOKS_CONFIG"}
    for path in DEPLOY.iterdir():
        assert set(re.findall(r"ONCOHOOKS_\w+", path.read_text(encoding="utf-8"))) <= known, path


@pytest.fixture
def compose() -> dict[str, Any]:
    content = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def test_what_the_compose_file_refers_to_is_there(compose: dict[str, Any]) -> None:
    named = set(compose["volumes"]) | set(compose["secrets"])
    for service in compose["services"].values():
        assert set(service.get("secrets", ())) <= set(compose["secrets"])
        for volume in service["volumes"]:
            source = volume["source"] if isinstance(volume, dict) else volume.partition(":")[0]
            assert source in named or source.startswith("./")
        assert set(service.get("depends_on", ())) <= set(compose["services"])
    build = compose["services"]["oncohooks"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()


def test_the_container_may_write_its_state_and_nothing_else(compose: dict[str, Any]) -> None:
    service = compose["services"]["oncohooks"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    writable = [volume for volume in service["volumes"] if isinstance(volume, str)]
    assert writable == [f"state:{WRITABLE}"]
    assert [entry.partition(":")[0] for entry in service["tmpfs"]] == ["/tmp"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"]), "TLS is the proxy's"


def test_passwords_come_from_files(compose: dict[str, Any]) -> None:
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD:|://\w+:\w+@", text)
    assert all("file" in secret for secret in compose["secrets"].values())
    environment = compose["services"]["oncohooks"]["environment"]
    assert environment["ONCOHOOKS_STORE_PASSWORD_FILE"] == "/run/secrets/db_password"
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert "deploy/db_password.txt" in ignored


def test_the_database_is_pinned_and_waited_for(compose: dict[str, Any]) -> None:
    assert PINNED.match(compose["services"]["db"]["image"])
    assert compose["services"]["oncohooks"]["depends_on"]["db"]["condition"] == "service_healthy"
    assert compose["services"]["db"]["healthcheck"]["test"][0] == "CMD-SHELL"


class _Unit(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_the_unit_runs_without_privileges_and_reloads() -> None:
    unit = _Unit(strict=False)
    unit.read(DEPLOY / "oncohooks.service")
    service = unit["Service"]
    assert service["DynamicUser"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert service["StateDirectory"] == WRITABLE.rpartition("/")[2]
    assert service["ExecStart"] == "/opt/oncohooks/bin/oncohooks serve"
    assert service["ExecReload"] == "/opt/oncohooks/bin/oncohooks reload"


def test_the_proxy_passes_on_what_is_for_clients_and_takes_bodies_that_the_service_takes() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert re.findall(r"location (?:= )?(\S+) \{", text) == ["/cds-services", "/ready", "/"]
    size = int(re.search(r"client_max_body_size\s+(\d+)m;", text)[1])  # type: ignore[index]
    assert size * 1024 * 1024 == Settings.model_fields["max_body_bytes"].default
    assert "proxy_request_buffering on;" in text
    assert "access_log off;" in text
    assert "X-Forwarded-For" in text
    assert text.count("{") == text.count("}")
