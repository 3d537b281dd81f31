"""`python -m benchmarks.split`: one long film by one process, and by several with `--split`."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from aigc_edit.testing import ClipSpec, make_clip
from benchmarks.folder import Took, took

_FILTERED = """\
schema: 1
name: filtered
stages:
  - uses: grade
    with: {contrast: 1.1}
output: {video: {preset: veryfast}}
"""
_RATE = 30


def make_film(path: Path, minutes: int) -> Path:
    """A film of 1280x720 with a cut every five seconds and a clap every three."""
    frames = minutes * 60 * _RATE
    spec = ClipSpec(
        frames=frames,
        rate=_RATE,
        size=(1280, 720),
        cuts=tuple(range(5 * _RATE, frames, 5 * _RATE)),
        claps=tuple(Fraction(k) for k in range(1, minutes * 60 - 1, 3)),
        gop=60,
    )
    return make_clip(path, spec)


def compared(
    pipeline: Path, film: Path, jobs: Sequence[str], folder: Path
) -> tuple[Took, Took, bool]:
    """Alone and split, and whether both files are the same."""
    folder.mkdir()
    alone, split = folder / "alone.mp4", folder / "split.mp4"
    one = took([("run", pipeline, film, "-o", alone)], folder / "cache1")
    other = took([("run", pipeline, film, "-o", split, "--split", *jobs)], folder / "cache2")
    return one, other, alone.read_bytes() == split.read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--on", help="a Ray cluster")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--pipeline", type=Path, help="default: a grade of every frame")
    parsed = parser.parse_args()
    words = ["--jobs", parsed.jobs, *(["--on", parsed.on] if parsed.on else [])]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "filtered.yaml").write_text(_FILTERED)
        film = make_film(folder / "film.mp4", parsed.minutes)
        for number in range(parsed.rounds):
            pipeline = parsed.pipeline or folder / "filtered.yaml"
            one, other, same = compared(pipeline, film, words, folder / f"round{number}")
            print(
                f"{parsed.minutes} min, alone {one.wall:.1f} s ({one.cpu:.0f} s of CPU), "
                f"split {other.wall:.1f} s ({other.cpu:.0f}): {one.wall / other.wall:.2f} x, "
                f"{'the same file' if same else 'OTHER FILES'}"
            )


if __name__ == "__main__":
    main()
