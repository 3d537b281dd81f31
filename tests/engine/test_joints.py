"""Where pieces, cuts and clocks meet: nothing is lost, doubled or late there."""

from __future__ import annotations

import time
from fractions import Fraction

import av
import numpy as np
import pytest

from aigc_edit.api import AudioFilter, FrameFilter, Span
from aigc_edit.engine import RunOptions, run
from aigc_edit.engine.filtering import _numbered
from aigc_edit.engine.pieces import first_number, on_clean_keys
from aigc_edit.engine.render import at_rate
from aigc_edit.errors import PluginError, UsageError
from aigc_edit.media import Picture, PictureReader, probe
from aigc_edit.pipeline import Pipeline, StageSpec, pipeline_from_text
from aigc_edit.testing import ClipSpec, make_clip, shown_frames
from aigc_edit.timeline import EditList, on_clock

OPTIONS = RunOptions("cpu", cache=False)


def cut(path, tmp_path, spans, output="{}", name="out.mp4", *stages):
    head = f"schema: 1\nstages:\n  - uses: given_spans\n    with: {{spans: {spans}}}\n"
    made = pipeline_from_text(f"{head}output: {output}\n")
    extra = tuple(StageSpec(stage.name, stage) for stage in stages)
    pipeline = Pipeline(made.name, (*made.stages, *extra), made.output)
    return run(pipeline, path, tmp_path / name, OPTIONS)


@pytest.fixture(scope="module")
def gops(tmp_path_factory):
    """Ten seconds at 25 fps with a key frame each second."""
    spec = ClipSpec(frames=250, rate=Fraction(25), gop=25, sound_rate=None)
    return make_clip(tmp_path_factory.mktemp("gops") / "gops.mp4", spec)


def test_a_piece_that_begins_at_a_key_frame_decodes_nothing_before_it(gops):
    source = probe(gops)
    with PictureReader(source) as reader:
        shown = list(reader.pictures(Span(3, 5)))

        assert len(shown) == 50
        assert reader.decoded <= 52  # the threads of the decoder are a little ahead


@pytest.mark.parametrize(
    ("spans", "kept"),
    [
        ([Span(0, 1), Span(0, 1)], [(0, 1), (0, 1)]),
        ([Span(0, 2), Span.measured(0.9, 1.5)], [(0, 2), (0, 2)]),
        (
            [Span(Fraction("1.2"), Fraction("1.4")), Span(Fraction("1.6"), Fraction("2.5"))],
            [(1, 3)],
        ),
    ],
    ids=["twice", "inside", "one GOP"],
)
def test_growing_to_whole_gops_keeps_every_wish(gops, spans, kept):
    grown = on_clean_keys(EditList.of(spans), probe(gops))

    assert [(span.start, span.end) for span in grown.spans] == kept


def test_copy_is_refused_where_there_is_no_clean_key_frame(tmp_path):
    clip = tmp_path / "m.mpg"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 192, 108, "yuv420p"
        for _ in range(50):
            container.mux(stream.encode(av.VideoFrame(192, 108, "yuv420p")))
        container.mux(stream.encode(None))

    with pytest.raises(UsageError, match="cannot be copied"):
        cut(clip, tmp_path, "[[0s, 1s]]", "{video: copy}")


def hidden_tail(path, gops, hidden: int):
    """A copy of a clip whose edit list ends so many pictures early."""
    data = bytearray(gops.read_bytes())
    at = data.index(b"elst") + 8  # version, flags, count
    assert int.from_bytes(data[at : at + 4], "big") == 1
    length = int.from_bytes(data[at + 4 : at + 8], "big")
    data[at + 4 : at + 8] = (length - hidden * 40).to_bytes(4, "big")
    path.write_bytes(data)
    return path


def test_pictures_that_an_edit_list_hides_do_not_come_out(gops, tmp_path):
    clip = hidden_tail(tmp_path / "tail.mp4", gops, 3)
    result = cut(clip, tmp_path, "[[5.1s, 100s], [0s, 1s]]")

    assert [n for _, n in shown_frames(result.output)] == [*range(128, 247), *range(25)]
    assert "edit list" in result.record["output"]["not_copied_because"]


def test_what_is_transparent_is_not_copied(tmp_path):
    clip = tmp_path / "alpha.webm"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libvpx-vp9", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuva420p"
        rgba = np.zeros((64, 64, 4), np.uint8)
        rgba[..., 0] = 255
        rgba[:, 32:, 3] = 255
        for _ in range(25):
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format="yuva420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    result = cut(clip, tmp_path, "[[0s, 1s]]", name="out.webm")
    with av.open(str(result.output)) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24")

    assert result.record["output"]["copied"] == 0
    assert shown[:, :24].max() < 16
    assert shown[:, 40:, 0].min() > 200


def test_a_constant_rate_has_no_hole_where_borders_were_rounded():
    """A border on the nanosecond clock may lie a hair after the picture that it stands for."""
    fps, border = Fraction(30), on_clock(Fraction(13, 30)) + Fraction(1, 10**9)
    times = [Fraction(k, 25) for k in range(25)]
    before = at_rate((Picture(t, None) for t in times if t < border), border, fps)
    after = at_rate(iter([Picture(border, None), *(Picture(t, None) for t in times if t > border)]),
                    Fraction(1), fps)  # fmt: skip
    numbers = [p.time * fps for p in (*before, *after)]

    assert numbers == list(range(30))
    assert first_number(border, fps) == 13


def test_a_cut_on_the_nanosecond_clock_is_noticed_at_its_own_frame():
    cuts = [on_clock(Fraction(k * 7, 30)) for k in range(1, 30)]
    runs = _numbered((Picture(Fraction(k, 30), None) for k in range(210)), cuts)

    assert [run for run, _ in runs] == [k // 7 for k in range(210)]


class Fails(AudioFilter):
    """Raises at once."""

    name = "fails"

    def apply(self, block):
        raise ValueError("no")


class Slow(FrameFilter):
    """Takes its time."""

    name = "slow"
    dtype = "uint8"

    def apply(self, frames):
        time.sleep(0.1)
        return frames


def test_sound_that_fails_stops_the_picture(clap_clip, tmp_path):
    begin = time.monotonic()
    with pytest.raises(PluginError, match="'fails' failed"):
        cut(clap_clip, tmp_path, "[[0s, 10s]]", "{}", "out.mp4", Fails(), Slow())

    assert time.monotonic() - begin < 15  # the whole picture takes thirty seconds
    assert [*tmp_path.iterdir()] == []
