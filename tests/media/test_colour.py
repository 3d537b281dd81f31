"""Colours survive the way of a film: decode, RGB, a filter that does nothing, encode, decode."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from aigc_edit.media import (
    Colour,
    FrameConverter,
    PictureConverter,
    PictureForm,
    PictureReader,
    PictureSettings,
    PictureWriter,
    chosen_encoder,
    contract_colour,
    probe,
    written_colour,
)
from aigc_edit.media.looks import BT709
from tests.media.films import told_by_ffmpeg
from tests.tolerances import ONE_LEVEL, PATCH_MEAN_LEVELS, PATCH_WORST_LEVELS, SITED_PIXELS

SIDE = 32
# Red, green, blue: the corners, greys, skin, sky, foliage, and a few dark ones.
PATCHES = np.array(
    [
        (255, 255, 255), (192, 192, 192), (128, 128, 128), (64, 64, 64), (16, 16, 16), (0, 0, 0),
        (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 255, 255), (255, 0, 255), (255, 255, 0),
        (224, 172, 105), (115, 82, 68), (98, 122, 157), (87, 108, 67), (214, 126, 44),
        (20, 110, 120), (60, 30, 20), (10, 25, 40),
    ]
)  # fmt: skip
# Kr and Kb of each matrix (ITU-T H.273, table 4).
WEIGHTS = {
    "709": (1, 0.2126, 0.0722),
    "601-625": (5, 0.299, 0.114),
    "601-525": (6, 0.299, 0.114),
    "fcc": (4, 0.30, 0.11),
    "240m": (7, 0.212, 0.087),
    "2020": (9, 0.2627, 0.0593),
}
FORMATS = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p12le"]


def levels(rgb: np.ndarray, kr: float, kb: float, bits: int, *, full: bool) -> np.ndarray:
    """Y, Cb, Cr of R'G'B' in [0, 255] (H.273, equations 20 to 31 and 38 to 43)."""
    red, green, blue = np.moveaxis(rgb / 255, -1, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = [(blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))]
    top, half = 2**bits - 1, 2 ** (bits - 1)
    if full:
        planes = [top * luma, *(top * c + half for c in chroma)]
    else:
        scale = 2 ** (bits - 8)
        planes = [scale * (219 * luma + 16), *(scale * (224 * c + 128) for c in chroma)]
    return np.clip(np.round(planes), 0, top)


def patched(pixel_format: str, kr: float, kb: float, *, full: bool) -> av.VideoFrame:
    """All patches side by side, in planes that were computed here and nowhere else."""
    layout = av.VideoFormat(pixel_format, SIDE * len(PATCHES), SIDE)
    bits = layout.components[0].bits
    frame = av.VideoFrame(layout.width, layout.height, pixel_format)
    coded = levels(PATCHES, kr, kb, bits, full=full)
    for plane, values in zip(frame.planes, coded, strict=True):
        line = np.repeat(values, plane.width // len(PATCHES))
        kind = np.uint16 if bits > 8 else np.uint8
        lines = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), kind)
        lines[:, : len(line)] = line
        plane.update(lines.tobytes())
    return frame


def write_patches(path: Path, pixel_format: str, matrix: str, *, full: bool) -> Path:
    number, kr, kb = WEIGHTS[matrix]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height = SIDE * len(PATCHES), SIDE
        stream.pix_fmt = pixel_format
        stream.codec_context.colorspace = number
        stream.codec_context.color_range = 2 if full else 1
        for _ in range(3):
            frame = patched(pixel_format, kr, kb, full=full)
            frame.colorspace, frame.color_range = number, 2 if full else 1
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def through_us(path: Path, out: Path) -> Path:
    """As a render does it: RGB of the contract, nothing done to it, x264 at crf 12."""
    source = probe(path)
    video = source.video
    converter = PictureConverter(PictureForm(video.width, video.height), video.colour)
    encoder = chosen_encoder("h264", "software")
    settings = PictureSettings(
        encoder=encoder,
        quality=12,
        preset="fast",
        width=video.width,
        height=video.height,
        rate=source.grid,
        average=Fraction(25),
        colour=contract_colour(video.colour),
    )
    back = FrameConverter(encoder.pixel_format)
    with PictureReader(source) as reader, PictureWriter(out, settings, Fraction(0)) as writer:
        for picture in reader.pictures():
            writer.write(
                back.frame(converter.array(picture.frame).transpose(2, 0, 1)), picture.time
            )
    return out


