"""Names that answers have shown: a message may name a photograph or a reference without its folder."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..calls import Known
from .find_paths import Exists, Found, find_paths

Names = Mapping[str, str | int]


def names_of(known: Known) -> Names:
    """Return what each name, in small letters, stands for: the path of a located photo, or a candidate's rank.

    A name that both have stands for the photo; one that two photos or two references share stands for nothing.
    """
    photos = _unique((photo, photo) for photo in dict.fromkeys(known.photos))
    return {**_unique((name, rank) for rank, name in enumerate(known.references, start=1)), **photos}


def _unique(meant: Iterable[tuple[str, str | int]]) -> dict[str, str | int]:
    """Return what each path and each name without folders means, if it belongs to one thing only."""
    pairs = {(name.casefold(), means) for path, means in meant for name in (path, Path(path).name)}
    count = Counter(name for name, _ in pairs)
    return {name: means for name, means in pairs if count[name] == 1}


def named_before(text: str, known: Known, exists: Exists) -> tuple[str, list[Found]]:
    """Find the paths in a text, also names that answers have shown; a reference becomes words, such as `candidate 3`.

    A file that exists comes first. References are those of the latest answer; next to another photo they remain what
    they are: names of missing files.
    """
    names = names_of(known)
    found = find_paths(text, lambda path: str(path).casefold() in names or exists(path))
    meant = [_meant(one, names, exists) for one in found]
    if not any(isinstance(one, int) for one in meant):
        return text, [_located(one, means) for one, means in zip(found, meant, strict=True)]
    if any(means != known.photos[-1] for means in meant if not isinstance(means, int)):
        missing = [one.model_copy(update={"exists": False}) for one in found]
        pairs = zip(found, missing, meant, strict=True)
        return text, [gone if isinstance(means, int) else _located(one, means) for one, gone, means in pairs]
    for one, means in reversed(list(zip(found, meant, strict=True))):
        words = f"candidate {means}" if isinstance(means, int) else "it"
        text = f"{text[: one.start]} {words} {text[one.end :]}"
    return text, []


def _meant(one: Found, names: Names, exists: Exists) -> str | int:
    """Return the path or rank that is meant: the path itself if it exists, or if answers have shown no such name."""
    if not one.exists or exists(Path(one.path)):
        return one.path
    return names.get(one.path.casefold(), one.path)


def _located(one: Found, means: str | int) -> Found:
    return one.model_copy(update={"path": str(means)})
