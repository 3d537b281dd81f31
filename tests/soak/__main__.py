"""`python -m tests.soak`: many files, one in ten hostile, workers killed at random, the run itself
killed twice and continued.

In the end every good file was made exactly once, every bad one is told with its reason, and nothing
is half-written. A second part works in peace, and looks whether the memory of its worker grows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aigc_edit.batch import read_entries
from aigc_edit.testing import ClipSpec, make_clip, shown_frames
from tests.batch.folders import COMMAND, CUT, DANGEROUS, aged, broken, children, clips
from tests.conftest import ROOT

say = partial(print, flush=True)  # lint allows no print call in tests; this is a program
_PIPELINE = (
    CUT.replace("stages:", "stages:\n  - uses: boom")
    .replace("output:", "  - uses: slow\n    with: {seconds: 0.05}\noutput:")
    .replace("name: cut", "name: boom")
)
_FRAMES = 9  # of each result: 0.3 s
_WARM = 10  # files until a worker holds all that it keeps
_GROWTH = 1.05
_KILL_SECONDS = (0.5, 3)  # between two kills of workers


@dataclass(frozen=True)
class Folder:
    """Sources, their pipeline, and where results go."""

    place: Path
    good: tuple[str, ...]
    bad: tuple[str, ...]

    @property
    def out(self) -> Path:
        return self.place / "out"

    def command(self, jobs: int) -> list[str]:
        words = ["run", "boom.yaml", "in", "-o", "out", "--plugins", "dangerous.py"]
        return [*COMMAND, *words, "--jobs", str(jobs), "--name", "{name}"]

    def marks(self) -> dict[str, tuple[int, int]]:
        """Results that stand under a final name, with what changes when they are made anew."""
        found = (self.out / f"{name}.mp4" for name in self.good)
        return {p.name: (p.stat().st_mtime_ns, p.stat().st_ino) for p in found if p.exists()}


@dataclass
class Fire:
    """What was done to the runs, and what went wrong."""

    workers_killed: int = 0
    runs_killed: int = 0
    complaints: list[str] = field(default_factory=list)


def make_folder(place: Path, count: int) -> Folder:
    """One file in ten is hostile: text, nothing, a cut film, a film that crashes its reader."""
    source = place / "in"
    bad = [f"bad{k:03}.mp4" for k in range(count // 10)]
    good = clips(source, [f"{k:03}.mp4" for k in range(count - len(bad))])
    whole = good[0].read_bytes()
    boom = make_clip(place / "boom.mp4", ClipSpec(frames=36, size=(128, 72), sound_rate=None))
    for k, name in enumerate(bad):
        path = source / name
        match k % 4:
            case 0:
                broken(path)
            case 1:
                path.write_bytes(b"")
            case 2:
                path.write_bytes(whole[: len(whole) // 3])
            case _:
                shutil.copy(boom, path)
        aged(path)
    (place / "boom.yaml").write_text(_PIPELINE)
    (place / "dangerous.py").write_text(DANGEROUS)
    return Folder(place, tuple(path.name for path in good), tuple(bad))


def started(folder: Folder, jobs: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "AIGC_EDIT_CACHE": str(folder.place / "c")}
    null = subprocess.DEVNULL
    return subprocess.Popen(
        folder.command(jobs), cwd=folder.place, env=environment, stdout=null, stderr=null
    )


def under_fire(
    folder: Folder, jobs: int, rng: random.Random, fire: Fire, until: int | None
) -> int | None:
    """One run, its workers killed now and then; itself killed when so many results are there.

    Returns its exit code; None where it was killed.
    """
    with started(folder, jobs) as process:
        next_kill = time.monotonic() + rng.uniform(*_KILL_SECONDS)
        while process.poll() is None:
            if until is not None and len(folder.marks()) >= until:
                process.kill()
                fire.runs_killed += 1
                return None
            if time.monotonic() >= next_kill:
                next_kill = time.monotonic() + rng.uniform(*_KILL_SECONDS)
                with suppress(OSError, IndexError):
                    os.kill(rng.choice(children(process.pid)), signal.SIGKILL)
                    fire.workers_killed += 1
            time.sleep(0.05)
        return process.returncode


def soaked(folder: Folder, jobs: int, seed: int) -> Fire:
    """All runs over a folder, and what is wrong after each."""
    rng, fire, count = random.Random(seed), Fire(), len(folder.good)
    made: dict[str, tuple[int, int]] = {}
    for until in (count // 3, 2 * count // 3, None):
        under_fire(folder, jobs, rng, fire, until)
        time.sleep(0.5)  # workers of a killed run end
        made = kept(folder, made, fire)
    with started(folder, jobs) as last:  # in peace: a file may have met two kills
        code = last.wait()
    if code != 3:
        fire.complaints.append(f"the last run ends with {code}")
    kept(folder, made, fire)
    fire.complaints += judged(folder)
    return fire


def kept(
    folder: Folder, made: dict[str, tuple[int, int]], fire: Fire
) -> dict[str, tuple[int, int]]:
    """What stands now; complains of what stood before and was made again."""
    now = folder.marks()
    again = [name for name, mark in made.items() if now.get(name) != mark]
    fire.complaints += [f"{name} was made again" for name in again]
    return now


def judged(folder: Folder) -> Iterator[str]:
    """What is wrong in the end."""
    entries = {str(entry.output): entry for entry in read_entries(folder.out) or ()}
    for name in folder.good:
        entry, result = entries.get(f"{name}.mp4"), folder.out / f"{name}.mp4"
        if entry is None or entry.state != "done":
            yield f"{name} is not done: {entry}"
        elif len(shown_frames(result)) != _FRAMES:
            yield f"{name} is not whole"
    for name in folder.bad:
        entry = entries.get(f"{name}.mp4")
        if entry is None or entry.state != "failed" or not entry.reason:
            yield f"{name} is not told to have failed: {entry}"
        if (folder.out / f"{name}.mp4").exists():
            yield f"{name} has a result"
    wanted = {f"{name}.mp4{end}" for name in folder.good for end in ("", ".run.json")}
    wanted |= {".aigc-edit", "summary.json", "summary.csv"}
    yield from (f"left over: {p.name}" for p in folder.out.iterdir() if p.name not in wanted)


def peaks(place: Path, count: int, pipeline: str) -> list[int]:
    """Bytes that one worker held at most, for each file in turn."""
    clips(place / "in", [f"{k:03}.mp4" for k in range(count)], frames=60)
    command = [*COMMAND, "run", pipeline, "in", "-o", "out", "--jobs", "1", "--quiet", "--no-cache"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=place, env=environment, check=True)
    summary = json.loads((place / "out" / "summary.json").read_text())
    return [job["peak_bytes"] for job in summary["jobs"]]  # files go in by name


def grown(found: Sequence[int]) -> tuple[float, float]:
    """Medians of the first quarter after warming up and of the last one, MiB."""
    part = len(found) // 4
    first, last = found[_WARM : _WARM + part], found[-part:]
    return statistics.median(first) / 2**20, statistics.median(last) / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--pipeline", default=str(ROOT / "pipelines" / "highlight.yaml"), help="of the second part"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak.") as name:
        began = time.monotonic()
        folder = make_folder(Path(name), asked.files)
        fire = soaked(folder, asked.jobs, asked.seed)
        say(
            f"{len(folder.good)} good and {len(folder.bad)} bad files, {fire.workers_killed} "
            f"workers and {fire.runs_killed} runs killed, {time.monotonic() - began:.0f} s: "
            f"{len(fire.complaints)} complaints"
        )
        (Path(name) / "calm").mkdir()
        first, last = grown(peaks(Path(name) / "calm", asked.files, asked.pipeline))
        say(f"peak of a worker over {asked.files} files: {first:.1f} MiB, then {last:.1f} MiB")
    if last > first * _GROWTH:
        fire.complaints.append("the memory of a worker grows")
    for complaint in fire.complaints:
        say(f"FAILED {complaint}")
    return int(bool(fire.complaints))


if __name__ == "__main__":
    sys.exit(main())
