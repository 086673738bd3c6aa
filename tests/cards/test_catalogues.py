"""The catalogues hold every text, and their translations are fit to stand on a card."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cards.catalogues import read_catalogue
from cards.languages import LOCALE, available_languages
from cards.markdown import MAX_TEXT
from tests.loaded_scripts import load_script

DATA = Path(__file__).parents[1] / "data"
DOMAINS = ("program", "knowledge", "drugs")
LANGUAGES = [code for code in available_languages() if code != "en"]
MARKUP = re.compile(r"[<>\[\]*_`|~\\]|^[#>-] |https?:|www\.")
PLACEHOLDER = re.compile(r"\{(\w*)\}")
#: Letters of the Latin and Greek alphabets; a Cyrillic letter looks like a Latin one and is not found by a search.
FOREIGN = re.compile(r"[^\x00-\u024F\u0370-\u03FF\u2010-\u2026\u2260-\u2265]")

Pair = tuple[str, str]


def translations(code: str) -> Iterator[Pair]:
    """Every English text with its translation; of a plural, every form with the English one that it stands for."""
    for domain in DOMAINS:
        for message in read_catalogue(LOCALE / code / f"{domain}.po", code):
            if isinstance(message.id, str):
                if message.id:
                    yield message.id, str(message.string)
            else:
                forms = tuple(message.string or ())
                yield from ((message.id[0 if number == 0 else -1], form) for number, form in enumerate(forms))


@pytest.fixture(scope="module")
def texts() -> dict[str, dict[str | tuple[str, str], list[str]]]:
    found: dict[str, dict[str | tuple[str, str], list[str]]] = load_script("extract_texts").all_texts()
    assert {domain: len(keys) > 200 for domain, keys in found.items()} == dict.fromkeys(DOMAINS, True)
    return found


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_catalogues_have_every_text_of_code_and_data_and_no_other(code, texts):
    assert not list(load_script("extract_texts").differences(code, texts)), "run scripts/extract_texts.py"


def test_a_missing_and_an_unused_text_are_named(texts):
    script = load_script("extract_texts")
    others = {key: places for key, places in texts["program"].items() if key != "tumour type {tumour}"}
    changed = texts | {"program": others | {"a new text": ["cards/new.py"]}}
    assert list(script.differences("de", changed)) == [
        "de: missing: a new text",
        "de: no longer used: tumour type {tumour}",
    ]


def test_the_same_texts_give_the_same_bytes(texts, tmp_path):
    script = load_script("extract_texts")
    known = {domain: script.messages_of(read_catalogue(LOCALE / "de" / f"{domain}.po", "de")) for domain in DOMAINS}
    for domain in DOMAINS:
        first = script.updated("de", domain, texts, known)
        (tmp_path / f"{domain}.po").write_bytes(first)
    again = {domain: script.messages_of(read_catalogue(tmp_path / f"{domain}.po", "de")) for domain in DOMAINS}
    for domain in DOMAINS:
        assert script.updated("de", domain, texts, again) == (tmp_path / f"{domain}.po").read_bytes()


def test_a_text_that_went_keeps_its_translation_as_obsolete_and_gets_it_back(texts):
    script = load_script("extract_texts")
    gone = "tumour type {tumour}"
    known = {domain: script.messages_of(read_catalogue(LOCALE / "de" / f"{domain}.po", "de")) for domain in DOMAINS}
    without = texts | {"program": {key: places for key, places in texts["program"].items() if key != gone}}
    written = script.updated("de", "program", without, known).decode()
    assert f'#~ msgid "{gone}"\n#~ msgstr "Tumorart {{tumour}}"' in written
    moved = without | {"knowledge": texts["knowledge"] | {gone: ["knowledge/data/eu/x.yaml"]}}
    assert f'#~ msgid "{gone}"' not in script.updated("de", "program", moved, known).decode()
    assert 'msgstr "Tumorart {tumour}"' in script.updated("de", "knowledge", moved, known).decode()


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_is_translated(code: str) -> None:
    pairs = list(translations(code))
    assert not [key for key, said in pairs if not said.strip()]
    same = (DATA / f"same_in_{code}.txt").read_text(encoding="utf-8").splitlines()
    listed = {line for line in same if not line.startswith("#")}
    assert {key for key, said in pairs if key == said} == listed, "not translated, or listed and translated"


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_has_the_values_spaces_and_markup_of_its_text(code: str) -> None:
    for key, said in translations(code):
        assert sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(key)), key
        assert (said[0] == " ", said[-1] == " ") == (key[0] == " ", key[-1] == " "), key
        assert not Counter(MARKUP.findall(PLACEHOLDER.sub("", said))) - Counter(
            MARKUP.findall(PLACEHOLDER.sub("", key))
        ), key
        assert not FOREIGN.search(said), (key, FOREIGN.findall(said))


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_text_is_so_long_that_it_would_be_cut(code: str) -> None:
    for key, said in translations(code):
        assert len(key) <= MAX_TEXT, key
        assert len(said) <= MAX_TEXT, said


@pytest.mark.parametrize("code", LANGUAGES)
def test_numbers_and_symbols_of_a_statement_are_those_of_its_translation(code: str) -> None:
    """Doses, percentages, genes and changes are facts, and the same in every language."""
    symbol = re.compile(r"(?<![\w.,])(?:[A-Z][A-Z0-9]{2,}[0-9A-Z]*|\d+(?:[.,]\d+)?)(?![\w])")
    for message in read_catalogue(LOCALE / code / "knowledge.po", code):
        key, said = str(message.id), str(message.string)
        wanted = {found.replace(",", ".") for found in symbol.findall(key)}
        there = re.sub(r"(?<=\d),(?=\d)", ".", said)
        missing = {found for found in wanted if found not in there} - LOCAL_NAMES.get(code, set())
        assert not missing, (missing, key, said)


#: Abbreviations that have another form in the language, and numbers that are written as a word.
LOCAL_NAMES = {"de": {"CNS"}}
