"""Where on this machine the program keeps what it can find or fetch again."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

FOLDER_VARIABLE = "AIGC_EDIT_CACHE"


def cache_folder() -> Path:
    """The user's cache folder for this program, or the one that AIGC_EDIT_CACHE names."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_path("aigc-edit"))
