"""The documentation is complete, its links lead somewhere, and its commands do what they say."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel

from cds_service import Advisor, Settings, cli, create_app
from cds_service import outcomes as errors
from cds_service.doctor import REMEDIES as REMEDIES_OF_THE_DOCTOR
from cds_service.doctor import Check
from cds_service.doctor_command import FAILED, UNREACHABLE
from cds_service.hooks import SERVICES
from cds_service.logs import FIELDS
from cds_service.metrics import KINDS, Metrics
from cds_service.refusals import REMEDIES
from cds_service.settings import CardSettings, Client, MetricsSettings, TelemetrySettings
from cds_service.stages import STAGES
from fhir_mappings.readers import READERS
from knowledge.criteria import (
    COPY_NUMBER_CHANGES,
    COURSES,
    DISEASE_STATES,
    EXTENTS,
    MENOPAUSAL_STATES,
    SETTINGS,
    AllOf,
    AnyOf,
    Leaf,
    Not,
    NotKnown,
)
from knowledge.evaluation import Layer, Outcome
from knowledge.facts import Fact, Kind, Origin, Source, State
from knowledge.loading import SCHEMAS
from knowledge.validation import CHECKS
from knowledge.wording import criterion_name
from tests.running import RunningService, running

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
#: Pages whose commands are run, each as one shell session.
PAGES_WITH_COMMANDS = sorted([ROOT / "README.md", *(DOCS / "tutorial").glob("*.md"), *(DOCS / "how-to").glob("*.md")])
NOT_RUN = {
    "scripts/serve": "the test starts the same service itself, on a free port",
    "scripts/test": "installs development tools from the network, and would run this test in itself",
}
BIN = Path(sys.executable).parent


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _undocumented(names: Iterator[str] | list[str] | set[str], text: str) -> list[str]:
    """The names that do not stand in the text as code."""
    return sorted(name for name in names if f"`{name}`" not in text)


def _table_rows(text: str) -> Iterator[list[str]]:
    for line in text.splitlines():
        if line.startswith("| `"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


# --- reference pages are complete ------------------------------------------------------------------------------------


def test_every_setting_is_documented_with_its_variable_and_default():
    text = _page("reference/settings.md")
    rows = {row[0].strip("`"): row for row in _table_rows(text)}
    for name, field in Settings.model_fields.items():
        assert name in rows, name
        assert rows[name][1] == f"`ONCOHOOKS_{name.upper()}`"
        is_table = isinstance(field.default, BaseModel)
        shown = "none" if field.default in ((), None) else f"`{str(field.default).lower()}`"
        shown = "its members'" if is_table else shown
        assert rows[name][2] == shown, name
    assert not _undocumented({*Client.model_fields, *CardSettings.model_fields, *MetricsSettings.model_fields}, text)
    assert not _undocumented(set(TelemetrySettings.model_fields), text)
    documented = {name for name, row in rows.items() if len(row) > 1 and row[1].startswith("`ONCOHOOKS_")}
    assert documented == set(Settings.model_fields)


def test_every_command_and_option_is_documented():
    text = _page("reference/command-line.md")
    sections = dict(re.findall(r"^## oncohooks ([\w-]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    assert set(sections) == set(cli.main.commands)
    for name, command in cli.main.commands.items():
        parts = _subsections(name, sections[name])
        if isinstance(command, click.Group) and parts:
            assert set(parts) == set(command.commands), name
            for inner, part in parts.items():
                _assert_documented(command.commands[inner], part)
        else:
            _assert_documented(command, sections[name])


def _subsections(group: str, section: str) -> dict[str, str]:
    """The parts of a section about the commands of a group."""
    pattern = rf"^### oncohooks {group} ([\w-]+)\n(.*?)(?=^### |\Z)"
    return dict(re.findall(pattern, section, re.MULTILINE | re.DOTALL))


def _assert_documented(command: click.Command, text: str):
    parameters = _parameters(command)
    options = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
    flags = {option for option in options if option.startswith("-")}
    assert set(re.findall(r"^\| `(--?[\w-]+)`", text, re.MULTILINE)) == flags, command.name
    for argument in (parameter for parameter in parameters if isinstance(parameter, click.Argument)):
        assert f"{(argument.name or '').upper()}{'…' if argument.nargs == -1 else ''}" in text, command.name


def test_every_check_of_the_knowledge_is_documented():
    rows = {row[0].strip("`"): row[1] for row in _table_rows(_page("reference/command-line.md")) if len(row) == 2}
    assert {name: rows.get(name, "").lower() for name in CHECKS} == {
        name: said.lower() for name, said in CHECKS.items()
    }


def _parameters(command: click.Command) -> list[click.Parameter]:
    """The parameters of a command, or of all commands of a group."""
    if isinstance(command, click.Group):
        return [parameter for inner in command.commands.values() for parameter in _parameters(inner)]
    return command.params


def test_every_fact_kind_member_state_and_origin_is_documented():
    text = _page("reference/facts.md")
    rows = {row[0].strip("`"): row for row in _table_rows(text)}
    assert not {*Kind, *State} - set(rows)
    assert not {field.name for field in fields(Fact)} - set(rows)
    assert not _undocumented({*Origin, *(field.name for field in fields(Source))}, text)


def test_what_is_said_to_be_read_today_is_what_the_readers_make():
    readers = _source_of_the_readers()
    sections = re.split(r"^## ", _page("reference/facts.md"), flags=re.MULTILINE)
    kinds, members = (next(part for part in sections if part.startswith(title)) for title in ("Kinds", "Members"))
    said = {row[0].strip("`"): row[2] for row in _table_rows(kinds)}
    assert said == {kind.value: "yes" if f"Kind.{kind.name}" in readers else "no" for kind in Kind}
    said = {row[0].strip("`"): row[2] for row in _table_rows(members)}
    assert said == {
        field.name: "yes" if re.search(rf'\b{field.name}=|"{field.name}"[,:]', readers) else "no"
        for field in fields(Fact)
    }


def _source_of_the_readers() -> str:
    """The text of every module that reading a record loads; one that is not used yet makes no facts."""
    listing = """
