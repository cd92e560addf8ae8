"""A model's recorded answers as a file of JSON lines, which may be gzipped: a ledger that can be committed."""

import gzip
import zlib
from pathlib import Path

from pydantic import ValidationError

from internvl_vpr.tools.disk.whole_file import write_whole
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.ledger.model_report import model_rows
from internvl_vpr.tools.ledger.model_steps import ModelAnswer, ModelStep, add_model_steps
from internvl_vpr.tools.records import Digest, Record


class RecordedAnswer(Record):
    """One answer: the step that it is to, which attempt it was, and what came back."""

    asked: Digest
    model: str
    attempt: int
    answer: ModelAnswer


def read_answers(path: Path, ledger: Ledger) -> None:
    """Write the answers of a file into a ledger; raises `UsageError` for a file that cannot be read."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        rows = [RecordedAnswer.model_validate_json(line) for line in content.splitlines()]
    except (OSError, EOFError, zlib.error, ValidationError) as error:
        raise UsageError(f"The answers {str(path)!r} cannot be read: name a file that eval assistant wrote.") from error
    steps = (ModelStep(kind="assistant", asked=row.asked, model=row.model) for row in rows)
    add_model_steps(ledger, [(step, row.attempt, row.answer) for step, row in zip(steps, rows, strict=True)])


def write_answers(path: Path, ledger: Ledger) -> None:
    """Write the assistant's steps of a ledger into a file, in an order that does not depend on when each was made."""
    rows = [
        RecordedAnswer(
            asked=row.step,
            model=row.model,
            attempt=row.attempt,
            answer=ModelAnswer(**{name: getattr(row, name) for name in ModelAnswer.model_fields}),
        ).model_dump_json()
        for row in model_rows(ledger)
        if row.kind == "assistant"
    ]
    content = "".join(f"{row}\n" for row in sorted(rows)).encode()
    write_whole(path, gzip.compress(content, mtime=0) if path.suffix == ".gz" else content.decode())
