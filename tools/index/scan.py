"""Compares the photos of a folder with those that an index build knows: new, changed, gone, or unusable."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import PackageMissing, PhotoError, PositionError, UsageError
from ..photo.photo import find_photos, open_photo
from ..progress import Progress
from ..records import Position, Record
from .store import BuildStore

# Photos whose rows are committed at once.
_COMMIT_EVERY = 256


class Skipped(Record):
    """A file that could not be indexed, and the sentence that says why."""

    path: Path
    reason: str


class Scan(Record):
    """What a scan found: photos gone and pruned, files skipped, and names in the table of positions without a photo."""

    pruned: int
    skipped: tuple[Skipped, ...]
    unmatched: tuple[str, ...]


def scan_photos(
    store: BuildStore,
    folder: Path,
    positions: Mapping[str, Position],
    *,
    prune: bool,
    on_progress: Progress,
    listed: Sequence[str] | None = None,
) -> Scan:
    """Bring the store's table of photos up to date with a folder; raises `UsageError`.

    With `listed`, the folder's photos are those, named relative to it, and it is not searched. A photo of
    unchanged size and time is not read again, unless its position came from a table and is no longer in the one
    that is given.
    """
    paths = find_photos(folder) if listed is None else [folder / name for name in listed]
    if prune and not paths:
        raise UsageError(
            f"The folder {str(folder)!r} holds no photo, so nothing was pruned: check that it is the right one."
        )
    root = folder.resolve()
    run = store.begin_run()
    skipped: list[Skipped] = []
    for start in range(0, len(paths), _COMMIT_EVERY):
        with store.batch():
            for path in paths[start : start + _COMMIT_EVERY]:
                reference = path.relative_to(folder).as_posix()
                if reason := _scan_photo(store, root, reference, positions, run):
                    skipped.append(Skipped(path=root / reference, reason=reason))
        on_progress("reading photos", min(start + _COMMIT_EVERY, len(paths)), len(paths))
    pruned = store.drop_unseen(str(root), run) if prune else 0
    unmatched = positions.keys() - {path.relative_to(folder).as_posix() for path in paths}
    return Scan(pruned=pruned, skipped=tuple(skipped), unmatched=tuple(sorted(unmatched)))


def _scan_photo(
    store: BuildStore, root: Path, reference: str, positions: Mapping[str, Position], run: int
) -> str | None:
    """Bring one photo's row up to date; returns why it is skipped, if it is."""
    path = root / reference
    try:
        str(path).encode()
        stat = path.stat()
        stamp = (stat.st_size, stat.st_mtime_ns)
        known = store.known(str(root), reference)
        withdrawn = known is not None and known.source == "csv" and bool(positions)
        if known is not None and known.stamp == stamp and reference not in positions and not withdrawn:
            store.see(str(root), reference, run)
            return None
        store.put_photo(str(root), reference, open_photo(path, positions.get(reference)), stamp, run)
    except UnicodeEncodeError:
        return f"The name of the photo {str(path)!r} is not UTF-8: rename it."
    except OSError as error:
        store.drop_photo(str(root), reference)
        return f"The photo {str(path)!r} cannot be read ({error.strerror}): check its permissions."
    except (PackageMissing, PhotoError, PositionError) as error:
        store.drop_photo(str(root), reference)
        return str(error)
    return None
