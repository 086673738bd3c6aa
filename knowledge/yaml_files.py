"""Reading reviewed YAML files: safe, and with dates kept as text as JSON would have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class UnreadableYaml(ValueError):
    """A file that is not YAML; the message names the file and the place."""


class _TextDates(yaml.CSafeLoader):
    """The safe loader without date guessing: schemas check dates, and JSON knows only text."""


_TextDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> Any:
    """The content of one YAML file. Raises :class:`UnreadableYaml`."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_TextDates)  # noqa: S506  (a safe loader)
    except yaml.YAMLError as error:
        raise UnreadableYaml(f"{path.name}: {error}") from error
