"""Completion in the chat's line: commands with what they do, their arguments, and paths anywhere in it."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from internvl_vpr.tools.text.foreign import one_line, visible

from ..calls import Known
from ..rules.find_paths import is_photo_name
from ..rules.shell_words import SURROGATE, decode_uri, expanded, quote_path, read_word
from ..rules.slash import BY_NAME, IMAGE_MODES, SLASHES, Slash

MOST_ENTRIES = 10_000  # of a folder that are looked at
MOST_RANKS = 20

_SETTINGS = {
    **{f"{name}=": BY_NAME[name].summary for name in ("k", "n", "trust", "tau")},
    "below_tau=strict": "below tau: drop the candidates",
    "below_tau=fallback": "below tau: keep the order by looks",
}
_FOLDERS_ONLY = frozenset({"add"})
_WITH_PATHS = frozenset({"locate", "compare", "add", "map", "export"})


class ChatCompleter(Completer):
    """Completes what a person types. `known` tells how many ranks there are, `sessions` which ones can be continued.

    It reads folders, so give it to a prompt that completes in a thread.
    """

    def __init__(
        self, known: Callable[[], Known] = Known, sessions: Callable[[], Sequence[str]] = tuple[str, ...]
    ) -> None:
        self._known = known
        self._sessions = sessions

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Yield what can follow the text before the cursor; what is inserted is read back by `find_paths`."""
        text = document.text_before_cursor
        line = text.lstrip()
        command, blank, rest = line.partition(" ")
        slash = BY_NAME.get(command[1:].casefold()) if command.startswith("/") and blank else None
        if line.startswith("/") and not blank:
            yield from _commands(line)
        if slash is not None:
            yield from self._arguments(slash, rest)
        if line != "/" and (slash is None or slash.name in _WITH_PATHS):
            folders_only = slash is not None and slash.name in _FOLDERS_ONLY
            asked = complete_event.completion_requested or slash is not None
            yield from _paths(text, folders_only=folders_only, asked=asked)

    def _arguments(self, slash: Slash, rest: str) -> Iterator[Completion]:
        word = rest.rpartition(" ")[2]
        for value, meaning in self._values(slash):
            if value.casefold().startswith(word.casefold()):
                yield Completion(value, -len(word), display=visible(value), display_meta=visible(meaning))

    def _values(self, slash: Slash) -> Iterator[tuple[str, str]]:
        if slash.name in ("why", "candidates", "compare", "cues", "read"):
            candidates = min(self._known().candidates, MOST_RANKS)
            yield from ((str(rank), "rank") for rank in range(1, candidates + 1))
        elif slash.name == "settings":
            yield from _SETTINGS.items()
        elif slash.name == "images":
            yield from ((mode, slash.summary) for mode in IMAGE_MODES)
        elif slash.name == "continue":
            yield from ((session, "session") for session in self._sessions())
        elif slash.name == "help":
            yield from ((each.name, each.summary) for each in SLASHES)


def _commands(line: str) -> Iterator[Completion]:
    typed = line[1:].casefold()
    for slash in SLASHES:
        names = [name for name in (slash.name, *slash.aliases) if name.startswith(typed)]
        if names:
            name = slash.name if slash.name in names else names[0]
            yield Completion(f"/{name}", -len(line), display=f"/{name} {slash.arguments}", display_meta=slash.summary)


def _paths(text: str, *, folders_only: bool, asked: bool) -> Iterator[Completion]:
    """Yield the folders and photos that the last word of a text may become; a plain word only when `asked`."""
    start, typed, style = _last_word(text)
    path = decode_uri(typed)
    if not (asked or style or "/" in path or path.startswith("~")):
        return
    folder, slash, name = path.rpartition("/") if path != "~" else ("~", "/", "")
    for entry, is_folder in _entries(expanded(folder + slash or "."), name, folders_only=folders_only):
        whole = folder + slash + entry + ("/" if is_folder else "")
        inserted = quote_path(whole, style, closed=not is_folder)
        yield Completion(
            inserted,
            start - len(text),
            display=one_line(entry) + ("/" if is_folder else ""),
            display_meta="folder" if is_folder else "photo",
        )


def _last_word(text: str) -> tuple[int, str, str]:
    """Return where the word before the cursor begins, what it says, and the quote that is open in it."""
    start = at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            start = at
            continue
        start, quoted = at, text[at] in "'\""
        word = read_word(text, at)
        if word.quote and not quoted:  # an apostrophe
            end = next((end for end in range(at, len(text)) if text[end].isspace()), len(text))
            if end == len(text):
                return start, text[at:], ""
            at = end
        elif word.end == len(text):
            return start, word.value, text[at] if quoted else ""
        else:
            at = word.end
    return start, "", ""


def _entries(folder: Path, name: str, *, folders_only: bool) -> list[tuple[str, bool]]:
    """Return the names in a folder that begin with `name`, folders first; none when it cannot be read."""
    begin = _folded(name)
    found: list[tuple[str, bool]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MOST_ENTRIES):
                hidden = entry.name.startswith(".") and not name.startswith(".")
                if hidden or SURROGATE.search(entry.name) or not _folded(entry.name).startswith(begin):
                    continue
                is_folder = entry.is_dir()
                if is_folder or (is_photo_name(entry.name) and not folders_only):
                    found.append((entry.name, is_folder))
    except (OSError, ValueError):  # ValueError: a null byte in the path
        return []
    return sorted(found, key=lambda entry: (not entry[1], _folded(entry[0]), entry[0]))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
