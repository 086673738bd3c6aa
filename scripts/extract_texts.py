"""Bring the catalogues of cards/locale up to date with the texts of code and data.

    .venv/bin/python scripts/extract_texts.py           write the catalogues of every language that is there
    .venv/bin/python scripts/extract_texts.py --new fr  begin a language
    .venv/bin/python scripts/extract_texts.py --check   only name texts that are missing or no longer used

Translations are kept. A text that is no longer used goes to the end of its file as obsolete (``#~``), with its
translation, and comes back if the text does. The same texts always give the same bytes.
"""

from __future__ import annotations

import argparse
import ast
import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po

from cards.catalogues import read_catalogue
from cards.languages import LOCALE
from knowledge import criteria
from knowledge.facts import Kind, Origin
from knowledge.yaml_files import read_yaml

ROOT = Path(__file__).parents[1]
#: A text, or the two English forms of a plural.
Key = str | tuple[str, str]
Found = tuple[Key, str]

_ABOUT = {
    "program": "Texts of the program, words that facts hold, tests and reasons that cards offer.",
    "knowledge": "Texts of the knowledge files: statements, judgements, partners, tests, classes.",
    "drugs": "Names of drugs by their INN.",
}
#: Markers that readers set themselves, and the class of a negative that covers every small variant.
_MARKERS = ("birth-date", "course", "menopausal-state", "metastasis", "sex", "small variant")
#: Tables of fhir_mappings/data whose keys are the values of facts.
_KEYS_OF_TABLES = (
    ("answers.yaml", "change_types"),
    ("disease_status.yaml", "values"),
    ("pharmacogenomics.yaml", "phenotype_words"),
    ("pharmacogenomics.yaml", "gene_phenotype_words", "*"),
    ("therapies.yaml", "statuses", "*"),
)
_DATED = re.compile(
    r'"(?:POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By|Project-Id-Version'
    r"|Report-Msgid-Bugs-To): .*\n"
)


