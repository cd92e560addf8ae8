"""Of which answers it is said how often such answers were right, and by whose count."""

from typing import Any, Literal

import pytest
from answers import QUERY, candidate
from scipy.stats import beta

from internvl_vpr.tools.answer import Findings, compose_answer
from internvl_vpr.tools.check_map import held_out_tallies, tally
from internvl_vpr.tools.index.calibration import LABELLED, Limits, MapCheck
from internvl_vpr.tools.records import Description, Geometry, Photo, Probability, RankedCandidate

CLEAR = candidate(1, geometry=Geometry(matches=300, inliers=250), retained=False)
FAINT = candidate(1, geometry=Geometry(matches=300, inliers=50), retained=False)


def probability(
    first: RankedCandidate = CLEAR,
    counted: tuple[int, int] | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    verify: Literal["off", "report", "rank"] = "rank",
) -> Probability | None:
    """What is said of an answer, where the map's check counted so many right ones among so many confirmed ones."""
    check = counted and MapCheck(
        asked=50, alone=0, grades={**held_out_tallies(()), "confirmed": tally(*counted)}, limits=limits,
        is_default=limits == Limits(), photos=50, backbone_id="b", codebook="0" * 64, verifier_id="v", made="now",
    )  # fmt: skip
    description = Description(digest=QUERY, describer="d", cues=(), recorded=False)
    settings: dict[str, Any] = {"describer_id": "d"}
    return compose_answer(
        Findings(
            query=Photo(path="q.jpg", digest=QUERY, width=8, height=8), query_position=None,
            descriptions={QUERY: description}, retrieved=1, ranked=(first,), tau=-1.0, below_tau="fallback",
            settings=settings, verify=verify, limits=limits, check=check or None,
        )
    ).probability  # fmt: skip


def test_the_map_s_own_check_comes_first() -> None:
    told = probability(counted=(48, 50))
    assert told
    assert (told.right, told.answers, told.basis) == (48, 50, "this map")
    assert (told.low, told.high) == pytest.approx((beta.ppf(0.025, 48, 3), beta.ppf(0.975, 49, 2)))


def test_where_the_check_counted_fewer_than_ten_labelled_photographs_speak() -> None:
    for counted in (None, (9, 9)):
        told = probability(counted=counted)
        assert told
        assert (told.right, told.answers) == (LABELLED["confirmed"].right, LABELLED["confirmed"].answers)
        assert told.basis == "labelled photographs"
    ten = probability(counted=(10, 10))
    assert ten
    assert ten.basis == "this map"


def test_labelled_photographs_say_nothing_of_other_limits() -> None:
    assert probability(counted=(9, 9), limits=Limits(chance=40)) is None


def test_nothing_is_said_where_it_was_not_counted() -> None:
    likely, labelled = probability(FAINT, counted=(48, 50)), LABELLED.get("likely")
    assert (likely and likely.answers) == (labelled and labelled.answers)
    assert probability(CLEAR, counted=(48, 50), verify="report") is None  # in the order of Eq. 10
    by_sign = CLEAR.model_copy(update={"named": True})
    assert probability(by_sign, counted=(48, 50)) is None
    nothing = candidate(1, geometry=Geometry(matches=9, inliers=8), retained=False)
    assert probability(nothing, counted=(48, 50)) is None


def test_the_limits_of_labelled_counts_are_clopper_and_pearson_s() -> None:
    for one in LABELLED.values():
        low = beta.ppf(0.025, one.right, one.answers - one.right + 1) if one.right else 0.0
        high = beta.ppf(0.975, one.right + 1, one.answers - one.right) if one.right < one.answers else 1.0
        assert (one.low, one.high) == pytest.approx((low, high), abs=5e-4)
