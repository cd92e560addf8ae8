"""Finding, checking and decoding photographs: positions, orientation, pixel modes, limits and damage."""

import io
import os
import random
import struct
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damaged_photos import good_photos, png, png_chunk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from internvl_vpr.tools.errors import PackageMissing, PhotoError, PositionError, UsageError
from internvl_vpr.tools.photo.photo import find_photos, load_image, open_photo
from internvl_vpr.tools.photo.position import from_degrees

LOSSLESS: dict[str, dict[str, Any]] = {".png": {}, ".tif": {}, ".webp": {"lossless": True}}


def save(path: Path, image: Image.Image | None = None, **options: Any) -> Path:
    (image or Image.new("RGB", (40, 30), "teal")).save(path, **options)
    return path


def pixels_of(path: Path, longer_side: int | None = None) -> NDArray[np.uint8]:
    return np.asarray(load_image(open_photo(path), longer_side))


def exif_with(orientation: int = 1, **gps: Any) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({getattr(ExifTags.GPS, name): value for name, value in gps.items()})
    return exif.tobytes()


def gps_of(latitude: float, longitude: float) -> dict[str, Any]:
    def parts(angle: float) -> tuple[float, float, float]:
        minutes, seconds = divmod(abs(angle) * 3600, 60)
        return (*divmod(minutes, 60), seconds)

    return {
        "GPSLatitude": parts(latitude),
        "GPSLatitudeRef": "N" if latitude >= 0 else "S",
        "GPSLongitude": parts(longitude),
        "GPSLongitudeRef": "E" if longitude >= 0 else "W",
    }


class TestFind:
    def test_photos_are_found_in_order_of_their_relative_paths(self, tmp_path: Path) -> None:
        names = ["b.JPG", "a/z.png", "a.webp", "a/c.TIFF", "a/b/x.jpeg", "Z.tif", "a/folder.jpg/inside.jpg"]
        others = [".hidden.jpg", ".thumbnails/a.jpg", "a/.x/b.jpg", "notes.txt", "jpg", "a.jpg.part"]
        for name in names + others:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        found = [path.relative_to(tmp_path).as_posix() for path in find_photos(tmp_path)]
        assert found == sorted(names)

    def test_links_to_folders_are_not_followed_and_nothing_is_opened(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "up").symlink_to(tmp_path)
        (tmp_path / "a" / "up.jpg").symlink_to(tmp_path)
        (tmp_path / "a" / "dangling.jpg").symlink_to(tmp_path / "gone.jpg")
        os.mkfifo(tmp_path / "a" / "fifo.jpg")
        assert [path.name for path in find_photos(tmp_path)] == ["dangling.jpg", "fifo.jpg"]

    def test_the_named_folder_itself_may_be_hidden_or_a_link(self, tmp_path: Path) -> None:
        (tmp_path / ".photos").mkdir()
        (tmp_path / ".photos" / "a.jpg").touch()
        (tmp_path / "link").symlink_to(tmp_path / ".photos")
        assert [path.name for path in find_photos(tmp_path / ".photos")] == ["a.jpg"]
        assert find_photos(tmp_path / "link") == [tmp_path / "link" / "a.jpg"]

    def test_what_is_not_a_folder_is_a_usage_error(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"gone.*No such file"):
            find_photos(tmp_path / "gone")
        with pytest.raises(UsageError, match=r"a\.jpg.*Not a directory"):
            find_photos(save(tmp_path / "a.jpg"))

    @pytest.mark.skipif(not os.geteuid(), reason="root may read everything")
    def test_a_folder_that_cannot_be_read_is_not_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "closed").mkdir(mode=0)
        with pytest.raises(UsageError, match="closed"):
            find_photos(tmp_path)


