"""Commands as users type them, and files for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from cds_service.cli import main


def invoke(*arguments: str) -> Result:
    """A command that is run in this process."""
    return CliRunner().invoke(main, list(arguments))


def run(*arguments: str, status: int = 0) -> list[Any]:
    """The JSON lines that a command prints when it ends with the status."""
    result = invoke(*arguments)
    assert result.exit_code == status, result.output + result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def write(folder: Path, name: str, *documents: Any) -> str:
    """A file of one JSON document a line; its path."""
    path = folder / name
    path.write_text("\n".join(json.dumps(document) for document in documents))
    return str(path)
