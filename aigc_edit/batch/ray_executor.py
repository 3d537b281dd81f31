"""Jobs on a Ray cluster: actors that stay, each where Ray finds room for it.

Nothing else imports Ray, and only when a cluster is asked for. All nodes see sources and results by
the same paths, or reach the same URLs. Ray places actors, notices what is lost and carries what
they tell.
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aigc_edit.batch.executor import (
    Died,
    Ended,
    Event,
    Passed,
    Task,
    Work,
    leaves,
)
from aigc_edit.batch.node_check import brought, complaint, other_version
from aigc_edit.batch.signals import own_signals, undisturbed
from aigc_edit.batch.sizing import Sizing, cores
from aigc_edit.batch.worker import Place, Worker
from aigc_edit.engine import versions
from aigc_edit.errors import UsageError, one_line
from aigc_edit.folders import OFFLINE_VARIABLE
from aigc_edit.pipeline import PluginChoice

LOCAL = "ray"  # a cluster of this machine alone, for as long as the command runs
_CLIENT = "ray://"
_REACH_SECONDS = 3.0
_CHECK_SECONDS = 120.0  # a node that has never run anything imports torch first
_LOOK_SECONDS = 2.0  # between two looks at which nodes there are
_MOST_WORDS = 200.0  # a second, by all actors; each takes the caller half a millisecond and more
_STORE = 80 << 20  # bytes; what goes through it are words, and Ray wants that much
# Ray's own words for what it shall not do: report home, change what processes see of GPUs, and try
# to connect for longer than some seconds. It reads them when it is imported.
_CALM = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_NUM_REDIS_GET_RETRIES": "4",
}
_AUTH = "RAY_AUTH_MODE"  # Ray does not look for a token where an address is given
# What it starts beside a cluster of its own, one before the other: for growing, for logs at the
# caller, for a page. Nobody looks at those, and they take half of the time to begin.
_BESIDE = ("start_monitor", "start_log_monitor", "start_api_server")


@dataclass(eq=False)
class _Actor:
    """A worker and what it was given; `said` is the next word that it will say, while it has a
    task, and `node` where it is, as soon as it has said one."""

    number: int
    handle: Any
    gpus: float
    task: Task | None = None
    said: Any = None
    node: str = ""


class RayExecutor:
    """An executor of actors on a Ray cluster.

    Each holds as many cores as decoders and nets have threads, the memory that a job of this
    pipeline takes, and a share of an accelerator, as `Sizing` says for each node. Where others use
    the cluster, actors wait for their place.

    Args:
        where: `ray`, or what `ray.init` takes as an address.
        folder: of results; all nodes must see it.
        most: jobs at a time; None for as many as there is room for.
        count: jobs that there are.
        device: `auto`, `cpu` or `cuda`.

    Raises:
        UsageError: Ray is not installed, nobody answers there, or a node cannot do this work.
    """

    def __init__(
        self, where: str, work: Work, folder: Path, most: int | None, count: int, device: str
    ) -> None:
        self._ray = _connected(where)
        self._work, self._device = _absolute(work), device
        count = count if most is None else min(most, count)
        self._sizing = Sizing(None, max(1, count), ("cpu",), 1, 0)
        self._actors: dict[int, _Actor] = {}
        self._make = self._ray.remote(_Doer)
        self._looked = 0.0
        self._names: dict[str, str] = {}  # of nodes, also of those that are lost
        self._require()
        if where != LOCAL:  # there it is this installation
            self._check(folder.absolute())

    @property
    @undisturbed()
    def slots(self) -> int:
        room = sum(sizing.jobs for sizing in self._rooms().values())
        return max(1, min(room, self._sizing.count))

    @undisturbed()
    def submit(self, task: Task) -> int:
        idle = [actor for actor in self._actors.values() if actor.task is None]
        fitting = next((actor for actor in idle if actor.gpus == self._share()), None)
        if fitting is None:
            self._end(idle)
        actor = fitting or self._started()
        actor.task = replace(task, source=task.source.absolute(), output=task.output.absolute())
        actor.handle.begin.remote(actor.task)
        self._ask(actor)
        return actor.number

    @undisturbed()
    def events(self, timeout: float) -> list[Event]:
        busy = {actor.said: actor for actor in self._actors.values() if actor.task is not None}
        if not busy:
            time.sleep(timeout)
            return []
        ready, _ = self._ray.wait([*busy], timeout=timeout)
        told = [event for said in ready for event in self._heard(busy[said])]
        self._release()
        return told

    def stop(self) -> None:
        self._end([*self._actors.values()])

    # The cluster

    def _nodes(self) -> list[Mapping[str, Any]]:
        """Nodes that live and run anything."""
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        return [node for node in nodes if node["Resources"].get("CPU", 0) >= 1]

    def _rooms(self) -> Mapping[str, Sizing]:
        """What there is room for, by node."""
        if time.monotonic() - self._looked >= _LOOK_SECONDS:
            self._looked = time.monotonic()
            nodes = self._nodes()
            self._names |= {node["NodeID"]: _named(node) for node in nodes}
            self._resources = {node["NodeID"]: node["Resources"] for node in nodes}
        rooms = {node: self._room(there) for node, there in self._resources.items()}
        if self._device != "cpu" and any(there.get("GPU") for there in self._resources.values()):
            with_gpu = {n: s for n, s in rooms.items() if s.devices != ("cpu",)}
            return with_gpu if self._sizing.share else rooms
        return rooms

    def _room(self, there: Mapping[str, float]) -> Sizing:
        gpus = int(there.get("GPU", 0)) if self._device != "cpu" else 0
        return replace(
            self._sizing,
            devices=tuple(f"cuda:{k}" for k in range(gpus)) or ("cpu",),
            cores=int(there["CPU"]),
            memory=int(there.get("memory", 0)),
        )

    def _share(self) -> float:
        """Of an accelerator, for each actor."""
        rooms = self._rooms().values()
        return self._sizing.share if any(s.devices != ("cpu",) for s in rooms) else 0.0

    def _require(self) -> None:
        """Refuses a cluster without what any work needs."""
        if not self._rooms():
            raise UsageError("no node of the Ray cluster has a core to work with")
        if self._device.startswith("cuda") and not self._share():
            raise UsageError("no node of the Ray cluster has a GPU", cure="Leave --device away.")

    def _check(self, folder: Path) -> None:
        """Asks each node whether it can do this work."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

        ask = self._ray.remote(num_cpus=0, max_retries=1)(complaint)
        wanted = (self._work, folder, versions(), brought(self._work))
        asked = {
            ask.options(scheduling_strategy=On(node, soft=False)).remote(*wanted): name
            for node, name in self._names.items()
        }
        told, silent = self._ray.wait([*asked], num_returns=len(asked), timeout=_CHECK_SECONDS)
        answers = [(asked[answer], self._answer(answer)) for answer in told]
        answers += [(asked[answer], "does not answer") for answer in silent]
        _refuse([f"{name} {answer}" for name, answer in answers if answer])

    def _answer(self, answer: Any) -> str:
        try:
            said: str = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:
            return f"cannot run this version of aigc-edit ({_last(error)})"
        return said

    # Its actors

    def _started(self) -> _Actor:
        number = next(n for n in range(1, len(self._actors) + 2) if n not in self._actors)
        rooms, gpus = [*self._rooms().values()] or [self._sizing], self._share()
        threads = min(sizing.threads for sizing in rooms)
        memory = min((sizing.memory for sizing in rooms if sizing.memory), default=0)
        place = Place(number, "cuda" if gpus else "cpu", threads)
        made = self._make.options(
            num_cpus=threads, num_gpus=gpus, memory=min(self._sizing.need, memory)
        )
        offline = OFFLINE_VARIABLE in os.environ
        handle = made.remote(self._work, place, versions(), offline=offline)
        self._actors[number] = actor = _Actor(number, handle, gpus)
        return actor

    def _heard(self, actor: _Actor) -> Iterator[Event]:
        assert actor.task is not None
        try:
            actor.node, said = self._ray.get(actor.said)
        except self._ray.exceptions.RayError as error:
            self._end([actor])
            lost = self._is_lost(actor.node)
            reason = (
                f"was lost with {self._names[actor.node]}" if lost else f"is gone ({_last(error)})"
            )
            yield Died(actor.task.number, actor.number, reason, lost)
            return
        for event in said:
            if isinstance(event, Ended) and not event.error:
                self._sizing.learn(event.cost)
            yield event
        if leaves(said[-1]):
            self._end([actor])
        elif isinstance(said[-1], Ended):
            actor.task = actor.said = None
        else:
            self._ask(actor)

    def _ask(self, actor: _Actor) -> None:
        actor.said = actor.handle.said.remote(len(self._actors) / _MOST_WORDS)

    def _is_lost(self, node: str) -> bool:
        """Whether a node is gone. Ray hears of it a moment later than of its actors."""
        return bool(node) and node not in {there["NodeID"] for there in self._nodes()}

    def _release(self) -> None:
        """Ends actors for which there is nothing to do, where there is no slot for them, or where
        another one waits for the place that they hold."""
        idle = [actor for actor in self._actors.values() if actor.task is None]
        someone_waits = any(not actor.node for actor in self._actors.values())
        too_many = max(0, len(self._actors) - self.slots)
        self._end(idle if someone_waits else idle[:too_many])

    def _end(self, actors: Sequence[_Actor]) -> None:
        for actor in actors:
            del self._actors[actor.number]
            with suppress(Exception):  # the cluster is gone, and the actor with it
                self._ray.kill(actor.handle)


