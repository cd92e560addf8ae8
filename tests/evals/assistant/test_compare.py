"""Two prompts over the same conversations: the paired test, and what a gate makes of it."""

from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from internvl_vpr.evals.assistant.compare import Judged, PromptComparison, compare_prompts
from internvl_vpr.evals.assistant.run import Outcome


def outcome(number: int, *, right: bool, unanswered: bool = False) -> Outcome:
    wrong = "" if right else "not it"
    return Outcome(
        id=f"c{number}", kind="why", step="x", wrong=wrong, sent_back=1, unanswered=unanswered, tokens=2
    )  # fmt: skip


def compared(gained: int, lost: int, same: int, unanswered: int = 0) -> PromptComparison:
    rights = [(False, True)] * gained + [(True, False)] * lost + [(True, True)] * same
    a = [outcome(number, right=one) for number, (one, _) in enumerate(rights)]
    b = [outcome(n, right=one, unanswered=n < unanswered) for n, (_, one) in enumerate(rights)]
    return compare_prompts(("old", "new"), a, b)


@settings(max_examples=25)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 40))
def test_the_test_is_exact_and_every_conversation_that_changed_is_named(gained: int, lost: int, same: int) -> None:
    found = compared(gained, lost, same)
    n = gained + lost
    exact = min(1.0, 2 * sum(comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n) if n else 1.0
    assert found.p == pytest.approx(exact)
    assert found.difference == pytest.approx((gained - lost) / (n + same))
    assert [flip.gained for flip in found.flips] == [True] * gained + [False] * lost
    assert (found.a.right.count, found.b.right.count) == (lost + same, gained + same)
    if found.verdict in ("better", "worse"):
        assert exact < 0.05
        assert (found.verdict == "better") == (gained > lost)
    else:
        assert exact >= 0.05 or found.interval[0] <= 0 <= found.interval[1]


@pytest.mark.parametrize(
    ("counts", "judged"),
    [
        ((0, 0, 50), "pass"),
        ((9, 0, 40), "pass"),
        ((1, 9, 40), "regression"),
        ((0, 2, 40), "inconclusive"),
        ((3, 0, 100), "pass"),
        ((0, 0, 50, 1), "incomplete"),
        ((1, 9, 40, 1), "incomplete"),
    ],
)
def test_a_gate_passes_what_is_not_shown_to_be_worse(counts: tuple[int, ...], judged: Judged) -> None:
    found = compared(*counts)
    assert found.judged(0.05) == judged
    assert found.judged(0.05, strict=True) == ("regression" if judged == "inconclusive" else judged)
