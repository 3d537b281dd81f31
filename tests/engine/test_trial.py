"""A filter is tried on just those frames that a render gives it."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch

from aigc_edit.api import FrameFilter
from aigc_edit.engine import Trial
from aigc_edit.errors import PluginError
from aigc_edit.media import probe
from aigc_edit.testing import frame_number
from aigc_edit.timeline import Span


class Negative(FrameFilter):
    """Light becomes dark."""

    name = "negative"
    dtype = "uint8"

    def apply(self, frames):
        return 255 - frames


class Late(Negative):
    """A negative that holds the last frame back."""

    name = "late"

    def reset(self):
        self.held = torch.zeros(0, 3, 108, 192, dtype=torch.uint8)

    def apply(self, frames):
        known = torch.cat([self.held, 255 - frames])
        self.held = known[-1:]
        return known[:-1]

    def rest(self):
        return self.held


class Broken(Negative):
    """Fails."""

    name = "broken"

    def apply(self, frames):
        raise ValueError(f"{len(frames)} frames are too many")


@pytest.mark.parametrize("kind", [Negative, Late])
def test_each_frame_of_the_span_comes_with_what_became_of_it(silent_film, kind):
    trial = Trial(probe(silent_film), kind(), Span(Fraction(1, 3), Fraction(2, 3)))
    pairs = list(trial.frames())

    shown = [source.permute(1, 2, 0).numpy() for source, _ in pairs]
    assert [frame_number(frame) for frame in shown] == list(range(10, 20))
    assert all(torch.equal(result, 255 - source) for source, result in pairs)
    assert trial.fps(len(pairs)) > 0


def test_a_filter_that_fails_is_named_with_the_time(silent_film):
    trial = Trial(probe(silent_film), Broken(), Span(1, 2))

    with pytest.raises(PluginError, match=r"stage 'broken' failed at 0\.00 s"):
        list(trial.frames())
