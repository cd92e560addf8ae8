"""The `internvl-vpr` command: results on stdout, everything else on stderr."""

import errno
import gc
import io
import logging
import os
import sys
import warnings
from typing import NoReturn

import click

from internvl_vpr.tools.errors import VprError
from internvl_vpr.tools.text.foreign import visible

from .calibrate import calibrate
from .chat import chat
from .doctor import doctor
from .lazy_group import LazyGroup
from .ledger import ledger
from .locate import locate
from .map import map_command
from .mcp import mcp
from .places import codebook, describe, index
from .settings import settings

INTERRUPTED = 130


# Commands of packages above this one, imported when they are asked for.
_LAZY = {
    "demo": "internvl_vpr.evals.commands.demo:demo",
    "eval": "internvl_vpr.evals.commands.main:evaluate",
}


@click.group(
    cls=LazyGroup, lazy=_LAZY, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="internvl-vpr")
def cli() -> None:
    """Say where a photograph was taken, from your own geo-tagged photographs, and show why.

    Settings come from flags, then INTERNVL_VPR_* variables, then internvl-vpr.toml, then the index, then
    the preset. Exit codes: 0 located, 1 failure, 2 bad usage or input, 3 unknown (probably not in the
    map), 4 endpoint unreachable, 130 interrupted.
    """


for _command in (index, locate, chat, describe, calibrate, codebook, ledger, doctor, settings, map_command, mcp):
    cli.add_command(_command)


def _quiet_pillow() -> None:
    """Hide Pillow's own warnings about damaged files: our messages name the file and say what to do."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)


def main() -> NoReturn:
    """Run the command and exit with its documented code."""
    gc.set_threshold(200_000, 20, 20)  # what imports make stays: looking for garbage in it took an eighth of their time
    _quiet_pillow()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that cannot show ━ still gets its answer
    try:
        code = cli.main(prog_name="internvl-vpr", standalone_mode=False)
        sys.stdout.flush()
    except VprError as error:
        sys.stderr.write(f"internvl-vpr: {visible(str(error))}\n")
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted; finished work is kept\n")
        sys.stderr.flush()
        os._exit(INTERRUPTED)  # without waiting for threads, which would compute on for nobody
    except BrokenPipeError:
        _drop_stdout()  # the reader has gone
        code = 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write("internvl-vpr: there is no space left to write the result: free some.\n")
        _drop_stdout()
        code = 1
    gc.freeze()  # nothing is looked through once more at exit, which took almost half a second
    sys.exit(code)


def _drop_stdout() -> None:
    """Send what is left to nowhere, so that the interpreter does not fail when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
