"""The standard genetic code, to see whether a coding and a protein change can be one variant.

Laboratories send both, and they do contradict each other. Without the sequence of the transcript only this can
be told: whether both name the same codon, and whether some codon of the old residue becomes one of the new.
"""

from __future__ import annotations

from itertools import product

from knowledge.coding_change import CodingChange
from knowledge.language import phrase
from knowledge.protein_change import ProteinChange, ProteinChangeKind

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
#: Every change of one base in one codon: residue, place in the codon, old base, new base, new residue.
_CHANGES = frozenset(
    (residue, place, codon[place], base, _CODE[codon[:place] + base + codon[place + 1 :]])
    for codon, residue in _CODE.items()
    for place in range(3)
    for base in _BASES
)
_SUBSTITUTIONS = frozenset({ProteinChangeKind.SUBSTITUTION, ProteinChangeKind.NONSENSE, ProteinChangeKind.SYNONYMOUS})


def contradiction(bases: CodingChange, residues: ProteinChange) -> str | None:
    """Why two changes of one variant cannot both be right, in words; ``None`` if they can or cannot be compared."""
    codon = bases.start.codon
    if codon is None or bases.kind != "substitution" or residues.kind not in _SUBSTITUTIONS:
        return None
    if codon != residues.start:
        return phrase(
            "{coding} lies in codon {codon}, {protein} in codon {other}",
            coding=str(bases),
            codon=codon,
            protein=str(residues),
            other=residues.start,
        )
    if residues.new and not _possible(bases, residues):
        return phrase("{coding} cannot give {protein}", coding=str(bases), protein=str(residues))
    return None


def _possible(bases: CodingChange, residues: ProteinChange) -> bool:
    place = (bases.start.base - 1) % 3
    return (residues.first, place, bases.old, bases.new, residues.new[0]) in _CHANGES
