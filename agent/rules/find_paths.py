"""The paths in a person's message, whether a terminal, a list or the person wrote them."""

import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal

from internvl_vpr.tools.photo.photo import PHOTO_SUFFIXES
from internvl_vpr.tools.records import Record

from ..calls import MOST_PHOTOS
from .shell_words import SURROGATE, ShellWord, decode_uri, expanded, read_word, without_backslashes

Exists = Callable[[Path], bool]

MOST_MATCHES = 10_000  # of one wildcard that are looked at
MOST_WORDS = 24  # of a path that has spaces and no quotes
MOST_PATHS = 100  # in one text
MOST_MARKS = 16  # quotes, brackets and other punctuation before or after a path

# Formats that cannot be used are found as well, so that `open_photo` can say so.
_SUFFIXES = PHOTO_SUFFIXES | {".gif", ".bmp", ".avif", ".jp2", ".jxl", ".svg", ".dng", ".cr2", ".nef", ".arw", ".raw"}
_ROOTED = re.compile(r"(?:~[\w.-]*/|\.{1,2}/|file:/|/[^/]+/)[^/]|~[\w.-]*/$", re.IGNORECASE)
_URL = re.compile(r"(?:https?|ftp|s3|gs|data)://?\S+", re.IGNORECASE)
_END = re.compile(r"\s|[,;]|$")
_PUNCTUATION = "?!.,;:)]}>\"'`”’»…？！。，；：）】』」"
_OPENING = "([{<\"'`“‘«（【『「"
_CLOSING = {"'": "'", '"': '"', "`": "`", "“": "”", "‘": "’", "«": "»", "「": "」", "『": "』"}
_NORMAL_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")  # file names on a Mac are decomposed
_NO_PATH = frozenset({"", "/", ".", "..", "./", "../", "~"})


class Found(Record):
    """A path in a text: `path` can be opened (unquoted, `~` expanded); the rest is where and how it was written."""

    path: str
    written: str
    start: int
    end: int
    exists: bool = True


def find_paths(text: str, exists: Exists = os.path.exists) -> list[Found]:
    """Find the paths in a text, in its order; where several could be meant, the longest one that exists is taken.

    Web addresses and paths that look like a photo's but do not exist are found too, with `exists` false. A wildcard
    gives the photos that it matches: at most `MOST_PHOTOS` + 1, so that a caller can tell when there are too many.
    """
    text = SURROGATE.sub("\ufffd", text)
    found: list[Found] = []
    at = tried = 0
    while at < len(text) and len(found) <= MOST_PATHS:
        tried = 0 if text[at].isspace() else tried  # where there are no spaces, every try reads to the end
        can_start = tried < MOST_PATHS and _can_start(text, at)
        tried += can_start
        here = _paths_at(text, at, exists) if can_start else []
        found += here
        at = max(here[0].end, at + 1) if here else at + 1
    return found


def unquote_path(text: str) -> Path:
    """Return the path that a text stands for as terminals write it; variables such as `$HOME` are not expanded."""
    text = text.strip(" \t\r\n")
    word = read_word(text)
    whole = word.end == len(text) and not word.quote
    return expanded(decode_uri(word.value if whole else text))


def is_photo_name(name: str) -> bool:
    """Whether a name has the suffix of an image file."""
    stem, _, suffix = name.rpartition(".")
    return f".{suffix.lower()}" in _SUFFIXES and not stem.endswith("/") and stem != ""


def _can_start(text: str, at: int) -> bool:
    before = text[at - 1] if at else " "
    escaped = text[at - 2 : at - 1] == "\\"
    return not text[at].isspace() and not escaped and (before.isspace() or before in ",;，、；")


def _paths_at(text: str, at: int, exists: Exists) -> list[Found]:
    """Return what begins at this position: one path, the matches of one wildcard, or nothing."""
    if url := _URL.match(text, at):
        written = url[0].rstrip(_PUNCTUATION)
        return [Found(path=written, written=written, start=at, end=at + len(written), exists=False)]
    word, start = read_word(text, at), at
    while start < min(len(text), at + MOST_MARKS):
        if there := _existing(text, start, exists, word if start == at else None):
            return [there]
        if text[start] not in _OPENING:
            break
        start += 1
    return _matching(text, at, word) or _missing(text, at, word)


def _existing(text: str, start: int, exists: Exists, word: ShellWord | None) -> Found | None:
    """Return the longest path that begins at `start` and exists."""
    candidates = [*_quoted(text, start, word), *_unquoted(text, start)]
    if text[start] not in _CLOSING:
        candidates.sort(key=lambda candidate: -candidate[1])
    for value, end in candidates:
        if (path := _resolve(value, exists)) is not None:
            return Found(path=path, written=text[start:end], start=start, end=end)
    return None


def _quoted(text: str, start: int, word: ShellWord | None) -> Iterator[tuple[str, int]]:
    """Yield each reading of the quotes and backslashes from `start`, and where it ends."""
    if word is not None and not word.quote and len(word.value) != word.end - start:
        for value in _trimmed(word.value, word.bare):
            yield value, word.end - len(word.value) + len(value)
    closing = _CLOSING.get(text[start])
    inside = text[start + 1 : start + 2]
    end = text.find(closing, start + 1) if closing and not inside.isspace() else -1
    tries = 0
    while closing and end > 0 and tries < MOST_WORDS:
        after = text[end + 1 : end + 2]
        if after == "" or after.isspace() or after in _PUNCTUATION:
            yield text[start + 1 : end], end + 1
        end, tries = text.find(closing, end + 1), tries + 1


