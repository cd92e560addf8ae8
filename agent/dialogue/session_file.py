"""Which conversations a file holds, found out without loading what reads them."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from internvl_vpr.tools.errors import SessionError, UsageError

SESSIONS_FILE = "sessions.sqlite"


def kept_sessions(path: Path) -> list[str]:
    """Return the ids of the conversations in a file, the latest used first; none where there is no file.

    Raises `SessionError` for a file that is none of conversations.
    """
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            # The ids of states are made of the time.
            rows = database.execute(
                "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
            )
            return [str(session) for (session,) in rows]
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error


def choose_session(sessions: Sequence[str], wanted: str) -> str:
    """Return the first id that begins as wanted, "" for the first of all; raises `UsageError`."""
    for session in sessions:
        if session.startswith(wanted):
            return session
    others = f"there are {', '.join(sessions[:5])}" if sessions else "there is none"
    raise UsageError(f"No conversation {wanted!r} is kept: {others}.")


def damaged(path: Path, error: Exception) -> SessionError:
    """Return what to say about a file that cannot be used."""
    return SessionError(
        f"The conversations in {str(path)!r} cannot be kept or read ({error}): "
        "mend or remove the file, or name another with --sessions."
    )
