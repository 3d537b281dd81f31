"""Results that lie there already: what they were made from, and whether they still hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from aigc_edit.engine.cache import TrackCache
from aigc_edit.engine.guard import Guard
from aigc_edit.engine.record import versions
from aigc_edit.pipeline import Pipeline
from aigc_edit.strangers import code_digest

RECORD_ENDING = ".run.json"
_OURS = "aigc_edit"
_NO_RECORD = (OSError, ValueError, KeyError, TypeError)  # what reading one that is none raises


def record_path(output: Path) -> Path:
    """Where the record of an output lies."""
    return output.with_name(f"{output.name}{RECORD_ENDING}")


def record_of(output: Path) -> Mapping[str, Any] | None:
    """The record of the file of this name; None where it has none, or it is another file's:
    a run that was killed between two renames leaves a new record beside an old film."""
    try:
        record = _read(output)
        whole = output.stat().st_size == record["output"]["bytes"]
    except _NO_RECORD:
        return None
    return record if whole else None


def made_from(output: Path) -> Path | None:
    """The source that an earlier result was made from, by its record."""
    named = source_named(output)
    return None if named is None else Path(named)


def source_named(output: Path) -> str | None:
    """As `made_from`, in the record's words: it may be a URL."""
    try:
        return str(_read(output)["source"]["path"])
    except _NO_RECORD:
        return None


def _read(output: Path) -> Mapping[str, Any]:
    record: Mapping[str, Any] = json.loads(record_path(output).read_text("utf-8"))
    return record


def made_with(pipeline: Pipeline, guard: Guard) -> str:
    """What stages bring along besides their options, as one word: weights, and strangers' code.

    Raises:
        AigcEditError: what a stage raises whose weights are missing.
    """
    facts = []
    for spec in pipeline.stages:
        module = type(spec.stage).__module__
        with guard.around(spec.stage):
            weights = spec.stage.weights()
        code = "" if module.partition(".")[0] == _OURS else code_digest(module)
        facts.append([spec.id, module, weights, code])
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class Earlier:
    """Judges earlier results of one pipeline, by what is in their records and not by time."""

    def __init__(self, pipeline: Pipeline, cache: TrackCache, guard: Guard) -> None:
        self._pipeline, self._cache, self._guard = pipeline, cache, guard

    def check(self) -> None:
        """Raises AigcEditError where weights are missing, before anything is looked at."""
        _ = self._wanted

    @cached_property
    def _wanted(self) -> dict[str, Any]:
        """What the record of a result says that need not be made again."""
        return {
            "pipeline": json.loads(json.dumps(self._pipeline.describe())),
            "versions": versions(),
            "made_with": made_with(self._pipeline, self._guard),
        }

    def standing(self, output: Path, source: Path) -> Mapping[str, Any] | None:
        """The record of a result that still holds: the bytes of the source, the pipeline, the
        versions, the weights and the plugins are those that it was made from."""
        record = record_of(output)
        if record is None or not self.is_current(record):
            return None
        return record if self.has_bytes(record, source) else None

    def is_current(self, record: Mapping[str, Any]) -> bool:
        """Whether a result would be made in the same way now, whatever its source is."""
        return all(record.get(key) == fact for key, fact in self._wanted.items())

    def has_bytes(self, record: Mapping[str, Any], source: Path) -> bool:
        """Whether a result was made from the bytes that a file has now."""
        same: bool = record["source"]["sha256"] == self._cache.source_digest(source)
        return same

    def other_source(self, output: Path, source: Path) -> Path | None:
        """Another source, still there, whose result has this name; None if there is none."""
        other = made_from(output) if output.exists() else None
        if other is None or other == source.absolute() or not other.exists():
            return None
        return other
