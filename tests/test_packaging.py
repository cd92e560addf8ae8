"""The wheel holds the four folders and nothing else, and every dependency is pinned."""

import shutil
import subprocess
import sys
import tomllib
from configparser import ConfigParser
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FOLDERS: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
# torch names the exact CUDA libraries that it was built with, and only some machines get them.
CUDA = ("cuda-", "nvidia-", "triton")


def run(*command: Any, cwd: Path) -> str:
    result = subprocess.run(list(map(str, command)), check=False, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def shipped_files() -> set[str]:
    """All files of the four folders, but for the baseline, which is of use in the repository alone."""
    return {
        f"{package.replace('.', '/')}/{path.relative_to(ROOT / folder).as_posix()}"
        for package, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not {"__pycache__", "baseline"} & set(path.relative_to(ROOT).parts)
    }


def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {name: Version(version) for name, version in pairs}


def declared() -> list[Requirement]:
    project = PROJECT["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    return [Requirement(text) for text in [*PROJECT["build-system"]["requires"], *project["dependencies"], *extras]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: a build folder left in the tree would slip removed modules into a later wheel."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in (*FOLDERS.values(), "tests", "bench"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", source / "dist", cwd=source)
    (built,) = (source / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that holds the wheel alone."""
    folder = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    return python


def test_the_wheel_holds_the_four_folders_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert names == shipped_files()
    assert {f"internvl_vpr/{folder}/py.typed" for folder in FOLDERS.values()} <= names
    assert any(name.startswith("internvl_vpr/prompts/") and name.endswith(".md") for name in names)


def test_the_wheel_has_the_command_and_the_licence(wheel: Path) -> None:
    entry_points = ConfigParser()
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        info = next(name.split("/")[0] for name in names if ".dist-info/" in name)
        entry_points.read_string(archive.read(f"{info}/entry_points.txt").decode())
    assert dict(entry_points["console_scripts"]) == {"internvl-vpr": "internvl_vpr.agent.cli.main:main"}
    assert "internvl_vpr/agent/cli/main.py" in names
    assert f"{info}/licenses/LICENSE" in names


def test_an_installed_wheel_adds_one_name_and_is_imported_from_anywhere(bare_python: Path, tmp_path: Path) -> None:
    # -I: neither the working folder nor PYTHONPATH can help.
    imported = "import internvl_vpr.tools, internvl_vpr.prompts, internvl_vpr.evals, internvl_vpr.agent as a"
    agent = Path(run(bare_python, "-I", "-c", f"{imported}; print(a.__file__)", cwd=tmp_path).strip())
    site_packages = agent.parents[2]
    assert site_packages.is_relative_to(bare_python.parents[1])
    names = {path.name for path in site_packages.iterdir() if path.suffix != ".dist-info"}
    assert names == {"internvl_vpr"}


def test_every_declared_dependency_is_pinned_within_its_range() -> None:
    pinned = pins()
    for requirement in declared():
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def test_what_the_dependencies_need_is_pinned_too() -> None:
    pinned = pins()
    waiting = declared()
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name.startswith(CUDA):
            continue
        assert requirement.specifier.contains(pinned[name], prereleases=True), requirement
        for extra in {"", *requirement.extras} - {extra for other, extra in seen if other == name}:
            seen.add((name, extra))
            waiting += [r for r in needs(name) if r.marker is None or r.marker.evaluate({"extra": extra})]
    assert len(seen) > len(declared())


def needs(name: str) -> list[Requirement]:
    try:
        return [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:  # of an extra that is not installed here
        return []


def test_pins_are_sorted_and_hold_on_any_machine() -> None:
    pinned = pins()
    assert list(pinned) == sorted(pinned)
    assert all(name == canonicalize_name(name) and version.local is None for name, version in pinned.items())


def test_every_folder_with_code_is_a_package() -> None:
    packages = {
        package + "".join(f".{part}" for part in path.parent.relative_to(ROOT / folder).parts)
        for package, folder in FOLDERS.items()
        for path in (ROOT / folder).rglob("*.py")
    }
    assert packages == set(PROJECT["tool"]["setuptools"]["packages"])


def test_the_links_for_the_type_checkers_are_the_package_map() -> None:
    links = {path.name: path.readlink().as_posix() for path in (ROOT / ".src/internvl_vpr").iterdir()}
    assert {f"internvl_vpr.{name}": target for name, target in links.items()} == {
        package: f"../../{folder}" for package, folder in FOLDERS.items()
    }
