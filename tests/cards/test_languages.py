"""Cards in every language: wholly translated, short enough, and without a word that is not theirs to say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from cards import Planned, UnknownLanguage, available_languages, load_language
from cards.catalogues import read_catalogues
from cards.markdown import MAX_TEXT
from cards.summaries import MAX_SUMMARY
from cds_service import Advisor, create_app
from cds_service.codec import dumps, loads
from cds_service.settings import CardSettings, Settings, SettingsError, load_settings
from knowledge import evaluate
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import ENGLISH, Language, phrase
from knowledge.statements import Indication
from knowledge.wording import describe_fact
from tests.cards.texts import cards_about, cards_of, example_patients, listening
from tests.cards.wording_lint import objections
from tests.conftest import TODAY
from tests.fhir import coded, condition, observation, patient, pd_l1_tps, protein, request, variant

LANGUAGES = available_languages()
OTHERS = [code for code in LANGUAGES if code != "en"]
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "egfr-l858r-nsclc.json"
RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
#: Notations that records hold and that are the same in every language: changes, karyotypes, stages with their system.
NOTATION = re.compile(r"\d\d,X|^del\(|^[A-Z]\S*\(\S+\):|^(?:Binet|Rai) ")


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)


@pytest.fixture(scope="module", params=LANGUAGES)
def said(request: pytest.FixtureRequest, advisor: Advisor) -> tuple[str, list[Planned], set[str]]:
    """The code of a language, cards about example patients in it, and what its catalogues lacked.

    All patients for a language that has catalogues; English has none that could lack anything.
    """
    language, heard = listening(load_language(request.param))
    patients = example_patients()[:: 4 if request.param == "en" else 1]
    cards = list(cards_about(patients, language, advisor))
    assert len(cards) > 500
    return request.param, cards, heard.missing


def texts_of(card: dict[str, Any]) -> Iterator[str]:
    """Every text of a card that somebody reads."""
    yield card["summary"]
    yield card["detail"]
    yield card["source"]["label"]
    yield from (link["label"] for link in card.get("links", ()))
    yield from (reason["display"] for reason in card.get("overrideReasons", ()))
    for suggestion in card.get("suggestions", ()):
        yield suggestion["label"]
        for action in suggestion["actions"]:
            yield action["description"]


def test_summaries_fit_and_labels_are_short(said: tuple[str, list[Planned], set[str]]) -> None:
    _, cards, _ = said
    for item in cards:
        assert len(item.summary) <= MAX_SUMMARY
        assert len(item.card["source"]["label"]) <= 60
        assert all(len(link["label"]) <= 60 for link in item.card.get("links", ()))
        assert all(len(suggestion["label"]) <= 120 for suggestion in item.card.get("suggestions", ()))
        assert all(len(reason["display"]) <= 60 for reason in item.card.get("overrideReasons", ()))


def test_cards_hold_no_html(said: tuple[str, list[Planned], set[str]]) -> None:
    for detail in {item.card["detail"] for item in said[1]}:
        assert Tags(RENDERER.render(detail)).seen <= {"ul", "li", "p", "strong", "a"}


def test_nothing_is_cut_within_a_list(said: tuple[str, list[Planned], set[str]]) -> None:
    lines = {line for item in said[1] for line in item.card["detail"].splitlines()}
    assert max(map(len, lines)) > MAX_TEXT
    assert [line for line in lines if "…" in line] == []


def test_cards_say_nothing_that_is_not_theirs_to_say(said: tuple[str, list[Planned], set[str]]) -> None:
    code, cards, _ = said
    texts = {text for item in cards for text in texts_of(item.card)}
    found = {problem: text for text in texts for problem in objections(text, code)}
    assert not found


def test_cards_about_every_example_patient_are_wholly_translated(said: tuple[str, list[Planned], set[str]]) -> None:
    code, _, missing = said
    words = {text for text in missing if re.search(r"[a-z]{2}", text) and not NOTATION.search(text)}
    if code != "en":
        assert not words


@pytest.mark.parametrize("code", OTHERS)
def test_catalogues_say_nothing_that_is_not_theirs_to_say(code: str) -> None:
    texts = load_language(code).texts
    for key, found in texts.items():
        assert not list(objections(key, "en")), key
        for said in (found,) if isinstance(found, str) else found:
            assert not list(objections(said, code)), said


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "osimertinib must be given"),
        ("en", "the recommended drug is osimertinib"),
        ("en", "best option: osimertinib"),
        ("en", "Treatment of choice"),
        ("en", "You can give it"),
        ("de", "Osimertinib muss gegeben werden"),
        ("de", "Osimertinib sollte zeitnah begonnen werden"),
        ("de", "Empfohlen: Osimertinib"),
        ("de", "die beste Option"),
        ("de", "Mittel der Wahl"),
        ("de", "Verordnen Sie Osimertinib"),
        ("de", "Wir danken Ihnen, wenn Sie das prüfen; Ihre Wahl"),
    ],
)
def test_the_lint_finds_commands_and_praise(code: str, text: str) -> None:
    assert list(objections(text, code))


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_lint_lets_labels_speak(code: str, advisor: Advisor) -> None:
    say = load_language(code)
    label = "toremifene is not recommended where the tumour is oestrogen receptor-negative"
    test = "phenotype or genotype testing (uracil in plasma, DPYD) is recommended before treatment starts"
    for text in (label, f"DPD status is not known; {test}"):
        assert not list(objections(say(text), code))


#: How an indication must not begin: as a command. German commands are infinitives at the end or the formal "Sie".
COMMANDS = {
    "en": "^(?:give|start|begin|prescribe|order|use|treat|switch(?! maintenance)|stop|add|combine|consider|test)\\b",
    "de": "^(?:geben|beginnen|verordnen|anwenden|behandeln)\\b|(?:geben|verordnen|beginnen|anwenden)$",
}


@pytest.mark.parametrize("code", LANGUAGES)
def test_options_are_never_commands(code: str, advisor: Advisor) -> None:
    say = load_language(code)
    indications = [statement for _, statement in advisor.knowledge.statements if isinstance(statement, Indication)]
    assert indications
    for statement in indications:
        assert not re.search(COMMANDS[code], say(statement.summary), re.IGNORECASE)
    label = say("Option: draft an order of {drug}", drug="x")
    assert label.startswith("Option: ")


# --- records ------------------------------------------------------------------------------------------


def test_a_german_client_gets_german_cards(advisor: Advisor) -> None:
    settings = Settings(demo=True, cards=CardSettings(language="de"))
    client = create_app(settings, advisor=advisor, today=lambda: TODAY).test_client()
    answer = client.post("/cds-services/oncology-patient-view", json=loads(EXAMPLE.read_bytes()))
    cards = answer.get_json()["cards"]
    assert cards[0]["summary"].startswith("EGFR L858R: Optionen laut EU-Zulassung: ")
    detail = cards[0]["detail"]
    assert "- **Tagrisso** (Osimertinib), [EU-Fachinformation, Stand " in detail
    assert "Erstlinie, lokal fortgeschritten oder metastasiert, aktivierende EGFR-Mutation. Zu prüfen: " in detail
    assert all("Diese Aussagen sind nicht ärztlich freigegeben." in card["detail"] for card in cards[:2])


def test_what_is_compared_and_kept_does_not_depend_on_the_language(advisor: Advisor) -> None:
    patients = example_patients()[::40]
    german = list(cards_about(patients, load_language("de"), advisor))
    english = list(cards_about(patients, ENGLISH, advisor))
    assert [(item.topic, item.indicator, item.statements) for item in german] == [
        (item.topic, item.indicator, item.statements) for item in english
    ]


def test_words_of_a_record_that_is_hard_to_read_are_translated(advisor: Advisor) -> None:
    resources = [
        pd_l1_tps("p1", 140),
        pd_l1_tps("p2", 5, valueQuantity={"value": 5}),
        variant("v1", "EGFR", protein("p.L858R"), {"code": coded("81258-6"), "valueQuantity": {"value": 30}}),
        variant("v2", "BRCA1", present=False),
        observation("s1", coded("21908-9"), valueCodeableConcept={"text": "Stage IV"}),
    ]
    record = advisor.record(request(patient(), condition(), *resources))
    warnings = [warning for fact in record.facts for warning in fact.warnings]
    assert warnings
    for code in OTHERS:
        language, heard = listening(load_language(code))
        assert all(language(warning) != warning for warning in warnings)
        cards_of(record.facts, (), language, advisor)
        assert not {text for text in heard.missing if re.search(r"[a-z]{2}", text)}


@pytest.mark.corpus
def test_facts_and_warnings_of_the_corpus_are_translated(corpus: Path, advisor: Advisor) -> None:
    files = sorted((corpus / "fixtures").glob("*.json"))
    assert files
    for code in OTHERS:
        language, heard = listening(load_language(code))
        for path in files:
            record = advisor.record(loads(path.read_bytes()))
            cards = cards_of(record.facts, (), language, advisor)
            assert all(len(item.summary) <= MAX_SUMMARY for item in cards)
            for fact in record.facts:
                describe_fact(fact, language)
                assert all(language(warning) != warning for warning in fact.warnings)
        assert not {text for text in heard.missing if re.search(r"[a-z]{2}", text) and not NOTATION.search(text)}


def test_traces_are_english_whatever_the_language(advisor: Advisor) -> None:
    facts = (Fact(kind=Kind.VARIANT, state=State.PRESENT, source=Source("Observation/1"), genes=("EGFR",)),)
    finding = evaluate(facts, advisor.knowledge, TODAY)[0]
    before = dumps(finding.to_json())
    cards_of(facts, (), load_language("de"), advisor)
    assert dumps(finding.to_json()) == before
    assert b'"text":"tumour type ' in before


# --- languages ----------------------------------------------------------------------------------------


def test_a_language_that_is_not_there_is_a_settings_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "oncohooks.toml"
    file.write_text('demo = true\n[cards]\nlanguage = "tlh"\n')
    with pytest.raises(SettingsError, match=r"cards\.language: .*'tlh'; there are en, de"):
        load_settings(file)
    monkeypatch.setenv("ONCOHOOKS_CARDS__LANGUAGE", "de")
    assert load_settings(file).cards.language == "de"
    with pytest.raises(UnknownLanguage, match="there are en, de"):
        load_language("tlh")


def test_a_catalogue_with_three_plural_forms_and_a_fuzzy_text(tmp_path: Path) -> None:
    file = tmp_path / "program.po"
    file.write_text(
        'msgid ""\nmsgstr ""\n"Language: pl\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"\n\n'
        'msgid "{count} entry"\nmsgid_plural "{count} entries"\nmsgstr[0] "{count} wpis"\nmsgstr[1] "{count} wpisy"\n'
        'msgstr[2] "{count} wpisów"\n\n#, fuzzy\nmsgid "met"\nmsgstr "met?"\n\nmsgid "Not supported here"\nmsgstr ""\n',
        encoding="utf-8",
    )
    polish = read_catalogues("pl", [file])
    counted = [polish.plural("{count} entry", "{count} entries", count) for count in (1, 3, 5, 22)]
    assert counted == ["1 wpis", "3 wpisy", "5 wpisów", "22 wpisy"]
    assert polish("met") == "met"
    assert polish("Not supported here") == "Not supported here"
    assert polish.number(2.5) == "2,5"
    assert [ENGLISH.plural("{count} entry", "{count} entries", count) for count in (1, 3)] == ["1 entry", "3 entries"]


def test_a_phrase_is_its_english_text_and_can_be_said_again() -> None:
    german = Language("de", {"{warning}; also {names}": "{warning}; auch {names}", "no result": "kein Befund"})
    made = phrase("{warning}; also {names}", warning=phrase("no result"), names=("A{x}", phrase("b")))
    assert made == "no result; also A{x}, b"
    assert german(made) == "kein Befund; auch A{x}, b"
    assert dumps({"text": made}) == b'{"text":"no result; also A{x}, b"}'
    assert phrase(made) is made
    assert german.drug("a / no result") == "a / kein Befund"
    assert german.either(["a", "b", "c"]) == "a, b or c"
