"""A preset's settings, whatever the environment and the files of the machine say."""

import os
from pathlib import Path

from internvl_vpr.agent.settings import PresetName, Settings, resolve_settings


def preset_settings(name: PresetName) -> Settings:
    """Return a preset's settings."""
    return resolve_settings({"preset": name}, environ={}, file=Path(os.devnull))
