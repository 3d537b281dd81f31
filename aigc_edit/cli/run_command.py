"""`aigc-edit run`: a pipeline over a video."""

from __future__ import annotations

import argparse
from pathlib import Path

from aigc_edit.cli import common
from aigc_edit.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_pipeline(parser)
    common.add_input(parser)
    common.add_output(parser, "file or folder; default: NAME.PIPELINE.mp4 in this folder")
    parser.add_argument(
        "--review",
        action="store_true",
        help="only write what is said, as a subtitle file to correct, and say how to go on with it",
    )
    common.add_running(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.cli.review import review
    from aigc_edit.engine import run

    pipeline = common.loaded_pipeline(parsed)
    if parsed.review:
        return review(parsed, pipeline)
    with common.local_input(parsed) as path, common.results_alone(parsed):
        result = run(pipeline, path, parsed.output, common.run_options(parsed))
    if not parsed.quiet:
        for line in _summary(result.output, result.files, result.record):
            print(line)
    return 0


def _summary(output: Path, files: tuple[Path, ...], record: object) -> list[str]:
    assert isinstance(record, dict)
    spans, seconds = len(record["kept"]), record["output"]["duration"]
    took = sum(cost["seconds"] for cost in record["passes"])
    lines = [f"{output}: {seconds:.1f} s from {counted(spans, 'span')}, made in {took:.1f} s"]
    lines += [f"beside it: {', '.join(file.name for file in files)}"]
    return lines + [f"note: {warning}" for warning in record["warnings"]]
