"""`check_stage`: whether a stage keeps all promises of its kind."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pydantic

from aigc_edit.api import Analyzer, AudioFilter, FrameFilter, Stage, StageOptions, Track
from aigc_edit.errors import AigcEditError, PluginError, UsageError
from aigc_edit.pipeline import refusals
from aigc_edit.strangers import SEE_ALL
from aigc_edit.testing.driving import FRAMES, Subject, outcome
from aigc_edit.testing.kind_promises import promises_of
from aigc_edit.testing.material import RATE
from aigc_edit.testing.others import shared_memory
from aigc_edit.testing.promises import Promise, works

# Folders of those who call stages.
_CALLERS = tuple(str(Path(__file__).parents[1] / name) for name in ("api", "engine", "testing"))


class BrokenPromiseError(AssertionError):
    """A stage does not keep what stages of its kind promise."""


class UnseenPromiseError(BrokenPromiseError):
    """A stage does not even work, so that it cannot be seen whether it keeps a promise."""


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
        UsageError: the options are refused.

    >>> from aigc_edit.stages.frames.grade import Grade
    >>> "batches_do_not_matter" in check_stage(Grade, {"warmth": 0.5}).promises
    True
    """
    __tracebackhide__ = True
    subject = subject_of(stage, options, tracks=tracks)
    asked = promises_of(stage)
    failed = {p.name: error for p in asked if (error := broken_promise(subject, p))}
    if failed:
        raise BrokenPromiseError("\n".join(_told(failed)))
    return StageReport(tuple(p.name for p in asked), seconds_per_frame(subject))


def subject_of(
    stage: type[Stage],
    options: StageOptions | Mapping[str, Any] | None = None,
    *,
    tracks: Sequence[Track] = (),
) -> Subject:
    """A stage with its options, ready to be checked; see `check_stage`.

    Raises:
        UsageError: the options are refused.
        PluginError: a default is.
    """
    shared_memory(stage)  # as it is before anything has run
    if not isinstance(options, StageOptions):
        values = dict(options or {})
        try:
            options = stage.Options.model_validate(values)
        except pydantic.ValidationError as invalid:
            refused = "; ".join(one.what for one in refusals(stage.Options, values, invalid))
            where = f"options of {stage.__name__}"
            raise UsageError(refused, where=where) from None
    return Subject(stage, options, tracks)


def broken_promise(subject: Subject, promise: Promise) -> BrokenPromiseError | None:
    """What to say where one promise is broken, by a wrong result or an error."""
    name = getattr(subject.kind, "name", subject.kind.__name__)
    try:
        promise.check(subject)
    except AssertionError as cause:
        said = str(cause).partition("\n")[0]  # pytest adds lines of the kit to it
        return BrokenPromiseError(f"{name} breaks {promise.name}: {said}. {promise.cure}")
    except Exception as cause:  # noqa: BLE001 -- whatever a stage raises is told
        if promise.check is not works and not _works(subject):
            return UnseenPromiseError(f"{promise.name} cannot be seen before {name} keeps `works`")
        return BrokenPromiseError(f"{name} breaks {promise.name}: {_what_failed(cause)}")
    return None


def _works(subject: Subject) -> bool:
    try:
        works(subject)
    except Exception:  # noqa: BLE001 -- told where that promise is asked for
        return False
    return True


def _told(failed: Mapping[str, BrokenPromiseError]) -> Iterator[str]:
    """What is broken; what cannot be seen yet is only named."""
    unseen = [name for name, error in failed.items() if isinstance(error, UnseenPromiseError)]
    yield from (str(error) for name, error in failed.items() if name not in unseen)
    if unseen:
        yield f"not to be seen before `works` is kept: {', '.join(unseen)}"


def _what_failed(cause: Exception) -> str:
    """What was raised, and what the stage had been given; then the stage's own lines, if any."""
    raised = (cause.__cause__ or cause) if isinstance(cause, PluginError) else cause
    own = _own_lines(raised)
    house = isinstance(cause, AigcEditError)
    said = str(cause) if house else f"{type(cause).__name__}: {cause}"
    said = said.removesuffix(f". {SEE_ALL}")  # there is no --debug here
    notes = "".join(f"\n  {note}" for note in getattr(cause, "__notes__", ()))
    return f"{said}{notes}{own}"


def _own_lines(raised: BaseException) -> str:
    """The lines of the traceback from where the engine or the kit called the stage."""
    frames = traceback.extract_tb(raised.__traceback__)
    own = takewhile(lambda frame: not frame.filename.startswith(_CALLERS), reversed(frames))
    lines = "".join(traceback.format_list([*own][::-1])).rstrip()
    return f"\n{lines}" if lines else ""


def seconds_per_frame(subject: Subject) -> float:
    """As in `StageReport`."""
    start = time.perf_counter()
    outcome(subject)
    took = time.perf_counter() - start
    if issubclass(subject.kind, FrameFilter):
        return took / FRAMES
    if issubclass(subject.kind, Analyzer | AudioFilter):
        return took / float(subject.seconds * RATE)
    return took
