"""The tool calls that slash commands of kind `tool` stand for."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.explain_match import About
from internvl_vpr.tools.text.foreign import shown

from ..calls import Call, ChangeSettings, ComparePlaces, IndexPhotos, Known, LocatePhoto, SummarizeMap
from .find_paths import Exists, Found
from .follow_ups import Listing, call, compare_ranks, distinct, explain, locate_known, show
from .known_names import names_of
from .path_problems import check_all_there, check_folder, check_photos, is_folder
from .replies import HELP, NAME_A_FOLDER, NAME_TWO
from .setting_changes import GRADES, RANGES, setting
from .shell_words import expanded
from .slash import Slash

_RANK = re.compile(r"#?(\d{1,6})(?:st|nd|rd|th)?[?.,]?")
_OTHERS_NAMES = {"t": "tau", "τ": "tau", "threshold": "tau", "candidates": "k", "cues": "n", "below-tau": "below_tau"}

_ABOUT: dict[str, About] = {"why": "match", "cues": "match", "read": "text", "sure": "certainty"}


def commanded(
    slash: Slash, arguments: Sequence[str], known: Known, exists: Exists = os.path.exists
) -> list[Call] | str:
    """Return the calls that a command and its arguments ask for, or a reply.

    Raises `UsageError` for invalid arguments.
    """
    arguments = [_meant(argument, known, exists) for argument in arguments]

    def seen(path: Path) -> bool:
        return str(path) in known.photos or exists(path)

    if slash.name == "help":
        return HELP
    if slash.kind == "terminal":
        return f"/{slash.name} only works in the terminal's chat."
    if slash.name == "locate":
        return _locate(arguments, known, seen)
    if slash.name == "compare":
        return [_compare(arguments, Listing(known), seen)]
    if slash.name == "add":
        return _add(arguments, exists)
    if slash.name == "db":
        return [call(SummarizeMap())]
    if slash.name in ("settings", "k", "n", "tau", "trust"):
        return [call(ChangeSettings(**_settings(slash.name, arguments)))]
    return _about_candidates(slash.name, arguments, known)


def _about_candidates(name: str, arguments: Sequence[str], known: Known) -> list[Call]:
    """Return the calls of a command about candidates of the latest answer, or of a photo that was located before."""
    photos = [argument for argument in arguments if argument in known.photos]
    listing = Listing(known).of_photo(photos[-1]) if photos else Listing(known)
    words = _ranks([argument for argument in arguments if argument not in photos])
    return show(words, listing) if name == "candidates" else explain(_ABOUT[name], words, listing)


def _meant(argument: str, known: Known, exists: Exists) -> str:
    """Return an argument; if it is no file but a name that answers have shown, the photo's path or the rank."""
    return argument if exists(expanded(argument)) else str(names_of(known).get(argument.casefold(), argument))


def _locate(arguments: Sequence[str], known: Known, exists: Exists) -> list[Call]:
    if not arguments:
        return locate_known("", known)
    found = [_as_found(argument, exists) for argument in arguments]
    check_photos(found)
    return [call(LocatePhoto(photo=one.path)) for one in found]


def _compare(arguments: Sequence[str], listing: Listing, exists: Exists) -> Call:
    paths = [argument for argument in arguments if argument.casefold() not in ("and", "with", "to", "vs", "&")]
    if all(_RANK.fullmatch(path.strip(",;")) for path in paths):
        return compare_ranks(listing.ranks(_ranks(paths)), listing)
    found = [_as_found(path, exists) for path in paths]
    check_all_there(found)
    photos = [*(distinct(listing.known)[-1:] if len(found) == 1 else []), *(one.path for one in found)]
    if len(photos) < 2:
        raise UsageError(NAME_TWO)
    return call(ComparePlaces(photos=tuple(photos)))


def _add(arguments: Sequence[str], exists: Exists) -> list[Call]:
    if not arguments:
        raise UsageError(NAME_A_FOLDER)
    whole = " ".join(arguments)  # a name with spaces and no quotes
    found = [_as_found(argument, exists) for argument in ([whole] if is_folder(whole) else arguments)]
    for one in found:
        check_folder(one)
    return [call(IndexPhotos(folder=one.path)) for one in found]


def _settings(name: str, arguments: Sequence[str]) -> dict[str, Any]:
    """Read `k=50 n 5 tau:0.7 strict`, or the one value of `/k 50`."""
    words = re.sub(r"\s*[=:]\s*", " ", " ".join(arguments).casefold()).split()
    changes: dict[str, Any] = {}
    while words:
        word = words.pop(0)
        key = _OTHERS_NAMES.get(word, word)
        if name != "settings" and key not in RANGES:
            key, words = name, [word, *words]
        if key in ("strict", "fallback"):
            key, words = "below_tau", [key, *words]
        if key in GRADES:
            key, words = "trust", [key, *words]
        if key not in RANGES:
            raise UsageError(f"{shown(word)} cannot be changed here: the settings are k, n, trust, tau and below_tau.")
        if not words:
            raise UsageError(f"{key} needs a value: {RANGES[key]}")
        value = words.pop(0).rstrip(",;")
        percent = value.endswith("%") or words[:1] == ["%"]
        words = words[1:] if words[:1] == ["%"] else words
        changes[key] = setting(key, value.rstrip("%"), percent=percent)
    return changes


def _ranks(arguments: Sequence[str]) -> str:
    """Return arguments as words that name ranks; raises `UsageError` for one that is no rank."""
    ranks = []
    for argument in arguments:
        word = argument.casefold().strip(",;")
        match = _RANK.fullmatch(word)
        if match is None and word not in ("and", "with", "query", "first", "second", "third", "last", "runner-up"):
            raise UsageError(f"{shown(argument)} is not a rank: give a number from 1, such as 2.")
        if word != "query":
            ranks.append(f"candidate {match[1]}" if match else f"the {word}")
    return " ".join(ranks)


def _as_found(path: str, exists: Exists) -> Found:
    path = str(expanded(path))
    return Found(path=path, written=path, start=0, end=len(path), exists=exists(Path(path)))
