"""The chat: lines in, answers out, and a bad line never ends it."""

import io
from pathlib import Path

import pytest
from places import name_of
from rich.console import Console

from internvl_vpr.agent import Context
from internvl_vpr.agent.chat import chat, find_path


def console() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=80, markup=False, emoji=False, highlight=False), file


def talk(context: Context, *lines: str) -> tuple[str, str]:
    (answers, out), (remarks, err) = console(), console()
    chat(context, lines, answers, remarks)
    return out.getvalue(), err.getvalue()


def test_each_line_that_names_a_photo_is_answered(town: Path, context: Context) -> None:
    out, err = talk(
        context, f"where was this taken? {town / 'query.png'}\n", "\n", f"'{town / 'photos' / name_of(1)}'\n"
    )
    assert out.count("openstreetmap.org") == 2
    assert name_of(1)[:20] in out
    assert err.startswith("8 photos are known.")


def test_a_line_without_a_photo_or_with_a_bad_one_is_said_and_the_chat_goes_on(
    town: Path, context: Context, tmp_path: Path
) -> None:
    (tmp_path / "notes.jpg").write_text("no photo")
    out, err = talk(context, "hello \x1b[2J\n", f"{tmp_path / 'notes.jpg'}\n", f"{town / 'query.png'}\n")
    assert out.count("openstreetmap.org") == 1
    assert "No file is named" in err
    assert "notes.jpg" in err
    assert "\x1b" not in err


def test_quit_ends_the_chat(town: Path, context: Context) -> None:
    out, _ = talk(context, "/quit\n", f"{town / 'query.png'}\n")
    assert out == ""


@pytest.mark.parametrize(
    ("question", "path"),
    [
        ("a b.jpg", "a b.jpg"),
        ("'a b.jpg'", "a b.jpg"),
        ("where's this? c.jpg", "c.jpg"),
        ("compare c.jpg and a\\ b.jpg", "a b.jpg"),
        ("where is this?", None),
    ],
)
def test_a_path_is_found_as_people_write_it(question: str, path: str | None) -> None:
    there = {Path("a b.jpg"), Path("c.jpg")}
    assert find_path(question, there.__contains__) == (Path(path) if path else None)
