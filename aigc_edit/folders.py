"""Where on this machine the program keeps things, and if it may fetch what is missing."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_VARIABLE = "AIGC_EDIT_CACHE"
DATA_VARIABLE = "AIGC_EDIT_DATA"
OFFLINE_VARIABLE = "AIGC_EDIT_OFFLINE"


def cache_folder() -> Path:
    """For what can be found or fetched again: the user's, or the one AIGC_EDIT_CACHE names."""
    import platformdirs

    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_path("aigc-edit"))


def data_folder() -> Path:
    """For what the user made, such as looks: the user's, or the one AIGC_EDIT_DATA names."""
    import platformdirs

    named = os.environ.get(DATA_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_data_path("aigc_edit"))


def is_offline() -> bool:
    """Whether nothing may be fetched: `--offline`, or AIGC_EDIT_OFFLINE in the environment.

    What is missing is then a ModelError that names the command to fetch it.
    """
    return os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0")
