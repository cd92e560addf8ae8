"""Foreign text as Markdown that reads as that text, and is neither markup, nor a link, nor HTML."""

import re
from collections.abc import Iterable, Iterator, Sequence

from internvl_vpr.tools.text.foreign import one_line, visible

# A dot between letters, and a colon before anything, would make a link of an address where addresses become links.
_SPECIAL = re.compile(r"[\\`*_{\[<#~^$@&]|:(?=\S)|(?<=\w)\.(?=[^\W\d])|(?<=[^\W\d])\.(?=\w)")
_AT_START = re.compile(r"[-+=:>]|(\d{1,9})(?=[.)](?:\s|$))")  # of a list, a heading's underline, a definition, a quote


def inline(text: str) -> str:
    """Write foreign text for within a line, a list or a table; line breaks and tabs are shown as escapes."""
    return _escaped(one_line(text))


def paragraphs(text: str) -> str:
    """Write foreign text as paragraphs whose lines stay lines; several empty lines count as one."""
    blocks = re.split(r"\n{2,}", visible(text).strip("\n"))
    return "\n\n".join("\\\n".join(map(_escaped, block.split("\n"))) for block in blocks)


def _escaped(line: str) -> str:
    body = line.strip()
    start = line.index(body) if body else len(line)
    escaped = _SPECIAL.sub(r"\\\g<0>", body).replace("|", "&#124;")
    if (begins := _AT_START.match(escaped)) is not None:
        number = begins[1] or ""
        escaped = f"{number}\\{escaped[len(number) :]}"
    return f"{_entities(line[:start])}{escaped}{_entities(line[start + len(body) :])}"


def _entities(spaces: str) -> str:
    """Write what stands at an end, which Markdown would drop, or take for code or a line break."""
    return "".join(f"&#{ord(space)};" for space in spaces)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def bullets(items: Iterable[tuple[str, str]]) -> str:
    """Return a list of labels and what they say, which is Markdown already."""
    return "\n".join(_bullets(items))


def _bullets(items: Iterable[tuple[str, str]]) -> Iterator[str]:
    for label, says in items:
        yield f"- **{label}:** {says}"
