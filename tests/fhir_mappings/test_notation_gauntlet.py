"""The gauntlet: variant notations as laboratories send them, and what each must be read as, or why it is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.notation import Names, read_variation
from knowledge.coding_change import CodingChange, CodingPosition, parse_coding_change
from knowledge.genetic_code import contradiction
from knowledge.protein_change import (
    NotationError,
    ProteinChange,
    ProteinChangeKind,
    common_codon,
    is_among,
    parse_protein_change,
    same_protein_change,
)

FILE = Path(__file__).parent.parent / "data" / "notation_gauntlet.tsv"


def _rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


ROWS = _rows()


def _of(kind: str) -> list[tuple[str, str]]:
    return [(row["text"], row["expected"]) for row in ROWS if row["kind"] == kind]


def test_the_gauntlet_is_long_and_every_row_is_complete() -> None:
    assert len(ROWS) >= 300
    assert {row["kind"] for row in ROWS} == {"protein", "coding", "text"}
    assert all(row["text"] and row["expected"] and row["where_seen"] for row in ROWS)
    assert len({(row["text"], row["kind"]) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("text", "expected"), _of("protein"))
def test_protein(text: str, expected: str) -> None:
    if not expected.startswith("refused"):
        change = parse_protein_change(text)
        assert str(change) == expected
        assert parse_protein_change(expected) == change
        return
    with pytest.raises(NotationError):
        parse_protein_change(text)
    codon = common_codon(text)
    shared = expected.partition("alternatives of ")[2]
    assert (str(codon) if codon else "") == shared


@pytest.mark.parametrize(("text", "expected"), _of("coding"))
def test_coding(text: str, expected: str) -> None:
    if not expected.startswith("refused"):
        change = parse_coding_change(text)
        assert str(change) == expected
        assert parse_coding_change(expected) == change
        return
    with pytest.raises(NotationError):
        parse_coding_change(text)


@pytest.mark.parametrize(("text", "expected"), _of("text"))
def test_text(text: str, expected: str) -> None:
    names = Names()
    read_variation([text], "component[0]", names)
    read = (names.gene, names.protein, names.coding, names.genomic)
    if expected.startswith("refused"):
        assert not names.any
    else:
        assert " ".join(str(part) for part in read if part) == expected


# --- what is generated reads back -------------------------------------------------------------------------------------

RESIDUES = sorted({"AlaArgAsnAspCysGlnGluGlyHisIleLeuLysMetPheProSerThrTrpTyrVal"[i : i + 3] for i in range(0, 60, 3)})
residues = st.sampled_from(RESIDUES)
some_residues = st.lists(residues, min_size=1, max_size=6).map(tuple)
codons = st.integers(1, 9000)


@st.composite
def protein_changes(draw: st.DrawFn) -> ProteinChange:
    kind = draw(st.sampled_from(sorted(ProteinChangeKind)))
    first, start = draw(residues), draw(codons)
    last, end = (draw(residues), start + draw(st.integers(1, 40))) if draw(st.booleans()) else (first, start)
    match kind:
        case ProteinChangeKind.NO_CHANGE | ProteinChangeKind.UNKNOWN:
            return ProteinChange(kind)
        case ProteinChangeKind.START_LOST:
            return ProteinChange(kind, "Met", 1, "Met", 1)
        case ProteinChangeKind.SUBSTITUTION:
            other = draw(residues.filter(lambda residue: residue != first))
            return ProteinChange(kind, first, start, first, start, (other,))
        case ProteinChangeKind.NONSENSE:
            return ProteinChange(kind, first, start, first, start, ("Ter",))
        case ProteinChangeKind.SYNONYMOUS | ProteinChangeKind.CODON:
            return ProteinChange(kind, first, start, first, start)
        case ProteinChangeKind.FRAMESHIFT:
            shifted = (draw(residues),) if draw(st.booleans()) else ()
            tail = draw(st.sampled_from(["", "Ter", "Ter?", "Ter17"]))
            return ProteinChange(kind, first, start, first, start, shifted, tail=tail)
        case ProteinChangeKind.EXTENSION:
            tail = draw(st.sampled_from(["Ter17", "Ter?"]))
            return ProteinChange(kind, "Ter", start, "Ter", start, (draw(residues),), tail=tail)
        case ProteinChangeKind.INSERTION:
            last, end = draw(residues), start + 1
    if kind in (ProteinChangeKind.DELETION, ProteinChangeKind.DUPLICATION):
        return ProteinChange(kind, first, start, last, end)
    if draw(st.booleans()):
        return ProteinChange(kind, first, start, last, end, inserted_length=draw(st.integers(1, 99)))
    return ProteinChange(kind, first, start, last, end, draw(some_residues))


@given(change=protein_changes())
def test_a_protein_change_reads_back_in_both_alphabets(change: ProteinChange) -> None:
    assert parse_protein_change(str(change)) == change
    assert parse_protein_change(f"NP_000001.1:p.({str(change).removeprefix('p.')})") == change
    assert parse_protein_change(change.short) == change


@st.composite
def positions(draw: st.DrawFn) -> CodingPosition:
    region = draw(st.sampled_from(["", "", "-", "*"]))
    return CodingPosition(draw(st.integers(1, 99_999)), draw(st.sampled_from([0, 0, 1, -2, 250])), region)


bases = st.text("ACGT", min_size=1, max_size=20)


@st.composite
def coding_changes(draw: st.DrawFn) -> CodingChange:
    start = draw(positions())
    end = CodingPosition(start.base + draw(st.integers(1, 90)), start.offset, start.region)
    match draw(st.sampled_from(["substitution", "del", "dup", "inv", "ins", "delins", "="])):
        case "substitution":
            old, new = draw(st.permutations("ACGT"))[:2]
            return CodingChange("substitution", start, start, old, new)
        case "ins" | "delins" as kind:
            if draw(st.booleans()):
                return CodingChange(kind, start, end, inserted_length=draw(st.integers(1, 99)))
            return CodingChange(kind, start, end, new=draw(bases))
        case kind:
            return CodingChange(kind, start, draw(st.sampled_from([start, end])))


@given(change=coding_changes())
def test_a_coding_change_reads_back(change: CodingChange) -> None:
    assert parse_coding_change(str(change)) == change
    assert parse_coding_change(f"NM_000001.1(GENE1):{change}") == change


@given(text=st.text(max_size=40) | st.text("pcVELR0689_*=delinsdupfs>()[]./^:; ", max_size=25))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_protein_change, parse_coding_change):
        try:
            again = parse(text)
        except NotationError:
            continue
        assert parse(str(again)) == again
    common_codon(text)
    read_variation([text], "component[0]", Names())


# --- the same change in two notations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("p.Ala775_Gly776insTyrValMetAla", "p.Tyr772_Ala775dup", True),
        ("p.Ala771_Tyr772insTyrValMetAla", "p.Tyr772_Ala775dup", True),
        ("p.Asp770_Asn771insSerValAsp", "p.Ser768_Asp770dup", True),
        ("p.His773_Val774insHis", "p.His773dup", True),
        ("p.Asp770_Asn771insSerValGly", "p.Ser768_Asp770dup", False),
        ("p.Asp770_Asn771insSerVal", "p.Ser768_Asp770dup", False),
        ("p.Asn771_Pro772insSerValAsp", "p.Ser768_Asp770dup", False),
        ("p.Asp770_Asn771ins(3)", "p.Ser768_Asp770dup", False),
        ("p.Val600Glu", "p.Val600Glu", True),
        ("p.Val600Glu", "p.Val600Lys", False),
    ],
)
def test_an_inserted_copy_is_a_duplication(one: str, other: str, same: bool) -> None:
    first, second = parse_protein_change(one), parse_protein_change(other)
    assert same_protein_change(first, second) is same_protein_change(second, first) is same
    assert is_among(one, {other}) is same


@given(start=st.integers(1, 2000), doubled=some_residues, after=residues)
def test_every_duplication_equals_the_insertion_behind_it(start: int, doubled: tuple[str, ...], after: str) -> None:
    end = start + len(doubled) - 1
    copy = ProteinChange(ProteinChangeKind.DUPLICATION, doubled[0], start, doubled[-1], end)
    inserted = ProteinChange(ProteinChangeKind.INSERTION, doubled[-1], end, after, end + 1, doubled)
    assert same_protein_change(copy, inserted)


@pytest.mark.parametrize(
    ("coding", "protein", "possible"),
    [
        ("c.2573T>G", "p.Leu858Arg", True),
        ("c.34G>T", "p.Gly12Cys", True),
        ("c.1799T>A", "p.Val600Glu", True),
        ("c.4964G>A", "p.Arg1655Leu", False),
        ("c.1799T>A", "p.Val601Glu", False),
        ("c.3028+1G>T", "p.Val600Glu", True),
        ("c.2235_2249del", "p.Glu746_Ala750del", True),
    ],
)
def test_the_genetic_code_shows_contradictions(coding: str, protein: str, possible: bool) -> None:
    assert (contradiction(parse_coding_change(coding), parse_protein_change(protein)) is None) is possible
