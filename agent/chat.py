"""One photograph after another: a line with a path in it is a question, and the models stay loaded."""

import shlex
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console

from ..tools.errors import VprError
from . import interruptible
from .context import Context
from .progress import progress_bars
from .run import locate
from .safe_text import safe_text
from .view import show_answer

HELP = "Name a photograph, such as: where was this taken? ~/night.jpg    /quit ends."


def chat(context: Context, lines: Iterable[str], answers: Console, remarks: Console) -> None:
    """Answer each line that names a photograph, until the lines end or one says /quit.

    Answers go to one console, all else to the other. Ctrl-C gives up a question, never the chat.
    """
    remarks.print(f"{len(context.index)} photos are known. {HELP}")
    for line in lines:
        question = line.strip()
        if question in ("/quit", "/exit"):
            return
        if question:
            _answer(question, context, answers, remarks)


def _answer(question: str, context: Context, answers: Console, remarks: Console) -> None:
    photo = find_path(question)
    if photo is None:
        remarks.print(safe_text(f"No file is named in {question!r}. {HELP}"))
        return
    try:
        with progress_bars(remarks) as on_progress:
            answer = interruptible.run(locate(photo, context, on_progress))
        answers.print(show_answer(answer))
    except VprError as error:
        remarks.print(safe_text(str(error)))
    except KeyboardInterrupt:
        remarks.print("given up; what was described is kept")


def find_path(question: str, exists: Callable[[Path], bool] = Path.exists) -> Path | None:
    """Find the file that a line names: the whole line, or its last word that is one; quotes may be around it."""
    try:
        words = shlex.split(question)
    except ValueError:  # an apostrophe is not always a quotation mark
        words = question.split()
    for words_tried in (question, *reversed(words)):
        path = Path(words_tried).expanduser()
        if exists(path):
            return path
    return None
