"""A model's answer to cues: the schema is what every server can hold to, and nothing passes that it would not allow."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.tools.describers.cue_answer import cue_schema, parse_cues
from internvl_vpr.tools.endpoint.json_answer import UnusableAnswer, schema_digest
from internvl_vpr.tools.records import RawCue

# What a grammar made of the schema can produce; blanks at the ends or doubled are mended, so they are not drawn.
LETTERS = st.characters(exclude_categories=["C", "Z"], exclude_characters='"\\\ufffd')
WORDS = st.lists(st.text(LETTERS, min_size=4, max_size=24), min_size=2, max_size=5)
PLAIN = WORDS.map(" ".join)
CUES = st.lists(st.tuples(PLAIN, st.integers(0, 100)), min_size=1, max_size=10, unique_by=lambda cue: cue[0].casefold())


def answer(cues: list[Any]) -> str:
    return json.dumps({"cues": cues})


def cue(description: Any = "a red door", score: Any = 50) -> dict[str, Any]:
    return {"description": description, "score": score}


THREE = [cue(f"door number {i}") for i in range(3)]


@given(cues=CUES)
def test_an_answer_that_fits_is_taken_as_it_is(cues: list[tuple[str, int]]) -> None:
    content = answer([cue(text, score) for text, score in cues])
    assert parse_cues(content, len(cues)) == tuple(RawCue(text=text, score=score) for text, score in cues)


@given(cues=CUES, other=st.integers(1, 10))
def test_any_other_number_of_cues_is_refused(cues: list[tuple[str, int]], other: int) -> None:
    content = answer([cue(text, score) for text, score in cues])
    if other != len(cues):
        with pytest.raises(UnusableAnswer, match=f"{len(cues)} cues, not {other}"):
            parse_cues(content, other)


@given(st.text(max_size=300))
def test_no_text_does_worse_than_being_refused(content: str) -> None:
    with pytest.raises(UnusableAnswer):
        parse_cues(content, 3)


KEYS = st.sampled_from(["cues", "description", "score", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner),
    max_leaves=12,
)


@given(JSON)
def test_no_json_gives_anything_but_valid_cues(value: Any) -> None:
    try:
        cues = parse_cues(json.dumps(value), 1)
    except UnusableAnswer:
        return
    (only,) = cues
    assert value == {"cues": [{"description": only.text, "score": only.score}]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not JSON"),
        ("I see a red door.", "not JSON"),
        ('```json\n{"cues": []}\n```', "not JSON"),
        (answer(THREE)[:-2], "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("1" * 5_000, "not JSON"),
        (json.dumps(THREE), "not an object with a list"),
        (json.dumps({"cues": THREE, "note": "x"}), "not an object with a list"),
        (json.dumps({"cues": "three"}), "not an object with a list"),
        ('{"cues": [], "cues": []}', "key twice"),
        (answer(THREE[:2]), "2 cues, not 3"),
        (answer([*THREE[:2], "a red door"]), "not an object with a description"),
        (answer([*THREE[:2], {"description": "a red door"}]), "not an object with a description"),
        (answer([*THREE[:2], {**cue(), "weight": 1}]), "not an object with a description"),
        (answer([*THREE[:2], cue(7)]), "not text"),
        (answer([*THREE[:2], cue("short")]), "5 characters, not 8 to 128"),
        (answer([*THREE[:2], cue("x" * 129)]), "129 characters"),
        (answer([*THREE[:2], cue(" \t\n" * 40)]), "0 characters"),
        (answer([*THREE[:2], cue("a red \x1b[31m door")]), "control characters"),
        (answer([*THREE[:2], cue("a red \x00 door")]), "control characters"),
        (answer([*THREE[:2], cue("a red \ufffd door")]), "control characters"),
        (answer([*THREE[:2], cue(f"a red {chr(0xD800)} door")]), "control characters"),
        (answer([*THREE[:2], cue("a \x9b red door")]), "control characters"),
        (answer([*THREE[:2], cue(score=101)]), "not from 0 to 100"),
        (answer([*THREE[:2], cue(score=-1)]), "not from 0 to 100"),
        (answer([*THREE[:2], cue(score=0.5)]), "a fraction"),
        (answer([*THREE[:2], cue(score=True)]), "no number"),
        (answer([*THREE[:2], cue(score="90")]), "no number"),
        (answer([*THREE[:2], cue(score=None)]), "no number"),
        ('{"cues": [{"description": "a red door", "score": NaN}]}', "NaN"),
        ('{"cues": [{"description": "a red door", "score": 1e999}]}', "1 cues, not 3"),
        (answer([cue("A red door"), cue("another door"), cue("a  RED door")]), "the same thing twice"),
    ],
)
def test_what_is_wrong_is_said(content: str, says: str) -> None:
    with pytest.raises(UnusableAnswer, match=says):
        parse_cues(content, 3)


def test_raw_tabs_and_line_ends_inside_a_text_become_blanks() -> None:
    content = '{"cues": [{"description": "a\tred\n\r\n door  here", "score": 1}]}'
    assert parse_cues(content, 1)[0].text == "a red door here"


def test_scripts_of_other_languages_pass_as_they_are() -> None:
    for text in ("看板に「喫茶店」と書いてある", "لافتة خضراء كبيرة", "вывеска „Аптека“"):
        assert parse_cues(json.dumps({"cues": [cue(text)]}), 1)[0].text == text


@pytest.mark.parametrize("n", [1, 3, 5, 10])
def test_the_schema_uses_only_what_every_server_holds_to(n: int) -> None:
    schema = cue_schema(n)
    cues = schema["properties"]["cues"]
    item = cues["items"]
    assert (cues["minItems"], cues["maxItems"]) == (n, n)
    assert schema["additionalProperties"] is item["additionalProperties"] is False
    assert list(item["properties"]) == item["required"] == ["description", "score"]  # the score follows from the text
    assert item["properties"]["score"] == {"type": "integer", "minimum": 0, "maximum": 100}
    assert set(item["properties"]["description"]) == {"type", "pattern"}  # the length is in the pattern


def test_no_repetition_counts_further_than_every_server_can() -> None:
    counts = [
        int(count) for count in re.findall(r"\d+", " ".join(re.findall(r"\{[\d,]+\}", json.dumps(cue_schema(10)))))
    ]
    assert counts
    assert max(counts) <= 128


@given(text=st.text(max_size=200))
def test_what_the_pattern_lets_through_has_the_length_and_needs_no_escape(text: str) -> None:
    pattern = cue_schema(1)["properties"]["cues"]["items"]["properties"]["description"]["pattern"]
    allowed = 8 <= len(text) <= 128 and not re.search(r'["\\\x00-\x1f\x7f]', text)
    assert (re.search(pattern.replace("$", r"\Z"), text) is not None) == allowed


def test_another_schema_has_another_digest() -> None:
    assert schema_digest(cue_schema(3)) != schema_digest(cue_schema(4))
    assert schema_digest({"a": 1, "b": 2}) != schema_digest({"b": 2, "a": 1})
