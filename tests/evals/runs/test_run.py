"""A run from its first query to its last: what is on the disk, what a killed run keeps, what nothing costs twice."""

import asyncio
import gzip
import json
import shutil
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from field_data import field_file
from presets import preset_settings
from rich.console import Group
from scripted import HashEncoder, ScriptedDescriber, ScriptedJudge
from texture import texture, write_textures

from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.evals.compare.gate import judge as judge_gate
from internvl_vpr.evals.cues.checks import check_runs
from internvl_vpr.evals.report.page import render_report
from internvl_vpr.evals.runs.about import run_info
from internvl_vpr.evals.runs.cost import RerankingCost, reranking_cost
from internvl_vpr.evals.runs.folder import Run, load_run, load_runs
from internvl_vpr.evals.runs.run import Task, run_split
from internvl_vpr.evals.runs.view import show_run, stage_recalls
from internvl_vpr.evals.splits.gallery import read_gallery
from internvl_vpr.evals.splits.queries import read_queries
from internvl_vpr.evals.splits.split import Split
from internvl_vpr.evals.tune.calibrate import calibrate
from internvl_vpr.evals.tune.rescore import open_rescorer
from internvl_vpr.tools.describers.pair_answer import pair_schema
from internvl_vpr.tools.endpoint.json_answer import schema_digest
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.errors import EndpointUnreachable, UsageError
from internvl_vpr.tools.features.backbone import RootSiftSettings, open_backbone
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.index.place_index import PlaceIndex
from internvl_vpr.tools.ledger.ledger import Ledger
from internvl_vpr.tools.records import Attempt, Photo

pytest.importorskip("cv2", reason="needs the extra embedded")

