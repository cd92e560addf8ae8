"""What the stand-in says: usable, the same each time, true to the plan, and as uneven as its prompt lets it be."""

import json
from collections import Counter
from functools import cache
from operator import eq

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from internvl_vpr.evals.cues.place_names import proper_names
from internvl_vpr.evals.cues.transient_mentions import transient_mentions
from internvl_vpr.evals.stand_in.answers import _FLEETING, _GENERIC, _INVENTED, Asked, answer
from internvl_vpr.evals.stand_in.draws import chance, choose
from internvl_vpr.evals.stand_in.manner import manner_of
from internvl_vpr.evals.stand_in.sights import Sight, sights
from internvl_vpr.evals.town.photo import Condition, Shot
from internvl_vpr.evals.town.plan import centre_house, plan_town
from internvl_vpr.evals.town.town import VIEWS, shots_of
from internvl_vpr.tools.describers.cue_answer import parse_cues
from internvl_vpr.tools.endpoint.json_answer import UnusableAnswer
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.text.quoted import quoted_strings, substring_distance

OURS = Prompt.load("describe_image.v1").render(3)
BARE = "Provide 3 location-identifiable static scene descriptions for place recognition, each with a normalized score."
EVENTS = "Describe in 3 sentences what is happening: what people and cars are doing, the weather, the light, the mood."
NAMING = "Name the city and the street of this photograph, and say in 3 sentences how you can tell."


@cache
def shots() -> list[Shot]:
    """Photographs of 32 places and 8 outside."""
    return [shot for _, shot in shots_of(plan_town(0, 32), VIEWS)]


@cache
def cues(prompt: str) -> list[str]:
    """Everything that is said of the town's photographs, asking again where an answer cannot be used."""
    return [cue for shot in shots() for cue in usable(shot, prompt, 3)]


def usable(shot: Shot, prompt: str, n: int) -> list[str]:
    for decoding in range(9):
        said = answer(shot, Asked(prompt, n, decoding))
        try:
            if said.finish_reason == "stop":
                return [cue.text for cue in parse_cues(said.content, n)]
        except UnusableAnswer:
            continue
    raise AssertionError("no answer can be used")


def share(prompt: str, fits: object) -> float:
    return sum(bool(fits(cue)) for cue in cues(prompt)) / len(cues(prompt))  # type: ignore[operator]


@settings(max_examples=40)
@given(st.sampled_from(range(200)), st.integers(1, 10), st.sampled_from([OURS, BARE, EVENTS]), st.integers(0, 2))
def test_a_request_has_one_answer_and_nearly_all_can_be_used(number: int, n: int, prompt: str, decoding: int) -> None:
    shot, asked = shots()[number], Asked(prompt, n, decoding)
    assert answer(shot, asked) == answer(shot, asked)
    assert len(usable(shot, prompt, n)) == n


def test_a_prompt_gets_what_it_asks_for() -> None:
    fleeting = [share(prompt, transient_mentions) for prompt in (OURS, BARE, EVENTS)]
    assert fleeting[0] < 0.05 < fleeting[1] < 0.2 < 0.4 < fleeting[2]
    generic = [share(prompt, lambda cue: cue in _GENERIC) for prompt in (OURS, BARE)]
    assert generic[0] < 0.15 < generic[1]
    quoted = [share(prompt, quoted_strings) for prompt in (OURS, BARE, EVENTS)]
    assert quoted[0] > 1.5 * quoted[1] > 1.5 * quoted[2]
    assert share(OURS, proper_names) < share(BARE, proper_names) < share(NAMING, proper_names)
    broken = [sum(not _parses(shot, prompt) for shot in shots()) / len(shots()) for prompt in (OURS, BARE)]
    assert 0 <= broken[0] < broken[1] < 0.1


def _parses(shot: Shot, prompt: str) -> bool:
    said = answer(shot, Asked(prompt, 3))
    try:
        return said.finish_reason == "stop" and bool(parse_cues(said.content, 3))
    except UnusableAnswer:
        return False


