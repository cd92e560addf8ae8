"""Duplicates, generic cues and weights, against plain loops and scipy."""

import math

import made_runs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy
from vectors import unit

from internvl_vpr.evals.cues.statistics import (
    genericity,
    has_duplicates,
    most_common_weights,
    rounded_weights,
    weight_entropy,
)
from internvl_vpr.evals.measures.paired import sign_flip
from internvl_vpr.evals.runs.records import ImageDescription
from internvl_vpr.tools.arrays import Floats
from internvl_vpr.tools.photo.position import distance
from internvl_vpr.tools.records import Position

RADIUS = 25.0
WORDS = tuple("abcdefghijkl")


def vectors(seed: int) -> dict[str, Floats]:
    return dict(zip(WORDS, unit(np.random.default_rng(seed).normal(size=(len(WORDS), 5))), strict=True))


def place(where: float | None) -> Position | None:
    return None if where is None else made_runs.metres(where)


IMAGES = st.lists(
    st.tuples(st.lists(st.sampled_from(WORDS), max_size=4), st.sampled_from([None, 0.0, 25.0, 25.01, 40.0, 90.0])),
    max_size=7,
).map(
    lambda images: {
        f"reference {number}.jpg": made_runs.described(f"{number}.jpg", *((word, 1.0) for word in words), at=place(at))
        for number, (words, at) in enumerate(images)
    }
)


def is_elsewhere(one: ImageDescription, other: ImageDescription) -> bool:
    if one.digest == other.digest:
        return False
    if one.position is None or other.position is None:
        return True
    metres = distance(one.position, other.position)
    return metres is None or metres > RADIUS


@given(IMAGES, IMAGES, st.integers(0, 5))
def test_genericity_is_the_mean_over_all_pairs_of_cues_of_different_places(
    images: dict[str, ImageDescription], beside: dict[str, ImageDescription], seed: int
) -> None:
    known = vectors(seed)
    expected = {}
    for key, image in images.items():
        everyone = [*images.values(), *beside.values()]
        others = [cue.text for other in everyone if is_elsewhere(image, other) for cue in other.cues]
        cosines = [
            sum(float(a) * float(b) for a, b in zip(known[cue.text], known[other], strict=True))
            for cue in image.cues
            for other in others
        ]
        if cosines:
            expected[key] = sum(cosines) / len(cosines)
    assert genericity(images, known, RADIUS, beside=beside) == pytest.approx(expected, abs=1e-12)
    assert genericity(images, known, RADIUS) == genericity(images, known, RADIUS, beside={})


def test_positions_of_unlike_planes_are_other_places() -> None:
    images = {
        "a": made_runs.described("a", ("a", 1.0), at=Position(easting=0, northing=0)),
        "b": made_runs.described("b", ("b", 1.0), at=made_runs.metres(0)),
    }
    known = vectors(0)
    cosine = float(known["a"].astype(float) @ known["b"].astype(float))
    assert genericity(images, known, RADIUS) == pytest.approx({"a": cosine, "b": cosine})


def test_a_sample_is_the_same_for_the_same_names_and_seed() -> None:
    images = {
        f"reference {number}": made_runs.described(str(number), (WORDS[number % 12], 1.0), at=place(100.0 * number))
        for number in range(40)
    }
    known = vectors(3)
    found = genericity(images, known, RADIUS, sample=10)
    assert set(found) == set(images)
    assert found == pytest.approx(genericity(dict(reversed(images.items())), known, RADIUS, sample=10))
    assert found != pytest.approx(genericity(images, known, RADIUS, sample=10, seed=1))


def test_a_sample_of_one_cue_is_what_all_others_are_compared_with() -> None:
    images = {word: made_runs.described(word, (word, 1.0)) for word in WORDS}
    known = vectors(4)
    found = genericity(images, known, RADIUS, sample=1)
    (drawn,) = images.keys() - found.keys()
    assert found == pytest.approx(
        {word: float(known[word] @ known[drawn]) for word in WORDS if word != drawn}, abs=1e-6
    )


def test_no_images_have_no_genericity() -> None:
    assert genericity({}, {}, RADIUS) == {}


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda raw: sum(raw) > 0.01))
def test_entropy(raw: list[float]) -> None:
    weights = [one / sum(raw) for one in raw]
    assert weight_entropy(weights) == pytest.approx(float(entropy(weights)) / math.log(len(weights)), abs=1e-9)
    assert 0 <= weight_entropy(weights) <= 1


def test_entropy_at_its_ends() -> None:
    assert weight_entropy([1.0, 0.0, 0.0]) == 0.0
    assert weight_entropy([0.25] * 4) == 1.0


def test_duplicates_by_case_and_by_cosine() -> None:
    angle = math.acos(0.9)
    known: dict[str, Floats] = {
        "a door": np.array([1.0, 0.0]),
        "A Door": np.array([0.0, 1.0]),
        "a gate": np.array([math.cos(angle - 0.01), math.sin(angle - 0.01)]),
        "a wall": np.array([math.cos(angle + 0.01), math.sin(angle + 0.01)]),
        "a roof": np.array([0.0, -1.0]),
    }

    def duplicated(*texts: str) -> bool:
        return has_duplicates(made_runs.described("x", *((text, 1.0) for text in texts)).cues, known)

    assert duplicated("a door", "A Door")
    assert duplicated("a roof", "a door", "a gate")
    assert not duplicated("a door", "a wall")
    assert not duplicated("a door", "a roof")


def test_the_most_common_weights() -> None:
    def weighing(name: str, *scores: float) -> ImageDescription:
        return made_runs.described(name, *((f"cue {number}", score) for number, score in enumerate(scores)))

    images = [
        weighing("a", 40, 35, 25),
        weighing("b", 0.4, 0.35, 0.25),
        weighing("c", 401, 350, 250),  # the same to two decimals
        weighing("d", 35, 40, 25),
        weighing("e", 1),
        weighing("f", 1),
        weighing("g", 1),
        weighing("h", 1),
        weighing("i"),
    ]
    assert most_common_weights(images) == (0.4, 0.35, 0.25) == rounded_weights(images[2].cues)
    assert most_common_weights([images[3], images[0]]) == (0.35, 0.4, 0.25)
    assert most_common_weights(images[4:]) == ()


def test_two_draws_of_the_same_cues_are_rarely_told_apart_when_they_share_a_sample() -> None:
    """With a sample each, the other cues of a run move all of its images together, which is taken for a difference."""
    rng = np.random.default_rng(0)
    known = {f"cue {number}": vector for number, vector in enumerate(unit(0.5 + rng.normal(size=(40, 8))))}

    def drawn() -> dict[str, ImageDescription]:
        return {
            f"reference {number}": made_runs.described(
                str(number), *((f"cue {one}", 1.0) for one in rng.choice(40, 3)), at=place(100.0 * number)
            )
            for number in range(40)
        }

    def told_apart(*found: dict[str, float]) -> bool:
        return sign_flip([found[0][key] - found[1][key] for key in found[0]], resamples=400) < 0.05

    alarms = [0, 0]
    for _ in range(15):
        a, b = drawn(), drawn()
        alarms[0] += told_apart(genericity(a, known, RADIUS, beside=b), genericity(b, known, RADIUS, beside=a))
        alarms[1] += told_apart(genericity(a, known, RADIUS), genericity(b, known, RADIUS))
    assert alarms[0] <= 1 < 3 <= alarms[1]
