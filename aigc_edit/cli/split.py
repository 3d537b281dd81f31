"""`aigc-edit run --split`: one video, rendered by several processes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli import common
from aigc_edit.cli.many import work_of

if TYPE_CHECKING:
    from aigc_edit.engine import RunOptions
    from aigc_edit.pipeline import Pipeline


@contextmanager
def with_crew(parsed: argparse.Namespace, pipeline: Pipeline, source: Path) -> Iterator[RunOptions]:
    """How to run, with a crew of processes here or on a cluster."""
    from aigc_edit.batch import ExecutorCrew, Pool, RayExecutor, Sizing
    from aigc_edit.engine import output_path

    options, work = common.run_options(parsed), work_of(parsed, pipeline)
    with tempfile.TemporaryDirectory(prefix="aigc-edit-") as logs:
        executor: Pool | RayExecutor
        if parsed.on:
            folder = output_path(pipeline, source, parsed.output).absolute().parent
            folder.mkdir(parents=True, exist_ok=True)
            args = (parsed.on, work, folder, parsed.jobs, sys.maxsize, parsed.device)
            executor = RayExecutor(*args)
        else:
            executor = Pool(work, Sizing.here(parsed.jobs, sys.maxsize, parsed.device), Path(logs))
        yield replace(options, crew=ExecutorCrew(executor, options.progress.say))
