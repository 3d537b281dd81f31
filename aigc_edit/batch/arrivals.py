"""Files that somebody still writes: a recording, a copy, a download."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from aigc_edit.batch.places import Remote, RemoteState, Where
from aigc_edit.errors import ProbeError
from aigc_edit.media import FileState

STEADY_SECONDS = 2.0  # without a change


@dataclass
class Arrivals:
    """Remembers how files looked before."""

    _looks: dict[Path, tuple[FileState, float]] = field(default_factory=dict)

    def is_whole(self, path: Where) -> bool:
        """Whether nobody has written to a file for a while, by its time or by two looks.

        What cannot be read is whole, unless it is only just there, as a recording that holds
        nothing yet: the run says what is wrong with it. So is what is elsewhere: whoever fetches
        it looks if it changes meanwhile.
        """
        if isinstance(path, Remote):
            return True
        try:
            state = FileState.of(path)
        except ProbeError:
            return not _is_new(path)
        if time.time() - STEADY_SECONDS - state.changed / 1e9 >= 0:
            return True
        before, since = self._looks.get(path, (None, 0.0))
        if before != state:  # a clock that goes wrong makes times of the future
            self._looks[path] = (state, time.monotonic())
            return False
        return time.monotonic() - since >= STEADY_SECONDS


def _is_new(path: Path) -> bool:
    try:
        return abs(time.time() - path.lstat().st_mtime) < STEADY_SECONDS
    except OSError:
        return False


def state_of(path: Where) -> FileState | RemoteState | None:
    """How a file looks now, or when it was listed elsewhere; None where it cannot be read."""
    if isinstance(path, Remote):
        return path.state
    try:
        return FileState.of(path)
    except ProbeError:
        return None
