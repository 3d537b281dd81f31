"""The packets of a file that was written, and which of them to decode again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import numpy as np
import numpy.typing as npt

from aigc_edit.media.marks import BESIDE
from aigc_edit.media.nal import starts_clean
from aigc_edit.media.opening import opened
from aigc_edit.media.streams import codec_of

_FEW = 240  # pictures are decoded in any case, whatever the share
_UNIT = 24  # pictures at least, of each regular sample
_START = 12  # pictures from the start that are always decoded
_LONGEST = 2  # budgets, that one stretch may take
_HALF_PICTURE = 0.5
_SAME_TIME = 1e-6  # seconds


@dataclass(frozen=True, slots=True, eq=False)
class PacketTable:
    """The packets of one stream, in the order of the file.

    Attributes:
        kind: video, audio, subtitle, data.
        times: float64 [N], presentation times of the container, seconds.
        clean: bool [N], whether decoding can begin with a packet.
        end: when the last one ends, container time.
        lasting: how long a packet usually lasts, seconds; 0 where the file does not say.
        corrupt: packets that the demuxer holds to be damaged.
    """

    kind: str
    codec: str
    times: npt.NDArray[np.float64]
    clean: npt.NDArray[np.bool_]
    end: float
    lasting: float
    corrupt: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Packets `[first, stop)` of the picture, which show `[start, end)`, container time."""

    first: int
    stop: int
    start: float
    end: float

    def shows(self, times: Any) -> Any:
        """Whether pictures of these times are within, whatever their last bits are."""
        return (times >= self.start - _SAME_TIME) & (times < self.end - _SAME_TIME)


def scan_file(path: Path) -> tuple[PacketTable, ...]:
    """All packets of all streams, none decoded.

    Raises:
        ProbeError: the file cannot be opened.
    """
    with opened(path) as container:
        gathered = [_Gathered(stream) for stream in container.streams]
        for packet in readable(container.demux()):
            if packet.size:
                gathered[packet.stream_index].add(packet)
        return tuple(one.table() for one in gathered)


