"""Numbers in a reply: coordinates, distances and scores. A tool must have told each, though it may be rounded."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import pairwise

from .sources import Sources
from .vocabulary import SMALL_NUMBERS, TENS

_FINE = Decimal("0.00001")  # half a unit of the last place: coordinates are this fine, scores are not
MOST_COUNTED = 20  # whole numbers up to this are free, for counting

_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]*\d)|\d+\.\d+|\d+,\d+|\d+|\.\d+"
_UNITS = {"metre": "m", "meter": "m", "kilometre": "km", "kilometer": "km", "percent": "%"}
_UNIT = (
    r"(?:(?i:%|per\s?cent|(?:kilo|centi|milli)?met(?:re|er)s?|[kcm]?m|mi|miles?|ft|feet|foot|yds?|yards?|inch(?:es)?|"
    r"blocks?|minutes?|mins?|hours?|seconds?|secs?|days?|weeks?|months?|years?)|h|s)(?!\w)"
)
_SIDE = r"(?:[NSEW]|(?i:north|south|east|west))(?!\w)"
_NUMBER = re.compile(
    rf"""
    (?: \b(?P<label>(?i:lat(?:itude)?|lon|lng|long|longitude))\b (?:\s+(?:is|of))? [\s:=]{{0,4}} )?
    (?: (?<!\w)(?P<before>[NSEW])\s? )?
    (?P<sign>(?<![\w.)])[-+]|\bminus\s+)?
    (?<![\d.])(?P<digits>{_DIGITS})(?P<more>\.\d)?
    (?P<degree>\s?°|\s?(?i:deg(?:rees?)?)\b)?
    (?: [ -]?(?P<unit>{_UNIT}) | \s?(?P<after>{_SIDE})(?!\s*[=≈<>]) )?
    """,
    re.VERBOSE,
)
# Never allowed: degrees with minutes, in words or signs; plus codes; digits or letters one by one.
_NEVER = re.compile(
    r"""
    \d\s*(?:°|deg\w*)\s*\d+[.,\d]* | \d+\s*'\s*\d+ | \d+\s*'{1,2}\s*[NSEW]\b | \d+\s*"\s*[NSEW]\b
    | (?<!\w)[23456789CFGHJMPQRVWX]{2,8}\+[23456789CFGHJMPQRVWX]{0,4}(?!\w)
    | (?<![\w.])\d(?:\s+\d){2,}(?![\w.]) | \d\s+\.\s*\d+ | (?<!\w)(?:[^\W\d_][\s.-]+){3,}[^\W\d_](?!\w)
    | (?<!\w)\d+(?:\.\d+)?e[+-]?\d+(?!\w)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_LARGE = r"(?:hundred|thousand|million|dozen)s?"
