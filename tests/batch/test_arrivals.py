"""Files that somebody still writes."""

from __future__ import annotations

import os
import time

from aigc_edit.batch.arrivals import STEADY_SECONDS, Arrivals


def test_what_nobody_writes_to_is_whole(tmp_path):
    film = tmp_path / "film.mp4"
    for content in (b"", b"some"):
        film.write_bytes(content)
        assert not Arrivals().is_whole(film)
        ago = time.time() - 2 * STEADY_SECONDS
        os.utime(film, (ago, ago))
        assert Arrivals().is_whole(film)  # one that stays empty is told to be


def test_what_is_gone_is_not_waited_for(tmp_path):
    assert Arrivals().is_whole(tmp_path / "gone.mp4")
