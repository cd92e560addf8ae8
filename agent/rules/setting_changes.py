"""Changes of settings in a person's words: "only confirmed", "be stricter", "use 5 cues", "trust above 90 %"."""

import re
from typing import Any

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.text.foreign import visible

from ..grounding.vocabulary import TENS
from .numbers import COUNTS

RANGES = {
    "k": "k, the number of candidates, is a whole number from 1 to 10,000, such as: retrieve 50 candidates.",
    "n": "n, the number of cues per image, is a whole number from 1 to 10, such as: use 5 cues.",
    "tau": "tau, the score that must be exceeded, is a number from -1 to 1, such as: tau 0.7.",
    "trust": (
        "trust is a grade or a share of right answers between 0 and 1, such as: only confirmed, likely is enough, "
        "I want a guess anyway, or: trust above 95 %."
    ),
    "below_tau": "below_tau is strict or fallback, such as: below_tau=strict.",
}
_LOWEST = {"k": 1, "n": 1, "tau": -1, "trust": 0.000001}
_HIGHEST = {"k": 10_000, "n": 10, "tau": 1, "trust": 0.999999}
_FRACTIONS = ("tau", "trust")
GRADES = ("confirmed", "likely", "any", "stricter")

_VALUES = {**COUNTS, **TENS, "hundred": 100, "a hundred": 100, "thousand": 1000}
_WORDS = "|".join(sorted(_VALUES, key=len, reverse=True))
_NUMBER = rf"(?P<value>[-−+]?(?:\d[\d.,]*\d|\d|[.,]\d+)|\b(?:{_WORDS})\b)(?P<percent>\s*(?:%|per\s?cent\b))?"
_IS = (
    r"\s*(?:value\s+)?(?:=|:|>|\bis\b|\bto\s+be\b|\bto\b|\bof\b|\bat\b|\bbe\b|\bfrom\s+\S+\s+to\b|\babove\b|\bover\b)?"
    r"\s*"
)
_TAKE = (
    r"(?:,|\b(?:and|use|using|take|try|with|want|set|make|only|just|about|instead|need|fetch|get|retrieve|retrieving|consider|"
    r"search|check|examine|change|increase|decrease|raise|lower|ask|rank|re-rank|look\s+at|go\s+for)\b)"
    r"\s*(?:(?!cues|candidates|\d)\S+\s+){0,3}?"
)
_CUES = r"\s+(?:\w+\s+)?(?:cues?|clues?|descriptions?|phrases?)\b"
_CANDIDATES = r"\s+(?:\w+\s+)?(?:candidates?|neighbou?rs?)\b"
_LEAST = r"\btrust(?:ed)?\s+score|\bmin(?:imum|imal)?\s+(?:score|similarity|confidence|cosine)"
_TRUSTED = (
    r"\b(?:trust|accept|believe|keep|retain|require|only|scores?|confidence|similarit(?:y|ies)|answers?|sure|certain|"
    r"confident|count|allow|show|everything|anything|matches)\b(?:\s+\w+){0,5}?\s+"
)
_ABOVE = (
    r"(?:above|over|beyond|(?:higher|greater|more|better)\s+than|at\s+least|from|exceed(?:s|ing)?|"
    r"(?:is|are)\s+>=?|>=?)\s*"
)
_NOT_BELOW = (
    r"\b(?:don't|do\s+not|never|nothing|no|none|not|ignore|reject|discard|drop|hide|distrust|refuse|mistrust)\b"
    r"(?:\s+\w+){0,4}?\s+(?:below|under|(?:less|lower)\s+than|<=?)\s*"
)
_NO_UNIT = r"(?!\s*(?:cues?|clues?|candidates?|photos?|places|met(?:re|er)s?|m\b|km\b|\w*\s*cues?\b))"

