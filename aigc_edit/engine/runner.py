"""One pipeline over one source, from the file to the files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from aigc_edit.api import AnalysisContext, Selector
from aigc_edit.engine.analysis import finish_step, run_group
from aigc_edit.engine.cache import TrackCache
from aigc_edit.engine.device import resolve_device
from aigc_edit.engine.earlier import made_from
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.pieces import on_clean_keys
from aigc_edit.engine.plan import Plan
from aigc_edit.engine.planner import (
    AnalysisStep,
    analysis_groups,
    analysis_steps,
    audio_filters,
    make_plan,
    makes_sound,
    selectors,
)
from aigc_edit.engine.progress import Clock, Progress, Silent
from aigc_edit.engine.rendering import (
    Rendering,
    UnsafeCopyError,
    refuse_damage,
)
from aigc_edit.engine.resume import render_key
from aigc_edit.engine.sharing import Crew, Share, Sharing
from aigc_edit.engine.sound import MADE_RATE
from aigc_edit.errors import PluginError, UsageError
from aigc_edit.folders import cache_folder
from aigc_edit.media import (
    Damage,
    Source,
    chosen_codec,
    ensure_space,
    ensure_writable,
    least_bytes,
    own_threads,
    probe,
    read_subtitle_stream,
    scratch_for,
)
from aigc_edit.pipeline import Pipeline, StageSpec
from aigc_edit.timeline import EditList, Span, Timeline

_LONGEST_NAME = 230  # bytes of 255, since names of files beside it are longer


@dataclass(frozen=True)
class RunOptions:
    """How a run is carried out, whatever it does.

    `fused` False gives each analyser a decode of its own: slower, and the same result. A `crew`
    takes part in the render.
    """

    device: str = "auto"
    cache: bool = True
    fused: bool = True
    progress: Progress = field(default_factory=Silent)
    guard: Guard = field(default_factory=Guard)
    crew: Crew | None = None

    def track_cache(self) -> TrackCache:
        return TrackCache(cache_folder() if self.cache else None)


@dataclass(frozen=True)
class RunResult:
    """What a run left behind: the output, files beside it, the record."""

    output: Path
    files: tuple[Path, ...]
    record: Mapping[str, Any]
    edits: EditList


@dataclass(frozen=True)
class Analysis:
    """A source with all its tracks, in source time."""

    source: Source
    timeline: Timeline
    steps: tuple[AnalysisStep, ...]
    damage: Damage

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know of the source, one line each."""
        return self.source.warnings + self.damage.lines()


def output_path(pipeline: Pipeline, source: Path, wanted: str | Path | None) -> Path:
    """Where a result goes: a file, a folder, or by default NAME.PIPELINE.mp4 right here.

    A name that we choose is short enough for every file system, and never that of another
    source's result.

    Raises:
        UsageError: the output would be the input, or its name is too long.
        EncodeError: no container of that name is written.
    """
    output = Path(wanted or "")
    if not wanted or output.is_dir() or str(wanted).endswith("/"):
        output = _free_name(output, source, f"{pipeline.name}.{pipeline.output.container}")
    elif len(os.fsencode(output.name)) > _LONGEST_NAME:
        raise UsageError("its name is too long", where=output, cure="Name a shorter one with -o.")
    chosen_codec(output.suffix, "auto", sound=False)
    refuse_input(output, source)
    return output


def _free_name(folder: Path, source: Path, ending: str) -> Path:
    """A name for a source's result: by its stem, or by its whole name where that is taken."""
    names = (short_name(stem, f".{ending}") for stem in (source.stem, source.name))
    free = (name for name in names if made_from(folder / name) in (None, source.absolute()))
    return folder / next(free, short_name(source.name, f".{ending}"))


def short_name(stem: str, ending: str) -> str:
    """Stem and ending as one name; a stem that is too long for every file system is cut, and a
    digest keeps it apart from others."""
    room = _LONGEST_NAME - len(os.fsencode(ending))
    if len(os.fsencode(stem)) > room:
        digest = hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]
        while len(os.fsencode(stem)) + len(digest) + 1 > room:
            stem = stem[:-1]
        stem = f"{stem}~{digest}"
    return f"{stem}{ending}"


