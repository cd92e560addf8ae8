"""The stages of a run as they are drawn and told, against times worked out by hand."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from internvl_vpr.agent.view.stages import Stages, show_stages, tell_pace, tell_stage, tell_stages


def drawn(stages: Stages, seconds: float) -> str:
    file = io.StringIO()
    Console(file=file, width=80, force_terminal=True, color_system=None).print(show_stages(stages, seconds))
    return file.getvalue()


def test_a_stage_that_is_done_says_how_long_it_took() -> None:
    stages = Stages()
    stages.see("a", "retrieving", 0, 1, "", 0.5)
    stage = stages.see("a", "retrieving", 1, 1, "", 0.8)
    assert tell_stage(stage) == "retrieved in 0.3 s"
    assert "✓ retrieved in 0.3 s" in drawn(stages, 9.0)


def test_what_is_read_back_counts_neither_for_the_rate_nor_for_the_time_left() -> None:
    stages = Stages()
    stages.see("a", "describing", 12, 101, "", 1.0)
    stage = stages.see("a", "describing", 41, 101, "", 11.0)
    assert stage.rate() == pytest.approx((41 - 12) / 10)
    assert stage.left() == pytest.approx((101 - 41) / 2.9)
    assert tell_pace(stage) == "41 of 101, 12 read back, 2.9/s, 21 s left"
    assert "41 of 101" in drawn(stages, 11.0)
    done = stages.see("a", "describing", 101, 101, "", 31.0)
    assert tell_stage(done) == "described 89 images, 12 read back, in 30.0 s"


def test_nothing_is_said_about_a_rate_before_there_is_one() -> None:
    stage = Stages().see("a", "describing", 5, 21, "", 1.0)
    assert stage.rate() is None
    assert stage.left() is None
    assert tell_pace(stage) == "5 of 21, 5 read back"


def test_the_same_stage_of_two_calls_is_two() -> None:
    stages = Stages()
    for call in "ab":
        stages.see(call, "retrieving", 0, 1, "", 0.0)
        stages.see(call, "retrieving", 1, 1, "", 1.0)
    assert tell_stages(stages.stages) == "retrieved in 1.0 s · retrieved in 1.0 s"


@pytest.mark.parametrize(
    ("seconds", "said"), [(59, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (7260, "2 h 1 min")]
)
def test_the_time_left_is_said_in_the_units_people_use(seconds: float, said: str) -> None:
    stages = Stages()
    stages.see("a", "describing", 0, 2, "", 0.0)
    assert tell_pace(stages.see("a", "describing", 1, 2, "", seconds)).endswith(f", {said} left")


def test_a_stage_s_own_words_are_data() -> None:
    stages = Stages()
    stages.see("a", "[red]\x1b[2J:pizza:", 0, 3, "", 0.0)
    assert "[red]\\x1b[2J:pizza:" in drawn(stages, 1.0)
    assert "\x1b[2J" not in drawn(stages, 1.0)


@given(
    done=st.integers(0, 200), total=st.integers(1, 200), first=st.integers(0, 200), began=st.floats(0, 1e5),
    took=st.floats(0, 1e5),
)  # fmt: skip
def test_every_report_can_be_drawn(done: int, total: int, first: int, began: float, took: float) -> None:
    stages = Stages()
    stages.see("a", "describing", first, total, "", began)
    stage = stages.see("a", "describing", done, total, "", began + took)
    assert stage.left() is None or stage.left() >= 0  # type: ignore[operator]
    assert drawn(stages, began + took).strip()
