"""Progress of many files: on a terminal a bar for the whole and a line for each worker; elsewhere
a line for each file, and now and then one for the whole."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli.batch_report import without_place
from aigc_edit.words import shown

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from aigc_edit.batch import Entry, Watcher

_LINE_SECONDS = 10  # between two plain lines for the whole
_NAME_LENGTH = 40


def watcher(*, quiet: bool) -> Watcher:
    """Who shows the progress of a batch here; everything goes to standard error."""
    if quiet:
        return Silent()
    return Bars() if sys.stderr.isatty() else Lines()


class Silent:
    """Nobody looks on."""

    def expect(self, jobs: int, size: int) -> None:
        """Nothing."""

    def take(self, worker: int, entry: Entry) -> None:
        """Nothing."""

    def step(self, worker: int, name: str, frames: int, of: int) -> None:
        """Nothing."""

    def settle(self, entry: Entry, size: int) -> None:
        """Nothing."""

    def say(self, message: str) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""


@dataclass
class _Tally:
    """How far the whole is, in jobs and in bytes of their sources.

    A job is worth its bytes and those of a mean job, since each has its constant part. What was up
    to date took no time, and says nothing of the time that is left.
    """

    jobs: int = 0
    size: int = 0
    settled: int = 0
    gone: int = 0
    idle: int = 0
    idle_size: int = 0

    def __post_init__(self) -> None:
        self._began = time.monotonic()

    def count(self, entry: Entry, size: int) -> None:
        self.settled += 1
        self.gone += size
        if entry.state == "up to date":
            self.idle += 1
            self.idle_size += size

    def _worth(self, jobs: int, size: int) -> float:
        return size + jobs * self.size / max(1, self.jobs)

    def left(self) -> str:
        """The time that is left, in words; empty where nobody knows yet."""
        done = self._worth(self.settled - self.idle, self.gone - self.idle_size)
        if not done:
            return ""
        elapsed = time.monotonic() - self._began
        to_do = self._worth(self.jobs - self.settled, self.size - self.gone)
        minutes, seconds = divmod(round(to_do * elapsed / done), 60)
        return f"{minutes} min {seconds} s left" if minutes else f"{seconds} s left"

    def told(self) -> str:
        return ", ".join(filter(None, (f"{self.settled} of {self.jobs}", self.left())))


def _line(entry: Entry) -> str:
    """One finished job."""
    if entry.state == "done":
        return f"{shown(entry.output)}: {entry.video:.1f} s, made in {entry.seconds:.1f} s"
    if entry.state == "up to date":
        return f"{shown(entry.output)}: up to date"
    return f"{shown(entry.input)}: {entry.state}: {without_place(entry)}"


class Lines:
    """A line for each file, and now and then one for the whole."""

    def __init__(self) -> None:
        self._tally, self._told = _Tally(), time.monotonic()

    def expect(self, jobs: int, size: int) -> None:
        self._tally.jobs, self._tally.size = jobs, size

    def take(self, worker: int, entry: Entry) -> None:
        """Only the whole is told while it lasts."""

    def step(self, worker: int, name: str, frames: int, of: int) -> None:
        del worker, name, frames, of
        if time.monotonic() - self._told >= _LINE_SECONDS:
            self._tell_whole()

    def settle(self, entry: Entry, size: int) -> None:
        self._tally.count(entry, size)
        self.say(f"[{self._tally.settled}/{self._tally.jobs}] {_line(entry)}")

    def _tell_whole(self) -> None:
        self._told = time.monotonic()
        self.say(self._tally.told())

    def say(self, message: str) -> None:
        print(shown(message), file=sys.stderr, flush=True)

    def end(self) -> None:
        """Nothing is open."""


class Bars:
    """A bar for the whole, with what is left of the time, and one for each worker."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as RichProgress

        self._tally = _Tally()
        self._names: dict[int, str] = {}
        self._busy: dict[Path, int] = {}
        self._bars: dict[int, TaskID] = {}
        self._progress: RichProgress = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[told]}", markup=False),
            console=Console(stderr=True, highlight=False),
        )
        self._progress.start()
        self._whole = self._progress.add_task("all", total=None, told="")

    def expect(self, jobs: int, size: int) -> None:
        self._tally.jobs, self._tally.size = jobs, size
        self._show_whole()

    def take(self, worker: int, entry: Entry) -> None:
        self._names[worker] = shown(entry.input.name)
        self._busy[entry.output] = worker
        if worker not in self._bars:
            self._bars[worker] = self._progress.add_task("", total=None, told="")
        self.step(worker, "begins", 0, 0)

    def step(self, worker: int, name: str, frames: int, of: int) -> None:
        told = f"{name}: {self._names[worker]}"
        self._progress.update(
            self._bars[worker],
            description=f"{worker:>3}",
            completed=frames,
            total=of or None,
            told=told[:_NAME_LENGTH],
        )
        self._show_whole()

    def settle(self, entry: Entry, size: int) -> None:
        self._tally.count(entry, size)
        if entry.state != "up to date":
            self.say(_line(entry))
        if worker := self._busy.pop(entry.output, 0):
            self._progress.update(self._bars[worker], total=None, told="")
        self._show_whole()

    def _show_whole(self) -> None:
        tally = self._tally
        self._progress.update(
            self._whole, completed=tally.gone, total=tally.size or None, told=tally.told()
        )

    def say(self, message: str) -> None:
        self._progress.console.print(shown(message), markup=False, soft_wrap=True)

    def end(self) -> None:
        self._progress.stop()
