"""Paths as terminals write them, with quotes, backslashes or as URIs: read, and written."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from internvl_vpr.tools.text.foreign import visible

BLANKS = " \t\r\n"
SURROGATE = re.compile("[\ud800-\udfff]")

_ESCAPED_IN_DOUBLE_QUOTES = '"\\$`'
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# Everything that a shell or `find_paths` may read as something else; combining marks stay with their letters.
_UNSAFE = re.compile("[^A-Za-z0-9_./@%+=:,\\-\u0080-\U0010ffff]|\\s")


class ShellWord(NamedTuple):
    """A shell word: its value, the value as a glob pattern, and where the word ends.

    `bare` counts the characters at the end of the value that were neither quoted nor escaped. `quote` is the quotation
    mark that is still open at the end, or empty.
    """

    value: str
    pattern: str
    end: int
    bare: int
    quote: str


def read_word(text: str, start: int = 0) -> ShellWord:
    """Read a word as a shell does, from `start` to the first space that is neither quoted nor escaped."""
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
    return ShellWord(value, pattern, at, bare, quote_open)


def without_backslashes(text: str) -> str:
    """Remove the backslashes that escape other characters."""
    return _ESCAPED.sub(r"\1", text)


def expanded(path: str) -> Path:
    """Return a path with its `~` expanded, if there is such a user."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def decode_uri(text: str) -> str:
    """Return the path of a `file:` URI on this machine; any other text is returned as it is."""
    match = re.match(r"file:(?://(?:localhost)?)?(?=/(?!/))", text, re.IGNORECASE)
    return unquote_to_bytes(text[match.end() :]).decode("utf-8", "replace") if match else text


def quote_path(path: str, style: str = "", *, closed: bool = True) -> str:
    """Write a path so that `find_paths` can read it: with backslashes, or in quotes if `style` is a quotation mark.

    A path that has control characters, or characters that hide or reorder text, becomes a URI. If not `closed`, the
    quotes stay open, so that a person can go on typing the name of a file in a folder.
    """
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
