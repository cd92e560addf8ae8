"""The words that sentences and views share."""

from answers import PAYLOADS, QUOTED
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.agent.words.phrases import ordinal, quoted
from internvl_vpr.tools.text.foreign import one_line


@given(text=st.sampled_from([*PAYLOADS, "\udcff"]) | st.text())
def test_a_quotation_ends_where_we_end_it(text: str) -> None:
    shown = quoted(text)
    assert QUOTED.fullmatch(shown)
    assert "\n" not in shown
    assert "\t" not in one_line(text)


def test_ordinals() -> None:
    numbers = (1, 2, 3, 4, 11, 12, 13, 21, 22, 33, 100, 111)
    said = ["first", "second", "third", "4th", "11th", "12th", "13th", "21st", "22nd", "33rd", "100th", "111th"]
    assert [ordinal(number) for number in numbers] == said