def readable(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets up to where the file breaks; what is missing shows in their number."""
    while True:
        try:
            yield next(packets)
        except (StopIteration, av.error.FFmpegError):
            return


def passed_over(packet: Any) -> bool:
    """Whether a packet is not counted: nothing of it is shown, or nobody knows when."""
    return packet.is_discard or (packet.pts is None and packet.dts is None)


class _Gathered:
    """The packets of one stream, while they are read."""

    def __init__(self, stream: Any) -> None:
        self._stream, context = stream, stream.codec_context
        self._codec = codec_of(stream) if context is not None else ""
        self._headers = (context.extradata or b"") if context is not None else b""
        self._times: list[int] = []
        self._lasting: list[int] = []
        self._clean: list[bool] = []
        self._corrupt = 0

    def add(self, packet: Any) -> None:
        self._corrupt += packet.is_corrupt
        if passed_over(packet):
            return
        self._times.append(packet.pts if packet.pts is not None else packet.dts)
        self._lasting.append(packet.duration or 0)
        clean = packet.is_keyframe and self._stream.type == "video"
        self._clean.append(clean and starts_clean(self._codec, bytes(packet), self._headers))

    def table(self) -> PacketTable:
        base = float(self._stream.time_base or 1)
        times, lasting = (np.array(v, np.float64) * base for v in (self._times, self._lasting))
        return PacketTable(
            kind=self._stream.type,
            codec=self._codec,
            times=times,
            clean=np.array(self._clean, bool),
            end=float((times + lasting).max(initial=0)),
            lasting=float(np.median(lasting)) if len(lasting) else 0.0,
            corrupt=self._corrupt,
        )


def stretches_to_decode(
    picture: PacketTable,
    seams: Sequence[Fraction],
    joints: Sequence[Fraction] = (),
    share: float = 1.0,
) -> tuple[Stretch, ...]:
    """Which packets to decode. Depends on the file alone, never on the clock of the machine.

    Both ends and joints always; then seams, the cheapest first, and groups of pictures at
    regular places, as long as there are fewer than `share` of all pictures, or than a few.
    """
    count = len(picture.times)
    budget = max(_FEW, int(share * count))
    if budget >= count:
        return (Stretch(0, count, -np.inf, np.inf),)
    groups = _Groups(picture)
    # Where pictures can hardly be decoded from their middle (open GOPs), what is too long for
    # the budget is left out.
    due = [groups.last(), *map(groups.joint, joints)]
    chosen = [groups.start(), *(s for s in due if s.stop - s.first <= _LONGEST * budget)]
    budget -= sum(s.stop - s.first for s in chosen)
    beside_seams = sorted(map(groups.seam, seams), key=lambda s: (s.stop - s.first, s.first))
    for stretch in beside_seams:
        budget -= stretch.stop - stretch.first
        if budget < 0:
            break
        chosen.append(stretch)
    chosen += groups.regular(budget)
    return _united(chosen)


class _Groups:
    """The groups of pictures of a stream: from each clean key frame to the next one."""

    def __init__(self, picture: PacketTable) -> None:
        self._times = picture.times
        self._zero = float(picture.times.min())
        keys = np.flatnonzero(picture.clean)
        self._keys = np.unique(np.concatenate([[0], keys])).astype(int)
        self._key_times = picture.times[self._keys]
        self._step = (picture.end - self._zero) / len(picture.times)

    def _reaching(self, first: int, end: float) -> Stretch:
        """From a key frame's packet to all that show before `end`, container time."""
        stop = int(np.searchsorted(self._keys, self._key_after(end)))
        limit = int(self._keys[stop]) if stop < len(self._keys) else len(self._times)
        inside = np.flatnonzero(self._times[first:limit] < end)
        last = first + int(inside[-1]) + 1 if len(inside) else first + 1
        return Stretch(first, last, float(self._times[first]), end)

    def _key_after(self, time: float) -> int:
        """The packet number of the first key frame at or after a time, or the end."""
        place = int(np.searchsorted(self._key_times, time))
        return int(self._keys[place]) if place < len(self._keys) else len(self._times)

    def _group_at(self, time: float) -> int:
        place = int(np.searchsorted(self._key_times, time, side="right")) - 1
        return max(0, place)

    def start(self) -> Stretch:
        return self._reaching(0, self._zero + _START * self._step)

    def last(self) -> Stretch:
        return Stretch(int(self._keys[-1]), len(self._times), float(self._key_times[-1]), np.inf)

    def seam(self, seam: Fraction) -> Stretch:
        """From the key frame before a seam, or at it, to some pictures after it."""
        time = self._zero + float(seam)
        group = self._group_at(time + _HALF_PICTURE * self._step)
        return self._reaching(int(self._keys[group]), time + BESIDE * self._step)

    def joint(self, joint: Fraction) -> Stretch:
        """The group before a joint and the group after it."""
        time = self._zero + float(joint)
        before = self._group_at(time - _HALF_PICTURE * self._step)
        after = self._group_at(time + _HALF_PICTURE * self._step)
        return self._whole(before, max(before, after))

    def _whole(self, first: int, last: int) -> Stretch:
        stop = int(self._keys[last + 1]) if last + 1 < len(self._keys) else len(self._times)
        end = float(self._key_times[last + 1]) if last + 1 < len(self._keys) else np.inf
        return Stretch(int(self._keys[first]), stop, float(self._key_times[first]), end)

    def regular(self, budget: int) -> list[Stretch]:
        """Groups (several of them where they are short) at regular places."""
        if budget < _UNIT:
            return []
        units = self._units()
        every = -(-len(self._times) // budget)
        return units[every // 2 :: every]

    def _units(self) -> list[Stretch]:
        units, first = [], 0
        for group in range(len(self._keys)):
            whole = self._whole(first, group)
            if whole.stop - whole.first >= _UNIT:
                units.append(whole)
                first = group + 1
        return units


def _united(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Stretches in order, joined where they overlap or touch."""
    united: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda s: (s.first, s.stop)):
        if united and stretch.first <= united[-1].stop:
            last = united.pop()
            united.append(
                Stretch(
                    last.first,
                    max(last.stop, stretch.stop),
                    last.start,
                    max(last.end, stretch.end),
                )
            )
        else:
            united.append(stretch)
    return tuple(united)
