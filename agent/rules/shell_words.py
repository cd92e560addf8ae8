"""Paths out of the quotes, backslashes and URIs that terminals put around them, and into them again."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

BLANKS = " \t\r\n"
SURROGATE = re.compile("[\ud800-\udfff]")

_ESCAPED_IN_DOUBLE_QUOTES = '"\\$`'
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# All that a shell or `find_paths` may read as something else; a letter's combining marks stay beside it.
_UNSAFE = re.compile("[^A-Za-z0-9_./@%+=:,\\-\u0080-\U0010ffff]|\\s")


class Word(NamedTuple):
    """A shell word: its value, the same as a glob pattern, where it ends, and how it stands there.

    `bare` counts the last characters of the value that were neither quoted nor escaped; `quote` is the one that is
    still open at the end, or nothing.
    """

    value: str
    pattern: str
    end: int
    bare: int
    quote: str


def read_word(text: str, start: int = 0) -> Word:
    """Read a word as a shell does, from `start` to the first blank that is neither quoted nor escaped."""
    value, pattern = "", ""
    quote_open, bare, at = "", 0, start
    while at < len(text) and (quote_open or text[at] not in BLANKS):
        char = text[at]
        escapes = char == "\\" and at + 1 < len(text) and quote_open != "'"
        if escapes and (not quote_open or text[at + 1] in _ESCAPED_IN_DOUBLE_QUOTES):
            at += 1
            value, pattern, bare = value + text[at], pattern + _literal(text[at]), 0
        elif char == quote_open or (not quote_open and char in "'\""):
            quote_open, bare = ("", 0) if quote_open else (char, 0)
        else:
            value += char
            wild = not quote_open and char in "*?"
            pattern += char if wild else _literal(char)
            bare = 0 if quote_open else bare + 1
        at += 1
    return Word(value, pattern, at, bare, quote_open)


def without_backslashes(text: str) -> str:
    """Take the backslashes away that stand before other characters."""
    return _ESCAPED.sub(r"\1", text)


def expanded(path: str) -> Path:
    """Return a path with its `~` expanded, where that is somebody's."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def decode_uri(text: str) -> str:
    """Return the path of a `file:` URI of this machine; any other text stays as it is."""
    match = re.match(r"file:(?://(?:localhost)?)?(?=/(?!/))", text, re.IGNORECASE)
    return unquote_to_bytes(text[match.end() :]).decode("utf-8", "replace") if match else text


def quote_path(path: str, style: str = "", *, closed: bool = True) -> str:
    """Write a path so that `find_paths` reads it back: with backslashes, or in quotes when `style` is one.

    A path with control characters, or such that hide or reorder text, becomes a URI. Quotes stay open unless
    `closed`, so that a person can go on typing in a folder.
    """
    from internvl_vpr.tools.text.foreign import visible

    if visible(path) != path or "\n" in path or "\t" in path:
        return expanded(path).absolute().as_uri() + ("/" if path.endswith("/") else "")
    if style == "'":
        return "'" + path.replace("'", "'\\''") + ("'" if closed else "")
    if style == '"':
        return '"' + re.sub(r'(["\\$`])', r"\\\1", path) + ('"' if closed else "")
    home, rest = ("~", path[1:]) if path.startswith("~/") else ("", path)
    return home + _UNSAFE.sub(lambda match: "\\" + match[0], rest)


def _literal(char: str) -> str:
    return f"[{char}]" if char in "*?[" else char
