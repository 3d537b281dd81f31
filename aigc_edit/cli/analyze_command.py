"""`aigc-edit analyze`: the tracks alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aigc_edit.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_pipeline(parser)
    common.add_input(parser)
    common.add_output(parser, "JSON file of the timeline; default: standard output")
    common.add_running(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.engine import analyse, refuse_input

    output = Path(parsed.output) if parsed.output else None
    pipeline = common.loaded_pipeline(parsed)
    with common.local_input(parsed) as path:
        if output is not None:
            refuse_input(output, path)
        with common.results_alone(parsed):
            analysis = analyse(pipeline, path, common.run_options(parsed))
    if not parsed.quiet:
        for warning in analysis.warnings:
            print(f"note: {warning}", file=sys.stderr)
    text = analysis.timeline.dumps()
    if output is None:
        print(text)
    else:
        common.write_text(output, text + "\n")
    return 0
