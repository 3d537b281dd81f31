"""Progress on a terminal as a bar with speed and time left; elsewhere as plain lines."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aigc_edit.engine import Progress, Silent
from aigc_edit.words import counted

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_LINE_SECONDS = 10  # between two plain lines


@dataclass(frozen=True, slots=True)
class Unit:
    """What is counted, and its speed."""

    name: str
    speed: str

    def told(self, count: int) -> str:
        """`1 frame`, `2 frames`, `2 MB`."""
        return f"{count} {self.name}" if self.name.isupper() else counted(count, self.name)


FRAMES = Unit("frame", "fps")
MEGABYTES = Unit("MB", "MB/s")
SECONDS = Unit("second", "x")


def listener(*, quiet: bool, unit: Unit = FRAMES) -> Progress:
    """Who shows the progress here; everything goes to standard error."""
    if quiet:
        return Silent()
    return Bars(unit) if sys.stderr.isatty() else Lines(unit)


class Bars:
    """A bar for the pass that runs: frames per second and time left."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._progress: RichProgress | None = None
        self._task: TaskID | None = None

    def begin(self, name: str, frames: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._progress = RichProgress(
            TextColumn("{task.description:<9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{{task.fields[speed]}} {self._unit.speed}, left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._progress.start()
        self._task = self._progress.add_task(name, total=frames or None, speed="-")

    def advance(self, frames: int) -> None:
        if self._progress is not None and self._task is not None:
            speed = self._progress.tasks[self._task].speed
            shown = f"{speed:.0f}" if speed else "-"
            self._progress.update(self._task, advance=frames, speed=shown)

    def end(self) -> None:
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None

    def say(self, message: str) -> None:
        print(message, file=sys.stderr)


class Lines:
    """A line when a pass begins and ends, and now and then between."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    def begin(self, name: str, frames: int) -> None:
        self._name, self._frames, self._done = name, frames, 0
        self._started = self._told = time.monotonic()
        self.say(f"{name}: {self._unit.told(frames)}")

    def advance(self, frames: int) -> None:
        self._done += frames
        now = time.monotonic()
        if now - self._told >= _LINE_SECONDS:
            self._told = now
            speed = self._done / (now - self._started)
            left = f"{max(0, self._frames - self._done) / speed:.0f} s left" if speed else "waiting"
            told = f"{self._done}/{self._frames}, {speed:.0f} {self._unit.speed}, {left}"
            self.say(f"{self._name}: {told}")

    def end(self) -> None:
        self.say(f"{self._name}: done in {time.monotonic() - self._started:.1f} s")

    def say(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)
