"""The sound pass: cut to the sample, filtered as one programme, encoded in one go."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aigc_edit.api import AudioBlock, AudioFilter, SoundContext
from aigc_edit.engine.analysis import blaming
from aigc_edit.errors import PluginError
from aigc_edit.media import (
    Samples,
    SoundReader,
    SoundSettings,
    SoundWriter,
    Source,
    converted_blocks,
    encodable_rate,
    sample_at,
    writing,
)
from aigc_edit.timeline import EditList, Timeline


@dataclass(frozen=True)
class SoundReport:
    """What the sound pass did."""

    samples: int
    rate: int
    channels: int
    decisions: dict[str, dict[str, float | str]]


class Stopped(BaseException):
    """The run is being stopped; the thread of the sound pass leaves."""


def render_sound(
    source: Source,
    edits: EditList,
    filters: Sequence[AudioFilter],
    tracks: Timeline,
    *,
    codec: str,
    bitrate: int,
    scratch: Path,
    path: Path,
    stop: threading.Event,
) -> SoundReport:
    """Writes the sound of an edit list to `path`; `scratch` is a folder for raw programmes."""
    assert source.audio is not None
    settings = SoundSettings(
        codec=codec,
        rate=encodable_rate(codec, source.audio.rate),
        channels=min(2, source.audio.channels),
        bitrate=bitrate * 1000,
    )
    total = sample_at(edits.duration, settings.rate)
    context = SoundContext(settings.rate, settings.channels, total, edits.seams, tracks)
    blocks = _blocks(_cut(source, edits, settings), settings.rate, stop)
    for number, audio_filter in enumerate(filters):
        blocks = _through(blocks, audio_filter, context, scratch / f"programme{number}.f32")
    with SoundWriter(path, settings) as writer:
        for block in blocks:
            _heed(stop)
            writer.write(block.samples)
    decisions = {f.name: dict(f.report()) for f in filters}
    return SoundReport(total, settings.rate, settings.channels, decisions)


def _cut(source: Source, edits: EditList, settings: SoundSettings) -> Iterator[Samples]:
    """The sound of the kept spans; seams fall on the sample nearest to the picture's seam."""
    assert source.audio is not None
    reader = SoundReader(source)
    native = (reader.rate, source.audio.layout)
    target = (settings.rate, settings.channels)
    for span, offset in edits.placed():
        first, stop = (sample_at(t, settings.rate) for t in (offset, offset + span.duration))
        yield from converted_blocks(reader.blocks(span), native, target, stop - first)


def _heed(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped


def _blocks(pieces: Iterator[Samples], rate: int, stop: threading.Event) -> Iterator[AudioBlock]:
    first = 0
    for samples in pieces:
        _heed(stop)
        if samples.shape[1]:
            yield AudioBlock(samples, rate, first)
            first += samples.shape[1]


def _through(
    blocks: Iterator[AudioBlock], audio_filter: AudioFilter, context: SoundContext, programme: Path
) -> Iterator[AudioBlock]:
    with blaming(audio_filter):
        audio_filter.begin(context)
    if audio_filter.measures:
        blocks = _measured(blocks, audio_filter, programme)
    for block in blocks:
        with blaming(audio_filter, block.start):
            samples = audio_filter.apply(block)
        if samples.shape != block.samples.shape:
            raise PluginError(
                f"stage {audio_filter.name!r} gave {samples.shape} samples for "
                f"{block.samples.shape}",
                cure="`apply` keeps the number of channels and samples.",
            )
        yield AudioBlock(samples, block.rate, block.first)


def _measured(
    blocks: Iterator[AudioBlock], audio_filter: AudioFilter, programme: Path
) -> Iterator[AudioBlock]:
    """Lets a filter hear everything first; the programme waits on disk, so memory stays flat."""
    lengths, channels, rate = [], 1, 0
    with programme.open("wb") as file:
        for block in blocks:
            with blaming(audio_filter, block.start):
                audio_filter.measure(block)
            channels, rate = block.samples.shape[0], block.rate
            lengths.append(block.samples.shape[1])
            with writing(programme):
                file.write(block.samples.astype(np.float32).tobytes())
    first = 0
    with programme.open("rb") as file:
        for length in lengths:
            samples = np.fromfile(file, np.float32, channels * length)
            yield AudioBlock(samples.reshape(channels, length), rate, first)
            first += length
    programme.unlink()
