"""The documents of a knowledge folder: YAML that fits its schema, and compiled tables as text."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match

from knowledge.problems import KnowledgeError, Problem
from knowledge.sources import FOLDERS, SCHEMAS, table_sources, yaml_sources
from knowledge.yaml_files import UnreadableYaml, read_yaml


def read_documents(
    data: Path, folders: Collection[str] = FOLDERS, may_lack: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Every document by name, of these folders only; those of ``may_lack`` need not be there.

    Raises :class:`KnowledgeError` for the first that is unusable.
    """
    documents, problems = checked_documents(data, folders, may_lack)
    if problems:
        raise KnowledgeError(str(problems[0]))
    return documents


def checked_documents(
    data: Path, folders: Collection[str] = FOLDERS, may_lack: frozenset[str] = frozenset()
) -> tuple[dict[str, Any], list[Problem]]:
    """The documents that can be used, and every problem of the others."""
    documents: dict[str, Any] = {}
    problems: list[Problem] = []
    validators: dict[str, Draft202012Validator] = {}
    for name, schema, path in yaml_sources(data, folders, may_lack):
        try:
            document = read_yaml(path)
        except (UnreadableYaml, OSError) as error:
            problems.append(Problem(name, "", "yaml", str(error)))
            continue
        validator = validators.setdefault(schema, validator_of(schema))
        found = [_problem(name, error) for error in validator.iter_errors(document)]
        problems += found
        if not found:
            documents[name] = document
    for name, path in table_sources(data):
        documents[name] = path.read_text(encoding="utf-8")
    return documents, problems


def validator_of(schema: str) -> Draft202012Validator:
    """The validator of a schema in ``knowledge/schema``."""
    text = (SCHEMAS / f"{schema}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text), format_checker=FormatChecker())


def schema_problems(name: str, document: Any, schema: str) -> Iterator[Problem]:
    """Where a document does not fit a schema."""
    for error in validator_of(schema).iter_errors(document):
        yield _problem(name, error)


def _problem(name: str, found: ValidationError) -> Problem:
    # Of several alternatives, none of which fits, the nearest says what is wrong.
    error: ValidationError = best_match(iter([found])) or found
    place = "/".join(str(part) for part in error.absolute_path) or "top"
    return Problem(name, f"at {place}", "schema", error.message[:300])
