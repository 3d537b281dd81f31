"""Sound out of files: on the picture's clock, placed by timestamps, float32 in [-1, 1]."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import av
import av.error
import numpy as np
import numpy.typing as npt

from aigc_edit.media.pictures import Damage
from aigc_edit.media.source import Source, opened, read_only
from aigc_edit.timeline import Span

Samples = npt.NDArray[np.float32]  # [C, N]
LAYOUTS = {1: "mono", 2: "stereo"}
BLOCK_SECONDS = 1
# Longer than containers round (1 ms), shorter than anybody hears (EBU R37 production: 5 ms).
_PLACE_TOLERANCE = Fraction(3, 1000)
# A transform codec needs the block before, and Opus wants 80 ms, to come out right after a seek.
_PREROLL = Fraction(1, 5)


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
        self._layout = source.audio.layout

    def blocks(self, span: Span) -> Iterator[Samples]:
        """The samples of `span`, in blocks of a second: float32 [C, N], N in all exact."""
        start, end = sample_at(span.start, self.rate), sample_at(span.end, self.rate)
        yield from _cut(self._placed(span.start, start), end - start, self.rate, self.channels)

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
        """Decoded pieces with the sample that each begins at."""
        assert self.source.audio is not None
        resampler = av.AudioResampler(format="fltp", layout=self._layout, rate=self.rate)
        form: tuple[object, ...] = ()
        with opened(self.source.path) as container:
            stream = read_only(container, self.source.audio.index)
            stream.codec_context.thread_type = "AUTO"
            if time > _PREROLL:
                target = self.source.video.first + time - _PREROLL
                container.seek(int(target / stream.time_base), backward=True, stream=stream)
            for frame in self._frames(container, stream):
                if form and form != _form(frame):
                    resampler = av.AudioResampler(
                        format="fltp", layout=self._layout, rate=self.rate
                    )
                form = _form(frame)
                place = self._place(frame)
                for piece in resampler.resample(frame):
                    yield place, piece.to_ndarray()
                    place = None

    def _place(self, frame: Any) -> int | None:
        if frame.pts is None:
            return None
        return sample_at(frame.pts * frame.time_base - self.source.video.first, self.rate)

    def _frames(self, container: Any, stream: Any) -> Iterator[Any]:
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
                yield from packet.decode()
            except (StopIteration, av.error.EOFError):
                return
            except av.error.FFmpegError:
                self.damage.note(None)


class SoundConverter:
    """Changes rate and number of channels of a stream of samples, keeping its clock.

    More than two channels are mixed down by the standard coefficients (ITU-R BS.775).
    """

    def __init__(self, source_rate: int, layout: str, rate: int, channels: int) -> None:
        self.same = source_rate == rate and layout == LAYOUTS.get(channels)
        self._layout, self._source_rate = layout, source_rate
        self._resampler = av.AudioResampler(format="fltp", layout=LAYOUTS[channels], rate=rate)
        # swresample keeps the power of both sides in a float downmix: full scale would be left.
        self._gain = np.float32(0.5**0.5 if (layout, channels) == ("stereo", 1) else 1)

    def converted(self, samples: Samples) -> Samples:
        """What comes out for samples [C, N] that go in: float32 [channels, M]."""
        if self.same:
            return samples
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples), format="fltp", layout=self._layout
        )
        frame.sample_rate = self._source_rate
        return _joined(self._resampler.resample(frame)) * self._gain

    def rest(self) -> Samples:
        """What the filter still held at the end."""
        return _joined([] if self.same else self._resampler.resample(None)) * self._gain


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
