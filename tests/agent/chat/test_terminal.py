"""The terminal's loop, with scripted lines and a scripted chat."""

import asyncio
import io
import os
import signal
from collections.abc import Callable
from contextlib import suppress

import pytest
from rich.console import Console

from internvl_vpr.agent.chat.terminal import run_terminal

Line = str | type[BaseException]


class ScriptedLines:
    def __init__(self, *lines: Line) -> None:
        self._lines = list(lines)

    async def read(self) -> str:
        if not self._lines:
            raise EOFError
        line = self._lines.pop(0)
        if isinstance(line, str):
            return line
        raise line


class ScriptedChat:
    """Answers at once, but computes for ever on `work`; Ctrl-C is pressed as often as the line says."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.finished: list[str] = []

    async def say(self, text: str) -> bool:
        self.heard.append(text)
        if text.startswith("work"):
            for press in range(int(text.removeprefix("work") or 1)):
                asyncio.get_running_loop().call_later(0.05 + 0.01 * press, os.kill, os.getpid(), signal.SIGINT)
            try:
                await asyncio.sleep(60)
            finally:
                for _ in range(0 if text == "work" else 5):  # it does not end at once
                    with suppress(asyncio.CancelledError):
                        await asyncio.sleep(0.05)
        self.finished.append(text)
        return text != "/quit"


def talk(*lines: Line) -> tuple[int, ScriptedChat, str]:
    chat, err = ScriptedChat(), io.StringIO()

    code = asyncio.run(run_terminal(ScriptedLines(*lines), chat.say, Console(file=err, width=80)))
    return code, chat, err.getvalue()


def test_the_chat_ends_with_quit_or_at_the_end_of_the_lines() -> None:
    code, chat, _ = talk("a", "  ", "b", "/quit", "c")
    assert (code, chat.heard) == (0, ["a", "b", "/quit"])
    assert talk("a")[0] == 0


def test_ctrl_c_at_the_prompt_twice_ends_the_chat_and_once_does_not() -> None:
    code, chat, err = talk(KeyboardInterrupt, "a", KeyboardInterrupt, KeyboardInterrupt, "b")
    assert (code, chat.heard) == (130, ["a"])
    assert "again to end the chat" in err


def test_ctrl_c_gives_up_a_question_and_the_chat_goes_on() -> None:
    before = signal.getsignal(signal.SIGINT)
    code, chat, err = talk("work", "a")
    assert (code, chat.finished) == (0, ["a"])
    assert err.startswith("Stopped")
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_twice_during_a_question_ends_the_chat() -> None:
    code, chat, err = talk("work 2", "a")
    assert (code, chat.finished, err) == (130, [], "")


def test_whatever_keeps_a_question_from_ending_a_third_ctrl_c_ends_the_command() -> None:
    with pytest.raises(KeyboardInterrupt):
        talk("work 3", "a")


def test_ctrl_c_after_a_question_was_given_up_ends_the_chat() -> None:
    assert talk("work", KeyboardInterrupt, "a")[0] == 130


def test_ctrl_c_while_the_models_load_gives_up_the_question_alone() -> None:
    attempts: list[int] = []
    chat = ScriptedChat()

    async def say(text: str) -> bool:
        attempts.append(1)
        if len(attempts) == 1:
            asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        return await chat.say(text)

    run: Callable[[], int] = lambda: asyncio.run(  # noqa: E731
        run_terminal(ScriptedLines("a", "b"), say, Console(file=io.StringIO()))
    )
    assert run() == 0
    assert chat.heard == ["b"]
