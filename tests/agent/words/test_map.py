"""The map, what was added to it, and the settings, in sentences."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from answers import PAYLOADS, STEERING
from presets import preset_settings

from internvl_vpr.agent import words
from internvl_vpr.agent.dialogue.tools import stricter
from internvl_vpr.agent.words.phrases import quoted
from internvl_vpr.tools.index.build import BuildReport
from internvl_vpr.tools.index.scan import Skipped
from internvl_vpr.tools.map_summary import MapSummary


@pytest.mark.parametrize(
    ("changed", "marked"),
    [
        ({}, []),
        ({"tau": 0.7}, ["tau"]),
        ({"k": 5, "below_tau": "strict"}, ["k", "below_tau"]),
        ({"trust": "confirmed"}, ["trust"]),
    ],
)
def test_settings_say_which_were_changed(changed: Mapping[str, object], marked: list[str]) -> None:
    now = preset_settings("embedded").model_copy(update=dict(changed))
    told = words.tell_settings(now, changed)
    lines = [line for line in told.split("\n") if "changed in this conversation" in line]
    assert [line.split(" ")[1].rstrip(":") for line in lines] == marked
    assert f"S > {now.tau:g}" in told
    assert f"{now.k} candidates" in told
    assert ("calibrated" in told) == bool({"k", "n", "tau"} & set(changed))


def test_a_change_of_settings_is_told_first_and_alone() -> None:
    former = preset_settings("embedded").model_copy(update={"tau": 0.5, "n": 3})
    new = {"tau": 0.97, "n": 5}
    now = former.model_copy(update=new)
    told = words.tell_settings(now, {**new, "k": 5}, new, former).split("\n")
    assert told[0] == "τ is 0.97 from now on: words decide when S > 0.97, which is for experts."
    assert told[1].startswith("n is 5 from now on")
    assert "described again with 5 cues each" in told[2]
    assert "calibrated" in told[3]
    assert len(told) == 4


def test_with_the_judge_the_model_decides_and_nothing_is_described() -> None:
    judged = preset_settings("embedded").model_copy(update={"reranker": "judge", "judge_k": 7, "tau": 0.0})
    told = words.tell_settings(judged, {})
    assert 'The model "InternVL3-38B" compares the photo with 7 candidates; the preset is embedded.' in told
    assert "tau: the model decides when S > 0" in told
    assert "described" not in told + words.tell_settings(judged, {"n": 5}, {"n": 5})


def test_a_setting_that_held_already_is_told_so() -> None:
    now = preset_settings("embedded").model_copy(update={"below_tau": "strict", "n": 5})
    told = words.tell_settings(now, {}, {"n": 5, "below_tau": "strict"}, now).split("\n")
    assert told == [
        "n is 5 already: 5 cues per image.",
        "below_tau is strict already: when no candidate has S > τ, they are dropped.",
    ]


@pytest.mark.parametrize(
    ("now", "then"),
    [("any", "likely"), ("likely", "confirmed"), ("confirmed", "confirmed"), (0.5, 0.75), (0.98, 0.99), (0.995, 0.995)],
)
def test_stricter_is_never_laxer(now: str | float, then: str | float) -> None:
    assert stricter(now) == then


SUMMARY = MapSummary(
    photos=12, images=10, positioned=11, roots=(Path('/photos "x"'),), south=48.2, north=48.21, west=16.37, east=16.38,
    width=743.0, height=1112.0, planes=("33U", "own"), backbone="rootsift/240px", checksum="c" * 64,
)  # fmt: skip


def test_a_map_is_told_in_numbers() -> None:
    told = words.tell_map(SUMMARY)
    for part in (
        "12 photos, 10 distinct images; 11 of them have a position",
        '"/photos \\"x\\""',
        "from 48.200000, 16.370000 in the south-west to 48.210000, 16.380000",
        "743 m from west to east and 1,112 m from south to north",
        "UTM zone 33U and a plane of its own",
    ):
        assert part in told
    nowhere = dict.fromkeys(("south", "north", "west", "east", "width", "height"))
    told = words.tell_map(SUMMARY.model_copy(update={**nowhere, "planes": (), "positioned": 0}))
    assert "none of them have a position" in told
    assert "They lie" not in told


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_build_tells_what_was_skipped_and_no_more_than_ten(payload: str) -> None:
    skipped = tuple(Skipped(path=Path("x"), reason=f"{payload} {number}") for number in range(14))
    report = BuildReport(photos=12, computed=3, pruned=1, skipped=skipped, unmatched=(payload,))
    told = words.tell_build(report, SUMMARY)
    assert not STEERING & set(told)
    assert "3 images computed now, 14 files skipped and 1 photo dropped that is gone." in told
    assert "11. Skipped: 4 more" in told
    assert quoted(payload) in told
    assert told.count("\n") == 11 + 1 + 5
    assert words.tell_map(SUMMARY) in told
