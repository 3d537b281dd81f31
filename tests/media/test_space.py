"""Room on disk is asked for before the work."""

from __future__ import annotations

import pytest

from aigc_edit.errors import EncodeError
from aigc_edit.media import ensure_space, least_bytes


def test_too_little_space_is_said_before_the_work(tmp_path):
    with pytest.raises(EncodeError, match=r"are free, at least 1000000000\.0 GB are needed"):
        ensure_space(tmp_path, 10**18)


def test_enough_space_is_no_matter(tmp_path):
    ensure_space(tmp_path, 1000)


def test_raw_sound_counts_whole_and_coded_parts_twice():
    coded = least_bytes(pixels=1000, frames=800, sound_bits=0)

    assert coded == 2 * 500
    assert least_bytes(pixels=1000, frames=800, sound_bits=0, raw_samples=10) == coded + 40