# The share comes early, so that "only above 0.7" is not read as a number of cues.
_CHANGES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("tau", rf"(?:\btau\b|τ|\bthreshold\b|\bcut-?\s?off\b|{_LEAST}){_IS}{_NUMBER}{_NO_UNIT}"),
        ("trust", rf"{_NOT_BELOW}{_NUMBER}{_NO_UNIT}"),
        ("trust", rf"(?<!n't )(?<!not )(?<!never ){_TRUSTED}{_ABOVE}{_NUMBER}{_NO_UNIT}"),
        ("trust", rf"^\W*(?:only\s+)?{_ABOVE}{_NUMBER}\W*$"),
        ("trust", rf"\b(?:when|if|unless)\b(?:\s+\S+){{0,4}}?\s+{_NUMBER}\s+(?:sure|certain|confident)\b"),
        ("k", rf"(?<![\w'])k{_IS}{_NUMBER}"),
        ("k", rf"\b(?:number\s+of\s+candidates|candidates)\s*(?:=|:|\bto\b|\bat\b)\s*{_NUMBER}"),
        ("k", rf"\bshort-?list\s+(?:of|to)\s+{_NUMBER}"),
        ("k", rf"{_TAKE}{_NUMBER}{_CANDIDATES}"),
        ("n", rf"(?<![\w'])n{_IS}{_NUMBER}"),
        ("n", rf"\b(?:number\s+of\s+cues|cues)\s*(?:=|:|\bto\b|\bat\b)\s*{_NUMBER}"),
        ("n", rf"(?:{_TAKE}|^\W*){_NUMBER}{_CUES}"),
    )
)
_NO_THRESHOLD = re.compile(
    r"\b(?:no|without\s+(?:a|any)?)\s*threshold\b|\b(?:turn|switch)\s+(?:off\s+the\s+threshold|the\s+threshold\s+off)\b"
)
_BELOW_TAU = re.compile(
    r"\bbelow[_ -]?tau\s*(?:=|:|is|to|mode)?\s*(?P<mode>strict|fallback)\b|"
    r"\b(?:use|set|mode)\s+(?:the\s+)?(?P<used>strict|fallback)\b|\b(?P<named>strict|fallback)\s+mode\b|"
    r"^\W*(?P<alone>strict|fallback)\W*$"
)
_UNKNOWN = r"(?:unknown|so|nothing|no|you\s+don't\s+know|you\s+do\s+not\s+know|that\s+you\s+(?:don't|do\s+not)\s+know)"
_MORE_STRICT = r"(?:stricter|more\s+(?:strict|careful|cautious))"
_NOT = r"(?:don't|do\s+not|never|stop|no(?:\s+more)?|without)"
_ONES = r"(?:answers?|places?|ones?|results?|matches|locations?|grades?)"
# What is trusted, by its grade; the first that fits counts: "never say unknown when …" wants a guess.
_TRUST = tuple(
    (grade, re.compile(pattern))
    for grade, pattern in (
        (
            "any",
            r"\b(?:trust|accept|believe|retain|keep)\s+(?:everything|anything|all)\b|\btrust\s*[=:]\s*any\b|"
            r"(?<!n't )(?<!not )\balways\s+(?:guess|answer|(?:name|give|say)\s+(?:me\s+)?(?:a|an|some|the\s+most)\b)|"
            r"(?<!n't )(?<!not )\b(?:want|need|like|take|(?:give|tell|show)\s+me|make|have)\s+(?:a|any|some|your)\s+"
            r"guess\b|"
            r"(?<!n't )(?<!not )\bguess\s+(?:anyway|even)\b|\bname\s+the\s+most\s+alike\b|"
            r"\b(?:don't|do\s+not|never)\s+say\s+(?:\w+\s+|it's\s+){0,4}?unknown\b|\bbest\s+guess\s+(?:anyway|even|if|when)\b",
        ),
        (
            "stricter",
            rf"(?<!n't )(?<!not )\b(?:be|get|become)\s+(?:(?:a\s+)?(?:bit|little|much|even|still)\s+)?{_MORE_STRICT}\b|"
            rf"^\W*(?:(?:please|even|much|now|a\s+bit|a\s+little)\s+)*{_MORE_STRICT}(?:\s+please)?\W*$",
        ),
        (
            "confirmed",
            rf"\b(?:only|just)\s+(?:(?:tell|show|give|name|trust|accept|want|take|answer)\s+(?:me\s+)?(?:with\s+)?)?(?:the\s+)?confirmed\b|"
            rf"\bconfirmed\s+(?:{_ONES}\s+)?only\b|\btrust\s*[=:]?\s*confirmed\b|\btrust\s+only\s+(?:what\s+is\s+|the\s+)?confirmed\b|"
            rf"\b(?:be|stay|go)\s+(?:very\s+|really\s+)?(?:strict|careful|cautious)\b|\b{_NOT}\s+(?:\w+\s+)?guess(?:ing|es)?\b|"
            r"\b(?:don't|do\s+not)\s+want\s+(?:a\s+|any\s+)?guess(?:es)?\b|"
            rf"\bsay\b[^?]{{0,40}}?\b{_UNKNOWN}\b[^?]{{0,30}}?\b(?:when|if|unless|below|rather)\b|"
            rf"\b(?:when|if|unless|below)\b[^?]{{0,50}}?\bsay\b[^?]{{0,30}}?\b{_UNKNOWN}\b|\babstain\b|"
            r"\b(?:tell\s+me|admit(?:\s+it)?)\s+(?:when|if)\s+you\s+(?:don't|do\s+not)\s+know\b|"
            r"\bonly\s+answer\s+(?:when|if)\s+(?:you(?:'re|\s+are)\s+)?(?:sure|certain)\b|\brather\s+(?:say\s+)?unknown\b",
        ),
        (
            "likely",
            rf"\blikely\s+(?:{_ONES}\s+)?(?:is|are)\s+(?:enough|fine|ok|okay|good\s+enough)\b|\btrust\s*[=:]?\s*likely\b|"
            rf"\b(?:also|and)\s+(?:the\s+)?likely\b|\blikely\s+(?:{_ONES}\s+)?(?:too|as\s+well)\b",
        ),
    )
)
QUESTION = re.compile(
    r"^\W*(?:(?:and|so|but|then|ok|okay|well)\s+)*(?:why|how(?!\s+about)|what(?!\s+(?:if|about))|which|who|where|did|"
    r"does|have|has|had|were|was|is|are|am|should|shall|may)\b|\b(?:why|did|do|have|are)\s+(?:you|we|i)\b(?!\s+mind)"
)
NEGATED = re.compile(r"\b(?:don't|do\s+not|never|not|no\s+need\s+to|without|stop)\s+(?:\w+\s+){0,3}$")
# Statements, which ask for no change.
_STATEMENT = re.compile(
    r"^\W*(?:(?:and|but|so|well|ok|okay|then)\W+)*(?:"
    r"(?:i|we)\s+(?:keep|(?:trust|believe|accept)\s+(?:everything|anything|all)\s+(?:you|it|that|he|she|they))\b|"
    r"(?:the|that|this|it|he|she|they)\b(?!\s+(?:threshold|tau|k|n|number)\b).*?\b(?:is|are|was|were|says?|said|reads?)\b|"
    r"no\s+threshold\s+(?:is|was|were|has|had)\b)"
)
_WITHOUT_NUMBER = re.compile(
    r"\b(?:use|take|try|retrieve|consider|with|name|give)\s+(?:\w+\s+)?(?:more|fewer|less)\s+(?:cues|candidates)\b|"
    r"\b(?:raise|lower|increase|decrease|reduce|change|set|loosen|tighten)\s+(?:\w+\s+)?(?:threshold|tau|k|n|cues|candidates)\b|"
    r"\bbe\s+(?:laxer|less\s+(?:strict|careful))\b|"
    r"\bchange\s+(?:the\s+|a\s+)?settings?\b"
)


