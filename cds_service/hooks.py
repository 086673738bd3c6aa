"""The CDS services: what discovery says of each, and which hook it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cds_service.outcomes import ServiceError
from cds_service.prefetch import NEEDS, Need, templates


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service. ``about_orders``: it judges drafted orders; else it speaks about an opened chart."""

    id: str
    hook: str
    title: str
    description: str
    about_orders: bool
    needs: tuple[Need, ...] = NEEDS

    def discovery(self, cds_hooks: str = "2.0") -> dict[str, Any]:
        """The service's entry in discovery, with what CDS Hooks 3.0 adds if that version is spoken."""
        entry = {
            "id": self.id,
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "prefetch": templates(self.needs),
        }
        return entry | {"version": "3.0.0", "hookVersion": _HOOK_VERSION} if cds_hooks == "3.0" else entry


#: The version of the published pages of patient-view, order-select and order-sign (hook library 1.0.1).
_HOOK_VERSION = "1.0"

_REFERENCE = "Reference implementation, not CE-marked."

PATIENT_VIEW = Service(
    id="oncology-patient-view",
    hook="patient-view",
    title="Precision oncology: EU-label therapy options",
    description=(
        "Reads tumour type and biomarker results and shows what the EU label supports, which test must come "
        f"first and what remains to be verified. {_REFERENCE}"
    ),
    about_orders=False,
)
ORDER_SELECT = Service(
    id="oncology-order-select",
    hook="order-select",
    title="Precision oncology: the selected medicine against its EU label",
    description=(
        "Compares each selected medicine with the biomarkers that its EU label asks for and warns of "
        f"contraindications, resistance and missing tests. {_REFERENCE}"
    ),
    about_orders=True,
)
ORDER_SIGN = Service(
    id="oncology-order-sign",
    hook="order-sign",
    title="Precision oncology: the orders to be signed against their EU labels",
    description=(
        "Compares each drafted medicine with the biomarkers that its EU label asks for and warns of "
        f"contraindications, resistance and missing tests. {_REFERENCE}"
    ),
    about_orders=True,
)
SERVICES = {service.id: service for service in (PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN)}
BY_HOOK = {service.hook: service for service in SERVICES.values()}


def service_of(body: Any) -> Service:
    """The service that answers the hook of a request. Raises :class:`ServiceError` with 400 if there is none."""
    service = BY_HOOK.get(str(body.get("hook"))) if isinstance(body, dict) else None
    if service is None:
        raise ServiceError(400, "There is no service for this hook.")
    return service
