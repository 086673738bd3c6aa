"""From CIViC's released files to the evidence table: what can be said exactly, and why the rest is left out."""

from knowledge.civic.importing import CivicImport, import_civic
from knowledge.civic.reviewed_map import InvalidMap, ReviewedMap, read_map
from knowledge.civic.tables import CivicFileError, CivicFiles, read_civic_files
from knowledge.civic.variants import VariantReader

__all__ = [
    "CivicFileError",
    "CivicFiles",
    "CivicImport",
    "InvalidMap",
    "ReviewedMap",
    "VariantReader",
    "import_civic",
    "read_civic_files",
    "read_map",
]
