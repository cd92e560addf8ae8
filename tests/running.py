"""The command in a folder of its own, with no terminal: as its own process, or within this one."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

_KEPT = ("PATH", "HOME", "SYSTEMROOT", "LD_LIBRARY_PATH")


def runner(folder: Path) -> Run:
    """Return a function that runs the command in a process; keywords are its only settings from the environment.

    `stdin` is what is piped in.
    """

    def run(*arguments: str | Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "internvl_vpr.agent", *map(str, arguments)],
            capture_output=True, text=True, input=stdin, cwd=folder, env={**kept, "HF_HUB_OFFLINE": "1", **environ},
            timeout=300, check=False,
        )  # fmt: skip

    return run


def caller(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that does the same within this process, which has loaded the libraries already."""
    from internvl_vpr.agent.cli.main import main

    def run(*arguments: str | Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            patch.setattr(sys, "argv", ["internvl-vpr", *map(str, arguments)])
            for name, value in environ.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as ended:
                main()
        written = capsys.readouterr()
        code = ended.value.code
        return subprocess.CompletedProcess(sys.argv, code if isinstance(code, int) else 1, written.out, written.err)

    return run
