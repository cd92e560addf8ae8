"""The chat in a real pseudo-terminal, on a small demo town: each turn's screen, with the rules."""

import asyncio
import json
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import faulty_server as faulty
import pytest
from faulty_server import Fault, serve
from pseudo_terminal import PseudoTerminal

from internvl_vpr.agent.localizer.context import open_context
from internvl_vpr.agent.localizer.run import locate
from internvl_vpr.agent.view.answer import coordinates
from internvl_vpr.agent.words.verdict import told_as, verdict, verdict_line
from internvl_vpr.evals.town.town import build_town
from internvl_vpr.tools.compare_places import compare_candidates, compare_places
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings
from internvl_vpr.tools.records import Answer

pytest.importorskip("rapidocr", reason="needs the extra embedded")
pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs pseudo-terminals")

PROMPT = "›"
K = 6


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `town` (8 places) and `places`, its index."""
    folder = tmp_path_factory.mktemp("demo")
    town = build_town(folder / "town", seed=0, places=8)
    update_index(town.database, folder / "places", IndexSettings(clusters=16))
    return folder


@pytest.fixture(scope="module")
def night(demo: Path) -> list[str]:
    """Paths of the queries at night, from the folder that the chat runs in."""
    return sorted(str(path.relative_to(demo)) for path in (demo / "town" / "queries_night").iterdir())


@pytest.fixture(scope="module")
def one_place_twice(demo: Path) -> list[str]:
    """Two references of one place, and one of another."""
    references = sorted((demo / "town" / "database").iterdir())
    place = [path.name.split("@place")[1][:3] for path in references]
    twice = [path for path, name in zip(references, place, strict=True) if name == place[0]][:2]
    other = next(path for path, name in zip(references, place, strict=True) if name != place[0])
    return [str(path.relative_to(demo)) for path in (*twice, other)]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A terminal with colours, and a home of one's own."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm-256color", "LANG": "C.UTF-8",
        "HF_HUB_OFFLINE": "1", **({"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}),
    }  # fmt: skip


def answers_of(demo: Path, photos: Sequence[str], **settings: Any) -> list[Answer]:
    """Locate photos without any chat; by then everything is recorded."""
    with open_context(demo / "places", k=K, **settings) as context:
        answers = [asyncio.run(locate(demo / photo, context)) for photo in photos]
    return [answer.model_copy(update={"photo": Path(photo)}) for answer, photo in zip(answers, photos, strict=True)]


class Talk:
    """A chat in a terminal; `ask` returns what is shown from the question on to the next prompt."""

    def __init__(self, demo: Path, environ: Mapping[str, str], *flags: str, columns: int = 80, rows: int = 50) -> None:
        command = [sys.executable, "-m", "internvl_vpr.agent", "chat", "--places", "places", "--k", str(K), *flags]
        self.terminal = PseudoTerminal(command, demo, environ, columns=columns, rows=rows)
        self._prompt = ">" if "--plain" in flags or environ["TERM"] == "dumb" else PROMPT
        self._lines = 0

    def __enter__(self) -> "Talk":
        self.terminal.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.terminal.__exit__(None, None, None)

    def wait_for_prompt(self) -> str:
        lines = self.terminal.wait_for_last_line(self._prompt).rstrip().splitlines()
        new, self._lines = lines[self._lines :], len(lines) - 1
        return "\n".join(new)

    def ask(self, question: str) -> str:
        self.terminal.type(question + "\r")
        self.terminal.wait_for_gone(self._prompt)
        return self.wait_for_prompt()


def packed(text: str) -> str:
    """Text without white space: cells fold it anywhere."""
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("columns", [80, 140])
def test_the_conversation_with_the_rules(
    demo: Path, environ: dict[str, str], night: list[str], one_place_twice: list[str], columns: int, tmp_path: Path
) -> None:
    shutil.copytree(demo / "places", places := tmp_path / "places")
    with Talk(demo, environ, "--places", str(places), columns=columns) as talk:
        assert f"{len(list((demo / 'town' / 'database').iterdir()))} photos" in packed_blanks(talk.wait_for_prompt())
        turns = [
            talk.ask(question)
            for question in (
                *(
                    f"where was this photo taken? {night[0]}",
                    "why?",
                    "show the runner-up",
                    "compare it with the second",
                ),
                *("what did you read on the sign?", "how sure are you?", "only trust above 0.7", "use 5 cues"),
                f"which of these three were taken at the same place? {' '.join(one_place_twice)}",
                *("add town/queries_long_ago to the map", "what is on the map?"),
            )
        ]
        talk.terminal.type("/quit\r")
        assert talk.terminal.wait_for_end() == 0
        assert "Photos located: 4;" in talk.terminal.shown()
        assert "--continue" in talk.terminal.shown()
    where, why, second, compared, sign, sure, trust, cues, same, added, summary = turns

    (answer,) = answers_of(demo, night[:1])
    first, runner_up = answer.candidates[:2]
    assert "retrieved in" in where
    assert re.search(r"(described|read back) \d+", packed_blanks(where))
    assert verdict(answer) in packed_blanks(where)
    assert "Why: " in where
    assert ("openstreetmap.org" in where) == (told_as(answer) not in ("unknown", "withheld"))
    assert packed(first.reference) in packed(where)
    assert packed(night[0]) in packed(where)  # beside its picture
    assert "▀" in where

    total = sum(match.weight * match.cosine for match in first.matches)
    assert total == pytest.approx(first.score, abs=1e-5)  # told with five decimals
    assert re.search(rf"S, their sum\s+{total:.3f}", why)
    assert f"2 of {K}" in second
    assert coordinates(runner_up.position) in second
    assert packed(runner_up.reference) in packed(second)
    metres = compare_candidates(answer, 1, 2).metres
    assert metres is not None
    assert f"{metres:.0f} m" in compared
    assert f"{first.score:.3f}" in compared
    assert f"{runner_up.score:.3f}" in compared
    assert ("No text on signs" in packed_blanks(sign)) == (not any('"' in cue.text for cue in answer.cues))
    assert f"S = {first.score:.3f}" in packed_blanks(sure)
    assert "trust is 0.7 from now on" in packed_blanks(trust)
    assert "n is 5 from now on" in packed_blanks(cues)
    groups = compare_places(answers_of(demo, one_place_twice, trust=0.7, n=5)).groups
    assert groups == ((0, 1),)
    assert "Taken at the same place: 1 and 2" in packed_blanks(same)
    everything = len(list((demo / "town" / "database").iterdir())) + 8
    assert f"{everything} photos" in packed_blanks(added)
    assert re.search(rf"photos\s+{everything}", summary)
    for turn in turns:
        assert max(map(len, turn.splitlines())) <= columns
        assert "Traceback" not in turn


def packed_blanks(text: str) -> str:
    """Text with every white space a blank."""
    return " ".join(text.split())


def step(**what: object) -> Fault:
    """A model's answer: a reply, or a tool with its arguments."""
    return faulty.content(json.dumps({"step": what}))


