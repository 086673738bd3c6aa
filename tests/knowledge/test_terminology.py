"""The compiled terminologies: gene names and the tree of tumours."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from knowledge.terminology import GeneTable, TableError, TumourTree
from tests.loaded_scripts import load_script

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "knowledge" / "data" / "terminology"
GENE_HEADER = "# Source: a test\nhgnc_id\tsymbol\tncbi\tprevious\taliases\n"
TREE_HEADER = "# Source: a test\ncode\tname\tparent\tmain_type\tnci\n"


@pytest.fixture(scope="module")
def genes():
    return GeneTable.load(FOLDER / "genes.tsv")


@pytest.fixture(scope="module")
def tree():
    return TumourTree.load(FOLDER / "oncotree.tsv")


@pytest.mark.parametrize("name", ["genes.tsv", "oncotree.tsv"])
def test_each_table_says_where_it_comes_from(name):
    comments = [line for line in (FOLDER / name).read_text(encoding="utf-8").split("\n")[:10] if line.startswith("#")]
    assert [comment.split(":")[0] for comment in comments] == ["# Source", "# Version", "# Licence", "# Made by"]


@pytest.mark.parametrize(
    ("identifier", "symbol"),
    [
        ("HGNC:3236", "EGFR"),
        ("3236", "EGFR"),
        ("hgnc:7127", "MLH1"),
        ("HGNC:7989", "NRAS"),
        ("HGNC:6", None),  # withdrawn
        ("HGNC:99999999", None),
        ("BRAF", None),
        ("", None),
    ],
)
def test_gene_by_hgnc_id(genes, identifier, symbol):
    gene = genes.by_id(identifier)
    assert (gene.symbol if gene else None) == symbol


def test_a_gene_has_all_its_names(genes):
    gene = genes.by_ncbi("1956")
    assert (gene.hgnc_id, gene.symbol, gene.ncbi) == ("HGNC:3236", "EGFR", "1956")
    assert gene.previous == ("ERBB",)
    assert "ERBB1" in gene.aliases
    assert genes.by_ncbi("0") is None
    assert genes.by_symbol("EGFR") == gene


@pytest.mark.parametrize(
    ("name", "symbol", "how"),
    [
        ("EGFR", "EGFR", "approved"),
        (" Egfr ", "EGFR", "approved"),
        ("RUNx1", "RUNX1", "approved"),
        ("Met", "MET", "approved"),  # HGNC lists "Met" as an alias of SLTM
        ("RAF1", "RAF1", "approved"),
        ("TTF1", "TTF1", "approved"),
        ("C10ORF54", "VSIR", "previous"),
        ("A1S9T", "UBA1", "previous"),  # a withdrawn entry that points to UBA1
        ("CD20", "MS4A1", "previous"),
        ("CD117", "KIT", "alias"),
        ("HER2/neu", "ERBB2", "alias"),
        ("her-2 NEU", "ERBB2", "alias"),
        ("PD-L1", "CD274", "alias"),
        ("PD1", "PDCD1", "alias"),
        ("BRCA 1", "BRCA1", "alias"),
        ("c-MET", "MET", "alias"),
        ("MLL", "KMT2A", "alias"),
        ("Cyclin D1", "CCND1", "alias"),
        ("CLDN18.2", "CLDN18", "alias"),
        ("FRα", "FOLR1", "alias"),
        ("TTF-1", "NKX2-1", "alias"),
    ],
)
def test_names_that_resolve(genes, name, symbol, how):
    match = genes.resolve(name)
    assert match is not None
    assert (match.symbol, match.how) == (symbol, how)


@pytest.mark.parametrize(
    "name", ["", "BLUB", "HNPCC", "p14", "MLL2", "ALK1", "PDGFR", "RAS", "BCR-ABL", "HRD", "ALL", "MSS"]
)
def test_names_that_mean_no_single_gene(genes, name):
    assert genes.resolve(name) is None


def test_reviewed_aliases_are_clear(genes):
    entries = yaml.load((FOLDER / "gene_aliases.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    for alias, entry in entries.items():
        assert set(entry) == {"symbol", "why"}, alias
        assert entry["why"], alias
        if entry["symbol"] is not None:
            assert genes.by_symbol(entry["symbol"]) is not None, alias
        assert genes.by_symbol(alias) is None, f"{alias} is an approved symbol, the alias would never be used"
        match = genes.resolve(alias)
        assert (match.symbol if match else None) == entry["symbol"], f"{alias} and another alias read alike"


def test_an_alias_of_an_unknown_gene_is_refused(tmp_path):
    (tmp_path / "genes.tsv").write_text(GENE_HEADER + "HGNC:1\tAAA\t\t\t\n", encoding="utf-8")
    (tmp_path / "gene_aliases.yaml").write_text("B-B: {symbol: BBB, why: a test}\n", encoding="utf-8")
    with pytest.raises(TableError, match="BBB"):
        GeneTable.load(tmp_path / "genes.tsv")


def test_names_shared_by_genes_are_ambiguous(tmp_path):
    rows = "HGNC:1\tAAA\t\tOLD|X1\tNick|x2\nHGNC:2\tBBB\t\tX1\tNick|X2|y\nHGNC:3\tY\t\t\tOLD\n"
    (tmp_path / "genes.tsv").write_text(GENE_HEADER + rows, encoding="utf-8")
    (tmp_path / "aliases.yaml").write_text("a-a: {symbol: AAA, why: a test}\n", encoding="utf-8")
    table = GeneTable.load(tmp_path / "genes.tsv", tmp_path / "aliases.yaml")
    found = {name: table.resolve(name) for name in ("OLD", "X1", "Nick", "x2", "X2", "nick", "y", "AA")}
    symbols = {name: match.symbol if match else None for name, match in found.items()}
    expected = {"OLD": "AAA", "X1": None, "Nick": None, "x2": "AAA", "X2": "BBB", "nick": None, "y": "Y", "AA": "AAA"}
    assert symbols == expected


@pytest.mark.parametrize(
    ("code", "ancestor", "expected"),
    [
        ("LUAD", "NSCLC", True),
        ("LUAD", "LUNG", True),
        ("LUAD", "LUAD", True),
        ("LUAD", "TISSUE", True),
        ("NSCLC", "LUAD", False),
        ("IMTL", "NSCLC", False),  # its main type says otherwise
        ("IHCH", "CHOL", True),
        ("CLLSLL", "LYMPH", True),
        ("READ", "COADREAD", True),
    ],
)
def test_the_tree_of_tumours(tree, code, ancestor, expected):
    assert tree.is_a(code, ancestor) is expected


def test_what_a_node_tells(tree):
    assert tree.name("LUAD") == "Lung Adenocarcinoma"
    assert tree.main_type("IMTL") == "Non-Small Cell Lung Cancer"
    assert tree.parent("LUAD") == "NSCLC"
    assert tree.parent("TISSUE") is None
    assert tree.ancestors("LUAD") == ("NSCLC", "LUNG", "TISSUE")
    assert "LUAD" in tree
    assert "ANY" not in tree


@pytest.mark.parametrize("ask", [lambda tree: tree.is_a("LUAD", "ANY"), lambda tree: tree.is_a("ANY", "LUAD")])
def test_an_unknown_code_is_never_just_false(tree, ask):
    with pytest.raises(KeyError):
        ask(tree)


@pytest.mark.parametrize(("code", "node"), [("C3512", "LUAD"), ("c2926", "NSCLC"), ("C9461", None), ("C1", None)])
def test_node_by_nci_code(tree, code, node):
    assert tree.by_nci(code) == node


@pytest.mark.parametrize(
    ("text", "node"), [("Lung Adenocarcinoma", "LUAD"), ("lung  adenocarcinoma", "LUAD"), ("Yolk Sac Tumor", None)]
)
def test_node_by_name(tree, text, node):
    assert tree.by_name(text) == node


@pytest.mark.parametrize("rows", ["A\ta\tB\t\t\n", "A\ta\tB\t\t\nB\tb\tA\t\t\n"])
def test_a_branch_without_root_is_refused(tmp_path, rows):
    (tmp_path / "tree.tsv").write_text(TREE_HEADER + rows, encoding="utf-8")
    with pytest.raises(TableError, match="root"):
        TumourTree.load(tmp_path / "tree.tsv")


def test_a_table_with_other_columns_is_refused(tmp_path):
    (tmp_path / "tree.tsv").write_text("code\tname\n", encoding="utf-8")
    with pytest.raises(TableError, match="columns"):
        TumourTree.load(tmp_path / "tree.tsv")


def _hgnc_row(identifier, symbol, name="", status="Approved", previous="", aliases=""):
    return {
        "HGNC ID": identifier,
        "Approved symbol": symbol,
        "Approved name": name,
        "Status": status,
        "Previous symbols": previous,
        "Alias symbols": aliases,
        "NCBI Gene ID(supplied by NCBI)": "",
    }


def test_compiling_genes_follows_withdrawn_symbols():
    compiler = load_script("compile_terminology")
    rows = [
        _hgnc_row("HGNC:10", "BBB"),
        _hgnc_row("HGNC:2", "AAA", previous="OLD, AAA", aliases="OLD, NICK"),
        _hgnc_row("HGNC:3", "GONE", "symbol withdrawn, see [HGNC:2](/x/HGNC:2)", "Symbol Withdrawn"),
        _hgnc_row("HGNC:4", "SPLIT", "symbol withdrawn, see [HGNC:2](/x) and [HGNC:10](/x)", "Symbol Withdrawn"),
        _hgnc_row("HGNC:5", "NEVER", "entry withdrawn", "Entry Withdrawn"),
    ]
    compiled = compiler.compile_genes(rows)
    assert compiled == [("HGNC:2", "AAA", "", "GONE|OLD", "NICK"), ("HGNC:10", "BBB", "", "", "")]
