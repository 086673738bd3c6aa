"""Write docs/reference/fhir.md from the tables that the readers use, so that the page cannot say anything else.

    .venv/bin/python scripts/document_fhir.py

The paragraphs stand in fhir_page.md beside this script, with a name in double braces wherever a table or a value of
fhir_mappings belongs. The same tables always give the same bytes.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cds_service.advisor import Advisor
from fhir_mappings import r4_core, reports, statuses, variant_parts
from fhir_mappings.copy_numbers import COPY_NUMBER_COMPONENTS
from fhir_mappings.elements import last_segment
from fhir_mappings.fusions import FUSION_COMPONENTS
from fhir_mappings.readers import READERS
from fhir_mappings.tables import DATA, CodeRule, MappingTables
from knowledge.loading import DATA as KNOWLEDGE
from knowledge.yaml_files import read_yaml

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "fhir.md"
TEMPLATE = Path(__file__).with_name("fhir_page.md")

Row = tuple[str, ...]

_SYSTEMS = {
    "loinc.org": "LOINC",
    "sct": "SNOMED CT",
    "Thesaurus.owl": "NCIt",
    "CodeSystem-ncit.html": "NCIt (address of the German MTB module)",
    "tbd-codes": "Genomics Reporting, codes to be determined",
    "icd-10": "ICD-10",
    "icd-10-cm": "ICD-10-CM",
    "icd-10-gm": "ICD-10-GM",
    "v3-ObservationInterpretation": "HL7 v3 interpretation",
    "v2-0487": "HL7 v2 table 0487",
}

#: Which subject a reader's codes stand under. A reader that is missing here stops the script.
_SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "variants": ("variant", "karyotype", "diagnostic_implication", "molecular_consequence"),
    "single genes": ("variant_test", "gene_test", "fusion_test", "amplification_test", "measured_test"),
    "proteins": (
        "expression",
        "mmr_protein",
        "marker_panel",
        "combined_markers",
        "immunohistochemistry",
        "immunophenotype",
    ),
    "signatures": ("signature",),
    "pharmacogenomics": (
        "genotype",
        "phenotype",
        "implication",
        "gene_alleles",
        "allele_test",
        "enzyme_activity",
        "hla",
        "hla_allele_test",
    ),
    "diagnoses": ("histology",),
    "stages": ("stage_group", "tnm_category"),
    "performance": ("performance",),
    "course": ("disease_status", "metastasis_history", "metastasis_site"),
    "menopause": ("menopause",),
    "silent": ("coverage", "group", "claim", "overall", "phase"),
}

#: How an option of a row reads. An option that is missing here stops the script.
_OPTIONS: Mapping[str, Callable[[Any], str]] = {
    "beside": lambda value: ", ".join(f"{name} beside a {other}" for other, name in value.items()),
    "levels": lambda value: f"steps of {', '.join(value)}",
    "presence": lambda value: f"yes and no are {value}",
    "number": lambda value: f"a number is {value}",
    "numbers": lambda value: "numbers only with a percent sign" if value == "percent" else "numbers are not read",
    "absent_below": lambda value: f"wholly below {value:g}: absent",
    "present": lambda value: "yes: present" if value is True else f"yes: {value}",
    "absent": lambda value: "no: absent" if value is True else f"no: {value}",
    "part_of": lambda value: f"`2/5`: {', '.join(value)}",
    "class_marker": lambda value: f"a class is {value}",
    "negative_scope": lambda value: f"a negative covers: {value}",
    "specimen": lambda value: f"specimen {value}",
    "method": lambda value: f"by {value}",
    "legacy": lambda value: f"named {value} there",
    "coding": lambda value: f"`{value}`",
    "proteins": lambda value: ", ".join(f"`{protein}`" for protein in value),
    "each": lambda _: "genes side by side",
    "transcript": lambda value: f"only the form {value}",
    "kind": lambda value: f"a number about a {value.replace('_', ' ')}",
    "copies": lambda _: "counts copies",
    "background": lambda _: "a number alone does not say that it is there",
    "allele": lambda value: f"`{value}`",
    "ta_repeats": lambda _: "TA repeats such as `6/7`",
    "warning": lambda value: f"warning: {value}",
    "basis": lambda value: value,
    "site": lambda value: value,
    "words": lambda value: "also in words: " + ", ".join(f"{word} ({means})" for word, means in value.items()),
    "nothing": lambda value: f"says nothing: {', '.join(value)}",
}


def page(tables: MappingTables, readers: Iterable[str] = READERS) -> str:
    """The whole page as Markdown. A reader, option or name that is not provided for stops the script."""
    if left := set(readers) - {reader for subject in _SUBJECTS.values() for reader in subject}:
        raise SystemExit(f"no subject for the readers {sorted(left)}")
    parts = {f"codes: {subject}": _codes(tables, subject) for subject in _SUBJECTS}
    for group in (_answers, _variants, _markers, _pharmacogenomics, _tumours, _clinical, _therapies, _drugs, _unread):
        parts |= group(tables)
    template = TEMPLATE.read_text(encoding="utf-8")
    if strangers := set(parts) ^ set(_PLACE.findall(template)):
        raise SystemExit(f"in the tables or on the page only: {sorted(strangers)}")
    blocks = (_filled(block, parts) for block in template.strip().split("\n\n"))
    return "\n\n".join(blocks) + "\n"


_PLACE = re.compile(r"\{\{([^{}]+)\}\}")


def _filled(block: str, parts: Mapping[str, str]) -> str:
    """A block with its tables and values; a paragraph in lines of one length."""
    filled = _PLACE.sub(lambda match: parts[match[1]], block)
    if _PLACE.fullmatch(block) or block.startswith("#"):
        return filled
    return textwrap.fill(" ".join(filled.split()), 120, break_long_words=False, break_on_hyphens=False)


# --- tables and values by subject ------------------------------------------------------------------------------------


def _codes(tables: MappingTables, subject: str) -> str:
    """The codes of a subject's readers, with what each says itself."""
    order = _SUBJECTS[subject].index
    found = [
        (order(rule.reader), _key(*key), key, rule)
        for key, rule in tables.rules.items()
        if rule.reader in _SUBJECTS[subject]
    ]
    rows = [
        (f"`{rule.reader}`", _system(system), f"`{code}`", _plain(rule.name), _said(rule))
        for _, _, (system, code), rule in sorted(found, key=lambda entry: entry[:2])
    ]
    return _table("Reader | System | Code | Name | Says", rows)


