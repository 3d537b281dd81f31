"""Decides which passes a pipeline makes over a source. Never touches a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from aigc_edit.api import Analyzer, Audio, AudioFilter, FrameFilter, Frames, Selector, Sink, Track
from aigc_edit.engine.cache import TrackCache
from aigc_edit.engine.filtering import cuts
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.pieces import (
    CopyChoice,
    Placed,
    copy_choice,
    first_number,
    looks_across,
    make_pieces,
)
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
from aigc_edit.errors import UsageError
from aigc_edit.media import CONTAINERS, Source, chosen_codec, chosen_encoder
from aigc_edit.pipeline import Pipeline, StageSpec, registered
from aigc_edit.timeline import SAME_TIME, EditList, Timeline

_USUAL_DEPTH = 8  # bits a sample
_DEEP_CODECS = ("hevc", "av1")  # H.264 with ten bits plays almost nowhere


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


def makes_sound(pipeline: Pipeline) -> bool:
    """Whether there is sound even where the source has none."""
    return any(audio_filter.makes_sound for audio_filter in audio_filters(pipeline))


def audio_filters(pipeline: Pipeline) -> tuple[AudioFilter, ...]:
    return tuple(s.stage for s in audio_chain(pipeline) if isinstance(s.stage, AudioFilter))


def frame_filters(pipeline: Pipeline) -> tuple[FrameFilter, ...]:
    stages = (spec.stage for spec in pipeline.of_kind("frames"))
    return tuple(s for s in stages if isinstance(s, FrameFilter))


def steady_steps(pipeline: Pipeline) -> tuple[str | None, ...]:
    """The id of each frame filter that is steady, None for the others."""
    return tuple(spec.id if spec.steady else None for spec in pipeline.of_kind("frames"))


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
    tracks: Timeline | None = None,
    fused: bool = True,
    no_copies: str = "",
    guard: Guard | None = None,
) -> Plan:
    """The whole plan; `edits` is None while the decision is still to come.

    Args:
        tracks: in output time, where the decision is known.
        no_copies: why no picture may be copied, if so.
        guard: watches selectors while they are asked how much they keep.
    """
    seconds = edits.duration if edits is not None else _expected(pipeline, source, guard or Guard())
    passes: list[Pass] = [
        _analysis_pass(source, group) for group in analysis_groups(steps, fused=fused)
    ]
    derived = tuple(s.id for s in steps if s.cached is None and not s.fed)
    cached = tuple(s.id for s in steps if s.cached is not None)
    if derived or cached:
        passes.append(DerivePass(derived, cached))
    passes.append(DecisionPass(_ids(pipeline.of_kind("select"))))
    if edits is None:
        passes.append(_undecided_pass(pipeline, source, seconds, output))
    else:
        passes.append(_render_pass(pipeline, source, edits, tracks, output, no_copies))
    if source.audio is not None or makes_sound(pipeline):
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
    pipeline: Pipeline,
    source: Source,
    edits: EditList,
    tracks: Timeline | None,
    output: Path,
    no_copies: str,
) -> RenderPass:
    filters, video = frame_filters(pipeline), pipeline.output.video
    steady = steady_steps(pipeline)
    codec = _video_codec(pipeline, source, output.suffix)
    encoder = chosen_encoder(codec, video.encoder)
    # Edges beside copies need an encoder that numbers its parameter sets, which hardware does not.
    beside = chosen_encoder(codec, "software") if video.encoder == "auto" else encoder
    choice = (
        CopyChoice("nothing", no_copies)
        if no_copies
        else copy_choice(source, edits, pipeline.output, output.suffix, beside, filters)
    )
    if video.mode == "copy" and choice.extent == "nothing":
        raise UsageError(
            f"the picture cannot be copied: {choice.why}",
            where=source.path,
            cure="Use output.video.mode=auto, which copies what it can.",
        )
    across = any(steady) or any(map(looks_across, filters))
    forgets = cuts(tracks, edits.seams) if tracks is not None else ()
    pieces = make_pieces(source, edits, choice, across=across, cuts=forgets)
    if video.mode == "copy" and not all(piece.copied for piece in pieces):
        raise UsageError(
            "a span begins before the first key frame that can be cut at",
            where=source.path,
            cure="Use output.video.mode=auto, which encodes what it cannot copy.",
        )
    if all(piece.copied for piece in pieces):
        codec = source.video.codec
    if any(piece.copied for piece in pieces):
        encoder = beside
    copied = sum(_shown(source, p.placed) for p in pieces if p.copied)
    encoded = [placed for p in pieces if not p.copied for placed in p.placed]
    frames = _shown(source, encoded) if video.fps is None else _at_rate(encoded, video.fps)
    decoded = _decoded(source, encoded)
    names = _filter_names(pipeline)
    return RenderPass(edits, pieces, frames, copied, decoded, names, codec, encoder, choice)


def _undecided_pass(
    pipeline: Pipeline, source: Source, seconds: Fraction, output: Path
) -> RenderPass:
    """What is known of a render before anybody knows what is kept."""
    video = pipeline.output.video
    codec = _video_codec(pipeline, source, output.suffix)
    encoder = chosen_encoder(codec, video.encoder)
    frames = round(seconds * (video.fps or source.video.rate))
    names = _filter_names(pipeline)
    return RenderPass(None, (), frames, 0, frames, names, codec, encoder, None)


def _filter_names(pipeline: Pipeline) -> tuple[str, ...]:
    steady = steady_steps(pipeline)
    return tuple(
        f"{name} (steady)" if name in steady else name for name in _ids(pipeline.of_kind("frames"))
    )


def _video_codec(pipeline: Pipeline, source: Source, suffix: str) -> str:
    """The codec of the output; `auto` keeps what is deeper than eight bits so, where nothing
    touches it and the container holds a codec that players take with ten bits."""
    wanted: str = pipeline.output.video.codec
    untouched = not pipeline.of_kind("frames")
    if wanted == "auto" and untouched and source.video.depth > _USUAL_DEPTH:
        held = CONTAINERS[suffix][0] if suffix in CONTAINERS else ()
        wanted = next((codec for codec in _DEEP_CODECS if codec in held), wanted)
    return chosen_codec(suffix, wanted, sound=False)


def _shown(source: Source, placed: Sequence[Placed]) -> int:
    """Pictures of the source that begin within spans, by the index of the file."""
    if not source.video.timed:
        return sum(round(p.span.duration * source.video.rate) for p in placed)
    return sum(len(source.shown_times(p.span)) for p in placed)


def _at_rate(placed: Sequence[Placed], fps: Fraction) -> int:
    return sum(first_number(p.end, fps) - first_number(p.at, fps) for p in placed)


def _decoded(source: Source, placed: Sequence[Placed]) -> int:
    """Pictures that must be decoded to show spans."""
    if not source.video.timed:
        return round(max((p.span.end for p in placed), default=Fraction(0)) * source.video.rate)
    first = float(source.video.first)
    slack = float(SAME_TIME)
    return sum(
        source.index.decoded_for(
            float(p.span.start) + first + slack, float(p.span.end) + first - slack
        )
        for p in placed
    )


def _expected(pipeline: Pipeline, source: Source, guard: Guard) -> Fraction:
    seconds = source.duration
    for selector in selectors(pipeline):
        with guard.around(selector):
            seconds = min(seconds, Fraction(selector.expected(seconds)))
    return seconds
