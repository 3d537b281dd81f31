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
from aigc_edit.engine.guard import Guard
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
from aigc_edit.words import counted

MADE_RATE = 48_000  # samples a second where no source says it
_KEEPS = "An audio filter keeps channels and type, and gives as many samples as it got."


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
    guard: Guard


@dataclass(frozen=True)
class SoundReport:
    """What the sound pass did with one sound track of the source, or with one made here."""

    track: AudioStream | None
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
            "track": str(self.track or "made here"),
            "rate": self.rate,
            "channels": self.channels,
            "samples": self.samples,
            "filters": self.decisions,
        }


def render_sounds(
    job: SoundJob, streams: Sequence[AudioStream | None], stop: threading.Event
) -> tuple[SoundReport, ...]:
    """Writes the sound tracks of an edit list, each into a file; all are filtered alike."""
    return tuple(_rendered(job, stream, number, stop) for number, stream in enumerate(streams))


def _rendered(
    job: SoundJob, stream: AudioStream | None, number: int, stop: threading.Event
) -> SoundReport:
    made = any(audio_filter.makes_sound for audio_filter in job.filters)
    settings = SoundSettings(
        codec=job.codec,
        rate=encodable_rate(job.codec, stream.rate if stream else MADE_RATE),
        channels=2 if made or stream is None else min(2, stream.channels),
        bitrate=job.bitrate,
    )
    path = job.folder / f"sound{number}.mp4"
    total = sample_at(job.edits.duration, settings.rate)
    context = SoundContext(settings.rate, settings.channels, total, job.edits.seams, job.tracks)
    reader = SoundReader(replace(job.source, audio=stream)) if stream else None
    cut = _cut(reader, job.edits, settings) if reader else silence(total)
    marks = SoundMarks(settings.rate, (Fraction(0), *job.edits.seams, job.edits.duration))
    blocks = blocks_of(cut, settings.rate, stop)
    for place, audio_filter in enumerate(job.filters):
        programme = job.folder / f"programme{place}.f32"
        blocks = filtered_sound(blocks, audio_filter, context, programme, job.guard)
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
        decisions={f.name: job.guard.reported(f) for f in job.filters},
        marks=marks.facts(),
        damage=reader.damage if reader else Damage(),
    )


def _cut(reader: SoundReader, edits: EditList, settings: SoundSettings) -> Iterator[Samples]:
    """The sound of the kept spans; seams fall on the sample nearest to the picture's seam."""
    native = (reader.rate, reader.layout)
    target = (settings.rate, settings.channels)
    for span, offset in edits.placed():
        first, stop = (sample_at(t, settings.rate) for t in (offset, offset + span.duration))
        yield from converted_blocks(reader.blocks(span), native, target, stop - first)


def silence(total: int) -> Iterator[Samples]:
    """A programme of two channels to which filters bring the sound."""
    for first in range(0, total, MADE_RATE):
        yield np.zeros((2, min(MADE_RATE, total - first)), np.float32)


def _heed(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped


def blocks_of(pieces: Iterator[Samples], rate: int, stop: threading.Event) -> Iterator[AudioBlock]:
    """Samples with their place, until `stop` is set."""
    first = 0
    for samples in pieces:
        _heed(stop)
        if samples.shape[1]:
            yield AudioBlock(samples, rate, first)
            first += samples.shape[1]


def filtered_sound(
    blocks: Iterator[AudioBlock],
    audio_filter: AudioFilter,
    context: SoundContext,
    programme: Path,
    guard: Guard,
) -> Iterator[AudioBlock]:
    """The sound of the output through one filter.

    Args:
        programme: where it waits, if the filter must hear everything first.

    Raises:
        PluginError: it failed, or gave what it had not promised.
    """
    known = replace(context, tracks=context.tracks.only(audio_filter.reads))
    with guard.around(audio_filter):
        audio_filter.begin(known)
    if audio_filter.measures:
        blocks = _measured(blocks, audio_filter, programme, guard)
    given = taken = 0
    for block in blocks:
        with guard.around(audio_filter, block.start):
            samples = audio_filter.apply(block)
        taken += block.samples.shape[1]
        _check(audio_filter, samples, context.channels, taken - given)
        if samples.shape[1]:
            yield AudioBlock(samples, context.rate, given)
        given += samples.shape[1]
    with guard.around(audio_filter):
        rest = audio_filter.rest()
    if rest is not None:
        _check(audio_filter, rest, context.channels, taken - given)
        if rest.shape[1]:
            yield AudioBlock(rest, context.rate, given)
        given += rest.shape[1]
    if given != taken:
        raise _broken(audio_filter, f"kept {counted(taken - given, 'sample')} for itself")


def _check(audio_filter: AudioFilter, samples: Any, channels: int, most: int) -> None:
    """Raises PluginError where a filter gives what it had not promised; `most`: samples."""
    if not isinstance(samples, np.ndarray) or samples.dtype != np.float32:
        kind = samples.dtype if isinstance(samples, np.ndarray) else type(samples).__name__
        raise _broken(audio_filter, f"gave {kind}, not an array of float32")
    if samples.ndim != 2 or len(samples) != channels or samples.shape[1] > most:
        shape = list(samples.shape)
        raise _broken(audio_filter, f"gave samples {shape}, where [{channels}, {most}] are due")
    if not np.isfinite(samples.sum(dtype=np.float64)):
        cure = "It divides by nothing, or takes the logarithm of silence."
        raise _broken(audio_filter, "gave values that are no numbers", cure)


def _broken(audio_filter: AudioFilter, what: str, cure: str = _KEEPS) -> PluginError:
    return PluginError(f"stage {audio_filter.name!r} {what}", cure=cure)


def _measured(
    blocks: Iterator[AudioBlock], audio_filter: AudioFilter, programme: Path, guard: Guard
) -> Iterator[AudioBlock]:
    """Lets a filter hear everything first; the programme waits on disk, so memory stays flat."""
    lengths, channels, rate = [], 1, 0
    with programme.open("wb") as file:
        for block in blocks:
            with guard.around(audio_filter, block.start):
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