def _unquoted(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Yield what could be a path without quotes, the longest first: text with a slash or an image's suffix."""
    for end in reversed(_ends(text, start)):
        for span in _trimmed(text[start:end]):
            if span not in _NO_PATH and ("/" in span or is_photo_name(span)):
                yield span, start + len(span)
            if "\\" in span:
                yield without_backslashes(span), start + len(span)


def _ends(text: str, start: int) -> list[int]:
    """Return where on its line a path that begins at `start` could end."""
    ends = []
    for match in islice(_END.finditer(text, start), MOST_WORDS):
        ends.append(match.start())
        if match[0] in ("\n", "\r", ""):
            break
    return [end for end in ends if end > start]


def _trimmed(text: str, most: int | None = None) -> Iterator[str]:
    """Yield a text, and then shorter ones with less and less of the sentence's punctuation at their end."""
    least = len(text) - min(MOST_MARKS if most is None else most, len(text), MOST_MARKS)
    yield text
    while len(text) > least:
        if text.endswith(("'s", "’s")):
            text = text[:-2]
        elif text[-1] in _PUNCTUATION:
            text = text[:-1]
        else:
            return
        yield text


def _resolve(value: str, exists: Exists) -> str | None:
    """Return the path of a value that exists: as it is, with `~` expanded, as a URI, or in another Unicode form."""
    if not value.strip():
        return None
    paths = [value]
    if value.startswith("~"):
        paths.append(str(expanded(value)))
    elif value.lower().startswith("file:"):
        paths.append(decode_uri(value))
    if "’" in value:  # editors and phones turn a straight apostrophe into this one
        paths.append(str(expanded(value.replace("’", "'"))))
    if not value.isascii():
        paths += [unicodedata.normalize(form, path) for path in paths for form in _NORMAL_FORMS]
    return next((str(Path(path)) for path in dict.fromkeys(paths) if exists(Path(path))), None)


def _matching(text: str, start: int, word: ShellWord) -> list[Found]:
    """Return the photos that an unquoted wildcard matches, sorted; at most two parts of the path may have one."""
    if word.quote:
        return []
    for value in reversed(
        list(_trimmed(word.pattern, word.bare))
    ):  # a question mark at the end first counts as the question's
        end = word.end - len(word.pattern) + len(value)
        if photos := _glob(value, word.value):
            return [Found(path=path, written=text[start:end], start=start, end=end) for path in photos]
    return []


def _glob(pattern: str, value: str) -> list[str]:
    """Return the first photos that a pattern matches; `value` is the same text read as a plain path."""
    parts = pattern.split("/")
    wild = [at for at, part in enumerate(parts) if re.search(r"[*?](?!\])", part)]
    everywhere = any("**" in part for part in parts)  # it could search a whole disk
    if everywhere or not 1 <= len(wild) <= 2 or "\0" in pattern or not ("/" in pattern or is_photo_name(pattern)):
        return []
    folder = "/".join(value.split("/")[: wild[0]]) + ("/" if wild[0] else "")
    paths = islice(_matches(expanded(folder or "."), parts[wild[0] :]), MOST_MATCHES)
    usable = (path for path in paths if is_photo_name(path.name) and not path.name.startswith("."))
    return sorted(str(path) for path in usable if not SURROGATE.search(str(path)))[: MOST_PHOTOS + 1]


def _matches(folder: Path, parts: Sequence[str]) -> Iterator[Path]:
    """Yield what the parts of a pattern match below a folder, among at most `MOST_MATCHES` entries of each folder."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in islice(entries, MOST_MATCHES))
    except OSError:
        return
    for name in fnmatch.filter(names, parts[0]):
        yield from _matches(folder / name, parts[1:]) if parts[1:] else (folder / name,)


def _missing(text: str, start: int, word: ShellWord) -> list[Found]:
    """Return the path that begins here if it looks like a photo's, though it does not exist."""
    if text[start] in "'\"" and not word.quote and word.value:
        value = _bare(word.value, word.bare)
        end = word.end - len(word.value) + len(value)
    else:
        end = start + len(_longest(text, start))
        while start < end and text[start] in _OPENING and _CLOSING.get(text[start], ")") not in text[start + 1 : end]:
            start += 1
        value = without_backslashes(text[start:end])
    if not (_ROOTED.match(value) or is_photo_name(value)):
        return []
    path = str(expanded(decode_uri(value)))
    return [Found(path=path, written=text[start:end], start=start, end=end, exists=False)]


def _longest(text: str, start: int) -> str:
    """Return what a person probably meant as one path: up to an image's suffix, or else to the first space.

    Spaces belong to it if it begins at a folder, is the whole message, and no other word could be a photo.
    """
    line = text.strip()
    words = line.split()
    alone = start == len(text) - len(text.lstrip()) and len(words) <= MOST_WORDS and "\n" not in line
    if alone and _ROOTED.match(line) and [word for word in words if is_photo_name(_bare(word))] == words[-1:]:
        return _bare(line)
    span = ""
    for end in _ends(text, start):
        if text[end - 1] == "\\":
            continue
        for span in _trimmed(text[start:end]):
            if is_photo_name(span):
                return span
        if text[end : end + 1] not in (",", ";"):
            break
    return span


def _bare(text: str, most: int | None = None) -> str:
    *_, shortest = _trimmed(text, most)
    return shortest