class _Doer:
    """What an actor is: tasks are done in a thread, while what they tell is waited for."""

    def __init__(
        self, work: Work, place: Place, there: Mapping[str, str], *, offline: bool
    ) -> None:
        if other := other_version(there):  # of a node that came later
            raise UsageError(f"its node {other}")
        if offline:
            os.environ[OFFLINE_VARIABLE] = "1"
        self._said: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._worker = Worker(work, place, self._said.put, lambda: None)  # the caller ends it

    def begin(self, task: Task) -> None:
        threading.Thread(target=self._worker.do, args=[task], daemon=True).start()

    def said(self, patience: float) -> tuple[str, list[Event]]:
        """Where it is, and what happened since it was last asked.

        Waits for something, and so many seconds more for the end of the task.
        """
        import ray

        events = [self._said.get()]
        end = time.monotonic() + patience
        with suppress(queue.Empty):
            while isinstance(events[-1], Passed):
                events.append(self._said.get(timeout=max(0.0, end - time.monotonic())))
        return ray.get_runtime_context().get_node_id(), events


def _refuse(complaints: Sequence[str]) -> None:
    if complaints:
        more = f" (and {len(complaints) - 1} more such)" if complaints[1:] else ""
        cure = "Install the same there, or leave the node away."
        raise UsageError(f"{complaints[0]}{more}", where="Ray", cure=cure)


