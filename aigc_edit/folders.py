"""Where on this machine the program keeps what it can find or fetch again, and if it may fetch."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER_VARIABLE = "AIGC_EDIT_CACHE"
OFFLINE_VARIABLE = "AIGC_EDIT_OFFLINE"


def cache_folder() -> Path:
    """The user's cache folder for this program, or the one that AIGC_EDIT_CACHE names."""
    import platformdirs

    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_path("aigc-edit"))


def is_offline() -> bool:
    """Whether nothing may be fetched: `--offline`, or AIGC_EDIT_OFFLINE in the environment.

    What is missing is then a ModelError that names the command to fetch it.
    """
    return os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0")
