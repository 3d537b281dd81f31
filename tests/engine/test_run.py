"""The main job, end to end, on clips whose every frame says its number."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from aigc_edit.engine import RunOptions, analyse, run
from aigc_edit.engine.progress import Silent
from aigc_edit.errors import DecodeError
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, beep_starts, flash_times, make_clip, shown_frames
from tests.media.films import told_by_ffmpeg
from tests.tolerances import assert_same_moment


def keeping(spans: str, extra: str = "", output: str = "") -> str:
    return (
        f"schema: 1\nname: cut\nstages:\n  - uses: given_spans\n    with: {{spans: {spans}}}\n"
        f"{extra}\n{output}"
    )


def edited(path, tmp_path, text, name="out.mp4"):
    return run(pipeline_from_text(text), path, tmp_path / name, RunOptions(device="cpu"))


def test_keeps_exactly_the_frames_asked_for(clap_clip, tmp_path):
    result = edited(clap_clip, tmp_path, keeping("[[1s, 2s], [4.5s, 5.5s], [9s, 10s]]"))
    frames = shown_frames(result.output)

    assert [n for _, n in frames] == [*range(30, 60), *range(135, 165), *range(270, 300)]
    assert [t for t, _ in frames] == [Fraction(k, 30) for k in range(90)]


def test_spans_may_come_in_any_order(clap_clip, tmp_path):
    result = edited(clap_clip, tmp_path, keeping("[[8s, 8.2s], [1s, 1.2s]]"))

    assert [n for _, n in shown_frames(result.output)] == [*range(240, 246), *range(30, 36)]


def test_flash_and_beep_stay_together_across_seams(clap_clip, tmp_path):
    spans = "[[0.7s, 1.9s], [3.1s, 3.9s], [5.8s, 6.33s], [8.9s, 10s]]"
    result = edited(clap_clip, tmp_path, keeping(spans))
    flashes, beeps = flash_times(result.output), beep_starts(result.output)

    assert len(flashes) == len(beeps) == 4
    for flash, beep in zip(flashes, beeps, strict=True):
        assert_same_moment(float(flash), beep)


def test_variable_frame_rate_keeps_its_times_and_its_sound(tmp_path):
    steps = [Fraction(1, 30), Fraction(1, 12), Fraction(1, 60), Fraction(1, 24)]
    times = [Fraction(0)]
    for k in range(199):
        times.append(times[-1] + steps[k % 4])
    claps = (times[40], times[121], times[180])
    spec = ClipSpec(frames=200, times=times, claps=claps)
    clip = make_clip(tmp_path / "vfr.mp4", spec)
    start, end = times[110] + Fraction(1, 200), times[190]
    result = edited(clip, tmp_path, keeping(f"[[1s, 2s], [{float(start)}s, {float(end)}s]]"))
    shown = shown_frames(result.output)
    placed = {number: time for time, number in shown}

    assert [n for _, n in shown if n >= 110] == list(range(110, 190))
    for number in range(111, 190):
        expected = 1 + times[number] - start
        assert float(placed[number]) == pytest.approx(float(expected), abs=2e-4)
    flashes, beeps = flash_times(result.output), beep_starts(result.output)
    for flash, beep in zip(flashes, beeps, strict=True):
        assert_same_moment(float(flash), beep)


def test_a_start_time_that_is_not_zero_moves_nothing(tmp_path):
    spec = ClipSpec(frames=90, claps=(Fraction(1), Fraction(2)), start=Fraction(7, 3))
    clip = make_clip(tmp_path / "late.mkv", spec)
    result = edited(clip, tmp_path, keeping("[[0.5s, 2.5s]]"))

    assert [n for _, n in shown_frames(result.output)] == list(range(15, 75))
    flashes, beeps = flash_times(result.output), beep_starts(result.output)
    assert [round(float(t), 2) for t in flashes] == [0.5, 1.5]
    for flash, beep in zip(flashes, beeps, strict=True):
        assert_same_moment(float(flash), beep)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".webm"])
def test_writes_each_container(clap_clip, tmp_path, suffix):
    result = edited(clap_clip, tmp_path, keeping("[[0.5s, 1.5s]]"), f"out{suffix}")

    assert [n for _, n in shown_frames(result.output)] == list(range(15, 45))
    (flash,), (beep,) = flash_times(result.output), beep_starts(result.output)
    assert_same_moment(float(flash), beep)


def test_a_film_without_sound_works(silent_film, tmp_path):
    result = edited(silent_film, tmp_path, keeping("[[0.5s, 1.5s]]"))

    assert [n for _, n in shown_frames(result.output)] == list(range(15, 45))


@pytest.mark.parametrize("size", [(321, 241), (33, 19)])
def test_odd_sizes_lose_one_line(tmp_path, size):
    import av

    clip = tmp_path / "odd.mkv"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv444p"
        for _ in range(5):
            container.mux(stream.encode(av.VideoFrame(*size, "yuv444p")))
        container.mux(stream.encode(None))
    result = edited(clip, tmp_path, keeping("[[0s, 1s]]"))

    with av.open(str(result.output)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (size[0] - 1, size[1] - 1)
        assert len(list(container.decode(stream))) == 5


def test_the_record_says_what_was_decided_and_what_it_cost(clap_clip, tmp_path):
    result = edited(clap_clip, tmp_path, keeping("[[1s, 2s], [4s, 5s]]"))
    record = json.loads((tmp_path / "out.mp4.run.json").read_text())

    assert record == json.loads(json.dumps(result.record))
    assert record["generations"] == 1
    assert [(k["start"], k["end"], k["at"]) for k in record["kept"]] == [(1, 2, 0), (4, 5, 1)]
    assert record["output"]["frames"] == 60
    assert {cost["pass"] for cost in record["passes"]} >= {"render", "mux"}
    assert record["source"]["sha256"]
    assert record["versions"]["av"]


def test_nothing_but_results_is_left(clap_clip, tmp_path):
    edited(clap_clip, tmp_path, keeping("[[1s, 2s]]"))

    assert {p.name for p in tmp_path.iterdir()} == {"out.mp4", "out.mp4.run.json"}


class _Meddler(Silent):
    """Writes to the input while a pass runs over it."""

    def __init__(self, path: Path, during: str) -> None:
        self._path, self._during = path, during

    def begin(self, name: str, frames: int) -> None:
        if name == self._during:
            with self._path.open("ab") as file:
                file.write(b"\0" * 8)


@pytest.mark.parametrize("during", ["analysis", "render"])
def test_an_input_that_changes_while_it_is_read_is_an_error_and_leaves_nothing(
    silent_film, tmp_path, during
):
    clip = Path(shutil.copy(silent_film, tmp_path / "film.mp4"))
    text = keeping("[[0s, 1s]]", extra="  - uses: motion")
    options = RunOptions(progress=_Meddler(clip, during))

    with pytest.raises(DecodeError, match="changed while it was read"):
        run(pipeline_from_text(text), clip, tmp_path / "out.mp4", options)
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


def test_another_sound_track_has_tracks_of_its_own(tmp_path):
    path = tmp_path / "two.mkv"
    told_by_ffmpeg(
        *("-f", "lavfi", "-i", "color=s=64x64:r=25:d=2", "-f", "lavfi", "-i", "sine=d=2"),
        *("-f", "lavfi", "-i", "anullsrc=d=2", "-map", "0", "-map", "1", "-map", "2"),
        *("-t", "2", "-c:a", "flac", str(path)),
    )
    text = "schema: 1\nstages: [loudness]\n"
    first = analyse(pipeline_from_text(text), path, RunOptions())
    second = analyse(pipeline_from_text(text, ["input.audio_track=2"]), path, RunOptions())

    assert second.steps[0].cached is None
    assert first.timeline != second.timeline


def test_oddities_of_the_input_stand_in_the_record(tmp_path):
    clip = make_clip(tmp_path / "one.ts", ClipSpec(frames=60, gop=10))
    twice = tmp_path / "two.ts"
    twice.write_bytes(clip.read_bytes() * 2)
    result = edited(twice, tmp_path, keeping("[[1s, 1.5s], [3s, 3.5s]]"))

    assert any("clock starts again" in w for w in result.record["warnings"])
    assert [n for _, n in shown_frames(result.output)] == [*range(30, 45)] * 2
