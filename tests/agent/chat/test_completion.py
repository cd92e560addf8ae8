"""Completion: what is inserted is read back as the path that the menu showed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.document import Document

from internvl_vpr.agent.calls import Known
from internvl_vpr.agent.chat import completion
from internvl_vpr.agent.chat.completion import ChatCompleter
from internvl_vpr.agent.rules.find_paths import find_paths
from internvl_vpr.agent.rules.slash import SLASHES, parse_slash
from internvl_vpr.tools.photo.photo import find_photos

COMPLETER = ChatCompleter(known=lambda: Known(photos=("a.jpg",), candidates=3), sessions=lambda: ["abc-1", "abd-2"])


def complete(text: str, *, asked: bool = True) -> list[Completion]:
    event = CompleteEvent(completion_requested=asked, text_inserted=not asked)
    return list(COMPLETER.get_completions(Document(text), event))


def lines(text: str, *, asked: bool = True) -> list[str]:
    """The line as it stands after each completion."""
    return [text[: len(text) + one.start_position] + one.text for one in complete(text, asked=asked)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "night.jpg",
        "Nice one.JPG",
        "notes.txt",
        ".hidden.jpg",
        "trip/it's.jpg",
        "trip/b.png",
        "nights/x.jpg",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".secret").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_all_commands_are_offered_with_what_they_do() -> None:
    offered = complete("/", asked=False)
    assert [one.text for one in offered] == [f"/{slash.name}" for slash in SLASHES]
    assert [one.display_meta_text for one in offered] == [slash.summary for slash in SLASHES]
    assert "1 3 | PHOTO PHOTO…" in next(one.display_text for one in offered if one.text == "/compare")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/co", ["/compare", "/settings", "/cost", "/continue"]),
        ("/CO", ["/compare", "/settings", "/cost", "/continue"]),
        ("/comp", ["/compare"]),
        ("/repo", ["/report"]),
        ("  /wher", ["  /where"]),
        ("/zz", []),
    ],
)
def test_commands_are_completed(folder: Path, text: str, expected: list[str]) -> None:
    found = [line for line in lines(text) if not line.endswith("/")]
    assert found == [line.replace("/settings", "/config") for line in expected]
    for line in found:
        assert parse_slash(line) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/why ", ["/why 1", "/why 2", "/why 3"]),
        ("/candidates 2", ["/candidates 2"]),
        ("/compare 1 3", ["/compare 1 3"]),
        ("/settings ta", ["/settings tau="]),
        ("/settings k=50 b", ["/settings k=50 below_tau=strict", "/settings k=50 below_tau=fallback"]),
        ("/images h", ["/images half"]),
        ("/continue abc", ["/continue abc-1"]),
        ("/help se", ["/help settings", "/help sessions"]),
        ("/add t", ["/add trip/"]),
        ("/add n", ["/add nights/"]),
        ("/locate n", ["/locate nights/", "/locate Nice\\ one.JPG", "/locate night.jpg"]),
        ("/why n", []),
        ("/undo n", []),
    ],
)
def test_arguments_are_completed(folder: Path, text: str, expected: list[str]) -> None:
    assert lines(text, asked=False) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "where was this taken? ./ni",
            [f"where was this taken? ./{name}" for name in ("nights/", "Nice\\ one.JPG", "night.jpg")],
        ),
        ("it's ./nig", ["it's ./nights/", "it's ./night.jpg"]),
        ("why ~/tri", ["why ~/trip/"]),
        ("~", ["~/nights/", "~/trip/", "~/Nice\\ one.JPG", "~/night.jpg"]),
        ("'ni", ["'nights/", "'Nice one.JPG'", "'night.jpg'"]),
        ('"Nice o', ['"Nice one.JPG"']),
        ("Nice\\ o", ["Nice\\ one.JPG"]),
        ("a.jpg 'trip/i", ["a.jpg 'trip/it'\\''s.jpg'"]),
        ('a.jpg "trip/i', ['a.jpg "trip/it\'s.jpg"']),
        ("trip/i", ["trip/it\\'s.jpg"]),
        ("./", ["./nights/", "./trip/", "./Nice\\ one.JPG", "./night.jpg"]),
        ("./.", ["./.secret/", "./.hidden.jpg"]),
        ("./notes", []),
        ("nowhere/", []),
        ("~nobody/", []),
        ("'\0/", []),
        ("why ./night.jpg tr", ["why ./night.jpg trip/"]),
        ("why ", ["why nights/", "why trip/", "why Nice\\ one.JPG", "why night.jpg"]),
    ],
)
def test_paths_are_completed_anywhere(folder: Path, text: str, expected: list[str]) -> None:
    assert lines(text) == expected


def test_a_plain_word_is_completed_only_when_it_is_asked_for(folder: Path) -> None:
    assert lines("ni", asked=False) == []
    assert lines("where was ", asked=False) == []
    assert lines("ni") == ["nights/", "Nice\\ one.JPG", "night.jpg"]
    assert lines("./ni", asked=False) == ["./nights/", "./Nice\\ one.JPG", "./night.jpg"]


def test_a_file_uri_is_completed(folder: Path) -> None:
    (line,) = lines(f"file://{folder}/Nice%20o")
    assert [one.path for one in find_paths(line)] == [str(folder / "Nice one.JPG")]


def test_an_absolute_path_is_completed_beside_commands(folder: Path) -> None:
    assert lines(f"{folder}/nigh", asked=False) == [f"{folder}/nights/", f"{folder}/night.jpg"]


def test_a_name_in_the_other_normal_form_is_completed(folder: Path) -> None:
    (folder / "e\u0301.jpg").touch()
    (line,) = lines("./\u00e9")
    assert [one.path for one in find_paths(line)] == ["e\u0301.jpg"]


def test_names_in_the_menu_cannot_steer_the_terminal(folder: Path) -> None:
    (folder / "zz\x1b[2J\n\u202e.jpg").touch()
    (one,) = complete("./zz")
    assert not set("\x1b\n\u202e") & set(one.display_text + one.text)
    assert [found.path for found in find_paths(f"where? {one.text}")] == [str(folder / "zz\x1b[2J\n\u202e.jpg")]


def test_a_name_that_is_not_unicode_is_not_offered(folder: Path) -> None:
    try:
        (folder / "zz\udcff.jpg").touch()
    except OSError:
        pytest.skip("this disk holds unicode names only")
    assert lines("./zz") == []


def test_a_long_folder_is_read_to_its_bound(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "MOST_ENTRIES", 3)
    for number in range(20):
        (folder / "trip" / f"{number}.jpg").touch()
    assert len(lines("trip/")) <= 3


def test_a_folder_that_cannot_be_read_gives_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("os.scandir", refuse)
    assert lines("./") == []


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0") | st.sampled_from(" '\"\\~*?.,;:()[]%$#é\u0301"),
    min_size=1,
    max_size=20,
).filter(lambda name: not name.startswith(".") and name.strip())


@given(name=NAMES, opened=st.sampled_from(["", "'", '"', "./", "'./", "~/", '"~/', "in/"]), data=st.data())
def test_what_is_inserted_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, opened: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("names")
    inside = folder / "in" if opened == "in/" else folder
    inside.mkdir(exist_ok=True)
    (inside / f"{name}.jpg").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", str(folder))
        offered = [line for line in lines(f"where was this taken? {opened}") if not line.endswith("/")]
        assert len(offered) == 1
        found = find_paths(offered[0])
        assert len(found) == 1
        assert found[0].exists
        assert Path(found[0].path).resolve() == find_photos(inside)[0].resolve()
