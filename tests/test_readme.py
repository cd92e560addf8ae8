"""What README, CONTRIBUTING and docs/ show is true: snippets run, commands parse, links and file names lead somewhere.

`<!-- needs: langgraph dev -->` before a snippet says which server it asks; the test starts one, on another port.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from urllib.parse import unquote

import click
import langgraph_server
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from PIL import Image
from texture import texture, write_textures

from internvl_vpr.agent.cli.main import cli
from internvl_vpr.agent.rules.slash import BY_NAME, SLASHES
from internvl_vpr.agent.settings import PREFIX, Settings, resolve_settings
from internvl_vpr.tools.features.backbone import RootSiftSettings
from internvl_vpr.tools.index.build import update_index
from internvl_vpr.tools.index.files import IndexSettings

ROOT = Path(__file__).parents[1]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
}
TEXT = "\n".join(PAGES.values())
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
TOP_FOLDERS = ("agent", "tools", "evals", "prompts", "tests", "bench", "docs", ".src", ".ci")


@dataclass(frozen=True)
class Snippet:
    """A block of Python, with its page, the line it begins at, and the server that it needs."""

    page: str
    line: int
    needs: str | None
    code: str


def snippets() -> list[Snippet]:
    """All blocks of Python but CONTRIBUTING's, which draws the picture."""
    return [
        Snippet(page, text[: m.start(2)].count("\n") + 1, m[1], m[2])
        for page, text in PAGES.items()
        for m in _PYTHON.finditer(text)
        if page != "CONTRIBUTING.md"
    ]


def console_lines() -> Iterator[str]:
    """Each command of the console blocks, as one line without comment."""
    for language, block in _FENCED.findall(TEXT):
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
    return _SPAN.findall(_FENCED.sub("", TEXT))


