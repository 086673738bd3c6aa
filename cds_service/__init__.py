"""HTTP, settings and the command line: everything that touches the outside."""

from cds_service.advisor import Advisor
from cds_service.app import create_app
from cds_service.settings import Settings, SettingsError, load_settings

__all__ = ["Advisor", "Settings", "SettingsError", "create_app", "load_settings"]
