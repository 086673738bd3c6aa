"""Invented cohorts of any size, for tests, benchmarks and demonstrations."""

from cds_service.cohorts.generating import Cohort, write_cohort

__all__ = ["Cohort", "write_cohort"]