def subcommands(group: click.Group) -> dict[str, click.Command]:
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def resolve(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words name, and the words after its name; a name that does not exist is an error."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words[:1] not in (["--help"], ["…"]):
        assert words, f"a command of {command.name} is missing"
        within = subcommands(command)
        assert words[0] in within, f"{command.name} has no command {words[0]}"
        command, words = within[words[0]], words[1:]
    return command, words


def parse(words: list[str]) -> None:
    """Parse the words of a command line after our name: an unknown flag or a missing argument is an error."""
    command, rest = resolve(words)
    with command.make_context(command.name, rest):
        pass


def flags_of(command: click.Command) -> set[str]:
    names = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return {name for name in names if name.startswith("--")} | {"--help", "--version"}


def all_flags(command: click.Command = cli) -> set[str]:
    within = subcommands(command).values() if isinstance(command, click.Group) else ()
    return flags_of(command).union(*map(all_flags, within))


def flags_in(words: list[str]) -> list[str]:
    return [word.partition("=")[0] for word in words if word.startswith("--")]


def tokens(text: str) -> list[Token]:
    """All tokens of a page, those within a line too."""
    blocks = MarkdownIt("commonmark").enable("table").parse(text)
    return [token for block in blocks for token in (block, *(block.children or ()))]


def targets(text: str) -> Iterator[str]:
    """Where a page's links and images lead."""
    for token in tokens(text):
        if token.type in ("link_open", "image"):
            yield unquote(str(token.attrGet("src" if token.type == "image" else "href")))


def anchors(text: str) -> set[str]:
    """What GitHub makes of a page's headings: lower case, blanks as hyphens, no other punctuation."""
    found = tokens(text)
    headings = [after.content for token, after in pairwise(found) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row of a page's tables."""
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a reader has: a small map in `my-places`, and `night.jpg`; described by statistics, and not verified."""
    pytest.importorskip("cv2", reason="needs the extra embedded")
    folder = tmp_path_factory.mktemp("reader")
    write_textures(folder / "photos", range(8))
    backbone = RootSiftSettings(longer_side=160, step=12, sizes=(4.0,))
    update_index(folder / "photos", folder / "my-places", IndexSettings(backbone=backbone, clusters=8))
    texture(3).save(folder / "night.jpg", quality=95)
    (folder / "internvl-vpr.toml").write_text('describer = "statistics"\nverify = "off"\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    """The environment of a reader who has activated the virtual environment."""
    kept = {name: os.environ[name] for name in ("HOME", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return {**kept, "PATH": path, "HF_HUB_OFFLINE": "1"}


def run(*command: str, folder: Path, environ: dict[str, str]) -> str:
    ran = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, encoding="utf-8", timeout=600, check=False
    )
    assert ran.returncode == 0, ran.stderr
    if command[0] == sys.executable:
        assert ran.stderr == ""  # a snippet warns of nothing
    return ran.stdout


@contextmanager
def mcp_server(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    """Serve the reader's map over HTTP on a free port, as the page says, and yield its address."""
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


@pytest.mark.parametrize("snippet", snippets(), ids=lambda snippet: f"{snippet.page} line {snippet.line}")
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
        assert WHERE in run(sys.executable, "-c", code, folder=folder, environ=environ)


def test_every_way_that_is_promised_has_a_snippet() -> None:
    code = "".join(snippet.code for snippet in snippets())
    for name in ("graph.ainvoke", "assistant", "locate_photo_tool", "langchain_tools", "add_node", "mcp", "Remote"):
        assert name in code


_KINDS = {
    "verdict": r"(Confirmed|Likely|A guess|Undecided between \d+ places|Probably not in your map): ",
    "map": r"https://www\.openstreetmap\.org/\?mlat=",
    "agree": r"\d+ photos of your map agree, at most \d+ m apart\.",
    "lead": r"Nearest by looks: ",
    "why": r"Why: ",
    "own": r"The photo's own position, which was not used, is \d+ m from there\.",
}


def test_the_sample_answer_has_the_lines_of_a_real_one(folder: Path, environ: dict[str, str]) -> None:
    (block,) = (
        block for _, block in _FENCED.findall(PAGES["README.md"]) if block.startswith("$ internvl-vpr locate night")
    )
    sample = block.partition("\n")[2]
    real = run(
        *("internvl-vpr", "locate", "night.jpg", "--places", "my-places"),
        folder=folder, environ={**environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert kinds_of(sample) == ["verdict", "map", "agree", "why", "own"]
    # A photo of another map can have no position of its own, and other notes.
    assert [kind for kind in kinds_of(real) if kind in ("verdict", "why")] == ["verdict", "why"]
    assert max(map(len, sample.splitlines())) <= 100


def kinds_of(text: str) -> list[str]:
    """What each line of an answer is; one that is none of these is an error, but for notes."""
    lines = [line for line in text.strip().splitlines() if not line.startswith("Note: ")]
    return [next(kind for kind, pattern in _KINDS.items() if re.match(pattern, line)) for line in lines]


def test_the_picture_is_drawn_as_contributing_says(tmp_path: Path) -> None:
    (code,) = (block for language, block in _FENCED.findall(PAGES["CONTRIBUTING.md"]) if language == "python")
    for name in re.findall(r'"(\w+/\*place\d+@\d+\*)"', code):
        photo = tmp_path / "demo-town/town" / name.replace("*", "@")
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (480, 360)).save(photo.with_suffix(".jpg"))
    (tmp_path / "docs").mkdir()
    run(sys.executable, "-c", code, folder=tmp_path, environ=dict(os.environ))
    committed = ROOT / "docs/sample.webp"
    with Image.open(tmp_path / "docs/sample.webp") as drawn, Image.open(committed) as kept:
        assert drawn.size == kept.size
    assert committed.stat().st_size < 100_000


def test_every_command_line_of_a_console_block_can_be_parsed() -> None:
    ours = [words[1:] for words in commands() if words[0] == "internvl-vpr"]
    assert len(ours) >= 10
    for words in ours:
        parse(words)


def test_the_configuration_of_an_mcp_client_starts_a_command_that_exists() -> None:
    (block,) = (block for language, block in _FENCED.findall(TEXT) if language == "json")
    for server in json.loads(block)["mcpServers"].values():
        assert server["command"] == "internvl-vpr"
        parse(server["args"])


def test_every_make_target_exists() -> None:
    there = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {words[1] for words in commands() if words[0] == "make"}
    named |= {span.split()[1] for span in inline() if span.startswith("make ")}
    assert named
    assert named <= there


def test_every_command_in_the_text_exists_with_its_flags() -> None:
    """Also those without our name before them, such as `eval run SPLIT… --places DIR`."""
    known = subcommands(cli)
    named = [span.split() for span in inline() if "$(" not in span]
    ours = [words[1:] for words in named if words[0] == "internvl-vpr" and len(words) > 1]
    ours += [words for words in named if len(words) > 1 and words[0] in known]
    assert len(ours) >= 10
    for words in ours:
        command, rest = resolve(words)
        assert set(flags_in(rest)) <= flags_of(command), " ".join(words)


def test_every_flag_in_the_text_exists() -> None:
    named = {flag for span in inline() if span.startswith("--") for flag in flags_in(span.split())}
    assert len(named) >= 20
    assert named <= all_flags()


def test_the_page_of_the_chat_names_all_its_commands() -> None:
    spans = _SPAN.findall(_FENCED.sub("", PAGES["docs/chat.md"]))
    named = {span.split()[0].removeprefix("/") for span in spans if span.startswith("/")}
    assert named <= set(BY_NAME)
    assert {slash.name for slash in SLASHES} <= {BY_NAME[name].name for name in named}


def test_every_variable_is_a_setting() -> None:
    named = set(re.findall(rf"{PREFIX}([A-Z_]+)", TEXT)) - OTHER_VARIABLES
    assert named
    assert named <= {name.upper() for name in Settings.model_fields}


def test_every_number_in_the_table_of_presets_is_the_presets() -> None:
    (heading, *table) = [row for row in rows(PAGES["docs/presets-and-settings.md"]) if len(row) == 4]
    names = [cell.split("`")[1] for cell in heading[1:]]
    presets = {
        name: resolve_settings({"preset": name}, environ={"HOME": "/nowhere"}).model_dump(mode="json") for name in names
    }
    settings = [(label.split("`")[1].replace("-", "_"), cells) for label, *cells in table if label.startswith("`")]
    assert len(settings) == 15
    for setting, cells in settings:
        for name, cell in zip(names, cells, strict=True):
            shown = re.split("[:,]", cell.replace("−", "-"))[0]  # what follows is an explanation
            value: str | float = presets[name][setting]
            assert (shown if isinstance(value, str) else float(shown)) == value, (name, setting)


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in targets(text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), target


def test_readme_is_short_and_leads_to_every_page() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 200
    linked = set(targets(PAGES["README.md"]))
    assert set(PAGES) - {"README.md"} <= linked


def test_every_file_that_is_named_exists() -> None:
    named = {span for span in inline() if span.split("/")[0] in TOP_FOLDERS and "/" in span}
    assert len(named) >= 40
    missing = {name for name in named if not (ROOT / name).exists()}
    assert not missing


def test_every_folder_of_the_source_is_in_the_table_of_contributing() -> None:
    listed = {row[0].strip("`") for row in rows(PAGES["CONTRIBUTING.md"])}
    holding = {path.parent for top in ("agent", "tools", "evals", "prompts") for path in (ROOT / top).rglob("*.py")}
    folders = {f"{path.relative_to(ROOT).as_posix()}/" for path in holding}
    assert len(folders) > 20
    assert folders <= listed


def test_every_equation_is_where_the_table_says() -> None:
    """Its function is in its file, and the tests named for it import that module."""
    table = [row for row in rows(PAGES["docs/method.md"]) if len(row) == 5 and "`" in row[2]]
    numbers = {int(number) for row in table for number in re.findall(r"\d+", row[0])}
    assert numbers == set(range(1, 11))
    for _, _, file, function, tests in table:
        module = "internvl_vpr." + file.strip("`").removesuffix(".py").replace("/", ".")
        assert callable(attrgetter(function.strip("`"))(import_module(module))), function
        assert any(module in (ROOT / test).read_text(encoding="utf-8") for test in _SPAN.findall(tests)), module
