"""Reading a written file back: marks, boxes, what is decoded, what a decoder would hide."""

from __future__ import annotations

import struct
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from aigc_edit.errors import EncodeError
from aigc_edit.media import LoudnessMeter, PictureFacts, PictureMarks, SoundMarks, inspect_file
from aigc_edit.media.boxes import read_boxes
from aigc_edit.media.loudness import PeakFinder
from aigc_edit.media.marks import BESIDE, CELLS, luma_grid
from aigc_edit.media.stretches import PacketTable, scan_file, stretches_to_decode
from aigc_edit.testing import ClipSpec, make_clip
from aigc_edit.timeline import Span
from tests.tolerances import TRUE_PEAK


def grey_frame(level: int, pixel_format: str, size=(320, 180)):
    image = np.full((size[1], size[0], 3), level, np.uint8)
    return av.VideoFrame.from_ndarray(image, format="rgb24").reformat(
        format=pixel_format, dst_color_range=2 if pixel_format.startswith("yuvj") else 1
    )


@pytest.mark.parametrize(
    "pixel_format",
    [
        *("yuv420p", "yuvj420p", "nv12", "yuv422p10le", "yuv444p12le", "p010le"),
        *("rgb24", "gbrp", "gray", "gray16le", "yuyv422"),
    ],
)
def test_the_same_grey_is_one_level_in_every_pixel_format(pixel_format):
    frame = grey_frame(128, pixel_format)
    if pixel_format == "yuvj420p":
        frame.color_range = 2

    assert luma_grid(frame).mean() == pytest.approx(128 / 255, abs=0.006)
    assert luma_grid(frame).std() < 0.002


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (33, 19), (64, 4000), (1920, 1080)])
def test_a_grid_is_small_whatever_the_size(size):
    grid = luma_grid(av.VideoFrame(*size, "yuv444p"))

    assert 1 <= grid.size <= 128 * 128


def test_marks_keep_thumbnails_beside_seams_only():
    marks = PictureMarks([Fraction(1), Fraction(2)])
    for k in range(90):
        marks.add(grey_frame(k, "yuv420p", (64, 36)), Fraction(k, 30))
    facts = marks.facts()

    assert [len(t) for t in facts.thumbnails] == [2 * BESIDE] * 2
    assert [t.time for t in facts.thumbnails[0]][BESIDE] == 1
    assert len(facts) == 90
    assert np.isnan(facts.change[0])
    assert facts.change[1:].max() < 2 / 255


def test_after_a_jump_nothing_is_said_about_what_lies_between():
    marks = PictureMarks([Fraction(1), Fraction(2)])
    marks.add(grey_frame(10, "yuv420p"), 0)
    marks.jump()
    marks.add(grey_frame(90, "yuv420p"), 2)
    facts = marks.facts()

    assert np.isnan(facts.change[1])
    assert [len(t) for t in facts.thumbnails] == [0, 1]


@pytest.mark.parametrize("borders", [(0, 30, 90), (0, 2, 29, 31, 90), (0, 45, 90), (0, 40, 60, 90)])
def test_marks_of_parts_are_those_of_the_whole(tmp_path, borders):
    seams = [Fraction(1), Fraction(2)]
    whole, joined = PictureMarks(seams), PictureMarks(seams)
    for number, (first, stop) in enumerate(pairwise(borders)):
        start, end = Fraction(first, 30), Fraction(stop, 30)
        part = PictureMarks([start, *(seam for seam in seams if start < seam < end), end])
        for k in range(first, stop):
            for marks in (whole, part):
                marks.add(grey_frame(k, "yuv420p", (64, 36)), Fraction(k, 30))
        part.end()
        part.facts().save(tmp_path / f"{number}.npz")
        joined.take(PictureFacts.load(tmp_path / f"{number}.npz"))
    one, other = whole.facts(), joined.facts()

    assert [[(t.time, t.image.tolist()) for t in seam] for seam in other.thumbnails] == [
        [(t.time, t.image.tolist()) for t in seam] for seam in one.thumbnails
    ]
    for name in ("times", "level", "spread"):
        assert np.array_equal(getattr(other, name), getattr(one, name))
    inside = np.setdiff1d(np.arange(90), borders)  # what comes first has nothing to compare with
    assert np.array_equal(other.change[inside], one.change[inside])


