"""Genes whose pathogenic variants in a tumour call for a look at the germline."""

from __future__ import annotations

from pathlib import Path

from knowledge.yaml_files import read_yaml

DATA = Path(__file__).parent / "data"


def load_germline_genes(data: Path = DATA) -> frozenset[str]:
    """The reviewed list, HGNC symbols."""
    return frozenset(read_yaml(data / "germline.yaml")["genes"])
