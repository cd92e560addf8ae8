"""Which conversations a file holds; without LangGraph, so that the chat's first prompt is fast."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from internvl_vpr.tools.errors import SessionError, UsageError

SESSIONS_FILE = "sessions.sqlite"


def kept_sessions(path: Path) -> list[str]:
    """Return the ids of the conversations in a file, the one used last first; none if there is no file.

    Raises `SessionError` for a file that holds no conversations.
    """
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            # The id of a state begins with the time.
            rows = database.execute(
                "SELECT thread_id FROM checkpoints GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
            )
            return [str(session) for (session,) in rows]
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error


def choose_session(sessions: Sequence[str], wanted: str) -> str:
    """Return the first id that begins with `wanted`, which may be empty; raises `UsageError`."""
    for session in sessions:
        if session.startswith(wanted):
            return session
    others = f"there are {', '.join(sessions[:5])}" if sessions else "there are none yet"
    raise UsageError(f"There is no session {wanted!r}: {others}.")


def damaged(path: Path, error: Exception) -> SessionError:
    """Return the error for a file that cannot be used."""
    return SessionError(
        f"The conversations in {str(path)!r} cannot be kept or read ({error}): "
        "mend or remove the file, or name another with --sessions."
    )
