"""Scoring a run anew: its own settings give its own rankings, and others what plain loops give."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import made_runs
import numpy as np
import pytest
import texture_run
from hypothesis import given
from hypothesis import strategies as st
from scripted import HashEncoder

from internvl_vpr.agent.settings import Verify
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result, Shortlisted
from internvl_vpr.evals.tune.rescore import Rescored, Rescorer, Rescoring, Weights, open_rescorer, order_by, query_ranks
from internvl_vpr.tools.apply_threshold import BelowTau, apply_threshold
from internvl_vpr.tools.errors import RunUnfinished, UsageError
from internvl_vpr.tools.records import Candidate, Score

SCORES = st.lists(st.none() | st.sampled_from([-0.5, 0.0, 0.25, 0.5, 0.75, 1.0]), max_size=8)


@pytest.fixture(scope="module")
def textures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("cv2", reason="needs the extra embedded")
    return tmp_path_factory.mktemp("textures")


@pytest.mark.parametrize("below_tau", ["fallback", "strict"])
@pytest.mark.parametrize("tau", [-1.0, 0.4, 0.99])
def test_a_runs_own_settings_give_its_own_rankings(textures: Path, tau: float, below_tau: BelowTau) -> None:
    run = texture_run.make_run(textures, tau=tau, below_tau=below_tau)
    assert {result.retained > 0 for result in run.results} == {True, False}
    rescorer = open_rescorer(run, HashEncoder())
    assert rescorer.differing() == []
    found = rescorer.rescore(rescorer.own)
    assert [one.rank for one in found] == [result.final_rank for result in run.results]
    recorded = [[s.score for s in result.shortlist] for result in run.results]
    anew = [[None if math.isnan(s) else s for s in one] for one in rescorer.scores(rescorer.own)]
    assert anew == recorded


@pytest.mark.parametrize("below_tau", ["fallback", "strict"])
@pytest.mark.parametrize("tau", [-1.0, 0.4, 0.99])
@pytest.mark.parametrize("verify", ["report", "rank"])
def test_a_run_that_was_verified_gives_its_own_rankings(
    textures: Path, tau: float, below_tau: BelowTau, verify: Verify
) -> None:
    run = texture_run.make_run(textures, tau=tau, below_tau=below_tau, verify=verify)
    rescorer = open_rescorer(run, HashEncoder())
    assert rescorer.own.geometry == (verify == "rank")
    assert rescorer.differing() == []
    found = rescorer.rescore(rescorer.own)
    assert [one.rank for one in found] == [result.final_rank for result in run.results]
    assert [one.retained for one in found] == [result.retained for result in run.results]
    unverified = texture_run.make_run(textures, tau=tau, below_tau=below_tau)
    without = rescorer.rescore(dataclasses.replace(rescorer.own, geometry=False))
    assert [one.ranking for one in without] == [result.ranking for result in unverified.results]
    moved = [one.ranking != other.ranking for one, other in zip(found, without, strict=True)]
    assert any(moved) == (verify == "rank")
    ranked = texture_run.make_run(textures, tau=tau, below_tau=below_tau, verify="rank")
    with_geometry = rescorer.rescore(dataclasses.replace(rescorer.own, geometry=True))
    assert [one.ranking for one in with_geometry] == [result.ranking for result in ranked.results]


def test_geometry_that_is_recorded_otherwise_gives_another_ranking(textures: Path) -> None:
    run = texture_run.make_run(textures, tau=0.99, verify="rank")
    first = next(result for result in run.results if result.ranking[0] != 1 and not result.retained)
    shortlist = [one.model_copy(update={"inliers": None}) for one in first.shortlist]
    forgotten = first.model_copy(update={"shortlist": tuple(shortlist)})
    changed = Run(run.folder, run.info, [forgotten if one is first else one for one in run.results])
    assert open_rescorer(changed, HashEncoder()).differing() == [first.query]


def test_geometry_that_is_not_on_record_is_refused_in_a_sentence(textures: Path) -> None:
    rescorer = open_rescorer(texture_run.make_run(textures), HashEncoder())
    with pytest.raises(UsageError, match=r"has no geometry on record, so .* run the split again with --verify rank\."):
        rescorer.rescore(dataclasses.replace(rescorer.own, geometry=True))
    run = texture_run.make_run(textures, verify="rank")
    before = Run(run.folder, run.info.model_copy(update={"limits": None}), run.results)
    with pytest.raises(UsageError, match="ordered by geometry before that was recorded"):
        open_rescorer(before, HashEncoder())


def test_photos_without_a_position_stand_last_as_in_an_answer() -> None:
    run = made()
    (result,) = run.results
    shortlist = [one.model_copy(update={"placed": one.reference != "b"}) for one in result.shortlist]
    moved = made_runs.run(
        [result.model_copy(update={"shortlist": tuple(shortlist)})], list(run.descriptions.values()), k=4, n=3, tau=-1.0
    )
    _, own = anew(Rescoring(n=3, k=4, tau=-1), run)
    _, found = anew(Rescoring(n=3, k=4, tau=-1), moved)
    assert own.ranking[0] == 2  # b has the largest S
    assert found.ranking == (*own.ranking[1:], 2)


def test_fewer_candidates_are_what_a_run_with_that_k_gives(textures: Path) -> None:
    rescorer = open_rescorer(texture_run.make_run(textures), HashEncoder())
    smaller = texture_run.make_run(textures, k=4)
    found = rescorer.rescore(dataclasses.replace(rescorer.own, k=4))
    assert [one.ranking for one in found] == [result.ranking for result in smaller.results]
    assert [one.rank for one in found] == [result.final_rank for result in smaller.results]


def test_the_ledger_gives_the_embeddings_and_is_not_needed(textures: Path, tmp_path: Path) -> None:
    run = texture_run.make_run(textures)

    class Mute(HashEncoder):
        def encode(self, phrases: list[str]) -> np.ndarray:
            raise AssertionError(f"{phrases} are in the ledger")

    assert open_rescorer(run, Mute()).differing() == []
    moved = Run(run.folder, run.info.model_copy(update={"ledger": str(tmp_path / "gone.sqlite")}), run.results)
    assert open_rescorer(moved, HashEncoder()).differing() == []
    assert list(tmp_path.iterdir()) == []


def test_a_changed_score_is_noticed(textures: Path) -> None:
    run = texture_run.make_run(textures)
    first = next(result for result in run.results if result.retained > 1)
    turned = first.model_copy(update={"ranking": (first.ranking[1], first.ranking[0], *first.ranking[2:])})
    changed = Run(run.folder, run.info, [turned if one is first else one for one in run.results])
    assert open_rescorer(changed, HashEncoder()).differing() == [first.query]


CUES = {
    "q": [("door", 3), ("clock", 2), ("sign", 1)],
    "a": [("clock", 1), ("arch", 3)],
    "b": [("door", 1), ("clock", 2), ("steps", 0)],
    "c": [],
    "d": [("sign", 4), ("door", 4), ("arch", 2)],
}
SIMILARITY = {"a": 0.9, "b": 0.6, "c": 0.5, "d": 0.2}


def made(tau: float = -1.0, **fields: object) -> Run:
    """One query with four candidates, of which the third has no cues; the last is right."""
    shortlist = tuple(
        Shortlisted(reference=name, digest=made_runs.digest(name), similarity=similarity)
        for name, similarity in SIMILARITY.items()
    )
    digest = made_runs.digest("q")
    result = Result(query="q", digest=digest, positives=("d",), shortlist=shortlist, ranking=(1, 2, 3, 4), retained=0)
    cues = [made_runs.described(name, *said) for name, said in CUES.items()]
    return made_runs.run([result], cues, k=4, n=3, tau=tau, **fields)  # type: ignore[arg-type]


def by_loops(n: int, weights: Sequence[float] | None = None, *, both: bool = False) -> dict[str, float | None]:
    """S of each candidate by plain loops over cosines of phrases, from the definitions alone, to five decimals."""
    said = {name: cues[:n] for name, cues in CUES.items()}
    encoder = HashEncoder()

    def cosine(a: str, b: str) -> float:
        u, v = (encoder.encode([text])[0].astype(float).tolist() for text in (a, b))
        return round(min(1.0, max(-1.0, math.fsum(x * y for x, y in zip(u, v, strict=True)))), 5)

    def share(cues: Sequence[tuple[str, float]]) -> list[float]:
        total = sum(score for _, score in cues)
        return [score / total if total else 1 / len(cues) for _, score in cues]

    def one_way(
        ours: Sequence[tuple[str, float]], theirs: Sequence[tuple[str, float]], given: Sequence[float]
    ) -> float:
        best = [max(cosine(text, other) for other, _ in theirs) for text, _ in ours]
        return sum(weight * value for weight, value in zip(given, best, strict=True))

    found: dict[str, float | None] = {}
    for name in SIMILARITY:
        if not said[name]:
            found[name] = None
            continue
        forward = one_way(said["q"], said[name], weights or share(said["q"]))
        backward = one_way(said[name], said["q"], share(said[name]))
        found[name] = round((round(forward, 5) + backward) / 2 if both else forward, 5)
    return found


def anew(asked: Rescoring, run: Run | None = None) -> tuple[dict[str, float | None], Rescored]:
    rescorer = open_rescorer(run or made(), HashEncoder())
    (scores,), (found,) = rescorer.scores(asked), rescorer.rescore(asked)
    return {n: None if math.isnan(s) else s for n, s in zip(SIMILARITY, scores.tolist(), strict=True)}, found


def close(found: dict[str, float | None], expected: dict[str, float | None]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert (found[name] is None) == (value is None)
        assert value is None or found[name] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_first_cues_with_their_weights_anew(n: int) -> None:
    scores, found = anew(Rescoring(n=n, k=4, tau=-1))
    close(scores, by_loops(n))
    assert scores["d"] is not None
    assert found.confidence == max(s for s in scores.values() if s is not None)


def test_uniform_and_symmetric_weights() -> None:
    close(anew(Rescoring(n=3, k=4, tau=-1, weights="uniform"))[0], by_loops(3, [1 / 3] * 3))
    close(anew(Rescoring(n=3, k=4, tau=-1, weights="symmetric"))[0], by_loops(3, both=True))
    close(anew(Rescoring(n=2, k=4, tau=-1, weights="symmetric"))[0], by_loops(2, both=True))


def test_shuffled_weights_are_the_querys_own_in_an_order_that_never_changes() -> None:
    scores, _ = anew(Rescoring(n=3, k=4, tau=-1, weights="shuffled"))
    close(scores, by_loops(3, [2 / 6, 1 / 6, 3 / 6]))  # sha256sum of "False\nq\n0" … 2: ef…, 3a…, d7…


def test_fusion_orders_the_retained_and_retains_nothing_more() -> None:
    for w in (0.0, 0.3, 1.0):
        scores, found = anew(Rescoring(n=3, k=4, tau=0.5, fusion=w))
        kept = [name for name, score in scores.items() if score is not None and score > 0.5]
        assert len(kept) == 2
        fused = {name: (1 - w) * (scores[name] or 0) + w * SIMILARITY[name] for name in kept}
        order = sorted(kept, key=lambda name: -fused[name]) + [name for name in SIMILARITY if name not in kept]
        assert [list(SIMILARITY)[rank - 1] for rank in found.ranking] == order
        assert (found.retained, found.rank) == (2, order.index("d") + 1)


def test_the_confidence_is_the_largest_s_whatever_orders() -> None:
    scores, found = anew(Rescoring(n=3, k=4, tau=-1, fusion=1.0))
    assert (found.confidence, found.right) == (scores["b"], False)
    assert anew(Rescoring(n=3, k=1, tau=-1))[1].rank is None
    assert anew(Rescoring(n=3, k=1, tau=-1))[1].confidence == scores["a"]


def test_without_cues_the_coarse_order_stands() -> None:
    run = made()
    run.descriptions[made_runs.digest("q")] = made_runs.described("q")
    _, found = anew(Rescoring(n=3, k=4, tau=-1), run)
    assert found == Rescored(ranking=(1, 2, 3, 4), retained=0, rank=4, confidence=None, right=False)
    missed = made_runs.run([Result(query="x", digest=None, error="broken")], n=3, k=4)
    assert open_rescorer(missed, HashEncoder()).rescore(Rescoring(n=3, k=4, tau=-1)) == [
        Rescored(ranking=(), retained=0, rank=None, confidence=None, right=False)
    ]


def test_only_queries_of_the_map_have_a_rank() -> None:
    run = made_runs.run([made_runs.result("in", 2, 1), made_runs.result("out", None, None, outside=True)])
    found = open_rescorer(run, HashEncoder()).rescore(Rescoring(n=3, k=20, tau=0.5))
    assert query_ranks(found, run) == [2]  # without descriptions the coarse order stands


@given(SCORES, st.sampled_from([-1.0, 0.0, 0.25, 0.6, 1.0]), st.sampled_from(["fallback", "strict"]))
def test_the_order_is_that_of_apply_threshold(scores: list[float | None], tau: float, below_tau: BelowTau) -> None:
    candidates = [
        Candidate(
            reference=str(rank), path=Path(str(rank)), digest=made_runs.digest(str(rank)), position=None,
            coarse_rank=rank, coarse_similarity=0.5,
        )
        for rank in range(1, len(scores) + 1)
    ]  # fmt: skip
    given_scores = [Score(reference=str(i), score=score, matches=()) for i, score in enumerate(scores, start=1)]
    ranked = apply_threshold(candidates, given_scores, tau, below_tau)
    values = np.array([math.nan if score is None else score for score in scores])
    order, retained = order_by(values, values, tau, below_tau)
    assert [int(place) + 1 for place in order] == [one.coarse_rank for one in ranked]
    assert retained == sum(one.retained for one in ranked)


@given(SCORES, st.floats(0, 1), st.integers(1, 8))
def test_a_similarity_alone_leaves_the_coarse_order_of_the_retained(
    scores: list[float | None], tau: float, k: int
) -> None:
    values = np.array([math.nan if score is None else score for score in scores])[:k]
    falling = np.linspace(1, 0, len(values))
    order, retained = order_by(values, falling, tau, "fallback")
    assert sorted(order[:retained]) == list(order[:retained])
    assert sorted(order[retained:]) == list(order[retained:])
    assert sorted(order) == list(range(len(values)))


@pytest.mark.parametrize(
    ("weights", "fusion", "n", "k", "says"),
    [("alpha", 1.1, 3, 4, "fusion"), ("alpha", math.nan, 3, 4, "fusion"), ("alpha", 0, 0, 4, "N and K"),
     ("alpha", 0, 3, 0, "N and K")],
)  # fmt: skip
def test_values_out_of_range(weights: Weights, fusion: float, n: int, k: int, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Rescoring(n=n, k=k, tau=0, weights=weights, fusion=fusion)


def test_a_run_that_cannot_be_scored_anew() -> None:
    with pytest.raises(RunUnfinished, match="not finished"):
        open_rescorer(made(finished=None), HashEncoder())
    with pytest.raises(UsageError, match="'another/1', and this one is 'hash/1'"):
        open_rescorer(made(encoder_id="another/1"), HashEncoder())


def test_a_rescorer_takes_embeddings_as_they_are() -> None:
    texts = {text for cues in CUES.values() for text, _ in cues}
    vectors = dict(zip(texts, np.eye(len(texts), dtype=np.float32), strict=True))
    (scores,) = Rescorer(made(), vectors).scores(Rescoring(n=3, k=4, tau=-1))
    assert scores.tolist() == pytest.approx([0.33333, 0.83333, math.nan, 0.66667], nan_ok=True)
