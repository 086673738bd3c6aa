"""The standard genetic code, to see whether a coding and a protein change can be one variant.

Laboratories send both, and they do contradict each other. Without the sequence of the transcript only this can
be told: whether both name the same codon, and whether some codon of the old residue becomes one of the new.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from knowledge.coding_change import CodingChange, parse_coding_change
from knowledge.protein_change import NotationError, ProteinChange, ProteinChangeKind, parse_protein_change

_BASES = "TCAG"
# The standard code (NCBI translation table 1), codons in the order TTT, TTC, TTA, TTG, TCT ... GGG.
_RESIDUES = [
    "Phe",
    "Phe",
    "Leu",
    "Leu",
    "Ser",
    "Ser",
    "Ser",
    "Ser",
    "Tyr",
    "Tyr",
    "Ter",
    "Ter",
    "Cys",
    "Cys",
    "Ter",
    "Trp",
    "Leu",
    "Leu",
    "Leu",
    "Leu",
    "Pro",
    "Pro",
    "Pro",
    "Pro",
    "His",
    "His",
    "Gln",
    "Gln",
    "Arg",
    "Arg",
    "Arg",
    "Arg",
    "Ile",
    "Ile",
    "Ile",
    "Met",
    "Thr",
    "Thr",
    "Thr",
    "Thr",
    "Asn",
    "Asn",
    "Lys",
    "Lys",
    "Ser",
    "Ser",
    "Arg",
    "Arg",
    "Val",
    "Val",
    "Val",
    "Val",
    "Ala",
    "Ala",
    "Ala",
    "Ala",
    "Asp",
    "Asp",
    "Glu",
    "Glu",
    "Gly",
    "Gly",
    "Gly",
    "Gly",
]
_CODE = dict(zip(map("".join, product(_BASES, repeat=3)), _RESIDUES, strict=True))
_SUBSTITUTIONS = frozenset({ProteinChangeKind.SUBSTITUTION, ProteinChangeKind.NONSENSE, ProteinChangeKind.SYNONYMOUS})


@lru_cache(maxsize=4096)
def contradiction(coding: str, protein: str) -> str | None:
    """Why two changes of one variant cannot both be right, in words; ``None`` if they can or cannot be compared."""
    try:
        bases, residues = parse_coding_change(coding), parse_protein_change(protein)
    except NotationError:
        return None
    codon = bases.start.codon
    if codon is None or bases.kind != "substitution" or residues.kind not in _SUBSTITUTIONS:
        return None
    if codon != residues.start:
        return f"{coding} lies in codon {codon}, {protein} in codon {residues.start}"
    if residues.new and not _possible(bases, residues):
        return f"{coding} cannot give {protein}"
    return None


def _possible(bases: CodingChange, residues: ProteinChange) -> bool:
    place = (bases.start.base - 1) % 3
    changed = (
        codon[:place] + bases.new + codon[place + 1 :]
        for codon, residue in _CODE.items()
        if residue == residues.first and codon[place] == bases.old
    )
    return any(_CODE[codon] == residues.new[0] for codon in changed)
