"""``oncohooks completion``: commands, options and files at the touch of the tab key."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
#: The variable by which click's scripts ask this program; it follows from the program's name.
_VARIABLE = "_ONCOHOOKS_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes oncohooks in a shell.

    SHELL is bash (4.4 or later), zsh or fish.

    \b
    Examples:
      oncohooks completion bash > ~/.local/share/bash-completion/completions/oncohooks
      oncohooks completion zsh > ~/.zfunc/_oncohooks
      oncohooks completion fish > ~/.config/fish/completions/oncohooks.fish
    """
    maker = get_completion_class(shell)
    if maker is None:
        raise click.ClickException(f"click knows no completion for {shell}")
    root = context.find_root()
    click.echo(maker(root.command, {}, "oncohooks", _VARIABLE).source(), nl=False)
