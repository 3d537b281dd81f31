"""Many files through one pipeline: which is next, and what becomes of each."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from aigc_edit.batch.arrivals import STEADY_SECONDS, Arrivals, state_of
from aigc_edit.batch.executor import Died, Ended, Event, Executor, Passed, Task
from aigc_edit.batch.inputs import Found, Search
from aigc_edit.batch.journal import Entry, Journal, done_entry
from aigc_edit.batch.naming import Job, Names
from aigc_edit.batch.places import RemoteState, Where
from aigc_edit.batch.standing import Standing
from aigc_edit.batch.summary import Summary
from aigc_edit.engine import Earlier
from aigc_edit.errors import EncodeError, NoSpaceError, UsageError
from aigc_edit.media import FileState

_POLL_SECONDS = 0.2
_LOOK_SECONDS = 1.0  # between two looks for files that arrive
_GIVEN_UP_SECONDS = 3 * STEADY_SECONDS  # after which a file that grows is for the next run
_MOST_LOSSES = 4  # of a job with its machine, before it counts as what may have been the cause
_MOST_READINGS = 2  # of a file that changes meanwhile


class Watcher(Protocol):
    """Looks on while a batch runs."""

    def expect(self, jobs: int, size: int) -> None:
        """So many jobs there are, with so many bytes of sources; said again when more arrive."""

    def take(self, worker: int, entry: Entry) -> None:
        """A worker begins a job."""

    def step(self, worker: int, name: str, frames: int, of: int) -> None:
        """A worker is in a pass of its job."""

    def settle(self, entry: Entry, size: int) -> None:
        """Something has become of a job; its source has so many bytes."""

    def say(self, message: str) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is worked through.

    Attributes:
        force: results that still hold are made again.
        fail_fast: no more files are taken after one has failed.
        watch: files that arrive later are taken, until somebody stops it.
    """

    force: bool = False
    fail_fast: bool = False
    watch: bool = False


@dataclass(frozen=True)
class Setting:
    """Whom a batch asks, and whom it tells."""

    search: Search
    names: Names
    journal: Journal
    earlier: Earlier
    executor: Executor
    watcher: Watcher
    options: BatchOptions = BatchOptions()


@dataclass
class _Running:
    """A job that a worker has; `state` is that of its source when it began."""

    job: Job
    state: FileState | RemoteState | None
    alone: bool = False


