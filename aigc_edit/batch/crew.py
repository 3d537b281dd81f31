"""The workers of an executor as a crew for one render."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from aigc_edit.batch.executor import Died, Ended, Event, Executor, Passed, Task
from aigc_edit.engine import Share

_POLL_SECONDS = 0.1
_MOST_TRIES = 2  # of a share; what they leave is made by the caller


class ExecutorCrew:
    """Has shares of a render made by the workers of an executor.

    A share whose worker dies is given to another one, which finds what was finished. Shares that
    fail are left to the caller, whose error says more.

    Args:
        say: hears of what went wrong elsewhere.
    """

    def __init__(self, executor: Executor, say: Callable[[str], None]) -> None:
        self._executor, self._say = executor, say

    @property
    def size(self) -> int:
        return self._executor.slots

    def make(
        self,
        shares: Sequence[Share],
        advance: Callable[[int], None],
        halted: Callable[[], bool],
    ) -> None:
        """Has shares made; see `aigc_edit.engine.Crew`."""
        tasks = [Task(n, share.source, share.output, share) for n, share in enumerate(shares)]
        round_ = _Round(self._executor, tasks, advance, self._say)
        try:
            while round_.goes_on and not halted():
                round_.dispatch()
                for event in self._executor.events(_POLL_SECONDS):
                    round_.heed(event)
        finally:
            self._executor.stop()


class _Round:
    """The shares of one render, and where they are."""

    def __init__(
        self,
        executor: Executor,
        tasks: Sequence[Task],
        advance: Callable[[int], None],
        say: Callable[[str], None],
    ) -> None:
        self._executor, self._advance, self._say = executor, advance, say
        self._tasks, self._waiting = tasks, deque(tasks)
        self._running: set[int] = set()
        self._tries = [0] * len(tasks)
        self._frames = [0] * len(tasks)

    @property
    def goes_on(self) -> bool:
        return bool(self._running or self._waiting)

    def dispatch(self) -> None:
        while self._waiting and len(self._running) < self._executor.slots:
            task = self._waiting.popleft()
            self._tries[task.number] += 1
            self._running.add(task.number)
            self._executor.submit(task)

    def heed(self, event: Event) -> None:
        match event:
            case Passed(number, _, _, frames, _):
                self._count(number, frames)
            case Ended(number, error=error):
                self._running.discard(number)
                if error:
                    self._say(f"a part of it was not made elsewhere ({error})")
            case Died(number, _, reason):
                self._running.discard(number)
                again = self._tries[number] < _MOST_TRIES
                self._say(
                    f"the worker of a part {reason}{', another one goes on' if again else ''}"
                )
                if again:
                    self._waiting.append(self._tasks[number])

    def _count(self, number: int, frames: int) -> None:
        more = frames - self._frames[number]
        if more > 0:  # whoever goes on for another one begins anew
            self._frames[number] = frames
            self._advance(more)