@pytest.mark.parametrize("left", [0, 1, 100, -1])
def test_marks_that_are_not_whole_are_refused(tmp_path, left):
    PictureMarks().facts().save(tmp_path / "marks.npz")
    (tmp_path / "marks.npz").write_bytes((tmp_path / "marks.npz").read_bytes()[:left])

    with pytest.raises((OSError, ValueError)):
        PictureFacts.load(tmp_path / "marks.npz")


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100, 48_000])
def test_sound_marks_do_not_depend_on_how_blocks_are_cut(rate):
    sound = np.random.default_rng(0).normal(0, 0.1, (2, 3 * rate)).astype(np.float32)
    times = [Fraction(0), Fraction(1), Fraction(101, 100), Fraction(3)]
    found = []
    for size in (3 * rate, 1000):
        marks = SoundMarks(rate, times)
        for first in range(0, sound.shape[1], size):
            marks.add(sound[:, first : first + size])
        found.append(marks.facts())
    one, other = found

    assert one.samples == other.samples == 3 * rate
    assert one.energy == pytest.approx(0.03, rel=0.02)
    for a, b in zip(one.marks, other.marks, strict=True):
        assert len(a.envelope) == CELLS
        assert np.array_equal(a.envelope, b.envelope)
        assert (a.step, a.usual) == (b.step, b.usual)


def test_samples_that_are_no_numbers_are_counted():
    sound = np.zeros((2, 1000), np.float32)
    sound[0, 3], sound[1, 4] = np.nan, np.inf
    marks = SoundMarks(48_000, [Fraction(0)])
    marks.add(sound)

    assert marks.facts().broken == 2
    assert marks.facts().energy == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_quick_true_peak_is_the_true_peak(seed):
    rng = np.random.default_rng(seed)
    sound = np.stack([np.sin(np.arange(40_000) * np.pi / 2 + np.pi / 4) * 0.5] * 2)
    sound = (sound * rng.uniform(0.2, 1, 40_000) + rng.normal(0, 0.02, sound.shape)).astype("f4")
    finder, meter = PeakFinder(2), LoudnessMeter(48_000, 2)
    first = 0
    while first < sound.shape[1]:
        count = int(rng.integers(1, 5000))
        finder.add(sound[:, first : first + count])
        first += count
    meter.add(sound)

    assert finder.peak() == pytest.approx(meter.result().true_peak, abs=TRUE_PEAK)


def test_a_peak_between_samples_is_found():
    sound = np.stack([np.sin(np.arange(4800) * np.pi / 2 + np.pi / 4)]).astype(np.float32)
    finder = PeakFinder(1)
    finder.add(sound)

    assert np.abs(sound).max() < 0.71
    assert finder.peak() == pytest.approx(0, abs=0.6)  # its onset rings


def box(kind: bytes, size: int, large: bool = False) -> bytes:  # noqa: FBT001, FBT002 -- reads best
    if large:
        return struct.pack(">I4sQ", 1, kind, size) + bytes(size - 16)
    return struct.pack(">I4s", size, kind) + bytes(size - 8)


@pytest.mark.parametrize(
    ("data", "kinds", "whole", "faststart"),
    [
        (box(b"ftyp", 24) + box(b"moov", 99) + box(b"mdat", 50), "ftyp moov mdat", True, True),
        (box(b"ftyp", 24) + box(b"mdat", 50, large=True) + box(b"moov", 9), None, True, False),
        (box(b"moov", 30) + box(b"mdat", 50)[:-1], "moov mdat", False, True),
        (box(b"moov", 30) + struct.pack(">I4s", 0, b"mdat") + bytes(99), "moov mdat", True, True),
        (box(b"moov", 30) + bytes(3), "moov", False, True),
        (struct.pack(">I4s", 3, b"moov") * 5, None, True, True),
        (b"", "", True, False),
    ],
)
def test_boxes_are_walked_whatever_their_sizes(tmp_path, data, kinds, whole, faststart):
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    boxes = read_boxes(path)

    assert kinds is None or boxes.kinds == tuple(kinds.split())
    assert (boxes.whole, boxes.faststart) == (whole, faststart)


