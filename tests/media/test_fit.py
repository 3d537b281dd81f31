"""Pictures come out upright, square, opaque and of one size, whatever the file says."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from aigc_edit.media import PictureConverter, PictureForm, PictureReader, probe
from aigc_edit.media.looks import orientation
from aigc_edit.testing import ClipSpec
from tests.media.films import told_by_ffmpeg, write_film
from tests.tolerances import CODED_LEVELS, COMPOSED_LEVELS, PATCH_LEVELS

WIDTH, HEIGHT = 48, 32
# Clockwise turns and a mirroring before them, as display matrices: x' = ax + cy, y' = bx + dy.
TURNS = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
ONE, LAST = 1 << 16, 1 << 30


def display_matrix(rotation: int, *, flipped: bool) -> bytes:
    a, b, c, d = TURNS[rotation]
    if flipped:
        a, b = -a, -b
    return np.array([a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, LAST], ">i4").tobytes()


def noise(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """uint8 [3, H, W]: planes that no turn takes to themselves."""
    planes = np.random.default_rng(3).integers(16, 236, (3, height // 8, width // 8), np.uint8)
    return np.repeat(np.repeat(planes, 8, 1), 8, 2)


def write_planes(path: Path, frames: list[av.VideoFrame], codec: str = "ffv1", **told: str) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        stream.metadata.update(told)
        if codec == "libx264":
            stream.options = {"qp": "0"}
        for frame in frames:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def frame_of(planes: np.ndarray, pixel_format: str = "yuv444p") -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(planes, format=pixel_format)


def lines(plane: Any, depth: int) -> np.ndarray:
    """The bytes of a plane without the padding of its lines."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:, : plane.width * depth]


def first_frame(path: Path) -> av.VideoFrame:
    with PictureReader(probe(path)) as reader:
        return next(reader.pictures()).frame


