"""What a model may choose: only paths and values that the person wrote, whatever a photo, sign or tool says."""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from internvl_vpr.tools.endpoint.json_answer import UnusableAnswer
from internvl_vpr.tools.errors import UsageError

from ..calls import MOST_PHOTOS, Call, Known
from ..rules.find_paths import Found, find_paths, unquote_path
from ..rules.setting_changes import QUESTION, changed_settings
from ..rules.topics import asks_to_add, clauses, fold
from ..rules.understand import MOST_CHARACTERS, MOST_WORDS
from .state import question_of, turn_of

_MOST_MESSAGES = 50  # of the person that are searched, the latest first
# A folder is added only if the message has one of these words, in the languages that most people write.
_ADDS = re.compile(
    r"\b(?:add|index|import|includ|learn|remember|load|scan|ingest|put|updat|extend|enlarg|hinzu|füg|aufnehm|nimm|lern|"
    r"ajout|añad|agreg|aggiung|toevoeg|voeg|adicion|acrescent|dodaj|lägg|tilføj|добав)"
)
# Words that forbid instead of asking, anywhere in a clause.
_NEGATES = re.compile(
    r"\b(?:don't|not|never|no|nor|without|stop|refuse|avoid|cannot|can't|won't|nicht|kein\w*|pas|non)\b"
)
# What the settings are called in the languages that most people write.
_SPOKEN_OF = {
    "k": re.compile(r"\b(?:k|[ck]andidat\w*)\b"),
    "n": re.compile(r"\b(?:n|cues?|stichw\w+|hinweis\w*|merkmal\w*|indices?|indizi|pistas?|aanwijzing\w*)\b"),
    "tau": re.compile(
        r"\b(?:tau|threshold|trust|score|s|vertrau\w*|schwell\w*|confian\w*|seuil|umbral|fiduci\w*|soglia|vertrouw\w*)\b|τ"
    ),
    "trust": re.compile(
        r"\b(?:trust\w*|confirm\w*|likely|guess\w*|strict\w*|any|vertrau\w*|bestätigt\w*|confian\w*|fiduci\w*|vertrouw\w*)\b"
    ),
    "below_tau": re.compile(r"\b(?:below[_ -]tau|mode|strict|fallback|unknown)\b"),
}
_NUMBER = re.compile(r"(?<![\w.,])(?P<sign>[-−]?)(?P<digits>\d+(?:[.,]\d+)*|[.,]\d+)(?P<percent>\s*(?:%|per\s?cent))?")


def permitted(call: Call, messages: Sequence[AnyMessage], known: Known) -> tuple[Call, ...]:
    """Return the calls that a chosen call stands for, with paths that can be opened; raises `UnusableAnswer`.

    A wildcard that the person wrote stands for every photo that it matches. Paths are looked up on disk.
    """
    call = _about_located(call, known)
    _check_ranks(call, known)
    calls = tuple(_permitted(call, messages, known))
    done = _done_since_change(messages)
    if all((one.name, _key(one.arguments)) in done for one in calls):
        raise UnusableAnswer(f"{call.name} was already called with these arguments, and its result is above")
    return calls


def _permitted(call: Call, messages: Sequence[AnyMessage], known: Known) -> Iterator[Call]:
    if call.name == "locate_photo":
        found = _written(call.arguments["photo"], _messages_of(messages), known.photos)
        if len(found) > MOST_PHOTOS:
            raise UnusableAnswer(f"the wildcard matches more than {MOST_PHOTOS} photos: say so, and ask for fewer")
        for path in found:
            yield Call(name=call.name, arguments={"photo": path})
    elif call.name == "compare_places":
        yield _comparison(call, messages, known)
    elif call.name == "index_photos":
        yield _addition(call, question_of(messages))
    else:
        if call.name == "change_settings":
            _check_settings(call, question_of(messages))
        yield call


def _comparison(call: Call, messages: Sequence[AnyMessage], known: Known) -> Call:
    photos, ranks = call.arguments["photos"], call.arguments["ranks"]
    whose = {"photo": call.arguments["photo"]} if "photo" in call.arguments else {}
    found = [path for photo in photos for path in _written(photo, _messages_of(messages), known.photos)]
    found = list(dict.fromkeys(found))
    if bool(found) == bool(ranks) or len(found) == 1 or (found and whose):
        raise UnusableAnswer("compare_places takes two or more photos, or one or two ranks of one photo")
    if len(found) > MOST_PHOTOS:
        raise UnusableAnswer(f"compare_places takes at most {MOST_PHOTOS} photos")
    return Call(name=call.name, arguments={"photos": found, "ranks": ranks, **whose})


def _addition(call: Call, question: str) -> Call:
    """Check that the latest message asks to add the folder; the paths in it are not read for that."""
    folders = _written(call.arguments["folder"], [question], ())
    asking = clauses(fold(_without_paths(question)))
    asked = any(
        asks_to_add(clause) or (_ADDS.search(clause) and not _NEGATES.search(clause) and not QUESTION.search(clause))
        for clause in asking
    )
    if not asked or len(folders) != 1:
        raise UnusableAnswer("the latest message does not ask to add this folder")
    return Call(name=call.name, arguments={"folder": folders[0]})


