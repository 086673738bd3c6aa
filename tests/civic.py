"""A small CIViC release, made up: the files of one release with one row for each thing that the import decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from knowledge.civic.tables import _COLUMNS

VARIANTS = {
    # feature, variant: type, gene, Entrez id, variant types, HGVS
    ("EGFR", "L858R"): ("Gene", "EGFR", "1956", "missense_variant", "NP_005219.2:p.Leu858Arg"),
    ("EGFR", "T790M"): ("Gene", "EGFR", "1956", "missense_variant", ""),
    ("EGFR", "Exon 19 Deletion"): ("Gene", "EGFR", "1956", "inframe_deletion", ""),
    ("EGFR", "Mutation"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "Overexpression"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "Wildtype"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "Gain-of-function"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "Activating Mutation"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "VIII"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "RS123"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "Loss"): ("Gene", "EGFR", "1956", "loss_of_function_variant", ""),
    ("EGFR", "Deletion"): ("Gene", "EGFR", "1956", "transcript_ablation", ""),
    ("EGFR", "K860fs"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "intron 9 rearrangement"): ("Gene", "EGFR", "1956", "", ""),
    ("EGFR", "vEGFR"): ("Gene", "EGFR", "1956", "", ""),
    ("MET", "Amplification"): ("Gene", "MET", "4233", "transcript_amplification", ""),
    ("MET", "D1228V"): ("Gene", "MET", "4233", "missense_variant", "NP_001120972.1:p.Asp1246Val"),
    ("KRAS", "G12C"): ("Gene", "KRAS", "3845", "missense_variant", ""),
    ("KRAS", "G12/G13"): ("Gene", "KRAS", "3845", "missense_variant", ""),
    ("KRAS", "Q61"): ("Gene", "KRAS", "3845", "missense_variant", ""),
    ("BRAF", "V600E"): ("Gene", "BRAF", "673", "missense_variant", ""),
    ("BRAF", "V600K"): ("Gene", "BRAF", "7157", "missense_variant", ""),  # the id of another gene
    ("EML4::ALK", "Fusion"): ("Fusion", "", "", "known known", ""),
    ("v::ALK", "Fusion"): ("Fusion", "", "", "multiple known", ""),
    ("?::ALK", "Fusion"): ("Fusion", "", "", "unknown known", ""),
    ("EML4::ALK", "e20::e20"): ("Fusion", "", "", "known known", ""),
    ("MSI", "High"): ("Factor", "", "", "", ""),
    ("TMB", "High"): ("Factor", "", "", "", ""),
}
_ENTREZ = {"ALK": "238", "EML4": "27436"}


def evidence(number: int, profile: str, **members: str) -> dict[str, str]:
    """A row of the evidence file, predictive and accepted unless ``members`` say otherwise."""
    row = {
        "evidence_id": str(number),
        "molecular_profile": profile,
        "molecular_profile_id": f"{number}",
        "disease": "Lung Non-small Cell Carcinoma",
        "doid": "3908",
        "therapies": "Gefitinib",
        "evidence_type": "Predictive",
        "evidence_direction": "Supports",
        "evidence_level": "B",
        "significance": "Sensitivity/Response",
        "rating": "3",
        "evidence_status": "accepted",
        "variant_origin": "Somatic",
        "last_review_date": "2026-01-02 10:00:00 UTC",
        "is_flagged": "false",
    }
    return row | members


def assertion(number: int, profile: str, cited: str, **members: str) -> dict[str, str]:
    """A row of the assertion file that cites evidence items."""
    row = evidence(number, profile) | {
        "assertion_id": str(number),
        "assertion_type": "Predictive",
        "assertion_direction": "Supports",
        "amp_category": "Tier I - Level A",
        "evidence_item_ids": cited,
    }
    return row | members


def release(
    evidence_rows: Iterable[Mapping[str, str]],
    assertion_rows: Iterable[Mapping[str, str]] = (),
    profile_rows: Iterable[Mapping[str, str]] = (),
) -> dict[str, str]:
    """The texts of the five files by name."""
    return {
        "evidence.tsv": table("evidence", evidence_rows),
        "assertions.tsv": table("assertions", assertion_rows),
        "profiles.tsv": table("profiles", profile_rows),
        "variants.tsv": table("variants", map(_variant, enumerate(VARIANTS.items(), 1))),
        "features.tsv": table("features", map(_feature, VARIANTS)),
    }


def table(kind: str, rows: Iterable[Mapping[str, str]]) -> str:
    """One file as text, with the columns that the import reads and one that it does not."""
    columns = [*_COLUMNS[kind], "civic_url"]
    lines = ["\t".join(row.get(column, "") for column in columns) for row in rows]
    return "\n".join(["\t".join(columns), *lines]) + "\n"


def _variant(numbered: tuple[int, tuple[tuple[str, str], tuple[str, str, str, str, str]]]) -> dict[str, str]:
    number, ((feature, name), (kind, gene, entrez, types, hgvs)) = numbered
    five, three = types.split() if kind == "Fusion" else ("", "")
    return {
        "variant_id": str(number),
        "feature_type": kind,
        "feature_id": feature,
        "feature_name": feature,
        "variant": name,
        "variant_types": types,
        "gene": gene,
        "entrez_id": entrez,
        "hgvs_descriptions": hgvs,
        "5_prime_partner_status": five,
        "3_prime_partner_status": three,
        "is_flagged": "false",
    }


def _feature(key: tuple[str, str]) -> dict[str, str]:
    five, _, three = key[0].partition("::")
    return {
        "feature_id": key[0],
        "five_prime_gene_name": five if five in _ENTREZ else "",
        "five_prime_gene_entrez_id": _ENTREZ.get(five, ""),
        "three_prime_gene_name": three,
        "three_prime_gene_entrez_id": _ENTREZ.get(three, ""),
    }
