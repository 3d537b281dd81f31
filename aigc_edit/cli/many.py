"""`aigc-edit run` over many files."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aigc_edit.cli import common
from aigc_edit.errors import EncodeError, UsageError

if TYPE_CHECKING:
    from aigc_edit.batch import (
        Executor,
        Job,
        Journal,
        Names,
        Search,
        Setting,
        Summary,
        Where,
        Work,
    )
    from aigc_edit.pipeline import Pipeline


def run_many(parsed: argparse.Namespace, pipeline: Pipeline) -> int:
    """Works through all inputs; 0, or 3 where some failed.

    Raises:
        UsageError: there is nothing to work on, two inputs would write one output, or another
            run holds the folder.
        NoSpaceError: the disk is full.
    """
    from aigc_edit.batch import Batch, Journal, Remote, alone_in, ensure_puts, kept_for

    folder = _folder(parsed)
    kept = kept_for(folder)
    search, names = _search(parsed, folder), _names(parsed, pipeline, folder)
    found = search.found()
    jobs = names.jobs(found.inputs)
    if not jobs and not parsed.watch:
        raise found.refusal([*parsed.inputs, *map(str, parsed.lists)])
    if isinstance(folder, Remote):
        ensure_puts(folder)
    with alone_in(kept), closing(Journal(kept)) as journal, _no_copies_left(jobs):
        setting = _setting(parsed, pipeline, search, names, journal, len(jobs))
        batch = Batch(setting, jobs, found)
        try:
            batch.run()
        finally:
            _told(batch.summary, quiet=parsed.quiet)
        return batch.summary.exit_code


@contextmanager
def _no_copies_left(jobs: Sequence[Job]) -> Iterator[None]:
    """Removes what workers that were ended had fetched to this machine."""
    from aigc_edit.batch import Remote, remove_orphans

    try:
        yield
    finally:
        if any(isinstance(end, Remote) for job in jobs for end in (job.input.path, job.output)):
            remove_orphans()


def _search(parsed: argparse.Namespace, folder: Where) -> Search:
    from aigc_edit.batch import Remote, Search, on_disk, where_is

    if not parsed.inputs and not parsed.lists:
        raise UsageError("nothing to work on", cure="Name a video, a folder or a list.")
    for option in ("review", "allow_network"):
        if getattr(parsed, option):
            word = option.replace("_", "-")
            raise UsageError(f"--{word} is for one video", cure="Name one, without --list.")
    inputs = [where_is(word) for word in parsed.inputs]
    if parsed.watch and any(isinstance(given, Remote) for given in inputs):
        raise UsageError("--watch looks at folders of this machine", cure="Leave it away.")
    if parsed.offline and any(isinstance(on_disk(end), Remote) for end in (*inputs, folder)):
        raise UsageError("--offline and a URL contradict each other")
    return Search(parsed.inputs, parsed.lists, besides=folder)


def _folder(parsed: argparse.Namespace) -> Where:
    """Where results go: this folder, if nothing is said."""
    from aigc_edit.batch import state_of, where_is
    from aigc_edit.media import CONTAINERS

    folder = where_is(parsed.output or "")
    if isinstance(folder, Path):
        a_file = folder.is_file() or (folder.suffix in CONTAINERS and not folder.is_dir())
    else:
        a_file = state_of(folder) is not None or Path(folder.name).suffix in CONTAINERS
    if a_file:
        cure = "Name a folder."
        raise UsageError("one file cannot hold several results", where=str(folder), cure=cure)
    return folder


def _names(parsed: argparse.Namespace, pipeline: Pipeline, folder: Where) -> Names:
    from aigc_edit.batch import DEFAULT_TEMPLATE, Names, Template

    text = parsed.name or DEFAULT_TEMPLATE
    return Names(Template(text, pipeline.name, pipeline.output.container), folder)


def _setting(
    parsed: argparse.Namespace,
    pipeline: Pipeline,
    search: Search,
    names: Names,
    journal: Journal,
    count: int,
) -> Setting:
    """Whom the batch asks and tells; `count` jobs there are now."""
    from aigc_edit.batch import BatchOptions, Setting
    from aigc_edit.cli.batch_progress import watcher
    from aigc_edit.engine import Earlier

    options = common.run_options(parsed)
    earlier = Earlier(pipeline, options.track_cache(), options.guard)
    earlier.check()
    executor = _executor(parsed, work_of(parsed, pipeline), names.folder, count)
    wanted = BatchOptions(parsed.force, parsed.fail_fast, parsed.watch)
    return Setting(search, names, journal, earlier, executor, watcher(quiet=parsed.quiet), wanted)


def _executor(parsed: argparse.Namespace, work: Work, folder: Where, count: int) -> Executor:
    """Where the jobs run."""
    from aigc_edit.batch import PRIVATE, Pool, RayExecutor, Sizing, kept_for

    count = sys.maxsize if parsed.watch else count
    if parsed.on:  # nodes share a folder, or reach a store and need their own for copies
        seen = folder if isinstance(folder, Path) else Path(tempfile.gettempdir())
        return RayExecutor(parsed.on, work, seen, parsed.jobs, count, parsed.device)
    return Pool(work, Sizing.here(parsed.jobs, count, parsed.device), kept_for(folder) / PRIVATE)


def work_of(parsed: argparse.Namespace, pipeline: Pipeline) -> Work:
    """What workers are told of the command line."""
    from aigc_edit.batch import Work, pipeline_digest

    return Work(
        parsed.pipeline,
        tuple(parsed.overrides),
        common.plugin_choice(parsed),
        cache=not parsed.no_cache,
        stage_timeout=parsed.stage_timeout,
        digest=pipeline_digest(pipeline),
    )


def _told(summary: Summary, *, quiet: bool) -> None:
    """Writes the summary beside the results, and prints it."""
    from aigc_edit.cli.batch_report import failures, report

    try:
        summary.write()
    except EncodeError as error:
        print(f"aigc-edit: no summary: {error}", file=sys.stderr)
    for line in report(summary) if not quiet else failures(summary):
        print(line, file=sys.stderr if quiet else sys.stdout)
    if summary.stopped:
        print(f"aigc-edit: {summary.stopped}", file=sys.stderr)
