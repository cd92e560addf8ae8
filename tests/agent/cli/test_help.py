"""The help of every command and subcommand, of those too that are loaded only when they are asked for."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from internvl_vpr.agent.cli.main import cli


def commands(command: click.Command, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield the words that lead to a command and to all below it."""
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from commands(found, *path, name)


def test_the_walk_reaches_commands_of_every_kind() -> None:
    assert {(), ("locate",), ("ledger", "show"), ("demo",), ("eval", "gate"), ("eval", "prompts")} <= set(commands(cli))


@pytest.mark.parametrize("path", list(commands(cli)), ids=" ".join)
def test_help_says_what_the_command_does_in_at_most_100_columns(path: tuple[str, ...]) -> None:
    found = CliRunner().invoke(cli, [*path, "--help"], prog_name="internvl-vpr", terminal_width=100)
    assert found.exit_code == 0, found.output
    usage, _, about = found.output.partition("\n\n")
    assert usage.startswith(f"Usage: {' '.join(('internvl-vpr', *path))}")
    assert about.strip().partition("\n")[0] not in ("", "Options:")
    assert max(map(len, found.output.splitlines())) <= 100
