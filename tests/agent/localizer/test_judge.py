"""Re-ranking by a judge: the graph sends it pairs and describes nothing, and its words are told and read back."""

import asyncio
import dataclasses
import io
import json
from pathlib import Path

import faulty_server as faulty
import pytest
from faulty_server import FaultyServer
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from places import name_of, with_describer, with_judge, with_settings
from rich.console import Console
from running import Run
from scripted import ScriptedDescriber, ScriptedJudge, patch_verifier

from internvl_vpr.agent import Context
from internvl_vpr.agent.chat.export import answer_blocks
from internvl_vpr.agent.localizer.graph import build_graph
from internvl_vpr.agent.localizer.nodes import candidates_of, judge_of, pairs_of
from internvl_vpr.agent.localizer.run import locate, trace
from internvl_vpr.agent.localizer.state import Query, record_serializer
from internvl_vpr.agent.view.answer import show_answer, show_evidence
from internvl_vpr.agent.view.results import (
    show_candidate,
    show_candidates,
    show_candidates_compared,
    show_explanation,
)
from internvl_vpr.agent.words.answer import tell_answer, tell_candidate
from internvl_vpr.agent.words.comparison import tell_candidates_compared
from internvl_vpr.agent.words.explanation import tell_explanation
from internvl_vpr.tools.compare_places import compare_candidates
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.explain_match import explain_match
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Answer


@pytest.fixture
def coarse(photo: str, context: Context) -> list[str]:
    """The names of stage 1's candidates, best first."""
    return [one.reference for one in candidates_of(open_photo(Path(photo), read_position=False), context)]


def test_the_first_candidates_are_judged_and_nothing_is_described(
    photo: str, context: Context, coarse: list[str]
) -> None:
    describer = ScriptedDescriber({})
    judge = ScriptedJudge({coarse[0]: (False, 90), coarse[1]: (True, 60), coarse[2]: (True, 85)})
    stages: list[tuple[str, int, int]] = []
    given = with_judge(with_describer(context, describer), judge, judge_k=4)
    found = asyncio.run(trace(photo, given, lambda stage, done, total, _="": stages.append((stage, done, total))))
    answer = found.answer
    order = [coarse[2], coarse[1], coarse[0], coarse[3], coarse[4]]
    assert [one.reference for one in answer.candidates] == order
    assert [one.score for one in answer.candidates] == [0.85, 0.6, -0.9, -0.5, None]
    assert [one.retained for one in answer.candidates] == [True, True, False, False, False]
    assert (answer.status, answer.decided_by, answer.cues) == ("located", "judgement", ())
    first = answer.candidates[0].judgement
    assert first is not None
    assert (first.same_place, first.confidence, first.why) == (True, 85, "The windows say so")
    assert answer.candidates[4].judgement is None
    assert describer.asked == []
    asked = [(query.path.name, candidate.path.name) for query, candidate in judge.asked]
    assert sorted(asked) == sorted(("query.png", name) for name in coarse[:4])
    assert (answer.steps.made, answer.steps.attempts, answer.steps.tokens) == (
        4, 4, {"prompt_tokens": 28, "completion_tokens": 12},
    )  # fmt: skip
    assert answer.settings["judge_id"] == "scripted judge/1"
    assert answer.settings["describer_id"] is None
    counts = [(done, total) for stage, done, total in stages if stage == "comparing pairs"]
    assert counts[0] == (0, 4)
    assert counts[-1] == (4, 4)
    assert "describing" not in {stage for stage, _, _ in stages}
    assert len(found.judged) == 4
    assert "comparing pairs" in found.seconds


def test_a_replay_asks_nobody_and_repeats_what_failed(photo: str, context: Context, coarse: list[str]) -> None:
    judge = ScriptedJudge({coarse[1]: (True, 70)}, fails=frozenset({coarse[0], coarse[3]}))
    given = with_judge(context, judge)
    live = asyncio.run(locate(photo, given))
    assert live.reference == coarse[1]
    assert live.steps.failed == 2
    assert any("2 of 5 pairs could not be judged; the first: no [verdict]" in note for note in live.notes)
    asked = len(judge.asked)
    replayed = asyncio.run(locate(photo, given.replayed()))
    assert replayed.model_dump_json() == live.model_dump_json()
    assert len(judge.asked) == asked
    again = asyncio.run(locate(photo, given))
    assert (again.steps.made, again.steps.recorded, len(judge.asked)) == (0, 3, asked + 2)


def test_where_the_model_names_no_candidate_the_coarse_order_stands(
    photo: str, context: Context, coarse: list[str]
) -> None:
    answer = asyncio.run(locate(photo, with_judge(context, ScriptedJudge({}))))
    assert [one.reference for one in answer.candidates] == coarse
    assert answer.decided_by == "coarse order"
    assert any(note.startswith("The model names no candidate as the same place (S > τ = 0)") for note in answer.notes)
    strict = asyncio.run(locate(photo, with_judge(context, ScriptedJudge({}), below_tau="strict")))
    assert (strict.status, strict.candidates) == ("unknown", ())
    doubtful = ScriptedJudge({coarse[3]: (False, 10)}, version=2)
    uncalibrated = asyncio.run(locate(photo, with_judge(context, doubtful, tau=-1.0)))
    assert uncalibrated.candidates[0].reference == coarse[3]
    dumb = ScriptedJudge({}, fails=frozenset(coarse), version=3)
    none = asyncio.run(locate(photo, with_judge(context, dumb)))
    assert any("No candidate could be judged" in note for note in none.notes)


