"""Runs a stage as the engine does, in batches and blocks of any length."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    AudioFilter,
    Delivery,
    EditList,
    FilterContext,
    FrameBatch,
    FrameFilter,
    Frames,
    Planes,
    Samples,
    Selector,
    Sink,
    SoundContext,
    Stage,
    StageOptions,
    Timeline,
    Track,
)
from aigc_edit.engine import (
    Batch,
    Guard,
    as_declared,
    check_files,
    filtered,
    filtered_sound,
    selected,
    tracks_of,
)
from aigc_edit.media import Image
from aigc_edit.testing import material
from aigc_edit.testing.material import EVEN, RATE, SECONDS, SOUND_RATE, WIDE, Size

FRAMES = 12  # that frame filters get
_GUARD = Guard()


@dataclass(frozen=True)
class Subject:
    """A stage under test: its class, options, and examples of tracks that the kit cannot make up.

    Attributes:
        seconds: length of the source that it gets.
        elsewhere: it gets other material: brighter and darker, louder, in one channel.
    """

    kind: type[Stage]
    options: StageOptions
    tracks: Sequence[Track] = ()
    device: str = "cpu"
    seconds: Fraction = field(default=Fraction(SECONDS))
    elsewhere: bool = False

    def made(self) -> Any:
        """An instance of its own."""
        return self.kind(self.options)

    def on_other_material(self) -> Subject:
        """Which is longer, too."""
        return replace(self, seconds=self.seconds + 3, elsewhere=True)

    def timeline(self, *, optional: bool = True) -> Timeline:
        return material.example_tracks(self.made(), self.tracks, self.seconds, optional=optional)


# What a stage gives, as plain values that can be compared: arrays, or JSON.
Outcome = list[Any]


def outcome(subject: Subject, stage: Stage | None = None, **how: Any) -> Outcome:
    """What a stage makes of the usual material; `how` is for the driver of its kind."""
    stage = stage or subject.made()
    for kind, (driver, usual) in _DRIVERS.items():
        if isinstance(stage, kind):
            with _given(usual, how):
                return driver(subject, stage, **how)
    raise TypeError(f"{stage.name!r} is of no kind that the kit knows")


@contextmanager
def _given(usual: str, how: Mapping[str, Any]) -> Iterator[None]:
    """Notes in an error what the stage had been given."""
    try:
        yield
    except Exception as cause:
        other = ", ".join(f"{name} {_in_short(value)}" for name, value in how.items())
        cause.add_note(f"Given: {usual}{f'; with {other}' if other else ''}")
        raise


def _in_short(value: Any) -> str:
    if isinstance(value, Timeline):
        return ", ".join(value.tracks) or "empty"
    return str(list(value.shape) if hasattr(value, "shape") else value)


def frames_filtered(
    subject: Subject,
    stage: FrameFilter,
    *,
    frames: Any = None,
    batch: int = 4,
    first: int = 0,
    cut: int | None = None,
    size: Size = EVEN,
    timeline: Timeline | None = None,
) -> Outcome:
    """uint8 arrays of the frames that come out.

    Args:
        frames: uint8 [T, 3, H, W]; by default the first of the film.
        first: number of the first frame, for its time.
        cut: number of the frame before which there is a cut.
    """
    if frames is None:
        usual = not subject.elsewhere
        frames = material.film(size, FRAMES) if usual else material.glaring(material.film(size, 17))
    given = frames.to(subject.device)
    height, width = frames.shape[-2:]
    context = FilterContext(width, height, RATE, timeline or subject.timeline(), subject.device)
    declared = as_declared(_batches(given, batch, first, cut), stage)
    done = filtered(declared, stage, context, _GUARD)
    shown = [_in_levels(one.frames) for one in done]
    return [np.concatenate(parts) for parts in zip(*shown, strict=True)]


def _batches(frames: Any, size: int, first: int, cut: int | None) -> Iterator[Batch]:
    numbers = list(range(first, first + len(frames)))
    runs = [[n for n in numbers if (cut is not None and n >= cut) == after] for after in (0, 1)]
    for run, members in enumerate(runs):
        for at in range(0, len(members), size):
            some = members[at : at + size]
            picked = frames[some[0] - first : some[-1] - first + 1]
            yield Batch(run, picked, tuple(Fraction(n) / RATE for n in some))


def arrays_of(given: Any) -> list[Any]:
    """The arrays of what a stage is handed: frames, planes, a batch, a block."""
    if isinstance(given, FrameBatch):
        return [given.pixels]
    if isinstance(given, AudioBlock):
        return [given.samples]
    parts = [given.y, given.u, given.v] if isinstance(given, Planes) else [given]
    return [part.float().numpy(force=True) for part in parts]


def _in_levels(frames: Any) -> list[Any]:
    """float32 arrays in levels of 0 to 255."""
    whole = frames.is_floating_point() if hasattr(frames, "is_floating_point") else False
    return [array * 255 if whole else array for array in arrays_of(frames)]


def sound_filtered(
    subject: Subject,
    stage: AudioFilter,
    *,
    samples: Samples | None = None,
    lengths: Sequence[int] = (4096,),
    timeline: Timeline | None = None,
) -> Outcome:
    """The samples that come out, float32 [C, N].

    Args:
        lengths: of the blocks, again and again.
    """
    if samples is None:
        samples = 2 * material.sound(1, 4) if subject.elsewhere else material.sound(2, 3)
    length = samples.shape[1]
    context = SoundContext(
        SOUND_RATE,
        len(samples),
        length,
        (Fraction(length // 2, SOUND_RATE),) if length > 1 else (),
        timeline or subject.timeline(),
    )
    blocks = blocks_of(samples, lengths, SOUND_RATE)
    with tempfile.TemporaryDirectory() as folder:
        programme = Path(folder) / "programme"
        made = list(filtered_sound(blocks, stage, context, programme, _GUARD))
    empty = np.zeros((len(samples), 0), np.float32)
    return [np.concatenate([empty, *(block.samples for block in made)], axis=1)]


def blocks_of(samples: Samples, lengths: Sequence[int], rate: int) -> Iterator[AudioBlock]:
    first = 0
    for length in cycle(lengths):
        if first >= samples.shape[1]:
            return
        yield AudioBlock(samples[:, first : first + length].copy(), rate, first)
        first += length


def analysed(
    subject: Subject,
    stage: Analyzer,
    *,
    size: Size = WIDE,
    batch: int = 32,
    block: Sequence[int] = (8192,),
    sound_first: bool = False,
    silent_film: bool = False,
    quiet: bool = False,
    seconds: Fraction | None = None,
    timeline: Timeline | None = None,
) -> Outcome:
    """The tracks that come out, as JSON.

    Args:
        silent_film: there is no sound at all.
        quiet: the sound is silence.
    """
    seconds = seconds or subject.seconds
    rate = None if silent_film else 48_000
    with _GUARD.around(stage):
        stage.begin(AnalysisContext(seconds, RATE, rate, subject.device))
    shown: list[FrameBatch | AudioBlock] = list(sights(stage, size, batch, seconds))
    played = [] if silent_film else list(sounds_of(stage, block, seconds, quiet=quiet))
    usual = [*played, *shown] if sound_first else [*shown, *played]
    for given in map(_glaring, usual) if subject.elsewhere else usual:
        with _GUARD.around(stage):
            if isinstance(given, FrameBatch):
                stage.frames(given)
            else:
                stage.audio(given)
    tracks = tracks_of(stage, timeline or subject.timeline(), _GUARD)
    return sorted(({"name": t.name, **t.to_json()} for t in tracks), key=lambda t: str(t["name"]))


def _glaring(given: FrameBatch | AudioBlock) -> FrameBatch | AudioBlock:
    if isinstance(given, FrameBatch):
        return replace(given, pixels=material.glaring(given.pixels))
    return replace(given, samples=2 * given.samples)


def sights(stage: Analyzer, size: Size, batch: int, seconds: Fraction) -> Iterator[FrameBatch]:
    for need in stage.needs:
        if isinstance(need, Frames):
            shown = material.frames_as_needed(need, size, seconds)
            for at in range(0, len(shown), batch):
                some = shown[at : at + batch]
                images: Image = np.stack([image for _, image in some])
                yield FrameBatch(images, tuple(time for time, _ in some), at)


def sounds_of(
    stage: Analyzer, block: Sequence[int], seconds: Fraction, *, quiet: bool
) -> Iterator[AudioBlock]:
    for need in stage.needs:
        if isinstance(need, Audio):
            rate = need.rate or 48_000
            samples = material.sound(need.channels or 2, seconds, rate)
            yield from blocks_of(samples * 0 if quiet else samples, block, rate)


def chosen(
    subject: Subject,
    stage: Selector,
    *,
    edits: EditList | None = None,
    timeline: Timeline | None = None,
) -> Outcome:
    """The kept spans, as text."""
    edits = edits if edits is not None else EditList.whole(subject.seconds)
    kept = selected(stage, edits, timeline or subject.timeline(), _GUARD).kept
    return [f"{k.span.start} to {k.span.end}" for k in kept]


def delivered(
    subject: Subject,
    stage: Sink,
    *,
    name: str = "film.mp4",
    timeline: Timeline | None = None,
    folder: Path | None = None,
) -> Outcome:
    """The texts, the chapters and the subtitles."""
    with tempfile.TemporaryDirectory() as temporary:
        delivery = Delivery(
            output=(folder or Path(temporary)) / name,
            source=Path("source.mp4"),
            source_duration=subject.seconds,
            rate=RATE,
            edits=EditList.whole(subject.seconds),
            tracks=timeline or subject.timeline(),
            record={"warnings": [], "output": {"duration": float(subject.seconds)}},
        )
        with _GUARD.around(stage):
            chapters = stage.chapters(delivery.tracks)
            subtitles = stage.subtitles(delivery.tracks)
            texts = stage.deliver(delivery)
        check_files(stage, texts, str)
        found = [f"{c.start} to {c.end}: {c.title}" for c in chapters]
        plain = {key: text.replace(temporary, "") for key, text in texts.items()}
        shown = [f"{s.span}: {s.text}" for track in subtitles for s in track.subtitles]
        return [dict(sorted(plain.items())), found, shown]


# By kind: what runs it, and on what, in words.
_DRIVERS: dict[type[Stage], tuple[Callable[..., Outcome], str]] = {
    Analyzer: (analysed, f"{SECONDS} s of {WIDE} at {RATE} frames a second, in batches of 32"),
    Selector: (chosen, f"all of {SECONDS} s"),
    FrameFilter: (frames_filtered, f"{FRAMES} frames of {EVEN}, in batches of 4"),
    AudioFilter: (sound_filtered, f"3 s of stereo at {SOUND_RATE} Hz, in blocks of 4096"),
    Sink: (delivered, f"a film of {SECONDS} s"),
}
