"""One command as a whole process: watched for time and memory, ended with all it started."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

GIB = 1 << 30
AIGC = (sys.executable, "-m", "aigc_edit")
_GLANCE_SECONDS = 0.05


@dataclass(frozen=True)
class Limits:
    """Seconds on the wall, bytes of resident memory, bytes of any one file that is written."""

    seconds: float = 60
    memory: int = 2 * GIB
    file_size: int = GIB


@dataclass(frozen=True)
class Outcome:
    """How a command ended. `code` is negative for a signal; `stopped` says which limit was hit."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    peak: int
    stopped: str = ""


def environment(cache: Path, **more: str) -> dict[str, str]:
    """The user's environment with a cache of its own; the code is the one of this checkout."""
    return os.environ | {"AIGC_EDIT_CACHE": str(cache), "PYTHONPATH": str(ROOT), **more}


def started(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], out: int, err: int
) -> subprocess.Popen[bytes]:
    """The command in a session of its own, so that all of it can be ended."""
    return subprocess.Popen(
        [os.fsencode(word) for word in command],
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
    )


def run_limited(
    command: Sequence[str], cwd: Path, env: Mapping[str, str], limits: Limits
) -> Outcome:
    """Runs a command to its end, or to the end of its limits."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        process = started(command, cwd, env, out.fileno(), err.fileno())
        with suppress(ProcessLookupError, PermissionError):  # ended, or has less already
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limits.file_size,) * 2)
        stopped, status, peak = watched(process.pid, begin, limits)
        process.returncode = os.waitstatus_to_exitcode(status)
        end_session(process.pid)
        out.seek(0)
        err.seek(0)
        return Outcome(
            process.returncode,
            os.fsdecode(out.read()),
            os.fsdecode(err.read()),
            time.monotonic() - begin,
            peak,
            stopped,
        )


def watched(pid: int, begin: float, limits: Limits) -> tuple[str, int, int]:
    """(limit that was hit, wait status, most bytes in memory).

    The kernel's own peak counts what this process held when it started the child, so it stands
    in only where nobody can look.
    """
    stopped, peak = "", 0
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            unit = 1 if sys.platform == "darwin" else 1024
            return stopped, status, peak or usage.ru_maxrss * unit
        peak = max(peak, resident(pid))
        if not stopped and time.monotonic() - begin > limits.seconds:
            stopped = f"no end after {limits.seconds:g} s"
        elif not stopped and peak > limits.memory:
            stopped = f"more than {limits.memory / GIB:g} GiB of memory"
        if stopped:
            end_session(pid)
        time.sleep(_GLANCE_SECONDS)


def end_session(pid: int) -> None:
    """Kills a process that leads a session of its own, with all of its children."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def resident(pid: int) -> int:
    """Bytes in memory of a process and its children; 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line), 0)
    return own * 1024 + sum(resident(int(child)) for child in children)
