"""The frame of the service: everything around its own work as it is shipped, and the advice of the first request.

Reading strictly, routing, log, metrics and decision records are left, but no record is read, no statement evaluated and
no card written. However fast these became, the service would not answer more requests than its frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cds_service.advisor import Advisor


def advise_once() -> None:
    """Answer every request of this process with the advice of its first one, from here on."""
    for name in ("read", "findings", "cards"):
        setattr(Advisor, name, _once(getattr(Advisor, name)))


def _once(work: Callable[..., Any]) -> Callable[..., Any]:
    done: list[Any] = []

    def kept(*arguments: Any) -> Any:
        if not done:
            done.append(work(*arguments))
        return done[0]

    return kept
