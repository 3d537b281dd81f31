"""Pictures to learn from: out of files, folders and videos."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from aigc_edit.engine import content, read_content
from aigc_edit.errors import AigcEditError, DecodeError, ProbeError, UsageError


def drawn(path, size=(40, 30), colour=(200, 100, 50), **more):
    Image.new("RGB", size, colour).save(path, **more)
    return path


def test_a_folder_gives_its_pictures_and_frames_of_its_videos(tmp_path, silent_film):
    (tmp_path / "deep").mkdir()
    drawn(tmp_path / "deep" / "one.png")
    (tmp_path / "film.mp4").write_bytes(silent_film.read_bytes())
    (tmp_path / "notes.txt").write_text("passed over")
    found = read_content([tmp_path])

    assert found[0].shape == (30, 40, 3)
    assert found[0][0, 0].tolist() == [200, 100, 50]
    assert len(found) == 17
    assert {frame.dtype for frame in found} == {np.dtype(np.uint8)}


def test_frames_come_from_all_over_a_video(silent_film):
    """Two seconds, a cut in the middle."""
    found = read_content([silent_film])
    jumps = [np.abs(a.astype(int) - b).mean() for a, b in pairwise(found)]

    assert len(found) == 16
    assert int(np.argmax(jumps)) == 7


def test_no_more_is_read_than_memory_holds(tmp_path, silent_film, monkeypatch):
    monkeypatch.setattr(content, "_MOST", 6)
    for number in range(9):
        drawn(tmp_path / f"{number}.png", colour=(number, 0, 0))

    assert [picture[0, 0, 0] for picture in read_content([tmp_path])] == [0, 1, 3, 4, 6, 7]
    assert len(read_content([silent_film, silent_film])) == 6


def test_large_ones_are_shrunk_and_turned_ones_stand_upright(tmp_path):
    turned = Image.Exif()
    turned[0x0112] = 6
    drawn(tmp_path / "turned.jpg", (400, 200), exif=turned)

    assert read_content([tmp_path], side=100)[0].shape == (100, 50, 3)


def test_what_cannot_be_read_is_told_in_one_line(tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    noise = tmp_path / "film.mp4"
    noise.write_bytes(b"no film")
    (tmp_path / "empty").mkdir()
    for path, kind, what in (
        (broken, DecodeError, "this picture cannot be read"),
        (noise, ProbeError, "film"),
        (tmp_path / "empty", UsageError, "no pictures or videos in this folder"),
        (tmp_path / "none", UsageError, "no such file"),
    ):
        with pytest.raises(AigcEditError, match=what) as caught:
            read_content([path])

        assert isinstance(caught.value, kind)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
