"""The CDS Hooks request envelope, checked before anything in it is used (CDS Hooks 2.0, Calling a CDS Service)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flask import Request
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from cds_service.bodies import Body, read_json
from cds_service.outcomes import ServiceError

SCHEMAS = Path(__file__).parent / "schema"

_VALIDATOR = Draft202012Validator(json.loads((SCHEMAS / "request.schema.json").read_text(encoding="utf-8")))


def read_request(request: Request, hook: str) -> Body:
    """Parse and check a request body. Raises :class:`ServiceError` with 400, 413 or 415."""
    body = read_json(request)
    check_envelope(body.value, hook)
    return body


def check_envelope(body: Any, hook: str) -> None:
    """Check the members of the envelope. Raises :class:`ServiceError` with 400 naming the member."""
    envelope = {name: value for name, value in body.items() if name != "prefetch"} if isinstance(body, dict) else body
    error = best_match(_VALIDATOR.iter_errors(envelope))
    if error is not None:
        # The path and the rule, never the value: it may be a patient's. "Required" names only the schema's members.
        place = ".".join(str(part) for part in error.absolute_path) or "the body"
        names_members = error.validator in ("required", "dependentRequired")
        rule = error.message if names_members else f"does not satisfy {error.validator}"
        raise ServiceError(400, f"Invalid CDS Hooks request: {place}: {rule}.")
    if body["hook"] != hook:
        raise ServiceError(400, f"This service answers the hook {hook}.")
    if not isinstance(body.get("prefetch", {}), (dict, type(None))):
        raise ServiceError(400, "Invalid CDS Hooks request: prefetch: must be an object.")
