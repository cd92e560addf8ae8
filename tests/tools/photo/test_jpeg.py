"""Photos as JPEG: nothing but pixels is sent, and a thumbnail that cannot be made is None."""

import base64
import hashlib
import io
from pathlib import Path

from PIL import Image
from texture import texture

from internvl_vpr.tools.photo.jpeg import Jpeg, encode_photo, thumbnail_url
from internvl_vpr.tools.photo.photo import open_photo

HEAD = "data:image/jpeg;base64,"


def opened(url: str) -> Image.Image:
    assert url.startswith(HEAD)
    return Image.open(io.BytesIO(base64.b64decode(url.removeprefix(HEAD), validate=True)))


def test_the_digest_and_the_url_are_of_the_bytes() -> None:
    assert Jpeg(b"abc").digest == hashlib.sha256(b"abc").hexdigest()
    assert Jpeg(b"abc").url == f"{HEAD}YWJj"


def test_a_photo_is_sent_upright_bounded_and_without_its_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x8825] = {1: "N", 2: (59.0, 0.0, 0.0), 3: "E", 4: (18.0, 0.0, 0.0)}
    texture(1, (160, 120)).save(tmp_path / "a.jpg", exif=exif)
    sent = opened(encode_photo(open_photo(tmp_path / "a.jpg"), 80).url)
    assert (sent.format, sent.size) == ("JPEG", (60, 80))
    assert not sent.getexif()


def test_a_thumbnail_is_small_and_none_where_the_photo_is_gone_or_damaged(tmp_path: Path) -> None:
    texture(1, (640, 480)).save(tmp_path / "a.png")
    url = thumbnail_url(tmp_path / "a.png")
    assert url is not None
    assert opened(url).size == (320, 240)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert thumbnail_url(tmp_path / "a.png") is None
    assert thumbnail_url(tmp_path / "gone.png") is None
