"""Whether a case ended as it must."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.hostile import outputs
from tests.hostile.child import GIB, Limits, Outcome
from tests.hostile.corpus import Case
from tests.hostile.outputs import Facts

_PROGRESS = re.compile(r"^[a-z ]+: (\d+ frames|done in [\d.]+ s|\d+/\d+, .*)$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BOMB = 20.0  # seconds, bar 13 of reliability.md
_SPECIAL_WORDS = ("root:x:0", "root:*:0")  # what /etc/passwd begins with


def limits(case: Case) -> Limits:
    """Bar 13: 2 GiB and 20 s for bombs; a case may name its own limit."""
    named = [re.search(r"more than (\d+) GiB of memory|allocate more than (\d+) GiB", text)
             for text in case.must_not]  # fmt: skip
    told = [int(found.group(1) or found.group(2)) for found in named if found]
    memory = max(2, *told) if case.name.startswith("8k") and told else 2
    bomb = "bomb" in case.name or "laughs" in case.name
    return Limits(min(case.seconds, _BOMB) if bomb else case.seconds, memory * GIB)


def spoken(outcome: Outcome) -> list[str]:
    """Lines of standard error that are no progress."""
    return [x for x in outcome.stderr.splitlines() if x.strip() and not _PROGRESS.match(x)]


def notes(outcome: Outcome) -> list[str]:
    """Warnings that the user sees."""
    lines = [*outcome.stdout.splitlines(), *spoken(outcome)]
    return [line for line in lines if line.startswith(("note:", "warning:"))]


@dataclass(frozen=True)
class Rooms:
    """Folders of one trial: where results go, where the command runs."""

    out: Path
    cwd: Path

    def traces(self) -> list[str]:
        """Everything that stands in them."""
        inside = self.cwd in self.out.parents
        found = [f"out/{name}" for name in outputs.leftovers(self.out)]
        return found + ([] if inside else outputs.leftovers(self.cwd))


def judged(case: Case, outcome: Outcome, rooms: Rooms) -> list[str]:
    """Complaints; none where all is well."""
    found = list(_never(case, outcome))
    if outcome.stopped or outcome.code < 0:
        return found
    if outcome.code == 0:
        found += _success(case, outcome, rooms)
    else:
        found += _refusal(case, outcome, rooms)
    return found


def _never(case: Case, outcome: Outcome) -> Iterator[str]:
    """What no case may do."""
    said = outcome.stdout + outcome.stderr
    if outcome.stopped:
        yield outcome.stopped
    elif outcome.code not in (0, 1, 2):
        yield f"ended with {outcome.code}"
    if outcome.peak > limits(case).memory and "memory" not in outcome.stopped:
        yield f"held {outcome.peak / GIB:.1f} GiB of memory"
    yield from _unforeseen(outcome)
    if any(word in said for word in _SPECIAL_WORDS):
        yield "shows /etc/passwd"
    if _CONTROL.search(said.replace("\n", "")):
        yield "control characters of a name or a title reach the terminal"
    if "\n" in case.name and case.name in said:
        yield "a newline in a name breaks its line"


def _unforeseen(outcome: Outcome) -> Iterator[str]:
    said = outcome.stdout + outcome.stderr
    if "Traceback" in said:
        yield f"traceback: {said.strip().splitlines()[-1][:200]}"
    if re.search("unexpected |--debug", outcome.stderr):
        yield f"an error that nobody foresaw: {spoken(outcome)[-1][:240]}"


def _success(case: Case, outcome: Outcome, rooms: Rooms) -> Iterator[str]:
    if case.expect == "error":
        yield "exit 0, an error was due"
    if case.expect == "warn" and not notes(outcome):
        yield "no note names the trouble"
    if case.door != "input":
        return
    yield from outputs.complaints(rooms.out)
    yield from (f"stray file: {name}" for name in rooms.traces() if not name.startswith("out/"))
    check = _EXTRAS.get(case.name)
    done = outputs.results(rooms.out)
    if check and len(done) == 1 and (said := check(outputs.facts(done[0]), done[0])):
        yield said


def _refusal(case: Case, outcome: Outcome, rooms: Rooms) -> Iterator[str]:
    lines = spoken(outcome)
    told = lines[-1][:240] if lines else "nothing on standard error"
    if case.expect in ("ok", "warn"):
        yield f"exit {outcome.code}, a result was due: {told}"
    if case.door == "input" and len(lines) != 1:
        yield f"{len(lines)} lines of error instead of one: {' | '.join(lines)[:240]}"
    if not all(_names(line, case.name) for line in lines) or not lines:
        yield f"the error does not name the file: {told}"
    yield from (f"left behind: {name}" for name in rooms.traces())


def _names(line: str, name: str) -> bool:
    """Whether a line names a file, however odd characters are written."""
    return _plain(name) in _plain(line)


def _plain(text: str) -> str:
    bare = text.encode("ascii", "backslashreplace").decode()
    return re.sub(r"[^A-Za-z0-9]", "", re.sub(r"\\[ntr]", "", bare))


def _size(width: int, height: int) -> Callable[[Facts, Path], str]:
    def check(found: Facts, _: Path) -> str:
        return "" if found.size == (width, height) else f"a picture of {found.size}"

    return check


def _shape(aspect: float) -> Callable[[Facts, Path], str]:
    def check(found: Facts, _: Path) -> str:
        shown = found.size[0] / found.size[1] * found.aspect
        return "" if abs(shown / aspect - 1) < 0.03 else f"shown at {shown:.2f} to 1"

    return check


def _at_most(frames: int) -> Callable[[Facts, Path], str]:
    def check(found: Facts, _: Path) -> str:
        return "" if found.frames <= frames else f"{found.frames} frames"

    return check


def _silent(found: Facts, _: Path) -> str:
    return "" if found.loudest < 1e-3 else f"silence came out at {found.loudest:.4f}"


def _heard(found: Facts, _: Path) -> str:
    return "" if found.loudest > 1e-3 else "what was heard is silent now"


def _peaks(_: Facts, path: Path) -> str:
    peak = outputs.true_peak(path)
    return "" if peak <= -0.9 else f"true peak {peak:.1f} dBTP"


# What a machine can see of the results; by name of the case.
_EXTRAS: dict[str, Callable[[Facts, Path], str]] = {
    "rotation_90.mp4": _size(360, 640),
    "rotation_270.mp4": _size(360, 640),
    "rotation_180.mp4": _size(640, 360),
    "sar_2to1.mp4": _shape(640 / 360),
    "cover_art.mp4": _size(640, 360),
    "two_video_tracks.mkv": _size(640, 360),
    "gap_1_hour.mp4": _at_most(1000),
    "flicker_every_frame.mp4": _at_most(1000),
    "digital_silence.mp4": _silent,
    "surround_5.1.mp4": _heard,
    "surround_7.1.mkv": _heard,
    "left_only.mp4": _heard,
    "out_of_phase.mp4": _heard,
    "clipped_plus_20dB.mp4": _peaks,
    "trunc50_faststart.mp4": lambda found, _: (
        "" if found.seconds < 0.8 * 6 else f"{found.seconds:.1f} s from half of the bytes"
    ),
}
