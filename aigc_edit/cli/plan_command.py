"""`aigc-edit plan`: what a run would do."""

from __future__ import annotations

import argparse

from aigc_edit.cli import common


def add_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_pipeline(parser)
    common.add_input(parser)
    common.add_output(parser, "as for `run`; nothing is written")
    common.add_running(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.engine import plan_run

    pipeline = common.loaded_pipeline(parsed)
    with common.local_input(parsed) as path, common.results_alone(parsed):
        plan = plan_run(pipeline, path, parsed.output, common.run_options(parsed))
    print(plan)
    return 0
