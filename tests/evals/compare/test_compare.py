"""Two runs side by side: every count by hand, what is refused, and what a person sees."""

import io
import json
import random
import re
from collections.abc import Sequence
from pathlib import Path

import made_runs
import pytest
from rich.console import Console, RenderableType

from internvl_vpr.evals.compare.compare import compare
from internvl_vpr.evals.compare.records import NOT_SHOWN, p_in_words
from internvl_vpr.evals.compare.view import show_comparison
from internvl_vpr.evals.measures.paired import detectable_difference, holm, least_detectable, mcnemar, tango_interval
from internvl_vpr.evals.measures.recall import wilson_interval
from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.records import Result
from internvl_vpr.tools.errors import RunUnfinished, UsageError
from internvl_vpr.tools.records import Steps

Ranks = Sequence[tuple[int | None, int | None]]


def results(ranks: Ranks) -> list[Result]:
    """Queries 100 m apart, with the first positive's rank in both stages."""
    return [
        made_runs.result(f"q{number}", coarse, final, at=made_runs.metres(100 * number))
        for number, (coarse, final) in enumerate(ranks)
    ]


def run(ranks: Ranks, *, split: str = "town-night", finished: str | None = "2026-01-02", tau: float = 0.5) -> Run:
    return made_runs.run(results(ranks), split=split, finished=finished, tau=tau)


def one(made: Run) -> dict[str, Run]:
    return {made.info.split.name: made}


def shown(part: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=80, markup=False, emoji=False, highlight=False)
    console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


A: Ranks = [(1, 1), (1, 2), (3, 1), (2, 7), (None, None), (1, 1), (12, 12), (1, 1)]
B: Ranks = [(1, 1), (1, 1), (3, 1), (2, 1), (None, None), (1, 6), (12, 4), (1, 1)]


def test_recalls_ranks_and_what_stage_2_did_by_hand() -> None:
    found = compare(one(run(A)), one(run(B))).pooled
    assert {recall.k: (recall.a.count, recall.b.count) for recall in found.recalls} == {
        1: (4, 5),
        5: (5, 6),
        10: (6, 7),
    }
    assert found.recalls[0].a.wilson == wilson_interval(4, 8)
    assert found.recalls[0].a.value == 0.5
    assert (found.queries, found.places, found.same_shortlists) == (8, 8, True)
    assert found.a.mrr == pytest.approx((1 + 1 / 2 + 1 + 1 / 7 + 1 + 1 / 12 + 1) / 8)
    assert (found.a.median_rank, found.b.median_rank) == (1.5, 1.0)
    assert (found.a.rescued, found.a.broken, found.b.rescued, found.b.broken) == (1, 1, 2, 1)
    assert (found.a.ceiling.count, found.a.ceiling.of, found.a.k) == (7, 8, 20)


def test_the_paired_difference_has_its_tests_and_intervals() -> None:
    first, fifth = compare(one(run(A)), one(run(B))).pooled.differences
    assert (first.k, first.value, first.gained, first.lost) == (1, 1 / 8, 2, 1)
    assert (fifth.k, fifth.value, fifth.gained, fifth.lost) == (5, 1 / 8, 2, 1)
    assert first.p == first.holm == mcnemar(2, 1) == 1.0
    assert first.tango == tango_interval(2, 1, 8)
    assert first.interval == (min(first.bootstrap[0], first.tango[0]), max(first.bootstrap[1], first.tango[1]))
    assert first.bootstrap[0] < 0 < first.bootstrap[1]
    assert first.verdict == NOT_SHOWN


def test_a_deeper_shortlist_tells_more_recalls_and_a_shallow_one_fewer() -> None:
    deep = made_runs.run([made_runs.result("q0", 1, 1, k=100)], k=100)
    found = compare(one(deep), one(deep)).pooled
    assert [recall.k for recall in found.recalls] == [1, 5, 10, 100]
    shallow = made_runs.run([made_runs.result("q0", 1, 1, k=3)], k=3)
    found = compare(one(shallow), one(shallow)).pooled
    assert [recall.k for recall in found.recalls] == [1]
    assert [difference.k for difference in found.differences] == [1]
    with pytest.raises(UsageError, match="too short to tell Recall@5"):
        compare(one(shallow), one(shallow), tested=(5,))


