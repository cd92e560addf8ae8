"""The `internvl-vpr` command: results on stdout, everything else on stderr."""

import asyncio
import errno
import io
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from ..tools.errors import VprError

if TYPE_CHECKING:
    from rich.console import Console

    from ..tools.index_build import BuildReport
    from ..tools.records import Answer

UNKNOWN = 3
INTERRUPTED = 130

_Command = TypeVar("_Command", bound=Callable[..., Any])
_PATH = click.Path(path_type=Path)
_PLACES = click.option("--places", type=_PATH, required=True, metavar="DIR", help="Folder of the index.")

# Values are checked with all other settings, so that a flag, the environment and the file say the same.
_INDEX_FLAGS = (
    click.option("--preset", metavar="NAME", help="embedded (default), paper or anyloc: picks all settings at once."),
    click.option("--backbone", metavar="NAME", help="What computes local descriptors."),
    click.option("--longer-side", metavar="PIXELS", help="Photos are scaled down to this size for stage 1."),
    click.option("--clusters", metavar="S", help="Size of the codebook (Eq. 1)."),
    click.option("--kappa", metavar="K|hard", help="How hard descriptors are assigned to clusters (Eq. 1)."),
    click.option("--seed", metavar="N", help="Seed of the codebook."),
    click.option("--index-factory", metavar="NAME", help="FAISS index_factory string; Flat is exact."),
    click.option("--config", type=_PATH, help="Settings file, instead of ./internvl-vpr.toml."),
)
_QUERY_FLAGS = (
    click.option("--k", metavar="K", help="Candidates that stage 1 retrieves (Eq. 5)."),
    click.option("--n", metavar="N", help="Cues an image (Eq. 6)."),
    click.option("--tau", metavar="T", help="Threshold that a score must exceed (Eq. 10)."),
    click.option(
        "--below-tau", metavar="MODE", help="fallback: the coarse order stands; strict: not retained, not shown."
    ),
    click.option("--describer", metavar="NAME", help="What names cues: signage or vlm."),
    click.option("--encoder", metavar="NAME", help="What embeds cues (Eq. 7)."),
    click.option("--ledger", metavar="FILE", help="Where description steps are recorded; default: in the index."),
)


def _flags(*groups: tuple[Callable[[_Command], _Command], ...]) -> Callable[[_Command], _Command]:
    def decorate(command: _Command) -> _Command:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return decorate


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="internvl-vpr")
def cli() -> None:
    """Say where a photograph was taken, from your own geo-tagged photographs, and show why.

    Settings come from flags, then INTERNVL_VPR_* variables, then internvl-vpr.toml, then the index, then
    the preset. Exit codes: 0 located, 1 failure, 2 bad usage or input, 3 unknown (nothing above the
    threshold), 4 endpoint unreachable, 130 interrupted.
    """


@cli.command()
@click.argument("photos", type=_PATH)
@_PLACES
@click.option(
    "--positions", type=_PATH, metavar="CSV", help="Positions: file,latitude,longitude or file,easting,northing[,zone]."
)
@click.option("--prune", is_flag=True, help="Drop photos of this folder that are gone.")
@click.option(
    "--forget", type=_PATH, multiple=True, metavar="DIR", help="Drop all photos of a folder that was indexed."
)
@_flags(_INDEX_FLAGS)
def index(
    photos: Path,
    places: Path,
    positions: Path | None,
    prune: bool,
    forget: tuple[Path, ...],
    config: Path | None,
    **flags: Any,
) -> int:
    """Build or update the index of the photographs below PHOTOS; only what is new is computed."""
    from ..tools.index_build import update_index
    from ..tools.position import read_positions
    from .progress import progress_bars
    from .settings import resolve_settings, settings_of_index

    there = settings_of_index(places)
    settings = resolve_settings(flags, file=config, index=there)
    console = _stderr()
    with progress_bars(console) as on_progress:
        report = update_index(
            photos,
            places,
            settings.index_settings(there),
            positions=read_positions(positions) if positions else None,
            prune=prune,
            forget=forget,
            on_progress=on_progress,
        )
    _show_report(report, places, console)
    return 0


