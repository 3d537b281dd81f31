"""What a run gave to its encoders, made again from its source and its edit list."""

from __future__ import annotations

import numpy as np

from aigc_edit.api import AudioBlock, SoundContext
from aigc_edit.engine import RunResult
from aigc_edit.engine.planner import audio_filters
from aigc_edit.engine.verdict import Expected
from aigc_edit.media import (
    PictureFacts,
    PictureMarks,
    PictureReader,
    SoundFacts,
    SoundMarks,
    SoundReader,
    Source,
    converted_blocks,
    probe,
    sample_at,
)
from aigc_edit.pipeline import Pipeline
from aigc_edit.timeline import EditList, Timeline


def expected_of(pipeline: Pipeline, source_path, result: RunResult, rate: int = 48_000) -> Expected:
    """What the written file of a run (without frame filters) must hold."""
    source, edits = probe(source_path), result.edits
    return Expected(
        duration=edits.duration,
        rate=source.video.rate,
        seams=edits.seams,
        pictures=_pictures(source, edits),
        sound=_sound(pipeline, source, edits, rate) if source.audio else None,
        colour=source.video.colour,
        loudness=pipeline.output.audio.loudness,
    )


def _pictures(source: Source, edits: EditList) -> PictureFacts:
    marks = PictureMarks(edits.seams)
    with PictureReader(source) as reader:
        for span, offset in edits.placed():
            for picture in reader.pictures(span):
                marks.add(picture.frame, offset + picture.time - span.start)
    return marks.facts()


def _sound(pipeline: Pipeline, source: Source, edits: EditList, rate: int) -> SoundFacts:
    reader = SoundReader(source)
    channels = min(2, reader.channels)
    native, target = (reader.rate, source.audio.layout), (rate, channels)
    pieces = []
    for span, offset in edits.placed():
        count = sample_at(offset + span.duration, rate) - sample_at(offset, rate)
        pieces += converted_blocks(reader.blocks(span), native, target, count)
    programme = np.concatenate(pieces, axis=1)
    tracks = Timeline(edits.duration)
    context = SoundContext(rate, channels, programme.shape[1], edits.seams, tracks)
    for audio_filter in audio_filters(pipeline):
        block = AudioBlock(programme, rate, 0)
        audio_filter.begin(context)
        if audio_filter.measures:
            audio_filter.measure(block)
        programme = audio_filter.apply(block)
    marks = SoundMarks(rate, (0, *edits.seams, edits.duration))
    for first in range(0, programme.shape[1], rate):
        marks.add(programme[:, first : first + rate])
    return marks.facts()