def refuse_input(output: Path, source: Path) -> None:
    """Raises UsageError where an output would be written over its own input."""
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError("the output is the input", where=output, cure="Name another file with -o.")


def plan_run(
    pipeline: Pipeline, path: Path, wanted: str | Path | None, options: RunOptions
) -> Plan:
    """The plan of a run; exact where all tracks are in the cache already."""
    _ask_for_weights(pipeline.stages, options.guard)
    source = probe(path, pipeline.input.choice())
    steps = analysis_steps(pipeline, source, options.track_cache())
    edits = tracks = None
    if all(step.cached is not None or not step.needs for step in steps):
        known = _finished(steps, source, _context(source, options), options)
        edits = _decided(pipeline, source, known, options.guard)
        tracks = known.in_output(edits)
    output = output_path(pipeline, path, wanted)
    return make_plan(
        pipeline,
        source,
        steps,
        edits=edits,
        output=output,
        tracks=tracks,
        fused=options.fused,
        guard=options.guard,
    )


def analyse(pipeline: Pipeline, path: Path, options: RunOptions) -> Analysis:
    """The tracks of a source, from the cache where they are known."""
    _ask_for_weights(pipeline.of_kind("analyze"), options.guard)
    return _analysed(pipeline, path, options, Clock(options.progress))


def _ask_for_weights(specs: Sequence[StageSpec], guard: Guard) -> None:
    """Raises what a stage raises whose weights are missing, before anything is decoded."""
    for spec in specs:
        with guard.around(spec.stage):
            spec.stage.weights()


def _context(source: Source, options: RunOptions) -> AnalysisContext:
    return AnalysisContext(
        duration=source.duration,
        rate=source.video.rate,
        audio_rate=source.audio.rate if source.audio else None,
        device=resolve_device(options.device),
        subtitles=partial(read_subtitle_stream, source),
    )


def _analysed(pipeline: Pipeline, path: Path, options: RunOptions, clock: Clock) -> Analysis:
    source = probe(path, pipeline.input.choice())
    cache = options.track_cache()
    steps = analysis_steps(pipeline, source, cache)
    context = _context(source, options)
    damage = Damage()
    for group in analysis_groups(steps, fused=options.fused):
        with clock.running("analysis", source.frames):
            damage.add(run_group(source, group, context, clock, options.guard))
    source.check_unchanged()
    damage = cache.damage(source, damage)
    refuse_damage(source, damage, pipeline.input.damage)
    return Analysis(source, _finished(steps, source, context, options), steps, damage)


def _finished(
    steps: Sequence[AnalysisStep], source: Source, context: AnalysisContext, options: RunOptions
) -> Timeline:
    """All tracks, in the order of the pipeline; what is new goes into the cache."""
    timeline, cache = Timeline(source.duration), options.track_cache()
    for step in steps:
        tracks = step.cached
        if tracks is None:
            tracks = tuple(finish_step(step, timeline, context, options.guard))
            cache.store(step.key, tracks)
        timeline = timeline.then(*tracks)
    return timeline


def _decided(pipeline: Pipeline, source: Source, timeline: Timeline, guard: Guard) -> EditList:
    """The edit list, borders on frames.

    Raises:
        UsageError: nothing is left.
    """
    edits = EditList.whole(source.duration)
    for selector in selectors(pipeline):
        edits = selected(selector, edits, timeline, guard).within(Span.merged(edits.spans))
    if source.grid is not None:
        edits = edits.on_frames(source.grid, source.duration)
    if pipeline.output.video.mode == "copy":
        edits = on_clean_keys(edits, source)
    if not edits.kept:
        names = ", ".join(s.name for s in selectors(pipeline))
        raise UsageError(
            f"nothing is left of the video after {names}",
            where=source.path,
            cure="Loosen their options with --set.",
        )
    return edits


def selected(selector: Selector, edits: EditList, timeline: Timeline, guard: Guard) -> EditList:
    """What a selector keeps.

    Raises:
        PluginError: it failed, or gave no edit list.
    """
    with guard.around(selector):
        chosen = selector.select(edits, timeline.only(selector.reads))
    if not isinstance(chosen, EditList):
        raise PluginError(
            f"stage {selector.name!r} gave {type(chosen).__name__}, not an EditList",
            cure="`select` returns what is kept, such as `EditList.of(spans)`.",
        )
    return chosen


