"""The tables of a ledger file, and how a file of an earlier version becomes one of this version."""

import sqlite3
import time

from ..errors import LedgerError

VERSION = 5
PATIENCE = 30.0  # seconds to wait for another process's write

_STEPS = """
CREATE TABLE steps (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, image TEXT NOT NULL, describer TEXT NOT NULL, n INTEGER NOT NULL,
    attempt INTEGER NOT NULL, cues TEXT NOT NULL, error TEXT, raw TEXT NOT NULL, request TEXT NOT NULL,
    usage TEXT NOT NULL, finish_reason TEXT, latency REAL NOT NULL, made TEXT NOT NULL)
"""
# However many processes ask at the same time, one description of an image is the one that counts.
_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS descriptions ON steps (key) WHERE error IS NULL",
    "CREATE INDEX IF NOT EXISTS steps_by_key ON steps (key)",
)
_OTHERS = (
    "CREATE TABLE IF NOT EXISTS embeddings ("
    "encoder TEXT, phrase TEXT, vector BLOB NOT NULL, PRIMARY KEY (encoder, phrase)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS failures ("
    "key TEXT PRIMARY KEY, reason TEXT NOT NULL, made TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, steps TEXT NOT NULL, made TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS retrievals ("
    "key TEXT PRIMARY KEY, candidates TEXT NOT NULL, made TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS verifications ("
    "key TEXT PRIMARY KEY, matches INTEGER, points BLOB, error TEXT, made TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS model_steps ("
    "id INTEGER PRIMARY KEY, key TEXT NOT NULL, kind TEXT NOT NULL, attempt INTEGER NOT NULL, answer TEXT NOT NULL,"
    " error TEXT, raw TEXT NOT NULL, request TEXT NOT NULL, usage TEXT NOT NULL, finish_reason TEXT,"
    " latency REAL NOT NULL, made TEXT NOT NULL)",
    "CREATE UNIQUE INDEX IF NOT EXISTS model_answers ON model_steps (key) WHERE error IS NULL",
    "CREATE INDEX IF NOT EXISTS model_steps_by_key ON model_steps (key)",
)
# Version 4 kept no model's steps but descriptions, version 3 no verified pairs, version 2 no candidates of stage 1
# either: all they lack is tables. Version 1 kept successes alone, one row a key.
_FROM_1 = (
    "ALTER TABLE steps RENAME TO steps_1",
    _STEPS,
    "INSERT INTO steps (key, image, describer, n, attempt, cues, raw, request, usage, finish_reason, latency, made)"
    " SELECT key, image, describer, n, 1, cues, raw, request, usage, finish_reason, latency, made FROM steps_1",
    "DROP TABLE steps_1",
)
_STEPS_FROM = {0: (_STEPS,), 1: _FROM_1, 2: (), 3: (), 4: ()}


def prepare(database: sqlite3.Connection, name: str) -> None:
    """Create the tables of a new file, or bring an earlier version's up to date, in one transaction.

    Raises `LedgerError` for a file of a later version, and `sqlite3.Error`. `name` is the file's, for messages.
    """
    enter_wal(database)
    database.execute("PRAGMA synchronous = FULL")
    if _version(database) == VERSION:
        return
    database.execute("BEGIN IMMEDIATE")  # two processes may open a new file at once: look again under the lock
    try:
        version = _version(database)
        if version not in (*_STEPS_FROM, VERSION):
            raise LedgerError(f"The ledger {name!r} has version {version}, not {VERSION}: name another with --ledger.")
        if version != VERSION:
            for statement in (*_STEPS_FROM[version], *_INDEXES, *_OTHERS):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    finally:
        if database.in_transaction:
            database.execute("ROLLBACK")


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def enter_wal(database: sqlite3.Connection) -> None:
    """Turn on write-ahead logging; SQLite does not wait by itself when another process is just doing so."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
