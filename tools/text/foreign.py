"""Text from elsewhere (models, signs, file names), made harmless for a terminal."""

import re

# C0 but tab and newline, DEL, C1, and the characters that reorder or hide text.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff\xad\u034f\u115f\u180e\u3164]"
)


def visible(text: str) -> str:
    """Replace every character that could steer a terminal by its escape, such as `\\x1b`."""
    return _HARMFUL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def one_line(text: str) -> str:
    """Make foreign text harmless and keep it on one line, so that it cannot pass for a line of ours."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def shown(path: str) -> str:
    """Write a path for a reply: in quotes, on one line, and harmless."""
    return f"'{one_line(path)}'"


def in_quotes(text: str) -> str:
    """Put foreign text into quotation marks that it cannot close: its own, and backslashes, are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{one_line(escaped)}"'
