"""A short text within a model's answer: the pattern that bounds it, and what is checked once it has come."""

import re

from ..endpoint.json_answer import UnusableAnswer

# Characters. No repetition in a schema may count beyond 128: with one that does, xgrammar 0.2.6 to 0.2.8, which vLLM
# and SGLang use, fails, and the server answers 500 to every request.
SHORTEST, LONGEST = 8, 128
# The pattern holds the length: with minLength and maxLength beside it, some servers allow raw control characters, and
# others ignore one of the two. Quotation marks and backslashes are left out, so that no escape is needed.
TEXT_PATTERN = rf'^[^"\\\x00-\x1f\x7f]{{{SHORTEST},{LONGEST}}}$'

# Control characters, halves of surrogate pairs, and the sign that stands for bytes that are not UTF-8.
_BROKEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")


def tidied(text: str, name: str) -> str:
    """Return a text with single blanks between its words; raises `UnusableAnswer`, which calls it by its name."""
    text = re.sub(r"\s+", " ", text).strip()
    if _BROKEN.search(text):
        raise UnusableAnswer(broken(name))
    if not SHORTEST <= len(text) <= LONGEST:
        raise UnusableAnswer(f"{name} of the answer has {len(text)} characters, not {SHORTEST} to {LONGEST}")
    return text


def broken(name: str) -> str:
    """Say that a text cannot be used."""
    return f"{name} of the answer holds broken or control characters"
