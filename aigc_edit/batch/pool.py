"""Jobs on this machine: processes that stay, and are replaced when they die."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from aigc_edit.batch.executor import Died, Ended, Event, Task, Work, leaves
from aigc_edit.batch.sizing import Sizing
from aigc_edit.batch.worker import Place
from aigc_edit.errors import one_line

# Not by `multiprocessing`: that runs the caller's main program again in each worker.
_CODE = "import sys; from aigc_edit.batch.worker import main; main(*map(int, sys.argv[1:]))"
_PATIENCE_SECONDS = 0.4  # until a worker that does not end by itself is killed
# Small nets are quicker with the threads that a job's share of the cores allows.
_FRAME = re.compile(r'Current thread .*\n  File "(.+)", line (\d+) in ')
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(eq=False)
class _Worker:
    place: Place
    process: subprocess.Popen[bytes]
    connection: Connection
    log: Path
    task: Task | None = None


class Pool:
    """An executor of processes on this machine.

    Args:
        logs: a folder; what workers print goes there, that of the last task of each.
    """

    def __init__(self, work: Work, sizing: Sizing, logs: Path) -> None:
        self._work, self._sizing, self._logs = work, sizing, logs
        self._workers: dict[int, _Worker] = {}

    @property
    def slots(self) -> int:
        return self._sizing.jobs

    def submit(self, task: Task) -> int:
        worker = next((w for w in self._workers.values() if w.task is None), None)
        worker = worker or self._started()
        worker.task = task
        with suppress(OSError):  # it died meanwhile: `events` finds out
            worker.connection.send(task)
        return worker.place.number

    def events(self, timeout: float) -> list[Event]:
        if not self._workers:
            time.sleep(timeout)
            return []
        ready: list[Any] = wait([w.connection for w in self._workers.values()], timeout)
        told = [event for found in ready for event in self._heard(found)]
        idle = [worker for worker in self._workers.values() if worker.task is None]
        self._end(idle[: max(0, len(self._workers) - self.slots)])  # what they hold is needed
        return told

    def stop(self) -> None:
        self._end([*self._workers.values()])

    def _end(self, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            del self._workers[worker.place.number]
        for worker in workers:
            with suppress(OSError):
                worker.connection.send(None)
        end = time.monotonic() + _PATIENCE_SECONDS
        for worker in workers:
            try:
                worker.process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
            worker.connection.close()

    def _started(self) -> _Worker:
        number = next(n for n in range(1, len(self._workers) + 2) if n not in self._workers)
        device = self._sizing.devices[(number - 1) % len(self._sizing.devices)]
        threads = self._sizing.threads
        shared = 0 if threads == self._sizing.cores else threads
        ours, theirs = Pipe()
        log = self._logs / f"worker{number}.log"
        with log.open("ab") as told, theirs:
            process = subprocess.Popen(  # noqa: S603 -- our own code
                [sys.executable, "-P", "-c", _CODE, str(theirs.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                env=_environment(threads),
                pass_fds=[theirs.fileno()],
            )
        worker = _Worker(Place(number, device, shared), process, ours, log)
        with suppress(OSError):
            ours.send((self._work, worker.place))
        self._workers[number] = worker
        return worker

    def _heard(self, connection: Connection) -> Iterator[Event]:
        worker = next(w for w in self._workers.values() if w.connection is connection)
        try:
            while connection.poll():
                event: Event = connection.recv()
                if isinstance(event, Ended | Died):
                    worker.task = None
                if isinstance(event, Ended) and not event.error:  # what fails early takes little
                    self._sizing.learn(event.cost)
                yield event
                if leaves(event):
                    yield from self._buried(worker)
                    return
        except (EOFError, OSError):
            yield from self._buried(worker)

    def _buried(self, worker: _Worker) -> Iterator[Died]:
        """What to say of a worker that is gone; the next task gets a new one."""
        with suppress(subprocess.TimeoutExpired):
            worker.process.wait(_PATIENCE_SECONDS)
        worker.process.kill()
        code = worker.process.wait()
        worker.connection.close()
        del self._workers[worker.place.number]
        if worker.task is not None:
            yield Died(worker.task.number, worker.place.number, _cause(code, worker.log))


def _environment(threads: int) -> dict[str, str]:
    """The environment of a worker: the same modules are found, and cores are not oversubscribed."""
    path = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    calm = {name: os.environ.get(name, str(threads)) for name in _THREAD_VARIABLES}
    return os.environ | calm | {"PYTHONPATH": path}


def _cause(code: int, log: Path) -> str:
    """How a process ended, in words."""
    if code == -signal.SIGKILL:
        return "was killed (SIGKILL: by the system where memory is short, or by somebody)"
    if code < 0:
        return f"crashed ({signal.Signals(-code).name}){_where(log)}"
    return f"ended with exit code {code}{_last_words(log)}"


def _where(log: Path) -> str:
    """The line of Python that was at work, as `faulthandler` wrote it."""
    with suppress(OSError):
        found = _FRAME.search(log.read_bytes().decode("utf-8", "replace"))
        return f" at {found[1]}:{found[2]}" if found else ""
    return ""


def _last_words(log: Path) -> str:
    with suppress(OSError):
        lines = log.read_bytes().decode("utf-8", "replace").strip().splitlines()
        return f" ({one_line(lines[-1])})" if lines else ""
    return ""
