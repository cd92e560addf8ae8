"""What holds for every test on every machine: no hub, nobody's own settings, and the same examples in every run."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from running import Run, runner

# Read when the libraries are first imported, so set before any test module is.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

# The terminal and the shell that the tests are started from, a person's own settings, and the way to the network.
_OF_THE_MACHINE = (
    *("ACCESSIBLE", "COLORTERM", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "STY", "TERM", "TERM_PROGRAM", "TMUX"),
    *("TTY_COMPATIBLE", "TTY_INTERACTIVE", "ZELLIJ", "PYTHONWARNINGS"),
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
    *("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "HF_HOME"),
    *(f"{protocol}_proxy" for protocol in ("all", "http", "https", "no")),
    *(f"{protocol}_PROXY" for protocol in ("ALL", "HTTP", "HTTPS", "NO")),
)

for name in [name for name in os.environ if name.startswith("INTERNVL_VPR_") or name in _OF_THE_MACHINE]:
    del os.environ[name]

# A shell ignores Ctrl-C for what it starts in the background, and whatever that starts would ignore it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("tests", deadline=None, derandomize=True)
settings.load_profile("tests")


@pytest.fixture(scope="session", autouse=True)
def _empty_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A home without settings or history; what was downloaded or compiled once is still found in the real one."""
    with pytest.MonkeyPatch.context() as patch:
        if "HOME" in os.environ and not os.environ.get("XDG_CACHE_HOME"):
            patch.setenv("XDG_CACHE_HOME", str(Path(os.environ["HOME"], ".cache")))
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command in the test's folder."""
    return runner(tmp_path)