def changed_settings(text: str) -> dict[str, Any]:
    """Return the settings that a folded clause changes, by name; a question about settings changes none.

    Raises `UsageError` for a value out of range and for a change without a value.
    """
    changes: dict[str, Any] = {}
    if QUESTION.search(text) or _STATEMENT.search(text):
        return {}
    if mode := _BELOW_TAU.search(text):
        changes["below_tau"] = next(filter(None, mode.groups()))
    elif grade := next((grade for grade, pattern in _TRUST if pattern.search(text)), None):
        changes["trust"] = grade
    if _NO_THRESHOLD.search(text):
        changes["tau"] = -1.0
    for name, pattern in _CHANGES:
        while match := _wanted(pattern, text):
            changes[name] = setting(name, match["value"], percent=bool(match["percent"]))
            text = f"{text[: match.start()]} {text[match.end() :]}"
    if not changes and _WITHOUT_NUMBER.search(text) and not re.search(r"\b(?:show|don't|do\s+not|never)\b", text):
        raise UsageError(
            "Give a value, such as: use 5 cues, retrieve 50 candidates, only confirmed, or: likely is enough."
        )
    return changes


def setting(name: str, written: str, *, percent: bool = False) -> int | float | str:
    """Read the value of a setting; a decimal comma is understood, and per cent for a score.

    Raises `UsageError`, which says the range.
    """
    if name == "below_tau":
        if written not in ("strict", "fallback"):
            raise UsageError(f"below_tau cannot be {visible(written)}: {RANGES[name]}")
        return written
    if name == "trust" and written in GRADES:
        return written
    value = _number(written, whole=name not in _FRACTIONS)
    if value is not None and percent:
        value = round(value / 100, 10) if name in _FRACTIONS else None
    whole_enough = name in _FRACTIONS or (value is not None and value.is_integer())
    if value is None or not whole_enough or not _LOWEST[name] <= value <= _HIGHEST[name]:
        hint = f" If you mean per cent, write {written} %." if name in _FRACTIONS and value and 1 < value < 100 else ""
        raise UsageError(f"{name} cannot be {visible(written)}{' %' if percent else ''}: {RANGES[name]}{hint}")
    return value if name in _FRACTIONS else int(value)


def _wanted(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Return the first match that has no "don't" before it and is no list that a person wants to see."""
    for match in pattern.finditer(text):
        if not NEGATED.search(text[: match.start()]) and not re.match(r"\W*(?:show|list)\b", text[: match.start()]):
            return match
    return None


def _number(written: str, *, whole: bool) -> float | None:
    text = written.strip().replace("−", "-")
    if text in _VALUES:
        return float(_VALUES[text])
    if whole and re.fullmatch(r"\d{1,3}(?:,\d{3})+", text):
        text = text.replace(",", "")
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
