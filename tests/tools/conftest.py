"""Fixtures of the tools' tests."""

from pathlib import Path

import pytest
from damaged_photos import write_damaged_photos


@pytest.fixture
def damaged_photos(tmp_path: Path) -> dict[str, Path]:
    """Files that are named like photographs and must be reported with a `PhotoError`, by kind."""
    return write_damaged_photos(tmp_path / "damaged")
