"""A conversation: a question that was cancelled, and one that is taken back."""

import sqlite3
from contextlib import aclosing, closing
from pathlib import Path

from talking import questions_of, with_sessions

from internvl_vpr.agent.dialogue.conversation import Conversation, unanswered
from internvl_vpr.agent.dialogue.sessions import Sessions
from internvl_vpr.agent.localizer.context import Context


def test_a_question_that_was_cancelled_is_known_and_leaves_nothing_locked(
    town: Path, context: Context, tmp_path: Path
) -> None:
    file = tmp_path / "s.sqlite"

    async def work(sessions: Sessions) -> tuple[str | None, str | None]:
        conversation = Conversation(context, "s", sessions)
        async with aclosing(conversation.ask(str(town / "query.png"))) as events:
            await anext(events)  # a tool was chosen, and then it is given up
        cancelled = unanswered(await conversation.messages())
        with closing(sqlite3.connect(file, timeout=0)) as other, other:
            other.execute("CREATE TABLE written_by_another (x)")
        async for _ in conversation.ask("hello"):
            pass
        return cancelled, unanswered(await conversation.messages())

    assert with_sessions(file, work) == (str(town / "query.png"), None)


def test_a_question_forgotten_takes_its_answer_and_its_settings_with_it(
    town: Path, context: Context, tmp_path: Path
) -> None:
    async def work(sessions: Sessions) -> list[object]:
        conversation = Conversation(context, "s", sessions)
        for question in ("use 2 cues", str(town / "query.png"), "use 4 cues"):
            async for _ in conversation.ask(question):
                pass
        before = await conversation.messages()
        forgotten = [await conversation.undo(), await conversation.undo()]
        left = [len(await conversation.answers()), questions_of(await conversation.messages())]
        async for _ in conversation.ask("what are the settings?"):
            pass
        shown = (await conversation.messages())[-2]
        return [len(questions_of(before)), forgotten, left, shown.artifact.changed]  # type: ignore[union-attr]

    assert with_sessions(tmp_path / "s.sqlite", work) == [
        3,
        ["use 4 cues", str(town / "query.png")],
        [0, ["use 2 cues"]],
        {"n": 2},
    ]
