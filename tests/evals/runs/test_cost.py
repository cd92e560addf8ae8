"""What re-ranking asked of a model, beside what the other way would ask."""

import made_runs

from internvl_vpr.evals.runs.cost import cost_in_words, reranking_cost
from internvl_vpr.evals.runs.folder import Run


def run_of(describer: str, **settings: int) -> Run:
    """Three queries with 4 candidates each, the second with those of three images, and one that was not located."""
    results = [made_runs.result(name, 1, 1, k=4) for name in ("a", "b")]
    results.append(made_runs.result("c", None, None, k=4, outside=True))
    shared = results[0].shortlist[2].digest
    second = list(results[1].shortlist)
    second[1] = second[1].model_copy(update={"digest": shared})
    second[3] = second[3].model_copy(update={"digest": shared})
    results[1] = results[1].model_copy(update={"shortlist": tuple(second)})
    results.append(made_runs.result("d", None, None, k=1).model_copy(update={"shortlist": (), "error": "broken"}))
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 900}
    described = [made_runs.described(f"{name}.jpg", ("a wall", 1.0), attempts=2, usage=usage) for name in "xy"]
    run = made_runs.run(results, described, describer=describer)
    info = run.info.model_copy(update={"settings": {**run.info.settings, **settings}})
    found = Run(run.folder, info, run.results)
    found.__dict__["descriptions"] = run.descriptions
    return found


def test_descriptions_cost_one_each_image_and_pairs_one_each_query() -> None:
    cost = reranking_cost(run_of(describer="vlm", judge_k=3, k=4))
    assert cost is not None
    assert not cost.judges
    assert (cost.photographs, cost.requests, cost.tokens) == (3, 4, 240)
    assert cost.images == 3 + 4 + 2 + 4  # the queries, and their candidates, one image of which is there three times
    assert cost.pairs == 3 + 3 + 3  # the second query has four candidates of three images
    assert cost_in_words(cost) == (
        "Describing each image once took 4 requests (1.3 a photograph) and 240 tokens; judging pairs takes 9 requests."
    )


def test_a_run_that_asked_no_model_cost_nothing() -> None:
    assert reranking_cost(run_of(describer="signage")) is None
    imported = run_of(describer="vlm")
    info = imported.info.model_copy(update={"method": "X"})
    assert reranking_cost(Run(imported.folder, info, imported.results)) is None


def test_a_run_of_before_there_was_a_judge_is_compared_with_its_default() -> None:
    cost = reranking_cost(run_of(describer="vlm"))
    assert cost is not None
    assert cost.pairs == 4 + 3 + 4
