"""What README shows runs as it stands there: its Python, its command lines, its flags and variables.

`<!-- needs: langgraph dev -->` before a snippet says which server it asks; the test starts one, on another port.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click
import langgraph_server
import pytest
from texture import texture, write_textures

from internvl_vpr.agent.cli.main import cli
from internvl_vpr.agent.settings import PREFIX, Settings
from internvl_vpr.tools.features.backbone import RootSiftSettings
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PYTHON = re.compile(r"(?:^<!-- needs: ([^\n]+) -->\n\s*)?^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SPAN = re.compile(r"`([^`\n]+)`")
_DEV = "langgraph dev"
_DEV_URL = "http://127.0.0.1:2024"  # where it listens unless told otherwise
_MCP = "internvl-vpr mcp"
_MCP_URL = "http://127.0.0.1:8765"
WHERE = "45.153"  # degrees north: where texture number 3 is
# Variables that are no settings of a run.
OTHER_VARIABLES = {"PLACES", "MCP_TOKEN", "COMPLETE"}


@dataclass(frozen=True)
class Snippet:
    """A block of Python, with the line it begins at and the server that it needs."""

    line: int
    needs: str | None
    code: str


def snippets() -> list[Snippet]:
    return [Snippet(README[: m.start(2)].count("\n") + 1, m[1], m[2]) for m in _PYTHON.finditer(README)]


def console_lines() -> Iterator[str]:
    """Each command of the console blocks, as one line without comment."""
    for language, block in _FENCED.findall(README):
        if language == "console":
            joined = block.replace("\\\n", " ")
            yield from (line.removeprefix("$ ") for line in joined.splitlines() if line.startswith("$ "))


def commands() -> Iterator[list[str]]:
    """Each command of the console blocks, word for word; parts of a pipe are commands of their own."""
    for line in console_lines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|")
        lexer.whitespace_split = True
        words = list(lexer)
        while "|" in words:
            end = words.index("|")
            yield words[:end]
            words = words[end + 1 :]
        yield words


def inline() -> list[str]:
    """What stands in single backquotes."""
    return _SPAN.findall(_FENCED.sub("", README))


def resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words name, and the words after its name; a name that does not exist is an error."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        assert words, f"a command of {command.name} is missing"
        assert words[0] in command.commands, f"{command.name} has no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


def flags_of(command: click.Command) -> set[str]:
    names = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return {name for name in names if name.startswith("--")} | {"--help", "--version"}


def all_flags(command: click.Command = cli) -> set[str]:
    within = command.commands.values() if isinstance(command, click.Group) else ()
    return flags_of(command).union(*map(all_flags, within))


def flags_in(words: list[str]) -> list[str]:
    return [word.partition("=")[0] for word in words if word.startswith("--")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has: a small map in `my-places`, and `night.jpg`; described by statistics, which is fast."""
    pytest.importorskip("cv2", reason="needs the extra embedded")
    folder = tmp_path_factory.mktemp("reader")
    write_textures(folder / "photos", range(8))
    backbone = RootSiftSettings(longer_side=160, step=12, sizes=(4.0,))
    update_index(folder / "photos", folder / "my-places", IndexSettings(backbone=backbone, clusters=8))
    texture(3).save(folder / "night.jpg", quality=95)
    (folder / "internvl-vpr.toml").write_text('describer = "statistics"\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    """The environment of a reader who has activated the virtual environment."""
    kept = {name: os.environ[name] for name in ("HOME", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return {**kept, "PATH": path, "HF_HUB_OFFLINE": "1"}


@contextmanager
def mcp_server(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    """Serve the reader's map over HTTP on a free port, as README says, and yield its address."""
    command = ["internvl-vpr", "mcp", "--places", "my-places", "--allow", ".", "--transport", "http", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", said)
            assert found is not None, said
            yield found[0]
        finally:
            process.terminate()


@pytest.mark.parametrize("snippet", snippets(), ids=lambda snippet: f"line {snippet.line}")
def test_a_snippet_runs_as_it_stands_and_says_where_the_photo_was_taken(
    snippet: Snippet, folder: Path, environ: dict[str, str]
) -> None:
    code = snippet.code
    with ExitStack() as stack:
        if snippet.needs == _MCP:
            environ = {**environ, "INTERNVL_VPR_MCP_TOKEN": "a token of its own".replace(" ", "-")}
            assert _MCP_URL in code
            code = code.replace(_MCP_URL, stack.enter_context(mcp_server(folder, environ)))
        elif snippet.needs is not None:
            assert snippet.needs == _DEV, "no test starts such a server"
            if find_spec("langgraph_api") is None:
                pytest.skip("needs the extra dev: langgraph-cli[inmem]")
            server = stack.enter_context(langgraph_server.serve(folder, INTERNVL_VPR_PLACES="my-places"))
            assert _DEV_URL in code
            code = code.replace(_DEV_URL, server.url)
        ran = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert WHERE in ran.stdout


def test_every_way_that_is_promised_has_a_snippet() -> None:
    code = "".join(snippet.code for snippet in snippets())
    for name in ("graph.ainvoke", "assistant", "locate_photo_tool", "add_node", "mcp", "RemoteGraph"):
        assert name in code


def test_every_command_line_of_a_console_block_can_be_parsed() -> None:
    ours = [words[1:] for words in commands() if words[0] == "internvl-vpr"]
    assert len(ours) >= 10
    for words in ours:
        command, rest = resolve(words)
        with command.make_context(command.name, rest):  # an unknown flag or a missing argument is an error
            pass


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {words[1] for words in commands() if words[0] == "make"}
    named |= {span.split()[1] for span in inline() if span.startswith("make ")}
    assert named
    assert named <= targets


def test_every_command_in_the_text_exists_with_its_flags() -> None:
    """Also those without our name before them, such as `eval run SPLIT… --places DIR`."""
    named = [span.split() for span in inline() if "$(" not in span]
    ours = [words[1:] for words in named if words[0] == "internvl-vpr"]
    ours += [words for words in named if len(words) > 1 and words[0] in cli.commands]
    assert len(ours) >= 10
    for words in ours:
        command, rest = resolve(words)
        assert set(flags_in(rest)) <= flags_of(command), " ".join(words)


def test_every_flag_in_the_text_exists() -> None:
    named = {flag for span in inline() if span.startswith("--") for flag in flags_in(span.split())}
    assert len(named) >= 20
    assert named <= all_flags()


def test_every_variable_is_a_setting() -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]+)", README)) - OTHER_VARIABLES
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}
