"""`python -m tests.hostile.long_run`: sound against picture after hours, and memory against length.

Draws films with a flash and a beep every 20 s (constant and variable frame rate), cuts them at
many seams through the command line, and measures how far each beep is from its flash beyond
what it was in the source. The same work over an hour and over six minutes of 720p says how memory
grows with length: libav keeps an index of every packet, 0.1 to 0.2 MiB a minute for each of the
two readers, which a tiny picture makes look large.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from aigc_edit.testing import ClipSpec, beep_starts, flash_times, make_clip
from tests.hostile.child import AIGC, Limits, environment, run_limited

say = partial(print, flush=True)  # lint allows no print call in tests; this is a program
RATE = 10
_CLAP_SECONDS = 20
_EARLY, _LATE = 0.005, 0.015  # EBU R37: what each stage of production may add
_GROWTH = 1.2
_LARGE, _LENGTHS = (1280, 720), (60, 6)
_STEPS = (Fraction(1, 10), Fraction(1, 24), Fraction(1, 7), Fraction(1, 15))


@dataclass(frozen=True)
class Cut:
    """What came of one cut: added error of every flash and beep (seconds), seams, peak memory."""

    errors: tuple[float, ...]
    seams: int
    peak: int


def drawn(
    folder: Path, minutes: int, *, variable: bool = False, size: tuple[int, int] = (128, 72)
) -> Path:
    """A film with a clap every 20 s, on the time of a frame."""
    frames, times = minutes * 60 * RATE, None
    if variable:
        times = list(_variable(minutes * 60))
        frames = len(times)
    shown = times or [Fraction(k, RATE) for k in range(frames)]
    claps, due = [], Fraction(_CLAP_SECONDS)
    for time in shown:
        if time >= due:
            claps.append(time)
            due += _CLAP_SECONDS
    spec = ClipSpec(frames=frames, rate=Fraction(RATE), size=size, times=times, claps=claps, gop=50)
    return make_clip(folder / f"film{minutes}{'v' if variable else ''}.mp4", spec)


def _variable(seconds: int) -> Iterator[Fraction]:
    time, number = Fraction(0), 0
    while time < seconds:
        yield time
        time += _STEPS[number % len(_STEPS)]
        number += 1


def cut(film: Path, minutes: int, folder: Path) -> Cut:
    """Keeps 39.3 of every 41.7 seconds."""
    step, length = Fraction("41.7"), Fraction("39.3")
    count = int(minutes * 60 / step)
    spans = [[float(k * step + 1), float(k * step + 1 + length)] for k in range(count)]
    pipeline = folder / "long.yaml"
    pipeline.write_text(
        f"schema: 1\nname: long\nstages:\n  - uses: given_spans\n    with: {{spans: {spans}}}\n"
        "output: {video: {mode: encode, preset: ultrafast}}\n"
    )
    out = folder / f"{film.stem}-cut.mp4"
    words = [*AIGC, "run", str(pipeline), str(film), "-o", str(out)]
    done = run_limited(words, folder, environment(folder / "cache"), Limits(seconds=3600))
    if done.code:
        raise RuntimeError(done.stderr)
    flashes, beeps = flash_times(out), beep_starts(out)
    pairs = [(f, min(beeps, key=lambda b, f=f: abs(b - float(f)))) for f in flashes]
    errors = tuple(beep - float(flash) for flash, beep in pairs if abs(beep - float(flash)) < 1)
    return Cut(errors, count - 1, done.peak)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.long_run", description=__doc__)
    parser.add_argument("--minutes", type=int, default=120)
    minutes = parser.parse_args().minutes
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="long.") as name:
        folder = Path(name)
        for variable in (False, True):
            found = cut(drawn(folder, minutes, variable=variable), minutes, folder)
            early, late = -min(found.errors), max(found.errors)
            wrong += early > _EARLY or late > _LATE or len(found.errors) < minutes * 2
            say(
                f"{minutes} min {'variable' if variable else 'constant'}: {found.seams} seams, "
                f"{len(found.errors)} claps, sound {early * 1000:.1f} ms early at most, "
                f"{late * 1000:.1f} ms late at most, peak {found.peak >> 20} MiB"
            )
        peaks = [cut(drawn(folder, m, size=_LARGE), m, folder).peak for m in _LENGTHS]
    growth = peaks[0] / peaks[-1]
    long, short = (f"{peak >> 20} MiB for {m} min" for peak, m in zip(peaks, _LENGTHS, strict=True))
    say(f"memory of 720p: {long}, {short}: {growth:.2f}")
    return int(wrong > 0 or growth > _GROWTH)


if __name__ == "__main__":
    sys.exit(main())