@dataclass
class Batch:
    """One command over many files.

    A job whose worker dies is tried once more, with nothing beside it. A result that still holds
    is left alone. What is in work when the batch is stopped waits for the next run.
    """

    setting: Setting
    jobs: Sequence[Job]
    found: Found
    _entries: dict[Where, Entry] = field(default_factory=dict)
    _queue: deque[Job] = field(default_factory=deque)
    _alone: deque[Job] = field(default_factory=deque)
    _growing: dict[Where, tuple[Job, float]] = field(default_factory=dict)
    _running: dict[int, _Running] = field(default_factory=dict)
    _states: dict[Where, FileState | RemoteState | None] = field(default_factory=dict)
    _arrivals: Arrivals = field(default_factory=Arrivals)
    _notes: list[str] = field(default_factory=list)
    _full: str = ""
    _failed: bool = False
    _number: int = 0
    _looked: float = 0.0

    def __post_init__(self) -> None:
        self._earlier = Standing(self.setting.earlier, self.setting.names.folder)

    def run(self) -> Summary:
        """Works until nothing is left, or somebody stops it (which is passed on)."""
        began = time.time()
        try:
            for note in filter(None, (self.setting.journal.note, *self.found.notes)):
                self._note(note)
            self._add(self.jobs)
            while self._goes_on():
                self._dispatch()
                for event in self.setting.executor.events(_POLL_SECONDS):
                    self._heed(event)
                self._look_again()
        finally:
            self.setting.executor.stop()
            self._put_back()
            self.setting.watcher.end()
            self.summary = self._summed_up(began)
        return self.summary

    # What there is to do

    def _add(self, jobs: Iterable[Job]) -> None:
        """Sorts new jobs: what still holds, what grows, what is to be done."""
        jobs = list(jobs)
        with ThreadPoolExecutor(thread_name_prefix="earlier") as pool:
            records = list(pool.map(self._standing, jobs))
        known = [self._known(job, record) for job, record in zip(jobs, records, strict=True)]
        for job, entry in zip(jobs, known, strict=True):
            self._states[job.input.path] = state_of(job.input.path)
            self._put(job, entry or Entry(job.place, job.input.path))
            if entry is None:
                self._sort(job)
        self._expect()
        for job, entry in zip(jobs, known, strict=True):
            if entry is not None:
                self._settle(job, replace(entry, state="up to date"))

    def _standing(self, job: Job) -> Mapping[str, Any] | None:
        """The record of a result that still holds."""
        if self.setting.options.force:
            return None
        return self._earlier.record(job.output, job.input.path)

    def _known(self, job: Job, record: Mapping[str, Any] | None) -> Entry | None:
        """The entry of a result that still holds: the journal's, else one from its record."""
        if record is None:
            return None
        entry = self.setting.journal[job.place]
        if entry is not None and entry.state == "done":
            return replace(entry, input=job.input.path)
        return done_entry(job.place, job.input.path, record)

    def _sort(self, job: Job) -> None:
        if self._arrivals.is_whole(job.input.path):
            self._queue.append(job)
        else:
            self._growing.setdefault(job.output, (job, time.monotonic()))

    def _look_again(self) -> None:
        """Takes what has stopped growing, and what has arrived."""
        for output, (job, _) in tuple(self._growing.items()):
            if self._arrivals.is_whole(job.input.path):
                del self._growing[output]
                self._queue.append(job)
        if self.setting.options.watch and time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            self._take_arrivals()

    def _take_arrivals(self) -> None:
        """New files, and those that have changed since they were worked on."""
        fresh: list[Job] = []
        try:
            inputs = self.setting.search.found().inputs
        except UsageError as refused:
            self._note(str(refused))
            return
        for given in inputs:
            path = given.path
            if path in self._states and self._states[path] == state_of(path):
                continue
            self._states[path] = state_of(path)
            try:
                fresh += [job for job in self.setting.names.jobs([given]) if not self._is_busy(job)]
            except UsageError as refused:
                self._note(str(refused))
        if fresh:
            self._add(fresh)

    def _is_busy(self, job: Job) -> bool:
        at_work = {running.job.output for running in self._running.values()}
        waiting = {other.output for other in (*self._queue, *self._alone)}
        return job.output in at_work | waiting | set(self._growing)

    def _goes_on(self) -> bool:
        if self._running:
            return True
        if self._stopping:
            return False
        if self._queue or self._alone or self.setting.options.watch:
            return True
        now = time.monotonic()
        return any(now - since < _GIVEN_UP_SECONDS for _, since in self._growing.values())

    @property
    def _stopping(self) -> bool:
        """Whether no more jobs are taken."""
        return bool(self._full) or (self._failed and self.setting.options.fail_fast)

    # What is done

    def _dispatch(self) -> None:
        """Gives out jobs as far as there are slots; one whose worker died runs by itself, when
        all others are through."""
        while not self._stopping and len(self._running) < self.setting.executor.slots:
            if any(running.alone for running in self._running.values()):
                return
            if self._queue:
                self._begin(self._queue.popleft())
            elif self._alone and not self._running:
                self._begin(self._alone.popleft(), alone=True)
            else:
                return

    def _begin(self, job: Job, *, alone: bool = False) -> None:
        source = job.input.path
        other = self._earlier.other_source(job.output, source)
        if other is not None and not self.setting.options.force:
            what = f"this name holds the result of {other}"
            self._fail(job, f"{job.output}: {what}. Name another folder with -o, or say --force.")
            return
        self._number += 1
        before = self._entries[job.output]
        entry = replace(
            before, state="running", attempts=before.attempts + 1, began=time.time(), ended=None
        )
        self._running[self._number] = _Running(job, state_of(source), alone)
        worker = self.setting.executor.submit(Task(self._number, source, job.output))
        self._put(job, entry)
        self.setting.watcher.take(worker, entry)

    def _heed(self, event: Event) -> None:
        match event:
            case Passed(_, worker, name, frames, of):
                self.setting.watcher.step(worker, name, frames, of)
            case Ended():
                self._heed_end(self._running.pop(event.task), event)
            case Died():
                self._heed_death(self._running.pop(event.task), event)

    def _heed_end(self, running: _Running, ended: Ended) -> None:
        job = running.job
        if not ended.error:
            cost = ended.cost
            made = {"video": cost.video, "peak": cost.peak, "passes": cost.passes}
            self._settle(job, self._ended(job, state="done", reason="", **made))
        elif ended.full:
            self._full = self._full or ended.error
            self._put(job, self._ended(job, state="waiting", reason=ended.error))
        elif running.state != state_of(job.input.path):  # it grew while it was read
            self._read_again(job)
        else:
            self._fail(job, ended.error)

    def _read_again(self, job: Job) -> None:
        """A file that somebody wrote to while it was read is read once more when it rests; where
        that happens again, it is for the next run."""
        self._put(job, self._ended(job, state="waiting"))
        if self.setting.options.watch or self._entries[job.output].attempts < _MOST_READINGS:
            self._sort(job)
        else:
            self._leave(job)

    def _heed_death(self, running: _Running, died: Died) -> None:
        """Another one does what was lost with its machine; else the job may be to blame."""
        job, told = running.job, f"its worker {died.reason}"
        if died.lost and self._entries[job.output].attempts < _MOST_LOSSES:
            told = f"{told}; another one takes it"
            self._queue.append(job)
        elif running.alone:
            self._fail(job, f"{told}, twice")
            return
        else:
            told = f"{told}; it is tried once more, alone"
            self._alone.append(job)
        self._put(job, self._ended(job, state="waiting", reason=told))
        self.setting.watcher.say(f"{job.place}: {told}")

    def _fail(self, job: Job, reason: str) -> None:
        self._failed = True
        self._settle(job, self._ended(job, state="failed", reason=reason))

    def _ended(self, job: Job, **facts: Any) -> Entry:
        return replace(self._entries[job.output], ended=time.time(), **facts)

    # What is told and kept

    def _settle(self, job: Job, entry: Entry) -> None:
        state = self._states[job.input.path]
        self._put(job, entry)
        self.setting.watcher.settle(entry, state.size if state else 0)

    def _put(self, job: Job, entry: Entry) -> None:
        """Keeps an entry. A disk without room for it stops the batch; the records stand."""
        self._entries[job.output] = entry
        if entry.state == "up to date":
            entry = replace(entry, state="done")
        try:
            self.setting.journal.put(entry)
        except NoSpaceError as error:
            self._full = self._full or str(error)
        except EncodeError as error:
            self._note(str(error))

    def _put_back(self) -> None:
        """What is in work when the batch is stopped waits, and what still grows is for later."""
        for running in self._running.values():
            self._put(running.job, self._ended(running.job, state="waiting"))
        for job, _ in self._growing.values():
            self._leave(job)

    def _leave(self, job: Job) -> None:
        reason = "somebody still writes to it; left for the next run"
        self._put(job, replace(self._entries[job.output], state="later", reason=reason))

    def _expect(self) -> None:
        sizes = [self._states[entry.input] for entry in self._entries.values()]
        self.setting.watcher.expect(len(self._entries), sum(s.size for s in sizes if s))

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)
            self.setting.watcher.say(note)

    def _summed_up(self, began: float) -> Summary:
        entries = tuple(self._entries[output] for output in sorted(self._entries))
        return Summary(
            self.setting.names.folder,
            entries,
            began,
            time.time(),
            self.found.left_out,
            tuple(self._notes),
            self._full,
        )