_NUMBER_WORD = rf"(?:{'|'.join(['zero', *SMALL_NUMBERS, *TENS, _LARGE])})"
_SPELLED = re.compile(
    rf"""
    \b(?:{_NUMBER_WORD}|half|quarter|few|several|couple)(?:[\s-]+(?:and\s+|of\s+|an?\s+)?{_NUMBER_WORD})*
      [\s-]+(?:of\s+|an?\s+)?(?:{_UNIT}|degrees?\b)
    | \ban?\s+(?:mile|met(?:re|er)|kilomet(?:re|er)|km|block|foot|yard|inch|hour|minute)\b
    | \b{_NUMBER_WORD}\s+point\s+{_NUMBER_WORD}\b
    | \b{_LARGE}\b
    | \b(?P<tens>{"|".join(TENS)})(?:[\s-](?P<ones>{"|".join(SMALL_NUMBERS[:9])}))?\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_OF_SETTINGS = re.compile(
    r"(?:\b(?:above|below|over|under|than|exceed\w*|tau|threshold|cutoff)|τ)(?:\W+\w+){0,5}\W*$", re.IGNORECASE
)
_BETWEEN_TWO = re.compile(r"\s*(?:[,;/|&]|\band\b|\bby\b|\s)\s*")


@dataclass(frozen=True)
class Number:
    """A number as written: its possible values, each with half a unit of its last place, its unit and its kind."""

    written: str
    values: tuple[tuple[Decimal, Decimal], ...]
    unit: str
    kind: str  # lat, lon, degrees, or nothing
    place: tuple[int, int]

    @property
    def whole(self) -> bool:
        """Whether it is a whole number, however it is read."""
        return bool(self.values) and all(
            value == value.to_integral_value() and half >= Decimal("0.5") for value, half in self.values
        )

    def rounds(self, others: Sequence[Decimal]) -> bool:
        """Whether this number is one of the others, rounded."""
        return any(abs(other - value) <= half for value, half in self.values for other in others)


def numbers(text: str) -> list[Number]:
    """Return the numbers in a text in `one_form`."""
    return [_number(match) for match in _NUMBER.finditer(text)]


def _number(match: re.Match[str]) -> Number:
    values = () if match["more"] else tuple(_readings(match["digits"]))
    side = (match["before"] or match["after"] or "")[:1].upper()
    if side == "S" and match["before"] and values and values[0][0] <= 1:
        side = ""  # a score
    negative = (match["sign"] or "+").startswith(("-", "minus")) != (side in ("S", "W"))
    unit = _family(re.sub(r"\s", "", (match["unit"] or "").lower()))
    return Number(
        written=match[0].strip(),
        values=tuple((-value if negative else value, half) for value, half in values),
        unit=unit,
        kind="" if unit else _kind(side, match["label"] or "", match["degree"]),
        place=match.span("digits"),
    )


def _kind(side: str, label: str, degree: str | None) -> str:
    if side or label:
        return "lat" if side in ("N", "S") or label[:2].lower() == "la" else "lon"
    return "degrees" if degree else ""


def _readings(digits: str) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield the values that digits can mean: a comma may group thousands or stand before a fraction."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits):
        yield _reading(digits.replace(",", ""))
    if digits.count(",") == 1 and "." not in digits:
        yield _reading(digits.replace(",", "."))
    if "," not in digits:
        yield _reading(digits)


def _reading(digits: str) -> tuple[Decimal, Decimal]:
    return Decimal(digits), Decimal(5).scaleb(-len(digits.partition(".")[2]) - 1)


def _family(unit: str) -> str:
    singular = unit if len(unit) < 3 else unit.removesuffix("s")
    return _UNITS.get(singular, singular)


class KnownNumbers:
    """The numbers in sources."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    @cached_property
    def told(self) -> list[Number]:
        """The numbers that tools told in their own words."""
        return numbers(self._sources.plain)

    @cached_property
    def pairs(self) -> list[tuple[Decimal, Decimal]]:
        """The pairs of latitude and longitude that tools told."""
        found = re.findall(r"(?<![\w.])(-?\d+\.\d+), (-?\d+\.\d+)(?![\w.]*\d)", self._sources.plain)
        return [(Decimal(latitude), Decimal(longitude)) for latitude, longitude in found]

    @cached_property
    def whole(self) -> frozenset[Decimal]:
        """Whole numbers that the person wrote, or that are on signs or in names."""
        others = (self._sources.said, *self._sources.quoted)
        return frozenset(value for text in others for one in numbers(text) if one.whole for value, _ in one.values)

    @cached_property
    def settings(self) -> frozenset[Decimal]:
        """Numbers from −1 to 1 that the person wrote, which may be thresholds."""
        return frozenset(value for one in numbers(self._sources.said) for value, _ in one.values if abs(value) <= 1)

    def values(self, *units: str) -> list[Decimal]:
        """Return the values that tools told in these units, or in any unit."""
        return [value for one in self.told if not units or one.unit in units for value, _ in one.values]


# What comes before whole numbers that are coordinates, and what separates two of them.
_LOCATES = re.compile(
    r"\b(?:at|is|are|was|coordinates?|positions?|point|lies|located|taken|here|it's|near|around|to|latitude)\W*$",
    re.IGNORECASE,
)
_SEPARATES = re.compile(r"\s*[,;/]?\s*")


def ungrounded_numbers(text: str, sources: Sources) -> Iterator[str]:
    """Yield the numbers of a text in `one_form` that are in no source, not even before rounding."""
    yield from (match[0] for match in _NEVER.finditer(text) if match[0] not in sources.plain)
    known = KnownNumbers(sources)
    found = numbers(text)
    yield from (one.written for one in found if not _is_known(one, known, text))
    yield from _unknown_pairs(text, found, known)
    yield from _unknown_words(text, known)


def _is_known(number: Number, known: KnownNumbers, text: str) -> bool:
    if number.kind:
        latitudes, longitudes = [pair[0] for pair in known.pairs], [pair[1] for pair in known.pairs]
        fitting = {"lat": latitudes, "lon": longitudes}.get(number.kind, latitudes + longitudes)
        return number.rounds(fitting)
    if number.unit in ("m", "km"):
        return _in_metres(number).rounds([*known.values("m"), *(1000 * value for value in known.values("km"))])
    if number.unit:
        return number.rounds(known.values(number.unit))
    if number.rounds(known.values()):
        return True
    exact = [value for value, _ in number.values]
    if number.whole:
        return any(0 <= value <= MOST_COUNTED or value in known.whole for value in exact)
    before = text[max(0, number.place[0] - 40) : number.place[0]]
    return any(value in known.settings for value in exact) and _OF_SETTINGS.search(before) is not None


def _in_metres(number: Number) -> Number:
    factor = 1000 if number.unit == "km" else 1
    values = tuple((factor * value, factor * half) for value, half in number.values)
    return Number(number.written, values, "m", "", number.place)


def _unknown_pairs(text: str, found: Sequence[Number], known: KnownNumbers) -> Iterator[str]:
    """Yield what reads as a latitude and a longitude that no tool told as a pair, though each number may be known."""
    for one, other in pairwise(found):
        between = text[one.place[1] : other.place[0]]
        between = re.sub(rf"°|{_SIDE}|[-+]", " ", between)
        if one.unit or other.unit or not _BETWEEN_TWO.fullmatch(between):
            continue
        if (one.whole or other.whole) and not (
            _LOCATES.search(text[max(0, one.place[0] - 40) : one.place[0]]) and _SEPARATES.fullmatch(between)
        ):
            continue  # counts and ranks
        if all(abs(value) <= 1 and half > _FINE for number in (one, other) for value, half in number.values):
            continue  # scores, side by side
        if not any(one.rounds([latitude]) and other.rounds([longitude]) for latitude, longitude in known.pairs):
            yield text[one.place[0] : other.place[1]]


def _unknown_words(text: str, known: KnownNumbers) -> Iterator[str]:
    """Yield distances and large numbers that are written in words and unknown."""
    for match in _SPELLED.finditer(text):
        if match["tens"] is None:
            yield match[0]
            continue
        ones = SMALL_NUMBERS.index(match["ones"].lower()) + 1 if match["ones"] else 0
        value = Decimal(TENS[match["tens"].lower()] + ones)
        if value not in known.whole and value not in known.values():
            yield match[0]
