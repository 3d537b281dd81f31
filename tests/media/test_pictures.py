"""Every span of every kind of file gives exactly the pictures on display within it."""

from __future__ import annotations

import random
import threading
import time
from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.media import PictureReader, probe
from aigc_edit.testing import ClipSpec, frame_number, make_clip
from aigc_edit.timeline import Span
from tests.media.films import write_film

FRAMES = 100
BASE = ClipSpec(frames=FRAMES, sound_rate=None, gop=24, rate=Fraction(25))
# [codec, suffix, encoder options]: how pictures refer to each other, and how a file is sought.
KINDS = {
    "b-frames": ("libx264", ".mp4", {"bf": "3"}),
    "open-gop": ("libx264", ".mp4", {"bf": "3", "x264-params": "open-gop=1"}),
    "pyramid-mkv": ("libx264", ".mkv", {"x264-params": "b-pyramid=2:bframes=4"}),
    "no-b-frames": ("libx264", ".mkv", {"bf": "0"}),
    "hevc": ("libx265", ".mp4", {"x265-params": "log-level=error:pools=1"}),
    "transport": ("libx264", ".ts", {"bf": "2"}),
    "programme": ("mpeg2video", ".mpg", {"bf": "2", "b": "2M"}),
    "mpeg4-avi": ("mpeg4", ".avi", {"qscale": "2"}),
    "vp9": ("libvpx-vp9", ".webm", {"deadline": "realtime", "cpu-used": "8"}),
    "raw-stream": ("libx264", ".264", {"bf": "2"}),
}


def numbers(reader: PictureReader, span: Span | None = None) -> list[int]:
    return [frame_number(p.frame.to_ndarray(format="rgb24")) for p in reader.pictures(span)]


@pytest.fixture(scope="module", params=sorted(KINDS))
def film(request, tmp_path_factory):
    codec, suffix, options = KINDS[request.param]
    path = tmp_path_factory.mktemp("films") / f"{request.param}{suffix}"
    return probe(write_film(path, BASE, codec=codec, options=options))


def test_all_pictures_come_in_order_at_their_times(film):
    with PictureReader(film) as reader:
        shown = [(p.time, p.frame) for p in reader.pictures()]

    assert [frame_number(f.to_ndarray(format="rgb24")) for _, f in shown] == list(range(FRAMES))
    assert [round(float(t) * 25, 1) for t, _ in shown] == list(range(FRAMES))


def test_every_span_gives_exactly_its_pictures_in_any_order(film):
    chosen = random.Random(4)
    # The borders of GOPs and their neighbours, both ends, and a few others.
    starts = [0, 1, 23, 24, 25, 47, 48, 49, 71, 72, 73, 95, 96, 97, 99]
    starts += [chosen.randrange(FRAMES) for _ in range(6)]
    chosen.shuffle(starts)
    with PictureReader(film, threads=1) as reader:
        for first in starts:
            stop = min(FRAMES, first + chosen.choice([1, 2, 5]))

            assert numbers(reader, Span.of_frames(first, stop, 25)) == list(range(first, stop))


def test_only_the_gops_that_are_needed_are_decoded(tmp_path):
    source = probe(write_film(tmp_path / "c.mp4", BASE, options={"bf": "2"}))
    with PictureReader(source, threads=1) as reader:
        shown = numbers(reader, Span.of_frames(75, 80, 25))

        assert shown == list(range(75, 80))
        assert reader.decoded < 24


STEPS = [Fraction(1, 30), Fraction(1, 12), Fraction(1, 60), Fraction(1, 24)]
TIMES = [sum((STEPS[k % 4] for k in range(n)), Fraction(0)) for n in range(80)]


@pytest.fixture(scope="module", params=[".mp4", ".mkv"])
def uneven(request, tmp_path_factory):
    """Variable frame rate, with a start time that is not zero."""
    path = tmp_path_factory.mktemp("vfr") / f"v{request.param}"
    spec = ClipSpec(frames=80, times=TIMES, sound_rate=None, start=Fraction(5, 4))
    return probe(make_clip(path, spec))


@pytest.mark.parametrize("first", [1, 2, 12, 13, 30, 61])
def test_a_start_between_two_frames_shows_the_one_on_display(uneven, first):
    between = (TIMES[first] + TIMES[first + 1]) / 2
    span = Span(between, TIMES[first + 4] - Fraction(1, 200))
    with PictureReader(uneven) as reader:
        shown = list(reader.pictures(span))

    found = [frame_number(p.frame.to_ndarray(format="rgb24")) for p in shown]
    assert found == list(range(first, first + 4))
    assert shown[0].time == between
    for picture, number in list(zip(shown, found, strict=True))[1:]:
        assert float(picture.time) == pytest.approx(float(TIMES[number]), abs=0.001)


def test_a_span_within_one_frame_shows_that_frame(uneven):
    long = next(k for k in range(20, 40) if TIMES[k + 1] - TIMES[k] > Fraction(1, 13))
    span = Span(TIMES[long] + Fraction(1, 50), TIMES[long] + Fraction(1, 20))
    with PictureReader(uneven) as reader:
        (shown,) = reader.pictures(span)

        assert frame_number(shown.frame.to_ndarray(format="rgb24")) == long
        assert shown.time == span.start


def test_a_span_that_reaches_beyond_the_end_stops_at_the_end(film):
    with PictureReader(film) as reader:
        assert numbers(reader, Span(Fraction(97, 25), 60)) == [97, 98, 99]
        assert numbers(reader, Span.of_frames(0, 2, 25)) == [0, 1]


def test_interlaced_files_lose_no_picture_to_the_deinterlacer(tmp_path):
    source = probe(write_film(tmp_path / "i.mkv", BASE, options={"x264-params": "interlaced=1"}))
    with PictureReader(source) as reader:
        assert source.video.interlaced
        assert len(numbers(reader, Span.of_frames(10, 40, 25))) == 30
        assert len(numbers(reader)) == FRAMES


def test_after_a_seek_pictures_are_the_same_in_old_444_files(shared_media):
    # Its encoder's version stands in the first packet only, and decoding depends on it.
    source = probe(shared_media / "cockatoo_yuv444.mp4")
    span = Span(source.duration * 3 / 4, source.duration * 3 / 4 + Fraction(1, 2))
    with PictureReader(source) as reader:
        whole = [p.frame.to_ndarray() for p in reader.pictures() if span.start <= p.time < span.end]
    with PictureReader(source) as reader:
        part = [p.frame.to_ndarray() for p in reader.pictures(span)]

    assert len(part) == len(whole) > 5
    assert all(np.array_equal(a, b) for a, b in zip(part, whole, strict=True))
    assert reader.damage.lines() == ()


def test_a_file_that_is_closed_while_another_thread_reads_it_ends_there(tmp_path):
    source = probe(make_clip(tmp_path / "film.mp4", BASE))

    def read(found, shown):
        for picture in found:
            shown.append(picture)
            time.sleep(0.001)  # so that it is not through before the file is closed

    for _ in range(30):
        reader = PictureReader(source, threads=1)
        found = reader.pictures()
        shown = [next(found)]
        thread = threading.Thread(target=read, args=(found, shown))
        thread.start()
        reader.close()
        thread.join()
        assert len(shown) < FRAMES
