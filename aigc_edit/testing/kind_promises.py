"""What stages of one kind promise, besides what all do."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np

from aigc_edit.api import (
    Analyzer,
    Audio,
    AudioFilter,
    EditList,
    FrameFilter,
    Selector,
    Sink,
    Span,
    Stage,
    Timeline,
)
from aigc_edit.engine import looks_across
from aigc_edit.testing import material
from aigc_edit.testing.driving import FRAMES, Subject, outcome
from aigc_edit.testing.material import EVEN, ODD, Size
from aigc_edit.testing.promises import PROMISES, Promise, assert_close, promised_by


def promises_of(kind: type[Stage]) -> tuple[Promise, ...]:
    """All promises of a class's kind."""
    return tuple(promise for promise in PROMISES if issubclass(kind, promise.kinds))


# Frame filters.


@promised_by(FrameFilter)
def batches_do_not_matter(subject: Subject) -> None:
    """One frame at a time gives what all at once give.

    Work on each frame by itself; neighbours come by `context`, memory goes to `self`.
    """
    whole = outcome(subject, batch=FRAMES)
    for size in (1, 5):
        assert_close(subject, whole, outcome(subject, batch=size), f"batches of {size} differ")


@promised_by(FrameFilter)
def cuts_are_forgotten(subject: Subject) -> None:
    """Nothing from before a cut shows after it.

    Forget in `reset` all that it saw.
    """
    frames = material.film(EVEN, FRAMES)
    joined = outcome(subject, frames=frames, cut=FRAMES // 2)
    alone = outcome(subject, frames=frames[FRAMES // 2 :], first=FRAMES // 2)
    after = [part[-len(one) :] for part, one in zip(joined, alone, strict=True)]
    assert_close(subject, after, alone, "frames before a cut changed those after it")


@promised_by(FrameFilter)
def without_memory_any_frame_may_be_first(subject: Subject) -> None:
    """One that declares no neighbours and no `reset` can be stopped and continued anywhere.

    Declare `reset` or `context`.
    """
    if looks_across(subject.made()):
        return
    frames = material.film(EVEN, FRAMES)
    whole = outcome(subject, frames=frames)
    later = outcome(subject, frames=frames[7:], first=7)
    rest = [part[-len(one) :] for part, one in zip(whole, later, strict=True)]
    assert_close(subject, rest, later, "it remembers frames")


@promised_by(FrameFilter)
def any_size(subject: Subject) -> None:
    """Odd sides, small and tall pictures, one frame, none at all."""
    for size in (ODD, Size(16, 16), Size(33, 90)):
        outcome(subject, size=size, frames=material.film(size, 3))
    outcome(subject, frames=material.film(EVEN, 1))
    outcome(subject, frames=material.film(EVEN, 1)[:0])


@promised_by(FrameFilter)
def black_and_white(subject: Subject) -> None:
    """Black, white and noise come out as numbers."""
    import torch

    noise = torch.randint(0, 256, (2, 3, 36, 64), generator=torch.Generator().manual_seed(1))
    for frames in (torch.zeros(2, 3, 36, 64), torch.full((2, 3, 36, 64), 255), noise):
        outcome(subject, frames=frames.to(torch.uint8))


# Audio filters.


@promised_by(AudioFilter)
def blocks_do_not_matter(subject: Subject) -> None:
    """Blocks of any length give the same programme.

    Remember on `self` what the next block needs, and count with `block.first`.
    """
    whole = outcome(subject, lengths=(1 << 20,))
    for lengths in ((1024,), (777, 1, 5000)):
        assert_close(subject, whole, outcome(subject, lengths=lengths), f"{lengths} differ")


@promised_by(AudioFilter)
def any_sound(subject: Subject) -> None:
    """Mono, stereo, 5.1, silence, one sample, none at all."""
    for samples in (
        material.sound(1, 1),
        material.sound(6, 1),
        material.sound(2, 1) * 0,
        material.sound(2, 1)[:, :1],
        material.sound(2, 0),
    ):
        outcome(subject, samples=np.ascontiguousarray(samples))


# Analysers.


@promised_by(Analyzer)
def chunks_do_not_matter(subject: Subject) -> None:
    """Frames and sound cut in other places give the same tracks; so does their order.

    Remember on `self` what the next batch needs, and work out the rest in `finish`.
    """
    usual = outcome(subject)
    for how in (
        {"batch": 1, "block": (1024,)},
        {"batch": 7, "block": (777, 1, 5000)},
        {"sound_first": True},
    ):
        assert_close(subject, usual, outcome(subject, **how), f"{how} gave other tracks")


@promised_by(Analyzer)
def any_source(subject: Subject) -> None:
    """Odd sides, one frame, silence, a film without sound: all give the tracks that it writes."""
    outcome(subject, size=Size(61, 35))
    outcome(subject, size=Size(90, 160))
    outcome(subject, seconds=1 / material.RATE, timeline=_short(subject))
    if any(isinstance(need, Audio) for need in subject.made().needs):
        outcome(subject, quiet=True)
        outcome(subject, silent_film=True)


@promised_by(Analyzer)
def tracks_come_back(subject: Subject) -> None:
    """Tracks become JSON and come back equal, and move to output time.

    Let `to_json` hold all of a track, and `from_json` take it.
    """
    stage = subject.made()
    outcome(subject, stage)
    edits = EditList.of([Span(1, 3), Span(5, 6)])
    for track in stage.finish(subject.timeline().only(stage.reads)):
        data = {"name": track.name, **json.loads(json.dumps(track.to_json()))}
        assert type(track).from_json(data).to_json() == track.to_json(), f"{track.name} changed"
        track.in_output(edits).to_json()


# Selectors.


@promised_by(Selector)
def keeps_what_was_left(subject: Subject) -> None:
    """Nothing comes back that an earlier selector has dropped; nothing in gives nothing out.

    Choose from `edits`, as `edits.within(spans)` and `edits.clipped(60)` do.
    """
    left = (Span(1, 3), Span(5, 7))
    kept = subject.made().select(EditList.of(left), subject.timeline())
    for span in kept.spans:
        assert any(span.overlap(one) == span for one in left), f"{span} had been dropped"
    nothing = subject.made().select(EditList(), subject.timeline())
    assert not nothing.kept, "it keeps something of nothing"


# Sinks.


@promised_by(Sink)
def any_name(subject: Subject) -> None:
    """Names with quotes, markup and other scripts are only text."""
    outcome(subject, name='a "b" <script>&\'日本 🎬.mp4')


@promised_by(Sink)
def chapters_in_order(subject: Subject) -> None:
    """Chapters follow each other within the film.

    Sort them, end each where the next begins, and the last with the film.
    """
    marks = subject.made().chapters(subject.timeline())
    reached = Fraction(0)
    for mark in marks:
        assert reached <= mark.start < mark.end <= subject.seconds, f"{mark} is out of order"
        reached = mark.end


@promised_by(Sink)
def subtitles_in_order(subject: Subject) -> None:
    """Subtitles for the file follow each other within the film.

    Sort them, and end each before the next begins.
    """
    for track in subject.made().subtitles(subject.timeline()):
        reached = Fraction(0)
        for shown in track.subtitles:
            assert reached <= shown.span.start, f"{shown} lies over the one before it"
            assert shown.span.end <= subject.seconds, f"{shown} ends after the film"
            reached = shown.span.end


def _short(subject: Subject) -> Timeline:
    return replace(subject, seconds=1 / material.RATE).timeline()