def main() -> None:
    """Write or check the catalogues."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--new", metavar="LANGUAGE", help="code of a language to begin (BCP 47)")
    parser.add_argument("--check", action="store_true", help="only say which texts are missing or no longer used")
    arguments = parser.parse_args()
    languages = {path.name for path in LOCALE.iterdir() if path.is_dir()} | ({arguments.new} - {None})
    texts = all_texts()
    if arguments.check:
        problems = [problem for code in sorted(languages) for problem in differences(code, texts)]
        sys.stderr.write("".join(f"{problem}\n" for problem in problems))
        sys.exit(1 if problems else 0)
    for code in sorted(languages):
        files = {domain: LOCALE / code / f"{domain}.po" for domain in texts}
        known = {
            domain: messages_of(read_catalogue(file, code)) if file.exists() else {} for domain, file in files.items()
        }
        for domain, file in files.items():
            written = updated(code, domain, texts, known)
            if file.exists() and file.read_bytes() == written:
                continue
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(written)
            sys.stderr.write(f"written: {file.relative_to(ROOT)}\n")


# --- what is said ------------------------------------------------------------------------------------


def all_texts() -> dict[str, dict[Key, list[str]]]:
    """The texts of each catalogue with the files that they stand in; each text in the first catalogue that has it."""
    sources = {
        "program": [*texts_of_code(), *words_of_facts(), *texts_of_cards()],
        "knowledge": texts_of_knowledge(),
        "drugs": names_of_drugs(),
    }
    result: dict[str, dict[Key, list[str]]] = {domain: {} for domain in sources}
    seen: set[Key] = set()
    for domain, found in sources.items():
        for key, place in found:
            if key in seen or not has_words(key):
                continue
            places = result[domain].setdefault(key, [])
            if place not in places:
                places.append(place)
        seen |= set(result[domain])
    return result


def has_words(key: Key) -> bool:
    """Whether there is anything to translate: words, or an order of values. Symbols are the same everywhere."""
    text = key if isinstance(key, str) else key[0]
    without, values = re.subn(r"\{\w+\}", "", text)
    return values > 1 or bool(re.search(r"[a-z]{2}", without))


def texts_of_code() -> Iterator[Found]:
    """First arguments of ``say(…)``, ``say.plural(…)`` and ``phrase(…)``; texts that are chosen there are all taken."""
    for package in ("cards", "fhir_mappings", "knowledge"):
        for path in sorted((ROOT / package).glob("*.py")):
            place = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args:
                    yield from ((key, place) for key in _said(node))


def _said(call: ast.Call) -> Iterator[Key]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in ("say", "phrase"):
        yield from _literals(call.args[0])
    if name == "plural" and len(call.args) > 1:
        one, many = (list(_literals(argument)) for argument in call.args[:2])
        yield from zip(one, many, strict=True)


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_literals(node.body), *_literals(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _literals(value)


def words_of_facts() -> Iterator[Found]:
    """The words that facts and criteria hold as values."""
    place = "knowledge/criteria.py"
    sets: list[Iterable[str]] = [
        criteria.EXTENTS,
        criteria.SETTINGS,
        criteria.COPY_NUMBER_CHANGES,
        *criteria.SIGNATURE_VALUES.values(),
        criteria.DISEASE_STATES,
        criteria.MENOPAUSAL_STATES,
        ("female", "male"),
        Origin,
        Kind,
    ]
    yield from ((form, place) for words in sets for word in sorted(words) for form in (word, word.replace("-", " ")))
    data = ROOT / "fhir_mappings" / "data"
    for path in sorted(data.rglob("*.yaml")):
        found = _members(read_yaml(path), {"value", "label", "marker", "method", "warning", "phenotype", "class"})
        yield from ((text, path.relative_to(ROOT).as_posix()) for text in found)
    yield from ((word, "fhir_mappings") for word in _MARKERS)
    for name, *steps in _KEYS_OF_TABLES:
        yield from ((word, f"fhir_mappings/data/{name}") for word in _keys(read_yaml(data / name), steps))
    sites = read_yaml(data / "disease_status.yaml")["metastasis"]["sites"]
    yield from ((site, "fhir_mappings/data/disease_status.yaml") for table in sites.values() for site in table.values())


def _keys(data: dict, steps: list[str]) -> Iterator[str]:
    """The keys of the tables to which the steps lead; ``*`` is any key."""
    if not steps:
        yield from (key for key in data if isinstance(key, str))
        return
    for key, value in data.items():
        if steps[0] in ("*", key) and isinstance(value, dict):
            yield from _keys(value, steps[1:])


def texts_of_cards() -> Iterator[Found]:
    """Orders of tests, and reasons why a card is not followed."""
    data = ROOT / "cards" / "data"
    for path in sorted(data.glob("*.yaml")):
        document = read_yaml(path)
        found = [*_members(document, {"text"} if path.name == "test_orders.yaml" else {"display"})]
        found += document.get("tests", ())
        yield from ((text, path.relative_to(ROOT).as_posix()) for text in found)


def texts_of_knowledge() -> Iterator[Found]:
    """Statements with their judgements, partners and tests; alteration and drug classes; statuses of proteins."""
    data = ROOT / "knowledge" / "data"
    for path in (*sorted(data.glob("eu/*.yaml")), *sorted(data.glob("*/*.yaml")), data / "protein_statuses.yaml"):
        if path.name.endswith(".cases.yaml"):
            continue
        place = path.relative_to(ROOT).as_posix()
        document = read_yaml(path)
        yield from ((text, place) for text in _knowledge_texts(path.parent.name, document))


def _knowledge_texts(folder: str, document: dict) -> Iterator[str]:
    if folder == "eu":
        for statement in (*document["indications"], *document["safety"]):
            yield statement.get("summary") or statement["consequence"]
            yield from _members(statement.get("when"), {"judgement", "setting", "is"})
            yield from _members(statement.get("with"), {"text"})
            yield from _members(statement.get("with"), {"class"}, spaced=True)
            yield from _members(statement.get("test"), {"analyte", "specimen"})
    elif folder == "alterations":
        yield from _members(document.get("classes"), {"name"})
        yield from _members(document.get("resistance"), {"name"})
    elif folder == "drug_classes":
        yield from _members(document, {"label"})
        yield from _members(document, {"name"}, spaced=True)
    else:
        yield from _members(document, {"status", "is"})


def names_of_drugs() -> Iterator[Found]:
    """Every drug that a record is read for, that a label is of, or that a class has as a member."""
    table = "fhir_mappings/data/drugs.tsv"
    for line in (ROOT / table).read_text(encoding="utf-8").splitlines():
        if not line.startswith(("#", "drugs\t")):
            yield from ((drug.strip(), table) for drug in re.split(r" [/+] |;", line.split("\t")[0]))
    evidence = "knowledge/data/evidence/civic.tsv"
    with (ROOT / evidence).open(encoding="utf-8") as stream:
        rows = csv.DictReader((line for line in stream if not line.startswith("#")), delimiter="\t")
        yield from ((inn, evidence) for row in rows for inn in row["inns"].split("|") if inn)
    for path in sorted((ROOT / "knowledge" / "data").glob("*/*.yaml")):
        if path.name.endswith(".cases.yaml"):
            continue
        place = path.relative_to(ROOT).as_posix()
        document = read_yaml(path)
        for statement in (*document.get("indications", ()), *document.get("safety", ())):
            names = [name for name in statement.get("with", ()) if isinstance(name, str)]
            names += [*_members(statement.get("with"), {"any_of"}), *_members(statement.get("when"), {"inn"})]
            yield from ((name, place) for name in names)
        names = [*_members(document.get("medicine"), {"inn"}), *_members(document, {"members", "drugs"})]
        yield from ((part, place) for name in names for part in name.split(" / "))


def _members(data: object, names: set[str], *, spaced: bool = False) -> Iterator[str]:
    """Every text, or text in a list, under a member of one of these names, at any depth."""
    if isinstance(data, dict):
        for name, value in data.items():
            values = value if isinstance(value, list) else [value]
            if name in names and all(isinstance(item, str) for item in values):
                yield from (item.replace("-", " ") if spaced else item for item in values)
            else:
                yield from _members(value, names, spaced=spaced)
    elif isinstance(data, list):
        for item in data:
            yield from _members(item, names, spaced=spaced)


# --- the catalogue -----------------------------------------------------------------------------------


def updated(
    code: str, domain: str, texts: dict[str, dict[Key, list[str]]], known: dict[str, dict[Key, Message]]
) -> bytes:
    """The bytes of a catalogue with its texts and their translations, wherever among the known ones they stand."""
    catalogue = Catalog(
        locale=code.replace("-", "_"),
        header_comment=f"# {_ABOUT[domain]}\n# Updated by scripts/extract_texts.py; not reviewed by a clinician.",
        fuzzy=False,
    )
    for key, places in texts[domain].items():
        kept = next((known[name][key] for name in (domain, *known) if key in known[name]), None)
        catalogue.add(
            key,
            kept.string if kept else None,
            locations=[(place, 0) for place in sorted(places)],
            flags=kept.flags & {"fuzzy"} if kept else (),
            user_comments=kept.user_comments if kept else (),
        )
    used = {key for found in texts.values() for key in found}
    for key, message in sorted(known[domain].items(), key=str):
        if key not in used and any([message.string] if isinstance(message.string, str) else message.string):
            catalogue.obsolete[key] = message
    stream = io.BytesIO()
    write_po(stream, catalogue, width=118, include_lineno=False)
    return _DATED.sub("", stream.getvalue().decode()).encode()


def differences(code: str, texts: dict[str, dict[Key, list[str]]]) -> Iterator[str]:
    """Texts that no catalogue of a language has, and those in its catalogues that nothing says any more.

    Where else a text stands, and in which order, is no difference: it changes with every file of data.
    """
    files = [LOCALE / code / f"{domain}.po" for domain in texts]
    held = {key for file in files if file.exists() for key in _keys_of(read_catalogue(file, code))}
    used = {key for found in texts.values() for key in found}
    yield from (f"{code}: missing: {key}" for key in sorted(used - held, key=str))
    yield from (f"{code}: no longer used: {key}" for key in sorted(held - used, key=str))


def _keys_of(catalogue: Catalog) -> Iterator[Key]:
    for message in catalogue:
        if message.id:
            yield message.id if isinstance(message.id, str) else tuple(message.id)


def messages_of(catalogue: Catalog) -> dict[Key, Message]:
    messages = [*catalogue.obsolete.values(), *(message for message in catalogue if message.id)]
    return {message.id if isinstance(message.id, str) else tuple(message.id): message for message in messages}


if __name__ == "__main__":
    main()
