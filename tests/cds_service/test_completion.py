"""`oncohooks completion`: the scripts are valid, and what they ask the program gives commands, options and choices."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.cli import main
from cds_service.completion_command import SHELLS
from tests.running import COMMAND


def _script(shell: str) -> str:
    result = CliRunner().invoke(main, ["completion", shell])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_each_shell(shell: str) -> None:
    assert "_ONCOHOOKS_COMPLETE" in _script(shell)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("oncohooks re", {"register", "reload", "replay"}),
        ("oncohooks clients ", {"add", "list", "new-key", "test"}),
        ("oncohooks register --cl", {"--client"}),
        ("oncohooks register --client ", {"epic", "oracle", "standard"}),
    ],
)
def test_the_script_of_bash_completes(words: str, found: set[str], tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("there is no bash here")
    script = tmp_path / "completion"
    script.write_text(_script("bash"))
    # What bash does when the tab key is pressed: it calls the function of the script with the words before the cursor.
    ask = f"""
source {script}
COMP_WORDS=({words} {'""' if words.endswith(" ") else ""}); COMP_CWORD=$(({len(words.split(" ")) - 1}))
_oncohooks_completion oncohooks; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    path = f"{Path(COMMAND).parent}{os.pathsep}{os.environ['PATH']}"
    result = subprocess.run(
        ["bash", "-c", ask], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=True, timeout=60
    )
    assert found <= set(result.stdout.split()), result.stdout + result.stderr


def test_another_shell_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["completion", "tcsh"]).exit_code == 2
