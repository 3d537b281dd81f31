"""Steady steps: how they are asked for, and what a run makes of them."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch

from aigc_edit.api import FilterContext, FrameFilter, Planes, Timeline
from aigc_edit.engine import Batch, Guard, RunOptions, filtered, plan_run, run
from aigc_edit.engine.steadying import Steadying, flicker_note, flicker_of, take_flicker
from aigc_edit.errors import PipelineError, PluginError
from aigc_edit.pipeline import PluginChoice, json_schema, load_pipeline, pipeline_from_text
from aigc_edit.pipeline.declared import check_stage_class

PLUGIN = '''
from fractions import Fraction
from itertools import pairwise

from aigc_edit.api import FrameFilter


class Blinking(FrameFilter):
    """Lighter and darker, frame by frame."""

    name = "blinking"
    steady = True

    def apply_batch(self, frames, times):
        dark = [0.8 if round(time * 30) % 2 else 1.0 for time in times]
        return frames * frames.new_tensor(dark)[:, None, None, None]


class Smaller(Blinking):
    """Blinks, and is half as wide."""

    name = "smaller"

    def size(self, width, height):
        return width // 2, height

    def apply_batch(self, frames, times):
        return super().apply_batch(frames, times)[..., ::2]
'''
TEXT = """
schema: 1
stages:
  - uses: given_spans
    with: {spans: [[1s, 1.5s], [4.7s, 5.3s]]}
  - uses: blinking
