"""Captions stand where and when they should, and nothing else of the picture changes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from aigc_edit.api import FilterContext, Planes, PluginError, Sentence, Span, Timeline, Transcript
from aigc_edit.media import Colour, PictureConverter, PictureForm, planes_frame
from aigc_edit.media.looks import MATRIX_709
from aigc_edit.stages.frames.captions import LOOKS, Captions
from aigc_edit.stages.text.fonts import PILLOWS, FontChain, installed
from aigc_edit.timeline import spread

TEXT = "Good morning, Pebble Bay! The sun is up."
SAID = Span(1, 4)
WHITE, BLACK, GREY = 235, 16, 90


def captions(
    frame: tuple[int, int] = (640, 360), text: str = TEXT, matrix: str = "bt709", **options
) -> Captions:
    track = Transcript("transcript", (Sentence(spread(text, SAID)),), "en")
    tracks = Timeline(Fraction(6)).then(track)
    stage = Captions(Captions.Options(**options))
    stage.begin(FilterContext(*frame, Fraction(25), tracks, "cpu", matrix))
    return stage


def grey(width: int, height: int, count: int = 1) -> Planes:
    chroma = torch.full((count, -(-height // 2), -(-width // 2)), 128, dtype=torch.uint8)
    luma = torch.full((count, height, width), GREY, dtype=torch.uint8)
    return Planes(luma, chroma, chroma.clone())


def luma(stage: Captions, time: Fraction | int, size: tuple[int, int] = (640, 360)) -> np.ndarray:
    return stage.apply_planes(grey(*size), (Fraction(time),)).y[0].numpy()


@pytest.mark.parametrize("style", sorted(LOOKS))
@pytest.mark.parametrize("size", [(640, 360), (360, 640), (641, 359), (96, 54)])
def test_words_are_drawn_whole_within_the_safe_area(style, size):
    shown = luma(captions(size, style=style), 2, size) != GREY
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    width, height = size

    assert len(rows)
    assert columns[0] >= 0.04 * width
    assert columns[-1] <= 0.96 * width
    assert rows[0] >= 0.05 * height
    assert rows[-1] <= 0.95 * height
    assert abs(columns[0] + columns[-1] - width) <= 0.03 * width + 4  # in the middle


@pytest.mark.parametrize(
    ("time", "seen"), [("0.98", False), ("1", True), ("3.9", True), ("5.9", False)]
)
def test_they_stand_from_the_first_word_until_they_are_read(time, seen):
    assert (luma(captions(), Fraction(time)) != GREY).any() == seen


def test_a_frame_without_words_is_handed_on_untouched():
    planes = grey(640, 360)

    assert captions().apply_planes(planes, (Fraction(0),)) is planes


def test_letters_are_white_with_a_black_outline():
    shown = luma(captions(), 2)

    assert (shown.max(), shown.min()) == (WHITE, BLACK)


@pytest.mark.parametrize("matrix", ["bt709", "bt601"])
def test_the_word_that_is_said_has_the_accent_in_both_matrices(matrix):
    stage = captions(style="karaoke", matrix=matrix, size=0.2)
    planes = stage.apply_planes(grey(640, 360), (Fraction(2),))
    frame = planes_frame(*(part[0].numpy() for part in (planes.y, planes.u, planes.v)))
    colour = Colour(MATRIX_709 if matrix == "bt709" else 5, 1, 1, full_range=False)
    rgb = PictureConverter(PictureForm(640, 360), colour).array(frame).astype(int)
    accent = np.array(LOOKS["karaoke"].paint.accent)

    assert (np.abs(rgb - accent).max(axis=2) <= 4).sum() > 100


def test_the_accent_moves_from_word_to_word():
    stage = captions(style="karaoke")
    seen = {
        stage.apply_planes(grey(640, 360), (Fraction(t, 4),)).u.sum().item() for t in range(4, 14)
    }

    assert len(seen) >= 5


def test_a_sign_that_no_font_draws_is_named_before_anything_is_rendered():
    with pytest.raises(PluginError, match=r"no font here draws .*U\+E123.*Install"):
        captions(text="So \ue123 it is")


def test_a_font_is_named_or_a_file_and_others_fill_its_gaps(tmp_path):
    with pytest.raises(PluginError, match="no font named 'No Such Font'"):
        FontChain("No Such Font")
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(PluginError, match=r"broken\.ttf: no such font"):
        FontChain(str(tmp_path / "broken.ttf"))
    if installed()[0] is not PILLOWS:
        path = installed()[0].path
        assert FontChain(str(path)).font("Hello").path == path


def test_without_any_font_installed_latin_is_drawn_all_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr("aigc_edit.stages.text.fonts.folders", lambda: (tmp_path,))
    installed.cache_clear()
    try:
        assert (luma(captions(), 2) == WHITE).any()
    finally:
        installed.cache_clear()


def test_what_speech_leaves_no_time_for_is_reported():
    hurried = captions(text="word " * 60)

    assert "faster than people read" in hurried.report()["note"]
    assert "note" not in captions().report()