def _named(node: Mapping[str, Any]) -> str:
    return f"node {node['NodeName']} ({node['NodeID'][:8]})"


def _absolute(work: Work) -> Work:
    """The same, from wherever it is read."""
    plugins = tuple(path.absolute() for path in work.plugins.paths)
    choice = PluginChoice(plugins, work.plugins.trusted)
    return replace(work, pipeline=Path(work.pipeline).absolute(), plugins=choice)


def _last(error: Exception) -> str:
    """The first sentence of the last line of what Ray says, which is the cause."""
    return one_line(str(error).strip().splitlines()[-1].partition(". ")[0])


def _connected(where: str) -> Any:
    """Ray, connected to a cluster."""
    for variable, value in _CALM.items():
        os.environ.setdefault(variable, value)
    try:
        import ray
    except ImportError as cause:
        cure = "pip install 'aigc-edit[ray]'"
        raise UsageError("Ray is not installed", cure=cure) from cause
    if where != LOCAL:
        _reach(where)
    # Its last lines of log, on standard output, for each node that is lost.
    ray._private.worker.listen_error_messages = lambda *_: None  # noqa: SLF001 -- no other way
    own = {"num_cpus": cores(), "object_store_memory": _STORE, "include_dashboard": False}
    address = {"address": "local", **own} if where == LOCAL else {"address": where}
    try:
        with own_signals(), _nothing_beside(), _unheard():
            ray.init(**address, log_to_driver=False, logging_level=logging.CRITICAL)
    except ray.exceptions.RayError as cause:
        what = one_line(str(cause).partition(". ")[0])
        cure = "Put the token into RAY_AUTH_TOKEN." if "token" in what else ""
        raise UsageError(what, where=where, cure=cure) from cause
    except (ConnectionError, RuntimeError, ValueError, OSError, ImportError) as cause:
        cure = "" if _AUTH in os.environ else f"If it asks for a token, set {_AUTH}=token."
        what = f"Ray does not answer ({one_line(cause)})"
        raise UsageError(what, where=where, cure=cure) from cause
    return ray


@contextmanager
def _nothing_beside() -> Iterator[None]:
    """Ray has no option for it; where it calls them otherwise one day, beginning takes longer."""
    from ray._private.node import Node

    theirs = {name: vars(Node)[name] for name in _BESIDE if name in vars(Node)}
    for name in theirs:
        setattr(Node, name, lambda *_args, **_options: None)
    try:
        yield
    finally:
        for name, method in theirs.items():
            setattr(Node, name, method)


@contextmanager
def _unheard() -> Iterator[None]:
    """While Ray's core tries, it warns on standard error once a second; what comes of it is
    raised."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _reach(where: str) -> None:
    """Ray itself tries for half a minute, or ends the process."""
    host, _, port = where.removeprefix(_CLIENT).rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS).close()
    except OSError as cause:
        what = f"nobody answers there ({one_line(cause.strerror or cause)})"
        cure = "Is the cluster up (`ray status`), and the port open?"
        raise UsageError(what, where=where, cure=cure) from cause
