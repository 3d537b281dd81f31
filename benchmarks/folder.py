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
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from aigc_edit.testing import ClipSpec, make_clip

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
        words = [sys.executable, "-m", "aigc_edit", *map(str, command), "--quiet"]
        environment = os.environ | {"AIGC_EDIT_CACHE": str(cache), "PYTHONPATH": PATH}
        subprocess.run(words, check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(time.perf_counter() - began, cpu)


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


def on_ray(pipeline: Path, clips: Sequence[Path], jobs: int, folder: Path) -> str:
    """The pool and a Ray of this machine: all of the command, and without start and end."""
    whole, batch = [], []
    for more in ([], ["--on", "ray"]):
        words = ("run", pipeline, *clips, "-o", folder / "all", "--jobs", str(jobs), *more)
        whole.append(took([words], folder / "cache").wall)
        told = json.loads((folder / "all" / "summary.json").read_text())
        batch.append(told["ended"] - told["began"])
        for place in (folder / "all", folder / "cache"):
            shutil.rmtree(place)
    return (
        f"{pipeline.stem}, {len(clips)} clips, {jobs} workers: pool {whole[0]:.1f} s, Ray "
        f"{whole[1]:.1f} s; of that the batch {batch[0]:.1f} s and {batch[1]:.1f} s "
        f"({batch[1] / batch[0] - 1:+.0%}); load {os.getloadavg()[0]:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.folder", description=__doc__)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--on-ray", action="store_true", help="a Ray here, and the pool")
    parser.add_argument("pipelines", nargs="*", type=Path, help="default: a cut, and highlight")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="folder.") as name:
        folder = Path(name)
        (folder / "cut.yaml").write_text(_CUT)
        clips = make_clips(folder / "in", asked.clips)
        pipelines = asked.pipelines or [folder / "cut.yaml", ROOT / "pipelines" / "highlight.yaml"]
        for pipeline in pipelines:
            for _ in range(asked.rounds):
                if asked.on_ray:
                    print(on_ray(pipeline, clips, asked.jobs, folder), flush=True)
                    continue
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
