"""Folders of short clips, and commands over them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from aigc_edit.testing import ClipSpec, make_clip
from tests.conftest import ROOT

CUT = """
schema: 1
name: cut
stages:
  - uses: given_spans
    with: {spans: [[0s, 0.3s]]}
output: {video: {preset: ultrafast}}
"""
# Selectors, since they need no torch and have no cache.
DANGEROUS = '''
"""Stages that no one should use."""

import os
import signal
import time
from pathlib import Path

from aigc_edit.api import Selector, StageOptions, option

GATE = Path(__file__).with_name("gate")


class Slow(Selector):
    """Takes its time, and waits while there is a file named `gate` beside this one."""

    name = "slow"

    class Options(StageOptions):
        """Options of slow."""

        seconds: float = option(0.5, help="For each film.")

    def select(self, edits, tracks):
        time.sleep(self.options.seconds)
        while GATE.exists():
            time.sleep(0.05)
        return edits


class Boom(Selector):
    """Crashes over films of more than a second."""

    name = "boom"

    def select(self, edits, tracks):
        if edits.duration > 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        return edits
'''
LONG_AGO = time.time() - 3600
PATH = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
COMMAND = (sys.executable, "-m", "aigc_edit")


def clips(
    folder: Path, names: Iterable[str], frames: int = 15, size: tuple[int, int] = (128, 72)
) -> list[Path]:
    """The same small clip under many names; nobody has written to them for an hour."""
    made: list[Path] = []
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if made:
            shutil.copy(made[0], path)
        else:
            spec = ClipSpec(frames=frames, size=size, sound_rate=None, gop=5)
            make_clip(folder / ".clip.mp4", spec).rename(path)
        made.append(aged(path))
    return made


def aged(path: Path) -> Path:
    """A file that nobody has written to for an hour."""
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def broken(path: Path) -> Path:
    """A film that is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no film at all " * 100)
    return aged(path)


def started(*words: object, cwd: Path, **options: object) -> subprocess.Popen[str]:
    """`aigc-edit` at work."""
    return subprocess.Popen(
        [*COMMAND, *(os.fspath(word) if isinstance(word, Path) else str(word) for word in words)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        **options,
    )


def called(*words: object, cwd: Path, **options: object) -> subprocess.CompletedProcess[str]:
    """`aigc-edit` to its end."""
    with started(*words, cwd=cwd, **options) as process:
        out, err = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def states(out: Path) -> dict[str, str]:
    """What became of each output, by the summary."""
    summary = json.loads((out / "summary.json").read_text())
    return {job["output"]: job["state"] for job in summary["jobs"]}


def reasons(out: Path) -> dict[str, str]:
    summary = json.loads((out / "summary.json").read_text())
    return {job["output"]: job["reason"] for job in summary["jobs"] if job["reason"]}


def marks(paths: Sequence[Path]) -> list[tuple[int, int]]:
    """What changes when a file is written anew."""
    return [(path.stat().st_mtime_ns, path.stat().st_ino) for path in paths]


def children(pid: int) -> list[int]:
    """Processes that a process started, and that live."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def waited(condition, seconds: float = 90.0):
    """What a condition gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it never came to pass")