def shown_patches(path: Path) -> np.ndarray:
    """[N, 3]: the middle of each patch of the last picture, as FFmpeg's own binary shows it."""
    done = told_by_ffmpeg(
        "-i", str(path), "-sws_flags", "bicubic+accurate_rnd+full_chroma_int",
        "-pix_fmt", "rgb24", "-f", "rawvideo", "-",
    )  # fmt: skip
    pictures = np.frombuffer(done.stdout, np.uint8).reshape(-1, SIDE, len(PATCHES), SIDE, 3)
    return pictures[-1, 8:24, :, 8:24].mean(axis=(0, 2))


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", sorted(WEIGHTS))
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_known_patches_are_read_as_what_they_are(tmp_path, pixel_format, matrix, full):
    source = probe(write_patches(tmp_path / "p.mkv", pixel_format, matrix, full=full))
    form = PictureForm(source.video.width, source.video.height)
    with PictureReader(source) as reader:
        frame = next(reader.pictures()).frame
    image = PictureConverter(form, source.video.colour).array(frame)
    middles = image.reshape(SIDE, len(PATCHES), SIDE, 3)[8:24, :, 8:24]
    error = np.abs(middles - PATCHES[:, None].astype(float))

    assert source.video.colour.matrix == WEIGHTS[matrix][0]
    assert source.video.colour.full_range == full
    assert error.mean() < PATCH_MEAN_LEVELS / 2
    assert error.max() <= PATCH_WORST_LEVELS / 2


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", sorted(WEIGHTS))
def test_known_patches_survive_a_filter_and_an_encode(tmp_path, matrix, full):
    clip = write_patches(tmp_path / "p.mkv", "yuv420p", matrix, full=full)
    error = np.abs(shown_patches(through_us(clip, tmp_path / "out.mp4")) - PATCHES)

    assert error.mean() < PATCH_MEAN_LEVELS
    assert error.max() <= PATCH_WORST_LEVELS


