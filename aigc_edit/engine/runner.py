"""One pipeline over one source, from the file to the files."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aigc_edit.api import AnalysisContext, Delivery
from aigc_edit.engine.analysis import blaming, finish_step, run_group
from aigc_edit.engine.cache import TrackCache, cache_folder
from aigc_edit.engine.device import resolve_device
from aigc_edit.engine.pieces import on_clean_keys
from aigc_edit.engine.plan import Plan
from aigc_edit.engine.planner import (
    AnalysisStep,
    analysis_groups,
    analysis_steps,
    audio_filters,
    frame_filters,
    make_plan,
    selectors,
    sinks,
)
from aigc_edit.engine.programme import (
    output_chapters,
    output_metadata,
    sound_tracks,
    track_metadata,
)
from aigc_edit.engine.progress import Clock, Progress, Silent
from aigc_edit.engine.record import make_record, seconds, source_facts
from aigc_edit.engine.render import RenderJob, RenderReport, render
from aigc_edit.engine.resume import render_key
from aigc_edit.engine.sound import SoundJob, SoundReport, render_sounds
from aigc_edit.errors import DecodeError, EncodeError, UsageError
from aigc_edit.media import (
    Damage,
    Programme,
    Scratch,
    SoundPart,
    Source,
    chosen_codec,
    ensure_space,
    ensure_writable,
    least_bytes,
    mux,
    probe,
    scratch_for,
)
from aigc_edit.pipeline import Pipeline
from aigc_edit.timeline import EditList, Timeline


@dataclass(frozen=True)
class RunOptions:
    """How a run is carried out, whatever it does.

    `fused` False gives each analyser a decode of its own: slower, and the same result.
    """

    device: str = "auto"
    cache: bool = True
    fused: bool = True
    progress: Progress = field(default_factory=Silent)

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
    warnings: tuple[str, ...] = ()


def output_path(pipeline: Pipeline, source: Path, wanted: str | Path | None) -> Path:
    """Where a result goes: a file, a folder, or by default NAME.PIPELINE.mp4 right here.

    Raises:
        UsageError: the output would be the input.
        EncodeError: no container of that name is written.
    """
    name = f"{source.stem}.{pipeline.name}.{pipeline.output.container}"
    output = Path(wanted or name)
    if output.is_dir() or str(wanted).endswith("/"):
        output = output / name
    chosen_codec(output.suffix, "auto", sound=False)
    refuse_input(output, source)
    return output


def refuse_input(output: Path, source: Path) -> None:
    """Raises UsageError where an output would be written over its own input."""
    if output.exists() and source.exists() and output.samefile(source):
        raise UsageError("the output is the input", where=output, cure="Name another file with -o.")


def plan_run(
    pipeline: Pipeline, path: Path, wanted: str | Path | None, options: RunOptions
) -> Plan:
    """The plan of a run; exact where all tracks are in the cache already."""
    source = probe(path, pipeline.input.choice())
    steps = analysis_steps(pipeline, source, options.track_cache())
    edits = None
    if all(step.cached is not None or not step.needs for step in steps):
        known = _finished(steps, source, _context(source, options), options.track_cache())
        edits = _decided(pipeline, source, known)
    output = output_path(pipeline, path, wanted)
    return make_plan(pipeline, source, steps, edits=edits, output=output, fused=options.fused)


def analyse(pipeline: Pipeline, path: Path, options: RunOptions) -> Analysis:
    """The tracks of a source, from the cache where they are known."""
    return _analysed(pipeline, path, options, Clock(options.progress))


def _context(source: Source, options: RunOptions) -> AnalysisContext:
    return AnalysisContext(
        duration=source.duration,
        rate=source.video.rate,
        audio_rate=source.audio.rate if source.audio else None,
        device=resolve_device(options.device),
    )


def _analysed(pipeline: Pipeline, path: Path, options: RunOptions, clock: Clock) -> Analysis:
    source = probe(path, pipeline.input.choice())
    cache = options.track_cache()
    steps = analysis_steps(pipeline, source, cache)
    context = _context(source, options)
    damage = Damage()
    for group in analysis_groups(steps, fused=options.fused):
        with clock.running("analysis", source.frames):
            damage.add(run_group(source, group, context, clock))
    source.check_unchanged()
    damage = cache.damage(source, damage)
    refuse_damage(source, damage, pipeline.input.damage)
    warnings = source.warnings + damage.lines()
    return Analysis(source, _finished(steps, source, context, cache), steps, warnings)


def refuse_damage(source: Source, damage: Damage, most: float) -> None:
    """Raises DecodeError where a larger share of the pictures is damaged than `most`."""
    share = len(damage.pictures) / source.frames
    if share > most:
        raise DecodeError(
            f"{share:.0%} of its pictures are damaged, more than {most:.0%} "
            f"({'; '.join(damage.lines())})",
            where=source.path,
            cure="Get a whole copy, or put up with it: --set input.damage=1.",
        )


def _finished(
    steps: Sequence[AnalysisStep], source: Source, context: AnalysisContext, cache: TrackCache
) -> Timeline:
    """All tracks, in the order of the pipeline; what is new goes into the cache."""
    timeline = Timeline(source.duration)
    for step in steps:
        tracks = step.cached
        if tracks is None:
            tracks = tuple(finish_step(step, timeline, context))
            cache.store(step.key, tracks)
        timeline = timeline.then(*tracks)
    return timeline


def _decided(pipeline: Pipeline, source: Source, timeline: Timeline) -> EditList:
    """The edit list, borders on frames.

    Raises:
        UsageError: nothing is left.
    """
    edits = EditList.whole(source.duration)
    for selector in selectors(pipeline):
        with blaming(selector):
            edits = selector.select(edits, timeline).clipped(source.duration)
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
    clock = Clock(options.progress)
    analysis = _analysed(pipeline, path, options, clock)
    edits = _decided(pipeline, analysis.source, analysis.timeline)
    plan = make_plan(
        pipeline, analysis.source, analysis.steps, edits=edits, output=output, fused=options.fused
    )
    tracks = analysis.timeline.in_output(edits)
    device = resolve_device(options.device)
    key = render_key(
        options.track_cache().source_key(analysis.source),
        plan.render,
        pipeline.output.video,
        frame_filters(pipeline),
        tracks,
        device,
    )
    _ensure_room(pipeline, analysis.source, edits, plan, output)
    with scratch_for(output, key) as scratch:
        return _Rendering(
            pipeline, analysis, edits, tracks, plan, options, device, clock, scratch
        ).done()


def _ensure_room(
    pipeline: Pipeline, source: Source, edits: EditList, plan: Plan, output: Path
) -> None:
    """Raises EncodeError where the disk certainly cannot hold the result."""
    measured = any(audio_filter.measures for audio_filter in audio_filters(pipeline))
    heard = edits.duration if source.audio else 0
    needed = least_bytes(
        pixels=source.video.width * source.video.height,
        frames=plan.render.frames,
        sound_bits=round(heard * pipeline.output.audio.bitrate * 1000),
        raw_samples=round(heard * 2 * source.audio.rate) if source.audio and measured else 0,
    )
    copied = source.bytes * plan.render.copied // source.frames
    ensure_space(output.parent, needed + copied)


@dataclass(frozen=True)
class _Rendering:
    """The second half of a run: what was decided becomes files. `tracks` are in output time."""

    pipeline: Pipeline
    analysis: Analysis
    edits: EditList
    tracks: Timeline
    plan: Plan
    options: RunOptions
    device: str
    clock: Clock
    scratch: Scratch

    def done(self) -> RunResult:
        picture, sounds = self._rendered()
        muxed = self._muxed(picture, sounds)
        record = self._record(picture, sounds)
        beside = self._delivered(record)
        self.analysis.source.check_unchanged()
        for number, text in enumerate(beside.values()):
            self.scratch.write_text(f"beside{number}", text)
        self.scratch.publish(muxed.name)
        for number, target in enumerate(beside):
            self.scratch.publish(f"beside{number}", target)
        return RunResult(self.scratch.output, tuple(beside), record, self.edits)

    def _rendered(self) -> tuple[RenderReport, tuple[SoundReport, ...]]:
        """Picture and sound, side by side."""
        stop = threading.Event()
        with (
            ThreadPoolExecutor(1, "sound") as pool,
            self.clock.running("render", self.plan.render.frames),
        ):
            heard: Future[tuple[SoundReport, ...]] = pool.submit(self._sounds, stop)
            try:
                return render(self._job(), self.clock), heard.result()
            except BaseException:
                stop.set()
                heard.exception()
                raise

    def _job(self) -> RenderJob:
        video, planned = self.pipeline.output.video, self.plan.render
        copies = planned.choice is not None and planned.copied > 0
        return RenderJob(
            source=self.analysis.source,
            pieces=planned.pieces,
            seams=self.edits.seams,
            filters=frame_filters(self.pipeline),
            tracks=self.tracks,
            encoder=planned.encoder,
            quality=video.quality,
            preset=video.preset,
            fps=video.fps,
            sps_id=planned.choice.sps_id if planned.choice and copies else None,
            device=self.device,
            folder=self.scratch.folder,
        )

    def _sounds(self, stop: threading.Event) -> tuple[SoundReport, ...]:
        source, audio = self.analysis.source, self.pipeline.output.audio
        streams = sound_tracks(source.audio, source.audio_tracks, audio.tracks)
        job = SoundJob(
            source=source,
            edits=self.edits,
            filters=audio_filters(self.pipeline),
            tracks=self.tracks,
            codec=chosen_codec(self.scratch.output.suffix, audio.codec, sound=True),
            bitrate=audio.bitrate * 1000,
            folder=self.scratch.folder,
        )
        return render_sounds(job, streams, stop)

    def _programme(self, picture: RenderReport, sounds: Sequence[SoundReport]) -> Programme:
        source, output = self.analysis.source, self.pipeline.output
        kept = output_metadata(source.metadata, strip_location=output.strip_location)
        return Programme(
            pictures=picture.parts,
            sounds=[
                SoundPart(sound.path, track_metadata(sound.track), default=number == 0)
                for number, sound in enumerate(sounds)
            ],
            step=1 / (output.video.fps or source.video.rate),
            metadata=kept if output.metadata else {},
            chapters=output_chapters(source.chapters, self.edits) if output.metadata else (),
        )

    def _muxed(self, picture: RenderReport, sounds: Sequence[SoundReport]) -> Path:
        """The finished file, still under a private name, checked against what was rendered."""
        part = self.scratch.part(f"muxed{self.scratch.output.suffix}")
        frames = picture.frames + self.plan.render.copied
        with self.clock.running("mux", frames):
            mux(part, self._programme(picture, sounds))
            written = probe(part)
        if written.frames != frames:
            raise EncodeError(
                f"{written.frames} frames were written, {frames} rendered",
                where=self.scratch.output,
                cure="Please report this with the run's --debug output.",
            )
        return part

    def _record(self, picture: RenderReport, sounds: Sequence[SoundReport]) -> dict[str, Any]:
        source = self.analysis.source
        digest = self.options.track_cache().source_digest(source.path)
        warnings = list(self.analysis.warnings)
        if picture.repeated:
            warnings.append(f"{picture.repeated} frames shared a time with their neighbour")
        return make_record(
            pipeline=self.pipeline.describe(),
            plan=self.plan,
            source=source_facts(source, digest),
            edits=self.edits,
            device=self.device,
            costs=self.clock.costs,
            output={
                "path": str(self.scratch.output),
                "duration": seconds(self.edits.duration),
                "frames": picture.frames + self.plan.render.copied,
                "decoded": picture.decoded,
                "copied": self.plan.render.copied,
                "resumed": picture.resumed,
            },
            sound=[sound.facts() for sound in sounds],
            warnings=warnings,
        )

    def _delivered(self, record: dict[str, Any]) -> dict[Path, str]:
        """The texts beside the output, by path: what sinks give, and the record."""
        source = self.analysis.source
        delivery = Delivery(
            output=self.scratch.output,
            source=source.path,
            source_duration=source.duration,
            rate=source.video.rate,
            edits=self.edits,
            tracks=self.tracks,
            record=record,
        )
        texts: dict[Path, str] = {}
        for sink in sinks(self.pipeline):
            with blaming(sink):
                given = sink.deliver(delivery)
            texts |= {delivery.beside(suffix): text for suffix, text in given.items()}
        record_path = self.scratch.output.with_name(f"{self.scratch.output.name}.run.json")
        texts[record_path] = json.dumps(record, indent=1, ensure_ascii=False)
        return texts