def _answers(tables: MappingTables) -> dict[str, str]:
    answers, markers = _data("answers"), _data("markers")["answers"]
    used = [(f"`{status}`", use.value) for status, use in statuses._USES.items()]
    test_words = {
        f"{kind.replace('_', ' ')}, {state}": words
        for kind, states in answers["test_words"].items()
        for state, words in states.items()
    }
    return {
        "statuses": _table("Status | Use", [*used, ("missing or another one", statuses.Use.UNCLEAR.value)]),
        "answer codes": _table("State | System | Codes", _state_codes(answers["states"])),
        "answer words": _bullets({state: entry.get("words", ()) for state, entry in answers["states"].items()}),
        "marker answer codes": _table("State | System | Codes", _state_codes(markers)),
        "marker answer words": _bullets({state: entry["words"] for state, entry in markers.items()}),
        "test words": _bullets(test_words),
        "data absent reasons": _table("Reason | State", _pairs(answers["data_absent_reasons"])),
    }


def _variants(tables: MappingTables) -> dict[str, str]:
    answers = _data("answers")
    types, words = answers["change_types"], answers["change_type_words"]
    changes = [
        (kind.replace("_", " "), _listed(types.get(kind, ())), ", ".join(words.get(kind, ())))
        for kind in sorted({*types, *words})
    ]
    interpretations = [
        (f"`{code}`", _system(system), meaning)
        for group in ("copy_number_interpretations", "interpretation_significances")
        for system, codes in answers[group].items()
        for code, meaning in codes.items()
    ]
    specimens = [
        (word, _system(system), _listed(_keys_of(codes, word)))
        for system, codes in answers["specimens"].items()
        for word in set(codes.values())
    ]
    karyotypes = [
        (
            item["change"],
            ";".join(item["chromosomes"]),
            "; ".join(" or ".join(bands) for bands in item["breakpoints"]),
            "::".join(item["genes"]),
        )
        for item in _data("fusions_by_karyotype")["fusions"]
    ]
    extensions = [(f"`{name}`", "", f"`{code}`") for name, code in r4_core._COMPONENTS.items()]
    extensions += [(f"`{name}`", f"`{part}`", f"`{code}`") for (name, part), code in r4_core._PARTS.items()]
    return {
        "components": _table("What | Components", [(name, _listed(codes)) for name, codes in _COMPONENTS.items()]),
        "change types": _table("Kind of change | Codes | Words", changes),
        "interpretations": _table("Interpretation code | System | Says", sorted(interpretations)),
        "origins": _table("Origin (48002-0) | LOINC answers", _inverted(answers["origins"])),
        "allelic states": _table("Allelic state (53034-5) | LOINC answers", _inverted(answers["zygosities"])),
        "significances": _table("Clinical significance (53037-8) | LOINC answers", _inverted(answers["significances"])),
        "specimens": _table("Specimen | System | Codes", sorted(specimens)),
        "amplification": f"{tables.copy_numbers.amplification:g}",
        "deletion": f"{tables.copy_numbers.deletion:g}",
        "fusion pairs": str(len(tables.fusion_pairs)),
        "transcripts": str(len(tables.transcripts)),
        "karyotypes": _table("Change | Chromosomes | Breakpoints | Fusion", sorted(karyotypes)),
        "R4 panel": r4_core._PANEL,
        "R4 extensions": _table("Extension | Part | Read as component", sorted(extensions)),
    }


