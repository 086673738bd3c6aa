"""A client as a ``[[client]]`` table of the settings file."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cds_service.settings import Client, load_settings
from cds_service.startable import check_startable


def client_table(client: Client) -> str:
    """The table in TOML, without the members that have their default."""
    members = client.model_dump(mode="json", exclude_defaults=True)
    return "\n".join(["[[client]]", *(f"{name} = {_toml(value)}" for name, value in members.items())]) + "\n"


def add_to_file(path: Path, table: str) -> None:
    """Add a table at the end of a settings file, which is changed only if the service may start with the result.

    Raises ``SettingsError``, or ``OSError`` if the file cannot be read or written.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    separator = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    # A file beside it, which takes its place in one step: nobody ever reads half a file.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".new")
    new = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(f"{before}{separator}{table}")
        check_startable(load_settings(new))
        if path.exists():
            new.chmod(path.stat().st_mode & 0o7777)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _name(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml(name)


def _toml(value: Any) -> str:
    """A TOML 1.0 value on one line. A JSON text is a TOML text, but for the delete character."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_name(name)} = {_toml(one)}" for name, one in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
