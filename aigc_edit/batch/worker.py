"""Who does tasks, one after the other, and keeps what is loaded; and a process for one."""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from aigc_edit.batch.carrying import carried
from aigc_edit.batch.executor import Cost, Died, Ended, Event, Passed, Task, Work
from aigc_edit.engine import Clock, Guard, RunOptions, render_share, run
from aigc_edit.errors import AigcEditError, NoSpaceError, one_line
from aigc_edit.media import give_back, limit_decoders
from aigc_edit.pipeline import Pipeline

_TOLD_SECONDS = 0.2  # between two words about one pass
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker works.

    Attributes:
        number: counted from 1.
        threads: of each decoder; 0 for as many as there are cores.
    """

    number: int
    device: str
    threads: int


def main(handle: int, parent: int) -> NoReturn:
    """Runs tasks until the other end of a connection says that there are no more, or is gone."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us decides what Ctrl-C means
    _die_with(parent)
    connection = Connection(handle)
    work, place = connection.recv()
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, tasks), daemon=True).start()
    worker = Worker(work, place, _teller(connection), lambda: os._exit(1))
    while True:
        _empty_log()
        worker.do(tasks.get())


def _die_with(parent: int) -> None:
    """Linux ends this process with its parent, whatever it is doing; elsewhere `_listen` does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:  # gone already
        os._exit(1)


def _listen(connection: Connection, tasks: queue.SimpleQueue[Task]) -> None:
    """Takes tasks in; ends the process where there are no more. Private folders stay, so that
    what is in work can be continued."""
    with suppress(EOFError, OSError):
        while (task := connection.recv()) is not None:
            tasks.put(task)
    os._exit(0)


def _teller(connection: Connection) -> Callable[[Event], None]:
    sending = threading.Lock()

    def tell(event: Event) -> None:
        with sending, suppress(OSError):  # nobody is there: `_listen` notices, too
            connection.send(event)

    return tell


class Worker:
    """Does tasks, in a process that is there for nothing else.

    Args:
        tell: hears of what happens, in whatever thread.
        leave: ends the process where it cannot go on, which was told; it need not do so at once.
    """

    def __init__(
        self, work: Work, place: Place, tell: Callable[[Event], None], leave: Callable[[], None]
    ) -> None:
        self._work, self._place, self._tell, self._leave = work, place, tell, leave
        limit_decoders(place.threads)

    def do(self, task: Task) -> None:
        """One task, whatever becomes of it."""
        _forget_peak()
        told = _Told(lambda *facts: self._tell(Passed(task.number, self._place.number, *facts)))
        options = RunOptions(
            device=self._place.device,
            cache=self._work.cache,
            progress=told,
            guard=Guard(self._work.stage_timeout, lambda error: self._abandon(task, error)),
        )
        try:
            cost = _cost_of(task, self._work.loaded(), options, Clock(told))
        except (AigcEditError, MemoryError) as error:
            if ran_out_of_memory(error):  # whoever replaces us has all of it
                self._tell(Died(task.number, self._place.number, "ran out of memory"))
                self._leave()
                return
            ended = self._ended(task, error=str(error), full=isinstance(error, NoSpaceError))
        except Exception as error:  # noqa: BLE001 -- a bug of ours is no reason to stop the others
            ended = self._ended(task, f"unexpected {type(error).__name__}: {one_line(error)}")
        else:
            ended = replace(self._ended(task), cost=cost)
        self._tidy()
        self._tell(replace(ended, cost=_with_memory(ended.cost)))

    def _tidy(self) -> None:
        """What a film leaves goes. Stages of plugins may lie in cycles, with nets in them, and
        Python by itself looks for those after many films only. What the first film has loaded is
        meant to stay, so it is not looked through each time, which would take 0.1 s."""
        gc.collect()
        if not gc.get_freeze_count():
            gc.freeze()
        give_back()

    def _ended(self, task: Task, error: str = "", *, full: bool = False) -> Ended:
        return Ended(task.number, self._place.number, Cost(), error, full)

    def _abandon(self, task: Task, error: AigcEditError) -> None:
        """A stage that cannot even be interrupted ends the process."""
        self._tell(replace(self._ended(task, str(error)), leaves=True))
        self._leave()


def _cost_of(task: Task, pipeline: Pipeline, options: RunOptions, clock: Clock) -> Cost:
    """Does a task, and says what it took."""
    if task.share is not None:
        return Cost(render_share(pipeline, task.share, options))
    record = carried(task.source, task.output, clock, partial(run, pipeline, options=options))
    passes: dict[str, float] = {}
    for cost in record["passes"]:
        passes[cost["pass"]] = passes.get(cost["pass"], 0.0) + cost["seconds"]
    return Cost(record["output"]["duration"], passes)


class _Told:
    """Hears of a run's progress, and passes it on now and then."""

    def __init__(self, passed: Callable[[str, int, int], None]) -> None:
        self._passed = passed

    def begin(self, name: str, frames: int) -> None:
        self._name, self._of, self._done = name, frames, 0
        self._pass_on()

    def advance(self, frames: int) -> None:
        self._done += frames
        if time.monotonic() - self._last >= _TOLD_SECONDS:
            self._pass_on()

    def _pass_on(self) -> None:
        self._last = time.monotonic()
        self._passed(self._name, self._done, self._of)

    def end(self) -> None:
        """The next pass tells."""

    def say(self, message: str) -> None:
        sys.stderr.write(f"{message}\n")  # the log of this worker


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether that is what an error comes from, whoever said it in whatever words."""
    while True:
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):  # torch
            return True
        if error.__cause__ is None:
            return False
        error = error.__cause__


def _empty_log() -> None:
    """What earlier tasks printed is of no use any more, and must not fill the disk."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with suppress(OSError):  # a pipe or a terminal
        os.ftruncate(sys.stderr.fileno(), 0)


def _forget_peak() -> None:
    """Linux counts the peak of memory anew from here."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """The most memory since `_forget_peak`, bytes; elsewhere than on Linux, since the beginning."""
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        line = next(line for line in lines if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _with_memory(cost: Cost) -> Cost:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return replace(cost, peak=_peak())
    held, (_, there) = torch.cuda.max_memory_reserved(), torch.cuda.mem_get_info()
    torch.cuda.reset_peak_memory_stats()
    return replace(cost, peak=_peak(), device_peak=held, device_memory=there)