@pytest.mark.parametrize("pixel_format", ["gbrp", "gbrp10le", "bgr0"])
def test_rgb_sources_need_no_matrix(tmp_path, pixel_format):
    wide = np.repeat(np.repeat(PATCHES.astype(np.uint8)[None], SIDE, 0), SIDE, 1)
    frame = av.VideoFrame.from_ndarray(wide, format="rgb24").reformat(format=pixel_format)
    clip = tmp_path / ("r.mp4" if pixel_format == "gbrp" else "r.mkv")
    with av.open(str(clip), "w") as container:
        codec = "libx264rgb" if pixel_format == "gbrp" else "ffv1"
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, pixel_format
        if codec == "libx264rgb":
            stream.pix_fmt, stream.options = "rgb24", {"qp": "0"}
            frame = frame.reformat(format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    source = probe(clip)
    with PictureReader(source) as reader:
        decoded = next(reader.pictures()).frame
    form = PictureForm(frame.width, SIDE)
    image = PictureConverter(form, source.video.colour).array(decoded)

    assert source.video.colour.matrix == 0
    assert source.video.colour.full_range
    assert np.abs(image.astype(int) - wide).max() <= 1


@pytest.mark.parametrize("pixel_format", ["gbrp10le", "gray"])
def test_sources_without_a_matrix_are_tagged_as_they_are_written(tmp_path, pixel_format):
    """No filter sees them; the encoder takes YUV all the same."""
    kept = PATCHES[:6] if pixel_format == "gray" else PATCHES
    wide = np.repeat(np.repeat(kept.astype(np.uint8)[None], SIDE, 0), SIDE, 1)
    frame = av.VideoFrame.from_ndarray(wide, format="rgb24").reformat(format=pixel_format)
    if pixel_format == "gray":
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(wide[..., 0]), format="gray")
    clip, out = tmp_path / "in.mkv", tmp_path / "out.mp4"
    with av.open(str(clip), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, pixel_format
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    source = probe(clip)
    settings = PictureSettings(
        encoder=chosen_encoder("h264", "software"),
        quality=12,
        preset="fast",
        width=source.video.width,
        height=source.video.height,
        rate=source.grid,
        average=Fraction(25),
        colour=written_colour(source.video.colour),
    )
    with PictureReader(source) as reader, PictureWriter(out, settings, Fraction(0)) as writer:
        for picture in reader.pictures():
            writer.write(picture.frame, picture.time)
    result = probe(out)
    with PictureReader(result) as reader:
        decoded = next(reader.pictures()).frame
    form = PictureForm(result.video.width, result.video.height)
    image = PictureConverter(form, result.video.colour).array(decoded)
    middles = image.reshape(SIDE, len(kept), SIDE, 3)[8:24, :, 8:24].mean(axis=(0, 2))

    assert np.abs(middles - kept).max() <= PATCH_WORST_LEVELS


def test_colours_do_not_wander_from_generation_to_generation(tmp_path):
    """Red against blue, as waves of 32 pixels: their phase is where colours are."""
    wave = 60 * np.sin(2 * np.pi * np.arange(640) / 32)
    image = np.full((64, 640, 3), 128.0)
    image[..., 0] += wave
    image[..., 2] -= wave
    path, back = tmp_path / "w.mp4", FrameConverter("yuv420p")
    settings = PictureSettings(
        encoder=chosen_encoder("h264", "software"),
        quality=12,
        preset="fast",
        width=640,
        height=64,
        rate=Fraction(25),
        average=Fraction(25),
        colour=BT709,
    )
    with PictureWriter(path, settings, Fraction(0)) as writer:
        for number in range(3):
            writer.write(
                back.frame(image.astype(np.uint8).transpose(2, 0, 1)), Fraction(number, 25)
            )
    with PictureReader(probe(path)) as reader:
        frame = list(reader.pictures())[-1].frame
    shown = PictureConverter(PictureForm(640, 64), BT709).array(frame)[32].astype(float)
    phase = np.angle(
        ((shown[:, 0] - shown[:, 2]) * np.exp(-2j * np.pi * np.arange(640) / 32)).sum()
    )
    moved = (phase + np.pi / 2) / (2 * np.pi) * 32

    assert abs(moved) < SITED_PIXELS


def test_what_the_frames_are_after_the_contract():
    pal = Colour(5, 5, 6, full_range=True)
    hdr = Colour(9, 9, 16, full_range=False)

    assert contract_colour(pal) == Colour(1, 5, 6, full_range=False)
    assert contract_colour(hdr) == contract_colour(Colour(9, 9, 14, full_range=False)) == BT709
    assert (hdr.hdr, hdr.transfer_name, hdr.in_contract) == (True, "PQ", False)
    assert pal.in_contract


# Matrix and range as tagged or assumed; 4:2:0, 4:4:4, ten bits, turned, odd, VP9, AV1, MPEG-4.
CLIPS = [
    "dance_noaudio_720p.mp4", "hairbraid_22s.mp4", "cockatoo_yuv444.mp4", "h264_10bits.mp4",
    "nasa_rotated.mp4", "odd_321x241_444.mp4", "av1_video.mkv", "pysd_delayed_start.mp4",
    "no_duration.webm",
]  # fmt: skip
SHOWN = 4
# H.264 says where its chroma lies, and we follow; FFmpeg's scale filter must be told.
SITED_LEFT = CLIPS[:4]


def raw(path: Path, frames: int, *arguments: str) -> bytes:
    options = ["-i", str(path), "-frames:v", str(frames), "-fps_mode", "passthrough", *arguments]
    return told_by_ffmpeg(*options, "-f", "rawvideo", "-").stdout


def plane_bytes(frame: av.VideoFrame) -> bytes:
    depth = 2 if frame.format.components[0].bits > 8 else 1
    lines = [np.frombuffer(p, np.uint8).reshape(-1, p.line_size) for p in frame.planes]
    return b"".join(
        held[:, : plane.width * depth].tobytes()
        for held, plane in zip(lines, frame.planes, strict=True)
    )


@pytest.mark.parametrize("name", CLIPS)
def test_pictures_are_bit_for_bit_what_ffmpeg_decodes(shared_media, name):
    with PictureReader(probe(shared_media / name)) as reader:
        ours = [plane_bytes(p.frame) for p, _ in zip(reader.pictures(), range(SHOWN), strict=False)]
    decoder = ["-c:v", "libvpx-vp9"] if name.endswith(".webm") else []
    theirs = told_by_ffmpeg(
        *decoder, "-i", str(shared_media / name), "-frames:v", str(len(ours)),
        "-fps_mode", "passthrough", "-f", "rawvideo", "-",
    ).stdout  # fmt: skip

    assert b"".join(ours) == theirs


@pytest.mark.parametrize("name", CLIPS[:-1])
def test_rgb_is_within_one_level_of_what_ffmpeg_shows(shared_media, name):
    source = probe(shared_media / name)
    video = source.video
    converter = PictureConverter(PictureForm(video.width, video.height), video.colour)
    with PictureReader(source) as reader:
        ours = [
            converter.array(p.frame) for p, _ in zip(reader.pictures(), range(SHOWN), strict=False)
        ]
    # FFmpeg takes what is untagged for BT.601; players and we take HD for BT.709.
    scale = f"scale=in_color_matrix={video.colour.matrix}"
    scale += ":in_chroma_loc=left" if name in SITED_LEFT else ""
    flags = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    theirs = raw(shared_media / name, len(ours), "-vf", f"{scale}:{flags},format=gbrp,format=rgb24")
    images = np.frombuffer(theirs, np.uint8).reshape(np.shape(ours))

    assert np.abs(np.array(ours, int) - images).max() <= ONE_LEVEL
