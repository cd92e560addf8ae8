"""Numbers in a person's words: ranks, how many photographs, and which photographs."""

import re

from ..grounding.vocabulary import SMALL_NUMBERS

COUNTS = {word: count for count, word in enumerate(SMALL_NUMBERS[:10], start=1)}
_NTHS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
ORDINALS = {word: rank for rank, word in enumerate(_NTHS, start=1)}

_WORD = "|".join(COUNTS)
_ORDINAL = rf"(?:{'|'.join(ORDINALS)}|\d{{1,5}}(?:st|nd|rd|th))"
PHOTO = r"(?:photo(?:graph)?s?|pictures?|pics?|images?|shots?|snaps?)"
_COUNTED = (
    rf"(?:\s+(?:best|other|more|most|new|similar))?\s*-?(?:%|per\s?cent|{PHOTO}|cues?|clues?|candidates|places|matches|"
    r"results|options|alternatives|runners|signs?|words?|metres?|meters?|km|m|times|of|more|others|best|years?)(?!\w)"
)

_RANK = re.compile(
    rf"""
    (?:\b(?:number|no\.?|nr\.?|rank|candidate|option|match|result)\s*\#?\s*|\#\s*)(?P<named>\d{{1,6}}|{_WORD})\b
    | (?<!\ba\s)(?<!\bone\s)(?<!\bper\s)(?<!\bsplit\s)(?<!\bat\s)(?<!\bhalf\s)
      \b(?P<ordinal>{_ORDINAL})\b(?!\s+(?:of\s+all|time|thing)\b|\s*,)
    | (?P<runner>\brunner[-\s]?up\b | \bnext\s+best\b)
    | \b(?:the|show|number|candidate|rank|and)\s+(?P<last>last)\b
      (?!\s+(?:{PHOTO}|time|night|year|week|answer|\d|(?!one\b)(?:{_WORD})\b))
    | (?<!second\s)(?<!third\s)(?<!second-)(?<!third-)(?<!next\s)
      (?P<best>\b(?:best|top|winning)\s+(?:one|match|candidate|place|result|choice|guess)\b | \bwinner\b)
    | \b(?P<pair>{_WORD})\b(?=\s*(?:and|with|to|vs\.?|versus|against|&|,)\s*(?:{_WORD})\b)
    | (?<=\band\s)(?P<other>{_WORD})\b(?=\W*$)
    | (?<!\btop\s)(?<!\ball\s)(?<!\blast\s)(?<!\bfirst\s)(?<!\bthese\s)(?<!\bthose\s)(?<!\bof\s)(?<!\bthe\s)
      (?<!\bthan\s)(?<!\bin\s)(?<!\bfrom\s)(?<!\bsince\s)(?<!\bover\s)(?<![\w.,%/:-])(?P<bare>\d{{1,6}})\b(?![.,]\d|[/:%]|{_COUNTED})
    """,
    re.VERBOSE,
)
# "The first three" of a list; photographs that were sent are no list.
_TOP = re.compile(
    rf"\b(?:top|first|best)\s+(?P<after>{_WORD}|\d{{1,2}})\b(?!\s+(?:{PHOTO}|i|we)\b)"
    rf"|\b(?P<before>{_WORD}|\d{{1,2}})\s+(?:best|top)\b(?!\s+{PHOTO}\b)"
)
_HOW_MANY = re.compile(
    rf"\b(?:these|those|last|latest|previous|all|of|the|my|are|compare)\s+(?P<count>{_WORD}|\d{{1,6}})\b"
    rf"(?!\s*(?:and|with|to|vs|versus|against|&|,)\s*(?:{_WORD}|\d))|\b(?P<two>both|pair|two)\b"
)
_RANKS_ALONE = re.compile(
    rf"(?:\W*\b(?:the|and|or|but|number|no|candidate|place|match|one|please|now|then|last|best|runner-?\s?up|next|winner|"
    rf"{_WORD}|{_ORDINAL}|\d+)\b)+\W*"
)
_SENT = (
    r"(?:that\s+|which\s+)?i(?:'ve|\s+have)?\s+(?:just\s+)?"
    r"(?:sent|gave|given|showed|shown|named|dropped|dragged|uploaded|asked(?:\s+(?:you\s+)?about)?)"
)
_NOT_OF_A_LIST = r"(?!\s+(?:in|on|of)\s+(?:the|your|that)\s+(?:list|map|index)\b)"
_OF_PHOTO = rf"(?:{PHOTO}\b{_NOT_OF_A_LIST}(?:\s+{_SENT}\b)?|(?:one\s+)?{_SENT}\b)"
_PHOTO_NUMBER = re.compile(rf"\b{_ORDINAL}\s+(?:and\s+(?:the\s+)?{_ORDINAL}\s+)?{_OF_PHOTO}")
_SUBJECT = re.compile(
    rf"(?:\b(?:for|about|of|on|in|at|from|with)\s+)?(?:\b(?:the|my|this|that)\s+)?(?:{_PHOTO_NUMBER.pattern}"
    rf"|\b(?:{_ORDINAL}\s+and\s+(?:the\s+)?)?(?P<place>last|latest|newest|previous|other|earlier)\s+{_OF_PHOTO}"
    rf"|\b(?P<before>one\s+before|previous\s+one)\b|\b{PHOTO}\s+(?:number|no\.?|nr\.?|\#)\s*(?P<number>\d{{1,6}})\b)"
)


