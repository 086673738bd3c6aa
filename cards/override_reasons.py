"""Why a clinician may set a card aside: codes of CDS Hooks 3.0 and of the German tumour board module."""

from __future__ import annotations

from pathlib import Path

from knowledge.language import Language
from knowledge.yaml_files import read_yaml

DATA = Path(__file__).parent / "data"


def load_override_reasons(data: Path = DATA) -> tuple[dict[str, str], ...]:
    """The reasons as Codings, with English names."""
    document = read_yaml(data / "override_reasons.yaml")
    return tuple(
        {"code": reason["code"], "system": document["systems"][reason["system"]], "display": reason["display"]}
        for reason in document["reasons"]
    )


def in_language(reasons: tuple[dict[str, str], ...], say: Language) -> list[dict[str, str]]:
    """The reasons with their names in a language."""
    return [reason | {"display": say(reason["display"])} for reason in reasons]
