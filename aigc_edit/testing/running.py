"""A pipeline over a file, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aigc_edit.api import Timeline
from aigc_edit.engine import RunOptions, RunResult, analyse, run
from aigc_edit.pipeline import PluginChoice, pipeline_from_text


def run_pipeline(text: str, source: Path, output: Path, plugins: Sequence[Path] = ()) -> RunResult:
    """Runs a pipeline (YAML text) over a file on the CPU, without a cache.

    Args:
        plugins: files and folders, as `--plugins` takes them.

    Returns: what came out: `output`, `files` beside it, `record`, `edits`.
    """
    pipeline = pipeline_from_text(text, plugins=PluginChoice(tuple(plugins)))
    return run(pipeline, source, output, RunOptions("cpu", cache=False))


def found_tracks(text: str, source: Path, plugins: Sequence[Path] = ()) -> Timeline:
    """The tracks that a pipeline's analysers find in a file."""
    pipeline = pipeline_from_text(text, plugins=PluginChoice(tuple(plugins)))
    return analyse(pipeline, source, RunOptions("cpu", cache=False)).timeline
