"""One decode feeds all analysers, and nobody can tell the difference."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from aigc_edit.api import (
    Analyzer,
    Audio,
    AudioBlock,
    Curve,
    FrameBatch,
    Frames,
    Regions,
    Timeline,
)
from aigc_edit.engine import RunOptions, analyse, run
from aigc_edit.engine.analysis import finish_step, run_group
from aigc_edit.engine.cache import TrackCache
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.planner import analysis_groups, analysis_steps
from aigc_edit.engine.progress import Clock, Silent
from aigc_edit.engine.runner import _context
from aigc_edit.errors import PluginError
from aigc_edit.media import probe
from aigc_edit.pipeline import Pipeline, StageSpec, load_pipeline
from aigc_edit.testing import ClipSpec, frame_number, make_clip
from tests.conftest import ROOT

FUSED, NAIVE = (RunOptions(device="cpu", cache=False, fused=f) for f in (True, False))
PIPELINES = ("highlight", "supercut", "no_silence")


class Witness(Analyzer):
    """Writes down what it is given."""

    name = "witness"
    needs = ()  # each test says what it needs
    writes = (Regions.named("witness"),)

    def begin(self, context):
        self.context, self.batches, self.blocks = context, [], []

    def frames(self, batch: FrameBatch) -> None:
        self.batches.append(batch)

    def audio(self, block: AudioBlock) -> None:
        self.blocks.append(block)

    def finish(self, tracks: Timeline):
        return [Regions("witness", ())]


def witnessed(path, *needs):
    witness = Witness()
    witness.needs = needs
    pipeline = Pipeline("p", (StageSpec("witness", witness),))
    analyse(pipeline, path, RunOptions(device="cpu", cache=False))
    return witness


def test_every_frame_comes_once_in_order_with_its_time(clap_clip):
    witness = witnessed(clap_clip, Frames())
    numbers = [frame_number(image) for batch in witness.batches for image in batch.pixels]
    times = [time for batch in witness.batches for time in batch.times]

    assert numbers == list(range(300))
    assert times == [Fraction(k, 30) for k in range(300)]
    assert [b.first for b in witness.batches] == list(range(0, 300, 32))


def test_a_rate_is_at_most_what_was_asked_for(clap_clip):
    witness = witnessed(clap_clip, Frames(fps=4))
    times = [float(time) for batch in witness.batches for time in batch.times]

    assert len(times) == 40
    assert np.diff(times).min() >= 0.2
    assert np.diff(times).max() <= 0.3


@pytest.mark.parametrize(
    ("need", "shape"),
    [
        (Frames(), (108, 192, 3)),
        (Frames(height=54), (54, 96, 3)),
        (Frames(width=48, height=27), (27, 48, 3)),
        (Frames(side=64, multiple=8), (32, 64, 3)),
        (Frames(height=900), (108, 192, 3)),
        (Frames(height=54, pixels="gray"), (54, 96)),
    ],
)
def test_frames_come_at_the_size_and_pixels_asked_for(clap_clip, need, shape):
    assert witnessed(clap_clip, need).batches[0].pixels.shape[1:] == shape


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (None, None), (22_050, 2)])
def test_sound_comes_at_the_rate_asked_for_and_on_the_same_clock(clap_clip, rate, channels):
    witness = witnessed(clap_clip, Audio(rate=rate, channels=channels))
    samples = np.concatenate([b.samples for b in witness.blocks], axis=1)
    rate = rate or 48_000
    loud = np.flatnonzero(np.abs(samples[0]) > 0.1) / rate

    assert samples.shape == (channels or 2, pytest.approx(10 * rate, abs=rate // 1000))
    assert loud[0] == pytest.approx(1.0, abs=0.003)
    assert loud[-1] == pytest.approx(9.05, abs=0.005)


def test_stages_that_need_both_get_both(clap_clip):
    witness = witnessed(clap_clip, Frames(height=54, fps=5), Audio())

    assert sum(map(len, witness.batches)) == 50
    assert witness.blocks


def test_a_film_without_sound_calls_no_listener(silent_film):
    witness = witnessed(silent_film, Frames(height=54), Audio())

    assert witness.blocks == []
    assert witness.context.audio_rate is None


@pytest.mark.parametrize("name", PIPELINES)
def test_the_fused_plan_gives_what_the_naive_plan_gives(clap_clip, tmp_path, name):
    overrides = ["best_moments.duration=4s"] if name == "highlight" else []
    results = []
    for options in (FUSED, NAIVE):
        pipeline = load_pipeline(ROOT / "pipelines" / f"{name}.yaml", overrides)
        timeline = analyse(pipeline, clap_clip, options).timeline
        output = tmp_path / f"{options.fused}.mp4"
        result = run(pipeline, clap_clip, output, options)
        results.append((timeline.dumps(), result.edits, output.read_bytes()))

    assert results[0] == results[1]


def test_the_naive_plan_has_a_pass_for_each_stage(clap_clip):
    pipeline = load_pipeline(ROOT / "pipelines" / "highlight.yaml")
    steps = analysis_steps(pipeline, probe(clap_clip), TrackCache(None))

    assert [len(g) for g in analysis_groups(steps)] == [5]
    assert [len(g) for g in analysis_groups(steps, fused=False)] == [1, 1, 1, 1, 1]


class Counted(Silent):
    """Remembers which passes were announced."""

    def __init__(self):
        self.passes = []

    def begin(self, name, frames):
        self.passes.append(name)


def test_a_second_run_with_another_duration_decodes_nothing_for_analysis(clap_clip, tmp_path):
    seen = []
    for seconds in (3, 5):
        pipeline = load_pipeline(
            ROOT / "pipelines" / "highlight.yaml", [f"best_moments.duration={seconds}s"]
        )
        progress = Counted()
        run(pipeline, clap_clip, tmp_path / f"{seconds}.mp4", RunOptions("cpu", progress=progress))
        seen.append(progress.passes)

    assert seen == [["analysis", "render", "mux", "check"], ["render", "mux", "check"]]


def test_cached_tracks_are_the_tracks(clap_clip):
    options = RunOptions("cpu")
    pipeline = load_pipeline(ROOT / "pipelines" / "highlight.yaml")
    first, second = (analyse(pipeline, clap_clip, options) for _ in range(2))

    assert second.steps[0].cached is not None
    assert first.timeline.tracks == second.timeline.tracks


def test_other_bytes_options_or_upstream_are_not_found_in_the_cache(clap_clip, silent_film):
    cache = TrackCache(None)
    text = ROOT / "pipelines" / "highlight.yaml"

    def keys(path, *overrides):
        steps = analysis_steps(load_pipeline(text, overrides), probe(path), cache)
        return {step.id: step.key for step in steps}

    plain = keys(clap_clip)
    smoother = keys(clap_clip, "motion.smooth=1s")
    other = keys(silent_film)

    assert keys(clap_clip) == plain
    assert not set(plain.values()) & set(other.values())
    changed = {name for name in plain if plain[name] != smoother[name]}
    assert changed == {"motion", "highlights"}


def test_a_damaged_cache_is_looked_past(clap_clip, tmp_path):
    cache = TrackCache(tmp_path)
    cache.store("k", [Curve("c", Fraction(1), np.ones(3), "")])
    (tmp_path / "tracks" / "k.json").write_text('[{"kind": "Cur')

    assert cache.load("k") is None


def test_a_stage_that_fails_is_named_with_the_time(clap_clip):
    class Broken(Witness):
        name = "broken"

        def frames(self, batch):
            raise ValueError("no idea")

    broken = Broken()
    broken.needs = (Frames(height=54),)
    pipeline = Pipeline("p", (StageSpec("broken", broken),))

    with pytest.raises(PluginError, match=r"'broken' failed at 0.00 s \(ValueError: no idea\)"):
        analyse(pipeline, clap_clip, RunOptions("cpu", cache=False))


def test_a_stage_must_write_what_it_promised(clap_clip):
    class Forgetful(Witness):
        name = "forgetful"

        def finish(self, tracks):
            return []

    pipeline = Pipeline("p", (StageSpec("forgetful", Forgetful()),))

    with pytest.raises(PluginError, match=r"promised witness \(Regions\) and gave nothing"):
        analyse(pipeline, clap_clip, RunOptions("cpu", cache=False))


def test_a_damaged_middle_is_passed_over(clip_folder):
    clip = make_clip(clip_folder / "damaged.mkv", ClipSpec(frames=200, gop=10))
    raw = bytearray(clip.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 3000] = bytes(3000)
    clip.write_bytes(raw)
    source = probe(clip)
    witness = Witness()
    witness.needs = (Frames(height=54),)
    options = RunOptions("cpu", cache=False)
    pipeline = Pipeline("p", (StageSpec("witness", witness),))
    steps = analysis_steps(pipeline, source, TrackCache(None))
    context = _context(source, options)
    run_group(source, steps, context, Clock(Silent()), Guard())
    finish_step(steps[0], Timeline(source.duration), context, Guard())

    assert 150 < sum(map(len, witness.batches)) <= 200