def moved(made: Run, query: str, metres: float | None) -> Run:
    """The run with one candidate of a query, the fifth, so far away."""

    def changed(result: Result) -> Result:
        fifth = result.shortlist[4].model_copy(update={"metres": metres})
        shortlist = (*result.shortlist[:4], fifth, *result.shortlist[5:])
        return result.model_copy(update={"shortlist": shortlist}) if result.query == query else result

    return made_runs.run([changed(result) for result in made.results])


def test_flips_name_queries_both_ways_and_labels_at_the_radius() -> None:
    flips = compare(one(run(A)), one(moved(run(B), "q3.jpg", 25.99))).pooled.flips
    assert [(flip.query, flip.a, flip.b, flip.gained, flip.near_radius) for flip in flips] == [
        ("q1.jpg", 2, 1, True, False),
        ("q3.jpg", 7, 1, True, True),
        ("q5.jpg", 1, 6, False, False),
    ]


@pytest.mark.parametrize(
    ("metres", "near"), [(24.0, True), (26.0, True), (23.99, False), (26.01, False), (None, False)]
)
def test_near_the_radius_is_one_metre(metres: float | None, near: bool) -> None:
    a, b = moved(run([(1, 1)]), "q0.jpg", metres), run([(1, 2)])
    assert [flip.near_radius for flip in compare(one(a), one(b)).pooled.flips] == [near]


def test_answers_that_cues_decide_and_those_from_outside_the_map() -> None:
    asked = results([(1, 1), (1, 2), (2, 1)])
    asked.append(made_runs.result("q3", 1, 1, retained=0))
    outside = [made_runs.result(f"out{number}", None, None, outside=True, retained=number) for number in range(3)]
    made = made_runs.run([*asked, *outside])
    side = compare(one(made), one(made)).pooled.a
    assert (side.coverage.count, side.coverage.of) == (5, 7)  # three queries and two from outside
    assert (side.precision.count, side.precision.of) == (2, 5)
    assert compare(one(made), one(made)).pooled.queries == 4
    none = made_runs.run([made_runs.result("q0", 1, 1, retained=0)])
    precision = compare(one(none), one(none)).pooled.a.precision
    assert (precision.count, precision.of, precision.value) == (0, 0, None)


def test_confirmed_answers_before_and_after_in_two_lines() -> None:
    grade = {"c": "confirmed", "l": "likely", "u": "unknown"}

    def answers(grades: str, right: str, outside: str) -> Run:
        asked = [
            made_runs.result(f"q{number}", 1, 1 if sign == "+" else 2, grade=grade[letter])
            for number, (letter, sign) in enumerate(zip(grades, right, strict=True))
        ]
        return made_runs.run([*asked, made_runs.result("o", None, None, outside=True, grade=grade[outside])])

    found = compare(one(answers("cclu", "+-++", "c")), one(answers("cccu", "++++", "u")))
    a, b = found.pooled.a, found.pooled.b
    assert a.confirmed
    assert a.confirmed_right
    assert b.confirmed
    assert b.confirmed_right
    assert [(s.count, s.of) for s in (a.confirmed, b.confirmed)] == [(3, 5), (3, 5)]
    assert [(s.count, s.of) for s in (a.confirmed_right, b.confirmed_right)] == [(1, 3), (3, 3)]
    lines = shown(show_comparison(found)).splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.strip().startswith("confirmed"))
    assert "60.0 % (3/5, " in lines[at]
    assert lines[at + 1].split()[:5] == ["right", "of", "these", "33.3", "%"]
    assert "100.0 % (3/3, " in lines[at + 1]
    old = compare(one(run(A[:4])), one(run(A[:4])))
    assert (old.pooled.a.confirmed, old.pooled.a.confirmed_right) == (None, None)
    assert "confirmed" not in shown(show_comparison(old))


