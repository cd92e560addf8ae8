"""The command `chat`: a terminal for a person, lines for a program."""

from pathlib import Path
from typing import Any

import click

from .flags import CHAT_FLAGS, CONTEXT_FLAGS, PATH, PLACES, flags


@click.command()
@PLACES
@click.option("--json", "form", flag_value="json", help="Print one JSON object per question.")
@click.option("--jsonl", "form", flag_value="jsonl", help="Print one JSON object per event.")
@click.option(
    "--continue",
    "continued",
    is_flag=False,
    flag_value="",
    metavar="[ID]",
    help="Continue a conversation: the latest, or the one with this ID.",
)
@click.option("--sessions", type=PATH, metavar="FILE", help="Where conversations are kept; default: in the index.")
@click.option("--replay", is_flag=True, help="Answer from the ledger alone; a step that it lacks is an error.")
@click.option("--no-sessions", is_flag=True, help="Do not keep the conversation.")
@flags(*CHAT_FLAGS, *CONTEXT_FLAGS)
def chat(
    places: Path,
    form: str | None,
    continued: str | None,
    sessions: Path | None,
    replay: bool,
    no_sessions: bool,
    config: Path | None,
    **given: Any,
) -> int:
    """Talk about photographs: where they were taken, why, and how sure that is.

    Each line is a question. Piped in, the exit code is that of the last one: 3 when its place is unknown.
    """
    from ..chat.open import ChatOptions, run_chat
    from ..dialogue.session_file import SESSIONS_FILE

    kept_in = None if no_sessions else sessions or places / SESSIONS_FILE
    options = ChatOptions(
        places=places, config=config, flags=given, form=form or "text", continued=continued, kept_in=kept_in,
        replay=replay,
    )  # fmt: skip
    return run_chat(options)
