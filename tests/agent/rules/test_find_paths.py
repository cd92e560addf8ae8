"""Paths in a message: as terminals drop them, as lists are pasted, as people write them."""

import shlex
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.agent.calls import MOST_PHOTOS
from internvl_vpr.agent.rules.find_paths import MOST_PATHS, Found, find_paths, is_photo_name, unquote_path
from internvl_vpr.agent.rules.shell_words import quote_path

THERE = {
    "a.jpg",
    "b c.jpg",
    "Bob's photo.jpg",
    "photo (1).jpg",
    "a,b.jpg",
    "odd?.jpg",
    "café.jpg",
    "no suffix",
    "Screenshot 3.45\u202fPM.png",
    "/home/eve/my trip",
    "/home/eve/my trip/a b.jpg",
    "/home/eve/100% [x] $HOME.jpg",
    "/home/eve/night.jpg",
    "C:\\photos\\a.jpg",
}


def exists(path: Path) -> bool:
    return str(path) in THERE


def found(text: str) -> list[str]:
    """The paths of a text; those that do not exist in parentheses."""
    return [one.path if one.exists else f"({one.path})" for one in find_paths(text, exists)]


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/eve")


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        # dropped on a terminal
        ("'/home/eve/my trip/a b.jpg'", ["/home/eve/my trip/a b.jpg"]),
        ("'/home/eve/my trip/a b.jpg' ", ["/home/eve/my trip/a b.jpg"]),
        ('"/home/eve/my trip/a b.jpg"', ["/home/eve/my trip/a b.jpg"]),
        ("/home/eve/my\\ trip/a\\ b.jpg", ["/home/eve/my trip/a b.jpg"]),
        ("file:///home/eve/my%20trip/a%20b.jpg", ["/home/eve/my trip/a b.jpg"]),
        ("file://localhost/home/eve/night.jpg", ["/home/eve/night.jpg"]),
        ("'file:///home/eve/my%20trip/a%20b.jpg'", ["/home/eve/my trip/a b.jpg"]),
        ("'Bob'\\''s photo.jpg'", ["Bob's photo.jpg"]),
        ("'Bob'\"'\"'s photo.jpg'", ["Bob's photo.jpg"]),
        ('"Bob\'s photo.jpg"', ["Bob's photo.jpg"]),
        ("'Bob's photo.jpg'", ["Bob's photo.jpg"]),
        ("Bob\\'s\\ photo.jpg", ["Bob's photo.jpg"]),
        ("/home/eve/100\\%\\ \\[x\\]\\ \\$HOME.jpg", ["/home/eve/100% [x] $HOME.jpg"]),
        ("'/home/eve/100% [x] $HOME.jpg'", ["/home/eve/100% [x] $HOME.jpg"]),
        ('"/home/eve/100% [x] \\$HOME.jpg"', ["/home/eve/100% [x] $HOME.jpg"]),
        ("Screenshot\\ 3.45\u202fPM.png", ["Screenshot 3.45\u202fPM.png"]),
        ("C:\\photos\\a.jpg", ["C:\\photos\\a.jpg"]),
        # several
        ("'b c.jpg' a.jpg", ["b c.jpg", "a.jpg"]),
        ("'b c.jpg' 'a.jpg' /home/eve/my\\ trip/a\\ b.jpg ", ["b c.jpg", "a.jpg", "/home/eve/my trip/a b.jpg"]),
        ("a.jpg\nb c.jpg\r\n~/night.jpg", ["a.jpg", "b c.jpg", "/home/eve/night.jpg"]),
        ("- a.jpg\n- b c.jpg", ["a.jpg", "b c.jpg"]),
        ("1. a.jpg\n2. nope.jpg", ["a.jpg", "(nope.jpg)"]),
        ("a.jpg,photo (1).jpg; nope.jpg", ["a.jpg", "photo (1).jpg", "(nope.jpg)"]),
        ("'b c.jpg','a.jpg'", ["b c.jpg", "a.jpg"]),
        ("file:///home/eve/night.jpg\r\nfile:///home/eve/nope.jpg", ["/home/eve/night.jpg", "(/home/eve/nope.jpg)"]),
        # written
        ("where was Bob's photo.jpg taken?", ["Bob's photo.jpg"]),
        ("where was Bob’s photo.jpg taken?", ["Bob's photo.jpg"]),
        ("~/night.jpg?", ["/home/eve/night.jpg"]),
        ("~/night.jpg?!..", ["/home/eve/night.jpg"]),
        ("why '~/night.jpg'?", ["/home/eve/night.jpg"]),
        ("is it odd?.jpg?", ["odd?.jpg"]),
        ("look at photo (1).jpg", ["photo (1).jpg"]),
        ("(a.jpg)", ["a.jpg"]),
        ("that one (see ~/night.jpg).", ["/home/eve/night.jpg"]),
        ("“b c.jpg”", ["b c.jpg"]),
        ("`a.jpg`", ["a.jpg"]),
        ("<a.jpg>", ["a.jpg"]),
        ("a.jpg's place", ["a.jpg"]),
        ("the a,b.jpg", ["a,b.jpg"]),
        ("add /home/eve/my trip to the map", ["/home/eve/my trip"]),
        ("add ~/my trip/ to the map", ["/home/eve/my trip"]),
        ("'no suffix'", ["no suffix"]),
        ("no\\ suffix", ["no suffix"]),
        (unicodedata.normalize("NFD", "café.jpg"), ["café.jpg"]),
        ("compare a.jpg, and b c.jpg", ["a.jpg", "b c.jpg"]),
        # not there
        ("is nope.jpg there?", ["(nope.jpg)"]),
        ("~/nope.JPEG?", ["(/home/eve/nope.JPEG)"]),
        ("'no such one.jpg' is it?", ["(no such one.jpg)"]),
        ("~/Pictures/my trip.jpg", ["(/home/eve/Pictures/my trip.jpg)"]),
        ("see (~/nope.jpg).", ["(/home/eve/nope.jpg)"]),
        ("add ~/nope, please", ["(/home/eve/nope)"]),
        ("/srv/photos/nope", ["(/srv/photos/nope)"]),
        ("./nope and ../nope", ["(nope)", "(../nope)"]),
        ("pictures/*.gif", ["(pictures/*.gif)"]),
        ("https://example.com/a.jpg!", ["(https://example.com/a.jpg)"]),
        # no paths
        ("where was this taken?", []),
        ("why? and/or 24/7, w/o km/h", []),
        ("no suffix", []),
        ("trust above ~0.7, or k/n", []),
        ("what does /why do", []),
        (". .. / ~ ./ ../ ' \" \\", []),
        ("it's what it's", []),
        (".jpg", []),
        ("the jpg. I meant", []),
        ("", []),
    ],
)
def test_paths_are_found_as_they_are_written(text: str, paths: list[str]) -> None:
    assert found(text) == paths


