"""The queries that group lines by patient, in the dialect that DuckDB and Spark SQL share, over a view ``staged``."""

from cds_service.screening.routing import Fate

#: The lines of patients with the Medications that they refer to, in the order of part, patient and input.
_OF_PATIENTS = f"""
    SELECT part, key, file, block, line_of_block, line FROM staged WHERE fate = {Fate.PATIENT.value}
    UNION ALL
    SELECT asked.part, asked.key, shared.file, shared.block, shared.line_of_block, shared.line
    FROM (
        SELECT DISTINCT part, key, medication FROM (
            SELECT part, key, {{unnested}} AS medication FROM staged WHERE fate = {Fate.PATIENT.value}
        ) AS named
    ) AS asked
    JOIN (SELECT * FROM staged WHERE fate = {Fate.SHARED.value}) AS shared ON asked.medication = shared.key
"""
ORDER = "part, key, file, block, line_of_block"
GROUPED_FOR_SPARK = _OF_PATIENTS.format(unnested="explode(medications)")
GROUP = f"SELECT * FROM ({_OF_PATIENTS.format(unnested='unnest(medications)')}) AS lines ORDER BY {ORDER}"
#: Lines that belong to no patient, the counts of each block, and the Medications to which nobody refers.
LINES_OF_NOBODY = f"""
    SELECT fate, file, block, line_of_block, type, reason FROM staged
    WHERE fate IS NULL OR fate = {Fate.PROBLEM.value}
"""
