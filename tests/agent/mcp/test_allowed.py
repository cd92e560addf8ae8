"""Photographs are read below the given folders, and nothing outside is opened or looked at."""

import os
import stat
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.agent.mcp import allowed as module
from internvl_vpr.agent.mcp.allowed import Allowed
from internvl_vpr.tools.errors import PhotoError, UsageError


class Tree(NamedTuple):
    """`one` and `two` are allowed, `outside` is not; every file holds its own path below `folder`."""

    folder: Path
    one: Path
    two: Path
    outside: Path

    @property
    def allowed(self) -> Allowed:
        return Allowed([self.one, self.two])


FILES = (
    *("one/a.jpg", "one/sub/b.jpg", "one/sub/deep/c.jpg", "one/é ü.jpg", 'one/it\'s "it".jpg', "one/~/home.jpg"),
    *("one/http:/host/p.jpg", "one/..jpg", "one/line\nbreak.jpg", "two/a2.jpg", "two/sub/b2.jpg", "one2/not.jpg"),
    *("outside/secret.jpg", "outside/sub/b.jpg", "one/.hidden/d.jpg", "one/-rf", "one/$HOME", "one/*.jpg"),
)
LINKS = {
    "one/link.jpg": "a.jpg",
    "one/to-sub": "sub",
    "one/chain": "to-sub",
    "one/up-and-down": "sub/../sub/deep/..",
    "one/sub/back": "../a.jpg",
    "one/to-two": "{folder}/two",
    "one/by-alias": "{folder}/alias/a.jpg",
    "one/out.jpg": "{folder}/outside/secret.jpg",
    "one/out-relative.jpg": "../outside/secret.jpg",
    "one/out": "{folder}/outside",
    "one/out-up": "..",
    "one/out-and-back": "../one",
    "one/out-and-back-absolute": "{folder}/outside/../one",
    "one/dangling.jpg": "nowhere.jpg",
    "one/dangling-out.jpg": "{folder}/outside/nowhere.jpg",
    "one/loop": "loop",
    "one/ping": "pong",
    "one/pong": "ping",
    "one/here": ".",
    "one/root": "/",
    "one/passwd.jpg": "/etc/passwd",
    "one/null.jpg": "/dev/null",
    "one/fd.jpg": "/proc/self/fd/0",
    "outside/in": "{folder}/one",
    "alias": "one",
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    folder = tmp_path_factory.mktemp("allowed").resolve()
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    for name, target in LINKS.items():
        (folder / name).symlink_to(target.format(folder=folder))
    os.mkfifo(folder / "one/fifo.jpg")
    (folder / "one/unreadable").mkdir(mode=0)
    return Tree(folder, folder / "one", folder / "two", folder / "outside")


class Watched(SimpleNamespace):
    """The module's `os`, which notes every file and folder that is opened or looked at."""

    def __init__(self) -> None:
        super().__init__(**{name: getattr(os, name) for name in dir(os) if not name.startswith("__")})
        self.seen: set[tuple[int, int]] = set()

        def opened(*arguments: Any, **named: Any) -> int:
            descriptor = os.open(*arguments, **named)
            self.note(os.fstat(descriptor))
            return descriptor

        def looked_at(*arguments: Any, **named: Any) -> os.stat_result:
            status = os.stat(*arguments, **named)
            self.note(status)
            return status

        self.open, self.stat = opened, looked_at
        self.supports_dir_fd = {*os.supports_dir_fd, opened, looked_at}

    def note(self, status: os.stat_result) -> None:
        self.seen.add((status.st_dev, status.st_ino))


def identities(*folders: Path) -> set[tuple[int, int]]:
    """All files and folders that are really there; links count as themselves."""
    paths = [path for folder in folders for path in (folder, *folder.rglob("*"))]
    return {(status.st_dev, status.st_ino) for status in map(os.lstat, paths)}


@pytest.fixture
def watched(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    watched = Watched()
    monkeypatch.setattr(module, "os", watched)
    yield watched
    assert watched.seen <= identities(tree.one, tree.two), "something outside was opened or looked at"


FOUND = {
    "a.jpg": "one/a.jpg",
    "./a.jpg": "one/a.jpg",
    ".//a.jpg": "one/a.jpg",
    "sub/b.jpg": "one/sub/b.jpg",
    "sub//deep/./c.jpg": "one/sub/deep/c.jpg",
    "sub/../a.jpg": "one/a.jpg",
    "sub/deep/../../a.jpg": "one/a.jpg",
    "a.jpg/": "one/a.jpg",
    "é ü.jpg": "one/é ü.jpg",
    'it\'s "it".jpg': 'one/it\'s "it".jpg',
    "line\nbreak.jpg": "one/line\nbreak.jpg",
    "~/home.jpg": "one/~/home.jpg",
    "./http:/host/p.jpg": "one/http:/host/p.jpg",
    "..jpg": "one/..jpg",
    ".hidden/d.jpg": "one/.hidden/d.jpg",
    "-rf": "one/-rf",
    "$HOME": "one/$HOME",
    "*.jpg": "one/*.jpg",
    "a2.jpg": "two/a2.jpg",
    "sub/b2.jpg": "two/sub/b2.jpg",
    "{folder}/one/a.jpg": "one/a.jpg",
    "{folder}/one/sub/../a.jpg": "one/a.jpg",
    "{folder}/two/sub/b2.jpg": "two/sub/b2.jpg",
    "link.jpg": "one/a.jpg",
    "to-sub/b.jpg": "one/sub/b.jpg",
    "chain/deep/c.jpg": "one/sub/deep/c.jpg",
    "chain/../a.jpg": "one/a.jpg",
    "up-and-down/b.jpg": "one/sub/b.jpg",
    "sub/back": "one/a.jpg",
    "here/here/here/a.jpg": "one/a.jpg",
    "to-two/a2.jpg": "two/a2.jpg",
    "to-two/sub/b2.jpg": "two/sub/b2.jpg",
    "{folder}/one/to-two/sub/../a2.jpg": "two/a2.jpg",
}


@pytest.mark.parametrize("path", FOUND)
def test_what_is_below_a_folder_is_found_and_its_bytes_are_read(tree: Tree, watched: Watched, path: str) -> None:
    asked = path.format(folder=tree.folder)
    assert tree.allowed.check(asked) == tree.folder / FOUND[path]
    with tree.allowed.open(asked) as (file, _):
        assert file.read() == FOUND[path].encode()


REFUSED = (
    "missing.jpg",
    "sub",
    "sub/",
    ".",
    "here",
    "a.jpg/..",
    "a.jpg/b.jpg",
    "a.jpg/../a.jpg",
    "A.JPG",
    "Sub/b.jpg",
    "a.jpg ",
    " a.jpg",
    "e\u0301 ü.jpg",
    "%61.jpg",
    "sub%2Fb.jpg",
    "sub\\b.jpg",
    "..",
    "../one/a.jpg",
    "../outside/secret.jpg",
    "../one2/not.jpg",
    "sub/../../outside/secret.jpg",
    "sub/../../one/a.jpg",
    "sub/deep/../../../outside/secret.jpg",
    "chain/../../outside/secret.jpg",
    "{folder}/outside/secret.jpg",
    "{folder}/outside/missing.jpg",
    "{folder}/one2/not.jpg",
    "{folder}/one/../outside/secret.jpg",
    "{folder}/outside/../one/a.jpg",
    "{folder}/outside/in/a.jpg",
    "{folder}/alias/a.jpg",
    "{folder}/ONE/a.jpg",
    "{folder}",
    "{folder}/one",
    "/etc/passwd",
    "/",
    "/dev/null",
    "/dev/zero",
    "/proc/self/environ",
    "/proc/self/cwd/a.jpg",
    "out.jpg",
    "out-relative.jpg",
    "out/secret.jpg",
    "out/sub/b.jpg",
    "out/in/a.jpg",
    "out-up/outside/secret.jpg",
    "out-and-back/a.jpg",
    "out-and-back-absolute/a.jpg",
    "by-alias",
    "dangling.jpg",
    "dangling-out.jpg",
    "loop",
    "loop/a.jpg",
    "ping",
    "root",
    "root/etc/passwd",
    "passwd.jpg",
    "null.jpg",
    "fd.jpg",
    "fifo.jpg",
    "x" * 300 + ".jpg",
    "sub/" * 500 + "b.jpg",
    "here/" * 41 + "a.jpg",
)
NO_PATHS = (
    "http://127.0.0.1/a.jpg",
    "HTTPS://host/a.jpg",
    "file:///etc/passwd",
    "file:a.jpg",
    "data:image/png;base64,AAAA",
    "s3://bucket/a.jpg",
    "javascript:alert(1)",
    "//server/share/a.jpg",
    "\\\\server\\share\\a.jpg",
    "\\\\?\\C:\\a.jpg",
    "",
    "a.jpg\0",
    "\0",
    "a.jpg\0.png",
    "a\ud800.jpg",
    "a/" * 2100 + "a.jpg",
    "é" * 2100,
)


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_outside_or_missing_is_refused_with_the_same_words(tree: Tree, watched: Watched, path: str) -> None:
    asked = path.format(folder=tree.folder)
    with pytest.raises(PhotoError) as refused:
        tree.allowed.check(asked)
    assert (
        str(refused.value) == f"There is no photo {asked!r} below the folders given with --allow: name a file that is."
    )


@pytest.mark.parametrize("path", NO_PATHS)
def test_what_is_no_path_is_refused_unseen(tree: Tree, watched: Watched, path: str) -> None:
    allowed = tree.allowed
    watched.seen.clear()
    with pytest.raises(PhotoError):
        allowed.check(path)
    assert not watched.seen


def test_many_paths_are_tried() -> None:
    assert len(FOUND) + len(REFUSED) + len(NO_PATHS) > 100


NAMES = st.sampled_from(
    [
        *("..", ".", "", "one", "two", "outside", "one2", "sub", "deep"),
        *("a.jpg", "b.jpg", "c.jpg", "a2.jpg", "secret.jpg"),
        *(Path(name).name for name in LINKS),
        *("fifo.jpg", "in", "alias", "ONE", "~"),
    ]
)  # fmt: skip
STARTS = st.sampled_from(["", "", "/", "{folder}/", "{folder}/one/", "{folder}/two/", "{folder}/outside/", "//"])


@given(start=STARTS, names=st.lists(NAMES, max_size=6))
def test_no_path_of_names_leads_outside(tree: Tree, start: str, names: list[str]) -> None:
    path = start.format(folder=tree.folder) + "/".join(names)
    watched = Watched()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "os", watched)
        try:
            found = Allowed([tree.one, tree.two]).check(path)
        except PhotoError:
            found = None
    assert watched.seen <= identities(tree.one, tree.two)
    if found is not None:
        real = {os.path.realpath(root / path) for root in (tree.one, tree.two)}
        assert str(found) in real
        assert stat.S_ISREG(found.lstat().st_mode)


@given(st.text(max_size=30))
def test_any_text_is_a_file_inside_or_refused(tree: Tree, path: str) -> None:
    try:
        found = tree.allowed.check(path)
    except PhotoError as error:
        assert str(error).endswith(".")  # noqa: PT017 - most examples are refused, some are found
    else:
        assert found.is_relative_to(tree.one) or found.is_relative_to(tree.two)


@given(st.lists(st.sampled_from(["sub", "deep", "here", "to-sub", "chain", "..", ".", "a.jpg", "b.jpg"]), max_size=7))
def test_links_that_stay_inside_are_followed_as_the_system_does(tree: Tree, names: list[str]) -> None:
    """The system is asked for every step; where none of them leaves the folder, it and the walk agree."""
    steps = [tree.one.joinpath(*names[:count]) for count in range(len(names) + 1)]
    real = [Path(os.path.realpath(step)) for step in steps]
    stays = all(step.is_relative_to(tree.one) for step in real)
    exists = all(step.exists() for step in steps) and real[-1].is_file()
    try:
        found: Path | None = Allowed([tree.one]).check("/".join(names) or ".")
    except PhotoError:
        found = None
    assert found == (real[-1] if stays and exists else None)


def test_a_folder_that_is_swapped_for_a_link_after_the_look_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside / "sub", outside):
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_text(folder.name, encoding="utf-8")
    allowed = Allowed([inside])

    def swap(name: str) -> None:
        if name == "sub" and not (inside / "sub").is_symlink():
            (inside / "sub").rename(inside / "was")
            (inside / "sub").symlink_to(outside)

    watched = swapping(monkeypatch, swap)
    with pytest.raises(PhotoError):
        allowed.check("sub/a.jpg")
    assert not watched.seen & identities(outside)