def _markers(tables: MappingTables) -> dict[str, str]:
    markers, names = _data("markers"), _data("names")
    signature_scales = [scale for scale in markers["levels"] if scale not in _PROTEIN_SCALES]
    proteins = [(gene, item["marker"], item.get("read", "expression")) for gene, item in markers["proteins"].items()]
    antigens = {
        name: "" if name == item["marker"] else f" ({item['marker']})" for name, item in markers["antigens"].items()
    }
    steps = "Scale | Step | State | Codes | Words"
    return {
        "protein names": _table("Reader | Says | Names", _name_rows(tables, signature=False)),
        "signature names": _table("Reader | Says | Names", _name_rows(tables, signature=True)),
        "protein scales": _table(steps, _level_rows(markers["levels"], _PROTEIN_SCALES)),
        "signature scales": _table(steps, _level_rows(markers["levels"], signature_scales)),
        "score names": _table("Score | Written in a text as", _word_rows(names["score_names"])),
        "scores of markers": _table("Marker | Scores in its texts", _word_rows(markers["scores_of"])),
        "limits": _table(
            "Limit of | From | To", sorted((name, *map(str, ends)) for name, ends in markers["limits"].items())
        ),
        "proteins of genes": _table("Gene | Marker | Reader", sorted(proteins)),
        "antigens": ", ".join(name + marker for name, marker in sorted(antigens.items())),
        "concentrations": _table(
            "Score | Unit | Read from",
            [(name, item["unit"], _listed(item["factors"])) for name, item in sorted(markers["measured_in"].items())],
        ),
        "units": _table(
            "Unit | Also written as", [(unit, _listed(forms)) for unit, forms in sorted(markers["units"].items())]
        ),
        "number names": _table("Marker | Names before or after a number", _word_rows(markers["number_names"])),
    }