@pytest.fixture(scope="module")
def upright(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("turned") / "upright.mp4"
    return write_planes(path, [frame_of(noise())] * 3, "libx264")


@pytest.mark.parametrize("flipped", [False, True], ids=["straight", "mirrored"])
@pytest.mark.parametrize("rotation", sorted(TURNS))
def test_all_eight_orientations_are_shown_upright_pixel_by_pixel(
    upright, tmp_path, rotation, flipped
):
    data, identity = upright.read_bytes(), display_matrix(0, flipped=False)
    at = data.index(identity, data.index(b"tkhd"))
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(data[:at] + display_matrix(rotation, flipped=flipped) + data[at + 36 :])
    truth = noise()[:, :, ::-1] if flipped else noise()
    truth = np.rot90(truth, -rotation // 90, axes=(1, 2))
    video = probe(turned).video
    shown = first_frame(turned)

    assert (video.rotation, video.flipped) == (rotation, flipped)
    assert video.as_coded == (rotation == 0 and not flipped)
    assert (video.width, video.height) == (truth.shape[2], truth.shape[1])
    assert np.array_equal(shown.to_ndarray(), truth)
    raw = told_by_ffmpeg("-i", str(turned), "-frames:v", "1", "-f", "rawvideo", "-")
    assert raw.stdout == np.ascontiguousarray(truth).tobytes()


@pytest.mark.parametrize("told", ["90", "180", "-90"])
def test_the_old_tag_turns_where_no_matrix_does(tmp_path, told):
    clip = write_planes(tmp_path / "old.mkv", [frame_of(noise())], rotate=told)
    truth = np.rot90(noise(), -int(told) // 90, axes=(1, 2))

    assert np.array_equal(first_frame(clip).to_ndarray(), truth)


def test_a_tag_that_is_no_angle_turns_nothing(tmp_path):
    clip = write_planes(tmp_path / "odd.mkv", [frame_of(noise())], rotate="upside down")

    assert orientation(first_frame(clip), {"rotate": "nan"}) == (0, False)
    assert probe(clip).video.as_coded


@pytest.mark.parametrize("pixel_format", ["yuv444p", "yuv420p", "yuv422p10le", "gray", "gbrp10le"])
def test_odd_sizes_come_out_as_they_went_in(tmp_path, pixel_format):
    planes = np.random.default_rng(1).integers(0, 255, (33, 47, 3), np.uint8)
    frame = av.VideoFrame.from_ndarray(planes, format="rgb24").reformat(format=pixel_format)
    shown = first_frame(write_planes(tmp_path / "odd.mkv", [frame]))

    depth = 2 if "10" in pixel_format else 1

    assert (shown.width, shown.height, shown.format.name) == (47, 33, pixel_format)
    assert all(
        np.array_equal(lines(a, depth), lines(b, depth))
        for a, b in zip(shown.planes, frame.planes, strict=True)
    )


def two_sizes(folder: Path, second: ClipSpec) -> Path:
    """A transport stream that goes on in another size after ten frames."""
    first = write_film(folder / "a.ts", ClipSpec(frames=10, rate=Fraction(25), sound_rate=None))
    then = write_film(folder / "b.ts", second)
    path = folder / "both.ts"
    path.write_bytes(first.read_bytes() + then.read_bytes())
    return path


def test_another_shape_in_mid_stream_gets_black_borders_and_keeps_its_shape(tmp_path):
    spec = ClipSpec(
        frames=10, rate=Fraction(25), size=(120, 120), sound_rate=None, start=Fraction(12, 25)
    )
    source = probe(two_sizes(tmp_path, spec))
    form = PictureForm(source.video.width, source.video.height)
    converter = PictureConverter(form, source.video.colour)
    with PictureReader(source) as reader:
        frames = [p.frame for p in reader.pictures()]
    with PictureReader(probe(tmp_path / "b.ts")) as reader:
        alone = next(reader.pictures()).frame.to_ndarray(width=108, height=108, format="rgb24")
    image = converter.array(frames[10]).astype(int)

    assert len(frames) == 20
    assert {(f.width, f.height, f.format.name) for f in frames} == {(192, 108, "yuv420p")}
    assert np.array_equal(image[:, :36], np.zeros((108, 36, 3)))
    assert np.array_equal(image[:, 156:], np.zeros((108, 36, 3)))
    assert np.abs(image[60:, 43:149] - alone[60:, 1:107]).mean() < CODED_LEVELS


def test_another_size_of_the_same_shape_fills_the_picture(tmp_path):
    spec = ClipSpec(
        frames=10, rate=Fraction(25), size=(256, 144), sound_rate=None, start=Fraction(12, 25)
    )
    source = probe(two_sizes(tmp_path, spec))
    with PictureReader(source) as reader:
        frames = [p.frame for p in reader.pictures()]

    assert len(frames) == 20
    assert all(frame.to_ndarray()[20:108, [0, -1]].min() > 24 for frame in frames)


def over_black(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return rgb * (alpha[..., None] / 255)


@pytest.mark.parametrize("full_range", [False, True], ids=["limited", "full"])
def test_transparent_yuv_is_shown_over_black(tmp_path, full_range):
    rgb = np.zeros((32, 64, 3), np.uint8)
    rgb[:, :32], rgb[:, 32:] = (224, 172, 105), (40, 90, 250)
    alpha = np.repeat(np.array([0, 64, 128, 255], np.uint8), 8)[:, None].repeat(64, 1)
    rgba = av.VideoFrame.from_ndarray(np.dstack([rgb, alpha]), format="rgba")
    tagged = 2 if full_range else 1
    frame = rgba.reformat(
        format="yuva444p", dst_colorspace=1, src_color_range=2, dst_color_range=tagged
    )
    frame.colorspace, frame.color_range = 1, tagged
    clip = tmp_path / "alpha.mkv"
    with av.open(str(clip), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuva444p"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, tagged
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    video, shown = probe(clip).video, first_frame(clip)
    image = PictureConverter(PictureForm(64, 32), video.colour).array(shown)

    assert (video.colour.matrix, video.colour.full_range) == (1, full_range)
    assert (video.coded_format, video.pixel_format) == ("yuva444p", "yuv444p")
    assert shown.format.name == "yuv444p"
    assert np.abs(image - over_black(rgb, alpha)).max() <= COMPOSED_LEVELS


@pytest.mark.parametrize(("codec", "suffix"), [("png", ".mov"), ("qtrle", ".mov")])
def test_transparent_rgb_is_shown_over_black(tmp_path, codec, suffix):
    rgba = np.random.default_rng(2).integers(0, 256, (32, 64, 4), np.uint8)
    wanted = "argb" if codec == "qtrle" else "rgba"
    frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=wanted)
    clip = write_planes(tmp_path / f"alpha{suffix}", [frame], codec)
    video, shown = probe(clip).video, first_frame(clip)
    image = PictureConverter(PictureForm(64, 32), video.colour).array(shown)

    assert video.pixel_format == shown.format.name == "gbrp"
    assert np.abs(image - over_black(rgba[..., :3], rgba[..., 3])).max() <= COMPOSED_LEVELS


def test_palettes_become_their_colours(tmp_path):
    rgb = np.zeros((32, 48, 3), np.uint8)
    rgb[:, :16], rgb[:, 16:32], rgb[:, 32:] = (250, 20, 30), (10, 200, 40), (255, 255, 255)
    picture = tmp_path / "in.png"
    av.VideoFrame.from_ndarray(rgb, format="rgb24").save(picture)
    clip = tmp_path / "p.gif"
    told_by_ffmpeg(
        "-i", str(picture), "-vf",
        "split[a][b];[b]palettegen[p];[a][p]paletteuse=dither=none", str(clip),
    )  # fmt: skip
    video, shown = probe(clip).video, first_frame(clip)
    image = PictureConverter(PictureForm(48, 32), video.colour).array(shown)

    assert video.pixel_format == shown.format.name == "gbrp"
    assert np.abs(image.astype(int) - rgb).max() <= 4  # a palette of the GIF's own


def test_the_alpha_plane_of_vp9_is_not_lost(tmp_path):
    """FFmpeg's own decoder drops it, and shows what was meant to be invisible."""
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[..., :3] = (200, 120, 60)
    rgba[:, 32:, 3] = 255
    clip = tmp_path / "alpha.webm"
    with av.open(str(clip), "w") as container:
        stream: Any = container.add_stream("libvpx-vp9", rate=25, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuva420p"
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format="yuva420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    source = probe(clip)
    with PictureReader(source) as reader:
        frames = [p.frame for p in reader.pictures()]
    image = PictureConverter(PictureForm(64, 64), source.video.colour).array(frames[-1])

    assert len(frames) == 5
    assert image[:, :28].max() <= PATCH_LEVELS
    assert np.abs(image[:, 36:].astype(int) - (200, 120, 60)).mean() < CODED_LEVELS
