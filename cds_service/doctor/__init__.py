"""What an integrator needs to know before go-live: each check of a running service, with its remedy."""

from cds_service.doctor.examination import Examination, Options, examine
from cds_service.doctor.findings import REMEDIES, Check, Finding, Problem, State

__all__ = ["REMEDIES", "Check", "Examination", "Finding", "Options", "Problem", "State", "examine"]
