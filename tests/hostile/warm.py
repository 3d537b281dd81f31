"""The command line from a process that has imported everything already: a fork for each command.

The same `main` with the same words in a process of its own, without the two seconds of imports;
what that leaves out is only the start of the interpreter.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import NoReturn

from tests.conftest import ROOT
from tests.hostile.child import AIGC, Limits, Outcome, end_session, environment, watched

_IMPORTS = (
    "torch", "av", "scipy.signal", "librosa", "opentimelineio", "safetensors.torch", "cv2",
    "aigc_edit.cli.run_command", "aigc_edit.engine", "aigc_edit.pipeline",
    "aigc_edit.stages.analyze.speech", "aigc_edit.stages.analyze.scenes",
)  # fmt: skip
# What the command line sets for itself before it imports torch.
_CALM = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}


class WarmServers:
    """So many servers, each of which runs one command at a time."""

    def __init__(self, count: int) -> None:
        self._free: SimpleQueue[subprocess.Popen[str]] = SimpleQueue()
        self._all = [self._started() for _ in range(count)]
        for server in self._all:
            self._free.put(server)

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.warm"],
            cwd=ROOT,
            env=environment(Path(os.devnull), **_CALM),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> WarmServers:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        for server in self._all:
            server.communicate()

    def run(
        self, command: Sequence[str], cwd: Path, env: Mapping[str, str], limits: Limits
    ) -> Outcome:
        """As `run_limited`; a command of ours only."""
        server = self._free.get()
        try:
            assert server.stdin is not None
            assert server.stdout is not None
            limited = (limits.seconds, limits.memory, limits.file_size)
            asked = (list(command[len(AIGC) :]), str(cwd), dict(env), limited)
            server.stdin.write(json.dumps(asked) + "\n")
            server.stdin.flush()
            return Outcome(*json.loads(server.stdout.readline()))
        finally:
            self._free.put(server)


def _served(
    words: list[str], cwd: str, env: dict[str, str], limits: Limits
) -> tuple[int, str, str, float, int, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _become(words, cwd, env, limits, (out.fileno(), err.fileno()))
        stopped, status, peak = watched(pid, begin, limits)
        end_session(pid)
        out.seek(0)
        err.seek(0)
        told = (os.fsdecode(out.read()), os.fsdecode(err.read()))
        seconds = time.monotonic() - begin
        return os.waitstatus_to_exitcode(status), *told, seconds, peak, stopped


def _become(
    words: list[str], cwd: str, env: dict[str, str], limits: Limits, streams: tuple[int, int]
) -> NoReturn:
    """Turns this fork into the command."""
    code = 1
    try:
        os.setsid()
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        tempfile.tempdir = None
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(streams[0], 1)
        os.dup2(streams[1], 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_size,) * 2)
        from aigc_edit.cli import main

        code = main(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    for name in _IMPORTS:
        importlib.import_module(name)
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        words, cwd, env, limits = json.loads(line)
        replies.write(json.dumps(_served(words, cwd, env, Limits(*limits))) + "\n")
        replies.flush()


if __name__ == "__main__":
    serve()
