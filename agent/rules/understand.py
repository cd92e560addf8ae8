"""What a person asks for, by rules and without a model: first the paths, then the words, clause by clause."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.explain_match import About

from ..calls import Call, ChangeSettings, ComparePlaces, IndexPhotos, Known, LocatePhoto, SummarizeMap, Understood
from .find_paths import Exists, Found
from .follow_ups import Listing, call, compare_known, compare_ranks, distinct, explain, locate_known, show
from .glossary import told_term
from .known_names import named_before
from .numbers import photo_numbers, ranks, without_photo_numbers
from .path_problems import check_all_there, check_folder, check_photos, is_folder
from .replies import HELP, NAME_A_FOLDER, NAME_TWO, NOT_UNDERSTOOD, TOO_LONG, reply_to
from .setting_changes import changed_settings
from .shell_words import SURROGATE, expanded
from .slash import parse_slash
from .slash_calls import commanded
from .topics import Topic, clauses, fold, topic_of

MOST_CHARACTERS = 10_000
MOST_WORDS = 2_000  # characters besides the paths

_Clause = tuple[Topic, str]
_ABOUT: dict[Topic, About] = {"why": "match", "text": "text", "certainty": "certainty"}

_OF_A_LIST = re.compile(r"\b(?:candidates?|alternatives?|runners?[-\s]?up|else|other|top|the\s+(?:list|rest))\b")
_SHOWN = re.compile(r"\b(?:show|list|see)\b")
_COMMAND = re.compile(
    r"\b(export|save|undo|replay|quit|exit|bye|goodbye|stop|cancel|history|sessions?|continue|resume|clear|download|print)\b"
)
_ADDED = re.compile(
    r"\b(?:add|index|import|learn|include|put|load|scan)\s+(?P<folder>\S.*?)"
    r"(?:\s+(?:to|on|onto|into|in)\s+(?:(?:the|my|your)\s+(?:photo\s+)?\w+|map|index|database|collection))?"
    r"(?:,?\s+please)?[\s.!?]*$",
    re.IGNORECASE,
)
_BEFORE_A_FOLDER = frozenset(
    {"all", "the", "my", "photos", "pictures", "images", "of", "in", "from", "folder", "directory"}
)
# Text in quotes is a name or a citation, except what the answer is asked to say, such as "unknown".
_IN_QUOTES = re.compile(
    r"(?!.(?:unknown|(?:i )?(?:don't|do not) know)\b)(?:\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»|(?<!\S)'[^'\n]*'(?=\W|$))",
    re.IGNORECASE,
)


def understand(text: str, known: Known, exists: Exists = os.path.exists) -> Understood:
    """Say what a message asks for: tools to call one after another, or a reply.

    Paths are removed from the message before its words are read, so that no file's name can ask for anything.
    The only thing that is looked up is whether paths exist.
    """
    if len(text) > MOST_CHARACTERS:
        return Understood(reply=TOO_LONG, problem=True)
    text = SURROGATE.sub("\ufffd", text)
    try:
        command = parse_slash(text, exists)
        wanted = commanded(*command, known, exists) if command else _asked(text, known, exists)
    except UsageError as error:
        return Understood(reply=str(error), problem=True)
    if isinstance(wanted, str):
        return Understood(reply=wanted)
    return Understood(calls=tuple(wanted))


def _asked(text: str, known: Known, exists: Exists) -> list[Call] | str:
    """Return the calls that a message asks for, or a reply; raises `UsageError`."""
    written = text
    text, found = named_before(written, known, exists)
    changes: dict[str, Any] = {}
    topics: list[_Clause] = []
    words = fold(_without(text, found))
    if len(words) > MOST_WORDS:
        raise UsageError(TOO_LONG)
    if not found and (told := _terms(text)):
        return told
    for clause in clauses(words):
        changed = changed_settings(clause)
        changes |= changed
        topic = None if changed else topic_of(clause)
        if topic is not None and (
            topic != "where" or text == written
        ):  # the name of a reference asks to show that candidate
            topics.append((topic, clause))
    calls = [call(ChangeSettings(**changes))] if changes else []
    if found and (said := _said_of_paths(topics, known)):
        return said
    if found:
        return calls + _with_paths(topics, found, known, again=bool(changes))
    wanted = _without_paths(text, topics, known, exists)
    if isinstance(wanted, str) and not calls:
        return wanted
    return calls + ([] if isinstance(wanted, str) else wanted)


def _terms(text: str) -> str | None:
    """Say what terms mean, if the message asks nothing else."""
    told = [told_term(clause) for clause in clauses(fold(text))]
    return " ".join(dict.fromkeys(one for one in told if one)) if told and all(told) else None


def _said_of_paths(topics: Sequence[_Clause], known: Known) -> str | None:
    """Return the reply to a message that wants paths removed or not added."""
    names = [topic for topic, _ in topics]
    if "add" in names:
        return None
    return next((reply_to(topic, known) for topic in ("forget", "not added", "how to add") if topic in names), None)


def _without(text: str, found: Sequence[Found]) -> str:
    """Remove paths from a text, and what stands in quotes, which is a name or a citation."""
    for start, end in sorted(
        {(one.start, one.end) for one in found}, reverse=True
    ):  # all matches of a wildcard have one span
        text = f"{text[:start]} {text[end:]}"
    quoted = _IN_QUOTES.sub(" ", text)
    return quoted if re.search(r"\w", quoted) else text


def _with_paths(topics: Sequence[_Clause], found: Sequence[Found], known: Known, *, again: bool) -> list[Call]:
    """Return the calls for a message with paths: folders are added; photos are compared, or located and explained."""
    names = {topic for topic, _ in topics}
    folders = [one for one in found if is_folder(one.path)]
    photos = list({one.path: one for one in found if one not in folders}.values())
    calls: list[Call] = []
    if "add" in names:
        for one in folders or photos:
            check_folder(one)
        calls = [call(IndexPhotos(folder=one.path)) for one in folders]
    elif folders and names == {"map"}:
        return [call(SummarizeMap())]
    else:
        check_photos(folders)
    if not photos:
        return calls
    check_photos(photos)
    for topic, clause in topics:
        if topic in ("same", "compare") and (compared := _compared(clause, photos, known, again=again)):
            return calls + compared
    return calls + _located(topics, photos, known, again=again or "where" in names)


def _compared(clause: str, photos: Sequence[Found], known: Known, *, again: bool) -> list[Call]:
    """Return the comparison of the named photos; a single one is compared with one that was located before."""
    fresh = Listing(known, fresh=True)
    numbered = photo_numbers(clause)
    if len(photos) == 1 and not numbered and (named := fresh.ranks(clause)):
        if photos[0].path in known.photos and not again:
            return [compare_ranks(named, fresh.of_photo(photos[0].path))]
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


def _located(topics: Sequence[_Clause], photos: Sequence[Found], known: Known, *, again: bool) -> list[Call]:
    """Locate each photo, and answer the questions about it before the next one.

    A photo that was located before is not located again if the questions are only about its answer.
    """
    calls: list[Call] = []
    for photo in photos:
        listing = Listing(known, fresh=True)
        answered = photo.path in known.photos and not again
        if answered and (follow_ups := _follow_ups(topics, listing.of_photo(photo.path))):
            calls += follow_ups
        else:
            calls += [call(LocatePhoto(photo=photo.path)), *_follow_ups(topics, listing)]
    return calls


def _follow_ups(topics: Sequence[_Clause], listing: Listing) -> list[Call]:
    calls: list[Call] = []
    for topic, clause in topics:
        words = without_photo_numbers(clause)  # "my second photo" names no candidate
        if topic != "candidates" or _OF_A_LIST.search(words) or (_SHOWN.search(words) and ranks(words, 1)):
            calls += _follow_up(topic, words, listing)
    return _each_once(calls)


def _each_once(calls: Sequence[Call]) -> list[Call]:
    return [one for at, one in enumerate(calls) if one not in calls[:at]]


def _follow_up(topic: Topic, clause: str, listing: Listing) -> list[Call]:
    """Answer a question about candidates of the photos that a clause names."""
    words = without_photo_numbers(clause)
    calls: list[Call] = []
    for whose in listing.spoken_of(clause):
        if topic in _ABOUT:
            calls += explain(_ABOUT[topic], words, whose)
        elif topic == "candidates":
            calls += show(words, whose)
    return calls


def _without_paths(text: str, topics: Sequence[_Clause], known: Known, exists: Exists) -> list[Call] | str:
    """Return the calls for a message without paths, or a reply."""
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
    return _each_once(calls) or _without_calls(text, topics, known, exists)


def _without_calls(text: str, topics: Sequence[_Clause], known: Known, exists: Exists) -> list[Call] | str:
    """Return the reply to a message that asks for no tool, unless all of it is the name of a file."""
    if topics:
        topic, clause = topics[0]
        word = _COMMAND.search(clause)
        return reply_to(topic, known, word[1] if word else None)
    path = Path(text.strip())
    if text.strip() and exists(path):  # the message is the name of a file without a suffix
        check_photos([Found(path=str(path), written=text, start=0, end=len(text))])
        return [call(LocatePhoto(photo=str(path)))]
    return NOT_UNDERSTOOD if text.strip() else HELP


def _add(text: str) -> Call:
    """Return the call that adds a folder whose name looks like plain words; raises `UsageError` if there is none."""
    match = _ADDED.search(text)
    words = match["folder"].split() if match else []
    if words and words[-1].casefold() in ("folder", "directory") and not is_folder(str(expanded(" ".join(words)))):
        words.pop()
    while words:
        path = str(expanded(" ".join(words)))
        if is_folder(path):
            return call(IndexPhotos(folder=path))
        if words.pop(0).casefold() not in _BEFORE_A_FOLDER:
            break
    raise UsageError(NAME_A_FOLDER)