def _pharmacogenomics(tables: MappingTables) -> dict[str, str]:
    data = _data("pharmacogenomics")
    codes, words = data["phenotype_codes"], data["phenotype_words"]
    phenotypes = [
        (phenotype, _listed(_keys_of(codes, phenotype)), ", ".join(words.get(phenotype, ())))
        for phenotype in sorted({*codes.values(), *words})
    ]
    of_genes = [(gene, *row) for gene, groups in data["gene_phenotype_words"].items() for row in _word_rows(groups)]
    findings = [
        (f"`{item['code']}`", ", ".join(map(_system, item["system"])), item["gene"], item["phenotype"])
        for item in data["findings"]
    ]
    spellings = [
        (gene, f"`{allele}`", _listed(forms))
        for gene, alleles in data["allele_spellings"].items()
        for allele, forms in alleles.items()
    ]
    known = Counter(row[0] for row in _rows_of("cpic/alleles.tsv"))
    return {
        "phenotypes": _table("Phenotype | LOINC answers | Words", phenotypes),
        "phenotypes of genes": _table("Gene | Phenotype | Words of this gene only", sorted(of_genes)),
        "coded findings": _table("Finding | System | Gene | Phenotype", sorted(findings)),
        "CPIC genes": ", ".join(f"{gene} ({number} alleles)" for gene, number in sorted(known.items())),
        "star allele genes": ", ".join(sorted(data["star_allele_genes"])),
        "watched words": ", ".join(data["watched_words"]),
        "allele spellings": _table("Gene | Allele | Also written as", sorted(spellings)),
        "TA repeats": _table(
            "TA repeats of UGT1A1 | Allele",
            sorted((count, f"`{allele}`") for count, allele in data["ta_repeats"].items()),
        ),
    }


def _tumours(tables: MappingTables) -> dict[str, str]:
    data = _data("tumours")
    icdo3, snomed, ncit = data["icdo3"], data["snomed"], data["ncit"]
    rows = [
        ("ICD-10 and ICD-O-3 site", len(data["sites"]["entries"]), "the organ; the longest code wins"),
        ("ICD-10 (WHO, GM)", len(data["icd10"]["rules"]), "beyond the sites; the longest beginning wins"),
        ("ICD-10-CM", len(data["icd10_cm"]["rules"]), "where it differs from ICD-10"),
        ("ICD-O-3 morphology anywhere", len(icdo3["anywhere"]), "types that a histology places alone"),
        ("ICD-O-3 morphology by site", sum(map(len, icdo3["by_site"].values())), "types that need the site"),
        ("SNOMED CT diagnosis", len(snomed["diagnoses"]), "single codes, no hierarchy"),
        ("SNOMED CT morphology", len(snomed["morphologies"]), "as its ICD-O-3 code"),
        ("SNOMED CT site", len(snomed["sites"]), "as its ICD-O-3 code"),
        ("OncoTree", len(data["oncotree"]["former_codes"]), "former codes, beside every code of the tree"),
        ("NCI Thesaurus", len(ncit["diagnoses"]) + len(ncit["morphologies"]), "beside OncoTree's own references to it"),
        (
            "Name as the whole text",
            sum(map(len, data["names"]["nodes"].values())),
            "beside OncoTree's unambiguous names",
        ),
    ]
    systems = [(family, _listed(entry["urls"])) for family, entry in sorted(data["systems"].items())]
    return {
        "OncoTree size": str(len(list(tables.tumours.tree.codes()))),
        "pathology reports": _listed(sorted(reports._PATHOLOGY)),
        "tumour tables": _table("Diagnoses by | Rows | How", [(what, str(count), how) for what, count, how in rows]),
        "tumour systems": _table("System | Addresses", systems),
    }


