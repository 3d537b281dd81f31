"""The colours that are found are those that were painted."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from aigc_edit_color_palette import Color, ColorPalette, Palette, Palettes, PaletteSheet
from aigc_edit_color_palette.lab import lab_to_srgb, srgb_to_lab

from aigc_edit.api import (
    AnalysisContext,
    Delivery,
    EditList,
    FrameBatch,
    Shots,
    Span,
    Timeline,
)
from aigc_edit.testing import run_pipeline

RED, GREEN, BLUE, GRAY = (200, 30, 30), (40, 160, 60), (30, 60, 190), (128, 128, 128)
# Levels: cells are kept as half floats; a codec moves levels by some more.
EXACT, ABOUT = 2, 8
PIPELINE = "schema: 1\nstages: [scenes, color_palette, palette_sheet]\n"


def painted(*parts: tuple[tuple[int, int, int], float], side: int = 60) -> np.ndarray:
    """A picture [side, side, 3] of upright stripes: (colour, share)."""
    image = np.zeros((side, side, 3), np.uint8)
    left = 0.0
    for color, share in parts:
        image[:, round(left * side) : round((left + share) * side)] = color
        left += share
    return image


def found(images, *, rate=2, batch=32, shots: Shots | None = None, **options) -> Palettes:
    """The palettes of a film that shows these images, `rate` a second."""
    stage = ColorPalette(ColorPalette.Options(**options))
    duration = Fraction(len(images), rate)
    stage.begin(AnalysisContext(duration, Fraction(25), None))
    for first in range(0, len(images), batch):
        pixels = np.stack(images[first : first + batch])
        times = tuple(Fraction(first + k, rate) for k in range(len(pixels)))
        stage.frames(FrameBatch(pixels, times, first))
    (track,) = stage.finish(Timeline(duration).then(*([shots] if shots else [])))
    return track


def levels(color: Color) -> list[int]:
    return list(bytes.fromhex(color.hex[1:]))


def difference(color: Color, painted_color: tuple[int, int, int]) -> int:
    return int(np.abs(np.subtract(levels(color), painted_color)).max())


@pytest.mark.parametrize("color", [RED, GREEN, BLUE, GRAY, (0, 0, 0), (255, 255, 255)])
def test_a_picture_of_one_colour_has_that_colour_alone(color):
    (palette,) = found([painted((color, 1))] * 3)

    assert len(palette.colors) == 1
    assert difference(palette.colors[0], color) <= EXACT
    assert palette.colors[0].share == pytest.approx(1, abs=0.001)


def test_shares_are_those_of_the_picture_the_largest_first():
    (palette,) = found([painted((RED, 0.2), (BLUE, 0.5), (GREEN, 0.3))])

    assert [round(c.share, 2) for c in palette.colors] == [0.5, 0.3, 0.2]
    for color, truth in zip(palette.colors, (BLUE, GREEN, RED), strict=True):
        assert difference(color, truth) <= EXACT


def test_noise_does_not_hide_the_colours():
    random = np.random.default_rng(3)
    still = painted((RED, 0.25), (BLUE, 0.75)).astype(float)
    noisy = [(still + random.normal(0, 6, still.shape)).clip(0, 255).astype(np.uint8)] * 4
    (palette,) = found(noisy, colors=2)

    assert [c.share for c in palette.colors] == pytest.approx([0.75, 0.25], abs=0.01)
    assert difference(palette.colors[0], BLUE) <= ABOUT
    assert difference(palette.colors[1], RED) <= ABOUT


def test_no_more_colours_than_wanted():
    ramp = np.random.default_rng(1).integers(0, 256, (60, 60, 3), np.uint8)

    assert len(found([ramp], colors=3).palettes[0].colors) == 3
    assert len(found([ramp], colors=9).palettes[0].colors) == 9


def test_colours_that_look_the_same_are_one_and_related_ones_are_two():
    (same,) = found([painted(((126, 126, 126), 0.5), ((134, 134, 134), 0.5))])  # two cells
    (related,) = found([painted((GREEN, 0.5), ((80, 190, 100), 0.5))])

    assert len(same.colors) == 1
    assert len(related.colors) == 2


def test_every_shot_has_its_own():
    shots = Shots("shots", (Span(0, 2), Span(2, 5)))
    first, second = found([painted((RED, 1))] * 4 + [painted((BLUE, 1))] * 6, shots=shots)

    assert (first.span, second.span) == shots.spans
    assert difference(first.colors[0], RED) <= EXACT
    assert difference(second.colors[0], BLUE) <= EXACT


def test_frames_of_a_dissolve_do_not_count():
    mixed = painted(((115, 45, 110), 1))
    images = [painted((RED, 1))] * 4 + [mixed] * 2 + [painted((BLUE, 1))] * 4
    shots = Shots("shots", (Span(0, 2), Span(2, 5)), (Span(2, 3),))
    first, second = found(images, shots=shots)

    assert len(first.colors) == len(second.colors) == 1
    assert difference(second.colors[0], BLUE) <= EXACT


def test_a_shot_between_two_frames_that_were_seen_has_no_colours():
    shots = Shots("shots", (Span(0, 1), Span(Fraction(11, 10), Fraction(14, 10))))
    _, second = found([painted((RED, 1))] * 4, shots=shots)

    assert second.colors == ()


def test_without_shots_the_film_has_one_palette():
    (palette,) = found([painted((RED, 1))] * 2 + [painted((BLUE, 1))] * 6)

    assert palette.span == Span(0, 4)
    assert [c.share for c in palette.colors] == pytest.approx([0.75, 0.25], abs=0.001)


@pytest.mark.parametrize("batch", [1, 3, 32])
def test_batches_make_no_difference(batch):
    random = np.random.default_rng(5)
    images = list(random.integers(0, 256, (7, 21, 33, 3), np.uint8))

    assert found(images, batch=batch) == found(images, batch=7)


def test_a_frame_costs_a_few_hundred_bytes():
    image = np.random.default_rng(2).integers(0, 256, (96, 96, 3), np.uint8)
    stage = ColorPalette()
    stage.begin(AnalysisContext(Fraction(1), Fraction(25), None))
    stage.frames(FrameBatch(image[None], (Fraction(0),)))

    assert sum(note.nbytes for note in stage._notes) <= 320


def test_lab_is_the_one_of_the_standard():
    colors = np.array([(255, 255, 255), (255, 0, 0), (0, 0, 255), (128, 128, 128)], np.uint8)
    # Bruce Lindbloom's calculator, sRGB and D65, to a tenth.
    known = [(100, 0, 0), (53.2, 80.1, 67.2), (32.3, 79.2, -107.9), (53.6, 0, 0)]

    assert srgb_to_lab(colors) == pytest.approx(np.array(known), abs=0.1)


def test_every_colour_comes_back_from_lab():
    colors = np.random.default_rng(4).integers(0, 256, (500, 3), np.uint8)

    assert np.abs(lab_to_srgb(srgb_to_lab(colors)).astype(int) - colors).max() == 0


def track(*spans: Span) -> Palettes:
    colors = (Color("#ff0000", 0.75), Color("#0000ff", 0.2))
    return Palettes("palette", tuple(Palette(span, colors) for span in spans))


def test_the_track_survives_its_json():
    timeline = Timeline(Fraction(4)).then(track(Span(0, Fraction(4, 3)), Span(Fraction(4, 3), 4)))

    assert Timeline.loads(timeline.dumps()) == timeline


def test_the_track_moves_with_the_edit_even_where_it_turns_shots_around():
    edits = EditList.of([Span(5, 7), Span(1, 2)])
    moved = track(Span(0, 3), Span(3, 6), Span(6, 9)).in_output(edits)

    assert [p.span for p in moved] == [Span(0, 1), Span(1, 2), Span(2, 3)]


def test_what_is_no_colour_is_refused():
    with pytest.raises(ValueError, match="no colour"):
        Color('red" onload="x', 0.5)


def delivered(output: Path, palettes: Palettes) -> dict[str, str]:
    tracks = Timeline(Fraction(9)).then(palettes)
    edits = EditList.whole(9)
    return dict(
        PaletteSheet().deliver(
            Delivery(output, Path("in.mp4"), Fraction(9), Fraction(25), edits, tracks, {})
        )
    )


def test_the_page_shows_every_colour_with_its_times():
    page = delivered(Path("out.mp4"), track(Span(0, 3), Span(3, 9)))[".palette.html"]

    assert page.count("background: #ff0000") == 4  # in the strip and in the row
    assert "0:03.00 – 0:09.00" in page  # noqa: RUF001 -- a range
    assert "#0000ff 20%" in page


def test_no_name_of_a_file_can_write_into_the_page():
    page = delivered(Path("<script>alert(1)<b>.mp4"), track(Span(0, 9)))[".palette.html"]

    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;b&gt;" in page


def test_names_that_are_no_text_can_be_written():
    texts = delivered(Path(b"\xff.mp4".decode("utf-8", "surrogateescape")), track(Span(0, 9)))

    assert all(text.encode("utf-8") for text in texts.values())


def striped_film(path: Path) -> Path:
    """Two seconds of red and gray, then two of blue and green; 320x180, 25 a second."""
    scenes = [((RED, 0.7), (GRAY, 0.3)), ((BLUE, 0.6), (GREEN, 0.4))]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.colorspace = 1  # BT.709
        for parts in scenes:
            image = painted(*parts, side=320)[:180]
            for _ in range(50):
                frame = av.VideoFrame.from_ndarray(image, format="rgb24")
                coded = frame.reformat(format="yuv420p", dst_colorspace=1)
                container.mux(stream.encode(coded))
        container.mux(stream.encode(None))
    return path


def test_a_run_finds_the_colours_of_both_shots(tmp_path):
    clip = striped_film(tmp_path / "clip.mp4")
    run_pipeline(PIPELINE, clip, tmp_path / "out.mp4")
    first, second = json.loads((tmp_path / "out.palette.json").read_text())["palettes"]

    assert (first["end"], second["end"]) == (2, 4)
    for shot, truth in ((first, ((RED, 0.7), (GRAY, 0.3))), (second, ((BLUE, 0.6), (GREEN, 0.4)))):
        for color, (painted_color, share) in zip(shot["colors"], truth, strict=True):
            assert difference(Color(**color), painted_color) <= ABOUT
            assert color["share"] == pytest.approx(share, abs=0.02)
    assert (tmp_path / "out.palette.html").read_text().startswith("<!doctype html>")
