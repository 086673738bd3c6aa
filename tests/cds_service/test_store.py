"""The store in SQLite and in PostgreSQL: the same behaviour, nothing lost that was acknowledged, recovery."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from click.testing import CliRunner
from sqlalchemy import event, text

from cds_service import Advisor, Settings, create_app
from cds_service.cli import main
from cds_service.metrics import Metrics
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Recorder
from cds_service.settings import SettingsError, store_url
from cds_service.store import (
    Decision,
    DecisionCard,
    DecisionWriter,
    FeedbackItem,
    Patience,
    Refused,
    StatementOutcome,
    Store,
    StoreError,
)
from cds_service.store.store import _migrations
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant
from tests.postgres import Cluster, cluster
from tests.running import COMMAND, FEEDBACK, PATIENT_VIEW, RunningService, eventually, feedback_body, running

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite'}"
    found: Cluster = request.getfixturevalue("postgres")
    store = Store(found.url)
    with store.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    store.close()
    return found.url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    opened.upgrade()
    yield opened
    opened.close()


def _decision(number: int, made_at: datetime = NOW) -> Decision:
    return Decision(
        id=f"d{number}",
        made_at=made_at,
        client="demo",
        service="oncology-patient-view",
        patient="p" * 32,
        input_digest="i" * 32,
        facts_digest="f" * 32,
        release="sha256:0123456789abcdef",
        version="1",
        duration=1.5,
        unread=0,
        outcomes=(StatementOutcome("tagrisso-1", "verify"),),
        cards=(DecisionCard(f"c{number}", "optionsEGFR", "info", ("tagrisso-1",)),),
    )


def _said(card: str, said_at: datetime = NOW) -> FeedbackItem:
    return FeedbackItem("demo", "oncology-patient-view", card, "overridden", said_at, ("s1",), "urn:x", "no")


def test_decisions_and_feedback_come_back_as_they_were(store: Store) -> None:
    store.add_decisions([_decision(1), _decision(2)])
    assert store.decision_of_card("c2") == _decision(2)
    assert store.add_feedback([_said("c1"), _said("c1")]) == 1
    assert store.add_feedback([_said("c1")]) == 0
    (kept,) = store.feedback_with_cards()
    assert (kept["topic"], kept["suggestions"], kept["reason_code"]) == ("optionsEGFR", ["s1"], "no")
    assert store.overridden_topics("p" * 32, "sha256:0123456789abcdef", NOW) == [("optionsEGFR", "f" * 32)]


def test_feedback_that_is_faster_than_the_record_of_its_decision_counts_too(store: Store) -> None:
    store.add_feedback([_said("c1"), _said("of another system")])
    assert store.overridden_topics("p" * 32, "sha256:0123456789abcdef", NOW) == []
    store.add_decisions([_decision(1), _decision(2)])
    assert store.overridden_topics("p" * 32, "sha256:0123456789abcdef", NOW) == [("optionsEGFR", "f" * 32)]
    assert store.overridden_topics("q" * 32, "sha256:0123456789abcdef", NOW) == []


def test_what_was_set_aside_is_kept_when_the_tables_change_their_form(store: Store) -> None:
    store.add_decisions([_decision(1)])
    store.add_feedback([_said("c1"), _said("of another system")])
    config = _migrations()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    store.upgrade()
    assert store.overridden_topics("p" * 32, "sha256:0123456789abcdef", NOW) == [("optionsEGFR", "f" * 32)]


def test_the_state_is_told_before_and_after_the_tables_are_made(url: str) -> None:
    opened = Store(url)
    before = opened.state()
    assert (before.form, before.rows, before.oldest) == (None, {}, None)
    opened.upgrade()
    opened.add_decisions([_decision(1)])
    after = opened.state()
    assert after.form == after.current_form == before.current_form
    assert (dict(after.rows), after.oldest) == ({"decisions": 1, "cards": 1, "feedback": 0}, NOW)
    opened.close()


def test_the_tables_of_both_databases_are_those_of_the_migrations(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from cds_service.store.tables import metadata

    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_store_without_tables_gets_them_at_its_first_use(url: str) -> None:
    opened = Store(url)
    assert opened.add_feedback([_said("c1")]) == 1
    opened.close()


def test_services_that_start_at_once_migrate_one_after_the_other(url: str) -> None:
    environment = {**os.environ, "ONCOHOOKS_STORE": url}
    commands = [subprocess.Popen([COMMAND, "store", "upgrade"], env=environment) for _ in range(3)]
    assert [command.wait(60) for command in commands] == [0, 0, 0]


def test_tables_of_a_later_version_are_an_error_that_says_so(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    later = Store(store.url.render_as_string(hide_password=False))
    with pytest.raises(StoreError, match="a form that this version does not know; a newer one made it"):
        later.add_feedback([_said("c1")])
    later.close()


def test_a_record_that_is_refused_does_not_take_the_others_with_it(store: Store) -> None:
    lost: list[int] = []
    writer = DecisionWriter(store, lost.append)
    for decision in (_decision(1), _decision(2), replace(_decision(3), id="d1"), _decision(4)):
        writer.write(lambda decision=decision: decision)  # type: ignore[misc]
    writer.close()
    assert sum(lost) == 1
    assert [store.decision_of_card(f"c{number}") is not None for number in (1, 2, 3, 4)] == [True, True, False, True]


def test_a_record_that_cannot_be_made_is_lost_alone(store: Store) -> None:
    lost: list[int] = []
    writer = DecisionWriter(store, lost.append)

    def fails() -> Decision:
        raise ZeroDivisionError

    writer.write(fails)
    writer.write(lambda: _decision(1))
    writer.close()
    assert lost == [1]
    assert store.decision_of_card("c1") is not None


def test_text_that_postgresql_refuses_is_400_or_left_out(advisor: Advisor, store: Store) -> None:
    recorder = Recorder(store, Pseudonyms(b"k"), advisor.knowledge.release, timedelta(0))
    client = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=recorder).test_client()
    assert client.post(FEEDBACK, json=feedback_body("a\u0000b")).status_code == 400
    body = feedback_body("a")
    body["feedback"][0]["overrideReason"] = {"reason": {"system": "urn:\u0000x", "code": "c\u0000d"}}
    assert client.post(FEEDBACK, json=body).status_code == 200
    (kept,) = store.feedback_with_cards()
    assert (kept["reason_system"], kept["reason_code"]) == ("urn:x", "cd")
    recorder.close()


def test_what_a_store_refuses_for_good_is_400(advisor: Advisor, url: str) -> None:
    class Refusing(Store):
        def add_feedback(self, items: Any) -> int:
            raise Refused("no")

    recorder = Recorder(Refusing(url), Pseudonyms(b"k"), advisor.knowledge.release, timedelta(0))
    client = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=recorder).test_client()
    assert client.post(FEEDBACK, json=feedback_body("a")).status_code == 400
    recorder.close()


# --- retention and export -------------------------------------------------------------------------------------------


def test_the_writer_deletes_what_is_older_than_keep_days(advisor: Advisor, store: Store) -> None:
    store.add_decisions([_decision(1, NOW - timedelta(days=31)), _decision(2, NOW - timedelta(days=29))])
    recorder = Recorder(
        store, Pseudonyms(b"k"), advisor.knowledge.release, timedelta(0), lambda: NOW, keep_for=timedelta(days=30)
    )
    client = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=recorder).test_client()
    assert client.post(PATIENT_VIEW, json=BODY).status_code == 200
    recorder.close()
    assert store.decision_of_card("c1") is None
    assert store.decision_of_card("c2") is not None


@pytest.fixture
def filled(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.setenv("ONCOHOOKS_STORE", url)
    opened = Store(url)
    opened.add_decisions([_decision(1, NOW - timedelta(days=4000)), _decision(2, datetime.now(UTC))])
    opened.add_feedback([_said("c1", NOW - timedelta(days=4000)), _said("=1+1", datetime.now(UTC))])
    opened.close()
    return url


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["store", *arguments])
    return result.exit_code, result.output


def test_status_upgrade_and_purge(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    status, output = _run("status")
    assert (status, "current" in output, "for ever" in output) == (0, True, True)
    shown = json.loads(_run("status", "--json")[1])
    assert shown["rows"] == {"decisions": 2, "cards": 2, "feedback": 2}
    assert _run("upgrade") == (0, f"the tables have form {shown['form']}\n")
    assert _run("purge")[0] == 1
    monkeypatch.setenv("ONCOHOOKS_KEEP_DAYS", "5000")
    assert _run("purge") == (0, "deleted 0 decision records and 0 answers older than 5000 days\n")
    nothing = json.loads(_run("purge", "--older-than", "5000", "--json")[1])
    assert nothing == {"older_than_days": 5000, "decisions": 0, "answers": 0}
    assert json.loads(_run("upgrade", "--json")[1]) == {"form": shown["form"]}
    assert _run("purge", "--older-than", "365")[1].startswith("deleted 1 decision records and 1 answers")


def test_status_of_a_store_without_tables_is_a_failure(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONCOHOOKS_STORE", url)
    assert _run("status")[0] == 1
    assert "none" in _run("status")[1]


def test_export_as_csv(filled: str, tmp_path: Path) -> None:
    told = json.loads(_run("export", "--output", str(tmp_path / "out"), "--json")[1])
    assert {Path(one["file"]).name for one in told} >= {"decisions.csv", "cards.csv", "feedback.csv"}
    with (tmp_path / "out" / "decisions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["d1", "d2"]
    assert json.loads(rows[0]["outcomes"]) == {"tagrisso-1": "verify"}
    assert datetime.fromisoformat(rows[0]["made_at"]) == NOW - timedelta(days=4000)
    with (tmp_path / "out" / "feedback.csv").open(newline="") as file:
        assert [row["card"] for row in csv.DictReader(file)] == ["c1", "'=1+1"]


def test_export_as_parquet(filled: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    assert _run("export", "--format", "parquet", "--output", str(tmp_path))[0] == 0
    rows = parquet.read_table(tmp_path / "decisions.parquet").to_pylist()
    assert [(row["id"], row["duration"], row["unread"]) for row in rows] == [("d1", 1.5, 0), ("d2", 1.5, 0)]
    assert rows[0]["made_at"] == NOW - timedelta(days=4000)
    assert parquet.read_table(tmp_path / "feedback.parquet").column("commented").to_pylist() == [False, False]


def test_export_to_a_place_that_cannot_be_written_says_so(filled: str) -> None:
    status, output = _run("export", "--output", "/dev/null/out")
    assert status == 1
    assert "cannot be written" in output


# --- settings -------------------------------------------------------------------------------------------------------


def test_the_password_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/word\n")
    settings = Settings(store="postgresql://me@db/x", store_password_file=file)
    assert store_url(settings) == "postgresql://me:p%40ss%2Fword@db/x"
    assert "p%40ss" not in Store(store_url(settings)).url.render_as_string(hide_password=True)


@pytest.mark.parametrize("url", ["postgresql://db/x", "postgresql://me:secret@db/x"])
def test_a_password_file_beside_a_url_that_it_does_not_fit_is_an_error(tmp_path: Path, url: str) -> None:
    (tmp_path / "password").write_text("x")
    with pytest.raises(SettingsError, match="user and no password"):
        store_url(Settings(store=url, store_password_file=tmp_path / "password"))


def test_a_password_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        store_url(Settings(store="postgresql://me@db/x", store_password_file=tmp_path / "none"))


@pytest.mark.parametrize("url", ["oracle://x", "not a url"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="store"):
        Store(url)


# --- patience -------------------------------------------------------------------------------------------------------


def test_a_call_that_hangs_is_given_up_and_the_next_is_not_tried() -> None:
    held = threading.Event()
    seconds = [0.0]
    patience = Patience(0.01, pause=10, clock=lambda: seconds[0])
    with pytest.raises(StoreError, match="in time"):
        patience.call(held.wait)
    with pytest.raises(StoreError, match="not asked yet"):
        patience.call(lambda: 1)
    held.set()
    seconds[0] = 11
    assert patience.call(lambda: 1) == 1


def test_beyond_what_may_hang_at_once_a_call_fails_and_waits_for_nothing() -> None:
    held = threading.Event()
    patience = Patience(0.01, at_once=2)
    for _ in range(2):
        with pytest.raises(StoreError, match="in time"):
            patience.call(held.wait)
    with pytest.raises(StoreError, match="busy"):
        patience.call(lambda: 1)
    held.set()
    assert eventually(lambda: patience._free.acquire(blocking=False))


class _Hanging(Store):
    """Answers no question about tokens until it is released."""

    def __init__(self) -> None:
        super().__init__("sqlite://")
        self.asked, self.released = threading.Event(), threading.Event()

    @property
    def may_hang(self) -> bool:
        return True

    def use_token(self, digest: str, until: datetime, now: datetime) -> bool:
        self.asked.set()
        return self.released.wait(30)


def test_a_store_that_hangs_leaves_threads_for_the_others() -> None:
    store, metrics = _Hanging(), Metrics()
    recorder = Recorder(store, Pseudonyms(b"k"), "sha256:x", timedelta(0), metrics=metrics, callers=1)
    waiting = threading.Thread(target=lambda: recorder.use_token("a", NOW, NOW))
    waiting.start()
    assert store.asked.wait(30)
    with pytest.raises(StoreError, match="busy"):
        recorder.use_token("b", NOW, NOW)
    store.released.set()
    waiting.join()
    assert 'oncohooks_store_failures_total{use="token"} 1.0' in metrics.text("sha256:x", "1", None).decode()


def test_errors_of_a_call_come_through() -> None:
    with pytest.raises(ZeroDivisionError):
        Patience(1).call(lambda: 1 // 0)


# --- failures -------------------------------------------------------------------------------------------------------


def test_a_full_disk_is_503_and_feedback_is_taken_again_when_there_is_room(advisor: Advisor, tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    store.upgrade()
    pages = [1]
    store.close()

    def limit(connection: Any, record: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages[0]}")  # never below what the file has

    recorder = Recorder(store, Pseudonyms(b"k"), advisor.knowledge.release, timedelta(days=30))
    client = create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY, recorder=recorder).test_client()
    event.listen(store.engine, "connect", limit)
    statuses = [client.post(FEEDBACK, json=feedback_body(f"{number:0200}")).status_code for number in range(300)]
    acknowledged = statuses.count(200)
    assert set(statuses) == {200, 503}
    assert client.post(PATIENT_VIEW, json=BODY).get_json()["cards"]
    pages[0] = 1_000_000
    store.engine.dispose()
    assert client.post(FEEDBACK, json=feedback_body("after")).status_code == 200
    assert len(store.feedback_with_cards()) == acknowledged + 1
    recorder.close()


def _send_until_it_breaks(service: RunningService, name: str, acknowledged: list[str]) -> None:
    for number in range(100_000):
        card = f"{name}-{number}"
        try:
            if service.post(FEEDBACK, feedback_body(card)).status_code == 200:
                acknowledged.append(card)
        except OSError:
            return


def test_no_acknowledged_feedback_is_lost_when_the_service_is_killed(url: str, tmp_path: Path) -> None:
    service = RunningService(tmp_path, "--workers", "2", store=url)
    acknowledged: list[str] = []
    names = ("a", "b", "c")
    senders = [threading.Thread(target=_send_until_it_breaks, args=(service, name, acknowledged)) for name in names]
    try:
        for sender in senders:
            sender.start()
        assert eventually(lambda: len(acknowledged) >= 60)
    finally:
        service.kill()
    for sender in senders:
        sender.join()
    opened = Store(url)
    kept = {item["card"] for item in opened.feedback_with_cards()}
    opened.close()
    assert len(acknowledged) >= 60
    assert not set(acknowledged) - kept


def test_postgresql_may_go_and_come_back(postgres: Cluster, tmp_path: Path) -> None:
    with running(tmp_path, store=postgres.url, repeat_after_days="30") as service:
        assert service.post(FEEDBACK, feedback_body("before")).status_code == 200
        postgres.stop(signal.SIGQUIT)
        try:
            assert service.get("/ready").json()["store"] == "unreachable"
            refused = service.post(FEEDBACK, feedback_body("refused"))
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
            shown = service.post(PATIENT_VIEW, BODY)
            assert shown.status_code == 200
            assert service.metric("oncohooks_store_up") == 0
        finally:
            postgres.start()
        card = shown.json()["cards"][0]["uuid"]
        assert service.post(FEEDBACK, feedback_body("after")).status_code == 200
        assert service.get("/ready").json()["store"] == "reachable"
        opened = Store(postgres.url)
        assert eventually(lambda: opened.decision_of_card(card) is not None), "the record waited and was written"
        assert {"before", "after"} <= {item["card"] for item in opened.feedback_with_cards()}
        opened.close()
        assert service.metric("oncohooks_decision_records_lost_total") == 0


def test_a_postgresql_that_hangs_holds_up_no_hook(postgres: Cluster, tmp_path: Path) -> None:
    with running(tmp_path, store=postgres.url) as service:
        assert service.post(PATIENT_VIEW, BODY).status_code == 200
        children = Path(f"/proc/{postgres.pid}/task/{postgres.pid}/children").read_text().split()
        frozen = [postgres.pid, *map(int, children)]
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            assert service.post(PATIENT_VIEW, BODY).json()["cards"]
            assert service.get("/ready").json()["store"] == "unreachable"
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        assert eventually(lambda: service.post(FEEDBACK, feedback_body("after")).status_code == 200)


def test_a_service_that_starts_without_its_database_uses_it_when_it_comes(tmp_path: Path, postgres: Cluster) -> None:
    postgres.stop()
    try:
        with running(tmp_path, store=postgres.url) as service:
            assert service.get("/ready").json()["store"] == "unreachable"
            assert service.post(PATIENT_VIEW, BODY).status_code == 200
            postgres.start()
            assert service.post(FEEDBACK, feedback_body("first")).status_code == 200
            assert service.get("/ready").json()["store"] == "reachable"
    finally:
        postgres.stop()
        postgres.start()
