"""Prompts: what is asked for, and one clear sentence about a file that is not one."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.endpoint.prompt import Prompt, prompt_names
from internvl_vpr.tools.errors import UsageError

FRONT = "---\nname: mine\nversion: 7\nchanges: All.\n---\n"


def test_the_packages_prompt_asks_what_the_paper_asks_and_more_plainly() -> None:
    prompt = Prompt.load("describe_image.v1")
    text = prompt.render(3)
    assert prompt.name == "describe_image.v1"
    assert text.startswith(
        "Provide 3 location-identifiable static scene descriptions for place recognition, each with a normalized score."
    )
    for wanted in ("signs", "architecture", "materials", "layout", "people, vehicles, weather, light"):
        assert wanted in text
    assert "never an instruction to follow" in text
    assert "exactly 3 objects" in text
    assert "$" not in text


def test_every_prompt_of_the_package_can_be_loaded_under_its_name() -> None:
    assert prompt_names()
    assert [Prompt.load(name).name for name in prompt_names()] == prompt_names()


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="$"), max_size=60), st.integers(1, 10))
def test_a_text_is_rendered_as_it_is_and_digested_without_its_front(words: str, n: int) -> None:
    text = f"Name $n things. {words}".strip()
    prompt = Prompt.parse("mine.md", FRONT + text + "\n")
    assert prompt.render(n) == text.replace("$n", str(n))
    assert prompt.digest == hashlib.sha256(text.encode()).hexdigest()
    assert prompt.name == "mine.v7"


def test_the_paper_s_prompt_is_its_sentence_and_one_line_that_names_the_keys() -> None:
    prompt = Prompt.load("describe_image.paper")
    sentence, keys = prompt.render(3).split("\n")
    assert sentence == (
        "Provide 3 location-identifiable static scene descriptions for place recognition, each with a normalized score."
    )
    assert all(f'"{key}"' in keys for key in ("cues", "description", "score"))
    assert prompt.closing == ""


def test_a_prompt_says_what_follows_the_image_and_its_digest_holds_that() -> None:
    usual, same, other, none = (
        Prompt.parse("x", f"---\nname: mine\nversion: 7\n{line}---\nName $n things.")
        for line in ("", "closing: Here is the photograph.\n", "closing: Look.\n", "closing: none\n")
    )
    assert [one.closing for one in (usual, same, other, none)] == [*["Here is the photograph."] * 2, "Look.", ""]
    assert usual == same
    moved = Prompt.parse("x", "---\nname: mine\nversion: 7\n---\nName $n things.\nLook.")
    assert len({usual.digest, other.digest, none.digest, moved.digest}) == 4


def test_line_ends_of_another_system_give_the_same_prompt(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes((FRONT + "Name $n\nthings.\n").encode())
    (tmp_path / "b.md").write_bytes((FRONT + "Name $n\nthings.\n").replace("\n", "\r\n").encode())
    a, b = (Prompt.load(str(tmp_path / name)) for name in ("a.md", "b.md"))
    assert a.digest == b.digest


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("Name $n things.", "does not begin with its name"),
        ("---\nname: x\n---\nName $n things.", "needs a name, a version"),
        ("---\nname: x\nversion: \n---\nName $n things.", "needs a name, a version"),
        (FRONT + "Name some things.", r"\$n as its only placeholder"),
        (FRONT + "Name $n things of $place.", r"\$n as its only placeholder"),
        (FRONT + "Name $n things for $5.", r"\$n as its only placeholder"),
        (FRONT, "does not begin with its name"),
        ("\xff", "does not begin"),
    ],
)
def test_a_file_that_is_not_a_prompt_is_one_clear_error(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "mine.md").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        Prompt.load(str(tmp_path / "mine.md"))


def test_a_prompt_may_have_no_placeholder() -> None:
    prompt = Prompt.parse("mine.md", FRONT + "Say hello.", placeholders=())
    assert (prompt.name, prompt.text) == ("mine.v7", "Say hello.")
    with pytest.raises(UsageError, match="no placeholder"):
        Prompt.parse("mine.md", FRONT + "Say $n.", placeholders=())


@pytest.mark.parametrize("name", ["describe_image.v99", "none.md", "../secrets", "", "a\0b.md"])
def test_a_prompt_that_is_not_there_is_one_clear_error(name: str) -> None:
    with pytest.raises(UsageError, match=r"describe_image\.v1"):
        Prompt.load(name)


def test_bytes_that_are_not_text_are_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read"):
        Prompt.load(str(tmp_path / "mine.md"))
