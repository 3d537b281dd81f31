"""Frame filters: what they are given, and what they may not give back."""

from __future__ import annotations

import av
import numpy as np
import pytest
import torch

from aigc_edit.api import FrameFilter
from aigc_edit.engine import RunOptions, run
from aigc_edit.errors import PluginError
from aigc_edit.pipeline import Pipeline, StageSpec, pipeline_from_text
from aigc_edit.testing import frame_number, shown_frames
from tests.tolerances import assert_levels_close

SPANS = "[[1s, 1.5s], [4.8s, 5.2s]]"


def filtered(path, tmp_path, *filters: FrameFilter, spans: str = SPANS):
    text = f"schema: 1\nstages:\n  - uses: given_spans\n    with: {{spans: {spans}}}\n"
    cut = pipeline_from_text(text).stages
    stages = (*cut, *(StageSpec(f.name, f) for f in filters))
    options = RunOptions("cpu", cache=False)
    return run(Pipeline("p", stages), path, tmp_path / "out.mp4", options)


class Identity(FrameFilter):
    """Changes nothing, and remembers what it saw."""

    name = "identity"
    dtype = "uint8"

    def __init__(self, options=None):
        super().__init__(options)
        self.seen, self.resets = [], 0

    def reset(self):
        self.resets += 1
        self.seen.append("cut")

    def apply(self, frames):
        images = frames.permute(0, 2, 3, 1).numpy()
        self.seen.append([frame_number(image) for image in images])
        return frames[self.context : len(frames) - self.context].clone()


@pytest.mark.parametrize("dtype", ["uint8", "float32", "bfloat16"])
def test_an_identity_filter_changes_no_frame(clap_clip, tmp_path, dtype):
    class Same(FrameFilter):
        name = "same"

        def apply(self, frames):
            assert frames.dtype == getattr(torch, dtype)
            return frames

    Same.dtype = dtype
    plain = filtered(clap_clip, tmp_path / "a")
    passed = filtered(clap_clip, tmp_path / "b", Same())
    numbers = [n for _, n in shown_frames(plain.output)]

    assert numbers == [*range(30, 45), *range(144, 156)]
    assert [n for _, n in shown_frames(passed.output)] == numbers
    assert_levels_close(_first_frame(passed.output), _first_frame(plain.output))


def _first_frame(path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def test_filters_are_reset_at_every_cut(clap_clip, tmp_path):
    identity = Identity()
    filtered(clap_clip, tmp_path, identity)
    flat = [n for part in identity.seen if part != "cut" for n in part]

    assert identity.resets == 2
    assert identity.seen[0] == "cut"
    assert identity.seen[identity.seen.index("cut", 1) + 1][0] == 144
    assert flat == [*range(30, 45), *range(144, 156)]


@pytest.mark.parametrize("context", [1, 2])
def test_neighbours_are_given_but_never_across_a_cut(clap_clip, tmp_path, context):
    class Looks(Identity):
        name = "looks"

    Looks.context = context
    looks = Looks()
    result = filtered(clap_clip, tmp_path, looks)
    windows = [part for part in looks.seen if part != "cut"]

    for window in windows:
        centre = window[context]
        low, high = (30, 44) if centre < 100 else (144, 155)
        expected = [min(max(centre + k, low), high) for k in range(-context, context + 1)]
        assert window[: 2 * context + 1] == expected
    assert [n for _, n in shown_frames(result.output)] == [*range(30, 45), *range(144, 156)]


def test_a_filter_may_change_the_size(clap_clip, tmp_path):
    class Half(FrameFilter):
        name = "half"

        def size(self, width, height):
            return width // 2, height // 2

        def apply(self, frames):
            return frames[..., ::2, ::2]

    result = filtered(clap_clip, tmp_path, Half())

    with av.open(str(result.output)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (96, 54)


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (lambda f: f[:, :1], "gave frames"),
        (lambda f: f.half(), "gave frames"),
        (lambda f: f[:0], "kept 15 frames for itself"),
        (lambda f: 1 / 0, "ZeroDivisionError"),
    ],
)
def test_what_breaks_the_promise_is_named(clap_clip, tmp_path, broken, what):
    class Broken(FrameFilter):
        name = "broken"

        def apply(self, frames):
            return broken(frames)

    with pytest.raises(PluginError, match=f"'broken'.*{what}"):
        filtered(clap_clip, tmp_path, Broken())
    assert list(tmp_path.iterdir()) == []


def test_grade_makes_grey_without_saturation(clap_clip, tmp_path):
    text = (
        "schema: 1\nstages:\n  - uses: given_spans\n    with: {spans: [[4s, 4.2s]]}\n"
        "  - uses: grade\n    with: {saturation: 0}\n"
    )
    result = run(
        pipeline_from_text(text), clap_clip, tmp_path / "g.mp4", RunOptions("cpu", cache=False)
    )
    image = _first_frame(result.output).astype(int)

    assert np.abs(image[..., 0] - image[..., 2]).mean() < 2
