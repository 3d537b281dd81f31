"""What every stage promises, each promise with the check that tells whether it is kept.

A check gets a `Subject` and raises `AssertionError` where the promise is broken. Checks drive the
stage as the engine does, so that what the engine refuses is refused here, too. The first paragraph
of its docstring is the promise, the second one says what to do about it.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import locale
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pydantic

from aigc_edit.api import Analyzer, AudioFilter, FrameFilter, PluginError, Stage
from aigc_edit.pipeline import check_stage_class
from aigc_edit.testing import driving
from aigc_edit.testing.driving import Outcome, Subject, outcome
from aigc_edit.testing.memory import growth
from aigc_edit.testing.others import other_options, shared_memory

# Nets add in another order when batches or threads are cut differently.
CLOSE_LEVELS = 1.0  # of 255, for pictures
CLOSE_SAMPLES = 1e-5  # of full scale, for sound
CLOSE_NUMBERS = 1e-3  # relative, for tracks
DEVICE_LEVELS = 2.0  # of 255 in the mean, between a CPU and a GPU
GROWTH_SHARE = 0.05  # of what went in: an analyser may keep a few numbers for each frame
GROWTH_BYTES = 64_000


@dataclass(frozen=True)
class Promise:
    """A promise in words, the kinds of stage that make it, and its check."""

    name: str
    kinds: tuple[type[Stage], ...]
    check: Callable[[Subject], None]

    @property
    def words(self) -> str:
        """The promise, on one line."""
        return self._paragraphs[0]

    @property
    def cure(self) -> str:
        """What an author does who broke it, on one line."""
        return " ".join(self._paragraphs[1:])

    @property
    def _paragraphs(self) -> list[str]:
        paragraphs = inspect.cleandoc(self.check.__doc__ or "").split("\n\n")
        return [" ".join(paragraph.split()) for paragraph in paragraphs]


PROMISES: list[Promise] = []
Check = Callable[[Subject], None]


def promised_by(*kinds: type[Stage]) -> Callable[[Check], Check]:
    def noted(check: Check) -> Check:
        PROMISES.append(Promise(check.__name__, kinds or (Stage,), check))
        return check

    return noted


# What all stages promise.


@promised_by()
def declares_itself(subject: Subject) -> None:
    """Its class says its name, its help, and what it needs.

    Say it on the class, as the five kinds are documented.
    """
    try:
        check_stage_class(subject.kind, subject.kind.name, subject.kind.__module__)
    except PluginError as error:
        raise AssertionError(error.what) from error


@promised_by()
def options_come_back(subject: Subject) -> None:
    """Options become JSON and come back equal; they are frozen, and each has its help.

    Give each option a type that JSON can hold, and `option(..., help=...)`.
    """
    options = type(subject.options)
    written = json.loads(json.dumps(subject.options.model_dump(mode="json")))
    assert options.model_validate(written) == subject.options, "options change on their way to JSON"
    for name, field in options.model_fields.items():
        assert field.description, f"option {name!r} has no help"
        try:
            setattr(subject.options, name, getattr(subject.options, name))
        except pydantic.ValidationError:
            continue
        raise AssertionError("options can be changed after they were checked")


@promised_by()
def unknown_options_are_refused(subject: Subject) -> None:
    """An option that nobody declared is an error.

    Leave `model_config` as StageOptions has it.
    """
    given = subject.options.model_dump(mode="json") | {"no_such_option": 1}
    try:
        type(subject.options).model_validate(given)
    except pydantic.ValidationError:
        return
    raise AssertionError("an option that does not exist is swallowed")


@promised_by()
def works(subject: Subject) -> None:
    """It takes what its kind is given, and gives what its kind promises."""
    subject.made().weights()
    outcome(subject)


@promised_by()
def same_again(subject: Subject) -> None:
    """The same input gives the same output, whatever the process drew at random before.

    Draw random numbers from a generator of its own that an option seeds.
    """
    first = outcome(subject)
    _shake()
    _assert_equal(first, outcome(subject), "the same input gave another output")


@promised_by()
def two_at_once(subject: Subject) -> None:
    """Two instances side by side do not know of each other.

    Keep what it remembers on `self`, not on the class or in the module.
    """
    alone = _afresh(subject)
    other, elsewhere = _beside(subject)
    shared_memory(subject.kind).take_back()
    both = [(one, one.made()) for one in (subject, other)]
    with ThreadPoolExecutor(2) as pool:
        given = [pool.submit(outcome, one, stage) for one, stage in both]
    for expected, done in zip((alone, elsewhere), given, strict=True):
        _assert_equal(expected, done.result(), "another instance changed what this one gives")


@promised_by()
def begins_anew(subject: Subject) -> None:
    """After `begin` nothing is left of the source before.

    Set all that it remembers in `begin` (what cuts end, in `reset`).
    """
    stage = subject.made()
    outcome(subject.on_other_material(), stage)
    again = outcome(subject, stage)
    _assert_equal(outcome(subject), again, "what it saw before changed what it gives")


@promised_by()
def says_nothing(subject: Subject) -> None:
    """It prints nothing and warns of nothing.

    Give `report` what there is to say; mend what the warning is about.
    """
    said = io.StringIO()
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("always")
        outcome(subject)
    assert not said.getvalue(), f"it printed {said.getvalue()[:80]!r}"
    assert not warned, f"it warned: {warned[0].message}"


@promised_by()
def leaves_the_process_alone(subject: Subject) -> None:
    """What a process shares is as before: random generators, folders, torch's settings.

    Use generators, contexts and paths of its own.
    """
    outcome(subject)  # what importing its libraries changes is not its fault
    _shake()  # so that seeding alike twice shows
    before = _shared()
    outcome(subject)
    changed = [name for name, value in _shared().items() if value != before[name]]
    drawn = any("random" in name for name in changed)
    cure = "; build nets under torch.device('meta'), then load_state_dict(..., assign=True)"
    assert not changed, f"it changed {', '.join(changed)}{cure if drawn else ''}"


@promised_by()
def writes_no_files(subject: Subject) -> None:
    """No file appears in the working folder; sinks give texts.

    Return texts from a sink's `deliver`; hold the rest in memory.
    """
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            outcome(subject)
            found = [path.name for path in Path(folder).iterdir()]
        finally:
            os.chdir(home)
    assert not found, f"it left {', '.join(found)}"


@promised_by()
def reads_what_it_declares(subject: Subject) -> None:
    """It runs without the tracks that it calls optional, and asks for no others.

    Name every track in `reads`; ask for optional ones with `tracks.find`.
    """
    if any(ref.optional for ref in subject.made().reads):
        outcome(subject, timeline=subject.timeline(optional=False))
    outcome(subject, timeline=subject.timeline())


@promised_by(FrameFilter, AudioFilter, Analyzer)
def threads_do_not_matter(subject: Subject) -> None:
    """The number of torch's threads changes nothing that can be seen or heard.

    Do not depend on the order in which parts are added up.
    """
    import torch

    threads = torch.get_num_threads()
    found = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            found.append(outcome(subject))
    finally:
        torch.set_num_threads(threads)
    one, three = found
    assert_close(subject, one, three, "another number of threads gave another output")


@promised_by(FrameFilter, Analyzer)
def devices_agree(subject: Subject) -> None:
    """A GPU, where there is one, gives what the CPU gives.

    Keep tensors on the device of the frames, and sums in float32.
    """
    import torch

    if not torch.cuda.is_available():
        return
    here, there = outcome(subject), outcome(replace(subject, device="cuda:0"))
    if issubclass(subject.kind, FrameFilter):
        off = max(float(np.abs(a - b).mean()) for a, b in zip(here, there, strict=True))
        assert off < DEVICE_LEVELS, f"a GPU is {off:.1f} levels off"
    else:
        assert_close(subject, here, there, "a GPU gave another output")


@promised_by(FrameFilter, AudioFilter, Analyzer)
def inputs_stay(subject: Subject) -> None:
    """The frames and samples that it gets are never changed.

    Work on new arrays: `frames * 2`, not `frames *= 2`.
    """
    stage = subject.made()
    changed: list[str] = []
    for name in ("apply", "apply_batch", "apply_planes", "measure", "frames", "audio"):
        if hasattr(stage, name):
            setattr(stage, name, _watched(getattr(stage, name), name, changed))
    outcome(subject, stage)
    assert not changed, f"`{changed[0]}` changed what it was given"


@promised_by(FrameFilter, AudioFilter, Analyzer)
def memory_stays_flat(subject: Subject) -> None:
    """More batches take no more memory, but for a few numbers for each frame.

    Keep a few numbers for each batch, not the batch.
    """
    grown, given = growth(subject)
    most = GROWTH_BYTES + GROWTH_SHARE * given
    assert grown < most, f"{grown / 1024:.0f} KiB more stayed of {given / 1024:.0f} KiB more"


# Another instance.


def _beside(subject: Subject) -> tuple[Subject, Outcome]:
    """Another instance on other material, and what it gives alone; with other options where these
    work."""
    other = subject.on_other_material()
    changed = replace(other, options=other_options(subject.options))
    try:
        return changed, _afresh(changed)
    except Exception:  # noqa: BLE001 -- nobody promised that these options go with the material
        return other, _afresh(other)


def _afresh(subject: Subject) -> Outcome:
    """What it gives where no other instance has been before."""
    with shared_memory(subject.kind).as_at_first():
        return outcome(subject)


# How they are compared.


def _assert_equal(one: Outcome, other: Outcome, what: str) -> None:
    same = len(one) == len(other) and all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(one, other, strict=True)
    )
    assert same, what


def assert_close(subject: Subject, one: Outcome, other: Outcome, what: str) -> None:
    assert len(one) == len(other), what
    for a, b in zip(one, other, strict=True):
        if isinstance(a, np.ndarray):
            most = CLOSE_LEVELS if issubclass(subject.kind, FrameFilter) else CLOSE_SAMPLES
            assert a.shape == b.shape, f"{what}: {list(a.shape)} and {list(b.shape)}"
            off = float(np.abs(a - b).max(initial=0))
            assert off <= most, f"{what} by {off:g}"
        else:
            assert _alike(a, b), what


def _alike(one: Any, other: Any) -> bool:
    """Whether JSON is equal but for rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=CLOSE_NUMBERS, atol=CLOSE_NUMBERS))
    return bool(one == other)


