"""The child that takes mutants: a path on each line of standard input, a verdict on each line out.

A crash of a codec library ends this process only, and whoever feeds it knows by which mutant.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from pathlib import Path

import av

from aigc_edit.engine import RunOptions, run
from aigc_edit.errors import AigcEditError
from aigc_edit.media import probe
from aigc_edit.pipeline import Pipeline, pipeline_from_text
from tests.hostile import outputs

_PIPELINE = """\
schema: 1
name: fuzz
stages:
  - uses: given_spans
    with: {spans: [[0.1s, 0.3s], [0.5s, 0.9s]]}
output:
  video: {preset: ultrafast, encoder: software}
"""
_OPTIONS = RunOptions("cpu", cache=False)


def verdict(pipeline: Pipeline, mutant: Path, out: Path) -> dict[str, str]:
    """`end` is ok, error, or harm: bug (a foreign exception), left (files), short (a result that
    is not what its record says); `what` says more."""
    out.mkdir()
    try:
        probe(mutant)
        run(pipeline, mutant, out / "out.mp4", _OPTIONS)
    except AigcEditError as error:
        return _refused(error, out)
    except Exception as error:  # noqa: BLE001 -- to find these is what fuzzing is for
        place = traceback.extract_tb(error.__traceback__)
        ours = [f for f in place if f"aigc_edit{os.sep}" in f.filename] or list(place)
        at = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        return {"end": "bug", "what": f"{type(error).__name__} at {at}: {str(error)[:160]}"}
    finally:
        found = outputs.leftovers(out) if out.exists() else []
    return _delivered(out, found)


def _refused(error: AigcEditError, out: Path) -> dict[str, str]:
    if "\n" in str(error):
        return {"end": "bug", "what": f"an error of several lines: {error}"}
    if left := outputs.leftovers(out):
        return {"end": "left", "what": f"left behind after an error: {left}"}
    return {"end": "error", "what": type(error).__name__}


def _delivered(out: Path, found: list[str]) -> dict[str, str]:
    if found != ["out.mp4", "out.mp4.run.json"]:
        return {"end": "left", "what": f"left behind: {found}"}
    record = outputs.strict_json((out / "out.mp4.run.json").read_text("utf-8"))
    try:
        wrong = list(outputs.against_record(outputs.facts(out / "out.mp4"), record))
    except (av.error.FFmpegError, IndexError, TypeError) as cause:
        wrong = [f"its result does not decode: {cause!r}"]
    return {"end": "short", "what": wrong[0]} if wrong else {"end": "ok", "what": ""}


def main() -> None:
    pipeline = pipeline_from_text(_PIPELINE)
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not mix with replies
    for line in sys.stdin:
        mutant = Path(line.strip())
        out = mutant.with_suffix(".out")
        answer = verdict(pipeline, mutant, out)
        shutil.rmtree(out, ignore_errors=True)
        replies.write(json.dumps(answer) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
