"""Finds the `llama-server` program, or builds it: `python tests/endpoint/llama_server.py` prints the path.

It is compiled once, for the processor alone, from the sources that the llama-cpp-python package carries, and kept in a
folder outside the repository: `$INTERNVL_VPR_CACHE`, else `internvl-vpr` below the user's cache folder.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_PACKAGE, _VERSION = "llama-cpp-python", "0.3.36"
_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
_SOURCES = "vendor/llama.cpp"  # within the package
_TARGET = "llama-server"
# A model of one megabyte gains nothing from -O3 or the newest instructions, and the cache may move to another machine.
_ON = ("LLAMA_BUILD_TOOLS", "LLAMA_BUILD_SERVER")
_OFF = (
    "BUILD_SHARED_LIBS", "GGML_BLAS", "GGML_CCACHE", "GGML_CPU_REPACK", "GGML_LLAMAFILE", "GGML_METAL", "GGML_NATIVE",
    "GGML_OPENMP", "LLAMA_BUILD_APP", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_TESTS", "LLAMA_BUILD_UI", "LLAMA_OPENSSL",
    "LLAMA_SUBPROCESS", "LLAMA_USE_PREBUILT_UI",
)  # fmt: skip
_LINES_OF_A_FAILURE = 15


class CannotBuild(Exception):
    """The program is not in the cache and cannot be built; the message says what to do."""


def cached_server() -> Path | None:
    """Return the path of the program that was built before, None without one."""
    program = _place()
    return program if program.exists() else None


def llama_server() -> Path:
    """Return the path of the program, built within minutes on first use; raises `CannotBuild`."""
    program = _place()
    if program.exists():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    with _alone(program.with_name("build.lock")):
        if not program.exists():  # another process may have built it meanwhile
            _make(program)
    return program


def _place() -> Path:
    """Return where the cache holds the program; an empty variable is none."""
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    folder = Path(os.environ.get("INTERNVL_VPR_CACHE") or Path(caches, "internvl-vpr")).expanduser().absolute()
    return folder / f"{_TARGET}-{_VERSION}-{sysconfig.get_platform()}"


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other process is in here; a process that dies leaves."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(program: Path) -> None:
    _require_compilers()
    folder = program.with_name("build")
    shutil.rmtree(folder, ignore_errors=True)  # of a build that was killed
    folder.mkdir()
    try:
        sources = _unpack(_download(folder), folder / "sources") / _SOURCES
        # In the cache's own folder, where renaming is one step: an entry is whole or absent.
        _compile(sources, folder / "objects").replace(program)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _say(f"{_TARGET} is in {program}.")


def _require_compilers() -> None:
    if shutil.which("cmake") is None:
        raise CannotBuild(
            f"cmake is not on the PATH and is needed to build {_TARGET}: install it, e.g. pip install cmake."
        )
    named = os.environ.get("CXX")
    if not any(shutil.which(name) for name in ([named] if named else ["c++", "g++", "clang++"])):
        wanted = f"The compiler {named}, which $CXX names," if named else "A C++ compiler"
        raise CannotBuild(f"{wanted} is not on the PATH and is needed to build {_TARGET}: install one, e.g. g++.")


def _download(folder: Path) -> Path:
    """Return the path of the package's source archive; pip runs nothing of it before its hash is found right."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{_PACKAGE}=={_VERSION} --hash=sha256:{_SHA256}\n")
    _say(f"Downloading the sources of {_TARGET} (77 MB)")
    _run(
        [
            sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download",
            "--no-deps", "--no-binary", _PACKAGE, "--dest", str(folder), "--requirement", str(wanted),
        ],
        folder / "pip.log",
    )  # fmt: skip
    (archive,) = folder.glob("*.tar.gz")
    return archive


def _unpack(archive: Path, folder: Path) -> Path:
    """Unpack what stays within the folder; returns the one folder that the archive holds."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    (inner,) = folder.iterdir()
    return inner


def _compile(sources: Path, folder: Path) -> Path:
    """Return the path of the program within the build folder."""
    switches = [f"-D{name}=ON" for name in _ON] + [f"-D{name}=OFF" for name in _OFF]
    flags = [f"-DCMAKE_{language}_FLAGS_RELEASE=-O1 -DNDEBUG" for language in ("C", "CXX")]
    log = folder.with_suffix(".log")
    _run(["cmake", "-S", str(sources), "-B", str(folder), "-DCMAKE_BUILD_TYPE=Release", *flags, *switches], log)
    jobs = str(os.cpu_count() or 1)
    _say(f"Compiling {_TARGET} in {jobs} processes (on two cores this takes some eight minutes)")
    _run(["cmake", "--build", str(folder), "--target", _TARGET, "--parallel", jobs], log, progress="[")
    return folder / "bin" / _TARGET


def _run(command: Sequence[str], log: Path, *, progress: str | None = None) -> None:
    """Run a program to its end, its output in a file; lines that begin with `progress` are shown, too."""
    with (
        log.open("w") as file,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            file.write(line)
            if progress is not None and line.startswith(progress):
                _say(line.rstrip())
    if process.returncode:
        last = log.read_text().splitlines()[-_LINES_OF_A_FAILURE:]
        raise CannotBuild("\n".join([f"{_TARGET} cannot be built, because {Path(command[0]).name} failed:", *last]))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> None:
    """Print the path of the program."""
    try:
        sys.stdout.write(f"{llama_server()}\n")
    except CannotBuild as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
