"""``oncohooks replay``: requests and patient fixtures to cards, compared with what is expected."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.codec import dumps
from cds_service.command_inputs import CA_BUNDLE, FILE, advisor_or_end, day_of, settings_or_end
from cds_service.inputs import Input, json_files, read_inputs
from cds_service.outcomes import ServiceError
from cds_service.progress import watched
from cds_service.settings import SettingsError, state_folder, store_url
from cds_service.signing_options import signer_of, signing_options
from cds_service.store import Store, StoreError

if TYPE_CHECKING:
    from cds_service.replay import Replayed

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("paths", nargs=-1, required=True, type=FILE)
@click.option("--url", help="Base URL of a running service; without it the cards are made in this process.")
@signing_options
@CA_BUNDLE
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Day of evaluation (offline only).")
@click.option("--drop", multiple=True, metavar="KEY", help="Leave this prefetch key out; may be repeated.")
@click.option("--save", "save_to", type=_FOLDER, help="Write the cards of each input as a golden file.")
@click.option("--check", "check_with", type=_FOLDER, help="Compare with the golden files of this folder.")
@click.option("--junit", "junit_file", type=FILE, help="Write a JUnit report.")
@click.option("--record", "card", help="Prove by the decision record of this card (its uuid) that it is given again.")
def replay(
    paths: tuple[Path, ...],
    url: str | None,
    ca_bundle: Path | None,
    today: datetime | None,
    drop: tuple[str, ...],
    save_to: Path | None,
    check_with: Path | None,
    junit_file: Path | None,
    card: str | None,
    **signing: Any,
) -> None:
    """Turn requests or patient fixtures into cards, and compare them with golden files.

    PATHS are files, or folders that are searched for *.json and *.ndjson. A document that is no CDS Hooks request
    becomes the prefetch of a patient-view request. One JSON object is printed for each input; what differs from a
    golden file stands on standard error too, line for line.

    Exit status 0 if every input gave cards, and those that were expected; 1 if one did not, or there was none; 2 for
    wrong usage.

    \b
    Examples:
      oncohooks replay patients/ --save golden/ --today 2026-11-24
      oncohooks replay patients/ --check golden/ --today 2026-11-24 --junit report.xml
      oncohooks replay patients/ --drop conditions --drop reports
      oncohooks replay request.json --url https://cds.hospital.example --key key.json --issuer https://ehr.example
      oncohooks replay request.json --record 0d6ad0cb-5b0f-4b3a-9e2c-5f0f4a1f7d3e
    """
    if card:
        if url or drop or save_to or check_with or junit_file:
            raise click.UsageError("--record compares with a decision record only")
        _prove(paths, card)
        return
    if url and today:
        raise click.UsageError("--today works without --url only: a running service has its own clock")
    if ca_bundle and not url:
        raise click.UsageError("--ca-bundle is about the service of --url")
    from cds_service.golden import junit  # requests is needed here only
    from cds_service.replay import replay_one

    call = _call(url, ca_bundle, today, signing)
    results = []
    with watched(list(json_files(paths)), "replaying") as files:
        for item, label in _labelled(files):
            result = _with_golden_files(replay_one(item, call, drop), label, check_with, save_to)
            results.append(result)
            click.echo(dumps(result.to_json()))
    if junit_file:
        with _said(junit_file):
            junit_file.write_bytes(junit(results))
    sys.exit(_summed_up(results, drop))


def _with_golden_files(result: Replayed, label: str, check_with: Path | None, save_to: Path | None) -> Replayed:
    """The result compared with its golden file, then saved, as far as it is to be."""
    from cds_service.golden import compared, golden_path, save

    if result.error is not None:
        return result
    if check_with:
        result = compared(result, golden_path(check_with, label))
    if save_to:
        with _said(save_to):
            save(result, golden_path(save_to, label))
    return result


def _summed_up(results: list[Replayed], drop: tuple[str, ...]) -> int:
    """Differences and a count on standard error; the exit status."""
    for result in results:
        _say_difference(result)
    unknown = [key for key in drop if not any(key in result.dropped for result in results)]
    for key in unknown:
        click.echo(f"no input has the prefetch key {key}", err=True)
    failed = sum(1 for result in results if not result.passed)
    click.echo(f"{len(results)} replayed, {failed} failed", err=True)
    return 1 if failed or unknown or not results else 0


def _say_difference(result: Replayed) -> None:
    if not result.difference:
        return
    colours = {"+": "green", "-": "red", "@": "cyan"}
    click.secho(f"\n{result.name}", bold=True, err=True)
    for line in result.difference.splitlines():
        click.secho(line, fg=colours.get(line[:1]), err=True)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """Say of a file that cannot be written why."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None


def _call(url: str | None, ca_bundle: Path | None, today: datetime | None, signing: dict[str, Any]) -> Any:
    from cds_service.calling import RemoteService
    from cds_service.replay import against, offline

    signer = signer_of(**signing)
    if url:
        return against(RemoteService(url, signer, ca_bundle))
    if signer:
        raise click.UsageError("--key signs calls of the service of --url")
    settings = settings_or_end()
    return offline(advisor_or_end(settings), day_of(today), settings.cards)


def _prove(paths: tuple[Path, ...], card: str) -> None:
    """Say whether the one request of the paths gives again what was recorded; exit status 1 if it does not."""
    from cds_service.pseudonyms import Pseudonyms, load_key
    from cds_service.reproduction import differences, proof

    requests = [item for item, _ in _labelled(json_files(paths))]
    if len(requests) != 1:
        raise click.ClickException("--record compares one request")
    if requests[0].problem:
        raise click.ClickException(f"{requests[0].name}: {requests[0].problem}")
    settings = settings_or_end()
    try:
        store = Store(store_url(settings))
        recorded = store.decision_of_card(card)
        if recorded is None:
            raise click.ClickException("no decision is kept for this card")
        pseudonyms = Pseudonyms(load_key(state_folder(settings) / "pseudonym.key"))
        document = requests[0].document
        found = list(differences(recorded, document, advisor_or_end(settings), store, pseudonyms, settings))
    except (SettingsError, StoreError) as error:
        raise click.ClickException(str(error)) from None
    except ServiceError as error:
        raise click.ClickException(error.text) from None
    for line in found or proof(recorded):
        click.echo(line)
    click.echo("reproduced" if not found else f"{len(found)} differences", err=True)
    sys.exit(1 if found else 0)


def _labelled(files: Iterable[tuple[Path, str]]) -> Iterator[tuple[Input, str]]:
    """Inputs with the name of their golden file, which must not be another's."""
    seen: set[str] = set()
    for path, name in files:
        for item in read_inputs(path):
            line = item.name.removeprefix(str(path)).replace(":", "-")
            if (label := f"{name}{line}") in seen:
                raise click.ClickException(f"two inputs are called {label}: replay their common folder instead")
            seen.add(label)
            yield item, label
