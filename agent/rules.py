"""What a person asks for, by plain rules and without any model: paths first, then words, clause by clause."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..tools.errors import UsageError
from .calls import Call, ChangeSettings, ComparePlaces, IndexPhotos, Known, LocatePhoto, SummarizeMap, Understood
from .paths_in_text import Exists, Found, find_paths
from .rules_follow import Listing, call, compare_known, compare_ranks, distinct, explain, locate_known, show
from .rules_numbers import photo_numbers, ranks
from .rules_paths import check_all_there, check_folder, check_photos, is_folder
from .rules_quoting import SURROGATE, expanded
from .rules_replies import HELP, NAME_A_FOLDER, NAME_TWO, NOT_UNDERSTOOD, TOO_LONG, reply_to
from .rules_settings import changed_settings
from .rules_slash import commanded
from .rules_topics import Topic, clauses, fold, topic_of
from .slash import parse_slash

MOST_CHARACTERS = 10_000
MOST_WORDS = 2_000  # characters that are no paths

_Clause = tuple[Topic, str]

_OF_A_LIST = re.compile(r"\b(?:candidates?|alternatives?|runners?[-\s]?up|else|other|top|the\s+(?:list|rest))\b")
_SHOWN = re.compile(r"\b(?:show|list|see)\b")
_COMMAND = re.compile(
    r"\b(export|save|undo|replay|quit|exit|bye|goodbye|stop|cancel|history|sessions?|continue|resume|clear|download|print)\b"
)
_ADDED = re.compile(
    r"\b(?:add|index|import|learn|include|put|load|scan)\s+(?P<folder>\S.*?)"
    r"(?:\s+(?:to|on|onto|into|in)\s+(?:the|my|your)\s+\w+)?[\s.!?]*$",
    re.IGNORECASE,
)
_BEFORE_A_FOLDER = frozenset(
    {"all", "the", "my", "photos", "pictures", "images", "of", "in", "from", "folder", "directory"}
)
# What is said in quotes is a name or a citation, but for what an answer shall say.
_IN_QUOTES = re.compile(
    r"(?!.(?:unknown|(?:i )?(?:don't|do not) know)\b)(?:\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|(?<!\S)'[^'\n]*'(?=\W|$))",
    re.IGNORECASE,
)


def understand(text: str, known: Known, exists: Exists = os.path.exists) -> Understood:
    """Say what a message asks for: tools to call one after another, or something to say at once.

    Paths are cut out of the message before its words are read, so that no name of a file can ask for anything.
    Nothing but whether paths exist is looked up.
    """
    if len(text) > MOST_CHARACTERS:
        return Understood(reply=TOO_LONG)
    text = SURROGATE.sub("\ufffd", text)
    try:
        command = parse_slash(text, exists)
        wanted = commanded(*command, known, exists) if command else _asked(text, known, exists)
    except UsageError as error:
        return Understood(reply=str(error))
    if isinstance(wanted, str):
        return Understood(reply=wanted)
    return Understood(calls=tuple(wanted))


def _asked(text: str, known: Known, exists: Exists) -> list[Call] | str:
    """Return the calls that a message asks for, or what is said at once; raises `UsageError`."""
    found = find_paths(text, exists)
    changes: dict[str, Any] = {}
    topics: list[_Clause] = []
    words = fold(_without(text, found))
    if len(words) > MOST_WORDS:
        return TOO_LONG
    for clause in clauses(words):
        changed = changed_settings(clause)
        changes |= changed
        topic = None if changed else topic_of(clause)
        if topic is not None:
            topics.append((topic, clause))
    calls = [call(ChangeSettings(**changes))] if changes else []
    if found:
        return calls + _with_paths(topics, found, known)
    wanted = _without_paths(text, topics, known, exists)
    if isinstance(wanted, str) and not calls:
        return wanted
    return calls + ([] if isinstance(wanted, str) else wanted)


def _without(text: str, found: Sequence[Found]) -> str:
    """Cut paths out of a text, and what stands in double quotes, which is a name or a citation, too."""
    for start, end in sorted({(one.start, one.end) for one in found}, reverse=True):  # a wildcard's have one span
        text = f"{text[:start]} {text[end:]}"
    quoted = _IN_QUOTES.sub(" ", text)
    return quoted if re.search(r"\w", quoted) else text


def _with_paths(topics: Sequence[_Clause], found: Sequence[Found], known: Known) -> list[Call]:
    """Return what a message with paths asks for: folders are added, photos compared or located and talked about."""
    names = {topic for topic, _ in topics}
    folders = [one for one in found if is_folder(one.path)]
    photos = list({one.path: one for one in found if one not in folders}.values())
    calls: list[Call] = []
    if "add" in names:
        for one in folders or photos:
            check_folder(one)
        calls = [call(IndexPhotos(folder=one.path)) for one in folders]
    elif names & {"not added", "how to add"}:
        raise UsageError(reply_to("not added" if "not added" in names else "how to add", known))
    elif folders and names == {"map"}:
        return [call(SummarizeMap())]
    else:
        check_photos(folders)
    if not photos:
        return calls
    check_photos(photos)
    for topic, clause in topics:
        if topic in ("same", "compare") and (compared := _compared(clause, photos, known)):
            return calls + compared
    return calls + _located(topics, photos, known)


def _compared(clause: str, photos: Sequence[Found], known: Known) -> list[Call]:
    """Return the comparison of photos: those named, and the one of before when only one is."""
    fresh = Listing(known, fresh=True)
    numbered = photo_numbers(clause)
    if len(photos) == 1 and not numbered and (named := fresh.ranks(clause)):
        return [call(LocatePhoto(photo=photos[0].path)), compare_ranks(named, fresh)]
    check_all_there(photos)
    paths = [one.path for one in photos]
    if len(paths) == 1:
        before = [photo for photo in distinct(known) if numbered or photo not in paths]
        at = numbered[0] - 1 if numbered and numbered[0] <= len(before) else -1
        if not before:
            raise UsageError(NAME_TWO)
        paths = [before[at], *paths]
    return [call(ComparePlaces(photos=tuple(paths)))]


def _located(topics: Sequence[_Clause], photos: Sequence[Found], known: Known) -> list[Call]:
    """Locate each photo, and answer the questions about it before the next."""
    listing = Listing(known, fresh=True)
    calls: list[Call] = []
    for photo in photos:
        follow_ups: list[Call] = []
        for topic, clause in topics:
            shows = _OF_A_LIST.search(clause) or (_SHOWN.search(clause) and ranks(clause, 1))
            if topic != "candidates" or shows:  # "my second photo" is no candidate
                follow_ups += _follow_up(topic, clause, listing)
        calls += [call(LocatePhoto(photo=photo.path)), *_each_once(follow_ups)]
    return calls


def _each_once(calls: Sequence[Call]) -> list[Call]:
    return [one for at, one in enumerate(calls) if one not in calls[:at]]


def _follow_up(topic: Topic, clause: str, listing: Listing) -> list[Call]:
    if topic == "why":
        return explain("match", clause, listing)
    if topic == "text":
        return explain("text", clause, listing)
    if topic == "certainty":
        return explain("certainty", clause, listing)
    return show(clause, listing) if topic == "candidates" else []


def _without_paths(text: str, topics: Sequence[_Clause], known: Known, exists: Exists) -> list[Call] | str:
    """Return what a message asks for that names no path, or what is said at once."""
    calls: list[Call] = []
    listing = Listing(known)
    for topic, clause in topics:
        if topic == "add":
            calls.append(_add(text))
        elif topic == "map":
            calls.append(call(SummarizeMap()))
        elif topic == "settings":
            calls.append(call(ChangeSettings()))
        elif topic == "where":
            calls += locate_known(clause, known)
            listing = Listing(known, fresh=True)
        elif topic in ("same", "compare"):
            calls += compare_known(topic, clause, listing)
        else:
            calls += _follow_up(topic, clause, listing)
    if calls:
        return _each_once(calls)
    for topic, clause in topics:
        word = _COMMAND.search(clause)
        return reply_to(topic, known, word[1] if word else None)
    path = Path(text.strip())
    if text.strip() and exists(path):  # a name without a suffix, alone
        check_photos([Found(path=str(path), written=text, start=0, end=len(text))])
        return [call(LocatePhoto(photo=str(path)))]
    return NOT_UNDERSTOOD if text.strip() else HELP


def _add(text: str) -> Call:
    """Return the call that adds a folder whose name is plain words; raises `UsageError` when there is none."""
    match = _ADDED.search(text)
    words = match["folder"].split(" ") if match else []
    while words:
        path = str(expanded(" ".join(words)))
        if is_folder(path):
            return call(IndexPhotos(folder=path))
        if words.pop(0).casefold() not in _BEFORE_A_FOLDER:
            break
    raise UsageError(NAME_A_FOLDER)
