"""A corpus of files that are named like photographs and cannot be used as one, each damaged in its own way."""

import io
import os
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

_SIZE = (64, 48)


def write_damaged_photos(folder: Path) -> dict[str, Path]:
    """Write the corpus into a folder; every file must be reported with a `PhotoError`. Returns them by kind."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = _cut() | _foreign() | _damaged_jpeg() | _damaged_png() | _damaged_webp() | _damaged_tiff() | _bombs()
    paths = {}
    for kind, content in (contents | _unfit()).items():
        paths[kind] = folder / kind
        paths[kind].write_bytes(content)
    return paths | _not_files(folder)


def good_photos() -> dict[str, bytes]:
    """Return small valid photos of noise by file name: what the damaged ones are made of."""
    return {
        "baseline.jpg": _encode("JPEG", quality=90),
        "progressive.jpg": _encode("JPEG", progressive=True),
        "pixels.png": _encode("PNG"),
        "lossy.webp": _encode("WEBP", quality=90),
        "lossless.webp": _encode("WEBP", lossless=True),
        "plain.tif": _encode("TIFF"),
        "lzw.tif": _encode("TIFF", compression="tiff_lzw"),
    }


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """Return a PNG chunk with its length and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *chunks: bytes, bits: int = 8, colour: int = 2) -> bytes:
    """Return a PNG file that claims a size, whatever the chunks after its header hold."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + png_chunk(b"IEND", b"")


def _image() -> Image.Image:
    return Image.frombytes("RGB", _SIZE, random.Random(0).randbytes(3 * _SIZE[0] * _SIZE[1]))


def _encode(image_format: str, image: Image.Image | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    (image or _image()).save(file, image_format, **options)
    return file.getvalue()


def _cut() -> dict[str, bytes]:
    cuts: dict[str, Callable[[bytes], bytes]] = {
        "in-magic": lambda data: data[:3],
        "in-header": lambda data: data[:20],
        "in-half": lambda data: data[: len(data) // 2],
        "near-end": lambda data: data[: len(data) * 9 // 10],
        "before-last-bytes": lambda data: data[:-5],
    }
    return {
        f"cut-{cut}-{name}": shorten(content)
        for name, content in good_photos().items()
        for cut, shorten in cuts.items()
    }


def _foreign() -> dict[str, bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("photo.jpg", good_photos()["baseline.jpg"])
    return {
        "empty.jpg": b"",
        "null-bytes.jpg": bytes(4096),
        "random.jpg": random.Random(1).randbytes(4096),
        "text.jpg": b"this is not a photograph\n",
        "html.jpg": b"<!doctype html><title>404</title><p>Not found</p>\n",
        "document.jpg": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n",
        "drawing.png": b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>\n',
        "archive.jpg": archive.getvalue(),
        "film.heic.jpg": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(64),
        "gif.jpg": _encode("GIF"),
        "bmp.jpg": _encode("BMP"),
        "ico.png": _encode("ICO"),
        "ppm.jpg": _encode("PPM"),
        "jpeg-2000.jpg": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(64),
    }


def _damaged_jpeg() -> dict[str, bytes]:
    good = good_photos()["baseline.jpg"]
    frame, scan = good.index(b"\xff\xc0"), good.index(b"\xff\xda")
    return {
        "jpeg-start-only.jpg": good[:2],
        "jpeg-start-and-end-only.jpg": b"\xff\xd8\xff\xd9",
        "jpeg-without-frame.jpg": good[:frame] + good[frame + 19 :],
        "jpeg-without-scan.jpg": good[:scan] + b"\xff\xd9",
        "jpeg-without-quantization.jpg": _without_jpeg_segments(good, b"\xff\xdb"),
        "jpeg-wrong-precision.jpg": good[: frame + 4] + b"\x07" + good[frame + 5 :],
        "jpeg-no-height.jpg": good[: frame + 5] + b"\0\0" + good[frame + 7 :],
        "jpeg-unsupported-frame.jpg": good[:frame] + b"\xff\xcb" + good[frame + 2 :],
        "jpeg-markers-are-noise.jpg": good[:3] + random.Random(2).randbytes(len(good) - 3),
        "jpeg-fill-bytes-only.jpg": good[:2] + b"\xff\xff\xff\x00" * 100,
        "jpeg-lost-start.jpg": good[2:],
    }


def _without_jpeg_segments(data: bytes, marker: bytes) -> bytes:
    while marker in data:
        start = data.index(marker)
        (length,) = struct.unpack_from(">H", data, start + 2)
        data = data[:start] + data[start + 2 + length :]
    return data


def _damaged_png() -> dict[str, bytes]:
    good = good_photos()["pixels.png"]
    body = good.index(b"IDAT")
    rows = zlib.compress(bytes(_SIZE[1] * (1 + 3 * _SIZE[0])))
    return {
        "png-header-checksum.png": good[:29] + bytes([good[29] ^ 1]) + good[30:],
        "png-bit-flipped-in-pixels.png": good[: body + 2000] + bytes([good[body + 2000] ^ 8]) + good[body + 2001 :],
        "png-no-pixels.png": png(*_SIZE),
        "png-pixels-not-deflated.png": png(*_SIZE, png_chunk(b"IDAT", b"not deflated" * 20)),
        "png-too-few-rows.png": png(*_SIZE, png_chunk(b"IDAT", zlib.compress(bytes(500)))),
        "png-no-width.png": png(0, 48, png_chunk(b"IDAT", rows)),
        "png-impossible-depth.png": png(*_SIZE, png_chunk(b"IDAT", rows), bits=3),
        "png-text-bomb.png": png(
            *_SIZE, png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**24))), png_chunk(b"IDAT", rows)
        ),
        "png-chunk-longer-than-file.png": good[: body - 4] + b"\x7f\xff\xff\xff" + good[body:],
        "png-line-ends-converted.png": good.replace(b"\r\n", b"\n"),
        "png-without-end.png": good[:-12],
    }


def _damaged_webp() -> dict[str, bytes]:
    good = good_photos()["lossless.webp"]
    return {
        "webp-unknown-chunk.webp": good.replace(b"VP8L", b"VP8Q"),
        "webp-no-signature.webp": good[:20] + b"\0" + good[21:],
        "webp-size-zero.webp": good[:16] + bytes(4) + good[20:],
        "webp-container-only.webp": good[:12],
    }


def _tiff(width: int, height: int, *, compression: int = 1, offset: int = 8) -> bytes:
    """A little-endian grey TIFF with one directory and no pixels."""
    tags = {256: width, 257: height, 258: 8, 259: compression, 262: 1, 273: 200, 277: 1, 278: height, 279: 100}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", offset, len(tags)) + entries + bytes(400)


def _damaged_tiff() -> dict[str, bytes]:
    return {
        "tiff-directory-outside.tif": _tiff(*_SIZE, offset=10**6),
        "tiff-directory-empty.tif": b"II*\0\x08\0\0\0" + bytes(40),
        "tiff-unknown-compression.tif": _tiff(*_SIZE, compression=4711),
        "tiff-no-pixels.tif": _tiff(*_SIZE),
        "tiff-no-width.tif": _tiff(0, 48),
    }


def _bombs() -> dict[str, bytes]:
    jpeg = good_photos()["baseline.jpg"]
    frame = jpeg.index(b"\xff\xc0")
    canvas = struct.pack("<I", 16382)[:3] * 2
    return {
        "bomb.png": png(30_000, 30_000, png_chunk(b"IDAT", zlib.compress(bytes(2**20))), bits=1, colour=0),
        "bomb-just-over.png": png(8_000, 16_001, png_chunk(b"IDAT", zlib.compress(bytes(2**20))), bits=1, colour=0),
        "bomb.jpg": jpeg[: frame + 5] + struct.pack(">HH", 65_500, 65_500) + jpeg[frame + 9 :],
        "bomb.tif": _tiff(30_000, 30_000),
        "bomb.webp": b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + canvas,
    }


def _unfit() -> dict[str, bytes]:
    """Files that are whole, and no photographs."""
    return {
        "one-pixel.png": _encode("PNG", Image.new("RGB", (1, 1))),
        "too-low.png": _encode("PNG", Image.new("RGB", (64, 13))),
        "too-narrow.jpg": _encode("JPEG", Image.new("RGB", (13, 64))),
        "heights.tif": _encode("TIFF", Image.new("F", _SIZE)),
        "counts.tif": _encode("TIFF", Image.new("I", _SIZE)),
    }


def _not_files(folder: Path) -> dict[str, Path]:
    """Entries of a folder that are no files, or no longer ones."""
    paths = {
        kind: folder / kind
        for kind in ("gone.jpg", "folder.jpg", "fifo.jpg", "dangling.jpg", "loop.jpg", "loop-of-two.jpg", "device.jpg")
    }
    paths["folder.jpg"].mkdir()
    os.mkfifo(paths["fifo.jpg"])
    paths["dangling.jpg"].symlink_to(folder / "gone.jpg")
    paths["loop.jpg"].symlink_to(paths["loop.jpg"])
    paths["loop-of-two.jpg"].symlink_to(folder / "loop-of-two-back.jpg")
    (folder / "loop-of-two-back.jpg").symlink_to(paths["loop-of-two.jpg"])
    paths["device.jpg"].symlink_to("/dev/zero")
    paths["below-a-file.jpg"] = folder / "text.jpg" / "photo.jpg"
    if os.geteuid():
        paths["forbidden.jpg"] = folder / "forbidden.jpg"
        paths["forbidden.jpg"].write_bytes(good_photos()["baseline.jpg"])
        paths["forbidden.jpg"].chmod(0)
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(2**28 + 1)  # no blocks on disk
    return paths | {"huge.jpg": folder / "huge.jpg"}