class TestPosition:
    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".heic"])
    @pytest.mark.parametrize(
        ("latitude", "longitude"), [(55.7, 13.2), (-33.92487, 18.42406), (37.75, -122.4), (-8, -35)]
    )
    def test_exif_gps_is_read_in_every_format(
        self, tmp_path: Path, suffix: str, latitude: float, longitude: float
    ) -> None:
        if suffix == ".heic":
            pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
            heif = pillow_heif.from_pillow(Image.new("RGB", (40, 30)))
            heif.save(tmp_path / "a.heic", exif=exif_with(**gps_of(latitude, longitude)))
        else:
            save(tmp_path / f"a{suffix}", exif=exif_with(**gps_of(latitude, longitude)))
        photo = open_photo(tmp_path / f"a{suffix}")
        assert photo.position_source == "exif"
        assert photo.position is not None
        assert photo.position.latitude == pytest.approx(latitude, abs=1e-7)
        assert photo.position.longitude == pytest.approx(longitude, abs=1e-7)
        assert photo.position.zone == from_degrees(latitude, longitude).zone

    def test_a_png_may_carry_its_exif_behind_the_pixels(self, tmp_path: Path) -> None:
        file = io.BytesIO()
        Image.new("RGB", (40, 30)).save(file, "PNG")
        block = png_chunk(b"eXIf", exif_with(6, **gps_of(55.7, 13.2))[6:])
        (tmp_path / "late.png").write_bytes(file.getvalue()[:-12] + block + file.getvalue()[-12:])
        photo = open_photo(tmp_path / "late.png")
        assert (photo.width, photo.height, photo.position_source) == (30, 40, "exif")
        assert load_image(photo).size == (30, 40)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"GPSLatitudeRef": None},
            {"GPSLongitude": None},
            {"GPSLatitudeRef": "X"},
            {"GPSLatitudeRef": ""},
            {"GPSLatitude": (91.0, 0.0, 0.0)},
            {"GPSLatitude": (55.0, 61.0, 0.0)},
            {"GPSLatitude": (55.0, 1.0)},
            {"GPSLongitude": (190.0, 0.0, 0.0)},
            {"GPSLatitude": (0.0, 0.0, 0.0), "GPSLongitude": (0.0, 0.0, 0.0)},
        ],
        ids=str,
    )
    def test_a_malformed_gps_block_gives_no_position(self, tmp_path: Path, wrong: dict[str, Any]) -> None:
        gps = {name: value for name, value in (gps_of(55.7, 13.2) | wrong).items() if value is not None}
        photo = open_photo(save(tmp_path / "a.jpg", exif=exif_with(**gps)))
        assert (photo.position, photo.position_source) == (None, None)

    def test_zero_divided_by_zero_gives_no_position(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.jpg", exif=exif_with(**gps_of(55.5, 13.2)))
        degrees = struct.pack(">II", 55, 1), struct.pack("<II", 55, 1)
        assert any(number in path.read_bytes() for number in degrees)
        for number in degrees:
            path.write_bytes(path.read_bytes().replace(number, bytes(8)))
        assert open_photo(path).position is None

    @pytest.mark.filterwarnings("ignore::UserWarning:PIL")
    @pytest.mark.parametrize("suffix", [".jpg", ".webp"])
    def test_a_damaged_exif_block_breaks_no_photo(self, tmp_path: Path, suffix: str) -> None:
        block = exif_with(6, **gps_of(55.7, 13.2))
        path = save(tmp_path / f"a{suffix}", exif=block)
        good, rng = path.read_bytes(), random.Random(5)
        start, length = good.index(block[6:]), len(block) - 6
        for _ in range(200):
            data = bytearray(good)
            for _ in range(3):
                data[start + rng.randrange(length)] = rng.randrange(256)
            path.write_bytes(data)
            photo = open_photo(path)
            assert load_image(photo).size == (photo.width, photo.height)

    def test_a_table_comes_before_the_name_and_the_name_before_exif(self, tmp_path: Path) -> None:
        path = save(tmp_path / "@0@1000@@@@@7@@@@@@@@.jpg", exif=exif_with(**gps_of(55.7, 13.2)))
        given = from_degrees(1, 2)
        assert (open_photo(path, given).position, open_photo(path, given).position_source) == (given, "csv")
        named = open_photo(path)
        assert named.position is not None
        assert (named.position.easting, named.position.northing, named.position_source) == (0, 1000, "name")

    def test_a_position_that_nobody_asked_for_is_not_read(self, tmp_path: Path) -> None:
        path = save(tmp_path / "@1@2@.jpg", exif=exif_with(**gps_of(55.7, 13.2)))
        assert open_photo(path, read_position=False).position is None
        assert open_photo(path, from_degrees(1, 2), read_position=False).position_source == "csv"

    def test_an_at_in_a_parent_folder_means_nothing(self, tmp_path: Path) -> None:
        folder = tmp_path / "@500000@4649776@33@T@@@"
        folder.mkdir()
        assert open_photo(save(folder / "a.jpg")).position is None

    def test_a_wrong_name_is_an_error_unless_a_table_knows_better(self, tmp_path: Path) -> None:
        path = save(tmp_path / "@nan@1@.jpg")
        with pytest.raises(PositionError, match="@nan@1@"):
            open_photo(path)
        assert open_photo(path, from_degrees(1, 2)).position_source == "csv"


def as_stored(upright: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """What a camera stores so that EXIF's orientation shows it upright; by EXIF's table of row 0 and column 0."""
    turned = upright.transpose(1, 0, 2)
    return {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: turned,
        6: turned[::-1],
        7: turned[::-1, ::-1],
        8: turned[:, ::-1],
    }[orientation]


class TestOrientation:
    upright = np.random.default_rng(3).integers(0, 256, (30, 40, 3), dtype=np.uint8)

    @pytest.mark.parametrize("suffix", LOSSLESS)
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_pixels_and_size_are_upright(self, tmp_path: Path, suffix: str, orientation: int) -> None:
        stored = Image.fromarray(as_stored(self.upright, orientation))
        photo = open_photo(save(tmp_path / f"a{suffix}", stored, exif=exif_with(orientation), **LOSSLESS[suffix]))
        assert (photo.width, photo.height) == (40, 30)
        np.testing.assert_array_equal(np.asarray(load_image(photo)), self.upright)
        assert load_image(photo, 20).size == (20, 15)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_jpeg_agrees_with_the_library(self, tmp_path: Path, orientation: int) -> None:
        stored = Image.fromarray(as_stored(self.upright, orientation))
        path = save(tmp_path / "a.jpg", stored, exif=exif_with(orientation))
        with Image.open(path) as opened:
            np.testing.assert_array_equal(pixels_of(path), np.asarray(ImageOps.exif_transpose(opened)))

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_heic_is_upright(self, tmp_path: Path, orientation: int) -> None:
        pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heic")
        smooth = Image.linear_gradient("L").resize((40, 30)).convert("RGB")
        turned = Image.fromarray(as_stored(np.asarray(smooth), orientation))
        pillow_heif.from_pillow(turned).save(tmp_path / "a.heic", exif=exif_with(orientation), quality=95)
        photo = open_photo(tmp_path / "a.heic")
        assert (photo.width, photo.height) == (40, 30)
        assert np.abs(np.asarray(load_image(photo), float) - np.asarray(smooth, float)).mean() < 3

    @pytest.mark.parametrize("orientation", [0, 9, 4711])
    def test_an_orientation_that_does_not_exist_is_none(self, tmp_path: Path, orientation: int) -> None:
        path = save(tmp_path / "a.png", Image.fromarray(self.upright), exif=exif_with(orientation))
        np.testing.assert_array_equal(pixels_of(path), self.upright)


class TestModes:
    """Every mode becomes RGB, by one rule each; expectations are written down, not taken from the library."""

    @pytest.mark.parametrize(
        ("mode", "colour", "suffix", "expected"),
        [
            ("L", 100, ".png", (100, 100, 100)),
            ("1", 1, ".png", (255, 255, 255)),
            ("RGBA", (10, 20, 30, 255), ".png", (10, 20, 30)),
            ("RGBA", (10, 20, 30, 0), ".png", (255, 255, 255)),
            ("RGBA", (0, 100, 200, 51), ".webp", (204, 224, 244)),
            ("LA", (0, 51), ".png", (204, 204, 204)),
            ("CMYK", (255, 0, 0, 0), ".tif", (0, 255, 255)),
            ("CMYK", (0, 0, 0, 255), ".jpg", (0, 0, 0)),
            ("YCbCr", (128, 128, 128), ".tif", (128, 128, 128)),
            ("I;16", 0xABCD, ".png", (0xAB, 0xAB, 0xAB)),
            ("I;16", 0xABCD, ".tif", (0xAB, 0xAB, 0xAB)),
        ],
    )
    def test_a_uniform_image(self, tmp_path: Path, mode: str, colour: Any, suffix: str, expected: Any) -> None:
        options = LOSSLESS.get(suffix, {})
        path = save(tmp_path / f"a{suffix}", Image.new(mode, (40, 30), colour), **options)
        for longer_side in (None, 20):
            pixels = pixels_of(path, longer_side)
            assert pixels.shape[2] == 3
            np.testing.assert_allclose(pixels.reshape(-1, 3), np.broadcast_to(expected, (pixels.size // 3, 3)), atol=1)

    def test_a_palette_with_a_transparent_entry(self, tmp_path: Path) -> None:
        image = Image.new("P", (40, 30), 0)
        image.putpalette([10, 20, 30, 40, 50, 60])
        image.paste(1, (20, 0, 40, 30))
        assert pixels_of(save(tmp_path / "a.png", image))[0, [0, 39]].tolist() == [[10, 20, 30], [40, 50, 60]]
        path = save(tmp_path / "b.png", image, transparency=bytes([0, 255]))
        assert pixels_of(path)[0, [0, 39]].tolist() == [[255, 255, 255], [40, 50, 60]]

    def test_a_transparent_colour_key(self, tmp_path: Path) -> None:
        image = Image.new("RGB", (40, 30), (1, 2, 3))
        image.paste((9, 9, 9), (20, 0, 40, 30))
        path = save(tmp_path / "a.png", image, transparency=(1, 2, 3))
        assert pixels_of(path)[0, [0, 39]].tolist() == [[255, 255, 255], [9, 9, 9]]

    def test_colour_below_transparency_does_not_bleed_when_scaled(self, tmp_path: Path) -> None:
        image = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
        image.paste((0, 0, 255, 255), (20, 0, 40, 30))
        pixels = pixels_of(save(tmp_path / "a.png", image), 19)
        np.testing.assert_array_equal(pixels[..., 0], pixels[..., 1])  # white to blue, never pink
        assert pixels[..., 2].min() == 255

    @pytest.mark.parametrize("suffix", [".png", ".webp", ".tif"])
    def test_the_first_frame_of_an_animation(self, tmp_path: Path, suffix: str) -> None:
        frames = [Image.new("RGB", (40, 30), colour) for colour in ("navy", "red")]
        path = save(tmp_path / f"a{suffix}", frames[0], save_all=True, append_images=frames[1:], **LOSSLESS[suffix])
        assert pixels_of(path)[15, 20].tolist() == [0, 0, 128]


class TestScale:
    @given(st.integers(14, 90), st.integers(14, 90), st.integers(14, 120), st.sampled_from([".png", ".jpg"]))
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_the_ratio_is_kept_and_nothing_is_scaled_up(
        self, tmp_path: Path, width: int, height: int, longer_side: int, suffix: str
    ) -> None:
        photo = open_photo(save(tmp_path / f"a{suffix}", Image.new("RGB", (width, height))))
        scale = min(1.0, longer_side / max(width, height))
        if round(min(width, height) * scale) < 14:
            with pytest.raises(PhotoError, match="too narrow"):
                load_image(photo, longer_side)
            return
        got = load_image(photo, longer_side).size
        assert max(got) == min(longer_side, max(width, height))
        assert got == pytest.approx((width * scale, height * scale), abs=0.5)

    def test_a_large_jpeg_is_scaled_as_its_pixels_are(self, tmp_path: Path) -> None:
        noise = Image.effect_noise((40, 30), 90).resize((1600, 1200), Image.Resampling.BICUBIC).convert("RGB")
        path = save(tmp_path / "a.jpg", noise, quality=95)
        with Image.open(path) as opened:
            expected = opened.resize((200, 150), Image.Resampling.LANCZOS)
        assert np.abs(np.asarray(expected, float) - pixels_of(path, 200)).mean() < 1

    def test_no_metadata_is_left(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.jpg", exif=exif_with(6, **gps_of(55.7, 13.2)), comment=b"at home", dpi=(72, 72))
        for longer_side in (None, 20):
            image = load_image(open_photo(path), longer_side)
            assert type(image) is Image.Image
            assert (image.info, dict(image.getexif())) == ({}, {})

    def test_a_file_that_changed_is_refused(self, tmp_path: Path) -> None:
        photo = open_photo(save(tmp_path / "a.png"))
        save(tmp_path / "a.png", Image.new("RGB", (40, 30), "red"))
        with pytest.raises(PhotoError, match=r"a\.png.*has changed"):
            load_image(photo)
        (tmp_path / "a.png").unlink()
        with pytest.raises(PhotoError, match=r"a\.png.*No such file"):
            load_image(photo)


class TestLimits:
    def test_sizes_up_to_the_limit_draw_no_warning(self, tmp_path: Path) -> None:
        """Pillow warns above 89 megapixels; here warnings are errors, and none of the process's switches is touched."""
        before = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
        (tmp_path / "large.png").write_bytes(png(8_000, 16_000, png_chunk(b"IDAT", b""), bits=1, colour=0))
        photo = open_photo(tmp_path / "large.png")
        assert (photo.width, photo.height) == (8_000, 16_000)
        assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before

    def test_the_smallest_photo(self, tmp_path: Path) -> None:
        assert pixels_of(save(tmp_path / "a.png", Image.new("RGB", (14, 14)))).shape == (14, 14, 3)

    def test_the_content_counts_and_not_the_suffix(self, tmp_path: Path) -> None:
        save(tmp_path / "a.png")
        (tmp_path / "a.png").rename(tmp_path / "a.jpg")
        assert pixels_of(tmp_path / "a.jpg").shape == (30, 40, 3)

    def test_heic_without_its_package_names_the_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.heic").write_bytes(b"\0\0\0\x1cftypheic" + bytes(100))
        monkeypatch.setitem(sys.modules, "pillow_heif", None)
        with pytest.raises(PackageMissing, match=r"internvl-vpr\[heic\]"):
            open_photo(tmp_path / "a.heic")

    def test_a_path_that_cannot_exist_is_reported(self) -> None:
        with pytest.raises(PhotoError, match="null"):
            open_photo(Path("a\0b.jpg"))


class TestDamage:
    @pytest.mark.parametrize("action", ["error", "ignore"])
    def test_every_damaged_file_is_reported_by_name(self, damaged_photos: dict[str, Path], action: Any) -> None:
        assert len(damaged_photos) >= 90
        with warnings.catch_warnings():
            warnings.simplefilter(action)
            for kind, path in damaged_photos.items():
                with pytest.raises(PhotoError, match=r": \w.*\.$") as caught:
                    load_image(open_photo(path))
                assert path.name in str(caught.value), kind
                assert "\n" not in str(caught.value), kind

    def test_the_files_that_the_corpus_is_made_of_are_good(self, tmp_path: Path) -> None:
        for name, content in good_photos().items():
            (tmp_path / name).write_bytes(content)
            assert pixels_of(tmp_path / name).shape == (48, 64, 3)

    @pytest.mark.parametrize("action", ["error", "ignore"])
    def test_mutants_decode_or_are_reported(self, tmp_path: Path, action: Any) -> None:
        rng, goods, path = random.Random(7), list(good_photos().values()), tmp_path / "mutant.jpg"
        decoded = 0
        with warnings.catch_warnings():
            warnings.simplefilter(action)
            for _ in range(200):
                path.write_bytes(mutate(rng.choice(goods), rng))
                try:
                    photo = open_photo(path)
                    assert load_image(photo).size == (photo.width, photo.height)
                    decoded += 1
                except PhotoError as error:
                    assert "mutant.jpg" in str(error)  # noqa: PT017
        assert 20 < decoded < 180

    def test_a_flipped_bit_in_a_png_never_passes(self, tmp_path: Path) -> None:
        good, rng, path = good_photos()["pixels.png"], random.Random(11), tmp_path / "a.png"
        for _ in range(100):
            data = bytearray(good)
            data[rng.randrange(len(good) - 4)] ^= 1 << rng.randrange(8)
            path.write_bytes(data)
            with pytest.raises(PhotoError):
                load_image(open_photo(path))


def mutate(content: bytes, rng: random.Random) -> bytes:
    data = bytearray(content)

    def flip() -> None:
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)

    def overwrite_header() -> None:
        data[rng.randrange(200)] = rng.randrange(256)

    def cut() -> None:
        del data[rng.randrange(len(data)) :]

    def splice() -> None:
        start = rng.randrange(len(data))
        data[start : start + rng.randrange(8)] = rng.randbytes(rng.randrange(8))

    kinds: list[Callable[[], None]] = [flip, overwrite_header, cut, splice]
    rng.choice(kinds)()
    return bytes(data)
