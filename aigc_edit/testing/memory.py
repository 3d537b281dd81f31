"""How much a stage holds on to while more and more goes through it."""

from __future__ import annotations

import gc
import tempfile
import tracemalloc
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    AudioBlock,
    AudioFilter,
    FilterContext,
    FrameBatch,
    FrameFilter,
    SoundContext,
)
from aigc_edit.engine import Batch, Guard, as_declared, filtered, filtered_sound
from aigc_edit.testing import material
from aigc_edit.testing.driving import Subject, arrays_of, sights, sounds_of
from aigc_edit.testing.material import EVEN, RATE, SOUND_RATE, WIDE

_BATCH = 4  # frames
# Some gather before they work: what is held is the least of several steps in a row.
_EARLY, _LATE = range(10, 20), range(28, 38)


def growth(subject: Subject) -> tuple[int, int]:
    """By how many bytes a stage grows between an early and a late step, and how many it got."""
    stage = subject.made()
    if isinstance(stage, FrameFilter):
        steps = _frame_steps(subject, stage)
    elif isinstance(stage, AudioFilter):
        steps = _sound_steps(subject, stage)
    else:
        steps = _analysis_steps(subject, stage)
    held: dict[int, int] = {}
    given: dict[int, int] = {}
    gc.collect()
    gc.freeze()  # what is there already need not be looked at again and again
    tracemalloc.start()
    try:
        for number, size in enumerate(islice(steps, _LATE.stop)):
            given[number] = size
            if number in _EARLY or number in _LATE:
                held[number] = tracemalloc.get_traced_memory()[0] + _tensor_bytes()
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    if len(held) < len(_EARLY) + len(_LATE):  # it looks at nothing
        return 0, 0
    grown = min(held[n] for n in _LATE) - min(held[n] for n in _EARLY)
    return grown, sum(given[n] for n in range(_EARLY.start, _LATE.start))


def _frame_steps(subject: Subject, stage: FrameFilter) -> Iterator[int]:
    frames = material.film(EVEN, _BATCH).to(subject.device)
    context = FilterContext(EVEN.width, EVEN.height, RATE, subject.timeline(), subject.device)

    def endless() -> Iterator[Batch]:
        number = 0
        while True:
            yield Batch(0, frames.clone(), material.times(_BATCH, number))
            number += _BATCH

    for _ in filtered(as_declared(endless(), stage), stage, context, Guard()):
        yield frames.nbytes


def _sound_steps(subject: Subject, stage: AudioFilter) -> Iterator[int]:
    second = material.sound(2, 1)
    seconds = _LATE.stop + 2
    context = SoundContext(SOUND_RATE, 2, seconds * SOUND_RATE, (), subject.timeline())
    blocks = (AudioBlock(second.copy(), SOUND_RATE, k * SOUND_RATE) for k in range(seconds))
    with tempfile.TemporaryDirectory() as folder:
        programme = Path(folder) / "programme"
        for _ in filtered_sound(blocks, stage, context, programme, Guard()):
            yield second.nbytes


def _analysis_steps(subject: Subject, stage: Analyzer) -> Iterator[int]:
    """Each kind of material again and again, its times moved on."""
    stage.begin(AnalysisContext(Fraction(3600), RATE, 48_000, subject.device))
    seen = list(sights(stage, WIDE, 16, Fraction(2)))
    heard = list(sounds_of(stage, (48_000,), Fraction(1), quiet=False))
    if not seen and not heard:
        return
    for number in range(_LATE.stop):
        for batch in seen:
            later = tuple(time + 2 * number for time in batch.times)
            first = batch.first + number * len(seen) * len(batch)
            stage.frames(FrameBatch(batch.pixels.copy(), later, first))
        for block in heard:
            length = block.samples.shape[1]
            stage.audio(AudioBlock(block.samples.copy(), block.rate, block.first + number * length))
        yield sum(array.nbytes for given in (*seen, *heard) for array in arrays_of(given))


def _tensor_bytes() -> int:
    """Bytes of all tensors since `gc.freeze` that are alive, each storage once."""
    import torch

    storages = {}
    for thing in gc.get_objects():
        if issubclass(type(thing), torch.Tensor):  # proxies answer `isinstance`, and break
            storage = thing.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())
