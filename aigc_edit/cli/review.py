"""`aigc-edit run --review`: what is said, to be corrected before anything is rendered."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli import common
from aigc_edit.words import counted

if TYPE_CHECKING:
    from aigc_edit.pipeline import Pipeline, StageSpec


def review(parsed: argparse.Namespace, pipeline: Pipeline) -> int:
    """Writes each sentence as a subtitle in source time, and says how the next run reads it.

    Raises:
        UsageError: nothing listens to what is said, or an earlier review lies there.
    """
    from aigc_edit.api import Transcript
    from aigc_edit.engine import analyse, output_path
    from aigc_edit.stages.text import sentence_cues, subtitle_text

    spec = _listener(pipeline)
    with common.local_input(parsed) as path, common.results_alone(parsed):
        target = _target(output_path(pipeline, path, parsed.output))
        analysis = analyse(pipeline, path, common.run_options(parsed))
    said = analysis.timeline.get(Transcript, spec.stage.writes[0].name)
    if not said.sentences:
        print(f"no words were found in {path}: there is nothing to correct")
        return 0
    common.write_text(target, subtitle_text(sentence_cues(said), "srt"))
    print(f"{target}: {counted(len(said.sentences), 'sentence')} to read and correct; then run")
    print(f"  {_next_command(parsed.arguments, spec, target)}")
    return 0


def _listener(pipeline: Pipeline) -> StageSpec:
    """The stage that writes what is said, and can read it from a file."""
    from aigc_edit.errors import UsageError

    for spec in pipeline.of_kind("analyze"):
        if "from" in type(spec.stage.options).option_fields():
            return spec
    raise UsageError(
        "--review: no stage of this pipeline writes what is said", cure="Add `- uses: transcribe`."
    )


def _target(output: Path) -> Path:
    from aigc_edit.errors import UsageError

    target = output.with_suffix(".review.srt")
    if target.exists():
        cure = "Go on with it (see --help), or move it away."
        raise UsageError("this review is there already", where=target, cure=cure)
    return target


def _next_command(given: Sequence[str], spec: StageSpec, target: Path) -> str:
    """The command that was given, with the file instead of the review."""
    arguments = [word for word in given if word != "--review"]
    return shlex.join(["aigc-edit", *arguments, "--set", f"{spec.id}.from={target}"])