def test_the_longest_that_exists_is_meant() -> None:
    names = {"a", "a b.jpg", "b.jpg", "a b.jpg c.jpg"}
    assert [one.path for one in find_paths("see a b.jpg c.jpg now", lambda path: str(path) in names)] == [
        "a b.jpg c.jpg"
    ]


def test_where_a_path_stands_is_known() -> None:
    text = "is ‘Bob's photo.jpg’ or\t'b c.jpg'? the one"
    first, second = find_paths(text, exists)
    assert text[first.start : first.end] == first.written == "‘Bob's photo.jpg’"
    assert text[second.start : second.end] == second.written == "'b c.jpg'"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_wildcard_gives_the_photos_that_it_matches(folder: Path) -> None:
    make(folder, "my trip/b.jpg", "my trip/a.jpg", "my trip/.hidden.jpg", "my trip/notes.txt", "x*y/1.jpg", "x2y/1.jpg")
    for written in ("my\\ trip/*.jpg", "my\\ trip/*", "'my trip/'*.jpg", "m*/?.jpg"):
        matched = find_paths(f"where? {written}?")
        assert [one.path for one in matched] == ["my trip/a.jpg", "my trip/b.jpg"]
        assert {one.written for one in matched} == {written}
    assert [one.path for one in find_paths("x\\*y/*.jpg")] == ["x*y/1.jpg"]
    assert [one.path for one in find_paths(f"{folder}/x?y/*.jpg")] == [f"{folder}/x*y/1.jpg", f"{folder}/x2y/1.jpg"]
    assert not [one for one in find_paths("'my trip/*.jpg' */*/*.jpg **") if one.exists]


def test_a_wildcard_tells_that_it_matches_too_many(folder: Path) -> None:
    make(folder, *(f"{number:03}.jpg" for number in range(2 * MOST_PHOTOS)))
    assert [one.path for one in find_paths("*.jpg")] == [f"{number:03}.jpg" for number in range(MOST_PHOTOS + 1)]