def run(
    pipeline: Pipeline,
    path: Path,
    wanted: str | Path | None = None,
    options: RunOptions | None = None,
) -> RunResult:
    """Runs a pipeline over a file. What exists under the output's name is replaced at the end.

    Raises:
        AigcEditError: with one line that says what, where and what to do; nothing is left then.
    """
    options = options or RunOptions()
    output = output_path(pipeline, path, wanted)
    ensure_writable(output)
    _ask_for_weights(pipeline.stages, options.guard)
    clock = Clock(options.progress)
    analysis = _analysed(pipeline, path, options, clock)
    edits = _decided(pipeline, analysis.source, analysis.timeline, options.guard)
    work = _Work(pipeline, analysis, edits, output, options, clock)
    try:
        return work.done()
    except UnsafeCopyError as doubt:
        options.progress.say(f"{doubt.what}: once more, without copies")
        return work.done(no_copies=doubt.what)


@dataclass(frozen=True)
class _Work:
    """What is to be rendered, once it is decided."""

    pipeline: Pipeline
    analysis: Analysis
    edits: EditList
    output: Path
    options: RunOptions
    clock: Clock

    def done(self, *, no_copies: str = "") -> RunResult:
        """Plans, renders and publishes. `no_copies` says why nothing may be copied, if so."""
        source, cache = self.analysis.source, self.options.track_cache()
        tracks = self.analysis.timeline.in_output(self.edits)
        plan = make_plan(
            self.pipeline,
            source,
            self.analysis.steps,
            edits=self.edits,
            output=self.output,
            tracks=tracks,
            fused=self.options.fused,
            no_copies=no_copies,
        )
        device = resolve_device(self.options.device)
        key = render_key(self.pipeline, plan.render, cache.source_key(source), tracks, device)
        with scratch_for(self.output, key) as scratch:
            _ensure_room(self.pipeline, source, self.edits, plan, self.output.parent)
            files, record = Rendering(
                pipeline=self.pipeline,
                source=source,
                damage=self.analysis.damage,
                edits=self.edits,
                tracks=tracks,
                plan=plan,
                device=device,
                digest=cache.source_digest(source.path),
                clock=self.clock,
                scratch=scratch,
                guard=self.options.guard,
                elsewhere=self._sharing(plan, scratch.folder, key, device, no_copies),
            ).made()
        return RunResult(self.output, files, record, self.edits)

    def _sharing(
        self, plan: Plan, folder: Path, key: str, device: str, no_copies: str
    ) -> Sharing | None:
        """What parts the render among a crew, if there is one."""
        if self.options.crew is None:
            return None
        share = Share(
            source=self.analysis.source.path.absolute(),
            output=self.output.absolute(),
            folder=folder.absolute(),
            pieces=(),
            edits=self.edits,
            timeline=self.analysis.timeline.dumps(),
            no_copies=no_copies,
            device=device,
            threads=own_threads(plan.render.encoder),
            net_threads=_net_threads() if plan.render.filters else 0,
            key=key,
        )
        return Sharing(self.options.crew, share, plan.render.pieces, self.clock)


def _net_threads() -> int:
    import torch

    return torch.get_num_threads()


def _ensure_room(
    pipeline: Pipeline, source: Source, edits: EditList, plan: Plan, folder: Path
) -> None:
    """Raises EncodeError where the disk certainly cannot hold the result."""
    measured = any(audio_filter.measures for audio_filter in audio_filters(pipeline))
    rate = source.audio.rate if source.audio else MADE_RATE if makes_sound(pipeline) else 0
    heard = edits.duration if rate else 0
    needed = least_bytes(
        pixels=source.video.width * source.video.height,
        frames=plan.render.frames,
        sound_bits=round(heard * pipeline.output.audio.bitrate * 1000),
        raw_samples=round(heard * 2 * rate) if measured else 0,
    )
    copied = source.bytes * plan.render.copied // source.frames
    ensure_space(folder, needed + copied)
