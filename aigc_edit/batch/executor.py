"""Where jobs run: what such a place can do, and what it tells. `Pool` is one, on this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aigc_edit.batch.places import Where
from aigc_edit.engine import Share
from aigc_edit.errors import PipelineError, Problem
from aigc_edit.pipeline import Pipeline, PluginChoice, load_pipeline


@dataclass(frozen=True, slots=True)
class Work:
    """What every task of a batch does: a pipeline file with its overrides, and how it is run.

    Attributes:
        digest: of what the pipeline said at first; workers refuse another one.
        stage_timeout: seconds that one call of a stage may take; None for as long as it wants.
    """

    pipeline: Path
    overrides: tuple[str, ...] = ()
    plugins: PluginChoice = field(default_factory=PluginChoice)
    cache: bool = True
    stage_timeout: float | None = None
    digest: str = ""

    def loaded(self) -> Pipeline:
        """The pipeline, made anew: stages have a state.

        Raises:
            PipelineError: the file was changed since the batch began.
        """
        pipeline = load_pipeline(self.pipeline, self.overrides, self.plugins)
        if self.digest and pipeline_digest(pipeline) != self.digest:
            what = "the pipeline was changed while files were processed"
            problem = Problem(1, 1, what, "Run the command again.")
            raise PipelineError(self.pipeline, (problem,))
        return pipeline


def pipeline_digest(pipeline: Pipeline) -> str:
    """All that a pipeline says, as one word."""
    return hashlib.sha256(json.dumps(pipeline.describe()).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Task:
    """One source and the output that it becomes, or a share of its render; the number is the
    caller's."""

    number: int
    source: Where
    output: Where
    share: Share | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """What a task took: seconds of video made, seconds by pass, bytes of memory at most.

    Attributes:
        device_peak, device_memory: bytes of the accelerator that it used at most, and all there
            are; 0 where there is none.
    """

    video: float = 0.0
    passes: Mapping[str, float] = field(default_factory=dict)
    peak: int = 0
    device_peak: int = 0
    device_memory: int = 0


@dataclass(frozen=True, slots=True)
class Passed:
    """A worker is in a pass, and did so many of its frames (`of` is 0 where nobody knows)."""

    task: int
    worker: int
    name: str
    frames: int
    of: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A task came to its end.

    Attributes:
        error: what went wrong, as one line or more; empty if nothing did.
        full: whether it was the disk.
        leaves: whether the worker ends with it.
    """

    task: int
    worker: int
    cost: Cost
    error: str = ""
    full: bool = False
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Died:
    """The worker of a task is gone; another one takes its place.

    Attributes:
        lost: its machine is gone, which says nothing of the task.
    """

    task: int
    worker: int
    reason: str
    lost: bool = False


Event = Passed | Ended | Died


def leaves(event: Event) -> bool:
    """Whether the worker that tells it is no longer there."""
    return isinstance(event, Died) or (isinstance(event, Ended) and event.leaves)


class Executor(Protocol):
    """Runs tasks, several at a time."""

    @property
    def slots(self) -> int:
        """How many tasks it should have at a time, now; at least 1."""

    def submit(self, task: Task) -> int:
        """Begins a task; returns the number of its worker, counted from 1."""

    def events(self, timeout: float) -> Sequence[Event]:
        """What happened since, after waiting for at most `timeout` seconds."""

    def stop(self) -> None:
        """Ends all workers now; what is not finished can be continued."""
