"""One line of a chat: a command of the terminal, a goodbye, or a question."""

from internvl_vpr.tools.errors import VprError

from ..dialogue.state import known
from ..rules.slash import parse_slash
from .chat import Chat
from .commands import COMMANDS

_GOODBYES = frozenset({"quit", "exit", "bye"})


def _is_goodbye(text: str) -> bool:
    """Whether a line is one of the words that end a chat, or begins with one as a command."""
    line = text.strip().casefold()
    return (line.split(maxsplit=1)[0].removeprefix("/") if line.startswith("/") else line) in _GOODBYES


async def say(chat: Chat, text: str) -> bool:
    """Answer one line; False when it ends the chat. What a person can do something about is said, not raised."""
    if _is_goodbye(text):
        return False
    with chat.output.turn(text):
        try:
            command = parse_slash(text)
            if command is not None and command[0].kind == "terminal":
                chat.code = 0
                await COMMANDS[command[0].name](chat, command[1])
            else:
                await chat.ask(text)
            chat.known = known(await chat.conversation.answers())
        except VprError as error:
            chat.code = error.exit_code
            chat.output.remark(str(error), "yellow")
    return True
