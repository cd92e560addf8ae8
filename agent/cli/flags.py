"""The flags of the commands: one for each setting, under the one name it has everywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)
PLACES = click.option(
    "--places", type=PATH, required=True, envvar="INTERNVL_VPR_PLACES", metavar="DIR", help="Folder of the index."
)

# Values are checked with all other settings, so that a flag, the environment and the file say the same.
COMMON_FLAGS = (
    click.option("--preset", metavar="NAME", help="embedded (default), paper or anyloc: picks all settings at once."),
    click.option("--config", type=PATH, help="Settings file, instead of ./internvl-vpr.toml."),
)
INDEX_FLAGS = (
    click.option(
        "--backbone", metavar="NAME", help="rootsift, dinov2-small|base|large|giant, a hub id, or a folder of DINOv2."
    ),
    click.option("--layer", metavar="L", help="DINOv2 block that is read, from 0; default: AnyLoc's."),
    click.option("--facet", metavar="NAME", help="value (default), key, query or token."),
    click.option("--longer-side", metavar="PIXELS", help="Photos are scaled down to this size for stage 1."),
    click.option("--clusters", metavar="S", help="Size of the codebook (Eq. 1)."),
    click.option("--kappa", metavar="K|hard", help="How hard descriptors are assigned to clusters (Eq. 1)."),
    click.option("--seed", metavar="N", help="Seed of the codebook."),
    click.option("--index-factory", metavar="NAME", help="FAISS index_factory string; Flat is exact."),
    click.option("--device", metavar="NAME", help="auto (default), cpu, cuda, cuda:N or mps."),
    click.option("--dtype", metavar="NAME", help="auto (default), float32, bfloat16 or float16."),
)
DESCRIBER_FLAGS = (
    click.option("--describer", metavar="NAME", help="What names cues: signage, statistics or vlm."),
    click.option("--n", metavar="N", help="Cues an image (Eq. 6)."),
    click.option("--ledger", metavar="FILE", help="Where description steps are recorded; default: in the index."),
)
ENDPOINT_FLAGS = (
    click.option("--endpoint", metavar="URL", help="OpenAI-compatible server of the describer vlm."),
    click.option("--model", metavar="NAME", help="Model to ask for there."),
    click.option("--api-key", metavar="KEY", help="Its key; better in OPENAI_API_KEY, where no process list shows it."),
    click.option("--prompt", metavar="NAME|FILE", help="Prompt of the describer vlm."),
    click.option("--image-side", metavar="PIXELS", help="Photos are sent at most this large."),
    click.option("--concurrency", metavar="N", help="Requests at once."),
    click.option("--timeout", metavar="SECONDS", help="Time for one request."),
    click.option("--deadline", metavar="SECONDS", help="Time for all descriptions of one answer."),
)
QUERY_FLAGS = (
    click.option("--k", metavar="K", help="Candidates that stage 1 retrieves (Eq. 5)."),
    click.option("--tau", metavar="T", help="Threshold that a score must exceed (Eq. 10)."),
    click.option(
        "--below-tau", metavar="MODE", help="fallback: the coarse order stands; strict: not retained, not shown."
    ),
    click.option("--encoder", metavar="NAME", help="What embeds cues (Eq. 7): minilm, a hub id or a folder."),
)
CHAT_FLAGS = (
    click.option("--assistant", metavar="NAME", help="Who decides what to do: rules, model, or auto (default)."),
    click.option("--images", metavar="NAME", help="Pictures: auto (default), off, unicode, half, sixel or kitty."),
    click.option("--plain", is_flag=True, default=None, help="Append-only text without pictures, for screen readers."),
)
CONTEXT_FLAGS = (*COMMON_FLAGS, *QUERY_FLAGS, *DESCRIBER_FLAGS, *ENDPOINT_FLAGS, *INDEX_FLAGS)


def flags(*options: Callable[[_Command], _Command]) -> Callable[[_Command], _Command]:
    """Give a command these options, in this order."""

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
