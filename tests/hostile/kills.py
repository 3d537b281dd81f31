"""`python -m tests.hostile.kills`: stops runs at random moments and looks at what is left.

After any stop no broken or short file stands under a final name; after SIGTERM and SIGINT
nothing is left; after SIGKILL the same command runs through, gives the frames and samples of
an undisturbed run, and takes the dead run's folder away.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from aigc_edit.testing import ClipSpec, make_clip
from tests.hostile import outputs
from tests.hostile.child import AIGC, Limits, environment, run_limited, started

say = partial(print, flush=True)  # lint allows no print call in tests; this is a program
_PIPELINE = """\
schema: 1
name: kills
stages:
  - uses: given_spans
    with: {spans: [[0.5s, 3s], [4s, 6s], [6.5s, 8s], [9s, 12s], [13s, 15.5s], [16s, 19s]]}
output:
  video: {preset: PRESET, encoder: software}
"""
SIGNALS = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}
_PATIENCE_SECONDS = 10  # the promise is under two; a busy machine takes longer
_AT_THE_END = 0.3  # of all kills, in the last fifth: mux, check, renames


@dataclass(frozen=True)
class Reference:
    """An undisturbed run: its command without the output, and what it gives.

    Attributes:
        seconds: how long it works, from the moment when its private folder stands.
    """

    command: tuple[str, ...]
    cache: Path
    seconds: float
    checksums: tuple[str, ...]


@dataclass(frozen=True)
class Kill:
    """One stop, and what was found after it.

    Attributes:
        at: seconds of work before the stop.
        in_time: whether the run had not ended by then.
        resumed: segments that the next run took over; -1 where its record does not say.
    """

    signal: signal.Signals
    at: float
    in_time: bool
    resumed: int
    complaints: tuple[str, ...]


def make_reference(folder: Path, *, size: tuple[int, int], preset: str) -> Reference:
    """Draws a clip of 20 s, cuts it once without disturbance."""
    clip = make_clip(folder / "clip.mp4", ClipSpec(frames=500, rate=Fraction(25), size=size))
    pipeline = folder / "kills.yaml"
    pipeline.write_text(_PIPELINE.replace("PRESET", preset))
    command = (*AIGC, "run", str(pipeline), str(clip))
    out = folder / "reference"
    out.mkdir()
    process = _working(_run(command, folder / "cache", out), out)
    begin = time.monotonic()
    if process.wait():
        raise RuntimeError("the undisturbed run fails already")
    seconds = time.monotonic() - begin
    sums = outputs.checksums(outputs.results(out)[0])
    return Reference(command, folder / "cache", seconds, sums)


def _run(command: tuple[str, ...], cache: Path, out: Path) -> subprocess.Popen[bytes]:
    words = [*command, "-o", str(out / "out.mp4")]
    null = subprocess.DEVNULL
    return started(words, out, environment(cache), null, null)


def _working(process: subprocess.Popen[bytes], out: Path) -> subprocess.Popen[bytes]:
    """The process once its private folder stands, which is when there is work to lose."""
    while not any(out.iterdir()) and process.poll() is None:
        time.sleep(0.01)
    return process


def kill_once(reference: Reference, sign: signal.Signals, at: float, folder: Path) -> Kill:
    """Stops a run after `at` seconds of work, and judges."""
    out = Path(tempfile.mkdtemp(dir=folder))
    process = _working(_run(reference.command, reference.cache, out), out)
    with suppress(subprocess.TimeoutExpired):
        process.wait(at)
    in_time = process.poll() is None
    if in_time:
        process.send_signal(sign)
    complaints = list(_after(process, sign, out, reference, in_time=in_time))
    resumed = -1
    if sign is signal.SIGKILL:
        again, resumed = _again(reference, out)
        complaints += again
    shutil.rmtree(out)
    return Kill(sign, at, in_time, resumed, tuple(complaints))


def _after(
    process: subprocess.Popen[bytes],
    sign: signal.Signals,
    out: Path,
    reference: Reference,
    *,
    in_time: bool,
) -> Iterator[str]:
    try:
        code = process.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        yield f"{sign.name} does not end it within {_PATIENCE_SECONDS} s"
        return
    whole = bool(outputs.results(out))  # then Python was ending already, with its own handlers
    allowed = (SIGNALS[sign], 0, *([-sign] if whole else [])) if in_time else (0,)
    if code not in allowed:
        yield f"{sign.name} ends it with {code}"
    for result in outputs.results(out):
        if outputs.broken(result) or outputs.checksums(result) != reference.checksums:
            yield f"a broken or short file stands under its final name: {result.name}"
    left = outputs.scratch(out) if whole else outputs.leftovers(out)
    if sign is not signal.SIGKILL and code and left:
        yield f"left behind after {sign.name}: {left}"


def _again(reference: Reference, out: Path) -> tuple[list[str], int]:
    """The same command once more: complaints, and how many segments it took over."""
    words = [*reference.command, "-o", str(out / "out.mp4")]
    done = run_limited(words, out, environment(reference.cache), Limits())
    if done.code:
        return [f"the next run ends with {done.code}: {done.stderr.strip()[-200:]}"], -1
    complaints = [f"the next run leaves {name}" for name in outputs.scratch(out)]
    if outputs.checksums(out / "out.mp4") != reference.checksums:
        complaints.append("the next run gives other frames or samples")
    record = outputs.strict_json((out / "out.mp4.run.json").read_text("utf-8"))
    return complaints, record["output"]["resumed"]


def moments(kills: int, seed: int, reference: Reference) -> Iterator[tuple[signal.Signals, float]]:
    """Signals and seconds of work: mostly SIGKILL, many near the end."""
    rng = random.Random(seed)
    for _ in range(kills):
        sign = rng.choice([signal.SIGKILL] * 2 + [signal.SIGTERM, signal.SIGINT])
        share = rng.uniform(0.8, 1.02) if rng.random() < _AT_THE_END else rng.uniform(0, 0.85)
        yield sign, share * reference.seconds


def killed(
    kills: int, seed: int, folder: Path, *, size: tuple[int, int], preset: str
) -> list[Kill]:
    reference = make_reference(folder, size=size, preset=preset)
    return [kill_once(reference, s, at, folder) for s, at in moments(kills, seed, reference)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--resume", action="store_true", help="fail where no killed run's segments were reused"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills.") as folder:
        found = killed(asked.kills, asked.seed, Path(folder), size=(640, 360), preset="slow")
    for number, kill in enumerate(found):
        segments = "" if kill.resumed < 0 else f", {kill.resumed} segments taken over"
        late = "" if kill.in_time else ", too late"
        say(f"{number} {kill.signal.name} at {kill.at:.2f} s{late}{segments}")
        for complaint in kill.complaints:
            say(f"FAILED {number}: {complaint}")
    reused = sum(kill.resumed > 0 for kill in found)
    hits = sum(kill.in_time for kill in found)
    wrong = sum(bool(kill.complaints) for kill in found)
    say(f"{len(found)} kills, {hits} in time, {wrong} failed, {reused} resumed from segments")
    return int(bool(wrong) or (asked.resume and not reused))


if __name__ == "__main__":
    sys.exit(main())