def _about_located(call: Call, known: Known) -> Call:
    """Fill in the full path of the located photo that a question about candidates names; raises `UnusableAnswer`."""
    photo = call.arguments.get("photo")
    if photo is None or call.name == "locate_photo":
        return call
    located = dict.fromkeys(known.photos)
    same = [one for one in located if _normal(one) == _normal(photo)]
    same = same or [one for one in located if _normal(Path(one).name) == _normal(photo)]
    if len(same) != 1:
        raise UnusableAnswer(
            f"{json.dumps(photo, ensure_ascii=False)[:200]} has not been located yet: use locate_photo"
        )
    return call.model_copy(update={"arguments": {**call.arguments, "photo": same[0]}})


def _check_ranks(call: Call, known: Known) -> None:
    """Check ranks in the latest answer's list; how long an earlier list is, only the tool knows."""
    if known.photos and call.arguments.get("photo") not in (None, known.photos[-1]):
        return
    ranks = [call.arguments.get("rank"), *call.arguments.get("ranks", ())]
    if all(rank is None for rank in ranks):
        return
    if known.candidates == 0:
        raise UnusableAnswer("no photo has been located yet, or the answer lists no candidates")
    if any(rank is not None and rank > known.candidates for rank in ranks):
        raise UnusableAnswer(f"the latest answer only lists candidates from 1 to {known.candidates}")


def _check_settings(call: Call, question: str) -> None:
    """Check that the latest message names every value; the paths in it are not read for that."""
    text = _without_paths(question)
    understood = _understood_settings(text)
    for name, value in call.arguments.items():
        if understood.get(name) != value and not any(_names(clause, name, value) for clause in clauses(fold(text))):
            raise UnusableAnswer(f"the latest message does not name {json.dumps(value)} for {name}")


def _names(clause: str, name: str, value: object) -> bool:
    """Whether a clause names a setting and this value, and does not forbid the change."""
    if _NEGATES.search(clause) or not _SPOKEN_OF[name].search(clause):
        return False
    return value in clause if isinstance(value, str) else Decimal(str(value)) in set(_values(clause))


def _understood_settings(text: str) -> dict[str, object]:
    """Return the changes that the rules understand, for those without a number, such as "trust everything"."""
    changes: dict[str, object] = {}
    if len(text) > MOST_WORDS:
        return changes
    for clause in clauses(fold(text)):
        if re.search(r"\b(?:never|don't|do not|won't|refuse)\b", clause):
            continue
        try:
            changes |= changed_settings(clause)
        except UsageError:
            continue
    return changes


def _values(text: str) -> Iterator[Decimal]:
    """Yield the numbers that a text has in digits."""
    text = unicodedata.normalize("NFKC", text)
    for match in _NUMBER.finditer(text):
        digits = match["digits"]
        for form in {digits.replace(",", ""), digits.replace(",", ".")}:
            try:
                value = Decimal(form)
            except InvalidOperation:
                continue
            value = -value if match["sign"] else value
            yield value
            if match["percent"]:
                yield value / 100


def _messages_of(messages: Sequence[AnyMessage]) -> Iterator[str]:
    """Yield what the person wrote, the latest first."""
    written = [message.text for message in messages if isinstance(message, HumanMessage)]
    yield from reversed(written[-_MOST_MESSAGES:])


def _written(path: str, texts: Sequence[str] | Iterator[str], photos: Sequence[str]) -> list[str]:
    """Return the files that a path stands for, if it is in one of the texts or was located; raises `UnusableAnswer`."""
    wanted = {_normal(path), _normal(str(unquote_path(path)))}
    named: list[str] = list(photos)
    for text in texts:
        if found := _named(wanted, text, named):
            return found
    same = [photo for photo in photos if _normal(photo) in wanted]
    if not same and Path(path).name == path:  # results name files without their folders
        same = list(dict.fromkeys(other for other in named if _normal(Path(other).name) == _normal(path)))
    if len(set(same)) != 1:
        raise UnusableAnswer(f"{json.dumps(path, ensure_ascii=False)[:200]} is not a path that the person wrote")
    return same[:1]


def paths_in(text: str) -> list[Found]:
    """Return the paths that a person's message names; none if the message is too long to search."""
    return find_paths(text) if len(text) <= MOST_CHARACTERS else []


def _named(wanted: set[str], text: str, named: list[str]) -> list[str]:
    """Return the paths in a text that have one of these forms, and add all paths in it to `named`."""
    found = [one for one in paths_in(text) if "://" not in one.path]
    named += (one.path for one in found)
    exact = [one.path for one in found if _normal(one.path) in wanted]
    return exact[:1] or [one.path for one in found if _normal(str(unquote_path(one.written))) in wanted]


def _normal(path: str) -> str:
    return unicodedata.normalize("NFC", path.rstrip("/") or path)


def _without_paths(text: str) -> str:
    """Cut the paths out of a text, so that no file's name can ask for anything."""
    if len(text) > MOST_CHARACTERS:
        return ""
    for found in reversed(paths_in(text)):
        text = f"{text[: found.start]} {text[found.end :]}"
    return text


def _done_since_change(messages: Sequence[AnyMessage]) -> set[tuple[str, str]]:
    """Return the calls of this turn since the last one that changed settings or the map."""
    done: set[tuple[str, str]] = set()
    for message in turn_of(messages):
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if call["name"] in ("change_settings", "index_photos"):
                done = set()
            done.add((call["name"], _key(call["args"])))
    return done


def _key(arguments: object) -> str:
    return json.dumps(arguments, sort_keys=True)
