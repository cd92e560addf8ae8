"""What a cue names that will be gone on another day, and what only sounds like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.evals.cues.transient_mentions import plural_of, transient_mentions
from internvl_vpr.evals.cues.transient_words import NOUNS, OTHERS

TRANSIENT = [
    "red car parked in front",
    "two pedestrians on the pavement",
    "Cars line the street",
    "a wet street at night",
    "snow-covered roofs",
    "bare trees in front of the house",
    "scaffolding on the left facade",
    "a woman walking past a bus stop",
    "Bus waiting at a shelter",
    "blue sky above the roofline",
    "People sitting at tables",
    "cyclists crossing the square",
    "a pedestrian crossing the road",
    "a bicycle leaning on the railing",
    "long shadows on the wall",
    "illuminated windows in the evening",
    "no windows, red car in front",
    "no entry sign behind parked cars",
    "no parking sign and parked cars",
    "wall without windows and parked cars",
    "statue of a king, two men below",
    "statue of a man beside parked cars",
    "buses and taxis in front of the station",
    "a car's rear",
    "sign 'CAFE' and a van",
    "not far from a parked truck",
    "children playing",
    "traffic cones on the road",
    "autumn foliage on the trees",
    "in the spring",
    "taxi with the sign 'TAXI'",
    "heavy traffic",
    "a man in a red coat",
    "a car with headlights on",
]
STATIC = [
    "car park entrance",
    "multi-storey car parks",
    "bus stop with glass shelter",
    "bus and tram stop",
    "tram tracks and tram lines",
    "no parking sign",
    "parking sign on a pole",
    "a sun terrace on the roof",
    "sign reading 'NIGHT CLUB'",
    "sign “Sunday Market – CARS” on the wall",
    "no cars",
    "without people",
    "no visible people or cars",
    "square without any cars or pedestrians",
    "street free of traffic",
    "devoid of vehicles and people",
    "neither cars nor people",
    "no cars, people or bicycles",
    "statue of a man on horseback",
    "bronze statue of two children",
    "mural of a woman riding a bicycle",
    "bicycle rack beside the door",
    "men's clothing shop",
    "children's playground",
    "pedestrian crossing with white stripes",
    "pedestrian zone",
    "traffic light at the corner",
    "street light with two lamps",
    "light grey facade",
    "train station with clock",
    "man-made canal",
    "manhole cover",
    "Winter Street sign",
    "corner of Sunset Boulevard",
    "weather vane on the spire",
    "rainwater pipe, storm drain",
    "nightclub entrance",
    "winter garden with glass roof",
    "bicycle symbol painted on the lane",
    "blue sign with a white bicycle",
    "sign with a pedestrian symbol",
    "car-free street",
    "boat-shaped roof",
    "taxi rank",
    "ferry terminal building",
    "fire station",
    "plane trees in a row",
    "spring water fountain",
    "waterfall",
    "diner with neon sign",
    "shutters in fire-engine red",
    "parking spaces for cars",
    "street closed to vehicle traffic",
    "gate for pedestrians",
    "tall brick building with arched windows",
    "roof shaped like a ship",
    "traffic signs and traffic island",
    "no pedestrians sign",
    "war memorial with bronze figures",
    "cycle path",
    "wood-clad shopfront, awning striped",
    "skyline of roofs against the sky",
    "'Men at Work' sign",
    "shades on windows",
    "van Gogh museum",
]
KIND_OF = {noun: kind for kind, nouns in NOUNS.items() for noun in nouns}
NOUN = st.sampled_from(sorted(KIND_OF))
WORD = st.sampled_from(
    sorted({*KIND_OF, *map(plural_of, KIND_OF), *(word for words in OTHERS.values() for word in words)})
)


def named(text: str) -> list[str]:
    return [mention.word for mention in transient_mentions(text)]


@pytest.mark.parametrize("text", TRANSIENT)
def test_transient(text: str) -> None:
    assert named(text)


@pytest.mark.parametrize("text", STATIC)
def test_static(text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize("kind", NOUNS)
def test_every_noun_counts_in_singular_and_plural(kind: str) -> None:
    for noun in NOUNS[kind]:
        for word in (noun, plural_of(noun), noun.upper()):
            (mention,) = transient_mentions(f"a tall wall and {word}, left of it")
            assert (mention.kind, mention.word) == (kind, word)


@pytest.mark.parametrize("kind", OTHERS)
def test_every_other_word_counts(kind: str) -> None:
    for word in OTHERS[kind]:
        assert [mention.kind for mention in transient_mentions(f"a wall, {word}")] == [kind]


@pytest.mark.parametrize(
    ("noun", "plural"),
    [("bus", "busses"), ("lorry", "lorries"), ("boy", "boys"), ("man", "men"), ("bare branch", "bare branches"),
     ("fallen leaf", "fallen leaves"), ("taxi", "taxis"), ("passerby", "passersby")],
)  # fmt: skip
def test_plurals(noun: str, plural: str) -> None:
    assert plural_of(noun) == plural


def test_both_spellings_of_buses() -> None:
    assert named("buses and busses") == ["buses", "busses"]


@pytest.mark.parametrize(
    "text", ["carpet", "scar", "vanity", "bustling", "trained vines", "womanly", "nightingale", "sunk"]
)
def test_only_whole_words_count(text: str) -> None:
    assert named(text) == []


MARKS = st.sampled_from(['""', "''", "“”", "‘’", "«»"])


@given(MARKS, st.lists(WORD, min_size=1, max_size=4))
def test_what_is_quoted_never_counts(marks: str, words: list[str]) -> None:
    assert named(f"board {marks[0]}{' '.join(words)}{marks[1]} on the wall") == []
    assert named(f"board {marks[0]}{' '.join(words).upper()}{marks[1]} behind a van") == ["van"]


@given(
    st.sampled_from(["no", "without", "without any", "no visible", "free of", "devoid of", "not a", "absence of"]), NOUN
)
def test_what_is_denied_does_not_count(denial: str, noun: str) -> None:
    assert named(f"an alley, {denial} {noun}") == []
    assert named(f"an alley with {denial} {plural_of(noun)} in it") == []


@given(st.lists(NOUN, min_size=2, max_size=4), st.sampled_from([" or ", ", ", " and ", ", or "]))
def test_a_denial_holds_for_a_list_of_such_words(nouns: list[str], between: str) -> None:
    assert named(f"a square without {between.join(map(plural_of, nouns))}") == []


@given(NOUN, st.sampled_from([", a", " and a", " behind a", ", tall", "; a", " but a"]), NOUN)
def test_a_denial_ends(denied: str, link: str, noun: str) -> None:
    assert named(f"a wall with no windows{link} {noun}") == [noun]
    assert named(f"no {denied}{link} small {noun}") == [noun]


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert all(mention.word in text for mention in transient_mentions(text))


def test_what_stands_beside_a_statue_still_counts() -> None:
    assert named("statue of a man on a horse, two men below") == ["men"]
    assert named("mural of a woman behind a van") == ["van"]