def test_a_folder_that_is_swapped_while_it_is_open_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside / "sub", outside):
        folder.mkdir(parents=True)
        (folder / "a.jpg").write_text(folder.name, encoding="utf-8")

    def swap(name: str) -> None:
        if name == "a.jpg":
            (inside / "sub").rename(inside / "was")
            (inside / "sub").symlink_to(outside)

    swapping(monkeypatch, swap)
    with Allowed([inside]).open("sub/a.jpg") as (file, _):
        assert file.read() == b"sub"


@pytest.mark.parametrize("becomes", ["link", "fifo", "folder"])
def test_a_file_that_is_swapped_after_the_look_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.jpg").write_text("secret", encoding="utf-8")
    (inside / "a.jpg").write_text("a", encoding="utf-8")

    def swap(name: str) -> None:
        path = inside / name
        path.unlink()
        if becomes == "link":
            path.symlink_to("../secret.jpg")
        elif becomes == "fifo":
            os.mkfifo(path)
        else:
            path.mkdir()

    watched = swapping(monkeypatch, swap)
    with pytest.raises(PhotoError):
        Allowed([inside]).check("a.jpg")
    assert not watched.seen & identities(tmp_path / "secret.jpg")


def swapping(monkeypatch: pytest.MonkeyPatch, swap: Any) -> Watched:
    """Let somebody be quick between the look at a name and its opening."""
    watched = Watched()
    look = watched.stat

    def look_then_swap(name: str, **named: Any) -> os.stat_result:
        status: os.stat_result = look(name, **named)
        swap(name)
        return status

    watched.stat = look_then_swap
    watched.supports_dir_fd.add(look_then_swap)
    monkeypatch.setattr(module, "os", watched)
    return watched