def _shake() -> None:
    """Draws from all the random generators that a stage might wrongly use."""
    import torch

    random.random()  # noqa: S311 -- only drawn, never used
    np.random.random()  # noqa: NPY002 -- the global generator is what is meant
    torch.rand(1)


def _shared() -> dict[str, Any]:
    import torch

    return {
        "Python's random generator": random.getstate(),
        "NumPy's random generator": str(np.random.get_state(legacy=False)),  # noqa: NPY002
        "torch's random generator": torch.get_rng_state().tolist(),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's threads": torch.get_num_threads(),
        "torch's determinism": torch.are_deterministic_algorithms_enabled(),
        "gradients": torch.is_grad_enabled(),
        "the working directory": str(Path.cwd()),
        "the environment": dict(os.environ),
        "the search path": list(sys.path),
        "the locale": locale.setlocale(locale.LC_ALL),
        "NumPy's errors": np.geterr(),
    }


def _watched(method: Callable[..., Any], name: str, changed: list[str]) -> Callable[..., Any]:
    """A method that notes in `changed` where it leaves its first argument other than it was."""

    def around(given: Any, *rest: Any) -> Any:
        before = [np.array(part) for part in driving.arrays_of(given)]
        result = method(given, *rest)
        after = driving.arrays_of(given)
        if not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)):
            changed.append(name)
        return result

    return around
