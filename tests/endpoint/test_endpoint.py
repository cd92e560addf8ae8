"""The whole way with a real server: llama-server with a tiny model constrains the answers, a tiny DINOv2 retrieves.

`make test-endpoint` runs this; `make test` leaves it out, because the server has to be compiled first.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from endpoint.served import Served, served_model
from places import name_of
from running import Run, runner
from texture import texture, write_textures
from tiny_dinov2 import save_tiny_dinov2

from internvl_vpr.agent import graph, open_context
from internvl_vpr.agent.localizer.state import Query
from internvl_vpr.tools.describers.cue_answer import parse_cues
from internvl_vpr.tools.describers.vision_model import VisionModel
from internvl_vpr.tools.endpoint.checks import enforces_schema, longest_blank, sees_images
from internvl_vpr.tools.endpoint.endpoint import Endpoint
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Answer, Attempt

PHOTOS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos, a query that is number 3, and a tiny DINOv2 with SwiGLU, as the giant has."""
    folder = tmp_path_factory.mktemp("endpoint")
    write_textures(folder / "photos", range(PHOTOS))
    query = texture(3)
    query.putpixel((0, 0), (1, 2, 3))
    query.save(folder / "query.png")
    save_tiny_dinov2(folder / "dinov2")
    return folder


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    """A server for one test, which may stop it."""
    with served_model(folder) as served:
        yield served


@pytest.fixture
def environ(served: Served) -> dict[str, str]:
    """What docs/endpoint.md tells to set."""
    return {
        "INTERNVL_VPR_PRESET": "anyloc", "INTERNVL_VPR_BACKBONE": "dinov2", "INTERNVL_VPR_CLUSTERS": "8",
        "OPENAI_BASE_URL": served.endpoint, "INTERNVL_VPR_MODEL": served.model,
    }  # fmt: skip


@pytest.fixture
def run(folder: Path) -> Run:
    return runner(folder)


def test_the_server_constrains_sees_and_bounds(served: Served) -> None:
    endpoint = Endpoint(served.endpoint, None, timeout=60, concurrency=4)
    assert asyncio.run(endpoint.models()) == [served.model]
    assert asyncio.run(enforces_schema(endpoint, served.model))
    without, with_image = asyncio.run(sees_images(endpoint, served.model))
    assert with_image > without > 0
    assert asyncio.run(longest_blank(endpoint, served.model)) <= 24


def test_index_describe_locate_replay(run: Run, folder: Path, environ: dict[str, str], served: Served) -> None:
    indexed = run("index", "photos", "--places", "places", "--no-check", **environ)
    assert indexed.returncode == 0, indexed.stderr
    described = run("describe", "--places", "places", **environ)
    assert described.returncode == 0, described.stderr
    assert f"{PHOTOS} described now" in described.stdout
    located = run("locate", "query.png", "--places", "places", "--json", **environ)
    assert located.returncode == 0, located.stderr
    answer = Answer.model_validate_json(located.stdout)
    assert (answer.steps.made, answer.steps.recorded, answer.steps.failed) == (1, PHOTOS, 0)
    assert len(answer.cues) == 3
    assert all(8 <= len(cue.text) <= 128 and 0 <= cue.score <= 100 for cue in answer.cues)
    assert len(answer.candidates) == PHOTOS
    assert all(len(candidate.matches) == 3 for candidate in answer.candidates)

    rows = [json.loads(line) for line in run("ledger", "export", "--places", "places").stdout.splitlines()]
    described_rows = [row for row in rows if row["error"] is None]
    assert len(described_rows) == PHOTOS + 1
    for row in described_rows:
        content = json.loads(row["raw"])["choices"][0]["message"]["content"]
        assert [cue.text for cue in parse_cues(content, 3)] == [cue["text"] for cue in row["cues"]]

    flags: dict[str, Any] = {
        "preset": "anyloc",
        "backbone": str(folder / "dinov2"),
        "endpoint": served.endpoint,
        "model": served.model,
    }
    with open_context(folder / "places", **flags) as context:
        query = Query(photo=str(folder / "query.png"))
        again: Answer = asyncio.run(graph.ainvoke(query, context=context))["answer"]
    assert [one.reference for one in again.candidates] == [one.reference for one in answer.candidates]
    assert (again.steps.made, again.steps.recorded) == (0, PHOTOS + 1)

    served.stop()
    replayed = run("locate", "query.png", "--places", "places", "--json", "--replay", **environ)
    assert (replayed.returncode, replayed.stdout) == (0, located.stdout), replayed.stderr
    other = run("locate", "query.png", "--places", "places", "--n", "2", **environ)
    assert other.returncode == 4


def test_a_split_is_judged_pair_by_pair_and_replayed(
    run: Run, folder: Path, environ: dict[str, str], served: Served
) -> None:
    photos = folder / "photos"
    split = folder / "split"
    (split / "queries").mkdir(parents=True)
    (split / "database").symlink_to(photos)
    for number in (3, 5):
        image = texture(number)
        image.putpixel((0, 0), (1, 2, 3))
        image.save(split / "queries" / name_of(number))
    flags = ["folder", "--root", "split", "--places", "judged-places", "--reranker", "judge", "--judge-k", "4"]
    flags += ["--verify", "off"]
    shown = run("eval", "run", *flags, "--out", "judged", **environ)
    assert shown.returncode == 0, shown.stderr
    assert "Judging pairs took 8 requests (4.0 a photograph)" in " ".join(shown.stdout.split())
    info = json.loads((folder / "judged" / "run.json").read_text())
    assert info["prompt"].startswith("judge_pair.v1 ")
    results = [json.loads(line) for line in (folder / "judged" / "results.jsonl").read_text().splitlines()]
    for result in results:
        assert [one.get("judgement") is not None for one in result["shortlist"]] == [True] * 4 + [False] * (PHOTOS - 4)
        for one in result["shortlist"][:4]:
            said = one["judgement"]
            assert 8 <= len(said["why"]) <= 128
            assert 0 <= said["confidence"] <= 100
            assert one["score"] == said["confidence"] / (100 if said["same_place"] else -100)
        assert result["judging"]["usage"]["prompt_tokens"] > 0
    locate = ["locate", f"split/queries/{name_of(3)}", *flags[3:], "--json"]
    live = run(*locate, **environ)
    assert live.returncode == 0, live.stderr
    assert Answer.model_validate_json(live.stdout).steps.recorded == 4

    served.stop()
    replayed = run(*locate, "--replay", **environ)
    assert (replayed.returncode, replayed.stdout) == (0, live.stdout), replayed.stderr
    again = run("eval", "run", *flags, "--out", "again", **environ)
    assert again.returncode == 0, again.stderr
    repeated = [json.loads(line) for line in (folder / "again" / "results.jsonl").read_text().splitlines()]
    assert [one["shortlist"] for one in repeated] == [one["shortlist"] for one in results]
    assert "; 0 pairs judged now in 0 attempts." in again.stdout


def test_the_paper_s_prompt_needs_no_text_beside_the_image(folder: Path, served: Served) -> None:
    endpoint = Endpoint(served.endpoint, None, timeout=60, concurrency=4)
    model = VisionModel(endpoint, served.model, Prompt.load("describe_image.paper"), image_side=320)

    async def described() -> list[Attempt]:
        return [attempt async for attempt in model.attempts(open_photo(folder / "query.png"), 3)]

    assert len(asyncio.run(described())[-1].cues) == 3
