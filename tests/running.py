"""The command as its own process, in a folder of its own, with no terminal and none of this process's settings."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Run = Callable[..., subprocess.CompletedProcess[str]]

_KEPT = ("PATH", "HOME", "SYSTEMROOT", "LD_LIBRARY_PATH")


def runner(folder: Path) -> Run:
    """Return a function that runs the command in a folder; keywords are environment variables."""

    def run(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "internvl_vpr.agent", *map(str, arguments)],
            capture_output=True, text=True, cwd=folder, env={**kept, "HF_HUB_OFFLINE": "1", **environ}, timeout=120,
            check=False,
        )  # fmt: skip

    return run