def test_other_words_for_the_same_change_some_answers_and_another_seed_most() -> None:
    reworded = OURS.replace("Name what would let someone recognise", "Write down what makes it possible to recognise")
    assert reworded != OURS
    assert manner_of(reworded) == manner_of(OURS)
    asked = ((OURS, 0), (reworded, 0), (OURS, 1))
    ours, others, seeded = ([answer(shot, Asked(prompt, 3), seed) for shot in shots()] for prompt, seed in asked)
    assert 0.02 < sum(map(eq, ours, others)) / len(ours) < 0.9
    assert sum(map(eq, ours, seeded)) / len(ours) < 0.05


def test_true_cues_are_the_plans_and_more_of_them_are_wrong_in_the_dark() -> None:
    wrong: Counter[Condition] = Counter()
    seen: Counter[Condition] = Counter()
    for shot in shots():
        scene = shot.place.former if shot.condition == "long_ago" else shot.place.scene
        texts = [sign.text.replace("\n", " ") for sign in scene.signs]
        house = centre_house(scene)[1]
        for sight in sights(shot, 0):
            if sight.kind.startswith("sign"):
                (read,) = quoted_strings(sight.exact)
                assert min(substring_distance(text, read) for text in texts) <= 1
                seen[shot.condition] += 1
                wrong[shot.condition] += read not in texts
            assert sight.kind != "shutters" or house.shutters
            assert sight.kind != "gate" or house.front == "gate"
    share_wrong = {condition: wrong[condition] / seen[condition] for condition in seen}
    assert share_wrong["day"] < 0.1 < share_wrong["night"]
    assert seen["night"] / 32 < seen["day"] / (32 * VIEWS + 8)  # a photograph


def test_nothing_true_counts_as_fleeting_or_as_a_name_and_all_else_is_what_it_says() -> None:
    told = {text for shot in shots()[::3] for sight in sights(shot, 0) for text in (sight.exact, sight.rough)}
    assert not [text for text in (*told, *_GENERIC) if transient_mentions(text) or proper_names(text)]
    assert all(transient_mentions(text) for texts in _FLEETING.values() for text in texts)
    assert all(proper_names(text) for text in _INVENTED)


def test_scores_follow_what_is_telling_but_not_all_of_them() -> None:
    by_sign: dict[bool, list[int]] = {True: [], False: []}
    for shot in shots():
        said = answer(shot, Asked(OURS, 3))
        if _parses(shot, OURS):
            for cue in json.loads(said.content)["cues"]:
                by_sign[" reading '" in cue["description"]].append(cue["score"])
    mean = {sign: sum(scores) / len(scores) for sign, scores in by_sign.items()}
    assert mean[True] > mean[False] + 20
    assert min(by_sign[True]) < max(by_sign[False])


@pytest.mark.parametrize(
    ("prompt", "fleeting"),
    [
        ("Leave out people, vehicles, weather and light. Name what stays.", 0.03),
        ("Do not describe traffic.", 0.03),
        ("Name static things.", 0.1),
        ("Describe the scene.", 0.22),
        ("Tell the weather and the light.", 0.4),
        ("What is going on here?", 0.55),
    ],
)
def test_what_is_forbidden_is_told_from_what_is_asked(prompt: str, fleeting: float) -> None:
    assert manner_of(prompt).fleeting == fleeting


@settings(max_examples=10)
@given(st.text(), st.lists(st.integers()))
def test_chance_is_the_same_for_the_same_key_and_spread_evenly(text: str, numbers: list[int]) -> None:
    assert 0 <= chance(text, *numbers) == chance(text, *numbers) < 1
    drawn = Counter(choose("abcd", text, number) for number in range(200))
    assert set(drawn) == set("abcd")


def test_a_sight_is_told_exactly_or_roughly() -> None:
    kinds = {sight.kind for shot in shots() for sight in sights(shot, 0)}
    assert {"wall", "roof", "windows", "shop", "gate", "neighbour left", "road", "sign 0", "sign 1"} <= kinds
    assert all(isinstance(sight, Sight) and 0 < sight.telling < 1 for sight in sights(shots()[0], 0))
