"""What becomes of the picture is said; what need not change does not."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from aigc_edit.engine import RunOptions, run
from aigc_edit.media import probe
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, make_clip, shown_frames

OPTIONS = RunOptions("cpu", cache=False)
GRADE = "  - uses: grade\n    with: {saturation: 1}\n"


def cut(path, tmp_path, extra="", output="{video: encode}", name="out.mp4", spans="[[0.2s, 1s]]"):
    head = f"schema: 1\nstages:\n  - uses: given_spans\n    with: {{spans: {spans}}}\n"
    pipeline = pipeline_from_text(f"{head}{extra}output: {output}\n")
    return run(pipeline, path, tmp_path / name, OPTIONS)


MASTERING = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(40000000,50):"
    "max-cll=1234,400:hdr10=1"
)


def coded(path, pixel_format: str, size=(192, 108), transfer: int = 1, primaries: int = 1, **sides):
    """A clip of a grey ramp by x265, 30 frames."""
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx265",
            rate=30,
            options={
                "x265-params": f"log-level=error:{sides.get('light', '')}",
                "preset": "ultrafast",
            },
        )
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        context = stream.codec_context
        context.color_trc, context.color_primaries = transfer, primaries
        context.colorspace, context.color_range = 9 if primaries == 9 else 1, 1
        if "aspect" in sides:
            context.sample_aspect_ratio = sides["aspect"]
        ramp = np.tile(np.linspace(0, 255, width, dtype=np.uint8)[None, :, None], (height, 1, 3))
        for _ in range(30):
            frame = av.VideoFrame.from_ndarray(ramp, format="rgb24").reformat(format=pixel_format)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("transfer", "primaries"), [(16, 9), (18, 9)], ids=["pq", "hlg"])
def test_hdr_that_nothing_touches_stays_hdr_with_all_its_bits(tmp_path, transfer, primaries):
    clip = coded(tmp_path / "hdr.mp4", "yuv420p10le", transfer=transfer, primaries=primaries)
    result = cut(clip, tmp_path)
    video = probe(result.output).video

    assert (video.codec, video.pixel_format, video.depth) == ("hevc", "yuv420p10le", 10)
    assert (video.colour.transfer, video.colour.primaries) == (transfer, primaries)
    assert any("kept" in change for change in result.record["output"]["changes"])


def test_what_an_hdr10_file_says_of_its_light_is_kept(tmp_path):
    clip = coded(tmp_path / "h.mp4", "yuv420p10le", transfer=16, primaries=9, light=MASTERING)
    before = probe(clip).video.colour.mastering
    after = probe(cut(clip, tmp_path).output).video.colour.mastering

    assert before is not None
    assert before.display == pytest.approx(
        (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329, 0.005, 4000)
    )
    assert (before.max_cll, before.max_fall, before.peak) == (1234, 400, 1234)
    assert after == before


def test_hdr_that_a_filter_sees_becomes_sdr_and_the_record_says_so(tmp_path):
    clip = coded(tmp_path / "hdr.mp4", "yuv420p10le", transfer=16, primaries=9)
    result = cut(clip, tmp_path, GRADE)
    video = probe(result.output).video

    assert (video.pixel_format, video.colour.transfer, video.colour.primaries) == ("yuv420p", 1, 1)
    assert "PQ mapped to BT.709 SDR" in result.record["output"]["changes"]
    assert "10 bits a sample became 8" in result.record["output"]["changes"]


def test_bits_and_chroma_that_are_lost_are_named(tmp_path):
    clip = coded(tmp_path / "rich.mp4", "yuv444p10le")
    result = cut(clip, tmp_path, output="{video: {mode: encode, codec: vp9}}")

    assert result.record["output"]["changes"] == [
        "10 bits a sample became 8",
        "4:4:4 became 4:2:0",
    ]


def test_odd_sides_and_wide_pixels_are_named(tmp_path):
    clip = coded(tmp_path / "odd.mp4", "yuv444p", size=(161, 121))
    wide = coded(tmp_path / "wide.mp4", "yuv420p", aspect=Fraction(2))

    assert (
        "161x121 became 160x120: 4:2:0 has even sides"
        in (cut(clip, tmp_path).record["output"]["changes"])
    )
    result = cut(wide, tmp_path, name="wide-out.mp4")
    assert "pixels of 2 made square: 192x108 became 384x108" in result.record["output"]["changes"]
    assert (probe(result.output).video.width, probe(result.output).video.height) == (384, 108)


def test_copies_that_do_not_pass_the_check_are_encoded_instead(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", ClipSpec(frames=150, gop=30, sound_rate=None))
    with av.open(str(clip)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
        hurt = next(k for k, p in enumerate(packets) if p.pts * p.time_base >= 1 and p.is_keyframe)
        place, size = packets[hurt].pos, packets[hurt].size
    data = bytearray(clip.read_bytes())
    for k in range(place + size // 2, place + size - 8):
        data[k] ^= 0x55
    clip.write_bytes(data)
    result = cut(clip, tmp_path, output="{}", spans="[[0.5s, 4s]]")

    assert result.record["output"]["copied"] == 0
    assert "what was written is not right" in result.record["output"]["not_copied_because"]
    assert [n for _, n in shown_frames(result.output)][:10] == list(range(15, 25))
