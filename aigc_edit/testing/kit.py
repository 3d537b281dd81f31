"""`check_stage`: whether a stage keeps all promises of its kind."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aigc_edit.api import Analyzer, AudioFilter, FrameFilter, Stage, StageOptions, Track
from aigc_edit.testing.driving import FRAMES, Subject, outcome
from aigc_edit.testing.kind_promises import promises_of
from aigc_edit.testing.material import RATE
from aigc_edit.testing.promises import Promise


class BrokenPromiseError(AssertionError):
    """A stage does not keep what stages of its kind promise."""


@dataclass(frozen=True)
class StageReport:
    """What `check_stage` found.

    Attributes:
        promises: names of those that were kept.
        seconds_per_frame: on the kit's small pictures, for stages that see frames; for those that
            only hear, a tenth of a second of sound.
    """

    promises: tuple[str, ...]
    seconds_per_frame: float


def check_stage(
    stage: type[Stage],
    options: StageOptions | Mapping[str, Any] | None = None,
    *,
    tracks: Sequence[Track] = (),
) -> StageReport:
    """Checks all promises of a stage's kind, on material that the kit makes.

    Args:
        options: as in a pipeline file's `with:`.
        tracks: examples of what it reads, 8 s long, where its kind of track is the plugin's own.

    Raises:
        BrokenPromiseError: names every promise that is broken, and how.

    >>> from aigc_edit.stages.frames.grade import Grade
    >>> "batches_do_not_matter" in check_stage(Grade, {"warmth": 0.5}).promises
    True
    """
    subject = subject_of(stage, options, tracks=tracks)
    kept, broken = [], []
    for promise in promises_of(stage):
        try:
            check_promise(subject, promise)
        except BrokenPromiseError as error:
            broken.append(str(error))
        else:
            kept.append(promise.name)
    if broken:
        raise BrokenPromiseError("\n".join(broken))
    return StageReport(tuple(kept), _seconds_per_frame(subject))


def subject_of(
    stage: type[Stage],
    options: StageOptions | Mapping[str, Any] | None = None,
    *,
    tracks: Sequence[Track] = (),
) -> Subject:
    """A stage with its options, ready to be checked; see `check_stage`."""
    if not isinstance(options, StageOptions):
        options = stage.Options.model_validate(dict(options or {}))
    return Subject(stage, options, tracks)


def check_promise(subject: Subject, promise: Promise) -> None:
    """Raises BrokenPromiseError where one promise is broken: by a wrong result, or an error."""
    try:
        promise.check(subject)
    except Exception as cause:
        name = getattr(subject.kind, "name", subject.kind.__name__)
        raise BrokenPromiseError(f"{name} breaks {promise.name}: {cause}") from cause


def _seconds_per_frame(subject: Subject) -> float:
    start = time.perf_counter()
    outcome(subject)
    took = time.perf_counter() - start
    if issubclass(subject.kind, FrameFilter):
        return took / FRAMES
    if issubclass(subject.kind, Analyzer | AudioFilter):
        return took / float(subject.seconds * RATE)
    return took
