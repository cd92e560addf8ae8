"""Geometry in the graph: how many candidates are verified, what becomes of the order, and what a replay does."""

import asyncio
import dataclasses
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from places import name_of, with_settings
from presets import preset_settings
from running import Run
from scripted import NearestMatcher, PatchExtractor, patch_verifier

from internvl_vpr.agent.localizer.context import Context, Describing, open_verifier
from internvl_vpr.agent.localizer.describe_all import PREPARING, PrepareReport, describe_all
from internvl_vpr.agent.localizer.nodes import candidates_of
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.agent.localizer.verify_candidates import rank_candidates
from internvl_vpr.agent.settings import PresetName
from internvl_vpr.tools.apply_threshold import apply_threshold
from internvl_vpr.tools.errors import StepMissing
from internvl_vpr.tools.index.keypoint_store import LARGEST_PHOTO, KeypointStore
from internvl_vpr.tools.ledger.ledger import Pair
from internvl_vpr.tools.photo.photo import open_photo
from internvl_vpr.tools.records import Answer, Candidate, Geometry, RankedCandidate, Score, Verification
from internvl_vpr.tools.verify_geometry import Verifier

Parts = tuple[Context, PatchExtractor, NearestMatcher]


@pytest.fixture
def verifying(context: Context, tmp_path: Path) -> Parts:
    """The context with a verifier whose parts count what they are asked."""
    verifier, extractor, matcher = patch_verifier(tmp_path)
    return dataclasses.replace(context, verifier=verifier), extractor, matcher


def run(photo: str, context: Context) -> Answer:
    return asyncio.run(locate(photo, context))


def verified(answer: Answer) -> list[str]:
    return [one.reference for one in answer.candidates if one.geometry is not None]


def test_the_same_place_has_by_far_the_most_inliers(photo: str, verifying: Parts) -> None:
    answer = run(photo, verifying[0])
    first, *others = answer.candidates
    assert first.reference == name_of(3)
    assert first.geometry
    assert first.geometry.matches >= first.geometry.inliers > 100
    assert all(other.geometry is None or other.geometry.inliers < 15 for other in others)


def test_it_ends_at_the_next_look_when_one_place_is_beyond_doubt(photo: str, verifying: Parts) -> None:
    context, _, matcher = verifying
    answer = run(photo, context)
    assert len(answer.candidates) == 5
    assert (len(verified(answer)), matcher.pairs) == (4, 4)  # the first settles it, but is looked at after four


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_are_verified_than_the_settings_say(photo: str, verifying: Parts, most: int) -> None:
    context, _, matcher = verifying
    answer = run(photo, with_settings(context, verify_k=most))
    assert (len(verified(answer)), matcher.pairs) == (most, most)
    assert {one.coarse_rank for one in answer.candidates if one.geometry} == set(range(1, most + 1))


def test_without_a_clear_place_all_are_verified(town: Path, verifying: Parts, tmp_path: Path) -> None:
    context, _, matcher = verifying
    shutil.copy(town / "photos" / name_of(2), tmp_path / "query.png")  # the matcher sees only others
    matcher.match = lambda a, b: NearestMatcher().match(a, b)[:0]  # type: ignore[method-assign]
    answer = run(str(tmp_path / "query.png"), context)
    assert [one.geometry for one in answer.candidates] == 5 * [Geometry(matches=0, inliers=0)]
    assert [one.coarse_rank for one in answer.candidates] == [1, 2, 3, 4, 5]


def test_with_verify_off_nothing_is_computed(photo: str, verifying: Parts) -> None:
    context, extractor, matcher = verifying
    answer = run(photo, with_settings(context, verify="off"))
    assert verified(answer) == []
    assert (extractor.images, matcher.pairs) == (0, 0)
    with open_verifier(context.index.folder, with_settings(context, verify="off").settings) as verifier:
        assert verifier is None


def test_a_second_question_computes_nothing(photo: str, verifying: Parts) -> None:
    context, extractor, matcher = verifying
    first = run(photo, context)
    counted = (extractor.images, matcher.pairs)
    again = run(photo, context)
    assert (extractor.images, matcher.pairs) == counted
    assert again.candidates == first.candidates


def test_another_photo_computes_only_its_own_keypoints(
    town: Path, photo: str, verifying: Parts, tmp_path: Path
) -> None:
    context, extractor, _ = verifying
    with_all = with_settings(context, k=8, verify_k=8)
    for path in sorted((town / "photos").iterdir()):
        other = tmp_path / "other.png"
        with Image.open(path) as pixels:
            pixels.save(other, compress_level=1)  # the same view in another file, so that the map's own is a candidate
        run(str(other), with_all)
    before = extractor.images
    run(photo, with_all)
    assert extractor.images == before + 1