def test_a_copy_holds_the_bytes_under_the_name_that_was_asked_for(tree: Tree, tmp_path: Path) -> None:
    copy = tree.allowed.copy("to-sub/back", tmp_path)
    assert copy == tmp_path / "back"
    assert copy.read_bytes() == b"one/a.jpg"
    assert not copy.is_symlink()


def test_a_copy_is_no_larger_than_a_photo_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, copies = tmp_path / "folder", tmp_path / "copies"
    folder.mkdir()
    copies.mkdir()
    with (folder / "sparse.jpg").open("wb") as file:
        file.truncate(2**40)
    monkeypatch.setattr(module, "MAX_BYTES", 2**20)
    tracemalloc.start()
    assert Allowed([folder]).copy("sparse.jpg", copies).stat().st_size == 2**20 + 1
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


def test_nothing_stays_open(tree: Tree) -> None:
    def descriptors() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = descriptors()
    for path in (*FOUND, *REFUSED):
        try:
            tree.allowed.check(path.format(folder=tree.folder))
        except PhotoError:
            continue
    assert descriptors() == before


def test_folders_can_be_named_through_links_and_tildes(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    alias = Allowed([tree.folder / "alias"])
    assert alias.folders == (tree.folder / "alias",)
    assert alias.check(str(tree.folder / "alias/a.jpg")) == tree.one / "a.jpg"
    assert alias.check(str(tree.one / "a.jpg")) == tree.one / "a.jpg"
    assert alias.check("by-alias") == tree.one / "a.jpg"
    monkeypatch.setenv("HOME", str(tree.folder))
    assert Allowed(["~/one"]).check("a.jpg") == tree.one / "a.jpg"
    monkeypatch.chdir(tree.one)
    assert Allowed(["../one"]).folders == (tree.one,)
    assert Allowed(["."]).check("a.jpg") == tree.one / "a.jpg"
    monkeypatch.chdir(tree.outside)
    assert tree.allowed.check("a.jpg") == tree.one / "a.jpg"


@pytest.mark.parametrize("name", ["missing", "one/a.jpg", "one/loop", "a\0b", "one/fifo.jpg"])
def test_what_is_no_folder_cannot_be_given(tree: Tree, name: str) -> None:
    with pytest.raises(UsageError, match="name a folder of photographs with --allow"):
        Allowed([tree.folder / name])


def test_no_folder_at_all_is_an_error_that_says_what_to_name() -> None:
    with pytest.raises(UsageError, match="--allow"):
        Allowed([])


def test_systems_without_descriptors_of_folders_are_refused(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "supports_dir_fd", set())
    with pytest.raises(UsageError, match="Linux, macOS or WSL"):
        Allowed([tree.one])


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_refused_as_if_it_were_missing(tree: Tree) -> None:
    with pytest.raises(PhotoError, match="There is no photo"):
        tree.allowed.check("unreadable/a.jpg")
