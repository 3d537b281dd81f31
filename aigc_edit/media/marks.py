"""Marks: the little that is remembered of pictures and sound, to find them again in a file.

The render notes them before it encodes, the inspection of the written file notes them again;
both are compared by `aigc_edit.engine.check`. Memory: 24 bytes a picture, some thumbnails and
half a second of envelope at each seam.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from aigc_edit.media.arrays import Samples
from aigc_edit.media.sound import sample_at

Floats = npt.NDArray[np.float32]
Grid = npt.NDArray[np.float32]  # [H, W], luma in [0, 1], full range

GRID_SIDE = 64  # samples along the longer side of a picture
BESIDE = 4  # pictures on each side of a seam whose thumbnails are kept
_THUMB_STEP = 2  # a thumbnail is every second sample of the grid
_MOVED = 12 / 255  # a sample that changes by more has moved, and is no noise of an encoder
_NUMBERS = ("level", "spread", "change", "moved")
# Planes of luma as numpy reads them; everything else is turned to gray first.
_LUMA_FIRST = ("yuv4", "yuvj4", "yuva4", "gray", "nv1", "nv2", "p01", "p2", "p4")
_HIGH_BITS = ("p01", "p2", "p4")  # ten bits lie in the upper ones of sixteen


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A picture beside a seam: its time (seconds) and uint8 [H, W], luma, full range."""

    time: float
    image: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class PictureFacts:
    """What is known of a run of pictures.

    Attributes:
        times: float64 [N], when each is shown, seconds, in order.
        level: float32 [N], mean luma in [0, 1].
        spread: float32 [N], standard deviation of luma.
        change: float32 [N], mean absolute difference to the picture before; NaN after a jump.
        moved: float32 [N], share of samples that changed more than noise does; NaN after a jump.
        thumbnails: the pictures beside each seam, in order of time.
    """

    times: npt.NDArray[np.float64]
    level: Floats
    spread: Floats
    change: Floats
    moved: Floats
    thumbnails: tuple[tuple[Thumbnail, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.times)

    def save(self, path: Path) -> None:
        """Writes them into an .npz file."""
        found = [thumbnail for beside in self.thumbnails for thumbnail in beside]
        np.savez(
            path,
            **{name: getattr(self, name) for name in ("times", *_NUMBERS)},
            beside=np.array([len(beside) for beside in self.thumbnails], np.int64),
            shown=np.array([thumbnail.time for thumbnail in found], np.float64),
            images=np.array([thumbnail.image for thumbnail in found], np.uint8),
        )

    @classmethod
    def load(cls, path: Path) -> PictureFacts:
        """Reads what `save` wrote. Raises OSError or ValueError where it is not whole."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
                pairs = zip(held["shown"].tolist(), held["images"], strict=True)
                found = iter([Thumbnail(time, image) for time, image in pairs])
                thumbnails = tuple(tuple(islice(found, n)) for n in held["beside"].tolist())
                numbers = {name: held[name] for name in ("times", *_NUMBERS)}
        except (KeyError, EOFError, BadZipFile) as cause:
            raise ValueError(f"these are no marks ({cause})") from cause
        return cls(**numbers, thumbnails=thumbnails)


@dataclass(slots=True)
class _Beside:
    """Thumbnails of one seam, while they are gathered."""

    seam: float
    before: deque[Thumbnail] = field(default_factory=lambda: deque(maxlen=BESIDE))
    after: list[Thumbnail] = field(default_factory=list)

    def all(self) -> tuple[Thumbnail, ...]:
        return (*self.before, *self.after)


class PictureMarks:
    """Notes pictures as they pass: what the encoder is given, or what a file shows.

    Args:
        seams: output times at which the source jumps, in order.
    """

    def __init__(self, seams: Sequence[Fraction | float] = ()) -> None:
        self._times = array("d")
        self._numbers = {name: array("f") for name in _NUMBERS}
        self._beside = [_Beside(float(seam)) for seam in seams]
        self._recent: deque[Thumbnail] = deque(maxlen=BESIDE)
        self._next = 0  # the first seam that is not reached
        self._open: list[_Beside] = []  # seams that wait for pictures after them
        self._last: Grid | None = None
        self._jumped = False

    def add(self, frame: Any, time: Fraction | float) -> None:
        """Notes a frame (any pixel format), shown from `time` (output seconds) on."""
        grid = luma_grid(frame)
        self._times.append(float(time))
        found = (*_level_and_spread(grid), *_difference(grid, self._last))
        for numbers, number in zip(self._numbers.values(), found, strict=True):
            numbers.append(number)
        self._last = grid
        if self._beside:
            self._keep(Thumbnail(float(time), _thumbnail(grid)))

    def take(self, facts: PictureFacts) -> None:
        """Notes the pictures that follow as somebody else has noted them: for seams at their
        start and end, too."""
        self._times.frombytes(facts.times.tobytes())
        for name, numbers in self._numbers.items():
            numbers.frombytes(getattr(facts, name).tobytes())
        self._last = None
        found = {thumbnail.time: thumbnail for beside in facts.thumbnails for thumbnail in beside}
        for time in sorted(found) if self._beside else ():
            self._keep(found[time])

    def end(self) -> None:
        """Says that no more pictures come: the last ones stand before the next seam."""
        if self._next < len(self._beside):
            self._beside[self._next].before.extend(self._recent)

    def jump(self) -> None:
        """Says that the next picture does not follow the last one: what lies between is unknown."""
        self._last, self._jumped = None, True
        self._recent.clear()
        self._open.clear()

    def _keep(self, thumbnail: Thumbnail) -> None:
        while self._next < len(self._beside) and _reached(self._beside[self._next], thumbnail):
            beside = self._beside[self._next]
            self._next += 1
            if self._jumped and beside.seam < thumbnail.time - _REACHED:
                continue  # what lies beside it was not shown
            beside.before.extend(self._recent)
            self._open.append(beside)
        self._jumped = False
        for beside in self._open:
            beside.after.append(thumbnail)
        self._open = [beside for beside in self._open if len(beside.after) < BESIDE]
        self._recent.append(thumbnail)

    def facts(self) -> PictureFacts:
        """What was noted so far."""
        numbers = {k: np.array(v, np.float32) for k, v in self._numbers.items()}
        thumbnails = tuple(beside.all() for beside in self._beside)
        return PictureFacts(np.array(self._times, np.float64), thumbnails=thumbnails, **numbers)


_REACHED = 0.002  # seconds; containers round times to a millisecond


def _reached(beside: _Beside, thumbnail: Thumbnail) -> bool:
    return thumbnail.time >= beside.seam - _REACHED


def luma_grid(frame: Any) -> Grid:
    """A coarse grid of a frame's luma: [H, W] in [0, 1], black 0 and white 1 in any range."""
    if not frame.format.name.startswith(_LUMA_FIRST):
        frame = frame.reformat(format="gray", dst_colorspace=1, dst_color_range=2)
    step = max(1, max(frame.width, frame.height) // GRID_SIDE)
    bits = frame.format.components[0].bits
    codes = _plane(frame.planes[0], bits)[step // 2 :: step, step // 2 : frame.width : step]
    if not codes.size:
        codes = _plane(frame.planes[0], bits)[:1, :1]
    if bits > 8 and frame.format.name.startswith(_HIGH_BITS):
        codes = codes >> (16 - bits)
    return _full_range(codes.astype(np.float32), bits, full=_is_full(frame))


def _plane(plane: Any, bits: int) -> npt.NDArray[Any]:
    """All lines of a plane, with what pads them: 8 bits, or more in two bytes."""
    if bits <= 8:
        return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return np.frombuffer(plane, "<u2").reshape(-1, plane.line_size // 2)


def _is_full(frame: Any) -> bool:
    return int(frame.color_range) == 2 or frame.format.name.startswith(("yuvj", "gray"))


def _full_range(codes: Grid, bits: int, *, full: bool) -> Grid:
    """Codes as levels in [0, 1] (ITU-R BT.709: 16 to 235 of eight bits, shifted for more)."""
    if full:
        return codes * np.float32(1 / ((1 << bits) - 1))
    unit = 2.0 ** (bits - 8)
    codes -= np.float32(16 * unit)
    codes *= np.float32(1 / (219 * unit))
    np.minimum(codes, 1, out=codes)
    return np.maximum(codes, 0, out=codes)


def _difference(grid: Grid, before: Grid | None) -> tuple[float, float]:
    if before is None or before.shape != grid.shape:
        return float("nan"), float("nan")
    difference = grid - before
    np.abs(difference, out=difference)
    moved = np.count_nonzero(difference > _MOVED) / grid.size
    return float(difference.sum()) / grid.size, moved


def _level_and_spread(grid: Grid) -> tuple[float, float]:
    """Mean and standard deviation; numpy's own take three times as long."""
    level = float(grid.sum()) / grid.size
    return level, max(0.0, float(np.vdot(grid, grid)) / grid.size - level * level) ** 0.5


def _thumbnail(grid: Grid) -> npt.NDArray[np.uint8]:
    few = grid[::_THUMB_STEP, ::_THUMB_STEP]
    small: npt.NDArray[np.uint8] = (few * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    return small


CELL_SECONDS = Fraction(1, 4000)  # of an envelope: a quarter of a millisecond
REACH = Fraction(1, 4)  # seconds of sound that are kept on each side of a seam
CELLS = int(2 * REACH / CELL_SECONDS)
_STEP_REACH = Fraction(3, 1000)  # where a seam's own step is looked for
_USUAL_REACH = Fraction(50, 1000)  # the neighbourhood that says which steps are usual


@dataclass(frozen=True, slots=True, eq=False)
class SoundMark:
    """The sound around one output time.

    Attributes:
        time: seconds.
        envelope: float32 [CELLS], mean absolute value of every quarter of a millisecond, from
            `REACH` before the time to `REACH` after it; 0 where there is no sound.
        step: largest difference between neighbouring samples within 3 ms of the time.
        usual: the same within 50 ms, without those 3 ms.
    """

    time: float
    envelope: Floats
    step: float
    usual: float


@dataclass(frozen=True, eq=False)
class SoundFacts:
    """What is known of a programme.

    Attributes:
        samples: how many, at `rate` a second.
        energy: mean square of all channels times seconds, so that padding does not count.
        broken: samples that are no finite numbers.
    """

    rate: int
    samples: int
    energy: float
    broken: int
    marks: tuple[SoundMark, ...]


class SoundMarks:
    """Notes sound as it passes: what the encoder is given, or what a file plays.

    Args:
        rate: samples a second.
        times: where to remember it: start, seams and end of the output, seconds, in order.
    """

    def __init__(self, rate: int, times: Sequence[Fraction]) -> None:
        self._rate = rate
        self._samples = self._broken = 0
        self._energy = 0.0
        self._windows = [_Window(time, rate) for time in times]
        self._done: list[SoundMark] = []

    def add(self, samples: Samples, first: int | None = None) -> None:
        """Notes float32 [C, N] that begins with sample number `first` (default: where it was)."""
        first = self._samples if first is None else first
        stop = first + samples.shape[1]
        energy = float(np.vdot(samples, samples)) / max(1, samples.shape[0])
        if not np.isfinite(energy):
            self._broken += int(np.count_nonzero(~np.isfinite(samples)))
            samples = np.nan_to_num(samples, nan=0, posinf=0, neginf=0)
            energy = float(np.vdot(samples, samples)) / max(1, samples.shape[0])
        self._energy += energy
        for window in self._windows:
            if window.first >= stop:
                break
            window.add(samples, first)
        while self._windows and self._windows[0].stop <= stop:
            self._done.append(self._windows.pop(0).mark())
        self._samples = stop

    def facts(self) -> SoundFacts:
        """What was noted so far; windows that the sound did not reach hold silence."""
        marks = (*self._done, *(window.mark() for window in self._windows))
        energy = self._energy / self._rate
        return SoundFacts(self._rate, self._samples, energy, self._broken, marks)


class _Window:
    """The samples around one time, while they are gathered."""

    def __init__(self, time: Fraction, rate: int) -> None:
        self._time, self._rate = time, rate
        self.first, self.stop = (sample_at(t, rate) for t in (time - REACH, time + REACH))
        self._held: Samples | None = None

    def add(self, samples: Samples, first: int) -> None:
        start, stop = max(first, self.first), min(first + samples.shape[1], self.stop)
        if stop <= start:
            return
        if self._held is None:
            self._held = np.zeros((samples.shape[0], self.stop - self.first), np.float32)
        piece = samples[:, start - first : stop - first]
        self._held[:, start - self.first : stop - self.first] = piece

    def mark(self) -> SoundMark:
        if self._held is None:
            return SoundMark(float(self._time), np.zeros(CELLS, np.float32), 0.0, 0.0)
        held, self._held = self._held, None
        step, usual = self._steps(held)
        return SoundMark(float(self._time), self._envelope(held), step, usual)

    def _envelope(self, held: Samples) -> Floats:
        size = held.shape[1]
        edges = np.rint(np.arange(CELLS) * float(CELL_SECONDS * self._rate)).astype(int)
        edges = np.minimum(edges, size - 1)
        sums = np.add.reduceat(np.abs(held).mean(axis=0), edges)
        return np.asarray(sums / np.maximum(np.diff(edges, append=size), 1), np.float32)

    def _steps(self, held: Samples) -> tuple[float, float]:
        steps = np.abs(np.diff(held, axis=1)).max(axis=0)
        middle = sample_at(self._time, self._rate) - self.first
        near, far = (round(reach * self._rate) for reach in (_STEP_REACH, _USUAL_REACH))
        own = steps[max(0, middle - near) : middle + near].max(initial=0)
        left = steps[max(0, middle - far) : max(0, middle - near)].max(initial=0)
        right = steps[middle + near : middle + far].max(initial=0)
        return float(own), float(max(left, right))
