"""Sound without a film: what audio filters make of silence, as a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from aigc_edit.api import AudioBlock, AudioFilter, SoundContext
from aigc_edit.engine.planner import audio_filters
from aigc_edit.engine.progress import Clock
from aigc_edit.engine.runner import RunOptions
from aigc_edit.engine.sound import MADE_RATE, blocks_of, filtered_sound, silence
from aigc_edit.errors import EncodeError, UsageError
from aigc_edit.media import ensure_space, ensure_writable, sample_at, scratch_for, writing
from aigc_edit.pipeline import Pipeline
from aigc_edit.timeline import Timeline

_CHANNELS = 2
_BYTES = 3  # of a sample, the most that is written
# What is written, by the ending of its name: libsndfile's names for container and samples.
FORMATS = {".wav": ("WAV", "PCM_24"), ".flac": ("FLAC", "PCM_24"), ".ogg": ("OGG", "VORBIS")}


@dataclass(frozen=True)
class Composed:
    """What was written.

    Attributes:
        files: beside the sound.
        reports: of each audio filter.
    """

    output: Path
    files: tuple[Path, ...]
    reports: Mapping[str, Mapping[str, float | str]]


def compose(pipeline: Pipeline, seconds: Fraction, output: Path, options: RunOptions) -> Composed:
    """Writes what the audio filters of a pipeline make of so many seconds of silence.

    Raises:
        UsageError: nothing is to be heard, or no sound file has such a name.
    """
    if output.suffix.lower() not in FORMATS:
        cure = f"Name it {', '.join(f'NAME{ending}' for ending in FORMATS)}."
        raise UsageError("no sound is written under such a name", where=output, cure=cure)
    total = sample_at(seconds, MADE_RATE)
    if total < 1:
        raise UsageError(f"{float(seconds):g} s is no length", cure="Give --seconds, such as 30.")
    filters = audio_filters(pipeline)
    for spec in pipeline.of_kind("audio"):
        with options.guard.around(spec.stage):
            spec.stage.weights()
    ensure_writable(output)
    with scratch_for(output) as scratch:
        ensure_space(output.parent, total * _CHANNELS * (_BYTES + 4 * len(filters)))
        part = scratch.part(f"sound{output.suffix}")
        _write(
            part, _sound(filters, total, scratch.folder, options), Clock(options.progress), total
        )
        files = _beside(filters, output)
        for number, content in enumerate(files.values()):
            scratch.write(f"beside{number}", content)
        named = {f"beside{number}": target for number, target in enumerate(files)}
        scratch.publish(named | {part.name: output})
    return Composed(output, tuple(files), {f.name: dict(f.report()) for f in filters})


def _sound(
    filters: tuple[AudioFilter, ...], total: int, folder: Path, options: RunOptions
) -> Iterator[AudioBlock]:
    context = SoundContext(MADE_RATE, _CHANNELS, total, (), Timeline(Fraction(total, MADE_RATE)))
    blocks = blocks_of(silence(total), MADE_RATE, threading.Event())
    for number, audio_filter in enumerate(filters):
        programme = folder / f"programme{number}.f32"
        blocks = filtered_sound(blocks, audio_filter, context, programme, options.guard)
    return blocks


def _write(part: Path, blocks: Iterator[AudioBlock], clock: Clock, total: int) -> None:
    """The file, second by second."""
    import soundfile

    container, subtype = FORMATS[part.suffix.lower()]
    with clock.running("compose", total // MADE_RATE), writing(part):
        try:
            with soundfile.SoundFile(
                part, "w", MADE_RATE, _CHANNELS, subtype, format=container
            ) as file:
                for block in blocks:
                    file.write(block.samples.T)
                    clock.advance(1)
        except soundfile.SoundFileError as cause:
            raise EncodeError(f"cannot be written ({cause})", where=part) from cause


def _beside(filters: tuple[AudioFilter, ...], output: Path) -> dict[Path, bytes]:
    return {
        output.with_suffix(suffix): content
        for audio_filter in filters
        for suffix, content in audio_filter.files().items()
    }
