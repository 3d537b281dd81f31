"""Sound out of files: on the picture's clock, placed by timestamps, float32 in [-1, 1]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np

from aigc_edit.media.arrays import Samples
from aigc_edit.media.clock import ClockMender
from aigc_edit.media.damage import Damage
from aigc_edit.media.mixdown import fitted, mixed
from aigc_edit.media.opening import demuxed, opened, read_only
from aigc_edit.media.source import Source
from aigc_edit.timeline import Span

LAYOUTS = {1: "mono", 2: "stereo"}
BLOCK_SECONDS = 1
# Longer than containers round (1 ms), shorter than anybody hears (EBU R37 production: 5 ms).
_PLACE_TOLERANCE = Fraction(3, 1000)
# A transform codec needs the block before, and Opus wants 80 ms, to come out right after a seek.
_PREROLL = Fraction(1, 5)
# Float sound may go over full scale, by a few dB; sixty are noise out of broken bytes.
_LOUDEST = 1000.0
_AUDIBLE = 1e-7  # mean square, -70 dB; below it no side is opposite to another
_MISJUDGED = 0.02  # of a frame's length; two usual sample rates differ by more
_OPPOSED = 0.01  # energy of the sum of both sides over that of their difference


def sample_at(time: Fraction, rate: int) -> int:
    """The sample nearest to a time in seconds."""
    return round(time * rate)


class SoundReader:
    """Reads the sound of one source, span by span, at its own rate and layout.

    What the file has no samples for is silence, what overlaps is dropped; so that sample
    `round(t * rate)` is what is heard at source time `t`, however long the file is.
    """

    def __init__(self, source: Source) -> None:
        if source.audio is None:
            raise ValueError(f"{source.path} has no sound")
        self.source = source
        self.rate = source.audio.rate
        self.channels = source.audio.channels
        self.damage = Damage()
        self.layout = source.audio.layout

    def blocks(self, span: Span) -> Iterator[Samples]:
        """The samples of `span`, in blocks of a second: float32 [C, N], N in all exact."""
        start, end = sample_at(span.start, self.rate), sample_at(span.end, self.rate)
        pieces = self._placed(span.start, start)
        for block in _cut(pieces, end - start, self.rate, self.channels):
            self._compare_sides(block)
            yield block

    def _compare_sides(self, block: Samples) -> None:
        if self.channels != 2 or not _audible(block):
            return
        seconds = block.shape[1] / self.rate
        self.damage.heard += seconds
        self.damage.opposed += seconds if _opposed(block) else 0

    def _placed(self, time: Fraction, start: int) -> Iterator[Samples]:
        """Samples from `start` on, without holes and overlaps."""
        reached, tolerance = start, 0  # exact at the start of a span, then continuous
        for place, samples in self._decoded(time):
            hole = place - reached if place is not None else 0
            if hole > tolerance:
                yield from _silence(hole, self.channels, self.rate)
                reached += hole
            fresh = samples[:, -hole:] if hole < -tolerance else samples
            if fresh.shape[1]:
                reached += fresh.shape[1]
                tolerance = int(_PLACE_TOLERANCE * self.rate)
                yield fresh

    def _decoded(self, time: Fraction) -> Iterator[tuple[int | None, Samples]]:
        """Decoded pieces with the sample that each begins at, in the source's rate and layout."""
        unifier, form, expected = None, None, None
        for frame in self._frames(time):
            place = self._place(frame)
            if _misjudged(frame) and frame.pts == expected:
                place = None
            expected = frame.pts + frame.duration if frame.pts is not None else None
            if form != _form(frame):
                if unifier is not None and form is not None:
                    yield from ((None, self._sound(p)) for p in unifier.resample(None) if p)
                    self._note_change(form, _form(frame), place)
                form, unifier = _form(frame), self._unifier(frame)
            assert unifier is not None
            for piece in unifier.resample(frame):
                yield place, self._sound(piece)
                place = None

    def _unifier(self, frame: Any) -> Any:
        # Packed samples: PyAV reads beyond the last plane of eight planar channels and more.
        return av.AudioResampler(format="flt", layout=frame.layout.name, rate=self.rate)

    def _sound(self, frame: Any) -> Samples:
        """float32 [C, N] of a packed frame, in the source's layout, without broken numbers."""
        layout = frame.layout
        samples: Samples = frame.to_ndarray().reshape(-1, layout.nb_channels).T
        if samples.size and not np.abs(samples).max() <= _LOUDEST:
            broken = ~(np.abs(samples) <= _LOUDEST)
            self.damage.broken_samples += int(np.count_nonzero(broken))
            samples = np.where(broken, np.float32(0), samples)
        if layout.name != self.layout:
            samples = fitted(samples, layout.name, self.layout)
        return samples

    def _note_change(
        self, before: tuple[object, ...], now: tuple[object, ...], place: int | None
    ) -> None:
        words = [f"{rate} Hz {layout}" for rate, layout, _ in (before, now)]
        if words[0] != words[1] and place is not None:
            change = f"sound changes from {words[0]} to {words[1]}"
            self.damage.changes.add((round(place / self.rate, 3), change))

    def _place(self, frame: Any) -> int | None:
        if frame.pts is None:
            return None
        return sample_at(frame.pts * frame.time_base - self.source.video.first, self.rate)

    def _frames(self, time: Fraction) -> Iterator[Any]:
        """Decoded frames from a little before `time`; a packet that fails is counted."""
        assert self.source.audio is not None
        clock = self.source.clock
        with opened(self.source.path) as container:
            stream = read_only(container, self.source.audio.index)
            stream.codec_context.thread_type = "AUTO"
            if time > _PREROLL and clock.seekable:
                target = clock.unmended(self.source.video.first + time - _PREROLL)
                with suppress(av.error.FFmpegError):  # a track without a packet: from the start
                    container.seek(int(target / stream.time_base), backward=True, stream=stream)
            found = demuxed(container, stream, failed=lambda: self._lost(None))
            for packet in ClockMender(clock).mended(found):
                try:
                    yield from packet.decode()
                except av.error.EOFError:
                    return
                except av.error.FFmpegError:
                    self._lost(packet, time)

    def _lost(self, packet: Any, start: Fraction = Fraction(0)) -> None:
        """Notes a packet that cannot be decoded; before `start` a seek may land within one."""
        at = None if packet is None else self._packet_time(packet)
        if at is None or at >= start:
            self.damage.sounds.add(at)

    def _packet_time(self, packet: Any) -> float | None:
        if packet.pts is None:
            return None
        return round(float(packet.pts * packet.time_base - self.source.video.first), 3)


