"""`python -m benchmarks.folder`: many short clips by one command, and by one command for each.

Cores that others use make seconds on the wall longer, and unevenly so: the seconds of CPU say how
much less work there is, whoever else is at work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from statistics import median

from aigc_edit.batch import read_entries
from aigc_edit.testing import ClipSpec, make_clip
from benchmarks.processes import cpu_seconds

ROOT = Path(__file__).parents[1]
PATH = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
_CUT = """\
schema: 1
name: cut
stages:
  - uses: given_spans
    with: {spans: [[0s, 2s], [3s, 5s]]}
"""


@dataclass(frozen=True)
class Took:
    """Seconds on the wall, and of all cores."""

    wall: float
    cpu: float


def took(commands: Sequence[Sequence[str | Path]], cache: Path) -> Took:
    """Runs commands one after the other."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in commands:
        subprocess.run(_words(command), check=True, env=_environment(cache))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(time.perf_counter() - began, cpu)


def _words(command: Sequence[str | Path]) -> list[str]:
    return [sys.executable, "-m", "aigc_edit", *map(str, command), "--quiet"]


def _environment(cache: Path) -> dict[str, str]:
    return os.environ | {"AIGC_EDIT_CACHE": str(cache), "PYTHONPATH": PATH}


def make_clips(folder: Path, count: int) -> list[Path]:
    """Clips of six seconds, 640x360, each with cuts and claps of its own."""
    folder.mkdir()
    return [
        make_clip(
            folder / f"clip{k:02}.mp4",
            ClipSpec(
                frames=180,
                size=(640, 360),
                cuts=(40 + k, 110 + k),
                claps=(Fraction(1), Fraction(30 + k, 10)),
                gop=30,
            ),
        )
        for k in range(count)
    ]


def compared(pipeline: Path, clips: Sequence[Path], jobs: int, folder: Path) -> tuple[Took, Took]:
    """By one command for each clip, and by one for all; each with a cache of its own."""
    one, all_at_once = folder / "one", folder / "all"
    single = [("run", pipeline, clip, "-o", f"{one}{os.sep}") for clip in clips]
    whole = ("run", pipeline, clips[0].parent, "-o", all_at_once, "--jobs", str(jobs))
    found = took(single, folder / "cache1"), took([whole], folder / "cache2")
    for place in (one, all_at_once, folder / "cache1", folder / "cache2"):
        shutil.rmtree(place)
    return found


@dataclass(frozen=True)
class Phases:
    """Where the seconds of a command over many files go.

    Attributes:
        start: until the batch begins: modules, a cluster.
        first: from there to the first result: workers begin, and load what they need.
        clip: from one result to the next after that, on average.
        whole: of the command.
        cpu: of all cores, by all processes of the command.
    """

    start: float
    first: float
    clip: float
    whole: float
    cpu: float


def phases(command: Sequence[str | Path], out: Path, cache: Path) -> Phases:
    """Runs a command that writes to `out`."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.rmtree(cache, ignore_errors=True)
    began = time.time()
    cpu = cpu_seconds(_words(command), _environment(cache))
    ended = time.time()
    told = json.loads((out / "summary.json").read_text())["began"]
    results = sorted(entry.ended or 0.0 for entry in read_entries(out) or [])
    clip = (results[-1] - results[0]) / max(1, len(results) - 1)
    return Phases(told - began, results[0] - told, clip, ended - began, cpu)


def on_ray(
    where: str, pipeline: Path, clips: Sequence[Path], jobs: int, folder: Path, rounds: int
) -> str:
    """The pool, and a Ray: medians of rounds in turn."""
    words: list[str | Path] = ["run", pipeline, *clips, "-o", folder / "all", "--jobs", str(jobs)]
    found: list[list[Phases]] = [[], []]
    for _ in range(rounds):
        for kind, more in zip(found, ([], ["--on", where]), strict=True):
            kind.append(phases([*words, *more], folder / "all", folder / "cache"))
    lines = [f"{pipeline.stem}, {len(clips)} clips, {jobs} workers, median of {rounds}:"]
    for field in fields(Phases):
        pool, ray = (median(getattr(each, field.name) for each in kind) for kind in found)
        lines.append(
            f"  {field.name:5} pool {pool:6.2f} s, Ray {ray:6.2f} s: {ray / pool - 1:+.0%}"
        )
    return "\n".join([*lines, f"  load {os.getloadavg()[0]:.1f}"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.folder", description=__doc__)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1, help="of each, in turn")
    parser.add_argument(
        "--on-ray",
        nargs="?",
        const="ray",
        metavar="HOST:PORT",
        help="the pool, and a Ray: one of its own, or one that is there",
    )
    parser.add_argument("pipelines", nargs="*", type=Path, help="default: a cut, and highlight")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="folder.") as name:
        folder = Path(name)
        (folder / "cut.yaml").write_text(_CUT)
        clips = make_clips(folder / "in", asked.clips)
        pipelines = asked.pipelines or [folder / "cut.yaml", ROOT / "pipelines" / "highlight.yaml"]
        for pipeline in pipelines:
            if asked.on_ray:
                print(
                    on_ray(asked.on_ray, pipeline, clips, asked.jobs, folder, asked.rounds),
                    flush=True,
                )
                continue
            for _ in range(asked.rounds):
                one, many = compared(pipeline, clips, asked.jobs, folder)
                print(
                    f"{pipeline.stem}, {len(clips)} clips: one by one {one.wall:.1f} s "
                    f"({one.cpu:.1f} s CPU), at once with {asked.jobs} workers {many.wall:.1f} s "
                    f"({many.cpu:.1f} s CPU): {one.wall / many.wall:.2f} x faster, "
                    f"{one.cpu / many.cpu:.2f} x less CPU; load {os.getloadavg()[0]:.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
