"""What stage 2 of a run asks of a model, beside what the other way of re-ranking would ask on the same photographs."""

from collections.abc import Iterable

from internvl_vpr.agent.settings import Settings
from internvl_vpr.tools.records import Record, asked_and_answered

from .folder import Run
from .records import Result


class RerankingCost(Record):
    """Requests and tokens over all attempts on record, and what both ways ask when nothing is on record yet.

    Cues cost one description for each of the distinct `images`, whatever photograph it is for; the judge costs one
    request for each of the `pairs` of a photograph and its first candidates.
    """

    judges: bool
    photographs: int
    requests: int
    tokens: int
    images: int
    pairs: int


def reranking_cost(run: Run) -> RerankingCost | None:
    """Return what re-ranking took; None where it asked no model, as with the sign reader or an imported ranking."""
    settings = run.info.settings
    if not (run.info.judges or settings.get("describer") == "vlm") or run.info.method is not None:
        return None
    located = [result for result in run.results if result.shortlist]
    most = int(settings.get("judge_k") or Settings.model_fields["judge_k"].default)  # older runs have none
    return RerankingCost(
        judges=run.info.judges,
        photographs=len(located),
        requests=sum(attempts for attempts, _ in _spent(run, located)),
        tokens=sum(tokens for _, tokens in _spent(run, located)),
        images=len({digest for one in located for digest in (one.digest, *_images(one))}),
        pairs=sum(min(most, len(_images(one))) for one in located),
    )


def _images(result: Result) -> set[str]:
    return {one.digest for one in result.shortlist}


def _spent(run: Run, located: Iterable[Result]) -> list[tuple[int, int]]:
    """Return attempts and tokens of each step: a query's pairs, or an image's description."""
    if run.info.judges:
        return [(one.judging.attempts, asked_and_answered(one.judging.usage)) for one in located if one.judging]
    return [(one.attempts, asked_and_answered(one.usage)) for one in run.descriptions.values()]


def cost_in_words(cost: RerankingCost) -> str:
    """Say in one line what re-ranking took, and what the other way takes."""
    each = max(cost.photographs, 1)
    tokens = f" and {cost.tokens:,} tokens" if cost.tokens else ""
    took = f"{cost.requests:,} requests ({cost.requests / each:.1f} a photograph){tokens}"
    if cost.judges:
        return f"Judging pairs took {took}; describing each image once takes {cost.images:,} requests."
    return f"Describing each image once took {took}; judging pairs takes {cost.pairs:,} requests."