def test_costs_are_summed_and_times_ranked() -> None:
    asked = [
        made_runs.result(
            f"q{number}", 1, 1, steps=Steps(made=2, recorded=3, failed=1, attempts=4, tokens={"prompt_tokens": number})
        ).model_copy(update={"seconds": {"total": float(number)}})
        for number in range(21)
    ]
    said = [made_runs.described(f"r{number}.jpg", ("a", 1), latency=number / 10) for number in range(11)]
    said.append(made_runs.described("never.jpg", failure="no", attempts=0, latency=99.0))
    made = made_runs.run(asked, said)
    cost = compare(one(made), one(made)).pooled.b.cost
    assert (cost.made, cost.recorded, cost.failed, cost.attempts) == (42, 63, 21, 84)
    assert cost.tokens == {"prompt_tokens": 210}
    assert cost.per_answer is not None
    assert (cost.per_answer.count, cost.per_answer.median, cost.per_answer.p95) == (21, 10.0, 19.0)
    assert cost.per_description is not None
    assert (cost.per_description.count, cost.per_description.median) == (11, 0.5)
    assert cost.per_description.p95 == pytest.approx(0.95)


def test_queries_of_one_place_are_drawn_together() -> None:
    """Twenty queries at each of ten places that all flip together: the interval is wider than one by one."""
    names = [(place, number) for place in range(10) for number in range(20)]

    def at_places(rank: int) -> list[Result]:
        return [
            made_runs.result(
                f"{place}-{number}", 1, rank if place in (3, 7) else 1, at=made_runs.metres(1000 * place, number)
            )
            for place, number in names
        ]

    a, b = at_places(1), at_places(2)
    together = compare(one(made_runs.run(a)), one(made_runs.run(b))).pooled
    scattered = [[query.model_copy(update={"position": None}) for query in queries] for queries in (a, b)]
    alone = compare(one(made_runs.run(scattered[0])), one(made_runs.run(scattered[1]))).pooled
    assert (together.places, alone.places) == (10, 200)
    assert together.differences[0].value == alone.differences[0].value == -0.2
    wide, narrow = (found.differences[0].bootstrap for found in (together, alone))
    assert wide[1] - wide[0] > 3 * (narrow[1] - narrow[0])
    assert alone.verdict == "worse"
    assert together.verdict == NOT_SHOWN  # two places are no proof, though forty queries flipped


def two_splits() -> tuple[dict[str, Run], dict[str, Run]]:
    def made(split: str, lost: int, queries: int) -> tuple[Run, Run]:
        a = run([(1, 1)] * queries, split=split)
        return a, run([(1, 2 if number < lost else 1) for number in range(queries)], split=split)

    night, occlusion = made("town-night", 12, 60), made("town-occlusion", 6, 30)
    return (
        {"town-night": night[0], "town-occlusion": occlusion[0]},
        {"town-occlusion": occlusion[1], "town-night": night[1]},
    )


def test_splits_are_corrected_by_holm_and_pooled() -> None:
    found = compare(*two_splits())
    assert [split.name for split in found.splits] == ["town-night", "town-occlusion"]
    p_values = [mcnemar(0, 12), mcnemar(0, 6)]
    assert [split.differences[0].p for split in found.splits] == p_values
    assert [split.differences[0].holm for split in found.splits] == holm(p_values)
    pooled = found.pooled.differences[0]
    assert (pooled.lost, pooled.gained, pooled.queries) == (18, 0, 90)
    assert pooled.value == pytest.approx(-0.2)
    assert pooled.p == pooled.holm == mcnemar(0, 18)
    assert (found.pooled.queries, found.pooled.places) == (90, 60)  # both ask for the first 30 places
    assert found.pooled.recalls[0].b.count == 72
    assert len(found.pooled.flips) == 18
    assert {found.pooled.verdict, *(split.verdict for split in found.splits)} == {"worse"}
    turned = compare(*two_splits()[::-1])
    assert turned.pooled.verdict == "better"
    low, high = found.pooled.differences[0].tango
    assert turned.pooled.differences[0].tango == pytest.approx((-high, -low))


def test_queries_of_one_place_are_one_cluster_also_across_splits_of_one_map() -> None:
    """Three splits that ask for the same 20 places are no 60 independent queries."""

    def split(name: str, lost: int) -> Run:
        spots = [made_runs.metres(100.0 * number) for number in range(20)]
        ranks = [2 if number < lost else 1 for number in range(20)]
        pairs = zip(spots, ranks, strict=True)
        return made_runs.run(
            [made_runs.result(f"q{number}", 1, rank, at=at) for number, (at, rank) in enumerate(pairs)], split=name
        )

    names = ("town-night", "town-occlusion", "town-long-ago")
    found = compare({name: split(name, 0) for name in names}, {name: split(name, 6) for name in names})
    assert (found.pooled.queries, found.pooled.places) == (60, 20)
    alone = found.splits[0].differences[0].bootstrap
    assert found.pooled.differences[0].bootstrap == pytest.approx(alone, abs=0.02)  # all three lost the same places


