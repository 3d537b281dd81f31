"""Colours come out as they were meant, whatever matrix and range they were coded in."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from aigc_edit.media import (
    BT709,
    FrameConverter,
    PictureConverter,
    PictureForm,
    PictureReader,
    probe,
)
from aigc_edit.media.looks import Colour
from aigc_edit.testing import ClipSpec, make_clip
from tests.tolerances import PATCH_LEVELS

PATCHES = {
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "skin": (224, 172, 105),
    "teal": (20, 110, 120),
}
# Kr and Kb of each matrix (ITU-T H.273).
WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114)}


def coded(rgb: tuple[int, int, int], colour: Colour) -> av.VideoFrame:
    """A 64 x 64 frame of 4:4:4 planes, computed from the standard's own formula."""
    kr, kb = WEIGHTS[colour.matrix]
    r, g, b = (value / 255 for value in rgb)
    y = kr * r + (1 - kr - kb) * g + kb * b
    pb, pr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    if colour.full_range:
        levels = (255 * y, 128 + 255 * pb, 128 + 255 * pr)
    else:
        levels = (16 + 219 * y, 128 + 224 * pb, 128 + 224 * pr)
    planes = np.stack([np.full((64, 64), np.clip(round(v), 0, 255), np.uint8) for v in levels])
    return av.VideoFrame.from_ndarray(planes, format="yuv444p")


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", [1, 5, 6], ids=["709", "601-625", "601-525"])
@pytest.mark.parametrize("patch", sorted(PATCHES))
def test_rgb_is_what_was_meant(matrix, full_range, patch):
    colour = Colour(matrix, 1, 1, full_range)
    form = PictureForm(64, 64)
    image = PictureConverter(form, colour).array(coded(PATCHES[patch], colour))

    assert image.shape == (64, 64, 3)
    assert np.abs(image.astype(int) - PATCHES[patch]).max() <= PATCH_LEVELS


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("grey", [0, 64, 128, 200, 255])
def test_gray_is_full_range_luma(grey, full_range):
    colour = Colour(1, 1, 1, full_range)
    converter = PictureConverter(PictureForm(32, 32, "gray"), colour)
    image = converter.array(coded((grey, grey, grey), colour))

    assert image.shape == (32, 32)
    assert np.abs(image.astype(int) - grey).max() <= PATCH_LEVELS


@pytest.mark.parametrize("patch", sorted(PATCHES))
def test_there_and_back_changes_nothing_that_anybody_sees(patch):
    image = np.full((64, 64, 3), PATCHES[patch], np.uint8)
    frame = FrameConverter("yuv444p").frame(image.transpose(2, 0, 1))
    back = PictureConverter(PictureForm(64, 64), BT709).array(frame)

    assert np.abs(back.astype(int) - PATCHES[patch]).max() <= PATCH_LEVELS


@pytest.mark.parametrize(("height", "matrix"), [(576, 5), (720, 1)])
def test_untagged_pictures_are_read_as_players_read_them(tmp_path, height, matrix):
    clip = tmp_path / "u.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, height, "yuv444p"
        colour = Colour(matrix, 1, 1, full_range=False)
        planes = coded(PATCHES["skin"], colour).to_ndarray()[:, :1, :1]
        frame = av.VideoFrame.from_ndarray(
            np.ascontiguousarray(np.broadcast_to(planes, (3, height, 64))), format="yuv444p"
        )
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    source = probe(clip)
    with PictureReader(source) as reader:
        frame = next(reader.pictures()).frame
    image = PictureConverter(PictureForm(64, height), source.video.colour).array(frame)

    assert source.video.colour.matrix == matrix
    assert np.abs(image.astype(int) - PATCHES["skin"]).max() <= PATCH_LEVELS


@pytest.mark.parametrize(
    ("wish", "size"),
    [
        ({}, (192, 108)),
        ({"width": 96}, (96, 54)),
        ({"height": 27}, (48, 27)),
        ({"side": 64}, (64, 36)),
        ({"side": 64, "multiple": 8}, (64, 32)),
        ({"width": 400}, (192, 108)),
        ({"width": 48, "height": 27}, (48, 27)),
        ({"side": 8, "multiple": 8}, (16, 16)),
    ],
)
def test_a_wish_becomes_a_size(clap_clip, wish, size):
    form = PictureForm.of(probe(clap_clip).video, **wish)

    assert (form.width, form.height) == size


def test_arrays_are_their_own(tmp_path):
    clip = make_clip(tmp_path / "c.mp4", ClipSpec(frames=10, rate=Fraction(10), sound_rate=None))
    source = probe(clip)
    converter = PictureConverter(PictureForm(192, 108), source.video.colour)
    with PictureReader(source) as reader:
        images = [converter.array(p.frame) for p in reader.pictures()]
    before = [image.copy() for image in images]
    images[0][:] = 0

    assert all(np.array_equal(a, b) for a, b in zip(images[1:], before[1:], strict=True))
    assert images[0].flags.writeable