def _clinical(tables: MappingTables) -> dict[str, str]:
    """Stages, performance status, course of the disease."""
    staging, course = _data("staging"), _data("disease_status")
    always = read_yaml(KNOWLEDGE / "stages.yaml")["metastatic_at_stage_four"]
    scales = [
        (
            name,
            "yes" if entry.get("tnm") else "no",
            _by_system(entry.get("methods", {})),
            ", ".join(entry["names"]),
            ", ".join(entry["values"]) or "the value as sent",
        )
        for name, entry in sorted(staging["systems"].items())
    ]
    bases = [
        (basis, _by_system(entry["codes"]), ", ".join(entry["words"]))
        for basis, entry in sorted(staging["bases"].items())
    ]
    performance = [
        (
            name,
            f"{min(entry['values'])} to {max(entry['values'])}",
            _by_system(entry["codes"]),
            ", ".join(entry["names"]),
        )
        for name, entry in sorted(_data("performance")["scales"].items())
    ]
    courses = [
        (value, _listed(entry["sct"]), ", ".join(entry["words"])) for value, entry in sorted(course["values"].items())
    ]
    states, icd10 = _data("disease_states")["states"], _data("disease_states")["icd10"]
    characters = [
        (state, f"`{icd10[state]['character']}`", ", ".join(map(_system, icd10[state]["systems"])))
        for state in ("remission", "relapsed")
    ]
    metastasis, sites = course["metastasis"], course["metastasis"]["sites"]
    site_rows = [
        (site, _listed(_keys_of(sites["sct"], site)), _listed(_keys_of(sites["icd10"], site)))
        for site in sorted({*sites["sct"].values(), *sites["icd10"].values()})
    ]
    return {
        "TNM tissues": ", ".join(staging["tnm_tissues"]),
        "always metastatic": ", ".join(item["tumour"] for item in always),
        "stage scales": _table("Scale | TNM family | Method codes | Names in texts | Groups", scales),
        "group codes": str(sum(len(codes) for group in staging["group_codes"].values() for codes in group.values())),
        "category codes": str(sum(map(len, staging["category_codes"].values()))),
        "extents": _table(
            "Extent | Words", [(f"`{extent}`", words) for extent, words in _word_rows(staging["extents"])]
        ),
        "bases": _table("Basis | Codes | Words", bases),
        "performance scales": _table("Scale | Numbers | Codes | Names in texts", performance),
        "maybe regional": ", ".join(metastasis["maybe_regional"]),
        "courses": _table("Course | SNOMED CT | Words", courses),
        "disease states": _table("State | SNOMED CT | NCIt | Words", _state_rows(states)),
        "disease state blocks": ", ".join(icd10["blocks"]),
        "disease state characters": _table("State | Fifth character | System", characters),
        "menopausal states": _table("State | SNOMED CT | NCIt | Words", _state_rows(_data("menopause")["states"])),
        "metastatic codes": _listed(metastasis["present"]["sct"]),
        "no metastasis codes": _listed(metastasis["none"]["sct"]),
        "no metastasis words": ", ".join(metastasis["none"]["words"]),
        "metastasis sites": _table("Site | SNOMED CT | ICD-10", site_rows),
    }


