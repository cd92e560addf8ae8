"""What is said about paths that cannot be used: a missing file, a folder, a web address, too many."""

import os
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.text.foreign import shown

from ..calls import MOST_PHOTOS
from .find_paths import Found, is_photo_name
from .shell_words import SURROGATE

MOST_NAMES = 2_000  # in a folder that are searched for a similar one


def is_folder(path: str) -> bool:
    """Whether there is a folder at a path."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # ValueError: a null byte in the path
        return False


def nearest(path: Path) -> Path | None:
    """Return the photo or folder next to a missing path whose name is most like it."""
    names: dict[str, str] = {}
    try:
        with os.scandir(path.parent) as entries:
            for entry in islice(entries, MOST_NAMES):
                usable = is_photo_name(entry.name) or entry.is_dir()
                if usable and not entry.name.startswith(".") and not SURROGATE.search(entry.name):
                    names[entry.name.casefold()] = entry.name
    except (OSError, ValueError):  # ValueError: a null byte in the path
        return None
    near = get_close_matches(path.name.casefold(), sorted(names), 1)
    return path.parent / names[near[0]] if near else None


def check_photos(found: Sequence[Found]) -> None:
    """Raise `UsageError` if paths give no photo to open: an address, a folder, too many, or only missing files."""
    for one in found:
        if "://" in one.path:
            raise UsageError(
                f"I cannot open web addresses: save the photo at {shown(one.path)} first, and name the file."
            )
        if is_folder(one.path):
            raise UsageError(
                f"{shown(one.path)} is a folder: name a photo in it, or {shown(str(Path(one.path, '*.jpg')))} for all "
                "of them; to add them to the map, say: add, and the folder's path."
            )
    if len(found) > MOST_PHOTOS:
        raise UsageError(f"That names more than {MOST_PHOTOS} photos: name at most {MOST_PHOTOS} at once.")
    missing = [one for one in found if not one.exists]
    if missing and (len(missing) == len(found)):
        raise UsageError(" ".join(_no_file(Path(one.path)) for one in missing[:3]))


def check_all_there(found: Sequence[Found]) -> None:
    """Raise `UsageError` if one of several photos does not exist."""
    check_photos(found)
    check_photos([one for one in found if not one.exists])


def check_folder(found: Found) -> None:
    """Raise `UsageError` for a path that is no folder."""
    if not found.exists:
        raise UsageError(_no_file(Path(found.path), "folder"))
    if not is_folder(found.path):
        raise UsageError(
            f"{shown(found.path)} is a photo, but only whole folders can be added: name the folder that it is in."
        )


def _no_file(path: Path, kind: str = "file") -> str:
    near = nearest(path)
    hint = f"did you mean {shown(str(near))}?" if near else "check its name."
    return f"There is no {kind} {shown(str(path))}: {hint}"
