"""Which stage feeds which: tracks that nobody writes, that come too late, or twice."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from aigc_edit.api import Analyzer, AudioFilter, PluginError, Sink, Stage, TrackRef
from aigc_edit.errors import Problem
from aigc_edit.pipeline.registry import Registry
from aigc_edit.pipeline.yaml_file import Document


@dataclass(frozen=True)
class StageSpec:
    """One checked step: its id in this pipeline, and the stage, made with its options.

    Attributes:
        steady: its flicker is blended away; frame filters only.
    """

    id: str
    stage: Stage
    steady: bool = False

    @property
    def kind(self) -> str:
        return self.stage.kind


def track_problems(
    document: Document, specs: Sequence[StageSpec], registry: Registry
) -> Iterator[Problem]:
    """Tracks that nobody writes, that are written too late, or twice."""
    writers: dict[str, int] = {}
    for k, spec in enumerate(specs):
        for ref in spec.stage.writes:
            if ref.name in writers:
                other = specs[writers[ref.name]].id
                yield document.problem(
                    ("stages", k),
                    f"{spec.id} writes the track {ref.name!r}, as {other} does",
                    "Keep one of them.",
                )
            writers.setdefault(ref.name, k)
    yield from _shared_files(document, specs)
    for k, spec in enumerate(specs):
        for ref in spec.stage.reads:
            yield from _unmet(document, specs, writers, k, ref, registry)


def _shared_files(document: Document, specs: Sequence[StageSpec]) -> Iterator[Problem]:
    """Stages that would write over each other's files."""
    owners: dict[str, str] = {}
    for k, spec in enumerate(specs):
        for suffix in spec.stage.suffixes if isinstance(spec.stage, Sink | AudioFilter) else ():
            if suffix in owners:
                what = f"{spec.id} writes NAME{suffix}, as {owners[suffix]} does"
                yield document.problem(("stages", k), what, "Keep one of them.")
            owners.setdefault(suffix, spec.id)


def _unmet(
    document: Document,
    specs: Sequence[StageSpec],
    writers: Mapping[str, int],
    k: int,
    ref: TrackRef,
    registry: Registry,
) -> Iterator[Problem]:
    writer = writers.get(ref.name)
    if writer is None and not ref.optional:
        makers = _writers_of(ref, registry)
        cure = f"Add `- uses: {makers[0]}` above it." if makers else "No stage here writes it."
        what = f"{specs[k].id} reads the track {ref.name!r}, which nobody writes"
        yield document.problem(("stages", k), what, cure)
    elif writer is not None and not _fits(ref, specs[writer]):
        what = f"{specs[k].id} reads {ref}, and {specs[writer].id} writes another kind of that name"
        yield document.problem(("stages", k), what, "They do not go together.")
    elif writer is not None and writer > k and specs[k].kind == "analyze":
        what = f"{specs[k].id} reads the track {ref.name!r}, which {specs[writer].id} writes later"
        yield document.problem(("stages", k), what, f"Move {specs[writer].id} above it.")


def _fits(ref: TrackRef, writer: StageSpec) -> bool:
    return any(w.name == ref.name and issubclass(w.kind, ref.kind) for w in writer.stage.writes)


def _writers_of(ref: TrackRef, registry: Registry) -> list[str]:
    """Registered stages that write the track, whatever their options."""
    found = []
    for name, entry in registry.items():
        with suppress(PluginError):  # told where it is used
            stage = entry.load()
            written = inspect.getattr_static(stage, "writes")
            plain = issubclass(stage, Analyzer) and not isinstance(written, property)
            if plain and ref.name in {w.name for w in written}:
                found.append(name)
    return found
