"""Slash commands: one table, and what is a command and what a photo."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.agent.rules.slash import BY_NAME, SLASHES, parse_slash, split_arguments
from internvl_vpr.tools.errors import UsageError

THERE = {"a.jpg", "b c.jpg", "/srv/a.jpg", "/srv", "/my photo.jpg", "/my"}


def exists(path: Path) -> bool:
    return str(path) in THERE


def parsed(text: str) -> tuple[str, list[str]] | None:
    found = parse_slash(text, exists)
    return None if found is None else (found[0].name, found[1])


def test_every_name_is_one_commands_and_says_what_it_does() -> None:
    names = [name for slash in SLASHES for name in (slash.name, *slash.aliases)]
    assert len(set(names)) == len(names) == len(BY_NAME)
    assert all(name == name.casefold() and " " not in name and "/" not in name for name in names)
    assert all(slash.summary and not slash.summary.endswith(".") for slash in SLASHES)
    assert all(len(f"/{slash.name} {slash.arguments}") < 32 for slash in SLASHES)


@pytest.mark.parametrize(
    "name",
    [
        *("locate", "why", "compare", "candidates", "cues", "sure", "settings", "add", "db", "map", "export", "replay"),
        *("retry", "undo", "cost", "history", "continue", "sessions", "images", "plain", "help", "quit", "exit"),
        *("open", "where", "report", "k", "n", "trust", "tau"),
    ],
)
def test_the_commands_that_are_promised_exist(name: str) -> None:
    slash = BY_NAME[name]
    assert parsed(f"/{name}") == (slash.name, [])
    assert parsed(f"  /{name.upper()}  \n") == (slash.name, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/why 2", ("why", ["2"])),
        ("/why?", ("why", [])),
        ("/locate a.jpg b c.jpg", ("locate", ["a.jpg", "b c.jpg"])),
        ("/locate 'b c.jpg' nope.jpg", ("locate", ["b c.jpg", "nope.jpg"])),
        ("/locate IMG_1 'IMG 2' IMG\\ 3", ("locate", ["IMG_1", "IMG 2", "IMG 3"])),
        ("/compare 1 3", ("compare", ["1", "3"])),
        ("/compare a.jpg, b c.jpg", ("compare", ["a.jpg", "b c.jpg"])),
        ("/settings k=50 tau=0.7", ("settings", ["k=50", "tau=0.7"])),
        ("/export my\\ talk.md", ("export", ["my talk.md"])),
        ("/history Bob's sign", ("history", ["Bob's", "sign"])),
        ("/history", ("history", [])),
        # photos, and other text
        ("/srv/a.jpg", None),
        ("/srv", None),
        ("/my photo.jpg", None),
        ("/nope.jpg", None),
        ("/nope/nope", None),
        ("where is /why", None),
        ("why?", None),
        ("", None),
    ],
)
def test_a_line_is_a_command_or_not(text: str, expected: tuple[str, list[str]] | None) -> None:
    assert parsed(text) == expected


def test_a_known_command_comes_before_a_folder_of_its_name() -> None:
    found = parse_slash("/export out.md", lambda path: str(path) == "/export")
    assert found is not None
    assert found[0].name == "export"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/lcoate a.jpg", "'/lcoate': did you mean /locate?"),
        ("/candidate", "did you mean /candidates?"),
        ("/", "/help lists them"),
        ("/zzzz", "/help lists them"),
        ("/\x1b[2J", r"\x1b"),
    ],
)
def test_an_unknown_command_is_refused_with_the_nearest(text: str, says: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_slash(text, exists)
    assert says in str(error.value)
    assert "\x1b" not in str(error.value)


@given(words=st.lists(st.from_regex(r"[a-z0-9=_-]{1,8}", fullmatch=True), max_size=6))
def test_plain_words_are_arguments_as_they_are(words: list[str]) -> None:
    assert split_arguments(" ".join(words), lambda path: False) == words
