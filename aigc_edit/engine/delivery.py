"""What lies beside a finished film: what stages say and write, and the record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aigc_edit.api import Analyzer, AudioFilter, Delivery, Sink, Stage, Timeline
from aigc_edit.engine.earlier import record_path
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.planner import audio_filters, sinks
from aigc_edit.errors import PluginError
from aigc_edit.pipeline import Pipeline, StageSpec


def delivered(
    pipeline: Pipeline, delivery: Delivery, record: dict[str, Any], guard: Guard
) -> dict[Path, bytes | str]:
    """The files beside the output by path, the record last; it takes in what stages have to say."""
    found: dict[Path, bytes | str] = {}
    for kind in ("analyze", "select", "frames"):
        for spec in pipeline.of_kind(kind):
            _note_report(record, spec, guard, delivery.tracks)
    for audio_filter in audio_filters(pipeline):
        with guard.around(audio_filter):
            files = audio_filter.files()
        check_files(audio_filter, files, bytes)
        found |= {delivery.beside(suffix): content for suffix, content in files.items()}
    for spec, sink in zip(pipeline.of_kind("deliver"), sinks(pipeline), strict=True):
        with guard.around(sink):
            texts = sink.deliver(delivery)
        check_files(sink, texts, str)
        _note_report(record, spec, guard, delivery.tracks)
        found |= {delivery.beside(suffix): text for suffix, text in texts.items()}
    noted = json.dumps(record, indent=1, ensure_ascii=False)
    return found | {record_path(delivery.output): noted}


def _note_report(record: dict[str, Any], spec: StageSpec, guard: Guard, tracks: Timeline) -> None:
    """Adds what a stage has to say to the record."""
    report = {**guard.reported(spec.stage), **_remark(spec.stage, tracks)}
    if report:
        record["stages"][spec.id] = report
    if "note" in report:
        record["warnings"].append(f"{spec.id}: {report['note']}")


def _remark(stage: Stage, tracks: Timeline) -> Mapping[str, str]:
    """What the tracks of an analyser have to say, as its note: the cache knows it as well."""
    names = [ref.name for ref in stage.writes] if isinstance(stage, Analyzer) else []
    said = [tracks.tracks[name].remark for name in names if name in tracks]
    return {"note": "; ".join(filter(None, said))} if any(said) else {}


def check_files(stage: Sink | AudioFilter, given: Any, content: type) -> None:
    """Raises PluginError where a stage gives files that it had not announced."""
    right = isinstance(given, Mapping) and all(isinstance(it, content) for it in given.values())
    if not right or not set(given) <= set(stage.suffixes):
        gave = sorted(map(str, given)) if right else type(given).__name__
        raise PluginError(
            f"stage {stage.name!r} gave {gave}, and its suffixes are {sorted(stage.suffixes)}",
            cure=f"It returns {content.__name__} by suffix, for suffixes that the class names.",
        )
