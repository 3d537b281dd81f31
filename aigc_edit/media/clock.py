"""One clock without jumps, out of the times that packets carry; and where pictures lie on it.

Two things happen to clocks. Files that were joined end to end (`cat a.ts b.ts`) *restart*: the
times go back. Recorders that lose their clock leave a *gap*: the times jump ahead, and there is
nothing to see or hear in between. Both are taken out, so that a source lasts as long as there
is something in it. Restarts are told by the order of packets, since the same time stands twice;
gaps by the time alone, so that seeking still works.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av.error
import av.stream
import numpy as np
import numpy.typing as npt

from aigc_edit.media.heap import give_back
from aigc_edit.media.nal import starts_clean
from aigc_edit.media.opening import MAX_PIXELS, demuxed, opened, read_only
from aigc_edit.media.order import reorder_depth
from aigc_edit.media.streams import codec_of

# B-frames and rounding move packets back by less; a file of its own lasts longer.
_RESTART = 1.0  # seconds, and
_REORDERED = 17  # pictures; H.264 holds sixteen back
# Slides stay for minutes, but then there is sound, or they stay as long as the others; who
# records nothing at all for a minute has lost the clock.
_GAP = 60.0  # seconds
_GAP_STEPS = 20  # of the usual distance between two pictures
_QUIET_BORDER = 1.0  # seconds of sound that may hang over into a gap


@dataclass(frozen=True, slots=True)
class SourceClock:
    """How packets' times become the clock of a source.

    Attributes:
        restarts: what is added after the first, second, ... restart, seconds.
        gaps: (container time within the gap, what is added from there on).
        back: how far the order of packets goes back at a restart, seconds at least.
    """

    restarts: tuple[Fraction, ...] = ()
    gaps: tuple[tuple[Fraction, Fraction], ...] = ()
    back: Fraction = Fraction(0)

    @property
    def even(self) -> bool:
        """Whether times are used as they are."""
        return not self.restarts and not self.gaps

    @property
    def seekable(self) -> bool:
        """Whether a time stands for one place of the file."""
        return not self.restarts

    def shift(self, time: Fraction, restarts: int = 0) -> Fraction:
        """What is added to a container time, after so many restarts."""
        if self.restarts:
            return (Fraction(0), *self.restarts)[min(restarts, len(self.restarts))]
        return next((s for at, s in reversed(self.gaps) if time >= at), Fraction(0))

    def unmended(self, time: Fraction) -> Fraction:
        """The container time that became `time`: where to seek to."""
        shift = next((s for at, s in reversed(self.gaps) if time >= at + s), Fraction(0))
        return time - shift


@dataclass(slots=True)
class ClockMender:
    """Puts the packets of one stream, read from the start, onto the clock of the source."""

    clock: SourceClock
    _restarts: int = 0
    _last: Fraction | None = None

    def mended(self, packets: Iterator[Any]) -> Iterator[Any]:
        for packet in packets:
            if not self.clock.even:
                self._mend(packet)
            yield packet

    def _mend(self, packet: Any) -> None:
        order = packet.dts if packet.dts is not None else packet.pts
        if order is None:
            return
        time = order * packet.time_base
        if self._last is not None and time < self._last - self.clock.back:
            self._restarts += 1
        self._last = time
        packet.pts, packet.dts = self._moved(packet, packet.pts), self._moved(packet, packet.dts)

    def _moved(self, packet: Any, ticks: int | None) -> int | None:
        if ticks is None:
            return None
        base: Fraction = packet.time_base
        return ticks + round(self.clock.shift(ticks * base, self._restarts) / base)


@dataclass(frozen=True, eq=False)
class PictureIndex:
    """Where the pictures of a file lie, from its packets, on the source's clock before its zero.

    Attributes:
        times: float64 [N], presentation times of the container in order, seconds (0, 1, 2 ...
            where the file has none).
        keys: int64 [K], times of the key frames in order, in ticks of `base`.
        clean: bool [K], whether nothing after a key frame refers to what was before it.
        end: when the last picture ends, seconds; 0 where the file has no times.
        base: the clock of the packets, seconds a tick.
        depth: how many packets come before one that is shown earlier, at most.
        headers: parameter sets and the like, as the container keeps them.
        hidden: whether an edit list hides pictures after the first one that is shown.
    """

    times: npt.NDArray[np.float64]
    keys: npt.NDArray[np.int64]
    clean: npt.NDArray[np.bool_]
    end: Fraction
    base: Fraction
    depth: int
    headers: bytes
    hidden: bool

    @classmethod
    def counted(cls, count: int) -> PictureIndex:
        """The index of a stream without times."""
        times, nowhere = np.arange(max(count, 1), dtype=np.float64), np.zeros(1, np.int64)
        return cls(times, nowhere, nowhere > 0, Fraction(0), Fraction(1), 0, b"", hidden=False)

    def decoded_for(self, start: float, end: float) -> int:
        """Frames that must be decoded to show `[start, end)`, container time."""
        keys = self.keys * float(self.base)
        before = keys[keys <= start + 1e-6]
        first = before[-1] if len(before) else start
        return int(np.count_nonzero((self.times >= first) & (self.times < end)))


@dataclass(frozen=True, eq=False)
class Scan:
    """All that the packets of a file say, none decoded.

    Attributes:
        packets: picture packets, those counted too that an edit list hides.
        last: container time of the last end of a packet of any stream, seconds.
        sound_end: when the last sound ends, on the clock of `index`.
    """

    index: PictureIndex
    clock: SourceClock = field(default_factory=SourceClock)
    packets: int = 0
    last: Fraction = Fraction(0)
    sound_end: Fraction = Fraction(0)
    jumps: tuple[str, ...] = ()

    def shown_from(self, first: Fraction) -> PictureIndex:
        """The index without what lies before the first picture that can be decoded."""
        start = float(first) - 1e-6
        index = self.index
        return replace(index, times=index.times[index.times >= start])


def _ticks() -> array[int]:
    return array("q")


def _flags() -> array[int]:
    return array("b")


@dataclass(slots=True)
class _Track:
    """The packets of one stream in file order, in ticks of its clock as the file has them.

    Hours have hundreds of thousands of packets: lists of Python's numbers would need 40 bytes each.
    """

    base: Fraction
    order: array[int] = field(default_factory=_ticks)
    shown: array[int] = field(default_factory=_ticks)
    lasts: array[int] = field(default_factory=_ticks)
    keys: array[int] = field(default_factory=_flags)
    clean: array[int] = field(default_factory=_flags)
    codec: str = ""
    headers: bytes = b""
    hidden: int = 0
    hides_later: bool = False
    unordered: bool = False  # packets that do not say when they are decoded

    def add(self, packet: Any) -> None:
        if packet.is_discard or packet.pts is None:
            self.hidden += 1
            self.hides_later |= bool(self.order)
            return
        self.unordered |= packet.dts is None
        self.order.append(packet.dts if packet.dts is not None else packet.pts)
        self.shown.append(packet.pts)
        self.lasts.append(packet.duration or 0)
        self.keys.append(packet.is_keyframe)
        if packet.is_keyframe:
            self.clean.append(starts_clean(self.codec, bytes(packet), self.headers))

    @property
    def rising(self) -> npt.NDArray[np.float64]:
        """Times in file order that rise but where the clock jumps, seconds."""
        return np.array(self.order, np.float64) * float(self.base)

    def placed(self, clock: SourceClock) -> npt.NDArray[np.int64]:
        """When each packet is shown on the mended clock; ticks, file order."""
        shown = np.array(self.shown, np.int64)
        if clock.even or not len(shown):
            return shown
        if clock.restarts:
            back = np.diff(self.rising) < -float(clock.back)
            piece = np.concatenate([[0], np.cumsum(back)])
            shifts = (Fraction(0), *clock.restarts)
        else:
            places = [float(at) for at, _ in clock.gaps]
            piece = np.searchsorted(places, shown * float(self.base), side="right")
            shifts = (Fraction(0), *(shift for _, shift in clock.gaps))
        ticks = np.array([round(shift / self.base) for shift in shifts], np.int64)
        moved: npt.NDArray[np.int64] = shown + ticks[np.minimum(piece, len(ticks) - 1)]
        return moved

    def end(self, placed: npt.NDArray[np.int64]) -> Fraction:
        """When the last one ends; the one before a gap lasts as long as the gap in MP4."""
        if not len(placed):
            return Fraction(0)
        last = int(np.argmax(placed))
        return (int(placed[last]) + self.lasts[last]) * self.base


def scan_packets(path: Path, video: int, audio: int | None = None) -> Scan:
    """Reads all packets of a file, decoding none.

    The picture's in a trip of their own, as they are read later: damage elsewhere ends nothing.
    """
    pictures, end = _read(path, video, lambda number: number == video)
    sounds, other_end = _read(path, audio, lambda number: number != video)
    give_back()  # both indexes of the file
    clock, jumps = _clock(pictures, sounds)
    placed = pictures.placed(clock)
    keys = placed[np.array(pictures.keys, bool)]
    order = np.argsort(keys, kind="stable")
    return Scan(
        index=PictureIndex(
            times=(np.unique(placed) * float(pictures.base)).astype(np.float64),
            keys=keys[order],
            clean=np.array(pictures.clean, bool)[order],
            end=pictures.end(placed),
            base=pictures.base,
            depth=reorder_depth(pictures.shown),
            headers=pictures.headers,
            hidden=pictures.hides_later,
        ),
        clock=clock,
        packets=len(pictures.order) + pictures.hidden,
        last=max(end, other_end),
        sound_end=sounds.end(sounds.placed(clock)),
        jumps=jumps + _shared(placed),
    )


def _shared(placed: npt.NDArray[np.int64]) -> tuple[str, ...]:
    count = len(placed) - len(np.unique(placed))
    return (f"{count} pictures share their time with another, which is shown",) if count else ()


def _read(path: Path, stream: int | None, wanted: Callable[[int], bool]) -> tuple[_Track, Fraction]:
    """The packets of a stream, and when the last one of all wanted streams ends."""
    with opened(path) as container:
        bases = [Fraction(s.time_base or 1) for s in container.streams]
        for number, other in enumerate(container.streams):
            if not wanted(number):
                other.discard = av.stream.Discard.all
        track, ends = _track(container, stream), [0] * len(bases)
        for packet in demuxed(container):
            number = packet.stream_index
            if not packet.size or number >= len(bases):
                continue
            if packet.pts is not None:
                ends[number] = max(ends[number], packet.pts + (packet.duration or 0))
            if number == stream:
                track.add(packet)
    return track, max(end * base for end, base in zip(ends, bases, strict=True))


def _track(container: Any, stream: int | None) -> _Track:
    if stream is None:
        return _Track(Fraction(1))
    found = container.streams[stream]
    headers = found.codec_context.extradata or b""
    return _Track(Fraction(found.time_base or 1), codec=codec_of(found), headers=headers)


def _exact(seconds: float) -> Fraction:
    return Fraction(seconds).limit_denominator(10**6)


def _clock(pictures: _Track, sounds: _Track) -> tuple[SourceClock, tuple[str, ...]]:
    shown = np.sort(np.array(pictures.shown, np.float64)) * float(pictures.base)
    if len(shown) < 2:
        return SourceClock(), ()
    steps = np.diff(shown)
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
    least = max(_RESTART, _REORDERED * usual)
    back = _restarts(pictures, least)
    if len(back):
        return _restarted(pictures, back, usual, least)
    wide = np.flatnonzero(steps > max(_GAP, _GAP_STEPS * usual))
    heard = np.sort(np.array(sounds.shown, np.float64)) * float(sounds.base)
    empty = [k for k in wide.tolist() if not _any_in(heard, shown[k], shown[k + 1])]
    return _closed(shown, empty, usual)


def _restarts(track: _Track, least: float) -> npt.NDArray[np.intp]:
    """After which packets the clock starts again.

    Where only display times are known, B-frames after a long still go back far, for a moment.
    """
    rising = track.rising
    back = np.flatnonzero(np.diff(rising) < -least)
    if not track.unordered:
        return back
    stays = [rising[k + 1 : k + 1 + _REORDERED].max() < rising[: k + 1].max() for k in back]
    return np.asarray(back[np.array(stays, bool)], np.intp)


def _any_in(heard: npt.NDArray[np.float64], start: float, end: float) -> bool:
    first = np.searchsorted(heard, start + _QUIET_BORDER)
    return bool(first < np.searchsorted(heard, end - _QUIET_BORDER))


def _restarted(
    pictures: _Track, back: npt.NDArray[np.intp], usual: float, least: float
) -> tuple[SourceClock, tuple[str, ...]]:
    """Each piece is put behind the last picture of the one before it."""
    shown = np.array(pictures.shown, np.float64) * float(pictures.base)
    pieces = np.split(shown, back + 1)
    reached, shifts, told = float(pieces[0].max()) + usual, [], []
    for piece in pieces[1:]:
        shifts.append(_exact(reached - float(piece.min())))
        told.append(
            f"its clock starts again after {reached - pieces[0].min():.2f} s "
            "(files joined end to end?): what follows was put behind"
        )
        reached += float(piece.max() - piece.min()) + usual
    return SourceClock(restarts=tuple(shifts), back=_exact(least)), tuple(told)


def _closed(
    order: npt.NDArray[np.float64], empty: Sequence[int], usual: float
) -> tuple[SourceClock, tuple[str, ...]]:
    shift, gaps, told = 0.0, [], []
    for k in empty:
        gap = order[k + 1] - order[k] - usual
        told.append(
            f"its clock jumps {gap:.0f} s ahead after {order[k] + shift - order[0] + usual:.2f} s, "
            "and nothing is seen or heard in between: the gap was taken out"
        )
        shift -= gap
        # Half way through the gap: sound may set in a little before the picture.
        gaps.append((_exact(order[k + 1] - gap / 2), _exact(shift)))
    return SourceClock(gaps=tuple(gaps)), tuple(told)


def count_pictures(path: Path, stream_index: int, max_pixels: int = MAX_PIXELS) -> Scan:
    """The index of a raw stream, which has no times: its pictures are decoded and counted."""
    count = 0
    with (
        opened(path, max_pixels=max_pixels) as container,
        suppress(av.error.FFmpegError),
    ):
        for _ in container.decode(read_only(container, stream_index)):
            count += 1
    return Scan(PictureIndex.counted(count))