def test_a_replay_is_the_same_to_the_byte_and_computes_nothing(photo: str, verifying: Parts) -> None:
    context, extractor, matcher = verifying
    live = run(photo, context)
    counted = (extractor.images, matcher.pairs)
    assert run(photo, dataclasses.replace(context, replay=True)).model_dump_json() == live.model_dump_json()
    assert (extractor.images, matcher.pairs) == counted


def test_a_replay_lacks_what_was_not_verified(photo: str, verifying: Parts) -> None:
    context, _, matcher = verifying
    run(photo, with_settings(context, verify_k=1))
    with pytest.raises(StepMissing, match="without --replay"):
        run(photo, dataclasses.replace(context, replay=True))
    assert matcher.pairs == 1


def test_a_candidate_whose_file_is_gone_is_passed_over(
    town: Path, photo: str, verifying: Parts, tmp_path: Path
) -> None:
    context = verifying[0]
    gone = town / "photos" / name_of(3)
    shutil.move(gone, tmp_path / "hidden.png")
    try:
        answer = run(photo, context)
    finally:
        shutil.move(tmp_path / "hidden.png", gone)
    without = [one.reference for one in answer.candidates if one.geometry is None]
    assert without == [name_of(3)]
    assert run(photo, dataclasses.replace(context, replay=True)).candidates == answer.candidates


def test_copies_of_one_image_are_verified_once(photo: str, verifying: Parts) -> None:
    context, _, matcher = verifying
    candidates = candidates_of(open_photo(Path(photo), read_position=False), context)
    doubled = [one for pair in zip(candidates, candidates, strict=True) for one in pair]
    scores = [Score(reference=one.reference, score=None, matches=()) for one in doubled]
    answer = run(photo, context)
    by_digest = {one.digest: one.geometry for one in answer.candidates if one.geometry}
    ranked = rank_candidates(doubled, scores, by_digest, context)
    assert [one.geometry for one in ranked if one.digest in by_digest] == [
        by_digest[one.digest] for one in ranked if one.digest in by_digest
    ]
    assert matcher.pairs == 4


def test_how_far_it_has_come_is_told(photo: str, verifying: Parts) -> None:
    told: list[tuple[str, int, int]] = []
    asyncio.run(
        locate(photo, verifying[0], lambda stage, done, total, detail="": told.append((stage, done, total)))
    )  # fmt: skip
    of_it = [(done, total) for stage, done, total in told if stage == "verifying"]
    quick = [(done, 13) for done in range(6)]  # eight more at most
    assert of_it == [*quick, *[(done, 10) for done in range(6, 10)], (9, 9)]  # of the five, four settle it
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["retrieving", "verifying", "describing", "comparing"]


SCORES = st.lists(st.one_of(st.none(), st.integers(-100, 100).map(lambda n: n / 100)), min_size=1, max_size=12)


def candidate(rank: int) -> Candidate:
    return Candidate(
        reference=f"{rank}.jpg", path=Path(f"{rank}.jpg"), digest=f"{rank:064x}", position=None, coarse_rank=rank,
        coarse_similarity=0.5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "changes"),
    [("paper", {}), ("anyloc", {}), ("embedded", {"verify": "off"}), ("embedded", {"verify": "report"})],
    ids=["paper", "anyloc", "off", "report"],
)
@given(scores=SCORES, inliers=st.lists(st.integers(0, 400), min_size=12, max_size=12), tau=st.sampled_from([-1.0, 0.2]))
def test_unless_geometry_ranks_the_order_is_the_paper_s_to_the_digit(
    preset: PresetName, changes: dict[str, str], scores: list[float | None], inliers: list[int], tau: float
) -> None:
    settings = preset_settings(preset).model_copy(update={"tau": tau, **changes})
    candidates = [candidate(rank) for rank in range(1, len(scores) + 1)]
    given_scores = [
        Score(reference=one.reference, score=score, matches=())
        for one, score in zip(candidates, scores, strict=True)
    ]  # fmt: skip
    verified = {
        one.digest: Verification(matches=n, inliers=n, points=n * ((0.5, 0.5, 0.5, 0.5),))
        for one, n in zip(candidates, inliers, strict=False)
    }
    context = Context(*5 * (None,), settings)  # type: ignore[arg-type]  # no live object has a part in it
    ranked = rank_candidates(candidates, given_scores, {} if settings.verify == "off" else verified, context)
    expected: list[RankedCandidate] = apply_threshold(candidates, given_scores, tau, settings.below_tau)
    assert [one.model_copy(update={"geometry": None}) for one in ranked] == expected
    counts = [(one.geometry.matches, one.geometry.inliers) for one in ranked if one.geometry]
    told = [] if settings.verify == "off" else [2 * (verified[one.digest].inliers,) for one in ranked]
    assert counts == told


