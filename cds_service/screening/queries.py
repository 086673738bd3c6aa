"""The queries of a screening. Those over the view ``staged`` are in the dialect that DuckDB and Spark SQL share."""

from cds_service.screening.routing import Fate

_PATIENT, _SHARED, _PROBLEM = Fate.PATIENT.value, Fate.SHARED.value, Fate.PROBLEM.value

#: The lines of patients with the Medications that they refer to.
_OF_PATIENTS = """
    SELECT part, key, file, block, line_of_block, line FROM staged WHERE fate = {patient}
    UNION ALL
    SELECT asked.part, asked.key, shared.file, shared.block, shared.line_of_block, shared.line
    FROM (
        SELECT DISTINCT part, key, medication FROM (
            SELECT part, key, {unnested} AS medication FROM staged WHERE fate = {patient}
        ) AS named
    ) AS asked
    JOIN (SELECT * FROM staged WHERE fate = {shared}) AS shared ON asked.medication = shared.key
"""
ORDER = "part, key, file, block, line_of_block"
GROUPED_FOR_SPARK = _OF_PATIENTS.format(unnested="explode(medications)", patient=_PATIENT, shared=_SHARED)
GROUP = _OF_PATIENTS.format(unnested="unnest(medications)", patient=_PATIENT, shared=_SHARED) + f" ORDER BY {ORDER}"

#: Lines that cannot be used, the counts of each block (``fate`` is null), and Medications to which nobody refers.
_OF_NOBODY = """
    SELECT fate, file, block, line_of_block, type, reason FROM staged WHERE fate IS NULL OR fate = {problem}
    UNION ALL
    SELECT shared.fate, shared.file, shared.block, shared.line_of_block, shared.type, shared.reason
    FROM (SELECT * FROM staged WHERE fate = {shared}) AS shared
    LEFT JOIN (
        SELECT DISTINCT medication FROM (
            SELECT {unnested} AS medication FROM staged WHERE fate = {patient}
        ) AS named
    ) AS asked ON asked.medication = shared.key
    WHERE asked.medication IS NULL
"""
_FATES = {"patient": _PATIENT, "shared": _SHARED, "problem": _PROBLEM}
NOBODY_FOR_SPARK = _OF_NOBODY.format(unnested="explode(medications)", **_FATES)
NOBODY = _OF_NOBODY.format(unnested="unnest(medications)", **_FATES)

# --- what came of it: over the views nobody, patients and findings, in DuckDB

#: File and line (from 1) of every line that cannot be used. Blocks of a file follow each other.
PROBLEMS = """
    WITH blocks AS (
        SELECT file, block, coalesce(sum(line_of_block) OVER (
            PARTITION BY file ORDER BY block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS before
        FROM nobody WHERE fate IS NULL
    )
    SELECT file, CAST(before + line_of_block + 1 AS BIGINT) AS line, type, reason
    FROM nobody JOIN blocks USING (file, block) WHERE fate = 2 ORDER BY file, line
"""
COUNTS = "SELECT line_of_block, reason FROM nobody WHERE fate IS NULL"
UNUSED_MEDICATIONS = "SELECT count(*) FROM nobody WHERE fate = 1"
TOTALS = """
    SELECT count(*) AS total,
        coalesce(sum(resources), 0) AS resources,
        coalesce(sum(identical), 0) AS identical,
        coalesce(sum(conflicting), 0) AS conflicting,
        coalesce(sum(fact_count), 0) AS facts,
        coalesce(sum(warning_count), 0) AS warnings,
        count(*) FILTER (NOT has_patient) AS without_patient_resource,
        count(*) FILTER (len(tumours) = 0) AS without_tumour,
        count(*) FILTER (len(unread) > 0) AS with_unread,
        count(failure) AS failed
    FROM patients
"""
FAILURES = "SELECT failure, count(*) FROM patients WHERE failure IS NOT NULL GROUP BY failure ORDER BY failure"
UNREAD = """
    SELECT item.code, item.reason, count(*) AS results
    FROM (SELECT unnest(unread) AS item FROM patients) GROUP BY ALL ORDER BY results DESC, item.code, item.reason
"""
STATEMENTS = """
    SELECT statement, any_value(medicine), any_value(layer), outcome, count(*)
    FROM findings GROUP BY statement, outcome ORDER BY statement, outcome
"""
#: Patients by medicine and the best outcome among the indications of the medicine.
MEDICINES = """
    SELECT medicine, best, count(*) FROM (
        SELECT patient, medicine,
            CASE min(CASE outcome WHEN 'met' THEN 0 WHEN 'verify' THEN 1 WHEN 'test' THEN 2 ELSE 3 END)
                WHEN 0 THEN 'met' WHEN 1 THEN 'verify' WHEN 2 THEN 'test' ELSE 'unmet' END AS best
        FROM findings WHERE layer = 'label' GROUP BY patient, medicine
    ) GROUP BY ALL ORDER BY medicine, best
"""
STALE = "SELECT DISTINCT medicine FROM findings WHERE stale ORDER BY medicine"
TUMOURS = """
    SELECT tumour, count(*) AS patients FROM (SELECT unnest(tumours) AS tumour FROM patients)
    GROUP BY tumour ORDER BY patients DESC, tumour
"""
#: Patients by tumour and biomarker without which an indication is open.
MISSING_TESTS = """
    WITH asked AS (
        SELECT DISTINCT patient, analyte FROM (
            SELECT patient, unnest(analytes) AS analyte FROM findings WHERE layer = 'label' AND outcome = 'test'
        ) WHERE analyte <> ''
    )
    SELECT tumour, analyte, count(*) AS patients
    FROM asked JOIN (SELECT patient, unnest(tumours) AS tumour FROM patients) AS recorded USING (patient)
    GROUP BY tumour, analyte ORDER BY patients DESC, tumour, analyte
"""
TURNAROUND = """
    SELECT item.kind, item.days, count(*) FROM (SELECT unnest(turnaround) AS item FROM patients)
    GROUP BY ALL ORDER BY item.kind, item.days
"""
