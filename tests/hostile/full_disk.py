"""`python -m tests.hostile.full_disk`: no space left, at many different moments.

Files that may not grow (EFBIG) everywhere; a small file system of its own (ENOSPC) where this
machine lets us mount one.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from aigc_edit.testing import ClipSpec, make_clip
from tests.hostile import outputs
from tests.hostile.child import AIGC, Limits, Outcome, environment, run_limited
from tests.hostile.judge import spoken

say = partial(print, flush=True)  # lint allows no print call in tests; this is a program
_PIPELINE = """\
schema: 1
name: full
stages:
  - uses: given_spans
    with: {spans: [[0.5s, 2s], [3s, 6s], [7s, 9.5s]]}
output:
  video: {preset: ultrafast, encoder: software}
  audio: {loudness: -16 LUFS}
"""


@dataclass(frozen=True)
class Work:
    """What is run; `needed` is the size of the result in bytes."""

    pipeline: Path
    clip: Path
    digest: str
    cache: Path
    needed: int


@dataclass(frozen=True)
class Shortage:
    """One run without enough room."""

    kind: str
    room: int
    complaints: tuple[str, ...]


def make_work(folder: Path) -> Work:
    """Draws a clip of ten seconds and cuts it once with room enough."""
    clip = make_clip(folder / "clip.mp4", ClipSpec(frames=250, rate=Fraction(25)))
    pipeline = folder / "full.yaml"
    pipeline.write_text(_PIPELINE)
    out = folder / "whole"
    out.mkdir()
    work = Work(pipeline, clip, _digest(clip), folder / "cache", 0)
    done = _cut(work, out)
    if done.code:
        raise RuntimeError(f"the cut fails with room enough: {done.stderr}")
    return Work(pipeline, clip, work.digest, work.cache, (out / "out.mp4").stat().st_size)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _cut(work: Work, out: Path, largest: int = 1 << 30) -> Outcome:
    words = [*AIGC, "run", str(work.pipeline), str(work.clip), "-o", str(out / "out.mp4")]
    # From the first instruction on: set from outside, the limit might come after the writing.
    limited = (
        "import resource, runpy, sys; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest})); "
        "sys.argv = sys.argv[1:]; runpy.run_module('aigc_edit', run_name='__main__')"
    )
    command = [sys.executable, "-c", limited, *words[2:]]
    return run_limited(command, work.clip.parent, environment(work.cache), Limits())


def too_large(work: Work, shares: Sequence[float], folder: Path) -> Iterator[Shortage]:
    """No file may grow over a share of the result's size."""
    for share in shares:
        out = Path(tempfile.mkdtemp(dir=folder))
        room = max(1, int(work.needed * share))
        failed = _cut(work, out, room)
        complaints = [*_refused(failed, out, work), *_then_works(work, out)]
        yield Shortage("EFBIG", room, tuple(complaints))


def no_space(work: Work, shares: Sequence[float], folder: Path) -> Iterator[Shortage]:
    """A file system of a share of the result's size; it is enlarged for the second try."""
    for share in shares:
        room = max(16_384, int(work.needed * share))
        with mounted(folder, room) as out:
            failed = _cut(work, out)
            complaints = [] if failed.code == 0 else list(_refused(failed, out, work))
            _mount("-o", f"remount,size={64 << 20}", str(out))
            complaints += _then_works(work, out)
        yield Shortage("ENOSPC", room, tuple(complaints))


def can_mount(folder: Path) -> bool:
    """Whether this machine lets us have a file system of our own."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        with mounted(folder, 1 << 20):
            return True
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False


@contextmanager
def mounted(folder: Path, size: int) -> Iterator[Path]:
    """A file system in memory, `size` bytes."""
    place = Path(tempfile.mkdtemp(dir=folder))
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


def _refused(failed: Outcome, out: Path, work: Work) -> Iterator[str]:
    lines = spoken(failed)
    if failed.code != 1:
        yield f"ends with {failed.code} {failed.stopped}: {' | '.join(lines)[:200]}"
    elif len(lines) != 1:
        yield f"{len(lines)} lines of error: {' | '.join(lines)[:200]}"
    elif "space" not in lines[0]:
        yield f"the error does not speak of space: {lines[0][:200]}"
    if left := outputs.leftovers(out):
        yield f"left behind: {left}"
    if _digest(work.clip) != work.digest:
        yield "the input was changed"


def _then_works(work: Work, out: Path) -> list[str]:
    done = _cut(work, out)
    if done.code:
        return [f"with room enough it still fails: {done.stderr.strip()[-200:]}"]
    return list(outputs.complaints(out))


def spread(count: int, highest: float) -> list[float]:
    """Shares of the result's size from one hundredth to `highest`, evenly."""
    return [0.01 + (highest - 0.01) * k / max(1, count - 1) for k in range(count)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.full_disk", description=__doc__)
    parser.add_argument("--moments", type=int, default=20)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="full.") as name:
        folder = Path(name)
        work = make_work(folder)
        found = list(too_large(work, spread(asked.moments, 0.98), folder))
        if can_mount(folder):
            # Parts and the result lie side by side, so room up to twice the result may be short.
            found += no_space(work, spread(asked.moments, 2.1), folder)
        else:
            say("no file system can be mounted here: ENOSPC is not tried")
    for shortage in found:
        for complaint in shortage.complaints:
            say(f"FAILED {shortage.kind} with {shortage.room} bytes: {complaint}")
    wrong = sum(bool(s.complaints) for s in found)
    say(f"{len(found)} shortages (the result needs {work.needed} bytes), {wrong} failed")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