INVENTED = "It was taken at the Eiffel Tower in Paris, at 48.858400, 2.294500."


def test_the_conversation_with_a_model_at_an_endpoint(
    demo: Path, environ: dict[str, str], night: list[str], one_place_twice: list[str], tmp_path: Path
) -> None:
    """The tools are the same, the words are the model's, and what no tool told is never shown."""
    shutil.copytree(demo / "places", places := tmp_path / "places")
    (answer,) = answers_of(demo, night[:1])
    where, score = coordinates(answer.position), f"S = {answer.candidates[0].score:.3f}"
    turns: list[tuple[str, list[Fault], Sequence[str]]] = [
        (
            f"where was this photo taken? {night[0]}",
            [step(tool="locate_photo", arguments={"photo": night[0]}), step(reply=f"I find it at {where}.")],
            (where, "▀", f"I find it at {where}."),
        ),
        (
            "why?",
            [
                step(tool="explain_match", arguments={"about": "match", "rank": 1}),
                step(reply=f"Its cues give {score}."),
            ],
            ("S, their sum", f"Its cues give {score}."),
        ),
        (
            "show the runner-up",
            [step(tool="show_candidate", arguments={"rank": 2}), step(reply="That is candidate 2.")],
            (f"2 of {K}", "That is candidate 2."),
        ),
        (
            "compare it with the second",
            [
                step(tool="compare_places", arguments={"photos": [], "ranks": [1, 2]}),
                step(reply="They differ a little."),
            ],
            ("apart", "They differ a little."),
        ),
        (
            "what did you read on the sign?",
            [
                step(tool="explain_match", arguments={"about": "text", "rank": 1}),
                step(reply="See what was read above."),
            ],
            ("signs", "See what was read above."),
        ),
        (
            "how sure are you?",
            [
                step(tool="explain_match", arguments={"about": "certainty", "rank": 1}),
                step(reply=INVENTED),
                step(reply="I am not sure."),
            ],
            ("The answer is", "I am not sure."),  # what it invented was fed back once
        ),
        (
            "only trust above 0.7",
            [step(tool="change_settings", arguments={"trust": "0.7"}), step(reply="So be it: 0.7.")],
            ("trust is 0.7 from now on", "So be it: 0.7."),
        ),
        (
            "use 5 cues",
            [step(tool="change_settings", arguments={"n": 5}), step(reply="It is 5 cues now.")],
            ("n is 5 from now on", "It is 5 cues now."),
        ),
        (
            f"which of these three were taken at the same place? {' '.join(one_place_twice)}",
            [
                step(tool="compare_places", arguments={"photos": one_place_twice, "ranks": []}),
                step(reply="The photos 1 and 2 were."),
            ],
            ("Taken at the same place: 1 and 2", "The photos 1 and 2 were."),
        ),
        (
            "add town/queries_long_ago to the map",
            [step(tool="index_photos", arguments={"folder": "town/queries_long_ago"}), step(reply="They are added.")],
            ("The map holds", "They are added."),
        ),
        (
            "where was it taken?",
            [step(reply=INVENTED), step(tool="index_photos", arguments={"folder": "/"})],
            # The rules stand in, and say so; of a map that was never checked, nothing is told as a place above 0.7.
            ("could not be followed", "A lead, not a place."),
        ),
    ]
    with serve(*(answer for _, answers, _ in turns for answer in answers)) as server:
        flags = ("--places", str(places), "--assistant", "model", "--endpoint", server.endpoint)
        with Talk(demo, environ, *flags) as talk:
            assert "InternVL3-38B" in talk.wait_for_prompt()
            for question, _, shown in turns:
                screen = talk.ask(question)
                for text in shown:
                    assert packed_blanks(text) in packed_blanks(screen), f"{text!r} after {question!r}"
                assert "Traceback" not in screen
            raw = talk.terminal.raw
        assert len(server.requests) == sum(len(answers) for _, answers, _ in turns)
    assert b"Eiffel" not in raw
    assert b"48.858400" not in raw


