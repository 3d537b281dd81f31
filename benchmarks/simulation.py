"""Many jobs on a cluster, event by event: how long they take, and what they wait for.

Jobs run in the order that they have, one on each slot; a core works for one job at a time. What a
job reads and writes goes over its node's network and the store while it computes, in the order in
which jobs begin; a job ends when both are through. The caller hears of every job and keeps a
journal, one after the other. A node that is lost takes its jobs with it; each of those is done
once more: among the others, as `batch.py` does it, or with nothing beside it when they are through.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count, islice
from random import Random


@dataclass(frozen=True)
class Job:
    """Seconds of a core, and bytes that are read and written."""

    cpu: float
    moved: float


@dataclass(frozen=True)
class Cluster:
    """What jobs run on; rates are bytes a second.

    Attributes:
        slots: jobs at a time on each node, each with a core of its own.
        network: of each node.
        store: of the storage that all share.
        begin: seconds until a node's workers have loaded what they need.
        losses: of each node, an hour.
        back: seconds until there is another node in the place of a lost one.
        entry: seconds of the caller for a job: what the journal takes.
        word: seconds of the caller for a word of a worker.
        words: of each worker, a second.
        alone: whether what a lost node had is done with nothing beside it.
    """

    nodes: int = 1
    slots: int = 1
    network: float = math.inf
    store: float = math.inf
    begin: float = 0.0
    losses: float = 0.0
    back: float = 600.0
    entry: float = 0.0
    word: float = 0.0
    words: float = 0.0
    alone: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Attributes:
        seconds: until the last job is through.
        alone: of these, those in which one job ran with nothing beside it.
        busy: share of the time that each resource was at work.
        again, failed: jobs that were begun once more, and those that were lost twice.
        wasted: seconds of cores that lost jobs had taken.
    """

    seconds: float
    alone: float
    busy: dict[str, float]
    done: int
    again: int
    failed: int
    wasted: float

    @property
    def first(self) -> str:
        """What is nearest to being full."""
        return max(self.busy, key=lambda name: self.busy[name])


@dataclass
class _Line:
    """Does one thing after the other, so many units a second."""

    rate: float
    busy: float = 0.0
    _free: float = 0.0

    def through(self, now: float, amount: float) -> float:
        """When so much is done that is asked for now."""
        took = amount / self.rate
        self.busy += took
        self._free = max(now, self._free) + took
        return self._free


@dataclass(frozen=True)
class _Running:
    job: Job
    node: int
    began: float
    alone: bool


class _Work:
    """A cluster at work, and what became of its jobs so far."""

    def __init__(self, cluster: Cluster, jobs: Iterable[Job], seed: int) -> None:
        self.cluster, self.queue, self.alone = cluster, deque(jobs), deque[Job]()
        self.running: dict[int, _Running] = {}
        self.now = self.cpu = self.by_itself = self.wasted = 0.0
        self.done = self.again = self.failed = 0
        self.store, self.caller = _Line(cluster.store), _Line(1.0)
        self.networks = [_Line(cluster.network) for _ in range(cluster.nodes)]
        self._lives = [0] * cluster.nodes  # slots of a life that is over are gone
        self._slots: deque[tuple[int, int]] = deque()
        self._random, self._numbers = Random(seed), count()  # noqa: S311 -- no secret
        self._events: list[tuple[float, int, Callable[[int], None], int]] = []
        for node in range(cluster.nodes):
            self._later(cluster.begin, self._arrive, node)

    def work(self) -> None:
        """Until nothing is left."""
        while self.queue or self.alone or self.running:
            self.now, _, happen, which = heapq.heappop(self._events)
            happen(which)
            self._dispatch()

    def _later(self, seconds: float, happen: Callable[[int], None], which: int) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), happen, which))

    # Jobs

    def _dispatch(self) -> None:
        while slot := self._free_slot():
            if any(running.alone for running in islice(self.running.values(), 1)):
                break  # it is the only one
            if self.queue:
                self._begin(self.queue.popleft(), slot)
            elif self.alone and not self.running:
                self._begin(self.alone.popleft(), slot, alone=True)
            else:
                break

    def _free_slot(self) -> tuple[int, int] | None:
        while self._slots and self._slots[0][1] != self._lives[self._slots[0][0]]:
            self._slots.popleft()
        return self._slots[0] if self._slots else None

    def _begin(self, job: Job, slot: tuple[int, int], *, alone: bool = False) -> None:
        self._slots.popleft()
        number, node = next(self._numbers), slot[0]
        self.running[number] = _Running(job, node, self.now, alone)
        moved = (line.through(self.now, job.moved) for line in (self.store, self.networks[node]))
        self._later(max(job.cpu, *(end - self.now for end in moved)), self._make, number)

    def _make(self, number: int) -> None:
        """A job is through, unless it was lost; the caller hears of it when it comes to it."""
        if running := self.running.get(number):
            words = self.cluster.words * (self.now - running.began)
            told = self.cluster.entry + words * self.cluster.word
            self._later(self.caller.through(self.now, told) - self.now, self._hear, number)

    def _hear(self, number: int) -> None:
        if running := self.running.pop(number, None):
            self.done += 1
            self.cpu += running.job.cpu
            self.by_itself += (self.now - running.began) * running.alone
            self._slots.append((running.node, self._lives[running.node]))

    # Nodes

    def _arrive(self, node: int) -> None:
        self._slots.extend([(node, self._lives[node])] * self.cluster.slots)
        if self.cluster.losses:
            self._later(self._random.expovariate(self.cluster.losses / 3600), self._lose, node)

    def _lose(self, node: int) -> None:
        self._lives[node] += 1
        for number in [n for n, running in self.running.items() if running.node == node]:
            self._lose_job(self.running.pop(number))
        self._later(self.cluster.back + self.cluster.begin, self._arrive, node)

    def _lose_job(self, running: _Running) -> None:
        self.wasted += min(self.now - running.began, running.job.cpu)
        self.by_itself += (self.now - running.began) * running.alone
        if running.alone:
            self.failed += 1
            return
        self.again += 1
        if self.cluster.alone:
            self.alone.append(running.job)
        else:
            self.queue.appendleft(running.job)


def simulate(cluster: Cluster, jobs: Iterable[Job], seed: int = 0) -> Outcome:
    """Works through jobs; the same seed loses the same nodes at the same times."""
    work = _Work(cluster, jobs, seed)
    work.work()
    there = max(work.now, 1e-9)
    busy = {
        "cores": (work.cpu + work.wasted) / (there * cluster.nodes * cluster.slots),
        "network": max(line.busy for line in work.networks) / there,
        "store": work.store.busy / there,
        "caller": work.caller.busy / there,
    }
    return Outcome(work.now, work.by_itself, busy, work.done, work.again, work.failed, work.wasted)


def lengths(seconds: float, median: float, spread: float, seed: int) -> list[float]:
    """Lengths of films, seconds, that are `seconds` in all: log-normal, so that few are very long.

    Args:
        spread: the standard deviation of the logarithm.
    """
    random, found = Random(seed), list[float]()  # noqa: S311 -- no secret
    while seconds > 0:
        found.append(min(seconds, random.lognormvariate(math.log(median), spread)))
        seconds -= found[-1]
    return found
