"""Decides which passes a pipeline makes over a source. Never touches a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from aigc_edit.api import Analyzer, Audio, AudioFilter, FrameFilter, Frames, Selector, Sink, Track
from aigc_edit.engine.cache import TrackCache
from aigc_edit.engine.plan import (
    AnalysisPass,
    DecisionPass,
    DeliverPass,
    DerivePass,
    MuxPass,
    Pass,
    Plan,
    RenderPass,
    SoundPass,
    estimated_seconds,
)
from aigc_edit.media import Source, chosen_codec
from aigc_edit.pipeline import Pipeline, StageSpec, registered
from aigc_edit.timeline import EditList


@dataclass(frozen=True)
class AnalysisStep:
    """An analyser, what its tracks depend on, and its tracks where they are known already."""

    id: str
    analyzer: Analyzer
    key: str
    cached: tuple[Track, ...] | None
    needs: tuple[Frames | Audio, ...]

    @property
    def fed(self) -> bool:
        """Whether it must see or hear the source."""
        return self.cached is None and bool(self.needs)


def analysis_steps(
    pipeline: Pipeline, source: Source, cache: TrackCache
) -> tuple[AnalysisStep, ...]:
    """The analysers of a pipeline in order, with what the cache knows.

    Sound is not asked for where the source has none.
    """
    digest = cache.source_key(source)
    keys: dict[str, str] = {}
    steps = []
    for spec in pipeline.of_kind("analyze"):
        analyzer = spec.stage
        assert isinstance(analyzer, Analyzer)
        upstream = [keys[ref.name] for ref in analyzer.reads if ref.name in keys]
        key = cache.key(analyzer, digest, upstream)
        keys |= {ref.name: key for ref in analyzer.writes}
        needs = tuple(n for n in analyzer.needs if isinstance(n, Frames) or source.audio)
        steps.append(AnalysisStep(spec.id, analyzer, key, cache.load(key), needs))
    return tuple(steps)


def analysis_groups(
    steps: Sequence[AnalysisStep], *, fused: bool = True
) -> tuple[tuple[AnalysisStep, ...], ...]:
    """Which analysers share a decode: all of them, or (for comparison) each has its own."""
    fed = tuple(step for step in steps if step.fed)
    if not fed:
        return ()
    return (fed,) if fused else tuple((step,) for step in fed)


def audio_chain(pipeline: Pipeline) -> tuple[StageSpec, ...]:
    """The audio filters in order, with those that the output settings imply.

    Cuts click without fades, so `fades` comes first unless the pipeline places it; a loudness
    target brings `loudnorm` last.
    """
    chain = list(pipeline.of_kind("audio"))
    names = {spec.stage.name for spec in chain}
    if "fades" not in names and pipeline.of_kind("select"):
        chain.insert(0, StageSpec("fades", registered()["fades"].load()()))
    target = pipeline.output.audio.loudness
    if "loudnorm" not in names and target is not None:
        loudnorm = registered()["loudnorm"].load()
        chain.append(
            StageSpec("loudnorm", loudnorm(loudnorm.Options.model_validate({"target": target})))
        )
    return tuple(chain)


def audio_filters(pipeline: Pipeline) -> tuple[AudioFilter, ...]:
    return tuple(s.stage for s in audio_chain(pipeline) if isinstance(s.stage, AudioFilter))


def frame_filters(pipeline: Pipeline) -> tuple[FrameFilter, ...]:
    stages = (spec.stage for spec in pipeline.of_kind("frames"))
    return tuple(s for s in stages if isinstance(s, FrameFilter))


def selectors(pipeline: Pipeline) -> tuple[Selector, ...]:
    stages = (spec.stage for spec in pipeline.of_kind("select"))
    return tuple(s for s in stages if isinstance(s, Selector))


def sinks(pipeline: Pipeline) -> tuple[Sink, ...]:
    stages = (spec.stage for spec in pipeline.of_kind("deliver"))
    return tuple(s for s in stages if isinstance(s, Sink))


def make_plan(
    pipeline: Pipeline,
    source: Source,
    steps: Sequence[AnalysisStep],
    *,
    edits: EditList | None,
    output: Path,
    fused: bool = True,
) -> Plan:
    """The whole plan; `edits` is None while the decision is still to come."""
    passes: list[Pass] = [
        _analysis_pass(source, group) for group in analysis_groups(steps, fused=fused)
    ]
    derived = tuple(s.id for s in steps if s.cached is None and not s.fed)
    cached = tuple(s.id for s in steps if s.cached is not None)
    if derived or cached:
        passes.append(DerivePass(derived, cached))
    passes.append(DecisionPass(_ids(pipeline.of_kind("select"))))
    passes.append(_render_pass(pipeline, source, edits, output))
    if source.audio is not None:
        seconds = edits.duration if edits is not None else _expected(pipeline, source)
        codec = chosen_codec(output.suffix, pipeline.output.audio.codec, sound=True)
        passes.append(SoundPass(seconds, _ids(audio_chain(pipeline)), codec))
    passes += [MuxPass(output.suffix.lstrip(".")), DeliverPass(_ids(pipeline.of_kind("deliver")))]
    estimate = estimated_seconds(source, tuple(passes), pipeline.output.video.preset)
    return Plan(tuple(passes), estimate)


def _ids(specs: Sequence[StageSpec]) -> tuple[str, ...]:
    return tuple(spec.id for spec in specs)


def _analysis_pass(source: Source, group: Sequence[AnalysisStep]) -> AnalysisPass:
    wanted = [need for step in group for need in step.needs]
    sees = any(isinstance(need, Frames) for need in wanted)
    return AnalysisPass(
        tuple(step.id for step in group),
        tuple(step.needs for step in group),
        frames=source.frames if sees else 0,
        sound=any(isinstance(need, Audio) for need in wanted),
    )


def _render_pass(
    pipeline: Pipeline, source: Source, edits: EditList | None, output: Path
) -> RenderPass:
    codec = chosen_codec(output.suffix, pipeline.output.video.codec, sound=False)
    filters = _ids(pipeline.of_kind("frames"))
    if edits is None:
        frames = round(_expected(pipeline, source) * source.video.rate)
        return RenderPass(None, frames, frames, filters, codec)
    frames, decoded = _counted(source, edits)
    return RenderPass(edits, frames, decoded, filters, codec)


def _counted(source: Source, edits: EditList) -> tuple[int, int]:
    """Frames shown and frames decoded for an edit list, by the index of the file."""
    if not source.video.timed:
        shown = sum(round(s.duration * source.video.rate) for s in edits.spans)
        last = max((s.end for s in edits.spans), default=Fraction(0))
        return shown, round(last * source.video.rate)
    first = float(source.video.first)
    times = source.index.times - first
    shown = decoded = 0
    for span in edits.spans:
        start, end = float(span.start) - 1e-5, float(span.end) - 1e-5
        shown += int(((times >= start) & (times < end)).sum())
        decoded += source.index.decoded_for(start + first, end + first)
    return shown, decoded


def _expected(pipeline: Pipeline, source: Source) -> Fraction:
    seconds = source.duration
    for selector in selectors(pipeline):
        seconds = min(seconds, selector.expected(seconds))
    return seconds