import sys, fhir_mappings
print(*(module.__file__ for name, module in sys.modules.items() if name.startswith("fhir_mappings")), sep="\\n")
"""
    files = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return "\n".join(Path(file).read_text(encoding="utf-8") for file in files.splitlines())


def test_every_reader_is_documented_and_every_documented_code_has_it(advisor: Advisor):
    section = _page("reference/facts.md").partition("### Readers of Observations")[2].partition("\n### ")[0]
    rows = {row[0].strip("`"): row[1] for row in _table_rows(section)}
    assert set(rows) == set(READERS)
    read_by = {code: rule.reader for (_, code), rule in advisor.tables.rules.items()}
    for reader, codes in rows.items():
        for code in re.findall(r"\b(?:\d{4,6}-\d|C\d{5,6})\b", codes):
            assert read_by.get(code) == reader, code


def test_every_criterion_is_documented_by_its_name():
    text = _page("reference/criteria.md")
    headings = set(re.findall(r"`([^`]+)`", "\n".join(re.findall(r"^### .*", text, re.MULTILINE))))
    assert headings == {_name_of(leaf) for leaf in get_args(Leaf)}
    assert not _undocumented({_name_of(node) for node in (AllOf, AnyOf, Not, NotKnown)}, text)
    schema = json.loads((SCHEMAS / "medicine.schema.json").read_text(encoding="utf-8"))
    for name in [*schema["$defs"]["criterion"]["properties"], "tumour", "age"]:
        assert f"`{name}: " in text, name
    words = {*EXTENTS, *SETTINGS, *COURSES, *COPY_NUMBER_CHANGES, *DISEASE_STATES, *MENOPAUSAL_STATES}
    assert not {word for word in words if not re.search(rf"`(?:\w+: )?{word}`", text)}


def _name_of(node: type) -> str:
    return criterion_name(object.__new__(node))


def test_every_field_of_a_medicine_file_is_documented():
    text = _page("how-to/add-a-statement.md")
    schema = json.loads((SCHEMAS / "medicine.schema.json").read_text(encoding="utf-8"))
    definitions = {name: entry for name, entry in schema["$defs"].items() if name != "criterion"}
    names = {*_properties(schema["properties"]), *_properties(definitions)}
    assert names
    assert not {name for name in names if not re.search(rf"\b{name}\b", text)}


def _properties(schema: Any) -> Iterator[str]:
    """Names of members and their enumerated values."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield from schema["properties"]
        yield from (value for value in schema.get("enum", ()) if isinstance(value, str))
        for part in schema.values():
            yield from _properties(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _properties(part)


def test_every_outcome_and_layer_is_documented():
    assert not _undocumented({*Outcome, *Layer}, _page("reference/outcomes.md"))


_ADDED = {"HEAD", "OPTIONS"}  # by Flask, to every route


def test_every_route_method_and_prefetch_template_is_documented(advisor: Advisor):
    text = _page("reference/http.md")
    rows = {row[0].strip("`"): row[1] for row in _table_rows(text.partition("## Routes")[2].partition("\n## ")[0])}
    app = create_app(Settings(demo=True), advisor=advisor)
    routes = {rule.rule: ", ".join(sorted({*(rule.methods or ())} - _ADDED)) for rule in app.url_map.iter_rules()}
    assert rows == routes
    for page in (text, _page("how-to/register-a-client.md")):
        for service in SERVICES.values():
            assert not _undocumented({service.id, service.hook}, page)
            for need in service.needs:
                template = need.template.replace("|", r"\|")
                assert f"| `{need.key}` | `{template}` |" in page, need.key


def test_every_metric_label_and_value_is_documented():
    text = _page("reference/metrics.md")
    families = list(text_string_to_metric_families(Metrics().text("sha256:x", "1", True).decode()))
    rows = {row[0].strip("`"): row for row in _table_rows(text) if row[0].startswith("`oncohooks_")}
    shown = {f"{family.name}_total" if family.type == "counter" else family.name: family for family in families}
    shown = {name: family for name, family in shown.items() if not name.endswith("_created")}
    assert set(rows) == set(shown)
    for name, family in shown.items():
        assert rows[name][1] == family.type, name
    for metric in vars(Metrics()).values():
        if isinstance(metric, MetricWrapperBase):
            name = f"{metric._name}_total" if metric._type == "counter" else metric._name
            assert re.findall(r"`(\w+)`", rows[name][2]) == list(metric._labelnames)
            assert metric._documentation in rows[name][3]
    assert not _undocumented({*STAGES, *KINDS, "other"}, text)


def test_every_kind_of_card_is_documented_and_counted():
    kinds = set(_topics_of_cards())
    assert kinds == set(KINDS)
    text = _page("reference/http.md").partition("\n## Cards")[2].partition("\n## ")[0]
    assert not {kind for kind in kinds if not re.search(rf"`{kind}\b|\b`{kind}`", text)}


def _topics_of_cards() -> Iterator[str]:
    """How the topics of cards begin, by the code that makes cards: `maker.planned(topic, …)`."""
    for path in sorted((ROOT / "cards").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "planned":
                topic = node.args[0] if node.args else next(one.value for one in node.keywords if one.arg == "topic")
                texts = [str(part.value) for part in ast.walk(topic) if isinstance(part, ast.Constant)]
                yield from (text for text in texts if re.fullmatch(r"[a-z][A-Za-z]+", text))


def test_every_exit_status_is_documented():
    section = _page("reference/command-line.md").partition("## Exit statuses")[2].partition("\n## ")[0]
    used = {status for path in (ROOT / "cds_service").rglob("*.py") for status in _exit_statuses(path)}
    assert {int(row[0].strip("`")) for row in _table_rows(section)} == used | {2, FAILED, UNREACHABLE}


def _exit_statuses(path: Path) -> Iterator[int]:
    """The numbers that a command ends with; click adds 2 for wrong usage."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.exit", "SystemExit"):
            parts = [part for argument in node.args for part in ast.walk(argument)]
            yield from (part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, int))


def test_every_check_and_problem_of_the_doctor_is_documented_with_its_remedy():
    page = _page("how-to/check-an-installation.md")
    rows = {row[0].strip("`"): row[-1] for row in _table_rows(page)}
    assert {problem.value: remedy for problem, remedy in REMEDIES_OF_THE_DOCTOR.items()}.items() <= rows.items()
    assert set(Check) <= set(rows)


def test_every_event_and_field_of_the_log_is_documented():
    table = tomllib.loads(FIELDS.read_text(encoding="utf-8"))
    _, events, fields_ = re.split(r"^## (?:Events|Fields)$", _page("reference/log.md"), flags=re.MULTILINE)
    meanings = {name: field["meaning"] for name, field in table["fields"].items()}
    assert {row[0].strip("`"): row[1] for row in _table_rows(events)} == table["events"]
    assert {row[0].strip("`"): row[1] for row in _table_rows(fields_)} == meanings
    written = {event for path in (ROOT / "cds_service").rglob("*.py") for event in _events_written(path)}
    assert written | {"library"} == set(table["events"])


def _events_written(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log_event":
            assert isinstance(node.args[0], ast.Constant)
            yield str(node.args[0].value)


def test_every_fault_has_a_test_that_exists():
    text = _page("explanation/faults.md")
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", text)
    rows = [line for line in text.splitlines() if line.startswith("| ") and "| Test |" not in line]
    assert len(named) == len(rows) > 20
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name


def test_every_error_status_and_text_is_documented():
    text = _page("reference/http.md")
    raised = dict(_raised_errors())
    statuses = {*errors.ISSUE_CODES, *errors._TEXTS, *raised.values(), 500, 503}
    assert not {status for status in statuses if f"\n| {status} | " not in text}
    codes = {status: code for status, code in errors.ISSUE_CODES.items() if f"\n| {status} | `{code}` |" not in text}
    assert not codes
    said = " ".join(re.findall(r"`([^`]*)`", text))
    for message in (*errors._TEXTS.values(), *raised):
        assert all(part in said for part in message.split("…")), message


def _raised_errors() -> Iterator[tuple[str, int]]:
    """Text and status of every error that the service raises itself; what is filled in is an ellipsis."""
    for path in sorted((ROOT / "cds_service").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ServiceError"):
                continue
            status, message = node.args
            if not (isinstance(status, ast.Constant) and isinstance(status.value, int)):
                continue  # passes on the answer of a service that it replays against
            for option in (message.body, message.orelse) if isinstance(message, ast.IfExp) else (message,):
                yield _text_of(option), status.value


def _text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)


# --- pages -----------------------------------------------------------------------------------------------------------


def _tokens(path: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings(path: Path):
    inline = [child for token in _tokens(path) for child in token.children or ()]
    targets = [str(child.attrs["href"]) for child in inline if child.type == "link_open"]
    for target in targets:
        if re.match(r"[a-z]+:", target):
            continue
        file, _, heading = target.partition("#")
        destination = (path.parent / file).resolve() if file else path
        assert destination.exists(), target
        assert destination.is_relative_to(ROOT), target
        assert not heading or heading in set(_headings(destination)), target


def _headings(path: Path) -> Iterator[str]:
    """The anchors of a page as GitHub makes them."""
    tokens = _tokens(path)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            yield re.sub(r"[^\w\- ]", "", inline.content.lower()).replace(" ", "-")


def test_every_page_is_listed_in_the_index_of_its_folder():
    listed = {DOCS / target for target in re.findall(r"\]\(([^)#]+)\)", _page("README.md"))}
    decisions = {DOCS / "decisions" / target for target in re.findall(r"\]\(([^)#]+)\)", _page("decisions/README.md"))}
    assert not {path for path in DOCS.rglob("*.md") if path.name != "README.md"} - listed - decisions


def test_every_threat_has_a_control_and_a_test_that_exists():
    table = _page("explanation/threat-model.md").partition("## Threats")[2].partition("\n## ")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines() if re.match(r"\| [STRIDE] \|", row)]
    assert {row[0] for row in rows} == set("STRIDE")
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    for _, threat, control, tests in rows:
        assert threat
        assert control
        named = re.findall(r"`(test_\w+\.py)::(\w+)`", tests)
        assert named, threat
        for file, name in named:
            assert f"def {name}(" in sources[file], name


def test_every_attack_has_a_row_of_a_test_that_exists():
    rows = re.findall(
        r"^\| (.+?) \| (.+?) \| `(test_\w+\.py)::(\w+)` \| (.+?) \|$", _page("explanation/attacks.md"), re.M
    )
    sources = {
        path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "cds_service").glob("test_*.py")
    }
    assert len(rows) == _page("explanation/attacks.md").count("::") >= 40
    for attack, _, file, test, row in rows:
        assert f"def {test}(" in sources[file], attack
        if row != "–":
            name = row.strip("`")
            named = (f'"{name}"', f"def {name}(")
            assert any(text in sources[file] for text in named), (attack, name)


def test_every_reason_to_refuse_a_caller_is_documented_with_its_remedy():
    rows = {row[0].strip("`"): row[1] for row in _table_rows(_page("how-to/register-a-client.md"))}
    assert {reason.value: remedy for reason, remedy in REMEDIES.items()}.items() <= rows.items()


def test_limits_are_numbered_without_gaps():
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", _page("explanation/limits.md"), re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert numbers


def test_the_readme_is_short_and_has_a_place_for_the_benchmark():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    assert re.search(r"^<!-- benchmark:begin -->\n(?:.*\n)*?<!-- benchmark:end -->$", text, re.MULTILINE)


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A running service in demo mode."""
    with running(tmp_path_factory.mktemp("docs")) as service:
        yield service


def _environment(**others: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ONCOHOOKS_")}
    return kept | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PYTHONUTF8": "1"} | others


def _command_blocks(path: Path) -> list[tuple[str, str | None]]:
    """Each shell block with the output that the page shows directly after it or in the next block of JSON."""
    fences = [token for token in _tokens(path) if token.type == "fence"]
    shown = [fence.content if fence.info in ("text", "json") else None for fence in fences[1:]]
    return [(fence.content, output) for fence, output in zip(fences, [*shown, None], strict=True) if fence.info == "sh"]


def _runnable(block: str) -> str:
    return "".join(line for line in block.splitlines(keepends=True) if line.split()[:1] not in [[n] for n in NOT_RUN])


@pytest.fixture(scope="module")
def outputs(service: RunningService, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """What the commands of each page print; the pages run side by side."""
    if shutil.which("bash") is None or shutil.which("curl") is None:
        pytest.skip("the pages use bash and curl")
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        runs = pool.map(lambda path: _run(path, service, tmp_path_factory.mktemp(path.stem)), PAGES_WITH_COMMANDS)
        return dict(zip(PAGES_WITH_COMMANDS, runs, strict=True))


_MARKER = "--- next block ---"


def _run(path: Path, service: RunningService, folder: Path) -> str:
    """What the commands print, with the store of the service: on a user's machine both are in the same place."""
    script = f"\nprintf '\\n{_MARKER}\\n'\n".join(_runnable(block) for block, _ in _command_blocks(path))
    script = script.replace("scripts/oncohooks", str(BIN / "oncohooks")).replace("http://127.0.0.1:8080", service.base)
    with subprocess.Popen(
        ["bash", "-eu", "-c", script],
        cwd=ROOT,
        env=_environment(TMPDIR=str(folder), ONCOHOOKS_STATE_DIR=str(service.state)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as shell:
        try:
            output, _ = shell.communicate(timeout=180)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)  # a service that a page started, if it failed before its end
    return f"{output.decode()}\n(exit status {shell.returncode})"


@pytest.mark.parametrize("path", PAGES_WITH_COMMANDS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_do_what_the_page_shows(path: Path, outputs: dict[Path, str]):
    blocks = _command_blocks(path)
    assert blocks
    assert outputs[path].endswith("\n(exit status 0)"), outputs[path][-3000:]
    for (block, shown), actual in zip(blocks, outputs[path].split(_MARKER), strict=True):
        if shown is not None:
            _assert_shown(shown, actual, block)


def _assert_shown(shown: str, actual: str, block: str) -> None:
    """Every piece of the shown output stands in the actual one, in order; an ellipsis stands for anything."""
    place = 0
    for piece in (piece.strip() for line in shown.splitlines() for piece in line.split("…")):
        found = actual.find(piece, place)
        assert found >= 0, f"{piece!r} is not (or not in this order) in the output of\n{block}\n{actual[:3000]}"
        place = found + len(piece)
