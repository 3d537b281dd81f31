"""RGB from planes and back by code of our own: the same as libswscale makes."""

from __future__ import annotations

from fractions import Fraction

import av
import av.filter
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from aigc_edit.media import (
    BT709,
    FrameConverter,
    PictureConverter,
    PictureForm,
    PictureReader,
    probe,
)
from aigc_edit.media.conversion import as_bytes, as_floats, compiled, to_planes, to_rgb
from aigc_edit.media.forms import _EXACT, plane_view
from aigc_edit.media.looks import Colour
from tests.tolerances import ONE_LEVEL

WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114)}
FULL, LIMITED = 2, 1


def textured(width: int, height: int, seed: int = 1) -> list[np.ndarray]:
    """Planes of blobs and edges, within what RGB can show."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(90, 150, (height // 8 + 1, width // 8 + 1))
    luma = np.kron(coarse, np.ones((8, 8)))[:height, :width] + rng.uniform(-20, 20, (height, width))
    chroma = rng.uniform(100, 156, (2, height // 2, width // 2))
    return [part.round().astype(np.uint8) for part in (luma, *chroma)]


def framed(planes: list[np.ndarray], chroma: str) -> av.VideoFrame:
    """A frame with a label that says where its chroma lies."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, plane in zip(frame.planes, planes, strict=True):
        plane_view(target)[:] = plane
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(width=width, height=height, format=frame.format, time_base=Fraction(1)),
        graph.add("setparams", f"chroma_location={chroma}"),
        graph.add("buffersink"),
    ).configure()
    graph.push(frame)
    return graph.pull()


def by_swscale(frame: av.VideoFrame, matrix: int, levels: int = LIMITED) -> np.ndarray:
    return (
        VideoReformatter()
        .reformat(
            frame,
            format="gbrp",
            src_colorspace=matrix,
            src_color_range=levels,
            dst_color_range=FULL,
            interpolation=_EXACT,
        )
        .to_ndarray()
    )


@pytest.mark.parametrize("size", [(1280, 720), (322, 178), (34, 16)])
@pytest.mark.parametrize("matrix", [1, 5, 6], ids=["709", "601-625", "601-525"])
def test_rgb_is_what_libswscale_makes_of_it(size, matrix):
    planes = textured(*size)
    rgb = np.empty((3, size[1], size[0]), np.uint8)
    to_rgb(planes, *WEIGHTS[matrix], rgb)

    theirs = by_swscale(framed(planes, "left"), matrix)
    unlike = np.abs(rgb.transpose(1, 2, 0).astype(int) - theirs)
    unlike = np.delete(unlike, 2, axis=0)  # libswscale has its own way there, up to 3 levels off
    assert unlike.max() <= ONE_LEVEL


@pytest.mark.parametrize("size", [(1280, 720), (322, 178), (34, 16)])
def test_planes_are_what_libswscale_makes_of_rgb(size):
    rgb = np.random.default_rng(2).integers(0, 256, (3, size[1], size[0]), np.uint8)
    ours = FrameConverter("yuv420p").frame(rgb)
    graph = FrameConverter("yuv420p")
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb.transpose(1, 2, 0)), "gbrp")
    theirs = VideoReformatter().reformat(
        graph._sited(source),
        format="yuv420p",
        dst_colorspace=1,
        src_color_range=FULL,
        dst_color_range=LIMITED,
        interpolation=_EXACT,
    )

    for mine, other in zip(ours.planes, theirs.planes, strict=True):
        assert np.abs(plane_view(mine).astype(int) - plane_view(other)).max() <= ONE_LEVEL


@pytest.mark.parametrize("chroma", ["left", "center", "topleft"])
def test_a_label_is_followed_wherever_it_says_that_chroma_lies(chroma):
    frame = framed(textured(320, 180), chroma)
    image = PictureConverter(PictureForm(320, 180), BT709).array(frame)

    unlike = np.abs(image.astype(int) - by_swscale(frame, 1))
    assert np.delete(unlike, 2, axis=0).max() <= ONE_LEVEL


def test_films_of_h264_are_converted_by_it(clap_clip):
    source = probe(clap_clip)
    converter = PictureConverter(
        PictureForm(source.video.width, source.video.height), source.video.colour
    )
    with PictureReader(source) as reader:
        converter.array(next(reader.pictures()).frame)

    assert converter._is_left


def test_a_frame_is_as_it_was_after_a_pattern_was_tried_in_it():
    planes = textured(320, 180)
    frame = framed(planes, "left")
    PictureConverter(PictureForm(320, 180), BT709).array(frame)

    for plane, before in zip(frame.planes, planes, strict=True):
        assert np.array_equal(plane_view(plane), before)


@pytest.mark.parametrize(("width", "height"), [(33, 18), (34, 17), (8, 8)])
def test_odd_sides_and_small_pictures_are_left_to_libswscale(width, height):
    rgb = np.full((3, height, width), 90, np.uint8)
    frame = FrameConverter("yuv420p").frame(rgb)
    image = PictureConverter(PictureForm(width, height), BT709).array(frame)

    assert np.abs(image.astype(int) - 90).max() <= ONE_LEVEL


def test_full_range_is_left_to_libswscale():
    frame = framed(textured(320, 180), "left")
    colour = Colour(1, 1, 1, full_range=True)
    image = PictureConverter(PictureForm(320, 180), colour).array(frame)

    assert np.array_equal(image, by_swscale(frame, 1, FULL))
    assert np.abs(image.astype(int) - by_swscale(frame, 1)).max() > 10  # it would be seen


def test_five_generations_neither_move_colours_nor_wash_them_out():
    waves = [np.sin(np.arange(n) * 2 * np.pi / 32) for n in (180, 320)]
    wave = np.uint8(128 + 40 * np.outer(*waves).round(3))
    first = [np.full((360, 640), 120, np.uint8), wave, wave.copy()]
    planes, rgb = [plane.copy() for plane in first], np.empty((3, 360, 640), np.uint8)
    for _ in range(5):
        to_rgb(planes, *WEIGHTS[1], rgb)
        to_planes(rgb, *WEIGHTS[1], planes)

    off = [np.abs(a.astype(int) - b)[8:-8, 8:-8].mean() for a, b in zip(planes, first, strict=True)]
    moved = np.abs(np.roll(wave, 1, axis=1).astype(int) - wave).mean()
    assert max(off) < moved / 4


def test_floats_are_bytes_by_255_and_come_back_rounded_and_clamped():
    every = np.arange(256, dtype=np.uint8).reshape(2, 128)
    floats = as_floats(every)

    assert np.array_equal(floats, every.astype(np.float32) * np.float32(1 / 255))
    assert np.array_equal(as_bytes(floats), every)
    assert as_bytes(np.float32([-1, 0.499 / 255, 0.501 / 255, 1.5, np.inf])).tolist() == [
        0, 0, 1, 255, 255,
    ]  # fmt: skip


def test_where_nothing_can_be_written_it_is_compiled_all_the_same():
    scope: dict = {}
    exec("def doubled(values):\n    values *= 2\n", scope)
    values = np.ones(3)
    compiled(scope["doubled"])(values)

    assert values.tolist() == [2, 2, 2]
