"""The photos of a folder in the order in which the field's evaluation code has them: row n is the n-th of them."""

from glob import glob
from pathlib import Path

from ..errors import UsageError

# What VPR-methods-evaluation searches for; other photographs are none of its rows.
FIELD_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def field_images(folder: Path) -> list[str]:
    """Return a folder's images, by path relative to it, in the order of VPR-methods-evaluation's rows.

    Those that `<folder>_images_paths.txt` names, as it stands; without that file all .jpg, .jpeg and .png below the
    folder, sorted, hidden ones left out. Raises `UsageError` for a list that cannot be used.
    """
    listed = listed_images(folder)
    if listed is not None:
        return listed
    found = glob("**/*", root_dir=folder, recursive=True)  # noqa: PTH207 - it hides and follows what the field's does
    images = [name for name in found if Path(name).suffix.lower() in FIELD_SUFFIXES and (folder / name).is_file()]
    return sorted(Path(name).as_posix() for name in images)


def listed_images(folder: Path) -> list[str] | None:
    """Return the images that `<folder>_images_paths.txt` names, in its order; None where there is no such file.

    Raises `UsageError` for a list that cannot be read, or whose first image is not there.
    """
    path = folder.with_name(f"{folder.name}_images_paths.txt")
    try:
        names = [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The list {str(path)!r} cannot be read ({error}): correct or remove it.") from error
    for name in names[:1]:
        if not (folder / name).is_file():
            raise UsageError(
                f"The list {str(path)!r} names {name!r}, which is not in {str(folder)!r}: correct or remove the list."
            )
    return names
