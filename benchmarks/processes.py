"""Runs a command as a whole process: seconds on the wall, and the most memory it held."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
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
