"""The sound pass: cut to the sample, filtered as one programme, encoded in one go."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from aigc_edit.api import AudioBlock, AudioFilter, SoundContext
from aigc_edit.engine.analysis import blaming
from aigc_edit.engine.progress import Stopped
from aigc_edit.errors import PluginError
from aigc_edit.media import (
    AudioStream,
    Damage,
    Samples,
    SoundFacts,
    SoundMarks,
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
class SoundJob:
    """What the sound pass is to do.

    Attributes:
        tracks: in output time.
        bitrate: bits a second.
        folder: where parts and raw programmes are written.
    """

    source: Source
    edits: EditList
    filters: Sequence[AudioFilter]
    tracks: Timeline
    codec: str
    bitrate: int
    folder: Path


@dataclass(frozen=True)
class SoundReport:
    """What the sound pass did with one sound track of the source."""

    track: AudioStream
    path: Path
    samples: int
    rate: int
    channels: int
    decisions: dict[str, dict[str, float | str]]
    marks: SoundFacts
    damage: Damage

    def facts(self) -> dict[str, Any]:
        """For the record."""
        return {
            "track": str(self.track),
            "rate": self.rate,
            "channels": self.channels,
            "samples": self.samples,
            "filters": self.decisions,
        }


def render_sounds(
    job: SoundJob, streams: Sequence[AudioStream], stop: threading.Event
) -> tuple[SoundReport, ...]:
    """Writes the sound tracks of an edit list, each into a file; all are filtered alike."""
    return tuple(_rendered(job, stream, number, stop) for number, stream in enumerate(streams))


def _rendered(
    job: SoundJob, stream: AudioStream, number: int, stop: threading.Event
) -> SoundReport:
    settings = SoundSettings(
        codec=job.codec,
        rate=encodable_rate(job.codec, stream.rate),
        channels=min(2, stream.channels),
        bitrate=job.bitrate,
    )
    path = job.folder / f"sound{number}.mp4"
    total = sample_at(job.edits.duration, settings.rate)
    context = SoundContext(settings.rate, settings.channels, total, job.edits.seams, job.tracks)
    reader = SoundReader(replace(job.source, audio=stream))
    marks = SoundMarks(settings.rate, (Fraction(0), *job.edits.seams, job.edits.duration))
    blocks = _blocks(_cut(reader, job.edits, settings), settings.rate, stop)
    for place, audio_filter in enumerate(job.filters):
        blocks = _through(blocks, audio_filter, context, job.folder / f"programme{place}.f32")
    with SoundWriter(path, settings) as writer:
        for block in blocks:
            _heed(stop)
            marks.add(block.samples)
            writer.write(block.samples)
    return SoundReport(
        track=stream,
        path=path,
        samples=total,
        rate=settings.rate,
        channels=settings.channels,
        decisions={f.name: dict(f.report()) for f in job.filters},
        marks=marks.facts(),
        damage=reader.damage,
    )


def _cut(reader: SoundReader, edits: EditList, settings: SoundSettings) -> Iterator[Samples]:
    """The sound of the kept spans; seams fall on the sample nearest to the picture's seam."""
    native = (reader.rate, reader.layout)
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
