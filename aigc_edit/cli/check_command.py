"""`aigc-edit check`: pipeline files, all problems at once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from aigc_edit.cli import common
from aigc_edit.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "pipelines", type=Path, nargs="+", metavar="PIPELINE", help="pipeline files (YAML)"
    )
    common.add_plugins(parser)
    common.add_trust(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.errors import PipelineError
    from aigc_edit.pipeline import load_pipeline

    code = 0
    for path in parsed.pipelines:
        try:
            pipeline = load_pipeline(path, plugins=common.plugin_choice(parsed))
        except PipelineError as error:
            print(error, file=sys.stderr)
            code = error.exit_code
        else:
            for warning in pipeline.warnings:
                print(f"aigc-edit: {warning}", file=sys.stderr)
            print(f"{path}: {counted(len(pipeline.stages), 'stage')}, nothing wrong")
    return code