output: {video: {mode: encode}}
"""
OPTIONS = RunOptions("cpu", cache=False)


@pytest.fixture(scope="module")
def plugins(tmp_path_factory) -> PluginChoice:
    path = tmp_path_factory.mktemp("plugins") / "blinks.py"
    path.write_text(PLUGIN)
    return PluginChoice((path,))


def steps(text, plugins, *overrides) -> dict[str, bool]:
    return {spec.id: spec.steady for spec in pipeline_from_text(text, overrides, plugins).stages}


# What a pipeline file may say.


def test_a_look_is_steady_unless_the_step_says_otherwise(plugins):
    plain = "schema: 1\nstages: [{uses: blinking}, {uses: grade}]"
    said = "schema: 1\nstages: [{uses: blinking, steady: false}, {uses: grade, steady: true}]"

    assert steps(plain, plugins) == {"blinking": True, "grade": False}
    assert steps(said, plugins) == {"blinking": False, "grade": True}
    assert not steps(plain, plugins, "blinking.steady=false")["blinking"]
    assert steps(said, plugins, "blinking.steady=true")["blinking"]


@pytest.mark.parametrize(
    ("step", "overrides", "said"),
    [
        ("{uses: scenes, steady: true}", (), "for frame filters, and scenes is none"),
        ("{uses: grade, steady: 3}", (), "true or false, not 3"),
        ("{uses: grade}", ("grade.steady=no",), "--set grade.steady=no: `steady` is true or"),
        ("{uses: captions, steady: true}", (), "captions works on planes"),
    ],
)
def test_what_cannot_be_steady_is_refused_with_its_place(step, overrides, said):
    with pytest.raises(PipelineError, match=":2:") as refused:
        pipeline_from_text(f"schema: 1\nstages: [{step}]", overrides)

    assert said in str(refused.value)


def test_the_schema_and_the_record_of_a_pipeline_know_it(plugins, tmp_path):
    stages = {
        stage["properties"]["uses"]["const"]: stage["properties"]
        for stage in json_schema()["properties"]["stages"]["items"]["oneOf"]
    }
    described = pipeline_from_text(TEXT, plugins=plugins).describe()["stages"]

    assert stages["grade"]["steady"]["default"] is False
    assert "steady" not in stages["scenes"]
    assert "steady" not in stages["captions"]
    assert described[1]["steady"] is True
    assert "steady" not in described[0]


def test_a_class_that_cannot_be_steady_is_refused():
    class OnPlanes(FrameFilter):
        """On planes."""

        name, pixels, steady = "on_planes", "yuv", True

        def apply_planes(self, planes: Planes, times):
            return planes

    with pytest.raises(PluginError, match="True for RGB only"):
        check_stage_class(OnPlanes, "on_planes", "here")


# What a run makes of it.


def test_a_run_takes_the_flicker_out_and_says_so(clap_clip, plugins, tmp_path):
    pipeline = pipeline_from_text(TEXT, plugins=plugins)
    planned = str(plan_run(pipeline, clap_clip, tmp_path / "out.mp4", OPTIONS))
    record = run(pipeline, clap_clip, tmp_path / "out.mp4", OPTIONS).record
    loose = pipeline_from_text(TEXT, ["blinking.steady=false"], plugins)
    other = run(loose, clap_clip, tmp_path / "other.mp4", OPTIONS).record
    figures = [kept["flicker"]["blinking"] for kept in record["kept"]]

    assert "filter: blinking (steady)" in planned
    assert len(figures) == 2
    assert all(found["result"] < found["source"] + 2.5 for found in figures)
    assert json.loads((tmp_path / "out.mp4.run.json").read_text())["kept"] == record["kept"]
    assert not any("flicker" in kept for kept in other["kept"])


def test_a_step_that_changes_the_size_is_not_steady(clap_clip, plugins, tmp_path):
    pipeline = pipeline_from_text(TEXT.replace("blinking", "smaller"), plugins=plugins)

    with pytest.raises(PluginError, match=r"96x108 of 192x108.*smaller\.steady=false"):
        run(pipeline, clap_clip, tmp_path / "out.mp4", OPTIONS)


# What happens around a filter.


class Blinks(FrameFilter):
    """Every other frame is darker; what it holds back comes out late."""

    name = "blinks"
    held = 0

    def reset(self):
        self.kept = torch.zeros(0)

    def apply_batch(self, frames, times):
        dark = frames.new_tensor([0.8 if time.denominator > 1 else 1.0 for time in times])
        made = frames[self.context : len(frames) - self.context] * dark[:, None, None, None]
        held = torch.cat([self.kept, made]) if len(self.kept) else made
        keep = min(self.held, len(held))
        self.kept = held[len(held) - keep :]
        return held[: len(held) - keep]

    def rest(self):
        return self.kept if len(self.kept) else None


def film(count: int = 9) -> torch.Tensor:
    rng = np.random.default_rng(0)
    ground = torch.from_numpy(rng.random((3, 36, 90), np.float32))
    return torch.stack([ground[..., k : k + 64] for k in range(count)])


def shown(size: int, *, cut: int | None = None, seam: int | None = None, stage=Blinks):
    """What comes out of a steady step, and what was measured."""
    frames, times = film(), [Fraction(n, 2) for n in range(9)]
    edges = sorted({0, 9, *([cut] if cut else []), *([seam] if seam else [])})
    batches = [
        Batch(run, frames[at : min(at + size, end)], tuple(times[at : min(at + size, end)]))
        for run, (first, end) in enumerate(pairwise(edges))
        for at in range(first, end, size)
    ]
    steadying = Steadying("blinks", [times[seam]] if seam else [])
    context = FilterContext(64, 36, Fraction(2), Timeline(Fraction(5)))
    made = steadying.around(lambda b: filtered(b, stage(), context, Guard()), iter(batches))
    results = [(batch.frames, batch.times) for batch in made]
    assert [t for _, some in results for t in some] == times
    return torch.cat([frames for frames, _ in results]), steadying


class Holds(Blinks):
    """Gives each frame two frames later."""

    held = 2


class LooksAround(Blinks):
    """Sees neighbours."""

    context = 1


@pytest.mark.parametrize("stage", [Blinks, Holds, LooksAround])
def test_batches_and_held_frames_do_not_matter(stage):
    whole, figures = shown(9)
    parted, again = shown(2, stage=stage)

    assert torch.equal(whole, parted)
    assert figures.found == again.found
    assert figures.found[0].result < 10  # a fifth less light would be some 36


def test_no_cut_lets_anything_through():
    cut, _ = shown(4, cut=5)
    seam, figures = shown(4, seam=5)
    alone, _ = shown(4)

    assert torch.equal(cut, seam)
    assert torch.equal(cut[:5], alone[:5])
    assert torch.equal(cut[5], film()[5] * 0.8)
    assert [*figures.found] == [0, 1]


def test_what_another_run_measured_is_taken_over():
    _, figures = shown(4, seam=5)
    later = Steadying("blinks", figures.borders)
    for part in (0, 2), (2, 4):  # seconds, two frames each; the seam is at 2.5
        take_flicker([None, later], json.loads(json.dumps(flicker_note([figures], *part))))

    assert later.found == figures.found


def test_flicker_of_parts_is_that_of_the_whole():
    _, whole = shown(4, cut=5)
    _, parted = shown(4, seam=5)

    assert [*whole.found] == [0]
    assert flicker_of([parted], 0, 5) == flicker_of([whole], 0, 5)
    assert flicker_of([parted], Fraction(5, 2), 5)["blinks"] != flicker_of([whole], 0, 5)["blinks"]


def test_a_plugin_file_says_it_on_its_class(plugins, tmp_path):
    path = tmp_path / "look.yaml"
    path.write_text(TEXT)

    assert load_pipeline(path, plugins=plugins).stages[1].steady