def table(count: int, gop: int) -> PacketTable:
    times = np.arange(count) / 25
    return PacketTable("video", "h264", times, np.arange(count) % gop == 0, count / 25, 0.04, 0)


def decoded(stretches) -> int:
    return sum(s.stop - s.first for s in stretches)


def test_short_results_are_decoded_in_full():
    (whole,) = stretches_to_decode(table(200, 50), [Fraction(2)], (), 0.1)

    assert (whole.first, whole.stop) == (0, 200)


@pytest.mark.parametrize("gop", [1, 10, 50, 250])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_sampling_keeps_to_its_share_and_sees_both_ends(gop, share):
    count = 10_000
    found = stretches_to_decode(
        table(count, gop), [Fraction(k) for k in range(5, 390, 5)], (), share
    )

    assert decoded(found) <= max(share * count, 240) + 2 * gop + 24
    assert decoded(found) >= share * count / 3
    assert (found[0].first, found[-1].stop) == (0, count)
    assert all(a.stop < b.first for a, b in pairwise(found))


def test_seams_on_key_frames_are_all_seen():
    seams = [Fraction(k) for k in range(2, 398, 2)]
    found = stretches_to_decode(table(10_000, 50), seams, (), 0.25)

    for seam in seams:
        assert any(s.first <= seam * 25 and s.stop >= seam * 25 + 3 for s in found)


def test_joints_are_always_decoded_from_the_group_before_to_the_group_after():
    found = stretches_to_decode(table(10_000, 50), (), [Fraction(200)], 0.0)

    assert any((s.first, s.stop) == (4950, 5050) for s in found)
    assert decoded(found) < 400


def test_sampled_stretches_show_what_a_full_decode_shows(tmp_path):
    clip = make_clip(tmp_path / "a.mp4", ClipSpec(frames=900, gop=30, sound_rate=None))
    seams = [Fraction(k) for k in range(3, 30, 3)]
    full, part = (
        inspect_file(clip, seams=seams, duration=Fraction(30), share=share) for share in (1, 0.3)
    )
    same = np.searchsorted(full.pictures.times, part.pictures.times - 1e-6)

    assert (full.missing, part.missing, full.broken, part.broken) == (0, 0, (), ())
    assert len(full.pictures) == 900
    assert 200 < len(part.pictures) < 400
    assert np.allclose(full.pictures.times[same], part.pictures.times)
    assert np.array_equal(full.pictures.level[same], part.pictures.level)


def test_copied_spans_are_decoded_at_their_joints_only(tmp_path):
    clip = make_clip(tmp_path / "a.mp4", ClipSpec(frames=900, gop=30, sound_rate=None))
    copied = [Span(Fraction(10), Fraction(20))]
    facts = inspect_file(clip, seams=(), duration=Fraction(30), copied=copied)
    times = facts.pictures.times

    assert len(facts.times) == 900
    assert len(times) <= 300
    for joint in (10, 20):
        assert np.count_nonzero(np.abs(times - joint) < 0.9) >= 50


def test_damage_that_a_decoder_would_hide_is_found(tmp_path):
    clip = make_clip(tmp_path / "a.mp4", ClipSpec(frames=90, sound_rate=None))
    data = bytearray(clip.read_bytes())
    at = data.index(b"mdat") + len(data) // 2
    data[at : at + 300] = b"\x55" * 300
    clip.write_bytes(data)
    facts = inspect_file(clip, seams=(), duration=Fraction(3))

    assert facts.broken
    assert 0 <= facts.broken[0].time <= 3


def test_every_stream_is_scanned(clap_clip):
    picture, sound = scan_file(clap_clip)

    assert (picture.kind, len(picture.times), sound.kind) == ("video", 300, "audio")
    assert picture.end == pytest.approx(10, abs=0.01)
    assert sound.lasting == pytest.approx(1024 / 48_000)


@pytest.mark.parametrize("content", [b"", b"no film at all" * 99])
def test_what_is_no_film_is_an_error(tmp_path, content):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)

    with pytest.raises(EncodeError, match="cannot be read again"):
        inspect_file(path, seams=(), duration=Fraction(1))