_REPLAYED = """
import asyncio, sys
from pathlib import Path
from internvl_vpr.agent.localizer.context import open_context
from internvl_vpr.agent.localizer.nodes import candidates_of
from internvl_vpr.agent.localizer.verify_candidates import verify_candidates
from internvl_vpr.tools.photo.photo import open_photo

places, ledger, photo, verify = sys.argv[1:]
with open_context(places, replay=True, ledger=ledger, describer="statistics", verify=verify) as context:
    query = open_photo(Path(photo), read_position=False)
    found = asyncio.run(verify_candidates(query, candidates_of(query, context), context))
print(len(found), sorted({"torch", "kornia"} & set(sys.modules)))
"""


@pytest.mark.parametrize(("verify", "found"), [("off", 0), ("rank", 8)])
def test_neither_off_nor_a_replay_loads_a_network(
    verify: str, found: int, town: Path, photo: str, context: Context, tmp_path: Path
) -> None:
    pytest.importorskip("kornia", reason="needs the extra embedded")
    all_ = with_settings(context, k=20)
    query = open_photo(Path(photo), read_position=False)
    with open_verifier(town / "places", all_.settings) as verifier:
        assert verifier
        for one in candidates_of(query, all_):
            first, second = sorted((query.digest, one.digest))
            for how in (verifier.quick_id, verifier.id):
                pair = Pair(first=first, second=second, verifier=how)
                all_.ledger.record_verification(pair, Verification(matches=9, inliers=0))
    command = [sys.executable, "-c", _REPLAYED, str(town / "places"), str(all_.ledger.path), photo, verify]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told == f"{found} []\n"


def prepare(context: Context, limit: int | None = None) -> tuple[PrepareReport, list[tuple[int, int]]]:
    """Describe all images of the map with the context's parts; returns what became of keypoints, and its progress."""
    told: list[tuple[int, int]] = []

    def on_progress(stage: str, done: int, total: int, detail: str = "") -> None:
        if stage == PREPARING:
            told.append((done, total))

    given_ = Describing(context.index, context.describer, context.ledger, context.settings, context.verifier)
    report = asyncio.run(describe_all(given_, limit=limit, on_progress=on_progress)).keypoints
    assert report is not None
    return report, told


def test_keypoints_are_prepared_ahead_of_time_and_only_once(photo: str, verifying: Parts) -> None:
    context, extractor, _ = verifying
    report, told = prepare(context, limit=3)
    assert (report.computed, report.kept, report.left, extractor.images) == (3, 0, 5, 3)
    report, told = prepare(context)
    assert (report.computed, report.kept, report.left, extractor.images) == (5, 3, 0, 8)
    assert (told[0], told[-1]) == ((3, 8), (8, 8))
    assert prepare(context)[0] == PrepareReport(computed=0, kept=8, left=0, full=False)
    run(photo, context)
    assert extractor.images == 9  # the query's


def test_no_more_is_prepared_than_there_is_room_for(verifying: Parts, tmp_path: Path) -> None:
    context, extractor, matcher = verifying
    small = KeypointStore(tmp_path / "small", LARGEST_PHOTO + 40_000)
    small.path.parent.mkdir()
    verifier = Verifier(extractor, matcher, matcher, small)
    report, _ = prepare(dataclasses.replace(context, verifier=verifier))
    assert report.full
    assert report.computed == len(small.kept([one.digest for one in context.index.images()], extractor.id)) < 8
    assert report.computed + report.left == 8


def test_what_cannot_be_read_holds_up_no_others(town: Path, verifying: Parts, tmp_path: Path) -> None:
    gone = town / "photos" / name_of(0)
    shutil.move(gone, tmp_path / "hidden.png")
    try:
        report, _ = prepare(verifying[0])
    finally:
        shutil.move(tmp_path / "hidden.png", gone)
    assert (report.computed, report.left, report.full) == (7, 1, False)


def test_without_verification_nothing_is_prepared(context: Context) -> None:
    given_ = Describing(context.index, context.describer, context.ledger, context.settings)
    assert asyncio.run(describe_all(given_)).keypoints is None


def test_the_command_says_what_was_prepared(cli: Run, vlm: list[str], town: Path, tmp_path: Path) -> None:
    pytest.importorskip("kornia", reason="needs the extra embedded")
    # A map of its own: other tests keep keypoints in the one that they share.
    places = shutil.copytree(town / "places", tmp_path / "places", ignore=shutil.ignore_patterns("keypoints.sqlite*"))
    vlm[vlm.index("--places") + 1] = str(places)
    flags = [flag for flag in vlm if flag not in ("--verify", "off")]
    assert "keypoints" not in cli("describe", *vlm, "--limit", "1").stdout
    prepared = cli("describe", *flags).stdout.splitlines()
    assert prepared[1] == "keypoints for comparing photos: 8 images computed now, 0 kept from before, 0 left"
    again = cli("describe", *flags).stdout.splitlines()
    assert again[1] == "keypoints for comparing photos: 0 images computed now, 8 kept from before, 0 left"
