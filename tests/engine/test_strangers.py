"""What strangers' stages may do, and what becomes of a run where they do what they may not."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
import pytest
import torch

from aigc_edit.api import (
    AudioFilter,
    Chapter,
    EditList,
    FrameFilter,
    ModelError,
    Planes,
    Selector,
    Sink,
    Span,
)
from aigc_edit.engine import Guard, RunOptions, compose, plan_run, run, runner
from aigc_edit.errors import PluginError
from aigc_edit.pipeline import Pipeline, StageSpec, pipeline_from_text
from aigc_edit.testing import read_sound, shown_frames

ENCODE = "output: {video: {mode: encode}}"
KEEP = "schema: 1\nstages:\n  - {uses: given_spans, with: {spans: [[1s, 1.5s], [4.8s, 5.2s]]}}\n"
NUMBERS = [*range(30, 45), *range(144, 156)]


def result_of(path, tmp_path, *stages, guard: Guard | None = None):
    base = pipeline_from_text(KEEP + ENCODE)
    specs = (*base.stages, *(StageSpec(stage.name, stage) for stage in stages))
    options = RunOptions("cpu", cache=False, guard=guard or Guard())
    return run(Pipeline("p", specs, base.output), path, tmp_path / "out.mp4", options)


def refused(path, tmp_path, *stages, guard: Guard | None = None) -> str:
    with pytest.raises(PluginError) as caught:
        result_of(path, tmp_path, *stages, guard=guard)
    assert list(tmp_path.iterdir()) == []
    return str(caught.value)


class PlanesAsTheyAre(FrameFilter):
    """Looks at planes."""

    name, pixels = "planes", "yuv"

    def begin(self, context):
        self.matrix, self.seen = context.matrix, []

    def apply_planes(self, planes, times):
        self.seen += [planes.y.clone()]
        return planes


def test_planes_are_those_that_were_decoded_and_come_out_as_they_were(clap_clip, tmp_path):
    stage = PlanesAsTheyAre()
    plain = result_of(clap_clip, tmp_path / "a")
    passed = result_of(clap_clip, tmp_path / "b", stage)

    assert torch.equal(torch.cat(stage.seen)[0], torch.from_numpy(_luma(clap_clip, 30)))
    assert _packets(passed.output) == _packets(plain.output)
    assert [n for _, n in shown_frames(passed.output)] == NUMBERS


def _luma(path, number: int) -> np.ndarray:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    plane = frames[number].planes[0]
    lines = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    return lines[:, : plane.width].copy()


def _packets(path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.mark.parametrize("order", ["planes rgb", "rgb planes", "planes rgb planes"])
def test_planes_and_rgb_may_follow_each_other(clap_clip, tmp_path, order):
    class Rgb(FrameFilter):
        """Looks at RGB."""

        name = "rgb"

        def apply(self, frames):
            return frames

    made = {"planes": PlanesAsTheyAre, "rgb": Rgb}
    result = result_of(clap_clip, tmp_path, *(made[word]() for word in order.split()))

    assert [n for _, n in shown_frames(result.output)] == NUMBERS


def test_frames_that_are_held_back_come_out_in_order_and_never_across_a_cut(clap_clip, tmp_path):
    class Late(FrameFilter):
        """Gives each frame once it has seen the next three."""

        name = "late"

        def reset(self):
            self.held = None

        def apply(self, frames):
            joined = frames if self.held is None else torch.cat([self.held, frames])
            self.held = joined[-3:]
            return joined[:-3]

        def rest(self):
            return self.held

    result = result_of(clap_clip, tmp_path, Late())

    assert [n for _, n in shown_frames(result.output)] == NUMBERS


def test_sound_that_is_held_back_is_where_it_belongs(clap_clip, tmp_path):
    class Late(AudioFilter):
        """Gives samples a tenth of a second late, and the rest at the end."""

        name = "late"

        def begin(self, context):
            self.held = np.zeros((context.channels, 0), np.float32)

        def apply(self, block):
            joined = np.concatenate([self.held, block.samples], axis=1)
            ready = max(0, joined.shape[1] - 4800)
            self.held = joined[:, ready:]
            return joined[:, :ready]

        def rest(self):
            return self.held

    plain, _, _ = read_sound(result_of(clap_clip, tmp_path / "a").output)
    held, _, _ = read_sound(result_of(clap_clip, tmp_path / "b", Late()).output)

    assert np.array_equal(plain, held)


class Faulty(FrameFilter):
    """Does what its `fault` says."""

    name = "faulty"

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def apply(self, frames):
        return self.fault(frames)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda f: f * float("nan"), "gave values that are no numbers at 0.00 s"),
        (lambda f: f / 0, "gave values that are no numbers"),
        (lambda f: None, "gave NoneType, not Tensor"),
        (lambda f: f.numpy(), "gave ndarray, not Tensor"),
        (lambda f: Planes(f, f, f), "gave Planes, not Tensor"),
        (lambda f: f.double(), "float64 on cpu"),
        (lambda f: f.to("meta"), "float32 on meta"),
        (lambda f: f[..., :-1], "[1, 3, 108, 191] float32"),
        (lambda f: torch.cat([f, f]), "[2, 3, 108, 192]"),
        (lambda f: os.chdir("/") or f, "changed the working directory"),
        (lambda f: torch.set_default_dtype(torch.float64) or f, "changed torch's default dtype"),
        (lambda f: __import__("no_such_package"), "pip install no_such_package"),
    ],
)
def test_what_a_frame_filter_may_not_do_is_named_and_nothing_is_left(
    clap_clip, tmp_path, fault, told, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    try:
        assert told in refused(clap_clip, tmp_path, Faulty(fault))
    finally:
        torch.set_default_dtype(torch.float32)


class FaultySound(AudioFilter):
    """Does what its `fault` says."""

    name = "faulty_sound"

    def __init__(self, fault):
        super().__init__()
        self.fault = fault

    def apply(self, block):
        return self.fault(block.samples)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda s: s * np.float32("nan"), "gave values that are no numbers"),
        (lambda s: s.astype(np.float64), "gave float64, not an array of float32"),
        (list, "gave list, not an array"),
        (lambda s: s[:1], "where [2, "),
        (lambda s: np.concatenate([s, s], axis=1), "where [2, "),
        (lambda s: s[:, :-1], "samples for itself"),
    ],
)
def test_what_an_audio_filter_may_not_do_is_named(clap_clip, tmp_path, fault, told):
    assert told in refused(clap_clip, tmp_path, FaultySound(fault))


class Tells(AudioFilter):
    """Changes nothing, and says at the end what it is made with."""

    name, suffixes = "tells", (".txt",)

    def __init__(self, *, report=dict, files=dict):
        super().__init__()
        self.report, self.files = report, files

    def apply(self, block):
        return block.samples


AT_THE_END = (
    ({"report": lambda: 1 / 0}, "stage 'tells' failed (ZeroDivisionError"),
    ({"report": lambda: None}, "stage 'tells' failed (TypeError"),
    ({"report": lambda: {"peak": np.float32(1)}}, "type float32 is not JSON"),
    ({"files": lambda: 1 / 0}, "stage 'tells' failed (ZeroDivisionError"),
    ({"files": lambda: None}, "stage 'tells' gave NoneType, and its suffixes are ['.txt']"),
)


@pytest.mark.parametrize(("wrong", "told"), AT_THE_END)
def test_an_audio_filter_that_fails_at_the_end_is_named(clap_clip, tmp_path, wrong, told):
    assert told in refused(clap_clip, tmp_path, Tells(**wrong))


@pytest.mark.parametrize(("wrong", "told"), AT_THE_END)
def test_so_it_is_where_there_is_no_film(tmp_path, wrong, told):
    pipeline = Pipeline("p", (StageSpec("tells", Tells(**wrong)),))

    with pytest.raises(PluginError) as caught:
        compose(pipeline, Fraction(1), tmp_path / "out.wav", RunOptions("cpu"))
    assert told in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("expected", [lambda _: 1 / 0, lambda _: None])
def test_a_selector_that_cannot_say_what_to_expect_is_named(clap_clip, tmp_path, expected):
    class Bad(Selector):
        """Keeps everything."""

        name = "bad"

        def select(self, edits, tracks):
            return edits

    stage = Bad()
    stage.expected = expected
    base = pipeline_from_text("schema: 1\nstages: [motion]\n")
    pipeline = Pipeline("p", (*base.stages, StageSpec("bad", stage)))

    with pytest.raises(PluginError, match=r"stage 'bad' failed \((ZeroDivision|Type)Error"):
        plan_run(pipeline, clap_clip, tmp_path / "out.mp4", RunOptions("cpu", cache=False))


class NoWeights(FrameFilter):
    """Has lost its weights."""

    name = "no_weights"

    def apply(self, frames):
        return frames

    def weights(self):
        raise ModelError("the weights of no_weights are missing", cure="Fetch them.")


@pytest.mark.parametrize("command", [run, plan_run])
def test_weights_that_are_missing_are_told_before_anything_is_decoded(
    clap_clip, tmp_path, monkeypatch, command
):
    monkeypatch.setattr(runner, "probe", lambda *_: pytest.fail("the source was opened"))
    pipeline = Pipeline("p", (StageSpec("no_weights", NoWeights()),))

    with pytest.raises(ModelError, match=r"the weights of no_weights are missing\. Fetch them\."):
        command(pipeline, clap_clip, tmp_path / "out.mp4", RunOptions("cpu", cache=False))
    assert not list(tmp_path.iterdir())


def test_a_selector_that_gives_no_edit_list_is_named(clap_clip, tmp_path):
    class Bad(Selector):
        """Gives a list."""

        name = "bad"

        def select(self, edits, tracks):
            return [edits]

    assert "'bad' gave list, not an EditList" in refused(clap_clip, tmp_path, Bad())


def test_what_an_earlier_selector_dropped_stays_dropped(clap_clip, tmp_path):
    class BringsBack(Selector):
        """Keeps everything, and more."""

        name = "brings_back"

        def select(self, edits, tracks):
            return EditList.of([Span(0, 100)])

    result = result_of(clap_clip, tmp_path, BringsBack())

    assert [n for _, n in shown_frames(result.output)] == NUMBERS


def test_a_sink_gives_the_files_that_it_announced(clap_clip, tmp_path):
    class Bad(Sink):
        """Gives another one."""

        name, suffixes = "bad", (".txt",)

        def deliver(self, delivery):
            return {".md": "words"}

    assert "'bad' gave ['.md'], and its suffixes are ['.txt']" in refused(
        clap_clip, tmp_path, Bad()
    )


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_chapters_of_a_sink_are_in_the_file(clap_clip, tmp_path, suffix):
    class Halves(Sink):
        """Two chapters."""

        name = "halves"

        def chapters(self, tracks):
            half = tracks.duration / 2
            return [Chapter(Fraction(0), half, "One"), Chapter(half, tracks.duration, "Zwölf")]

        def deliver(self, delivery):
            return {}

    base = pipeline_from_text(KEEP)
    specs = (*base.stages, StageSpec("halves", Halves()))
    out = run(Pipeline("p", specs), clap_clip, tmp_path / f"o.{suffix}", RunOptions("cpu")).output
    with av.open(str(out)) as container:
        found = container.chapters()

    assert [c["metadata"]["title"] for c in found] == ["One", "Zwölf"]
    assert float(found[1]["start"] * found[1]["time_base"]) == pytest.approx(0.45, abs=0.025)


def test_a_stage_that_never_returns_is_stopped_where_it_can_be(clap_clip, tmp_path):
    def spin(frames):
        while True:
            with suppress(Exception):  # as hasty authors do
                time.sleep(0.001)

    abandoned = []
    started = time.monotonic()

    told = refused(clap_clip, tmp_path, Faulty(spin), guard=Guard(0.2, abandoned.append))

    assert "'faulty' did not come back within 0.2 s at 0.00 s" in told
    assert "--stage-timeout" in told
    assert not abandoned
    assert time.monotonic() - started < 30


def test_a_stage_that_cannot_be_stopped_is_given_up(clap_clip, tmp_path):
    given_up = threading.Event()

    def sleep(frames):
        given_up.wait(20)  # until somebody gives up
        return frames

    told = refused(clap_clip, tmp_path, Faulty(sleep), guard=Guard(0.2, lambda _: given_up.set()))

    assert given_up.is_set()
    assert "did not come back within 0.2 s" in told


def test_a_stage_in_time_is_left_alone(clap_clip, tmp_path):
    result = result_of(clap_clip, tmp_path, Faulty(lambda f: f), guard=Guard(60))

    assert [n for _, n in shown_frames(result.output)] == NUMBERS
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer)]


def test_a_stage_gets_no_other_tracks_than_those_that_it_reads(clap_clip, tmp_path):
    seen = {}

    class Looks(FrameFilter):
        """Looks at all tracks."""

        name = "looks"

        def begin(self, context):
            seen["frames"] = set(context.tracks.tracks)

        def apply(self, frames):
            return frames

    base = pipeline_from_text("schema: 1\nstages: [motion]\n")
    specs = (*base.stages, StageSpec("looks", Looks()))
    run(Pipeline("p", specs), clap_clip, tmp_path / "o.mp4", RunOptions("cpu"))

    assert seen == {"frames": set()}


WHILE_TORCH_COMES = """
import os
import threading
from aigc_edit.engine import Guard
from aigc_edit.stages.select.given_spans import GivenSpans

importing = threading.Thread(target=__import__, args=("torch",))
importing.start()
while importing.is_alive():
    with Guard().around(GivenSpans):
        pass
os._exit(0)  # how Python ends right after torch has come is not asked here
"""


def test_stages_are_watched_while_another_thread_imports_torch():
    command = [sys.executable, "-c", WHILE_TORCH_COMES]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stderr