def _state_rows(states: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """The codes and words of states, by state."""
    return [
        (f"`{state}`", _listed(entry.get("sct", ())), _listed(entry.get("ncit", ())), ", ".join(entry.get("words", ())))
        for state, entry in sorted(states.items())
    ]


def _therapies(tables: MappingTables) -> dict[str, str]:
    data = _data("therapies")
    procedures, stops = data["procedures"], data["stop_reasons"]
    said = {kind: codes for kind, codes in data["statuses"].items() if kind != "source"}
    typos = {status: meant for status, meant in data["status_typos"].items() if status != "source"}
    reasons = [
        (_system(system), f"`{code}`", entry["label"], f"`{entry['course']}`" if "course" in entry else "")
        for system, codes in sorted(stops["codes"].items(), key=lambda item: _system(item[0]))
        for code, entry in codes.items()
    ]
    groups = [(_system(entry["system"]), entry["codes"]) for entry in procedures["systems"]]
    procedure_rows = [
        (name, f"`{code}`", _treatments(entry), "yes" if entry.get("drugs") else "")
        for name, codes in [*groups, ("profile", procedures["profiles"])]
        for code, entry in codes.items()
    ]
    return {
        "therapy statuses": _table(
            "Resource | Status | Says",
            [(f"`{kind}`", f"`{status}`", says) for kind, codes in said.items() for status, says in codes.items()],
        ),
        "orders": _listed(data["orders"]),
        "status typos": ", ".join(f"`{status}` as `{meant}`" for status, meant in typos.items()),
        "line extensions": _listed(data["lines"]["extensions"]),
        "stop extension": f"`{stops['extension']}`",
        "stop reasons": _table("System | Code | Says | Course", reasons),
        "procedures": _table("System or profile | Code | Treatments | Drugs named in it", procedure_rows),
        "procedure words": ", ".join(procedures["words"]),
        "medication profiles": _listed(data["medication_profiles"]),
        "medication words": ", ".join(data["medication_words"]),
    }


def _drugs(tables: MappingTables) -> dict[str, str]:
    compiled, data = _rows_of("drugs.tsv"), _data("drugs")
    reviewed = data["drugs"]
    inns = {
        drug
        for names in [*(row[0] for row in compiled), *(entry["inn"] for entry in reviewed)]
        for drug in names.split(" / ")
    }
    counted = [sum(len(list(filter(None, row[column].split("|")))) for row in compiled) for column in (1, 2)]
    by_hand = [sum(len(entry.get(name, ())) for entry in reviewed) for name in ("atc", "rxnorm", "names")]
    sources = [
        ("EMA, compiled (`drugs.tsv`)", len(compiled), counted[0], 0, counted[1]),
        ("reviewed (`drugs.yaml`)", len(reviewed), *by_hand),
    ]
    return {
        "drug tables": _table(
            "Source | Rows | ATC codes | RxNorm codes | Further names", [tuple(map(str, row)) for row in sources]
        ),
        "drug count": str(len(inns)),
        "other medicines": str(len(data["other"]["names"])),
        "anticancer groups": _listed(data["anticancer_groups"]),
        "other uses": _listed(data["other_uses"]),
        "drug stems": ", ".join(f"-{ending}" for ending in sorted(data["stems"]["endings"])),
        "drug doubts": ", ".join(data["doubts"]),
        "drug alternatives": ", ".join(data["alternatives"]),
        "local uses": ", ".join(data["local_uses"]),
    }


def _unread(tables: MappingTables) -> dict[str, str]:
    unread = sorted(tables.unread_codes.items(), key=lambda item: _key(*item[0]))
    words = _data("free_text")
    return {
        "unread codes": _table(
            "System | Code | Name", [(_system(system), f"`{code}`", _plain(name)) for (system, code), name in unread]
        ),
        "relevant words": ", ".join(_data("names")["relevant_words"]),
        "blocking words": ", ".join(_plain(word) for word in words["blocking"]),
        "filler words": ", ".join(words["filler"]),
    }


# --- rows ------------------------------------------------------------------------------------------------------------

_PROTEIN_SCALES = ("ihc", "her2_status", "sp142", "intensity", "mmr_protein")
_COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "gene": variant_parts.GENES,
    "protein change": (variant_parts.PROTEIN,),
    "coding change": (variant_parts.CODING,),
    "genomic change": (variant_parts.GENOMIC,),
    "variant in words or by identifier": (variant_parts.VARIATION, "conclusion-string"),
    "transcript": (variant_parts.TRANSCRIPT,),
    "genomic reference sequence": (variant_parts.GENOMIC_REFERENCE,),
    "position": variant_parts.RANGES,
    "reference and alternate allele": (variant_parts.REFERENCE_ALLELE, variant_parts.ALTERNATE_ALLELE),
    "counting of positions": (variant_parts.COORDINATE_SYSTEM,),
    "region": (variant_parts.REGION_NAME,),
    "kind of change": variant_parts.CHANGE_TYPES,
    "origin": (variant_parts.SOURCE_CLASS,),
    "allelic state": (variant_parts.ALLELIC_STATE,),
    "allele frequency": (variant_parts.ALLELE_FREQUENCY,),
    "clinical significance": (variant_parts.SIGNIFICANCE,),
    "copies": COPY_NUMBER_COMPONENTS,
    "fusion": FUSION_COMPONENTS,
    "karyotype": variant_parts.ISCN,
}