def test_ctrl_c_gives_up_the_question_and_twice_ends_the_chat(
    demo: Path, environ: dict[str, str], night: list[str], tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.sqlite"
    with Talk(demo, environ, "--ledger", str(ledger), "--sessions", str(tmp_path / "s.sqlite")) as talk:
        talk.wait_for_prompt()
        talk.terminal.type(f"{night[1]}\r")
        talk.terminal.wait_for("describing")
        talk.terminal.type("/retry")  # ahead, and without being seen
        talk.terminal.press_ctrl_c()
        talk.terminal.wait_for("Stopped;")
        talk.terminal.wait_for("› /retry")
        assert "Why: " in talk.ask("")
        talk.terminal.press_ctrl_c()
        talk.terminal.wait_for("again to end")
        talk.terminal.press_ctrl_c()
        assert talk.terminal.wait_for_end() == 130
        assert "--continue" in talk.terminal.shown()
    with closing(sqlite3.connect(ledger)) as steps:
        made, distinct = steps.execute("SELECT COUNT(*), COUNT(DISTINCT image) FROM steps").fetchone()
    assert made == distinct  # what was described before Ctrl-C was not described again


def test_a_terminal_is_left_as_it_was_found(
    demo: Path, environ: dict[str, str], night: list[str], tmp_path: Path
) -> None:
    ledger = str(tmp_path / "ledger.sqlite")
    with Talk(demo, environ, "--ledger", ledger, "--sessions", str(tmp_path / "s.sqlite")) as talk:
        talk.wait_for_prompt()
        assert talk.terminal.echoes is False  # the prompt draws what is typed
        talk.terminal.type(f"{night[2]}\r")
        talk.terminal.wait_for("describing")
        for _ in range(50):  # as when the keys are held down: some of them count as one
            if talk.terminal.process.poll() is not None:
                break
            talk.terminal.press_ctrl_c()
            talk.terminal.wait_until_quiet(0.15)  # each of them throws away what was written and not read yet
        assert talk.terminal.wait_for_end() == 130
        assert talk.terminal.echoes
        assert b"\x1b[?25h" in talk.terminal.raw[-300:]  # and with its cursor


def test_paths_as_terminals_give_them(demo: Path, environ: dict[str, str], night: list[str], tmp_path: Path) -> None:
    odd = tmp_path / "Bob's night (1).jpg"
    shutil.copy(demo / night[0], odd)
    with Talk(demo, environ, "--images", "off", "--sessions", str(tmp_path / "s.sqlite")) as talk:
        talk.wait_for_prompt()
        for written in (
            f"where is this? '{str(odd).replace(chr(39), chr(39) + chr(92) + chr(39) + chr(39))}'",
            re.sub(r"([ '()])", r"\\\1", str(odd)),
            odd.as_uri(),
        ):
            assert packed(odd.name) in packed(talk.ask(written))
        pasted = f"\x1b[200~{night[0]}\n{night[1]}\x1b[201~"
        both = talk.ask(pasted)
        for answer in answers_of(demo, night[:2]):
            assert verdict_line(answer) in packed_blanks(both)
        talk.terminal.resize(60, 50)
        assert max(map(len, talk.ask("why?").splitlines())) <= 60
        talk.terminal.type("/cand\t")
        talk.terminal.wait_for("› /candidates")
        talk.terminal.type("\x15\x1b[A")  # clears the line; the arrow up brings back what was asked last
        talk.terminal.wait_for("› why?")
        talk.terminal.type("\x15/quit\r")
        assert talk.terminal.wait_for_end() == 0


def test_hostile_names_draw_nothing(demo: Path, environ: dict[str, str], night: list[str], tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b]52;c;ZXZpbA==\x07\x1b[2J[bold]:pizza:\u202e.jpg"
    shutil.copy(demo / night[0], hostile)
    # In so many columns a name is told whole, whatever the length of its folder.
    with Talk(demo, environ, "--sessions", str(tmp_path / "s.sqlite"), columns=250) as talk:
        talk.wait_for_prompt()
        shown = talk.ask(f"{tmp_path}/*.jpg")
        assert packed(r"\x1b]52;c;ZXZpbA==\x07\x1b[2J[bold]:pizza:\u202e") in packed(shown)
        assert b"\x1b]52" not in talk.terminal.raw
        assert b"\x1b[2J[" not in talk.terminal.raw
        assert "\u202e".encode() not in talk.terminal.raw
        assert "🍕" not in shown


COLOUR = re.compile(rb"\x1b\[[\d;]*\b(?:3[0-7]|4[0-7]|38|48|9[0-7]|10[0-7])[\d;]*m")


def test_no_colour_where_none_is_wanted(demo: Path, environ: dict[str, str], night: list[str], tmp_path: Path) -> None:
    with Talk(demo, {**environ, "NO_COLOR": "1"}, "--sessions", str(tmp_path / "s.sqlite")) as talk:
        talk.wait_for_prompt()
        shown = talk.ask(night[0])
        assert not COLOUR.search(talk.terminal.raw)
        shades = {character for character in shown if character in " ░▒▓█"}
        assert len(shades) >= 3  # a picture without colour has shades, no featureless block


@pytest.mark.parametrize(
    ("changed", "flags"), [({"TERM": "dumb"}, ()), ({"ACCESSIBLE": "1"}, ("--plain",))], ids=["dumb", "plain"]
)
def test_plain_text_is_only_ever_appended(
    demo: Path,
    environ: dict[str, str],
    night: list[str],
    changed: dict[str, str],
    flags: tuple[str, ...],
    tmp_path: Path,
) -> None:
    with Talk(demo, {**environ, **changed}, *flags, "--sessions", str(tmp_path / "s.sqlite")) as talk:
        talk.wait_for_prompt()
        before = len(talk.terminal.raw)
        shown = talk.ask(night[0])
        assert "Why: " in shown
        assert not set("▀█░━─┃") & set(shown)
        assert b"\x1b" not in talk.terminal.raw[before:]
