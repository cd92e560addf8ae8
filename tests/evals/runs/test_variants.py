"""Two prompts over the same images: what one is recorded for, another is asked for anew."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_server import FaultyServer, serve
from texture import texture, write_textures

from internvl_vpr.evals.runs.folder import Run
from internvl_vpr.evals.runs.measure import RunOptions
from internvl_vpr.evals.runs.variants import prompt_variant, run_variants
from internvl_vpr.evals.splits.split import Where
from internvl_vpr.tools.endpoint.prompt import Prompt
from internvl_vpr.tools.errors import UsageError

pytest.importorskip("cv2", reason="needs the extra embedded")

TEXT = "---\nname: describe_image\nversion: 1\nchanges: none\n---\n\nName $n things that would identify this place.\n"


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with serve() as server:
        yield server


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A split of four references and two queries: six images in all."""
    write_textures(tmp_path / "photos" / "database", range(4))
    (tmp_path / "photos" / "queries").mkdir()
    for seed in range(2):
        image = texture(seed)
        image.putpixel((0, 0), (1, 2, 3))
        image.save(tmp_path / "photos" / "queries" / f"@{500_000 + 100 * seed + 4}@5000000@33@T@@@{seed}@@@@@@@@.png")
    return tmp_path


def write_prompt(folder: Path, text: str) -> str:
    path = folder / "prompt.md"
    path.write_text(text)
    return str(path)


def run_prompt(prompt: str, out: str, server: FaultyServer, root: Path) -> Run:
    flags = {"endpoint": server.endpoint, "longer_side": 160, "clusters": 8, "k": 4, "n": 2, "deadline": 20}
    session = RunOptions(root / "places", flags)
    where = Where(root / "photos")
    (made,) = asyncio.run(run_variants([prompt_variant(prompt)], ["folder"], where, session, root / out))
    return made["folder"]


def test_a_changed_prompt_never_reuses_what_was_said_to_another(server: FaultyServer, root: Path) -> None:
    """The file, its name and its version stay the same, one word of its text changes, and the ledger is one."""
    original = run_prompt(write_prompt(root, TEXT), "one", server, root)
    assert len(server.requests) == 6
    changed = run_prompt(write_prompt(root, TEXT.replace("things", "objects")), "two", server, root)
    assert len(server.requests) == 12
    again = run_prompt(write_prompt(root, TEXT), "three", server, root)
    assert len(server.requests) == 12  # both are recorded
    made = [sum(result.steps.made for result in run.results) for run in (original, changed, again)]
    assert made == [6, 6, 0]
    assert original.info.prompt == again.info.prompt != changed.info.prompt
    assert original.info.settings["describer_id"] == again.info.settings["describer_id"]
    assert changed.info.settings["describer_id"] != original.info.settings["describer_id"]
    assert [result.shortlist for result in again.results] == [result.shortlist for result in original.results]


def test_what_describing_took_is_in_the_record(server: FaultyServer, root: Path) -> None:
    run = run_prompt(write_prompt(root, TEXT), "one", server, root)
    assert len(run.descriptions) == 6
    for described in run.descriptions.values():
        assert (described.attempts, described.first_valid, len(described.cues)) == (1, True, 2)
        assert described.usage["prompt_tokens"] > 0
        assert described.latency > 0
    assert run.info.schema_digest is not None


def test_labels_tell_drafts_of_one_version_apart(tmp_path: Path) -> None:
    one = prompt_variant(write_prompt(tmp_path, TEXT))
    other = prompt_variant(write_prompt(tmp_path, TEXT.replace("things", "objects")))
    assert one.label != other.label
    assert one.label.startswith("describe_image.v1-")
    assert prompt_variant("describe_image.v1").label == Prompt.load("describe_image.v1").name
    assert prompt_variant("describe_image.paper").label == "describe_image.paper"
    assert prompt_variant("statistics").flags == {"describer": "statistics"}
    assert "/" not in prompt_variant(write_prompt(tmp_path, TEXT.replace("describe_image", "../../etc"))).label


def test_a_prompt_that_cannot_be_used_is_refused_before_anything_runs(root: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        prompt_variant("describe_image.v99")
    twice = [prompt_variant("statistics")] * 2
    with pytest.raises(UsageError, match="'statistics' is named twice"):
        asyncio.run(run_variants(twice, ["folder"], Where(root / "photos"), RunOptions(root / "places"), root / "out"))
    assert not (root / "places").exists()
