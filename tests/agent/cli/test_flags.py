"""The flags: one for each setting, with the setting's own text."""

import click
import pytest
from click.testing import CliRunner

from internvl_vpr.agent.cli.flags import CHAT_FLAGS, CONTEXT_FLAGS, flags
from internvl_vpr.agent.settings import Settings


@click.command(context_settings={"max_content_width": 200})
@flags(*CHAT_FLAGS, *CONTEXT_FLAGS)
def everything(**given: str | None) -> None:
    """Take every flag."""


def test_every_setting_is_a_flag_and_every_flag_but_the_settings_file_is_a_setting() -> None:
    names = [option.name for option in everything.params]
    assert len(set(names)) == len(names)
    assert set(names) == {*Settings.model_fields, "config"}


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--k K", "Candidates that stage 1 retrieves (Eq. 5)."),
        ("--kappa K|hard", "How hard descriptors are assigned to clusters (Eq. 1)."),
        ("--api-key KEY", "Its key; better in OPENAI_API_KEY, where no process list shows it."),
        ("--plain", "Append-only text without pictures, for screen readers."),
    ],
)
def test_a_flag_is_shown_with_its_settings_text(flag: str, text: str) -> None:
    shown = CliRunner().invoke(everything, ["--help"], terminal_width=200).output
    assert [line.split("  ")[-1].strip() for line in shown.splitlines() if line.strip().startswith(f"{flag} ")] == [
        text
    ]


def test_every_setting_says_what_it_is_in_one_sentence() -> None:
    shown = CliRunner().invoke(everything, ["--help"], terminal_width=200).output
    for name in Settings.model_fields:
        (line,) = (line for line in shown.splitlines() if line.split()[:1] == [f"--{name.replace('_', '-')}"])
        assert line.endswith("."), line
