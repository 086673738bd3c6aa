"""Screening of a cohort: FHIR bulk data in, the findings of every patient out."""