@pytest.mark.parametrize(
    "text", ["where is **a.jpg**?", "a**.jpg", "/**/a*.jpg", "***.jpg", "1," * 5000, "a.jpg," * 2000]
)
def test_what_could_take_for_ever_or_fail_does_neither(folder: Path, text: str) -> None:
    make(folder, "a.jpg", "sub/a.jpg")
    assert not any("sub" in one.path for one in find_paths(text))
    assert len(find_paths(text)) <= MOST_PATHS + 1


def test_brackets_are_no_wildcards(folder: Path) -> None:
    make(folder, "a1.jpg", "a[1].jpg")
    assert [one.path for one in find_paths("a[1].jpg a[0-9].jpg")] == ["a[1].jpg", "a[0-9].jpg"]


def test_a_name_in_either_normal_form_is_found_on_disk(folder: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "Zürich é.jpg") for form in ("NFC", "NFD"))
    make(folder, decomposed)
    if not (folder / composed).exists():  # a disk that tells the forms apart
        assert [one.path for one in find_paths(f"where is {composed}?")] == [decomposed]


@pytest.mark.parametrize(
    "text", ["a\0b.jpg", "/\0/*.jpg", f"/{'x' * 5000}/a.jpg", "\ud800.jpg", "~nobody/a.jpg", "'\0'"]
)
def test_a_path_that_no_disk_could_hold_does_not_exist(text: str) -> None:
    assert not any(one.exists for one in find_paths(text))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("'a b.jpg'", "a b.jpg"),
        ('"a b.jpg"', "a b.jpg"),
        ("a\\ b.jpg", "a b.jpg"),
        (" a.jpg\n", "a.jpg"),
        ("file:///a%20b%C3%A9.jpg", "/a bé.jpg"),
        ("FILE://localhost/a.jpg", "/a.jpg"),
        ("file:/a.jpg", "/a.jpg"),
        ("file://elsewhere/a.jpg", "file:/elsewhere/a.jpg"),
        ("~/a.jpg", "/home/eve/a.jpg"),
        ("'~/a b.jpg'", "/home/eve/a b.jpg"),
        ("$HOME/a.jpg", "$HOME/a.jpg"),
        ("'$HOME/`id`.jpg'", "$HOME/`id`.jpg"),
        ("Bob's.jpg", "Bob's.jpg"),
        ("a b.jpg", "a b.jpg"),
        ("'a'\\''b'.jpg", "a'b.jpg"),
    ],
)
def test_a_path_is_unquoted(text: str, path: str) -> None:
    assert unquote_path(text) == Path(path)


@pytest.mark.parametrize(("name", "photo"), [("a.JPG", True), ("d/a.heic", True), (".jpg", False), ("d/.jpg", False)])
def test_a_photo_is_told_by_its_suffix(name: str, photo: bool) -> None:
    assert is_photo_name(name) == photo


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0") | st.sampled_from(" '\"\\~*?.,;:()[]%$#é\u0301"),
    min_size=1,
    max_size=24,
).filter(lambda name: name.strip() and name not in (".", ".."))


def only(text: str, path: str) -> list[Found]:
    return find_paths(text, lambda one: str(one) == path)


@given(name=NAMES, before=st.sampled_from(["", "where was this taken? ", "it's ", "(see) "]))
def test_what_a_shell_quotes_is_read_back(name: str, before: str) -> None:
    path = f"/photos/{name}"
    (one,) = only(before + shlex.quote(path), path)
    assert (one.path, one.exists, one.start) == (path, True, len(before))


@given(name=NAMES, style=st.sampled_from(["", "'", '"']), parent=st.sampled_from(["/photos", "x", "~"]))
def test_what_quote_path_writes_is_read_back(name: str, style: str, parent: str) -> None:
    written = f"{parent}/{name}"
    path = str(Path(written).expanduser())
    quoted = quote_path(written, style)
    absolute = str(Path(path).absolute()) if quoted.startswith("file:") else path
    (one,) = only(f"where is {quoted}", absolute)
    assert one.path == absolute
    assert "\n" not in quoted
    assert unquote_path(quoted) == Path(absolute)


@given(name=NAMES)
def test_what_stands_alone_on_its_line_is_read_back(name: str) -> None:
    path = "/photos/" + " ".join(name.split())
    (one,) = only(f"{path}\n", path)
    assert one.path == path


@given(text=st.text(max_size=80))
def test_what_is_found_stands_where_it_is_said(text: str) -> None:
    end = 0
    for one in find_paths(text, lambda path: len(str(path)) % 3 == 0):
        assert one.start >= end
        assert text[one.start : one.end] == one.written
        assert one.path
        end = one.end
