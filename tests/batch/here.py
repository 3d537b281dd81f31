"""An executor without processes: tasks run where they are submitted, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aigc_edit.batch import (
    Batch,
    BatchOptions,
    Cost,
    Ended,
    Entry,
    Event,
    Journal,
    Names,
    Search,
    Setting,
    Summary,
    Task,
    Template,
    alone_in,
    is_remote,
    kept_for,
    where_is,
)
from aigc_edit.batch.carrying import carried
from aigc_edit.engine import Clock, Earlier, RunOptions, Silent, run
from aigc_edit.errors import AigcEditError, NoSpaceError
from aigc_edit.pipeline import Pipeline, pipeline_from_text
from tests.batch.folders import CUT


@dataclass
class Here:
    """Runs tasks at once, and tells of them when it is asked.

    Attributes:
        before: called with each task; what it gives is told instead of running it.
    """

    pipeline: Pipeline
    options: RunOptions
    before: Callable[[Task], Event | None] = lambda _task: None
    slots: int = 1
    tasks: list[str] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)

    def submit(self, task: Task) -> int:
        self.tasks.append(task.source.name)
        self._events.append(self.before(task) or self._done(task))
        return 1

    def _done(self, task: Task) -> Event:
        try:
            act = partial(run, self.pipeline, options=self.options)
            record = carried(task.source, task.output, Clock(Silent()), act)
        except AigcEditError as error:
            return Ended(task.number, 1, Cost(), str(error), isinstance(error, NoSpaceError))
        return Ended(task.number, 1, Cost(record["output"]["duration"], {"render": 1.0}))

    def events(self, timeout: float) -> list[Event]:
        del timeout
        told, self._events = self._events[:1], self._events[1:]
        return told

    def stop(self) -> None:
        """Nothing runs."""


class Onlooker:
    """Keeps what it is told; `on_settle` is called with each job that is settled."""

    def __init__(self, on_settle: Callable[[Entry], None] = lambda _entry: None) -> None:
        self.said: list[str] = []
        self._on_settle = on_settle

    def expect(self, jobs: int, size: int) -> None:
        self.expected = (jobs, size)

    def take(self, worker: int, entry: Entry) -> None: ...

    def step(self, worker: int, name: str, frames: int, of: int) -> None: ...

    def settle(self, entry: Entry, size: int) -> None:
        self.said.append(f"{entry.output}: {entry.state}")
        self._on_settle(entry)

    def say(self, message: str) -> None:
        self.said.append(message)

    def end(self) -> None: ...


def batch_here(
    folder: Path,
    options: BatchOptions | None = None,
    before: Callable[[Task], Event | None] = lambda _task: None,
    watcher: Onlooker | None = None,
    text: str = CUT,
    source: str = "in",
    out: str = "out",
) -> tuple[Summary, Here]:
    """`in/` to `out/`, below a folder; or from and to URLs."""
    pipeline, run_options = pipeline_from_text(text), RunOptions("cpu")
    earlier = Earlier(pipeline, run_options.track_cache(), run_options.guard)
    here = Here(pipeline, run_options, before)
    to = where_is(out) if is_remote(out) else folder / out
    search = Search([source if is_remote(source) else str(folder / source)], besides=to)
    names = Names(Template("{folder}/{name}", pipeline.name, "mp4"), to)
    found = search.found()
    with alone_in(kept_for(to)), closing(Journal(kept_for(to))) as journal:
        setting = Setting(
            search,
            names,
            journal,
            earlier,
            here,
            watcher or Onlooker(),
            options or BatchOptions(),
        )
        batch = Batch(setting, names.jobs(found.inputs), found)
        try:
            return batch.run(), here
        except KeyboardInterrupt:
            return batch.summary, here