def test_the_detectable_difference_says_what_it_holds_for() -> None:
    rng = random.Random(0)
    flips = [rng.random() < 0.3 for _ in range(200)]
    a, b = run([(1, 1)] * 200), run([(1, 2 if flip else 1) for flip in flips])
    found = compare(one(a), one(b)).pooled.differences[0].detectable
    assert found is not None
    assert (found.basis, found.discordant) == ("observed", sum(flips) / 200)
    assert found.difference == detectable_difference(200, sum(flips) / 200)
    same = compare(one(a), one(a)).pooled.differences[0].detectable
    assert same is not None
    assert same.basis == "all flips one way"
    assert same.difference == same.discordant
    assert compare(one(run([(1, 1)] * 5)), one(run([(1, 1)] * 5))).pooled.differences[0].detectable is None


def test_settings_prompt_and_versions_that_changed_are_named() -> None:
    a, b = run(A, tau=0.5), run(B, tau=0.6)
    b = Run(b.folder, b.info.model_copy(update={"prompt": "v2 abc"}), b.results)
    b.__dict__["descriptions"] = {}
    changed = compare(one(a), one(b)).changed
    assert [(change.name, change.a, change.b) for change in changed] == [("tau", 0.5, 0.6), ("prompt", None, "v2 abc")]


def altered(made: Run, **split: object) -> Run:
    info = made.info.model_copy(update={"split": made.info.split.model_copy(update=split)})
    return Run(made.folder, info, made.results)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rule": "name"}, "the rule for what is right"),
        ({"radius": 10.0}, "the radius is 25 m in one and 10 m in the other"),
        ({"queries_digest": "0" * 64}, "the queries are not the same"),
        ({"references_digest": "0" * 64}, "the references are not the same"),
    ],
)
def test_other_queries_references_and_rules_are_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        compare(one(run(A)), one(altered(run(A), **change)))
    assert raised.value.exit_code == 2


def test_other_splits_limits_and_names_are_refused() -> None:
    a = run(A)
    with pytest.raises(UsageError, match="different splits, 'town-night' and 'town-night' \\+ 'x'"):
        compare(one(a), {**one(a), "x": a})
    limited = Run(a.folder, a.info.model_copy(update={"limit": 8}), a.results)
    with pytest.raises(UsageError, match="one has all queries and the other the first 8 queries"):
        compare(one(a), one(limited))
    renamed = Run(a.folder, a.info, [*a.results[1:], a.results[0].model_copy(update={"query": "other.jpg"})])
    with pytest.raises(UsageError, match="names differ"):
        compare(one(a), one(renamed))
    twice = Run(a.folder, a.info, [*a.results, a.results[0]])
    with pytest.raises(UsageError, match="there twice"):
        compare(one(a), one(twice))
    nothing = made_runs.run([made_runs.result("out", None, None, outside=True)])
    with pytest.raises(UsageError, match="there is no query"):
        compare(one(nothing), one(nothing))


def test_an_unfinished_run_is_incomplete() -> None:
    stopped = run(A, finished=None)
    for a, b in ((run(A), stopped), (stopped, run(A))):
        with pytest.raises(RunUnfinished, match="has not finished") as raised:
            compare(one(a), one(b))
        assert raised.value.exit_code == 4


def test_pairs_go_by_name_and_not_by_order() -> None:
    a, b = run(A), run(B)
    shuffled = Run(b.folder, b.info, b.results[::-1])
    shuffled.__dict__["descriptions"] = {}
    straight, turned = (compare(one(a), one(second)).pooled for second in (b, shuffled))
    assert straight.flips == turned.flips
    assert straight.differences == turned.differences


