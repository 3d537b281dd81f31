"""Black goes where it was painted, and nothing else does."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from aigc_edit_skip_black import Blackness, SkipBlack

from aigc_edit.api import AnalysisContext, Curve, EditList, FrameBatch, Kept, Span, Timeline
from aigc_edit.testing import run_pipeline

PIPELINE = "schema: 1\nstages: [blackness, skip_black]\n"


def picture(lit: float, level: int = 160) -> np.ndarray:
    """Luma [40, 50]: a share that is lit, the rest black as codecs leave it."""
    image = np.full(2000, 6, np.uint8)
    image[: round(lit * 2000)] = level
    return image.reshape(40, 50)


def measured(shown, rate=25, *, duration=None, batch=32, times=None, **options) -> Curve:
    """The curve of a film that shows these shares of light, at `rate` or at `times`."""
    times = times or [Fraction(k, rate) for k in range(len(shown))]
    duration = Fraction(duration or Fraction(len(shown), rate))
    stage = Blackness(Blackness.Options(**options))
    stage.begin(AnalysisContext(duration, Fraction(rate), None))
    for first in range(0, len(shown), batch):
        images = np.stack([picture(lit) for lit in shown[first : first + batch]])
        stage.frames(FrameBatch(images, tuple(times[first : first + batch]), first))
    (curve,) = stage.finish(Timeline(duration))
    return curve


def test_a_value_is_the_share_that_is_black():
    assert measured([1, 0.25, 0]).values == pytest.approx([0, 0.75, 1])


def test_the_grid_is_that_of_the_frames():
    curve = measured([1, 0, 1, 0], rate=Fraction(24_000, 1001))

    assert curve.rate == Fraction(24_000, 1001)
    assert curve.values == pytest.approx([0, 1, 0, 1])


def test_fast_films_have_25_values_a_second():
    times = [Fraction(k, 25) + Fraction(1, 120) for k in range(50)]
    curve = measured([0] * 50, rate=60, times=[Fraction(0), *times[1:]], duration=2)

    assert (curve.rate, len(curve)) == (25, 50)


def test_a_frame_that_stays_is_noted_as_long_as_it_stays():
    times = [Fraction(0), Fraction(1), Fraction(7, 5)]
    curve = measured([0, 1, 0], rate=10, times=times, duration=2)

    assert curve.values.tolist() == [1] * 10 + [0] * 4 + [1] * 6


def test_nothing_is_called_black_in_which_something_is_seen():
    times = [Fraction(0), Fraction(15, 100), Fraction(25, 100)]
    curve = measured([0, 1, 0], rate=10, times=times, duration=Fraction(4, 10))

    assert curve.values.tolist() == [1, 0, 0, 1]


def test_what_is_black_is_for_the_threshold_to_say():
    assert measured([0], threshold=0.02).values.tolist() == [0]  # levels of 6 are 0.024
    assert measured([0], threshold=0.03).values.tolist() == [1]


@pytest.mark.parametrize("batch", [1, 3, 32])
def test_batches_make_no_difference(batch):
    shown = np.random.default_rng(1).random(60).tolist()

    assert measured(shown, batch=batch) == measured(shown, batch=7)


def curve_of(seconds: int, *black: tuple[float, float], dark: float = 1.0) -> Timeline:
    """Ten values a second: `dark` in the black stretches, 0.1 elsewhere."""
    values = np.full(seconds * 10, 0.1, np.float32)
    for start, end in black:
        values[round(start * 10) : round(end * 10)] = dark
    return Timeline(Fraction(seconds)).then(Curve("blackness", Fraction(10), values, "0..1"))


def chosen(tracks: Timeline, edits: EditList | None = None, **options) -> EditList:
    stage = SkipBlack(SkipBlack.Options(**{"margin": "0s", **options}))
    return stage.select(edits or EditList.whole(tracks.duration), tracks)


def test_long_black_goes_and_short_black_stays():
    edits = chosen(curve_of(10, (2, 3), (5, 5.4)), min_length="0.5s")

    assert edits.spans == (Span(0, 2), Span(3, 10))


def test_black_of_just_that_length_goes():
    assert chosen(curve_of(10, (2, 3)), min_length="1s").spans == (Span(0, 2), Span(3, 10))
    assert chosen(curve_of(10, (2, 2.9)), min_length="1s").spans == (Span(0, 10),)


def test_a_margin_is_kept_beside_pictures_and_not_at_the_ends():
    edits = chosen(curve_of(10, (0, 1), (4, 6), (9, 10)), margin="0.2s")

    assert edits.spans == (
        Span(Fraction(8, 10), Fraction(42, 10)),
        Span(Fraction(58, 10), Fraction(92, 10)),
    )


def test_margins_that_meet_keep_all_of_it():
    assert chosen(curve_of(10, (4, 5)), margin="0.5s").spans == (Span(0, 10),)


def test_pictures_with_something_on_black_stay():
    assert chosen(curve_of(10, (2, 8), dark=0.95)).spans == (Span(0, 10),)
    assert chosen(curve_of(10, (2, 8), dark=0.95), share=0.9).spans == (Span(0, 2), Span(8, 10))


def test_only_what_earlier_stages_kept_is_kept_in_their_order():
    edits = EditList.of([Span(7, 9), Span(0, 3)])

    assert chosen(curve_of(10, (1, 2), (8.5, 10)), edits).spans == (
        Span(7, Fraction(17, 2)),
        Span(0, 1),
        Span(2, 3),
    )


def test_a_cut_inside_black_leaves_no_sliver_of_it():
    edits = EditList.of([Span(1, 4)])
    tracks = curve_of(10, (0.5, 2), (3.5, 6))

    assert chosen(tracks, edits, margin="0.1s").spans == (Span(Fraction(19, 10), Fraction(36, 10)),)


def test_every_span_says_why_it_is_kept():
    given = EditList((Kept(Span(0, 10), {"score": 2.0}),))
    first, second = chosen(curve_of(10, (2, 3.5)), given).kept

    assert first.why == {"score": 2.0, "blackness": 0.1, "black_after": 1.5}
    assert second.why == {"score": 2.0, "blackness": 0.1, "black_before": 1.5}


def test_where_all_is_black_everything_stays_and_says_why():
    edits = chosen(curve_of(5, (0, 5)))

    assert edits.spans == (Span(0, 5),)
    assert "all of it is black" in edits.kept[0].why["note"]


def test_a_span_that_is_all_black_goes_where_others_are_not():
    edits = EditList.of([Span(0, 2), Span(4, 6)])

    assert chosen(curve_of(10, (3, 7)), edits).spans == (Span(0, 2),)


def faded_film(path: Path) -> Path:
    """Six seconds, 25 a second: black for 1 s, a picture, black from 2.4 to 3.6 s with a fade of
    0.4 s on both sides of it, a picture, a blink of 0.2 s at 5 s, a picture."""
    light = [(0, 0), (1, 0), (1, 1), (2, 1), (2.4, 0), (3.6, 0), (4, 1), (5, 1)]
    light += [(5, 0), (5.2, 0), (5.2, 1), (6, 1)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "18"})
        stream.width, stream.height, stream.pix_fmt = 192, 108, "yuv420p"
        for number in range(150):
            time = number / 25 + 0.001  # behind the jumps
            start, end = next((a, b) for a, b in pairwise(light) if a[0] <= time < b[0])
            level = float(np.interp(time, [start[0], end[0]], [start[1], end[1]]))
            image = np.full((108, 192, 3), round(level * 150), np.uint8)
            image[:, : number % 50 + 40] = round(level * 220)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_a_run_drops_the_black_and_keeps_the_blink(tmp_path):
    record = run_pipeline(PIPELINE, faded_film(tmp_path / "clip.mp4"), tmp_path / "out.mp4").record
    (first, second) = record["kept"]

    # Of the fades, frames below 25 are black: one at 2.36 s, two at 3.6 and 3.64 s. A margin of
    # 0.1 s, then the nearest of frames that are 0.04 s apart.
    assert (first["start"], first["end"]) == pytest.approx((0.9, 2.46), abs=0.021)
    assert (second["start"], second["end"]) == pytest.approx((3.58, 6), abs=0.021)
    assert first["why"]["black_before"] == pytest.approx(0.9, abs=0.041)


def test_a_run_over_black_keeps_it_all(tmp_path):
    clip = tmp_path / "black.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for _ in range(25):
            image = np.zeros((36, 64, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    record = run_pipeline(PIPELINE, clip, tmp_path / "out.mp4").record

    assert record["output"]["frames"] == 25
    assert "all of it is black" in json.dumps(record["kept"])