PLACES = 6


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `database` (6 textures), their index `places`, `queries` (5 of them changed) and `outside` (1)."""
    folder = tmp_path_factory.mktemp("split")
    write_textures(folder / "database", range(PLACES))
    settings = IndexSettings(backbone=RootSiftSettings(longer_side=160, step=12, sizes=(4.0,)), clusters=8)
    update_index(folder / "database", folder / "places", settings)
    for kind, seeds in (("queries", [0, 1, 2, 3, 90]), ("outside", [80])):
        (folder / kind).mkdir()
        for seed in seeds:
            image = texture(seed)
            image.putpixel((0, 0), (1, 2, 3))  # other bytes, the same place
            image.save(folder / kind / name_of(seed, aside=3))
    (folder / "queries" / "broken.jpg").write_bytes(b"\xff\xd8\xff not much of a photo")
    return folder


def name_of(seed: int, aside: int = 0) -> str:
    return f"@{500_000 + 100 * seed + aside}@5000000@33@T@@@{seed}@@@@@@@@.png"


@pytest.fixture
def split(photos: Path) -> Split:
    def names(kind: str) -> list[str]:
        return sorted(path.name for path in (photos / kind).iterdir())

    return Split(
        "folder", photos / "database", photos / "queries", names("queries"), outside_folder=photos / "outside",
        outside=names("outside"),
    )  # fmt: skip


SCRIPT = {name_of(seed): [(f"sign number {seed}", 9.0), ("a wall", 1.0)] for seed in range(PLACES)} | {
    name_of(1, aside=3): [("sign number 1", 9.0), ("a wall", 1.0)],
    name_of(2, aside=3): [("sign number 4", 9.0), ("a wall", 1.0)],  # misread
}


@pytest.fixture
def make_task(photos: Path, split: Split, tmp_path: Path) -> Iterator[Callable[..., Task]]:
    """Make the task of a run; keywords are settings, or the describer."""
    opened = ExitStack()

    def make(
        describer: object = None, limit: int | None = None, judge: ScriptedJudge | None = None, **settings: object
    ) -> Task:
        index = opened.enter_context(closing(PlaceIndex.open(photos / "places")))
        given = preset_settings("embedded").model_copy(update={"k": 4, "tau": 0.5, "n": 2, **settings})
        context = Context(
            index=index,
            backbone=open_backbone(index.settings.backbone),
            describer=describer or ScriptedDescriber(SCRIPT),  # type: ignore[arg-type]
            encoder=HashEncoder(),
            ledger=opened.enter_context(Ledger(tmp_path / "ledger.sqlite")),
            settings=given.model_copy(update={"reranker": "judge" if judge else "cues"}),
            judge=judge,
        )
        queries = read_queries(split, read_gallery(index), limit)
        return Task(queries, run_info(split, queries, context, limit), context)

    with opened:
        yield make


def made(task: Task, folder: Path) -> Run:
    return asyncio.run(run_split(task, folder))


def asked(task: Task) -> int:
    assert isinstance(task.context.describer, ScriptedDescriber)
    return len(task.context.describer.asked)


def test_a_run_holds_both_rankings_and_what_was_right(make_task: Callable[..., Task], tmp_path: Path) -> None:
    run = made(make_task(), tmp_path / "run")
    assert run.finished
    assert [(result.query, result.outside) for result in run.results] == [
        *((name_of(seed, 3), False) for seed in (0, 1, 2, 3)), (name_of(90, 3), False), ("broken.jpg", False),
        (name_of(80, 3), True),
    ]  # fmt: skip
    by_query = {result.query: result for result in run.results}
    misread = by_query[name_of(2, 3)]
    assert misread.positives == (name_of(2),)
    assert len(misread.shortlist) == 4
    assert sorted(misread.ranking) == [1, 2, 3, 4]
    assert misread.coarse_rank == 1
    assert [one.metres for one in misread.shortlist if one.reference == name_of(2)] == [3.0]
    assert by_query[name_of(90, 3)].positives == ()
    assert by_query["broken.jpg"].error is not None
    assert "damaged" in by_query["broken.jpg"].error
    assert run.info.split.without_positives == 2
    assert [(recall.successes, recall.queries) for recall in stage_recalls(run, 1, [1])] == [(4, 6)]


def test_matches_name_the_candidates_cue_and_its_cosine(make_task: Callable[..., Task], tmp_path: Path) -> None:
    run = made(make_task(), tmp_path / "run")
    (result,) = (one for one in run.results if one.query == name_of(1, 3))
    first = result.ranked[0]
    said, there = run.descriptions[str(result.digest)], run.descriptions[first.digest]
    assert first.reference == name_of(1)
    assert [there.cues[number].text for number, _ in first.matches] == ["sign number 1", "a wall"]
    total = sum(cue.weight * cosine for cue, (_, cosine) in zip(said.cues, first.matches, strict=True))
    assert first.score == pytest.approx(total) == pytest.approx(1.0)
    assert (said.role, there.role, there.photo) == ("query", "reference", name_of(1))
    assert said.position is not None


def test_with_strict_the_whole_shortlist_is_kept(make_task: Callable[..., Task], tmp_path: Path) -> None:
    run = made(make_task(below_tau="strict", tau=0.999), tmp_path / "run")
    (result,) = (one for one in run.results if one.query == name_of(1, 3))
    assert len(result.shortlist) == 4
    assert len(result.ranking) == result.retained == 1


def test_predictions_are_as_the_fields_tools_read_them(
    make_task: Callable[..., Task], split: Split, tmp_path: Path
) -> None:
    run = made(make_task(), tmp_path / "run")
    for number, result in enumerate(run.queries):
        assert (tmp_path / "run" / "preds" / f"{number:03d}.txt").read_text() == field_file(
            str(split.queries_folder / result.query),
            [str(split.database / one.reference) for one in result.ranked],
            [str(split.database / reference) for reference in result.positives],
        )


def test_a_killed_run_goes_on_where_it_was(make_task: Callable[..., Task], tmp_path: Path) -> None:
    whole = made(make_task(), tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    lines = (tmp_path / "killed" / "results.jsonl").read_bytes().split(b"\n")
    (tmp_path / "killed" / "results.jsonl").write_bytes(b"\n".join([*lines[:3], lines[3][:50]]))
    info = json.loads((tmp_path / "killed" / "run.json").read_text())
    (tmp_path / "killed" / "run.json").write_text(json.dumps({**info, "finished": None}))
    (tmp_path / "killed" / "descriptions.jsonl").unlink()
    assert len(load_run(tmp_path / "killed").results) == 3
    task = make_task()
    resumed = made(task, tmp_path / "killed")
    assert asked(task) == 0  # the ledger holds every description
    assert [without_times(one) for one in resumed.results] == [without_times(one) for one in whole.results]
    assert resumed.results[:3] == whole.results[:3]
    assert resumed.descriptions == whole.descriptions
    assert resumed.info.seconds >= whole.info.seconds


def without_times(result: object) -> dict[str, object]:
    dumped: dict[str, object] = result.model_dump(exclude={"seconds", "steps"})  # type: ignore[attr-defined]
    return dumped


def test_a_second_run_costs_nothing_and_says_the_same(make_task: Callable[..., Task], tmp_path: Path) -> None:
    first, second = make_task(), make_task()
    before, after = made(first, tmp_path / "one"), made(second, tmp_path / "two")
    assert asked(first) == PLACES + 6  # each image once, however many shortlists it is in
    assert asked(second) == 0
    assert sum(result.steps.made for result in before.results) == asked(first)
    assert sum(result.steps.made for result in after.results) == 0
    assert [without_times(one) for one in before.results] == [without_times(one) for one in after.results]


def test_a_finished_run_is_read_and_not_made_again(make_task: Callable[..., Task], tmp_path: Path) -> None:
    made(make_task(), tmp_path / "run")
    written = (tmp_path / "run" / "results.jsonl").stat().st_mtime_ns
    assert made(make_task(), tmp_path / "run").finished
    assert (tmp_path / "run" / "results.jsonl").stat().st_mtime_ns == written


def test_a_run_of_something_else_is_not_mixed_with(make_task: Callable[..., Task], tmp_path: Path) -> None:
    made(make_task(), tmp_path / "run")
    with pytest.raises(UsageError, match=r"holds a run with other settings \(k 4, not 3\): name another with --out"):
        made(make_task(k=3), tmp_path / "run")
    with pytest.raises(UsageError, match=r"limit"):
        made(make_task(limit=2), tmp_path / "run")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(UsageError, match="holds other files"):
        made(make_task(), tmp_path / "mine")


class FailsLate(ScriptedDescriber):
    """An endpoint that goes down after some answers."""

    async def attempts(self, photo: Photo, n: int) -> AsyncGenerator[Attempt, None]:
        if len(self.asked) >= 6:
            raise EndpointUnreachable("The endpoint does not answer: start it.")
        async for attempt in super().attempts(photo, n):
            yield attempt


def test_what_was_finished_is_kept_when_the_endpoint_goes_down(make_task: Callable[..., Task], tmp_path: Path) -> None:
    with pytest.raises(EndpointUnreachable):
        made(make_task(FailsLate(SCRIPT)), tmp_path / "run")
    assert not load_run(tmp_path / "run").finished
    task = make_task()
    ((recorded,),) = task.context.ledger.read("SELECT COUNT(*) FROM steps WHERE error IS NULL", ())
    assert made(task, tmp_path / "run").finished
    assert 0 < recorded == PLACES + 6 - asked(task)


def test_images_that_cannot_be_described_are_in_the_record(make_task: Callable[..., Task], tmp_path: Path) -> None:
    task = make_task(ScriptedDescriber(SCRIPT, fails=frozenset({name_of(3)})))
    run = made(task, tmp_path / "run")
    (failed,) = (one for one in run.descriptions.values() if one.failure)
    assert (failed.photo, failed.cues, failed.first_valid, failed.attempts) == (name_of(3), (), False, 0)


def test_limit_takes_the_first_queries(make_task: Callable[..., Task], tmp_path: Path) -> None:
    run = made(make_task(limit=2), tmp_path / "run")
    assert [result.query for result in run.results] == [name_of(0, 3), name_of(1, 3), name_of(80, 3)]


def test_a_run_may_be_kept_gzipped(make_task: Callable[..., Task], tmp_path: Path) -> None:
    run = made(make_task(limit=2), tmp_path / "run")
    for name in ("results.jsonl", "descriptions.jsonl"):
        path = tmp_path / "run" / name
        (tmp_path / "run" / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    kept = load_run(tmp_path / "run")
    assert (kept.results, kept.descriptions) == (run.results, run.descriptions)
    (tmp_path / "run" / "results.jsonl.gz").write_bytes(b"\x1f\x8b not packed")
    with pytest.raises(UsageError, match="cannot be read"):
        load_run(tmp_path / "run")


def test_runs_are_loaded_by_split_and_what_is_no_run_is_refused(make_task: Callable[..., Task], tmp_path: Path) -> None:
    made(make_task(limit=1), tmp_path / "runs" / "one")
    assert list(load_runs(tmp_path / "runs")) == list(load_runs(tmp_path / "runs" / "one")) == ["folder"]
    shutil.copytree(tmp_path / "runs" / "one", tmp_path / "runs" / "two")
    with pytest.raises(UsageError, match="several runs of one split"):
        load_runs(tmp_path / "runs")
    for nothing in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(UsageError, match="There is no run in"):
            load_runs(nothing)
    (tmp_path / "runs" / "one" / "results.jsonl").write_text('{"query": 3}\n')
    with pytest.raises(UsageError, match=r"results\.jsonl', line 1, cannot be read"):
        load_run(tmp_path / "runs" / "one")
    (tmp_path / "runs" / "one" / "run.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read: make it again"):
        load_run(tmp_path / "runs" / "one")


def test_a_judged_run_keeps_what_was_said_of_each_pair_and_what_that_took(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    judge = ScriptedJudge({name_of(2): (False, 90), name_of(4): (True, 80)}, fails=frozenset({name_of(5)}))
    task = make_task(judge=judge, judge_k=3, verify="off")
    run = made(task, tmp_path / "run")
    asked_pairs = len(judge.asked)
    schema = {"why": None, "same_place": None, "confidence": None}
    assert run.info.judges
    assert run.info.prompt == f"judge_pair.v1 {Prompt.load('judge_pair.v1', placeholders=()).digest}"
    assert run.info.schema_digest == schema_digest(pair_schema())
    located = [result for result in run.results if result.shortlist]
    assert asked_pairs == 3 * len(located) == 18
    for result in located:
        said = [one.judgement for one in result.shortlist]
        assert said[3] is None
        for one in result.shortlist[:3]:
            failed = one.reference == name_of(5)
            assert (one.judgement is None) == failed
            assert failed or set(one.judgement.model_dump()) == set(schema)  # type: ignore[union-attr]
            assert one.score == (None if one.judgement is None else one.judgement.score)
        assert result.judging is not None
        assert (result.judging.pairs, result.judging.attempts) == (3, 3)
        assert result.judging.usage == {"prompt_tokens": 21, "completion_tokens": 9}
        if name_of(4) in {one.reference for one in result.shortlist[:3]}:
            assert (result.ranked[0].reference, result.decided_by) == (name_of(4), "judgement")
    assert all((one.cues, one.failure, one.attempts) == ((), None, 0) for one in run.descriptions.values())
    images = {one.digest for result in located for one in result.shortlist} | {one.digest for one in located}
    cost = reranking_cost(run)
    assert cost is not None
    assert cost == RerankingCost(judges=True, photographs=6, requests=18, tokens=180, images=len(images), pairs=18)
    line = (
        "Judging pairs took 18 requests (3.0 a photograph) and 180 tokens; describing each image once takes "
        f"{len(images)} requests."
    )
    summary = show_run(run)
    assert isinstance(summary, Group)
    assert line in map(str, summary.renderables)
    again = made(make_task(judge=judge, judge_k=3, verify="off"), tmp_path / "again")
    missing = sum(one.judgement is None for result in located for one in result.shortlist[:3])
    assert len(judge.asked) == asked_pairs + missing  # what failed is asked again, and nothing else
    assert [one.ranking for one in again.results] == [one.ranking for one in run.results]


def test_what_needs_cues_says_so_of_a_judged_run_and_the_rest_shows_it(
    make_task: Callable[..., Task], tmp_path: Path
) -> None:
    judged, cues = (
        made(make_task(judge=judge, verify="off"), tmp_path / name)
        for name, judge in (("judged", ScriptedJudge({})), ("cues", None))
    )
    for needs_cues in (lambda: open_rescorer(judged, HashEncoder()), lambda: calibrate([judged])):
        with pytest.raises(UsageError, match="as a judge compared its pairs: name one"):
            needs_cues()
    found = judge_gate({"folder": judged}, {"folder": cues})
    assert {line.name: line.outcome for line in found.lines}["schema-valid"] == "pass"
    assert check_runs(judged, cues, encoder=HashEncoder()) == []
    page = tmp_path / "page.html"
    page.write_text(render_report([{"folder": judged}, {"folder": cues}]))
    assert "the model: another place, 50 % sure, as &#34;The windows say so&#34;" in page.read_text()