@cli.command()
@click.argument("photo", type=_PATH)
@_PLACES
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_flags(_INDEX_FLAGS, _QUERY_FLAGS)
def locate(photo: Path, places: Path, as_json: bool, config: Path | None, **flags: Any) -> int:
    """Say where PHOTO was taken, and why."""
    from .context import open_context
    from .progress import progress_bars
    from .run import locate as run_locate

    with open_context(places, file=config, **flags) as context, progress_bars(_stderr()) as on_progress:
        answer = asyncio.run(run_locate(photo, context, on_progress))
    _print_answer(answer, as_json=as_json)
    return 0 if answer.status == "located" else UNKNOWN


@cli.command()
@click.option(
    "--folder", type=_PATH, default=Path("demo-town"), show_default=True, metavar="DIR", help="Where the town is kept."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the town.")
@click.option("--size", type=click.IntRange(8), default=64, show_default=True, help="Places in the town.")
def demo(folder: Path, seed: int, size: int) -> int:
    """Generate a small town, index it, locate three photographs, and measure recall on all queries."""
    from ..evals.demo import run_demo
    from .progress import progress_bars

    console = _stderr()
    with progress_bars(console) as on_progress:
        result = asyncio.run(run_demo(folder, seed=seed, places=size, on_progress=on_progress))
    for part in result:
        _stdout().print(part)
    return 0


@cli.command()
@_PLACES
@_flags(_INDEX_FLAGS, _QUERY_FLAGS)
def chat(places: Path, config: Path | None, **flags: Any) -> int:
    """Ask about one photograph after another; each line names one."""
    from .chat import chat as run_chat
    from .context import open_context

    with open_context(places, file=config, **flags) as context:
        run_chat(context, _lines(), _stdout(), _stderr())
    return 0


def _lines() -> Iterator[str]:
    """What is typed or piped in; the prompt goes to stderr, and only to a person."""
    while True:
        if sys.stdin.isatty():
            sys.stderr.write("> ")
            sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            return
        yield line


def _show_report(report: "BuildReport", places: Path, console: "Console") -> None:
    """Say what was skipped and why on stderr, and what the index holds on stdout."""
    from .safe_text import safe_text, visible

    for skipped in report.skipped:
        console.print(safe_text(f"skipped: {skipped.reason}", "yellow"), soft_wrap=True)
    for name in report.unmatched:
        console.print(safe_text(f"no such photo: {name!r}, named in the table of positions", "yellow"), soft_wrap=True)
    sys.stdout.write(
        f"{report.photos} photos in {visible(str(places))}: {report.computed} images computed now, "
        f"{report.pruned} photos pruned, {len(report.skipped)} files skipped\n"
    )


def _print_answer(answer: "Answer", *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(answer.model_dump(mode="json"), allow_nan=False, indent=2) + "\n")
        return
    from .view import show_answer

    _stdout().print(show_answer(answer))


def _stdout() -> "Console":
    from rich.console import Console

    return Console(highlight=False, emoji=False, markup=False)


def _stderr() -> "Console":
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, markup=False)


def _quiet_pillow() -> None:
    """Keep Pillow's own remarks about damaged files from the user: ours name the file and say what to do."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)


def main() -> NoReturn:
    """Run the command and exit with its documented code."""
    _quiet_pillow()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that knows no ━ still gets its answer
    try:
        code = cli.main(prog_name="internvl-vpr", standalone_mode=False)
        sys.stdout.flush()
    except VprError as error:
        from .safe_text import visible

        sys.stderr.write(f"internvl-vpr: {visible(str(error))}\n")
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted; what was finished is kept\n")
        code = INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()  # the reader has gone
        code = 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write("internvl-vpr: there is no space left to write the result: free some.\n")
        _drop_stdout()
        code = 1
    sys.exit(code)


def _drop_stdout() -> None:
    """Keep the interpreter from flushing at its exit to where nothing can be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
