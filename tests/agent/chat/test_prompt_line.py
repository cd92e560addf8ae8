"""Where what was typed is kept."""

import pwd
import stat
from pathlib import Path

import pytest
from prompt_toolkit.history import FileHistory, InMemoryHistory

from internvl_vpr.agent.chat.prompt_line import open_history, own_history_file


def test_what_was_typed_is_kept_for_its_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    file = own_history_file()
    assert file == tmp_path / "state" / "internvl-vpr" / "history"
    assert isinstance(open_history(file), FileHistory)
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)


def test_it_is_below_the_home_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert own_history_file() == tmp_path / ".local" / "state" / "internvl-vpr" / "history"


def test_without_a_home_it_lasts_as_long_as_the_chat(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # a user whom the system does not know
    assert isinstance(open_history(own_history_file()), InMemoryHistory)


def test_where_no_folder_can_be_made_it_lasts_as_long_as_the_chat(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert isinstance(open_history(tmp_path / "file" / "history"), InMemoryHistory)
