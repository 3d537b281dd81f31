"""What nothing touches is copied: bit for bit, at the right time, playable everywhere."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from itertools import pairwise

import av
import imageio_ffmpeg
import pytest

from aigc_edit.engine import RunOptions, plan_run, run
from aigc_edit.errors import UsageError
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, beep_starts, flash_times, make_clip, shown_frames
from tests.tolerances import assert_same_moment

CLAPS = tuple(Fraction(frame * 1001, 30000) for frame in (150, 420))
OPTIONS = RunOptions("cpu", cache=False)


def cutting(spans: str, output: str = "{}", extra: str = "") -> str:
    head = f"schema: 1\nname: cut\nstages:\n  - uses: given_spans\n    with: {{spans: {spans}}}\n"
    return f"{head}{extra}output: {output}\n"


def cut(path, tmp_path, spans, output="{}", name="out.mp4"):
    return run(pipeline_from_text(cutting(spans, output)), path, tmp_path / name, OPTIONS)


def packets(path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(p) for p in container.demux(video=0) if p.size]


def clocks(path) -> tuple[list[Fraction], list[Fraction]]:
    """Decode and presentation times of the picture's packets."""
    with av.open(str(path)) as container:
        found = [
            (p.dts * p.time_base, p.pts * p.time_base) for p in container.demux(video=0) if p.size
        ]
    return [d for d, _ in found], [p for _, p in found]


def complaints(path) -> str:
    """What a strict decoder has to say about a file."""
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-xerror",
        "-i",
        path,
        "-f",
        "null",
        "-",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.fixture(scope="module", params=["mp4", "mkv", "mov"])
def long_gops(request, tmp_path_factory):
    """Twenty seconds at 30000/1001 with B-frames, a key frame at least each second."""
    spec = ClipSpec(frames=600, rate=Fraction(30000, 1001), gop=30, claps=CLAPS)
    return make_clip(tmp_path_factory.mktemp("copy") / f"clip.{request.param}", spec)


def test_whole_gops_are_copied_bit_for_bit_and_edges_are_exact(long_gops, tmp_path):
    result = cut(long_gops, tmp_path, "[[3.3s, 8.1s], [12.5s, 16s]]")
    spans, rate = result.edits.spans, Fraction(30000, 1001)
    numbers = [n for span in spans for n in range(round(span.start * rate), round(span.end * rate))]
    decoded, shown = clocks(result.output)
    copied = set(packets(result.output)) & set(packets(long_gops))

    assert [n for _, n in shown_frames(result.output)] == numbers
    assert result.record["output"]["copied"] >= 150
    assert len(copied) >= result.record["output"]["copied"]
    assert complaints(result.output) == ""
    assert all(a < b for a, b in pairwise(decoded))
    assert all(d <= p for d, p in zip(decoded, shown, strict=True))


def test_copied_pictures_stay_with_their_sound(long_gops, tmp_path):
    result = cut(long_gops, tmp_path, "[[3.3s, 8.1s], [12.5s, 16s]]")

    flashes, beeps = flash_times(result.output), beep_starts(result.output)
    assert len(flashes) == len(beeps) == 2
    for flash, beep in zip(flashes, beeps, strict=True):
        assert_same_moment(float(flash), beep)


@pytest.mark.parametrize("name", ["out.mkv", "out.mov"])
def test_copies_go_into_other_containers(long_gops, tmp_path, name):
    result = cut(long_gops, tmp_path, "[[3.3s, 8.1s]]", name=name)

    assert result.record["output"]["copied"] > 0
    assert [n for _, n in shown_frames(result.output)] == list(range(99, 243))
    assert complaints(result.output) == ""


def test_with_mode_encode_nothing_is_copied(long_gops, tmp_path):
    result = cut(long_gops, tmp_path, "[[3.3s, 8.1s]]", "{video: encode}")

    assert result.record["output"]["copied"] == 0
    assert not set(packets(result.output)) & set(packets(long_gops))


def test_with_mode_copy_cuts_move_out_to_key_frames_and_nothing_is_encoded(long_gops, tmp_path):
    result = cut(long_gops, tmp_path, "[[3.3s, 8.1s], [8.2s, 9.1s]]", "{video: copy}")
    shown = [n for _, n in shown_frames(result.output)]

    assert shown == list(range(shown[0], shown[-1] + 1))
    assert shown[0] <= 99
    assert shown[-1] >= 272
    assert set(packets(result.output)) <= set(packets(long_gops))


