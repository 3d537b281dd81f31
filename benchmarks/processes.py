"""Runs a command as a whole process: what it took, with all that it started."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """One run of one command."""

    seconds: float
    peak_mib: float


def measured(command: Sequence[str | Path]) -> Measured:
    """Runs the command to its end; a failure stops the benchmark and shows why."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},  # Python's default, as users have it
    )
    assert process.stderr is not None
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{complaint.decode(errors='replace')}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return Measured(seconds, usage.ru_maxrss / unit)


_LOOK_SECONDS = 0.1
_TICKS = os.sysconf("SC_CLK_TCK")  # a second, in which the kernel counts


def cpu_seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds of all cores, by the command and all that descends from it.

    What a process takes after the last look at it is missing: at most a tenth of a second. Needs
    /proc; `getrusage` would miss what Ray starts, which nobody waits for.
    """
    taken: dict[int, float] = {}
    with subprocess.Popen(command, env=environment) as process:
        while process.poll() is None:
            taken |= dict(_descendants(process.pid))
            time.sleep(_LOOK_SECONDS)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    return sum(taken.values())


def _descendants(root: int) -> Iterator[tuple[int, float]]:
    """Processes and the seconds that each took so far."""
    parents, seconds = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(words[1])
            seconds[int(path.parent.name)] = (int(words[11]) + int(words[12])) / _TICKS
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return ((pid, seconds[pid]) for pid in family if pid in seconds)
