"""Sound without a film: what audio filters make of silence, as a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from aigc_edit.api import AudioBlock, AudioFilter, SoundContext
from aigc_edit.engine.delivery import check_files
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.planner import audio_filters
from aigc_edit.engine.progress import Clock
from aigc_edit.engine.runner import RunOptions
from aigc_edit.engine.sound import MADE_RATE, blocks_of, filtered_sound, silence
from aigc_edit.errors import UsageError
from aigc_edit.media import (
    SAMPLE_BYTES,
    SoundFileWriter,
    check_sound_name,
    ensure_space,
    ensure_writable,
    sample_at,
    scratch_for,
)
from aigc_edit.pipeline import Pipeline
from aigc_edit.timeline import Timeline

_CHANNELS = 2


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
    check_sound_name(output)
    total = sample_at(seconds, MADE_RATE)
    if total < 1:
        raise UsageError(f"{float(seconds):g} s is no length", cure="Give --seconds, such as 30.")
    filters = audio_filters(pipeline)
    for spec in pipeline.of_kind("audio"):
        with options.guard.around(spec.stage):
            spec.stage.weights()
    ensure_writable(output)
    with scratch_for(output) as scratch:
        ensure_space(output.parent, total * _CHANNELS * (SAMPLE_BYTES + 4 * len(filters)))
        part = scratch.part(f"sound{output.suffix}")
        _write(
            part, _sound(filters, total, scratch.folder, options), Clock(options.progress), total
        )
        files = _beside(filters, output, options.guard)
        reports = {f.name: options.guard.reported(f) for f in filters}
        for number, content in enumerate(files.values()):
            scratch.write(f"beside{number}", content)
        named = {f"beside{number}": target for number, target in enumerate(files)}
        scratch.publish(named | {part.name: output})
    return Composed(output, tuple(files), reports)


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
    with (
        clock.running("compose", total // MADE_RATE),
        SoundFileWriter(part, MADE_RATE, _CHANNELS) as file,
    ):
        for block in blocks:
            file.write(block.samples)
            clock.advance(1)


def _beside(filters: tuple[AudioFilter, ...], output: Path, guard: Guard) -> dict[Path, bytes]:
    found: dict[Path, bytes] = {}
    for audio_filter in filters:
        with guard.around(audio_filter):
            files = audio_filter.files()
        check_files(audio_filter, files, bytes)
        found |= {output.with_suffix(suffix): content for suffix, content in files.items()}
    return found
