"""`locate --matches`: a PNG of the photo and its best match, with lines between the points that fit both."""

import colorsys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from running import Run

from internvl_vpr.agent.localizer.context import open_context
from internvl_vpr.agent.localizer.matched_points import matched_points
from internvl_vpr.tools.records import Answer

pytest.importorskip("kornia", reason="needs the extra embedded")
pytest.importorskip("cv2", reason="needs the extra embedded")
_LINES = {tuple(round(255 * part) for part in colorsys.hsv_to_rgb(hue / 40, 0.65, 1.0)) for hue in range(40)}


def flags(town: Path, tmp_path: Path) -> list[str | Path]:
    return ["--places", town / "places", "--describer", "statistics", "--ledger", tmp_path / "steps.sqlite"]


def test_both_halves_are_the_photos_and_lines_end_where_the_points_are(cli: Run, town: Path, tmp_path: Path) -> None:
    given = flags(town, tmp_path)
    answer = Answer.model_validate_json(
        cli("locate", town / "query.png", *given, "--matches", "fit.png", "--json").stdout
    )
    with Image.open(tmp_path / "fit.png") as opened:
        assert opened.format == "PNG"
        drawn = np.asarray(opened.convert("RGB"), dtype=np.int_)
    assert drawn.shape == (480, 640 + 8 + 640, 3)
    halves = [drawn[:, :640], drawn[:, 648:]]
    for half, path in zip(halves, (answer.photo, answer.candidates[0].path), strict=True):
        with Image.open(path) as photo:
            expected = np.asarray(ImageOps.fit(photo.convert("RGB"), (640, 480)), dtype=np.int_)
        assert (np.abs(half - expected).max(axis=2) < 40).mean() > 0.8
    with open_context(town / "places", describer="statistics", ledger=tmp_path / "steps.sqlite") as context:
        points = matched_points(answer, context)
    assert len(points) >= 60
    ends = 0
    for x, y, other_x, other_y in points:
        colours = [
            tuple(half[round(down * 479), round(across * 639)])
            for half, across, down in zip(halves, (x, other_x), (y, other_y), strict=True)
        ]
        ends += colours[0] == colours[1] and colours[0] in _LINES
    assert 30 <= ends <= 40  # that lines are drawn between, each in one colour at both ends


def test_a_picture_without_points_is_not_written_and_a_bad_name_is_refused(
    cli: Run, town: Path, tmp_path: Path
) -> None:
    given = flags(town, tmp_path)
    nothing = cli("locate", town / "query.png", *given, "--verify", "off", "--matches", "fit.png")
    assert nothing.returncode == 0
    assert "No picture of matches was written" in nothing.stderr
    assert not (tmp_path / "fit.png").exists()
    nowhere = cli("locate", town / "query.png", *given, "--matches", "no-folder/fit.png")
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert "name another file" in nowhere.stderr
