"""The schema of a step, which all servers must be able to enforce, and what is made of an answer."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from internvl_vpr.agent.calls import ARGUMENTS, Call, ToolName
from internvl_vpr.agent.dialogue.step_schema import MOST_REPLY, parse_step, step_schema
from internvl_vpr.tools.endpoint.chat_model import ASSISTANT_PROMPT
from internvl_vpr.tools.endpoint.json_answer import UnusableAnswer
from internvl_vpr.tools.endpoint.prompt import Prompt

jsonschema = pytest.importorskip("jsonschema")

TEXT = st.text(st.characters(exclude_categories=["C"], exclude_characters='"\\\x7f\ufffd'), min_size=1, max_size=60)
RANK = st.integers(1, 10_000)
SHARE = st.from_regex(r"0\.[0-9]{0,5}[1-9]", fullmatch=True).filter(str.isascii)
TAU = st.from_regex(r"-?0(\.[0-9]{1,6})?|-?1", fullmatch=True, alphabet="-.0123456789")
TOOLS: dict[ToolName, dict[str, st.SearchStrategy[Any]]] = {
    "locate_photo": {"photo": TEXT},
    "explain_match": {
        "about": st.sampled_from(["match", "text", "certainty"]),
        "rank": RANK,
        "photo": st.none() | TEXT,
    },
    "compare_places": {
        "photos": st.lists(TEXT, max_size=20),
        "ranks": st.lists(RANK, max_size=2),
        "photo": st.none() | TEXT,
    },
    "show_candidate": {"rank": st.none() | RANK, "photo": st.none() | TEXT},
    "change_settings": {
        "k": st.none() | RANK,
        "n": st.none() | st.integers(1, 10),
        "tau": st.none() | TAU,
        "trust": st.none() | st.sampled_from(["confirmed", "likely", "any", "stricter"]) | SHARE,
        "below_tau": st.none() | st.sampled_from(["strict", "fallback"]),
    },
    "index_photos": {"folder": TEXT},
    "map_summary": {},
}
CALLS = st.sampled_from(sorted(TOOLS)).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries(TOOLS[name]))
)


def step(**content: Any) -> str:
    return json.dumps({"step": content}, ensure_ascii=False)


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every schema within one."""
    if isinstance(schema, dict):
        if "type" in schema or "anyOf" in schema or "const" in schema:
            yield schema
        for one in schema.values():
            yield from objects(one)
    elif isinstance(schema, list):
        for one in schema:
            yield from objects(one)


def is_valid(content: str) -> bool:
    valid: bool = jsonschema.Draft202012Validator(step_schema()).is_valid(json.loads(content))
    return valid


def test_every_tool_can_be_chosen_with_each_of_its_arguments() -> None:
    choices = step_schema()["properties"]["step"]["anyOf"]
    tools = {one["properties"]["tool"]["const"]: one["properties"]["arguments"] for one in choices[:-1]}
    assert set(tools) == set(get_args(ToolName)) == set(TOOLS)
    for name, arguments in tools.items():
        assert list(arguments["properties"]) == arguments["required"] == list(ARGUMENTS[name].model_fields)
    assert list(choices[-1]["properties"]) == ["reply"]


def test_the_prompt_names_every_tool_and_argument() -> None:
    text = Prompt.load(ASSISTANT_PROMPT, placeholders=()).text
    for name, arguments in ARGUMENTS.items():
        assert f"- {name} {{" in text
        assert all(f'"{argument}":' in text for argument in arguments.model_fields)


def test_the_schema_has_only_what_every_server_enforces() -> None:
    jsonschema.Draft202012Validator.check_schema(step_schema())
    assert step_schema()["type"] == "object"
    allowed = {
        "type", "properties", "required", "additionalProperties", "anyOf", "enum", "const", "pattern", "items",
        "minimum", "maximum", "minItems", "maxItems",
    }  # fmt: skip
    for schema in objects(step_schema()):
        assert set(schema) <= allowed
        kind = schema.get("type")
        assert kind != "number"
        if kind == "object":
            assert schema["additionalProperties"] is False
            assert schema["required"] == list(schema["properties"])
        if kind == "integer":
            assert {"minimum", "maximum"} <= set(schema)
        if kind == "string":
            assert ("pattern" in schema) != ("enum" in schema)
            assert all(int(count) <= 128 for count in re.findall(r"\{\d*,?(\d+)\}", schema.get("pattern", "")))


