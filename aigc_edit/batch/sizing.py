"""How many jobs at a time: by cores, memory and accelerators."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aigc_edit.batch.executor import Cost
from aigc_edit.engine import resolve_device

_GROUP = Path("/sys/fs/cgroup")  # version 2
_SHARE = 0.8  # of what is free; the rest is for the page cache, from which files are read
# Until one job has said what it takes: `highlight` with its nets took 520 MB, a plain cut 90 MB.
_FIRST_GUESS = 600 << 20
_CONTEXT = 500 << 20  # of each process on a CUDA device, beside what torch counts


def cores() -> int:
    """Cores that this process may use: its affinity and the quota of its group."""
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = (_GROUP / "cpu.max").read_text().split()
        count = min(count, max(1, round(int(quota) / int(period))))
    return count


def free_memory() -> int:
    """Bytes that may be used without anything having to go; 0 where nobody says."""
    found = []
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable"))
        found.append(int(line.split()[1]) * 1024)
    with suppress(OSError, ValueError):
        most = int((_GROUP / "memory.max").read_text())
        found.append(most - int((_GROUP / "memory.current").read_text()))
    return max(0, min(found, default=0))


def devices(wanted: str) -> tuple[str, ...]:
    """Where nets run: all CUDA devices for `auto`, else the one that was named.

    Raises:
        UsageError: it is not there.
    """
    device = resolve_device(wanted)
    if wanted != "auto" or not device.startswith("cuda"):
        return (device,)
    import torch

    return tuple(f"cuda:{k}" for k in range(torch.cuda.device_count()))


@dataclass
class Sizing:
    """How many jobs run at a time: one on each core, as far as memory goes, and one on each
    accelerator until it is known that several fit.

    Memory is judged by the job that took most of it so far. A number that was asked for is taken
    as it is.

    Attributes:
        most: jobs that are asked for; None for as many as are good.
        count: jobs that there are.
        memory: bytes that are free before anything runs; 0 where nobody knows.
    """

    most: int | None
    count: int
    devices: tuple[str, ...]
    cores: int
    memory: int
    _peak: int = 0
    _device_peak: int = 0
    _device_memory: int = 0

    @classmethod
    def here(cls, most: int | None, count: int, device: str) -> Sizing:
        """For this machine, as it is now. Raises UsageError for a device that is not there."""
        return cls(most, max(1, count), devices(device), cores(), free_memory())

    def learn(self, cost: Cost) -> None:
        """Takes what a job took into account."""
        self._peak = max(self._peak, cost.peak)
        self._device_peak = max(self._device_peak, cost.device_peak)
        self._device_memory = cost.device_memory or self._device_memory

    @property
    def jobs(self) -> int:
        """Jobs at a time, now; at least 1."""
        if self.most is not None:
            return min(self.most, self.count)
        return max(1, min(self._side_by_side(), self._on_devices()))

    def _side_by_side(self) -> int:
        return min(self.cores, self.count, self._in_memory())

    @property
    def threads(self) -> int:
        """Of each job, where all of them are busy."""
        jobs = min(self.most, self.count) if self.most is not None else self._side_by_side()
        return max(1, self.cores // max(1, jobs))

    def _in_memory(self) -> int:
        if not self.memory:
            return self.cores
        return int(_SHARE * self.memory / self.need)

    @property
    def need(self) -> int:
        """Bytes of memory of each job, as far as is known."""
        return self._peak or _FIRST_GUESS

    def _on_devices(self) -> int:
        """As many as fit on each accelerator; before the first job has told, one."""
        if self.devices in (("cpu",), ("mps",)) or not self.share:
            return self.cores
        return len(self.devices) * round(1 / self.share)

    @property
    def share(self) -> float:
        """Of an accelerator, for each job; all of it before the first one has told."""
        if not self._peak:
            return 1.0
        if not self._device_peak:  # nothing of this pipeline runs there
            return 0.0
        room = _SHARE * self._device_memory / (self._device_peak + _CONTEXT)
        return 1 / max(1, int(room))
