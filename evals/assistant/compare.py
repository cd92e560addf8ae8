"""Two prompts over the same conversations: is B better than A, worse, or can nobody tell?"""

from collections.abc import Sequence
from typing import Literal

from internvl_vpr.tools.records import Record

from ..compare.records import NOT_SHOWN, Share, Verdict
from ..measures.paired import Interval, mcnemar, tango_interval
from ..measures.recall import Recall
from .run import Outcome

Judged = Literal["pass", "regression", "inconclusive", "incomplete"]
EXIT_CODES: dict[Judged, int] = {"pass": 0, "regression": 1, "inconclusive": 3, "incomplete": 4}
_ALPHA = 0.05


class Side(Record):
    """One prompt: its name, the conversations that it gets right, the choices sent back, the tokens spent now."""

    prompt: str
    right: Share
    sent_back: int
    tokens: int


class Flip(Record):
    """A conversation that one of the prompts gets right and the other does not, with both steps."""

    id: str
    gained: bool
    wrong: str
    a: str
    b: str


class PromptComparison(Record):
    """The paired difference B − A in the share of conversations that are right, exact McNemar's p, and what changed.

    `interval` is Tango's, at 95 %. `unanswered` are the conversations to which the endpoint gave no answer.
    """

    a: Side
    b: Side
    difference: float
    interval: Interval
    p: float
    verdict: Verdict
    flips: tuple[Flip, ...]
    unanswered: tuple[str, ...]

    def judged(self, margin: float, *, strict: bool = False) -> Judged:
        """Return what a gate makes of it: B passes if it is not shown to be worse by more than the margin allows.

        It is a regression if it is worse, and inconclusive if the interval goes below the margin.
        """
        if self.unanswered:
            return "incomplete"
        if self.verdict == "worse":
            return "regression"
        if self.verdict == "better" or not self.flips or self.interval[0] >= -margin:
            return "pass"
        return "regression" if strict else "inconclusive"


def compare_prompts(labels: tuple[str, str], a: Sequence[Outcome], b: Sequence[Outcome]) -> PromptComparison:
    """Compare the outcomes of two prompts, conversation by conversation, in the same order."""
    pairs = list(zip(a, b, strict=True))
    gained = sum(two.right and not one.right for one, two in pairs)
    lost = sum(one.right and not two.right for one, two in pairs)
    p, interval = mcnemar(gained, lost), tango_interval(gained, lost, len(pairs))
    shown = p < _ALPHA and (interval[0] > 0 or interval[1] < 0)
    return PromptComparison(
        a=_side(labels[0], a),
        b=_side(labels[1], b),
        difference=(gained - lost) / len(pairs),
        interval=interval,
        p=p,
        verdict=("better" if gained > lost else "worse") if shown else NOT_SHOWN,
        flips=tuple(_flip(one, two) for one, two in pairs if one.right != two.right),
        unanswered=tuple(dict.fromkeys(one.id for one in (*a, *b) if one.unanswered)),
    )


def _side(prompt: str, outcomes: Sequence[Outcome]) -> Side:
    right = Recall(1, sum(one.right for one in outcomes), len(outcomes))
    sent_back, tokens = sum(one.sent_back for one in outcomes), sum(one.tokens for one in outcomes)
    return Side(prompt=prompt, right=Share.from_recall(right), sent_back=sent_back, tokens=tokens)


def _flip(a: Outcome, b: Outcome) -> Flip:
    return Flip(id=a.id, gained=b.right, wrong=a.wrong or b.wrong, a=a.step, b=b.step)