def ranks(text: str, last: int) -> list[int]:
    """Return the candidates' ranks that folded words name, in their order; `last` is the rank of the last."""
    found: list[int] = []
    if top := _TOP.search(text):
        count = top["after"] or top["before"]
        found += range(1, (COUNTS.get(count) or int(count)) + 1)
        text = _TOP.sub(" ", text)
    for match in _RANK.finditer(text):
        kind, written = match.lastgroup, match[0]
        if kind in ("named", "bare", "pair", "other"):
            value = match[kind]
            rank = COUNTS[value] if value in COUNTS else int(value)
        else:
            rank = {"runner": 2, "last": last, "best": 1}.get(kind or "", 0) or _ordinal(written)
        found.append(rank)
    return found


def are_ranks_alone(text: str) -> bool:
    """Whether folded words name ranks and nothing else, such as `and the third?`."""
    return _RANKS_ALONE.fullmatch(text) is not None


def how_many(text: str) -> int | None:
    """Return how many photographs folded words are about, such as 3 for `which of these three`."""
    match = _HOW_MANY.search(_TOP.sub(" ", text))
    if match is None:
        return None
    count = match["count"]
    return 2 if count is None else COUNTS[count] if count in COUNTS else int(count)


def photo_numbers(text: str) -> list[int]:
    """Return the numbers of the located photographs in folded words: 1 and 3 for `the first and third photo`."""
    if not _PHOTO_NUMBER.search(text):
        return []
    return list(dict.fromkeys(_ordinal(word) for word in re.findall(rf"\b{_ORDINAL}\b", text)))


def without_photo_numbers(text: str) -> str:
    """Remove from folded words what names a located photograph, such as `for the first photo`."""
    return _SUBJECT.sub(" ", text)


def photos_spoken_of(text: str, count: int) -> list[int]:
    """Return which of `count` located photographs folded words name, counted from 1; empty if they name none."""
    numbers: list[int] = []
    for match in _SUBJECT.finditer(text):
        if match["number"]:
            numbers.append(int(match["number"]))
            continue
        numbers += [_ordinal(word) for word in re.findall(rf"\b{_ORDINAL}\b", match[0])]
        if match["before"] or match["place"] in ("previous", "other", "earlier"):
            numbers.append(count - 1)
        elif match["place"]:
            numbers.append(count)
    return list(dict.fromkeys(numbers))


def _ordinal(word: str) -> int:
    word = word.strip()
    return ORDINALS[word] if word in ORDINALS else int(re.sub(r"\D", "", word) or 0)
