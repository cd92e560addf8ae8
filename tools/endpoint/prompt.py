"""Versioned prompts: a Markdown file with its name and version in front, rendered and digested."""

import hashlib
import re
from collections.abc import Collection
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Self

from ..errors import UsageError
from ..records import Digest, Record

_CLOSING = "Here is the photograph."  # where a prompt does not say how its message ends
_NO_CLOSING = "none"
_FRONT = re.compile(r"---\n(?P<front>.*?)\n---\n+(?P<text>.+)", re.DOTALL)


class Prompt(Record):
    """The text of one prompt; its digest tells versions apart whatever they are called.

    `closing` is sent after the image; empty where nothing is.
    """

    name: str
    text: str
    closing: str = _CLOSING
    digest: Digest

    @classmethod
    def load(cls, name: str, placeholders: Collection[str] = ("n",)) -> Self:
        """Load a prompt of the package, such as `describe_image.v1`, or a file of one's own ending in `.md`.

        Raises `UsageError` for one that is missing, has no front matter, or other placeholders than these.
        """
        own = name.endswith(".md")
        path = Path(name) if own else files("internvl_vpr.prompts") / f"{name}.md"
        try:
            content = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        except (OSError, ValueError) as error:
            raise UsageError(
                f"The prompt {name!r} cannot be read: name one of {', '.join(prompt_names())}, or a .md file."
            ) from error
        return cls.parse(name, content, placeholders)

    @classmethod
    def parse(cls, name: str, content: str, placeholders: Collection[str] = ("n",)) -> Self:
        """Turn the content of a prompt file into a prompt; raises `UsageError`.

        Its front may have `closing`: a text to send after the image, or `none`.
        """
        match = _FRONT.fullmatch(content)
        if match is None:
            raise UsageError(f"The prompt {name!r} does not begin with its name and version between two --- lines.")
        front = dict(re.findall(r"^(\w+): *(\S.*)$", match["front"], re.MULTILINE))
        text = match["text"].strip()
        template = Template(text)
        fits = template.is_valid() and set(template.get_identifiers()) == set(placeholders)
        if {"name", "version"} - front.keys() or not fits:
            only = " and ".join(f"${one}" for one in placeholders)
            wanted = f"{only} as its only placeholder" if only else "no placeholder"
            raise UsageError(f"The prompt {name!r} needs a name, a version, and {wanted}.")
        version, closing = front["version"], front.get("closing", _CLOSING)
        return cls(
            name=f"{front['name']}.{'v' if version[0].isdigit() else ''}{version}",
            text=text,
            closing="" if closing == _NO_CLOSING else closing,
            # The usual closing is no part of it, so that what was recorded before prompts could name one stays valid. A
            # line that moves from the text to the closing makes another prompt, hence the null between them.
            digest=hashlib.sha256((text if closing == _CLOSING else f"{text}\0{closing}").encode()).hexdigest(),
        )

    @property
    def signature(self) -> str:
        """Name and digest, as they are recorded."""
        return f"{self.name} {self.digest}"

    @property
    def short_signature(self) -> str:
        """Name and the beginning of the digest, as they stand in the ids of what asks."""
        return f"{self.name} {self.digest[:12]}"

    def render(self, n: int) -> str:
        """Return the text that asks for `n` cues."""
        return _rendered(self.text, n)


@lru_cache(maxsize=64)
def _rendered(text: str, n: int) -> str:
    return Template(text).substitute(n=n)


def prompt_names() -> list[str]:
    """Return the names of the package's prompts for describing an image."""
    names = (path.name.removesuffix(".md") for path in files("internvl_vpr.prompts").iterdir())
    return sorted(name for name in names if name.startswith("describe_image."))
