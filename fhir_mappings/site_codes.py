"""A hospital's own codes: one reviewed file that says how each is read.

Each row gives the local ``system`` and ``code`` and either the LOINC code that means the same (``loinc``) or
the reader with what the code says itself, in the words of the code tables. A bad row stops the start with
its number: a result that would silently be read wrongly is worse than no start.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from fhir_mappings.readers import READERS
from fhir_mappings.tables import CodeRule, rule_of
from knowledge.yaml_files import UnreadableYaml, read_yaml

_SCHEMA = Path(__file__).parent / "schema" / "site_codes.schema.json"


class SiteCodesError(ValueError):
    """A file of local codes that cannot be used; the message names the row and what is wrong with it."""


def read_site_codes(path: Path, rules: Mapping[tuple[str, str], CodeRule]) -> dict[tuple[str, str], CodeRule]:
    """Read a YAML or TOML file of local codes into rules by full system and code.

    ``rules`` are the shipped rules, to which ``loinc`` refers. Raises :class:`SiteCodesError`.
    """
    document = _document(path)
    error = best_match(Draft202012Validator(json.loads(_SCHEMA.read_text(encoding="utf-8"))).iter_errors(document))
    if error is not None:
        raise SiteCodesError(f"{path.name}: {_place(error.absolute_path)}: {error.message[:200]}")
    result: dict[tuple[str, str], CodeRule] = {}
    for number, row in enumerate(document["codes"], start=1):
        key = (row["system"], row["code"])
        if key in result:
            raise SiteCodesError(f"{path.name}: row {number}: {row['code']} of {row['system']} stands in two rows")
        result[key] = _rule(row, rules, f"{path.name}: row {number}")
    return result


def _document(path: Path) -> Any:
    try:
        if path.suffix == ".toml":
            return tomllib.loads(path.read_text(encoding="utf-8"))
        return read_yaml(path)
    except OSError as error:
        raise SiteCodesError(f"{path.name}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnreadableYaml, UnicodeDecodeError) as error:
        raise SiteCodesError(f"{path.name}: {error}") from None


def _rule(row: Mapping[str, Any], rules: Mapping[tuple[str, str], CodeRule], place: str) -> CodeRule:
    if "loinc" not in row:
        if row["read"] not in READERS:
            raise SiteCodesError(f"{place}: there is no reader {row['read']!r}; readers: {', '.join(sorted(READERS))}")
        return rule_of(dict(row))
    rule = rules.get(("loinc.org", row["loinc"]))
    if rule is None:
        raise SiteCodesError(f"{place}: LOINC {row['loinc']} is no code that is read")
    return rule


def _place(path: Any) -> str:
    parts = list(path)
    if len(parts) >= 2 and parts[0] == "codes":
        member = f", {parts[2]}" if len(parts) > 2 else ""
        return f"row {parts[1] + 1}{member}"
    return "the file"