def _misjudged(frame: Any) -> bool:
    """Whether the demuxer gave a frame another length than it has.

    After a change of sample rate it counts on with the old one: only the times that it read in
    the file are right then, not those that it makes up in between.
    """
    length = frame.duration * frame.time_base if frame.duration else None
    return length is not None and abs(length * frame.sample_rate / frame.samples - 1) > _MISJUDGED


def _audible(samples: Samples) -> bool:
    return bool(np.square(samples).mean() > _AUDIBLE) if samples.size else False


def _opposed(stereo: Samples) -> bool:
    """Whether right is the opposite of left, so that their sum is next to nothing."""
    together, apart = stereo[0] + stereo[1], stereo[0] - stereo[1]
    return bool(np.square(together).sum() < _OPPOSED * np.square(apart).sum())


class SoundConverter:
    """Changes rate and number of channels of a stream of samples, keeping its clock.

    More channels than wanted are mixed down as `media/mixdown.py` says. Stereo whose sides are
    opposites would be silence in mono: there the left side stands for both.
    """

    def __init__(self, source_rate: int, layout: str, rate: int, channels: int) -> None:
        self.layout, self._rate, self._channels = layout, source_rate, channels
        self._mixes = layout != LAYOUTS[channels]
        self._resamples = source_rate != rate
        self.same = not self._mixes and not self._resamples
        self._resampler = av.AudioResampler(format="fltp", layout=LAYOUTS[channels], rate=rate)

    def converted(self, samples: Samples) -> Samples:
        """What comes out for samples [C, N] that go in: float32 [channels, M]."""
        if self._mixes:
            samples = self._mixed(samples)
        if not self._resamples or not samples.shape[1]:
            return samples
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=LAYOUTS[self._channels]
        )
        frame.sample_rate = self._rate
        return _joined(self._resampler.resample(frame))

    def _mixed(self, samples: Samples) -> Samples:
        if samples.shape[0] == 2 and self._channels == 1 and _opposed(samples):
            return samples[:1]
        return mixed(samples, self.layout, self._channels)

    def rest(self) -> Samples:
        """What the filter still held at the end."""
        return _joined(self._resampler.resample(None) if self._resamples else [])


def converted_blocks(
    blocks: Iterable[Samples], source: tuple[int, str], target: tuple[int, int], count: int
) -> Iterator[Samples]:
    """Blocks of exactly `count` samples in all: from (rate, layout) to (rate, channels)."""
    converter = SoundConverter(*source, *target)

    def pieces() -> Iterator[Samples]:
        for block in blocks:
            yield converter.converted(block)
        yield converter.rest()

    yield from _cut(pieces(), count, *target)


def _form(frame: Any) -> tuple[object, ...]:
    return (frame.sample_rate, frame.layout.name, frame.format.name)


def _joined(frames: Iterable[Any]) -> Samples:
    pieces = [frame.to_ndarray() for frame in frames if frame is not None]
    return np.concatenate(pieces, axis=1) if pieces else np.zeros((1, 0), np.float32)


def _silence(count: int, channels: int, rate: int) -> Iterator[Samples]:
    while count > 0:
        piece = min(count, rate * BLOCK_SECONDS)
        yield np.zeros((channels, piece), np.float32)
        count -= piece


def _cut(pieces: Iterable[Samples], count: int, rate: int, channels: int) -> Iterator[Samples]:
    """Pieces of any length as blocks of a second, `count` samples in all, padded by silence."""
    size, held = rate * BLOCK_SECONDS, np.zeros((channels, 0), np.float32)
    for piece in pieces:
        if count <= held.shape[1]:
            break
        if not piece.shape[1]:
            continue
        held = np.concatenate([held, piece], axis=1)
        while held.shape[1] >= size and count >= size:
            yield held[:, :size]
            held, count = held[:, size:], count - size
    rest = np.zeros((channels, count), np.float32)
    given = min(count, held.shape[1])
    rest[:, :given] = held[:, :given]
    for at in range(0, count, size):
        yield rest[:, at : at + size]
