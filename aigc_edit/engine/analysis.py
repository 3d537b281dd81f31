"""The analysis pass: one decode of the source feeds all analysers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import numpy as np

from aigc_edit.api import (
    AnalysisContext,
    Analyzer,
    Audio,
    AudioBlock,
    FrameBatch,
    Frames,
    Track,
)
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.planner import AnalysisStep
from aigc_edit.engine.progress import Clock
from aigc_edit.errors import PluginError
from aigc_edit.media import (
    Damage,
    Image,
    Picture,
    PictureForm,
    PictureReader,
    PictureShrinker,
    Samples,
    SoundConverter,
    SoundReader,
    Source,
    ahead,
)
from aigc_edit.timeline import Span, Timeline

BATCH_FRAMES = 32
_AHEAD_PICTURES = 8


def run_group(
    source: Source,
    group: Sequence[AnalysisStep],
    context: AnalysisContext,
    clock: Clock,
    guard: Guard,
) -> Damage:
    """Feeds the analysers of one group from one decode. Returns what could not be decoded."""
    frames = [(s.analyzer, n) for s in group for n in s.needs if isinstance(n, Frames)]
    sounds = [(s.analyzer, n) for s in group for n in s.needs if isinstance(n, Audio)]
    listeners = {id(a) for a, _ in sounds}
    watchers = {id(a) for a, _ in frames}
    for step in group:
        if id(step.analyzer) not in listeners - watchers:
            _begin(step.analyzer, context, guard)
    stop = threading.Event()
    with ThreadPoolExecutor(1, "sound") as pool:
        heard: Future[Damage] | None = None
        if sounds and source.audio:
            alone = [a for a, _ in sounds if id(a) not in watchers]
            heard = pool.submit(_hear, source, sounds, alone, context, stop, guard)
        try:
            damage = _see(source, frames, clock, guard) if frames else Damage()
            if heard is not None:
                damage.add(heard.result())
        finally:
            stop.set()
    return damage


def finish_step(
    step: AnalysisStep, timeline: Timeline, context: AnalysisContext, guard: Guard
) -> Sequence[Track]:
    """The tracks of an analyser that has seen and heard all."""
    if not step.needs:
        _begin(step.analyzer, context, guard)
    return tracks_of(step.analyzer, timeline, guard)


def tracks_of(analyzer: Analyzer, timeline: Timeline, guard: Guard) -> tuple[Track, ...]:
    """What `finish` gives.

    Raises:
        PluginError: it failed, or gave what it had not promised.
    """
    with guard.around(analyzer):
        given: Any = analyzer.finish(timeline.only(analyzer.reads))
    listed = isinstance(given, Sequence)
    tracks = tuple(given) if listed else (given,)
    promised = {(ref.kind, ref.name) for ref in analyzer.writes}
    found = {(type(track), getattr(track, "name", "no track")) for track in tracks}
    if not listed or found != promised:
        raise PluginError(
            f"stage {analyzer.name!r} promised {_names(promised)} and gave {_names(found)}",
            cure="`finish` returns a list of the tracks that `writes` names.",
        )
    return tracks


def _names(tracks: set[tuple[type, str]]) -> str:
    return ", ".join(sorted(f"{name} ({kind.__name__})" for kind, name in tracks)) or "nothing"


def _begin(analyzer: Analyzer, context: AnalysisContext, guard: Guard) -> None:
    with guard.around(analyzer):
        analyzer.begin(context)


class _FrameFeed:
    """One analyser's frames: thinned to its rate, gathered into batches."""

    def __init__(self, analyzer: Analyzer, need: Frames, form: PictureForm, guard: Guard) -> None:
        self.form, self._guard = form, guard
        self._analyzer = analyzer
        self._step = 1 / Fraction(need.fps) if need.fps else None
        self._next = Fraction(0)
        self._images: list[Image] = []
        self._times: list[Fraction] = []
        self._fed = 0

    def wants(self, time: Fraction) -> bool:
        """Whether it takes the frame at `time`: the first one of each of its steps."""
        if self._step is None:
            return True
        if time < self._next:
            return False
        self._next = (time // self._step + 1) * self._step
        return True

    def add(self, image: Image, time: Fraction) -> None:
        self._images.append(image)
        self._times.append(time)
        if len(self._images) == BATCH_FRAMES:
            self.flush()

    def flush(self) -> None:
        if not self._images:
            return
        batch = FrameBatch(np.stack(self._images), tuple(self._times), self._fed)
        self._fed += len(batch)
        self._images, self._times = [], []
        with self._guard.around(self._analyzer, batch.times[0]):
            self._analyzer.frames(batch)


def _see(
    source: Source, wanted: Sequence[tuple[Analyzer, Frames]], clock: Clock, guard: Guard
) -> Damage:
    feeds = [_FrameFeed(a, n, _form(n, source), guard) for a, n in wanted]
    shrinker = PictureShrinker({feed.form for feed in feeds}, source.video)
    with (
        PictureReader(source, draft=True) as reader,
        ahead(reader.pictures(), _AHEAD_PICTURES) as pictures,
        ahead(_shrunk(pictures, feeds, shrinker), _AHEAD_PICTURES) as shrunk,
    ):
        for taken, images, time in shrunk:
            for feed in taken:
                feed.add(images[feed.form], time)
            clock.advance()
        for feed in feeds:
            feed.flush()
        return reader.damage


_Shrunk = tuple[list[_FrameFeed], dict[PictureForm, Image], Fraction]


def _shrunk(
    pictures: Iterator[Picture],
    feeds: Sequence[_FrameFeed],
    shrinker: PictureShrinker,
) -> Iterator[_Shrunk]:
    """Each picture, scaled once for each distinct form that somebody wants now."""
    for picture in pictures:
        taken = [feed for feed in feeds if feed.wants(picture.time)]
        wanted = {feed.form for feed in taken}
        yield taken, shrinker.arrays(picture.frame, wanted), picture.time


def _form(need: Frames, source: Source) -> PictureForm:
    return PictureForm.of(
        source.video,
        width=need.width,
        height=need.height,
        side=need.side,
        multiple=need.multiple,
        pixels=need.pixels,
    )


def _hear(
    source: Source,
    wanted: Sequence[tuple[Analyzer, Audio]],
    alone: Sequence[Analyzer],
    context: AnalysisContext,
    stop: threading.Event,
    guard: Guard,
) -> Damage:
    """Decodes the sound once and feeds everyone who listens."""
    for analyzer in alone:  # here, so that nets load while pictures are decoded already
        _begin(analyzer, context, guard)
    reader = SoundReader(source)
    feeds = _sound_feeds(source, wanted, guard)
    for block in reader.blocks(Span(0, source.duration)):
        if stop.is_set():
            return reader.damage
        for feed in feeds:
            feed(block)
    for feed in feeds:
        feed(None)
    return reader.damage


def _sound_feeds(
    source: Source, wanted: Sequence[tuple[Analyzer, Audio]], guard: Guard
) -> list[Callable[[Samples | None], None]]:
    """One feed for each distinct rate and number of channels."""
    assert source.audio is not None
    listeners: dict[tuple[int, int], list[Analyzer]] = {}
    for analyzer, need in wanted:
        own = min(2, source.audio.channels)
        form = (need.rate or source.audio.rate, need.channels or own)
        listeners.setdefault(form, []).append(analyzer)
    return [
        _sound_feed(
            SoundConverter(source.audio.rate, source.audio.layout, *form), form[0], analyzers, guard
        )
        for form, analyzers in listeners.items()
    ]


def _sound_feed(
    converter: SoundConverter, rate: int, analyzers: Sequence[Analyzer], guard: Guard
) -> Callable[[Samples | None], None]:
    fed = 0

    def feed(block: Samples | None) -> None:
        nonlocal fed
        samples = converter.rest() if block is None else converter.converted(block)
        if not samples.shape[1]:
            return
        heard = AudioBlock(samples, rate, fed)
        fed += samples.shape[1]
        for analyzer in analyzers:
            with guard.around(analyzer, heard.start):
                analyzer.audio(heard)

    return feed
