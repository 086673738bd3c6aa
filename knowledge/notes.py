"""What the trace of a leaf says beside its verdict: why it is not known, or what excludes it.

English here, and in the reader's language where they are shown.
"""

from __future__ import annotations

from knowledge.language import phrase

DISPUTED = phrase("conflicting results: found, and not found by a result that is not older")
NOT_USABLE = phrase("tested without a usable result")
TUMOUR_NOT_RECOGNISED = phrase("a tumour is recorded with a code that is not recognised")
TUMOUR_LESS_SPECIFIC = phrase("the recorded tumour type is less specific")
TUMOUR_PAST = phrase("the tumour is recorded as resolved or inactive")
NO_TUMOUR = phrase("no confirmed tumour diagnosis is recorded")
NO_BIRTH_DATE = phrase("no birth date is recorded")
BIRTH_DATE_IMPRECISE = phrase("the birth date is too imprecise")
NO_SEX = phrase("no sex is recorded")
NO_MENOPAUSAL_STATE = phrase("no menopausal state is recorded")
CONFLICTING_OF_SAME_DATE = phrase("conflicting results of the same date")
NO_PERFORMANCE = phrase("no ECOG performance status is recorded")
NO_RESULT = phrase("no result is recorded")
NO_SCORE = phrase("no result with this score is recorded")
RANGE_DOES_NOT_TELL = phrase("the reported range does not tell")
NO_CLASS = phrase("no class of this kind is recorded")
CONFLICTING = phrase("conflicting results")
OTHER_ALLELES = phrase("both typed copies are other alleles")
NO_RESULT_FOR_IT = phrase("no result is recorded for it")
NO_KARYOTYPE = phrase("no karyotype shows it")
NO_RESISTANCE = phrase("none is recorded")
NO_STAGE = phrase("no stage is recorded")
STAGE_DOES_NOT_TELL = phrase("the recorded stage does not tell")
NO_SETTING = phrase("the treatment setting is not recorded")
FOR_THE_CLINICIAN = phrase("for the clinician to judge")
NO_LINE = phrase("the line of therapy cannot be told from the record")
ORDERED_ONLY = phrase("ordered; that it was given is not recorded")
NOT_RECORDED = phrase("not recorded")
REGIMENS_NOT_TOLD = phrase("given; in how many regimens cannot be told from the record")
NO_COURSE = phrase("given; its course is not recorded")
NO_DISEASE_STATE = phrase("the state of the disease is not recorded")
TESTS_CONTRADICT = phrase("the tests contradict each other")
RESULTS_DO_NOT_TELL = phrase("the results do not tell")
OTHER_CHANGE_AT_CODON = phrase("another change is reported at this codon")
