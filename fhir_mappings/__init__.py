"""FHIR R4 JSON in, a patient record of facts out."""

from fhir_mappings.collection import local_reference
from fhir_mappings.orders import OrderReading, read_orders
from fhir_mappings.reading import RECORD_TYPES, read_record, read_request
from fhir_mappings.record import PatientRecord, Unread
from fhir_mappings.site_codes import SiteCodesError, read_site_codes
from fhir_mappings.subjects import patient_of
from fhir_mappings.tables import MappingTables, load_tables

__all__ = [
    "RECORD_TYPES",
    "MappingTables",
    "OrderReading",
    "PatientRecord",
    "SiteCodesError",
    "Unread",
    "load_tables",
    "local_reference",
    "patient_of",
    "read_orders",
    "read_record",
    "read_request",
    "read_site_codes",
]