@given(CALLS)
def test_what_the_schema_allows_is_understood(chosen: tuple[ToolName, dict[str, Any]]) -> None:
    name, arguments = chosen
    content = step(tool=name, arguments=arguments)
    assert is_valid(content)
    found = parse_step(content)
    given_ones = {key: value for key, value in arguments.items() if value is not None}
    for key in ("tau", "trust"):
        if key in given_ones and given_ones[key][-1:].isdigit():
            given_ones[key] = float(given_ones[key])
    assert found == Call(name=name, arguments=given_ones)
    assert ARGUMENTS[name].model_validate(found.arguments)


@given(TEXT)
def test_a_reply_is_understood(text: str) -> None:
    assert is_valid(step(reply=text))
    if text.strip():
        assert parse_step(step(reply=text)) == text.strip()


@given(CALLS, st.data())
def test_what_has_a_key_more_or_a_wrong_value_is_refused(
    chosen: tuple[ToolName, dict[str, Any]], data: st.DataObject
) -> None:
    name, arguments = chosen
    wrong = {**arguments, data.draw(st.sampled_from(["path", "tool", "", "__class__"])): "x"}
    assert not is_valid(step(tool=name, arguments=wrong))
    with pytest.raises(UnusableAnswer):
        parse_step(step(tool=name, arguments=wrong))
    if arguments:
        key = data.draw(st.sampled_from(sorted(arguments)))
        value = data.draw(
            st.sampled_from([True, 0, -1, 2.5, 10**9, "", {}, [0], ["a"] * 21, {"x": 1}, "\ud800", "\x00"])
        )
        lenient = key == "tau" and value in (0, -1) and value is not False
        if not lenient and not is_valid(step(tool=name, arguments={**arguments, key: value})):
            with pytest.raises(UnusableAnswer):
                parse_step(step(tool=name, arguments={**arguments, key: value}))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not JSON"),
        ("where was it taken?", "not JSON"),
        ('```json\n{"step": {"reply": "hello"}}\n```', "not JSON"),
        ('{"step": {"reply": "hel', "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"step": {"reply": "a", "reply": "b"}}', "twice"),
        ('{"step": {"tool": "change_settings", "arguments": {"tau": NaN}}}', "NaN"),
        ('{"step": {"tool": "change_settings", "arguments": {"tau": 1e999}}}', "tau"),
        ("[]", "one key, step"),
        ("null", "one key, step"),
        ('"step"', "one key, step"),
        ('{"reply": "hello"}', "one key, step"),
        ('{"step": {"reply": "a", "tool": "map_summary"}}', "one key, step"),
        ('{"step": {"tool": "map_summary"}}', "one key, step"),
        (step(reply=""), "empty"),
        (step(reply=" \n "), "empty"),
        (step(reply=3), "not a text"),
        (step(reply="a" * (MOST_REPLY + 1)), "longer"),
        (step(reply="\x1b]0;x\x07"), "control"),
        (step(tool="delete_everything", arguments={}), 'no tool "delete_everything"'),
        (step(tool=["map_summary"], arguments={}), "no tool"),
        (step(tool="map_summary", arguments=[]), "not an object"),
        (step(tool="locate_photo", arguments={}), "photo"),
        (step(tool="locate_photo", arguments={"photo": None}), "photo"),
        (step(tool="locate_photo", arguments={"photo": ""}), "photo"),
        (step(tool="locate_photo", arguments={"photo": "a\x00.jpg"}), "control"),
        (step(tool="explain_match", arguments={"about": "match", "rank": 0}), "rank"),
        (step(tool="explain_match", arguments={"about": "all", "rank": 1}), "about"),
        (step(tool="explain_match", arguments={"about": "match", "rank": "1"}), "rank"),
        (step(tool="compare_places", arguments={"photos": "a.jpg", "ranks": []}), "photos"),
        (step(tool="compare_places", arguments={"photos": [], "ranks": [1, 2, 3]}), "ranks"),
        (step(tool="change_settings", arguments={"tau": "1.5"}), "tau"),
        (step(tool="change_settings", arguments={"tau": "high"}), "tau"),
        (step(tool="change_settings", arguments={"n": 11}), "n"),
        (step(tool="change_settings", arguments={"describer": "vlm"}), "describer"),
    ],
)
def test_an_answer_that_is_no_step_is_refused_with_what_is_wrong(content: str, says: str) -> None:
    with pytest.raises(UnusableAnswer, match=says):
        parse_step(content)


@given(st.text(max_size=300))
def test_any_text_is_a_step_or_refused(content: str) -> None:
    with pytest.raises(UnusableAnswer):
        parse_step(content)


def test_a_fraction_of_a_server_that_ignores_the_schema_is_understood_too() -> None:
    found = parse_step(step(tool="change_settings", arguments={"tau": 0.7, "k": None}))
    assert found == Call(name="change_settings", arguments={"tau": 0.7})