def _said(rule: CodeRule) -> str:
    """What a code says itself: gene, change, class, marker, score, unit, options."""
    parts = ["+".join(rule.genes), f"`{rule.protein}`" if rule.protein else "", rule.variant_class or ""]
    marker = rule.marker if (rule.marker,) != rule.genes else None
    parts += [" ".join(part for part in (marker, rule.score, rule.unit) if part)]
    parts += [_OPTIONS[name](value) for name, value in rule.options.items()]
    return "; ".join(_plain(part) for part in parts if part)


def _name_rows(tables: MappingTables, *, signature: bool) -> list[Row]:
    """Names of results that say the same, in one row."""
    rows: dict[Row, list[str]] = {}
    for rule in tables.expression_names.values():
        if (rule.reader == "signature") is signature:
            rows.setdefault((f"`{rule.reader}`", _said(rule)), []).append(rule.name)
    return sorted((*said, ", ".join(sorted(names, key=str.lower))) for said, names in rows.items())


def _state_codes(states: Mapping[str, Any]) -> list[Row]:
    return [
        (state, _system(system), _listed(codes))
        for state, entry in states.items()
        for system, codes in sorted(entry["codes"].items(), key=lambda item: _system(item[0]))
    ]


def _level_rows(levels: Mapping[str, Any], scales: Iterable[str]) -> list[Row]:
    return [
        (
            scale,
            " ".join(str(step[name]) for name in ("marker", "value") if name in step),
            step.get("state", "present"),
            _by_system(step.get("codes", {})),
            ", ".join(step.get("words", ())),
        )
        for scale in scales
        for step in levels[scale]["steps"]
    ]


def _treatments(entry: Mapping[str, Any]) -> str:
    return "no treatment" if entry.get("no_treatment") else ", ".join(entry["therapy"]) or "a treatment of untold kind"


def _word_rows(groups: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    return sorted((name, ", ".join(words)) for name, words in groups.items())


def _pairs(codes: Mapping[str, str]) -> list[Row]:
    return sorted((f"`{code}`", meaning) for code, meaning in codes.items())


def _inverted(codes: Mapping[str, str]) -> list[Row]:
    return [(meaning, _listed(_keys_of(codes, meaning))) for meaning in dict.fromkeys(codes.values())]


def _keys_of(codes: Mapping[Any, str], meaning: str) -> list[str]:
    return [str(code) for code, said in codes.items() if said == meaning]


def _rows_of(name: str) -> list[list[str]]:
    """The rows of a compiled table, without its comments and its head."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]


@cache
def _data(name: str) -> Any:
    return read_yaml(DATA / f"{name}.yaml")


# --- Markdown --------------------------------------------------------------------------------------------------------


def _table(head: str, rows: Iterable[Row]) -> str:
    names = head.split(" | ")
    lines = [[*names], ["---"] * len(names), *([cell.replace("|", r"\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _bullets(groups: Mapping[str, Iterable[str]]) -> str:
    return "\n".join(f"- {name}: {', '.join(words)}" for name, words in groups.items() if words)


def _by_system(codes: Mapping[str, Any]) -> str:
    """Codes of several systems; a code that stands for a value is followed by it."""
    return "; ".join(
        f"{_system(system)} "
        + (
            ", ".join(f"`{code}` {value}" for code, value in found.items())
            if isinstance(found, dict)
            else _listed(found)
        )
        for system, found in codes.items()
    )


def _listed(codes: Iterable[object]) -> str:
    return ", ".join(f"`{code}`" for code in codes)


def _system(system: str) -> str:
    name = last_segment(system)
    return _SYSTEMS.get(name, f"`{name}`")


def _key(system: str, code: str) -> tuple[str, int, str]:
    number = re.match(r"\d+", code)
    return _system(system), int(number[0]) if number else 0, code


def _plain(text: str) -> str:
    """A text with nothing outside its code marks that Markdown would take for emphasis."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if index % 2 else re.sub(r"([*_])", r"\\\1", part) for index, part in enumerate(parts))


if __name__ == "__main__":
    PAGE.write_text(page(Advisor.load().tables), encoding="utf-8")