def test_a_comparison_is_json() -> None:
    found = compare(*two_splits())
    written = json.loads(json.dumps(found.model_dump(mode="json"), allow_nan=False))
    assert written["pooled"]["differences"][0]["lost"] == 18
    assert written["splits"][0]["recalls"][0]["a"] == {
        "count": 60, "of": 60, "value": 1.0, "wilson": list(wilson_interval(60, 60)),
    }  # fmt: skip


def test_a_person_reads_verdicts_flips_and_costs_in_80_columns() -> None:
    text = shown(show_comparison(compare(*two_splits()), flips=3))
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    assert "town-night: 60 queries at 60 places" in words
    assert "Recall@1 100.0 % (60/60, 94.0–100.0) 80.0 % (48/60, 68.2–88.2)" in words
    assert "Recall@1, B − A: −20.0 points" in words
    assert "0 gained, 12 lost; McNemar p = 0.00049, Holm p = 0.00098." in words
    assert words.count("Verdict on Recall@1: B is worse than A.") == 3
    assert "− lost 1 2 q0.jpg" in words
    assert "and 9 more: see --json." in words
    assert "settings, prompt and versions are the same in both" in words
    assert "all splits: 90 queries at 60 places" in words
    assert p_in_words(0.00009) == "< 0.0001"


def test_hostile_names_and_settings_are_shown_as_they_are() -> None:
    evil = "q\x1b[2J[bold]\u202e.jpg"
    a = made_runs.run(
        [made_runs.result("q", 1, 1).model_copy(update={"query": evil})], describer_id="x\x1b]52;c;aGk=\x07"
    )
    b = made_runs.run([made_runs.result("q", 1, 2).model_copy(update={"query": evil})], encoder_id="y" * 300)
    text = shown(show_comparison(compare(one(a), one(b))))
    assert not set(text) & set("\x1b\x07\u202e")
    assert "\\x1b[2J[bold]\\u202e.jpg" in text.replace("\n", "")
    assert max(map(len, text.splitlines())) <= 80


def test_no_flip_and_another_shortlist_are_said() -> None:
    text = " ".join(shown(show_comparison(compare(one(run(A)), one(run(A))))).split())
    assert "No query flipped at rank 1." in text
    assert "B cannot be told from A: no difference that this many queries can show." in text
    least = 100 * (least_detectable(8) or 0)
    assert f"at least {least:.1f} points, when all flips are in one direction; with as few flips as these" in text
    other = run([(1, 1), *A[1:-1], (2, 1)])
    text = " ".join(shown(show_comparison(compare(one(run(A)), one(other)))).split())
    assert "Stage 1 retrieved other candidates in B" in text


def test_an_imported_run_and_one_of_our_own_differ_in_what_both_can_have() -> None:
    """The import keeps more candidates, and has those that look alike in another order."""
    ours = run(A)
    listed = [(*result.shortlist[1::-1], *result.shortlist[2:]) for result in ours.results]
    more = made_runs.result("more", None, None).shortlist[:5]
    deeper = [
        result.model_copy(update={"shortlist": (*first, *more), "ranking": tuple(range(1, 26))})
        for result, first in zip(ours.results, listed, strict=True)
    ]
    info = ours.info.model_copy(update={"method": "SALAD-CM", "settings": {"k": 25, "source": "logs/salad", "n": None}})
    theirs = Run(ours.folder, info, deeper)
    found = compare(one(theirs), one(ours))
    assert [(change.name, change.a, change.b) for change in found.changed][1:] == [("k", 25, 20)]
    assert (found.changed[0].name, found.changed[0].a) == ("method", "SALAD-CM")
    assert found.pooled.same_shortlists
    text = shown(show_comparison(found))
    assert re.search(r"rescued, broken +– +\+1 −1", text)
    assert "Stage 1 retrieved other candidates" not in text
    alone = shown(show_comparison(compare(one(theirs), one(theirs))))
    assert not any(word in alone for word in ("rescued", "stage 2 decides", "cost", "Stage 1"))


def test_saved_runs_compare_like_those_at_hand(tmp_path: Path) -> None:
    a, b = (made_runs.save(run(ranks), tmp_path / name) for name, ranks in (("a", A), ("b", B)))
    found = compare(one(a), one(b))
    assert found.pooled == compare(one(run(A)), one(run(B))).pooled
    assert found.a == {"town-night": str(tmp_path / "a")}
