"""What holds for every test: no hub, no settings of the machine's, the same examples in every run."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from running import Run, runner

# Read when the libraries are first imported, so set before any test module is.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

for name in [name for name in os.environ if name.startswith("INTERNVL_VPR_")]:
    del os.environ[name]

settings.register_profile("tests", deadline=None, derandomize=True)
settings.load_profile("tests")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the command in the test's folder."""
    return runner(tmp_path)
