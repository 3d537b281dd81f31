"""How far a run is: told by the passes, shown by whoever listens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


class Stopped(BaseException):
    """The run is being stopped; who works at it leaves."""


class Progress(Protocol):
    """Listens to a run. `frames` counts pictures, or steps where a pass has no pictures."""

    def begin(self, name: str, frames: int) -> None: ...

    def advance(self, frames: int) -> None: ...

    def end(self) -> None: ...

    def say(self, message: str) -> None: ...


class Silent:
    """Nobody listens."""

    def begin(self, name: str, frames: int) -> None:
        """Nothing."""

    def advance(self, frames: int) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""

    def say(self, message: str) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class PassCost:
    """What a pass took."""

    name: str
    seconds: float
    frames: int


@dataclass
class Clock:
    """Times the passes of a run and tells the listener."""

    progress: Progress
    costs: list[PassCost] = field(default_factory=list)
    _frames: int = 0

    @contextmanager
    def running(self, name: str, frames: int) -> Iterator[Clock]:
        """One pass; `advance` counts what it has done."""
        self.progress.begin(name, frames)
        started, self._frames = time.perf_counter(), 0
        try:
            yield self
        finally:
            self.progress.end()
        self.costs.append(PassCost(name, time.perf_counter() - started, self._frames))

    def advance(self, frames: int = 1) -> None:
        self._frames += frames
        self.progress.advance(frames)
