"""Sealing an index: from the build's store to the files that are searched."""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from ..arrays import Floats
from ..errors import IndexDamaged, PlaceIndexError
from ..features.codebook import codebook_digest
from .files import FORMAT, Block, IndexSettings, Manifest, checked_path, commit, find_manifest, store_file
from .place_index import write_places
from .store import BuildStore

# One FAISS file holds so many bytes of vectors, and only one is in memory while it is written.
_BLOCK_BYTES = 64 * 2**20
# Vectors that a trained FAISS index (IVF, PQ, PCA) is trained on, at most.
_TRAINING_VECTORS = 16_384
_TRAINING_BYTES = 256 * 2**20
_ADDED_AT_ONCE = 128  # vectors


def seal(folder: Path, store: BuildStore, settings: IndexSettings, centers: Floats) -> Manifest:
    """Write codebook, places and FAISS blocks, and make them the index in one atomic step.

    Blocks whose vectors have not changed are kept as they are. Raises `PlaceIndexError` when the
    index is empty or FAISS cannot build `settings.index_factory`.
    """
    if store.count_photos() == 0:
        raise PlaceIndexError("No photo is left to index: name a folder of photos.")
    store.drop_orphans()
    counted: list[int] = []
    places = store_file(folder, "places", "sqlite", lambda path: counted.append(write_places(path, store.place_rows())))
    tensors = save({"centers": centers})
    codebook = store_file(folder, "codebook", "safetensors", lambda path: path.write_bytes(tensors))
    manifest = Manifest(
        format=FORMAT,
        settings=settings,
        dimension=centers.size,
        codebook_digest=codebook_digest(centers),
        photos=counted[0],
        codebook=codebook,
        places=places,
        blocks=tuple(_blocks(folder, store, settings.index_factory, centers.size)),
    )
    commit(folder, manifest)
    return manifest


def _blocks(folder: Path, store: BuildStore, factory: str, dimension: int) -> Iterator[Block]:
    """Yield one block for each range of image ids, rewritten only where ids or vectors changed."""
    empty = _trained_index(store, factory, dimension)
    size = max(1, _BLOCK_BYTES // (4 * dimension))
    kept = {block.content: block for block in _blocks_there(folder)}
    for number, images in groupby(store.image_checksums(), key=lambda row: row[0] // size):
        content = hashlib.sha256(hashlib.sha256(empty).digest())
        vectors = 0
        for image, checksum in images:
            content.update(image.to_bytes(8, "little") + checksum)
            vectors += 1
        if (block := kept.get(content.hexdigest())) is None:
            span = (number * size, (number + 1) * size - 1)
            block = _write_block(folder, store, empty, span, vectors, content.hexdigest())
        yield block


def _blocks_there(folder: Path) -> tuple[Block, ...]:
    """The blocks of the index so far whose files are whole."""
    manifest = find_manifest(folder)
    return tuple(block for block in manifest.blocks if _is_whole(folder, block)) if manifest else ()


def _is_whole(folder: Path, block: Block) -> bool:
    try:
        checked_path(folder, block)
    except IndexDamaged:
        return False
    return True


def _write_block(
    folder: Path, store: BuildStore, empty: bytes, span: tuple[int, int], vectors: int, content: str
) -> Block:
    import faiss

    index = faiss.IndexIDMap(faiss.deserialize_index(np.frombuffer(empty, np.uint8)))
    for first in range(span[0], span[1] + 1, _ADDED_AT_ONCE):
        rows = list(store.vectors(first, min(first + _ADDED_AT_ONCE - 1, span[1])))
        if rows:
            index.add_with_ids(np.stack([vector for _, vector in rows]), np.array([image for image, _ in rows]))
    try:
        entry = store_file(folder, "block", "faiss", lambda path: faiss.write_index(index, str(path)))
    except RuntimeError as error:
        raise PlaceIndexError(
            f"The index in {str(folder)!r} cannot be written ({_last_line(error)}): check its space."
        ) from error
    return Block(**entry.model_dump(), vectors=vectors, content=content)


def _trained_index(store: BuildStore, factory: str, dimension: int) -> bytes:
    """Return an empty FAISS index, serialized; one that needs training is trained once and then kept."""
    import faiss

    name = f"trained/{factory}"
    if (blob := store.fact(name)) is not None:
        return blob
    try:
        index = faiss.index_factory(dimension, factory, faiss.METRIC_INNER_PRODUCT)
        if not index.is_trained:
            index.train(_training_sample(store, dimension))
    except RuntimeError as error:
        raise PlaceIndexError(
            f"FAISS cannot build an index {factory!r} from these photos: choose another index_factory, "
            f"such as 'Flat' ({_last_line(error)})."
        ) from error
    blob = faiss.serialize_index(index).tobytes()
    store.set_fact(name, blob)
    return blob


def _training_sample(store: BuildStore, dimension: int) -> Floats:
    """Evenly spaced vectors `[n, S·D]`, in the order of their ids."""
    images = [image for image, _ in store.image_checksums()]
    most = min(_TRAINING_VECTORS, _TRAINING_BYTES // (4 * dimension))
    step = -(-len(images) // max(1, most))
    rows: list[Any] = [vector for image in images[::step] for _, vector in store.vectors(image, image)]
    return np.stack(rows)


def _last_line(error: RuntimeError) -> str:
    return str(error).strip().splitlines()[-1]
