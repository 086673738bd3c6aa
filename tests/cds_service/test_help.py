"""The help of every command: an example that works as written, and a word for every option."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from cds_service.cli import main


def _commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(_commands(main))


def _examples(text: str) -> list[list[str]]:
    """The command lines of a help, without what a shell does with their output."""
    lines = re.findall(r"^ +oncohooks (.*)$", text.replace("\\\n", " "), re.MULTILINE)
    return [shlex.split(re.split(r" > | {3,}", line)[0]) for line in lines]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_help_of_a_command_has_examples_that_it_understands(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*path, "--help"], terminal_width=200)
    assert result.exit_code == 0
    examples = [words for words in _examples(result.stdout) if tuple(words[: len(path)]) == path]
    assert examples
    for words in examples:
        _understood(words)


def test_the_examples_of_the_whole_are_understood() -> None:
    examples = _examples(CliRunner().invoke(main, ["--help"], terminal_width=200).stdout)
    assert len(examples) >= 4
    for words in examples:
        _understood(words)


@pytest.fixture(autouse=True)
def _any_file_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of an example need not be here."""
    for kind in (click.Path, click.File):
        monkeypatch.setattr(kind, "convert", lambda self, value, parameter, context: value)


def _understood(words: list[str]) -> None:
    path = next(words[:length] for length in (1, 2) if tuple(words[:length]) in COMMANDS)
    COMMANDS[tuple(path)].make_context(" ".join(path), words[len(path) :])


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_says_what_it_is_for(path: tuple[str, ...]) -> None:
    silent = [option.name for option in COMMANDS[path].params if isinstance(option, click.Option) and not option.help]
    assert not silent


def test_help_has_no_colours_where_no_terminal_is() -> None:
    for path in COMMANDS:
        assert "\x1b" not in CliRunner().invoke(main, [*path, "--help"]).stdout
