"""The slash commands: one table for /help, completion, rules and terminal."""

import os
from difflib import get_close_matches
from typing import Literal, get_args

from internvl_vpr.tools.errors import UsageError
from internvl_vpr.tools.records import Record
from internvl_vpr.tools.text.foreign import visible

from ..settings import Images, about_setting
from .find_paths import Exists, find_paths, is_photo_name
from .shell_words import read_word


class Slash(Record):
    """A slash command: kind `tool` asks the assistant for something, and kind `terminal` asks the terminal."""

    name: str
    arguments: str
    summary: str
    kind: Literal["tool", "terminal"]
    aliases: tuple[str, ...] = ()


def _tool(name: str, arguments: str, summary: str, *aliases: str) -> Slash:
    return Slash(name=name, arguments=arguments, summary=summary, kind="tool", aliases=aliases)


def _terminal(name: str, arguments: str, summary: str, *aliases: str) -> Slash:
    return Slash(name=name, arguments=arguments, summary=summary, kind="terminal", aliases=aliases)


def _about(setting: str) -> str:
    """What a setting's own text says, as a summary: without its capital and its full stop."""
    text, _ = about_setting(setting)
    return text[:1].lower() + text[1:].rstrip(".")


IMAGE_MODES: tuple[str, ...] = get_args(Images)

SLASHES = (
    _tool("locate", "PHOTO…", "say where photos were taken; without a path, the latest photo again", "open", "where"),
    _tool("why", "[RANK]", "why a candidate matches: points, cues, scores, margin", "explain"),
    _tool("candidates", "[RANK]", "the candidates of the latest answer, or one of them", "alternatives"),
    _tool("compare", "1 3 | PHOTO PHOTO…", "compare two candidates, or say which photos show the same place"),
    _tool("cues", "[RANK]", "the photo's cues, and what they match in a candidate"),
    _tool("read", "[RANK]", "the text that was read on signs", "signs"),
    _tool("sure", "", "how sure the latest answer is"),
    _tool("settings", "[k=50 n=5 trust=any]", "show the settings, or change them for the next questions", "config"),
    _tool("k", "[50]", _about("k")),
    _tool("n", "[5]", _about("n")),
    _tool("trust", "[confirmed]", _about("trust")),
    _tool("tau", "[0.7]", _about("tau"), "threshold"),
    _tool("add", "FOLDER", "add a folder's photos to the map", "index"),
    _tool("db", "", "what the map holds"),
    _terminal("map", "[FILE]", "write a page with the map and the answers", "report"),
    _terminal("export", "FILE", "write the conversation as Markdown or JSON"),
    _terminal("replay", "", "answer again from what was recorded"),
    _terminal("retry", "", "ask the latest question again"),
    _terminal("undo", "", "take back the latest question"),
    _terminal("cost", "", "what this session has used: descriptions, tokens, time"),
    _terminal("history", "[WORDS]", "earlier questions, or those with these words"),
    _terminal("continue", "[SESSION]", "continue an earlier session", "resume"),
    _terminal("sessions", "", "list the earlier sessions"),
    _terminal("images", "MODE", f"how pictures are drawn: {', '.join(IMAGE_MODES)}"),
    _terminal("plain", "", "plain sentences, for screen readers"),
    _terminal("help", "[COMMAND]", "what can be asked", "?"),
    _terminal("quit", "", "end the chat", "exit", "bye"),
)
BY_NAME = {name: slash for slash in SLASHES for name in (slash.name, *slash.aliases)}


def parse_slash(text: str, exists: Exists = os.path.exists) -> tuple[Slash, list[str]] | None:
    """Return the command that a line begins with, and its arguments; None for a line without one.

    An absolute path is no command if it exists or looks like a photo's. Raises `UsageError` for an unknown command.
    """
    line = text.strip()
    if not line.startswith("/"):
        return None
    word, *rest = line.split(maxsplit=1)
    name = word[1:].casefold()
    slash = BY_NAME.get(name) or BY_NAME.get(name.rstrip("?!.,:;"))
    if slash is not None:
        return slash, split_arguments(rest[0] if rest else "", exists)
    found = find_paths(line, exists)
    if "/" in word[1:] or is_photo_name(word) or (found and found[0].start == 0):
        return None
    near = get_close_matches(name, BY_NAME, 1)
    hint = f"did you mean /{near[0]}?" if near else "/help lists them."
    raise UsageError(f"There is no command {visible(word)!r}: {hint}")


def split_arguments(text: str, exists: Exists = os.path.exists) -> list[str]:
    """Split a command's arguments: into the paths that `find_paths` finds, and the words between them."""
    arguments: list[str] = []
    at = 0
    for found in find_paths(text, exists):
        if found.start >= at:  # not another match of one wildcard
            arguments += _words(text[at : found.start])
        arguments.append(found.path)
        at = found.end
    return arguments + _words(text[at:])


def _words(text: str) -> list[str]:
    words: list[str] = []
    at = 0
    while (at := at + len(text[at:]) - len(text[at:].lstrip())) < len(text):
        word = read_word(text, at)
        if word.quote:  # an apostrophe is not always a quotation mark
            return words + text[at:].split()
        words.append(word.value)
        at = word.end
    return [word for word in words if word.strip(",;")]
