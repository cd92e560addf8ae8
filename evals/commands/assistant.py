"""The command that compares two prompts of the chat's model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from internvl_vpr.agent.cli.flags import PATH, flags, setting_flags
from internvl_vpr.agent.console import interruptible
from internvl_vpr.agent.console.streams import stdout, write_json

from ..compare.gate_limits import Limits

if TYPE_CHECKING:
    from internvl_vpr.agent.settings import Settings
    from internvl_vpr.tools.endpoint.chat_model import ChatModel
    from internvl_vpr.tools.ledger.ledger import Ledger

    from ..assistant.compare import PromptComparison
    from ..assistant.conversations import Conversation

_ENDPOINT = setting_flags("endpoint", "model", "api-key", "concurrency", "timeout", "ledger")


@click.command("assistant")
@click.argument("baseline", metavar="A")
@click.argument("candidate", metavar="B")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Folder for the outcomes, and for the ledger.")
@click.option("--conversations", type=PATH, metavar="FILE", help="Conversations to run instead of the package's own.")
@click.option("--replay", is_flag=True, help="Read every answer from the ledger; a missing one is an error.")
@click.option("--answers", type=PATH, metavar="FILE", help="Read every answer from this file; nothing is asked.")
@click.option("--save", type=PATH, metavar="FILE", help="Also write all answers to a file, for --answers.")
@click.option(
    "--margin", type=click.FloatRange(0, 100), default=100 * Limits.margin, show_default=True, metavar="POINTS",
    help="Loss that is accepted.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Count an inconclusive result as a regression.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--config", type=PATH, help="Settings file, instead of ./internvl-vpr.toml.")
@flags(*_ENDPOINT)
def assistant(
    baseline: str, candidate: str, out: Path, conversations: Path | None, replay: bool, answers: Path | None,
    save: Path | None, margin: float, strict: bool, as_json: bool, config: Path | None, **given: Any,
) -> int:  # fmt: skip
    """Run the chat's prompts A and B over the same conversations, and say whether B is better, worse, or neither.

    A prompt is one of the package, such as assistant.v3, or a .md file. Exit codes: 0 pass, 1 regression, 2 usage,
    3 inconclusive, 4 incomplete: the endpoint gave no answer to some.
    """
    from internvl_vpr.agent.settings import resolve_settings

    from ..assistant.conversations import read_conversations
    from ..assistant.recorded import write_answers
    from ..assistant.view import show_prompts

    settings = resolve_settings(given, file=config)
    models = [_model(name, settings) for name in (baseline, candidate)]
    table = read_conversations(conversations)
    out.mkdir(parents=True, exist_ok=True)
    with _opened(settings.ledger or out / "ledger.sqlite", answers) as ledger:
        found = interruptible.run(_compared(models, table, ledger, replay=replay or answers is not None, out=out))
        if save is not None:
            write_answers(save, ledger)
    judged = found.judged(margin / 100, strict=strict)
    if as_json:
        write_json({"judged": judged, **found.model_dump(mode="json")})
    else:
        stdout().print(show_prompts(found, judged))
    from ..assistant.compare import EXIT_CODES

    return EXIT_CODES[judged]


def _model(name: str, settings: "Settings") -> "ChatModel":
    from internvl_vpr.agent.localizer.context import open_endpoint
    from internvl_vpr.tools.endpoint.chat_model import ChatModel
    from internvl_vpr.tools.endpoint.prompt import Prompt

    return ChatModel(open_endpoint(settings), settings.model, Prompt.load(name, placeholders=()))


@contextmanager
def _opened(path: Path, answers: Path | None) -> "Iterator[Ledger]":
    """Open the ledger, or one for this run alone that holds the answers of a file."""
    from internvl_vpr.tools.ledger.ledger import Ledger

    from ..assistant.recorded import read_answers

    if answers is None:
        with Ledger(path.absolute()) as ledger:
            yield ledger
        return
    with TemporaryDirectory() as folder, Ledger(Path(folder, "ledger.sqlite")) as ledger:
        read_answers(answers, ledger)
        yield ledger


async def _compared(
    models: "list[ChatModel]", table: "list[Conversation]", ledger: "Ledger", *, replay: bool, out: Path
) -> "PromptComparison":
    """Run both prompts, one after the other, write what became of each conversation, and compare."""
    from internvl_vpr.tools.disk.whole_file import write_whole

    from ..assistant.compare import compare_prompts
    from ..assistant.run import run_conversations

    outcomes = []
    for name, model in zip("ab", models, strict=True):
        made = await run_conversations(table, model, ledger, replay=replay)
        write_whole(out / f"{name}.jsonl", "".join(f"{one.model_dump_json()}\n" for one in made))
        outcomes.append(made)
    labels = tuple(f"{model.prompt.name} {model.prompt.digest[:8]}" for model in models)
    return compare_prompts((labels[0], labels[1]), *outcomes)
