"""Proper names in a cue: runs of capitalised words that no quotation marks, and no ordinary word explains."""

import re
from collections.abc import Iterator, Sequence

from internvl_vpr.tools.text.quoted import LEAST_LETTERS, fold, is_seen, without_quotations

_QUOTE = "\u25a0"
_WORD = re.compile(r"[^\W_]+(?:[-'’&][^\W_]+)*")
_ABBREVIATION = re.compile(r"st|ste|mt|dr|mr|mrs|ave|blvd|rd|no|nr", re.IGNORECASE)
_TITLE_WORDS, _TITLE_SHARE = 3, 0.7  # of a cue written like a title, whose capitals say nothing

# What is written with a capital, or often is, and names no place.
_ORDINARY = frozenset("""
    I L U T V X Y Z

    African Alpine American Arabic Arab Asian Australian Austrian Baltic Bavarian Belgian Bengali Brazilian British
    Bulgarian Canadian Caribbean Catalan Celtic Chinese Croatian Cyrillic Czech Danish Dutch Egyptian English Ethiopian
    European Finnish Flemish French German Germanic Greek Hanseatic Hebrew Hindi Hungarian Iberian Icelandic Indian
    Indonesian Iranian Irish Italian Japanese Korean Latin Lebanese Maltese Mediterranean Mexican Middle Eastern
    Moroccan Nepalese Nordic Norwegian Oriental Ottoman Pakistani Persian Peruvian Polish Portuguese Romanian Russian
    Scandinavian Scots Scottish Serbian Sicilian Slavic Spanish Swedish Swiss Thai Tibetan Turkish Ukrainian Vietnamese
    Welsh Western

    Adam Anne Art Arts Baroque Bauhaus Beaux Biedermeier Brutalism Brutalist Byzantine Carolingian Century Chateauesque
    Classical Classicism Classicist Colonial Corinthian Crafts Craftsman Deco Doric Edwardian Elizabethan Empire
    Federal Georgian Gothic Gründerzeit Haussmann Haussmannian Historicist International Ionic Islamic Italianate
    Jacobean Jugendstil Juliet Mannerist Mansard Mission Modern Modernism Modernist Moorish Neo Neoclassical
    Neoclassicism Norman Nouveau Palladian Plantagenet Post Prairie Queen Regency Renaissance Revival Rococo Roman
    Romanesque Romantic Second Secession Secessionist Tudor Tuscan Venetian Victorian Vernacular Wilhelmine
    Wilhelminian

    Anglican Buddhist Catholic Christian Hindu Jewish Lutheran Muslim Orthodox Protestant Christmas

    North South East West Northeast Northwest Southeast Southwest Northern Southern Eastern Central Left Right Upper
    Lower Center Centre Top Bottom

    AC ATM CCTV DIY EV HVAC LED LCD NO OK PVC TV UK UPVC US USA WC WiFi Wi Fi
    Corten Eternit Formica Jersey Perspex Plexiglas Plexiglass Portland Velux

    The A An And Of In On At To For With By From Above Below Behind Beside Near Under Over Into
    One Two Three Four Five Six Seven Eight Nine Ten First Third Fourth Single Double Triple Multi

    Red Blue Green Yellow White Black Brown Grey Gray Orange Purple Pink Beige Cream Gold Golden Silver Turquoise Dark
    Light Pale Bright Large Small Tall Low High Big Wide Narrow Long Short Old New Corner Main Front Side Rear Round
    Square Arched Curved Flat Tiled Painted Stone Brick Wood Wooden Timber Metal Iron Steel Glass Concrete Marble
    Granite Sandstone Limestone Stucco Plaster Copper Bronze Slate Clay Half Timbered

    Apartment Alley Arcade Arch Archway Awning Bakery Balcony Bank Bar Barber Basilica Bay Bench Bistro Board Bookshop
    Boulevard Bridge Building Bus Butcher Cafe Café Canal Canopy Castle Cathedral Chapel Chimney Church Cinema City
    Clock Column Cornice Court Courtyard Cross Department Dome Door Doorway Entrance Entry Exit Facade Façade Fence
    Ferry Fire Florist Floor Fountain Gable Gallery Garage Garden Gas Gate Gateway Greenhouse Grocery Hall Hill Hospital
    Hotel House Inn Intersection Island Kiosk Lamp Lane Library Lion Market Memorial Metro Monument Mosque Mural Museum
    Office Open Opera Palace Park Parking Path Pavement Pharmacy Pizza Pizzeria Plaza Police Porch Post Promenade Pub
    Quay Railing Railway Restaurant River Road Roof Row Salon School Shop Shopfront Sidewalk Sign Signage Spire Square
    Staircase Station Statue Steeple Stop Storage Store Storefront Street Subway Supermarket Synagogue Taxi Temple
    Terrace Theater Theatre Tower Town Train Tram Tree Tunnel University Village Wall Water Window Yard Way Zone
    Avenue Ave Blvd Drive Place Saint St Closed Sale Rent Private Public Text Words Letters Number Logo Poster
    Billboard Banner Plaque Symbol Arrow
""".casefold().split())  # fmt: skip