def test_geometry_works_beside_the_judge(photo: str, context: Context, coarse: list[str], tmp_path: Path) -> None:
    verifier, _, _ = patch_verifier(tmp_path)
    given = dataclasses.replace(context, verifier=verifier)
    judge = ScriptedJudge({coarse[2]: (True, 85)})
    reported = asyncio.run(locate(photo, with_judge(given, judge, verify="report")))
    assert (reported.candidates[0].reference, reported.decided_by) == (coarse[2], "judgement")
    assert any(one.geometry is not None for one in reported.candidates)
    ranked = asyncio.run(locate(photo, with_judge(given, judge, verify="rank")))
    assert ranked.decided_by == "geometry"
    assert ranked.candidates[0].geometry is not None
    verifier.store.close()


def test_copies_of_an_image_are_one_pair(photo: str, context: Context) -> None:
    one, *others = candidates_of(open_photo(Path(photo), read_position=False), context)
    copy = one.model_copy(update={"reference": "copy.png", "coarse_rank": 2})
    given = with_settings(context, judge_k=3)
    assert pairs_of([one, copy, *others], given) == [one, *others[:2]]


def test_a_thread_that_goes_on_otherwise_forgets_what_was_judged(photo: str, town: Path, context: Context) -> None:
    kept = build_graph().compile(checkpointer=InMemorySaver(serde=record_serializer()))
    config: RunnableConfig = {"configurable": {"thread_id": "1"}}
    other = str(town / "photos" / name_of(6))

    async def ask(photo: str, given: Context) -> Answer:
        answer: Answer = (await kept.ainvoke(Query(photo=photo), config, context=given))["answer"]
        return answer

    async def three() -> list[Answer]:
        judged = with_judge(context, ScriptedJudge({}))
        return [await ask(photo, judged), await ask(other, judged), await ask(photo, context)]

    first, second, third = asyncio.run(three())
    assert [(one.steps.made, one.steps.recorded) for one in (first, second, third)] == [(5, 0), (5, 0), (6, 0)]
    assert all(one.judgement is None for one in third.candidates)


def test_a_context_without_a_judge_says_how_to_get_one(context: Context) -> None:
    with pytest.raises(UsageError, match="reranker='judge'"):
        judge_of(context)


def test_everything_that_is_told_of_cues_is_told_of_judgements(photo: str, context: Context, coarse: list[str]) -> None:
    hostile = "[red]wall[/red] \x1b]0;x\x07 </td><script>"
    judge = ScriptedJudge({coarse[1]: (True, 85), coarse[2]: (True, 60)})
    answer = asyncio.run(locate(photo, with_judge(context, judge, judge_k=3, verify="off")))
    said = answer.candidates[0].judgement
    assert said is not None
    first = answer.candidates[0].model_copy(update={"judgement": said.model_copy(update={"why": hostile})})
    answer = answer.model_copy(update={"candidates": (first, *answer.candidates[1:])})
    compared = compare_candidates(answer, 1, 2)
    unasked = compare_candidates(answer, 2, 5)
    told = {
        "answer": tell_answer(answer),
        "candidate": tell_candidate(answer, 1),
        "match": tell_explanation(explain_match(answer), "match"),
        "certainty": tell_explanation(explain_match(answer), "certainty"),
        "compared": tell_candidates_compared(compared),
        "exported": "\n".join(answer_blocks(answer)),
    }
    for text in told.values():
        assert "the same place, 85 % sure" in text
        assert "\x1b" not in text
    assert "the model decides" in told["match"]
    assert "the model takes another place for this one" in told["certainty"]
    assert "Of candidate 2 the model says: the same place, 60 % sure" in told["compared"]
    assert "Of candidate 5 the model says: nothing" in tell_candidates_compared(unasked)
    assert "it did not judge this candidate" in tell_candidate(answer, 5)
    assert "was not described" in tell_explanation(explain_match(answer), "text")
    views = [
        show_answer(answer), show_evidence(answer), show_explanation(explain_match(answer)), show_candidates(answer),
        show_candidate(answer, 1), show_candidates_compared(compared), show_candidate(answer, 5),
    ]  # fmt: skip
    console = Console(file=io.StringIO(), width=160, color_system=None)
    for view in views:
        console.print(view)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in shown
    assert shown.count("[red]wall[/red]") > 4
    assert "the model's reason" in shown


def test_the_command_asks_about_pairs_tells_the_reason_safely_and_replays(
    cli: Run, server: FaultyServer, vlm: list[str], town: Path
) -> None:
    said = {"why": "[bold]door[/bold] <b>in</b> both", "same_place": True, "confidence": 85}
    server.default = faulty.content(json.dumps(said))
    server.script(faulty.status(422, "no such pair"))
    flags = [*vlm, "--reranker", "judge", "--judge-k", "3", "--tau", "0.5", "--backbone", "rootsift"]
    live = cli("locate", town / "query.png", *flags, "--json")
    assert live.returncode == 0, live.stderr
    answer = Answer.model_validate_json(live.stdout)
    assert len(server.requests) == 3
    assert (answer.grade, answer.steps.made, answer.steps.failed) == ("likely", 2, 1)
    replayed = cli("locate", town / "query.png", *flags, "--json", "--replay")
    assert (replayed.returncode, replayed.stdout) == (0, live.stdout)
    shown = " ".join(cli("locate", town / "query.png", *flags, "--replay", "--why").stdout.split())
    assert len(server.requests) == 3
    assert '"[bold]door[/bold] <b>in</b> both"' in shown
    assert "2 pairs judged now" in shown
    told = tell_answer(answer)
    assert (
        f'Why: of "{answer.candidates[0].reference}" the model says: the same place, 85 % sure, as "[bold]door' in told
    )
    missing = cli("locate", town / "photos" / name_of(1), *flags, "--replay")
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "without --replay" in missing.stderr
