"""Photographs that are verified against each other, in the chat's way and in a client's."""

import asyncio
import dataclasses
from pathlib import Path

import pytest
from mcp import Client
from mcp.types import TextContent
from PIL import Image
from places import name_of, with_settings
from scripted import NearestMatcher, patch_verifier

from internvl_vpr.agent.localizer.compare_photos import compare_photos
from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.agent.mcp.allowed import Allowed
from internvl_vpr.agent.mcp.server import build_server
from internvl_vpr.tools.compare_places import PlaceComparison
from internvl_vpr.tools.errors import StepMissing
from internvl_vpr.tools.summaries import summarize_comparison

pytest.importorskip("cv2", reason="needs the extra embedded")


@pytest.fixture
def verifying(context: Context, tmp_path: Path) -> tuple[Context, NearestMatcher]:
    verifier, _, matcher = patch_verifier(tmp_path)
    return dataclasses.replace(with_settings(context, verify="report", verify_k=1), verifier=verifier), matcher


@pytest.fixture
def photos(town: Path, tmp_path: Path) -> list[str]:
    """Two files of one view, and a photo of another place."""
    again = tmp_path / "again.png"
    with Image.open(town / "query.png") as pixels:
        pixels.save(again, compress_level=1)
    return [str(town / "query.png"), str(again), str(town / "photos" / name_of(6))]


async def compared(photos: list[str], context: Context) -> PlaceComparison:
    answers = [await locate(photo, context) for photo in photos]
    return await compare_photos(photos, answers, context)


def test_two_views_of_one_place_are_found_by_their_points_and_others_are_not_decided(
    photos: list[str], verifying: tuple[Context, NearestMatcher]
) -> None:
    context, _ = verifying
    found = asyncio.run(compared(photos, context))
    assert found.groups == ((0, 1),)
    first, *others = found.pairs
    assert (first.same, first.decided_by) == (True, "geometry")
    assert first.geometry
    assert first.geometry.inliers > 100
    assert [(pair.same, pair.decided_by) for pair in others] == [(None, None)] * 2


def test_a_pair_is_verified_once_and_a_replay_verifies_none(
    photos: list[str], verifying: tuple[Context, NearestMatcher]
) -> None:
    context, matcher = verifying
    live = asyncio.run(compared(photos, context))
    matched = matcher.pairs
    replayed = dataclasses.replace(context, replay=True)
    assert asyncio.run(compared(photos, replayed)) == live
    assert matcher.pairs == matched

    answers = [asyncio.run(locate(photo, context)) for photo in photos[:2]]
    matcher.id = "nearest/2"  # with another matcher, nothing is recorded
    with pytest.raises(StepMissing, match="without --replay"):
        asyncio.run(compare_photos(photos[:2], answers, replayed))


def test_with_verify_off_nothing_is_verified(photos: list[str], verifying: tuple[Context, NearestMatcher]) -> None:
    context, matcher = verifying
    found = asyncio.run(compared(photos, with_settings(context, verify="off")))
    assert matcher.pairs == 0
    assert found.groups == ()


def test_a_client_gets_the_same_comparison_of_private_copies(
    photos: list[str], verifying: tuple[Context, NearestMatcher], town: Path, tmp_path: Path
) -> None:
    context, _ = verifying

    async def ask() -> tuple[PlaceComparison, str]:
        expected = await compared(photos, context)
        async with Client(build_server(context, Allowed([town, tmp_path]))) as client:
            (content,) = (await client.call_tool("compare_places", {"photos": photos})).content
        assert isinstance(content, TextContent)
        return expected, content.text

    expected, text = asyncio.run(ask())
    assert text == summarize_comparison(expected).model_dump_json()
    assert expected.groups == ((0, 1),)
