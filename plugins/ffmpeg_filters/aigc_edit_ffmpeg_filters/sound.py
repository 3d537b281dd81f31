"""`ffmpeg.audio`: a chain of FFmpeg's audio filters over the sound of the output."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated

import numpy as np
from pydantic import AfterValidator

from aigc_edit.api import AudioBlock, AudioFilter, Samples, SoundContext, StageOptions, option

from .chain import broken, check_chain, linked, refusing
from .known import AUDIO, REFUSED_AUDIO

_NAME = "ffmpeg.audio"
_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
# Some filters look at whole frames, so these are counted from the start of the programme.
_FRAME = 1024
_PROBED = 16 * _FRAME


def _checked(text: str) -> str:
    check_chain(text, AUDIO, REFUSED_AUDIO, "audio")
    return text


class FfmpegAudio(AudioFilter):
    """A chain of FFmpeg's audio filters, such as `lowpass=f=3000, volume=0.5`, in the process.

    One input, one output, the same rate and channels. What a filter adds after the end, such as
    the last echo, is cut off with the film.
    """

    name = _NAME
    api_version = 1

    class Options(StageOptions):
        """Options of ffmpeg.audio."""

        filters: Annotated[str, AfterValidator(_checked)] = option(
            min_length=1, help="Filters as FFmpeg's -af takes them: lowpass=f=3000, volume=0.5"
        )

    options: Options

    def weights(self) -> str:
        from av import library_versions

        return f"libavfilter {library_versions['libavfilter']}"

    def begin(self, context: SoundContext) -> None:
        self._graph: _SoundGraph | None = None
        _probe(self.options.filters, context.rate, context.channels)
        self._graph = _SoundGraph(self.options.filters, context.rate, context.channels)
        self._pending = np.empty((context.channels, 0), np.float32)
        self._ready: deque[Samples] = deque()
        self._due = 0

    def apply(self, block: AudioBlock) -> Samples:
        self._due += block.samples.shape[1]
        self._pending = np.concatenate([self._pending, block.samples], axis=1)
        whole = self._pending.shape[1] // _FRAME * _FRAME
        self._feed(self._pending[:, :whole])
        self._pending = self._pending[:, whole:]
        return self._given()

    def rest(self) -> Samples | None:
        if self._graph is None:
            return None
        self._feed(self._pending)
        graph, self._graph = self._graph, None
        for samples in graph.flushed():
            self._ready.append(samples)
            if sum(s.shape[1] for s in self._ready) >= self._due:
                break
        rest = self._given()
        if self._due:
            raise broken(_NAME, f"drops {self._due} samples")
        return rest

    def _feed(self, samples: Samples) -> None:
        if self._graph is None:
            return
        for first in range(0, samples.shape[1], _FRAME):
            self._graph.push(samples[:, first : first + _FRAME])
            self._ready.extend(self._graph.pulled())

    def _given(self) -> Samples:
        """What is ready, but never more than was taken: a delay gives silence first."""
        ready = np.concatenate([self._pending[:, :0], *self._ready], axis=1)
        given, held = ready[:, : self._due], ready[:, self._due :]
        self._ready = deque([held] if held.shape[1] else [])
        self._due -= given.shape[1]
        return np.ascontiguousarray(given)


class _SoundGraph:
    """A filter graph: frames of samples in and out, float32 [C, N]."""

    def __init__(self, chain: str, rate: int, channels: int) -> None:
        import av.filter

        self._rate, self._channels, self._given = rate, channels, 0
        self._layout = _LAYOUTS.get(channels, f"{channels} channels")
        self._graph = av.filter.Graph()
        source = self._graph.add(
            "abuffer",
            sample_rate=str(rate),
            sample_fmt="fltp",
            channel_layout=self._layout,
            time_base=f"1/{rate}",
        )
        with refusing(_NAME, chain):
            end = ("aformat", "sample_fmts=fltp")
            linked(self._graph, source, chain, end, ("abuffersink", ""))

    def push(self, samples: Samples) -> None:
        import av

        whole = np.ascontiguousarray(samples)
        frame = av.AudioFrame.from_ndarray(whole, format="fltp", layout=self._layout)
        frame.sample_rate, frame.time_base = self._rate, Fraction(1, self._rate)
        frame.pts = self._given
        self._given += samples.shape[1]
        self._graph.push(frame)

    def pulled(self) -> Iterator[Samples]:
        """The samples that are ready.

        Raises:
            PluginError: they have another rate or number of channels.
        """
        while True:
            try:
                frame = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            if frame.sample_rate != self._rate:
                raise broken(_NAME, f"makes {frame.sample_rate} samples a second of {self._rate}")
            if frame.layout.nb_channels != self._channels:
                made = frame.layout.nb_channels
                raise broken(_NAME, f"makes {made} channels of {self._channels}")
            yield np.asarray(frame.to_ndarray(), np.float32)

    def flushed(self) -> Iterator[Samples]:
        """The samples that were held back."""
        self._graph.push(None)
        yield from self.pulled()


def _probe(chain: str, rate: int, channels: int) -> None:
    """Runs a chain over a moment of silence.

    Raises:
        PluginError: it changes the rate or the channels, or drops samples.
    """
    graph = _SoundGraph(chain, rate, channels)
    given = 0
    with refusing(_NAME, chain):
        for _ in range(0, _PROBED, _FRAME):
            graph.push(np.zeros((channels, _FRAME), np.float32))
            given += sum(samples.shape[1] for samples in graph.pulled())
        given += sum(samples.shape[1] for samples in graph.flushed())
    if given < _PROBED:
        raise broken(_NAME, f"drops {_PROBED - given} of {_PROBED} samples")
