"""Words stand in the order in which they are read."""

from __future__ import annotations

import numpy as np
import pytest

from aigc_edit.stages.text.drawing import CueArtist, Paint, placed, visual_order
from aigc_edit.stages.text.fonts import FontChain

ARABIC, HEBREW = "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd"


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (["a", " b", " c"], [0, 1, 2]),
        ([ARABIC, f" {ARABIC}", f" {ARABIC}"], [2, 1, 0]),
        ([ARABIC, " Whisper", " two", f" {ARABIC}"], [3, 1, 2, 0]),
        ([ARABIC, " 2026", f" {ARABIC}"], [2, 1, 0]),
        (["say", f" {HEBREW}", f" {HEBREW}", " again"], [0, 2, 1, 3]),
        (["12:30"], [0]),
        ([], []),
    ],
)
def test_order_from_left_to_right(words, order):
    assert visual_order(words) == order


def artist(room: tuple[int, int] = (600, 300)) -> CueArtist:
    return CueArtist(FontChain(), 40, room, Paint(box=0.5, outline=False))


def test_lines_that_are_too_wide_are_drawn_smaller():
    words = [f" word{n}" for n in range(30)]
    image = artist().drawn([words])

    assert image.width <= 600
    assert image.getbbox() is not None


@pytest.mark.parametrize("where", ["top", "middle", "bottom"])
@pytest.mark.parametrize("size", [(640, 360), (101, 57), (33, 21)])
def test_pictures_of_cues_lie_on_the_frame_at_even_places(where, size):
    overlay = placed(artist().drawn([["Hello"], ["there"]]), size, where, 0.05)
    height, width = overlay.rgba.shape[:2]

    assert overlay.x % 2 == overlay.y % 2 == height % 2 == width % 2 == 0
    assert 0 <= overlay.x <= size[0]
    assert overlay.y + height <= size[1] + 1
    assert overlay.rgba.dtype == np.uint8


@pytest.mark.parametrize(
    "lines",
    [
        [["Good", " morning,"], ["Pebble", " Bay!"]],
        [["今天", "天气", "很好"]],
        [["مرحبا", " بكم", " 2024"]],
        [["नमस्ते", " दुनिया"]],
    ],
)
def test_each_word_stands_out_within_a_box_of_its_own(lines):
    drawer = artist()
    plain, accented = (
        np.asarray(drawer.drawn(lines, accented=accented)).astype(int) for accented in (False, True)
    )
    owners = np.zeros(plain.shape[:2], int)
    for left, top, right, bottom in drawer.boxes(lines):
        owners[top:bottom, left:right] += 1
    stands_out = (plain != accented).any(axis=2)

    assert len(drawer.boxes(lines)) == sum(map(len, lines))
    assert stands_out.any()
    assert (owners[stands_out] == 1).all()
