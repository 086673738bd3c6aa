"""What the service keeps: decision records and feedback, without patient data."""

from cds_service.store.errors import Refused, StoreError
from cds_service.store.patience import Patience
from cds_service.store.records import Decision, DecisionCard, FeedbackItem, StatementOutcome
from cds_service.store.store import Store, StoreState
from cds_service.store.writer import DecisionWriter

__all__ = [
    "Decision",
    "DecisionCard",
    "DecisionWriter",
    "FeedbackItem",
    "Patience",
    "Refused",
    "StatementOutcome",
    "Store",
    "StoreError",
    "StoreState",
]
