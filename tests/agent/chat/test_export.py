"""A conversation that leaves: foreign text stays text in Markdown, and JSON gives the very answers back."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from answers import FAR, answer, answers, candidate, foreign_texts
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from markdown_it import MarkdownIt
from markdown_it.token import Token
from talking import talk

from internvl_vpr.agent.chat.export import Export, export_json, export_markdown, write_export
from internvl_vpr.agent.chat.markdown import inline, paragraphs, table
from internvl_vpr.agent.localizer.context import Context
from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.records import Answer, Cue
from internvl_vpr.tools.text.foreign import one_line, visible

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "<!-- x",
    "[x](http://evil.example)",
    "![x](http://evil.example/1.png)",
    "[x]: http://evil.example\n\n[x]",
    "<http://evil.example>",
    "http://evil.example www.evil.example a@evil.example",
    "&lt;b&gt; &#65; &copy;",
    "# heading",
    "a\n===",
    "a\n---",
    "a | b\n--- | ---\n1 | 2",
    "| a |\n|---|",
    "a \\| b \\\\| c |",
    "- a\n  - b\n+ c\n* d",
    "1. a\n2) b",
    "> quoted",
    "```sh\nrm\n```",
    "~~~\nx",
    "    code",
    "\tcode",
    "`code` ``a`",
    "*a* _b_ **c** ~~d~~ ~e~ ^f^ $g$",
    "a  \nb\\\nc",
    "{: onclick=x} {#id}",
    "   \n x \n\u00a0\n\u3000",
    "a\\",
    "trailing #",
    ":pizza: a :b",
    "C:\\photos\\[1].jpg",
]
texts = st.one_of(
    st.sampled_from(PAYLOADS),
    foreign_texts,
    st.text(st.sampled_from("ab 1.\\`*_{}[]<>()#+-.!|~&:/@=$^\"'\n\t\u00a0é漢"), max_size=30),
    st.lists(st.sampled_from(PAYLOADS), min_size=2, max_size=3).map(" ".join),
)
_TEXT = {"text", "text_special", "softbreak", "hardbreak", "inline"}
_MARKUP = {"heading", "paragraph", "strong", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td"}
_OURS = {f"{name}_{end}" for name in _MARKUP for end in ("open", "close")}


def tokens_of(markdown: str) -> list[Token]:
    return [inner for token in MARKDOWN.parse(markdown) for inner in (token, *(token.children or ()))]


def shown(tokens: Sequence[Token]) -> str:
    """What a reader sees of the inline text."""
    return "".join("\n" if token.type == "hardbreak" else token.content for token in tokens if token.type != "inline")


@given(text=texts.filter(bool))
def test_foreign_text_within_a_line_comes_back_as_that_text(text: str) -> None:
    for before, after in (("# ", ""), ("", ""), ("- **photo:** ", ""), ("| a |\n| --- |\n| ", " |")):
        tokens = tokens_of(f"{before}{inline(text)}{after}")
        assert {token.type for token in tokens} <= _TEXT | _OURS
        said = shown(tokens).removeprefix("a" if before.startswith("|") else "photo: " if "photo" in before else "")
        assert said == one_line(text)


@given(first=texts, second=texts)
def test_cells_of_a_table_stay_in_their_columns(first: str, second: str) -> None:
    tokens = MARKDOWN.parse(table(("a", "b"), [(inline(first), inline(second))]))
    cells = [token for token in tokens if token.type == "inline"]
    assert [shown(token.children or ()) for token in cells] == ["a", "b", one_line(first), one_line(second)]


@given(text=texts)
def test_foreign_paragraphs_keep_their_lines(text: str) -> None:
    tokens = MARKDOWN.parse(paragraphs(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "paragraph_close", "inline"}
    blocks = [token.children or [] for token in tokens if token.type == "inline"]
    assert {one.type for block in blocks for one in block} <= _TEXT
    lines = [line for block in blocks for line in shown(block).split("\n")]
    assert lines == [line for line in visible(text).split("\n") if line]


@given(text=texts)
def test_nothing_is_left_that_would_become_a_link_where_addresses_do(text: str) -> None:
    written = inline(text).casefold()
    assert "http:" not in written
    assert "www." not in written
    assert "l.example" not in written


def messages_of(said: str, found: Answer) -> list[AnyMessage]:
    call: Any = {"name": "locate_photo", "args": {"photo": said, "ranks": [1, 2]}, "id": "1", "type": "tool_call"}
    return [
        HumanMessage(said),
        AIMessage("", tool_calls=[call]),
        ToolMessage("It was\n\ntaken " + said, name="locate_photo", tool_call_id="1", artifact=found),
        AIMessage(said, response_metadata={"by": "rules"}),
        HumanMessage("why?"),
        ToolMessage(said + " because", name=said, tool_call_id="2", status="error"),
        SystemMessage(said),
    ]


@settings(max_examples=60)
@given(said=texts, found=answers(texts=texts.filter(bool), most=3), title=texts)
def test_a_hostile_conversation_makes_nothing_but_our_own_markup(said: str, found: Answer, title: str) -> None:
    other = found.model_copy(update={"notes": (said,)})
    tokens = tokens_of(export_markdown(messages_of(said, found), [found, other], title))
    assert {token.type for token in tokens} <= _TEXT | _OURS | {"link_open", "link_close"}
    links = [str(token.attrs["href"]) for token in tokens if token.type == "link_open"]
    assert all(link.startswith("https://www.openstreetmap.org/?mlat=") for link in links)
    headings = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]
    assert headings[1] == "Question 1"
    assert headings[3:] == ["Question 2", "Also located", headings[5], "Settings"]


@settings(max_examples=60)
@given(said=st.text(max_size=20) | texts, found=answers(most=3))
def test_json_gives_the_very_answers_back(said: str, found: Answer) -> None:
    written = export_json(messages_of(said, found), [found], said)
    export = json.loads(written)
    assert written.isascii()
    assert export["version"] == 1
    assert [Answer.model_validate(one) for one in export["answers"]] == [found]
    assert Answer.model_validate(export["messages"][2]["artifact"]) == found
    assert Export.model_validate(export).messages[0].content == said
    assert [one["role"] for one in export["messages"]] == [
        "person", "assistant", "tool", "assistant", "person", "tool", "system"
    ]  # fmt: skip
    assert export["messages"][1]["calls"] == [
        {"name": "locate_photo", "arguments": {"photo": said, "ranks": [1, 2]}}
    ]  # fmt: skip
    assert (export["messages"][3]["by"], export["messages"][5]["failed"]) == ("rules", True)


def test_an_answer_has_place_link_cues_runners_up_notes_and_settings() -> None:
    found = answer(
        candidate(1), candidate(2, "far.jpg", FAR, score=0.4, retained=False), notes=("A note.",), query_position=FAR
    )
    written = export_markdown([ToolMessage("x", tool_call_id="1", artifact=found)], [found], "Talk")
    for line in (
        "# Talk",
        "### Answer 1: night\\.jpg",
        '- **verdict:** Likely: "night\\.jpg" was taken at 48.200000, 16.370000.',
        "- **map:** <https://www.openstreetmap.org/?mlat=48.20000&mlon=16.37000&zoom=19>",
        '- **why:** "sign" in the photo fits "the sign" in "a\\.jpg".',
        "- **words:** S = 0.720, above τ = 0.5: the cues decide",
        "- **margin:** 0.320 above the best S of any place more than 25 m away",
        "- **note:** A note.",
        "- **own position:** The photo's own position, which was not used, is 1,112 m from there.",
        "| sign | 0.800 | the sign | 0.900 | 0.720 |",
        "| 2 | 3 | 0.400 | no | 0.500 | 48.210000, 16.370000 | 1,112 m | far\\.jpg |",
        "| tau | 0.5 |",
    ):
        assert f"{line}\n" in written
    assert written.index("## Settings") > written.index("far\\.jpg")


def test_an_unknown_place_and_one_without_scores_are_told() -> None:
    unknown = answer(cues=(Cue(text="a wall", score=1, weight=1),))
    unscored = answer(candidate(1, position=None, score=None, retained=False, matches=()))
    written = export_markdown([], [unknown, unscored], "Talk")
    assert "- **verdict:** Probably not in your map: no photo of it clearly shows the place of" in written
    assert "| a wall | 1.000 |" in written
    assert 'looks most like the place where "a\\.jpg" was, which has no position.' in written


def test_settings_that_answers_share_are_told_once() -> None:
    one, two = answer(candidate(1)), answer(candidate(1), settings={"tau": 0.5, "k": 7})
    written = export_markdown([], [one, two, one.model_copy(update={"photo": Path("c.jpg")})], "Talk")
    assert "| setting | answer 1, 3 | answer 2 |\n| --- | --- | --- |\n| tau | 0.5 | 0.5 |\n| k | – | 7 |" in written


def test_many_candidates_are_cut_and_counted() -> None:
    found = answer(*(candidate(rank, f"{rank}.jpg") for rank in range(1, 31)))
    written = export_markdown([], [found], "Talk")
    assert "\nAnd 9 more.\n" in written
    assert "| 21\\.jpg |" in written
    assert "22\\.jpg" not in written


def test_a_conversation_is_exported_with_who_said_what(context: Context, town: Path, tmp_path: Path) -> None:
    messages = talk(context, f"where was this photo taken? {town / 'query.png'}", "why?", "locate gone.jpg")
    found = [one.artifact for one in messages if isinstance(one, ToolMessage) and isinstance(one.artifact, Answer)]
    assert len(found) == 1
    for name in ("talk.md", "talk.json"):
        write_export(messages, found, "Talk", tmp_path / name)
    written = (tmp_path / "talk.md").read_text()
    assert written.count("**You:**") == 3
    assert written.count("### Answer 1: query\\.png") == 1
    assert written.index("**Tool** locate\\_photo") < written.index("**Assistant:**") < written.index("## Question 2")
    export = json.loads((tmp_path / "talk.json").read_text())
    kinds = [one["record"] for one in export["messages"] if one["role"] == "tool"]
    assert kinds[:2] == ["Answer", "Explanation"]
    assert Answer.model_validate(export["answers"][0]) == found[0]


def test_a_file_is_written_by_its_suffix_whole_and_never_over_another(tmp_path: Path) -> None:
    found = answer(candidate(1))
    with pytest.raises(UsageError, match=r"ends in \.md or \.json"):
        write_export([], [found], "Talk", tmp_path / "talk.txt")
    out = tmp_path / "talk.MD"
    write_export([], [found], "Talk", out)
    assert out.read_text() == export_markdown([], [found], "Talk")
    with pytest.raises(UsageError, match="exists already"):
        write_export([], [], "Other", out)
    assert out.read_text().startswith("# Talk")
    write_export([], [], "Other", out, force=True)
    assert out.read_text() == "# Other\n"
    (tmp_path / "link.md").symlink_to(tmp_path / "elsewhere.md")
    with pytest.raises(UsageError, match="exists already"):
        write_export([], [], "Other", tmp_path / "link.md")
    with pytest.raises(UsageError, match="cannot be written"):
        write_export([], [], "Other", tmp_path / "none" / "talk.json")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.md", "talk.MD"]


def test_a_name_that_is_no_unicode_can_be_exported() -> None:
    found = answer(candidate(1), photo=Path("\udcff.jpg"))
    assert Answer.model_validate(json.loads(export_json([], [found], "Talk"))["answers"][0]) == found
    export_markdown([], [found], "Talk").encode()
