"""What a gate allows, with its defaults; the command's flags take them from here, so nothing heavy is imported."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What a run may lose against its baseline; shares in [0, 1].

    `margin` is the loss in Recall@`k` that is accepted, `min_valid` and `min_exact` are the least shares of images
    with usable cues and with exactly N cues, `max_errors` is the largest share of photographs not located, and
    `max_cost` how many times the baseline's cost an image may cost.
    """

    margin: float = 0.05
    k: int = 1
    min_valid: float = 0.95
    min_exact: float = 0.95
    max_errors: float = 0.01
    max_cost: float = 1.5