def test_a_filtered_picture_is_never_copied_and_copy_is_refused_then(long_gops, tmp_path):
    grade = "  - uses: grade\n    with: {saturation: 0.5}\n"
    auto = pipeline_from_text(cutting("[[3.3s, 8.1s]]", extra=grade))
    forced = pipeline_from_text(cutting("[[3.3s, 8.1s]]", "{video: copy}", extra=grade))
    plan = str(plan_run(auto, long_gops, tmp_path / "out.mp4", OPTIONS))

    assert "copy" not in plan.replace("not copied", "")
    assert "not copied: a frame filter touches every frame" in plan
    with pytest.raises(UsageError, match="cannot be copied: a frame filter"):
        run(forced, long_gops, tmp_path / "out.mp4", OPTIONS)


def made(path, encoder: str, options: dict[str, str], frames: int = 90, gop: int = 30):
    """A clip by another encoder; no sound."""
    from aigc_edit.testing.clips import _drawn

    spec = ClipSpec(frames=frames)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(encoder, rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = 192, 108, "yuv420p"
        stream.gop_size = gop
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(_drawn(number, spec), format="rgb24")
            container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


def test_open_gops_are_no_place_to_cut_a_copy(tmp_path):
    options = {"x264-params": "open-gop=1:bframes=3:b-adapt=0:scenecut=0:keyint=30"}
    clip = made(tmp_path / "open.mp4", "libx264", options)
    result = cut(clip, tmp_path, "[[0.5s, 2.9s]]")

    assert [n for _, n in shown_frames(result.output)] == list(range(15, 87))
    assert result.record["output"]["copied"] == 0
    assert complaints(result.output) == ""


def test_another_codec_is_copied_whole_or_not_at_all(tmp_path):
    clip = made(tmp_path / "h.mp4", "libx265", {"x265-params": "log-level=error"})
    whole = cut(clip, tmp_path, "[[0s, 3s]]", name="whole.mp4")
    parts = cut(clip, tmp_path, "[[0.5s, 2.9s]]", name="parts.mp4")

    assert packets(whole.output) == packets(clip)
    assert parts.record["output"]["copied"] == 0
    assert [n for _, n in shown_frames(parts.output)] == list(range(15, 87))


def test_a_copied_phone_video_stays_upright(tmp_path, clap_clip):
    turned = tmp_path / "turned.mp4"
    with av.open(str(clap_clip)) as source, av.open(str(turned), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0], opaque=True)
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    result = cut(turned, tmp_path, "[[0s, 10s]]")
    with av.open(str(result.output)) as container:
        frame = next(container.decode(video=0))

    assert result.record["output"]["copied"] == 300
    assert round(frame.rotation) == 90


def test_variable_rate_keeps_its_times_through_copies(tmp_path):
    steps = [Fraction(1, 30), Fraction(1, 12), Fraction(1, 60), Fraction(1, 24)]
    times = [Fraction(0)]
    for k in range(239):
        times.append(times[-1] + steps[k % 4])
    clip = make_clip(tmp_path / "vfr.mp4", ClipSpec(frames=240, times=times, gop=20))
    start, end = times[30], times[200]
    result = cut(clip, tmp_path, f"[[{float(start)}s, {float(end)}s]]")
    shown = shown_frames(result.output)

    assert result.record["output"]["copied"] > 100
    assert [n for _, n in shown] == list(range(30, 200))
    for time, number in shown:
        assert abs(time - (times[number] - start)) < Fraction(1, 10_000)


@pytest.mark.parametrize(("fps", "count"), [("25", 100), ("60", 240), ("29.97", 120), ("10", 40)])
def test_a_forced_rate_is_constant_and_shows_what_was_on_display(clap_clip, tmp_path, fps, count):
    result = cut(clap_clip, tmp_path, "[[2s, 4s], [6s, 8s]]", f"{{video: {{fps: {fps}}}}}")
    shown = shown_frames(result.output)
    rate = Fraction(30000, 1001) if fps == "29.97" else Fraction(fps)

    assert len(shown) == count
    assert [t for t, _ in shown] == [Fraction(k) / rate for k in range(count)]
    for time, number in shown:
        span_start = 60 if time < 2 else 120
        assert number == span_start + int(time * 30 + Fraction(1, 1000))


def test_the_last_picture_stays_until_the_end_however_slow_the_last_ones_are(tmp_path):
    times = [Fraction(k, 25) for k in range(50)]
    times += [times[-1] + Fraction(k, 4) for k in range(1, 9)]
    clip = make_clip(tmp_path / "slow.mp4", ClipSpec(frames=58, times=times, rate=Fraction(25)))
    for mode in ("encode", "auto"):
        result = cut(clip, tmp_path, "[[0.4s, 3.9s]]", f"{{video: {mode}}}", name=f"{mode}.mp4")
        with av.open(str(result.output)) as container:
            picture = container.streams.video[0]
            end = float((picture.start_time + picture.duration) * picture.time_base)

        assert end == pytest.approx(3.5, abs=0.002)
        assert [n for _, n in shown_frames(result.output)] == list(range(10, 57))