def proper_names(text: str) -> list[list[str]]:
    """Return the runs of capitalised words of a cue that look like names, each as the words that tell it.

    The first word of a sentence is none, whatever its capital, and quotations are left out. A run needs a word that
    is no nationality, style, compass point or plain noun of the street. In a cue written like a title, or in capitals
    alone, nothing is found.
    """
    plain = without_quotations(text, f" {_QUOTE} ")
    words = list(_WORD.finditer(plain))
    starts = [_starts_sentence(plain, words, number) for number in range(len(words))]
    if _is_title([word[0] for word in words]):
        return []
    telling = ([word for word in run if _tells(word)] for run in _runs(plain, words, starts))
    return [run for run in telling if run]


def names_unseen(cues: Sequence[str], lines: Sequence[str]) -> list[str]:
    """Return the names in an image's cues that are not legible among the lines read in it.

    A name is legible when it, or each of the words that tell it, is seen (`is_seen`).
    """
    names = [name for text in cues for name in proper_names(text)]
    return [
        " ".join(name)
        for name in names
        if not is_seen("".join(name), lines) and not all(is_seen(word, lines) for word in name)
    ]


def _runs(plain: str, words: Sequence[re.Match[str]], starts: Sequence[bool]) -> Iterator[list[str]]:
    """Yield runs of capitalised words with nothing but a blank, or an abbreviation's dot, between them."""
    run: list[str] = []
    for number, word in enumerate(words):
        between = plain[words[number - 1].end() : word.start()] if number else ""
        if run and (starts[number] or between.strip(" .") or not _is_capitalised(word[0])):
            yield run
            run = []
        if _is_capitalised(word[0]) and not starts[number]:
            run.append(word[0])
    yield run


def _starts_sentence(plain: str, words: Sequence[re.Match[str]], number: int) -> bool:
    between = plain[words[number - 1].end() if number else 0 : words[number].start()]
    if number == 0 or _QUOTE in between:
        return _QUOTE not in between
    stops = "!?:" if _ABBREVIATION.fullmatch(words[number - 1][0]) else ".!?:"
    return any(mark in between for mark in stops)


def _is_title(words: Sequence[str]) -> bool:
    later = [word for word in words[1:] if len(word) >= 4]
    if len(later) < _TITLE_WORDS or not _is_capitalised(words[0]):
        return False
    return sum(map(_is_capitalised, later)) >= _TITLE_SHARE * len(later)


def _is_capitalised(word: str) -> bool:
    return word[0].isupper()


def _tells(word: str) -> bool:
    """Whether a word has a capitalised part, of two letters at least, that is not ordinary."""
    parts = [re.sub(r"['’]s$", "", part) for part in word.split("-")]
    return any(_is_capitalised(part) and len(fold(part)) >= LEAST_LETTERS and not _ordinary(part) for part in parts)


def _ordinary(word: str) -> bool:
    folded = word.casefold()
    return folded in _ORDINARY or folded.removesuffix("s") in _ORDINARY or folded.removesuffix("es") in _ORDINARY
