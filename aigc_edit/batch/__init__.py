"""Floor 5: many files through one pipeline, on many workers."""

from aigc_edit.batch.batch import Batch, BatchOptions, Setting, Watcher
from aigc_edit.batch.carrying import remove_orphans
from aigc_edit.batch.crew import ExecutorCrew
from aigc_edit.batch.executor import (
    Cost,
    Died,
    Ended,
    Event,
    Executor,
    Passed,
    Task,
    Work,
    pipeline_digest,
)
from aigc_edit.batch.inputs import Found, Input, Search, is_single
from aigc_edit.batch.journal import Entry, Journal, State, read_entries
from aigc_edit.batch.lock import PRIVATE, Holder, alone_in, clock_time, holder_of
from aigc_edit.batch.naming import DEFAULT_TEMPLATE, Job, Names, Template
from aigc_edit.batch.places import Remote, Where, is_remote, kept_for, on_disk, where_is
from aigc_edit.batch.pool import Pool
from aigc_edit.batch.ray_executor import RayExecutor
from aigc_edit.batch.remote import ensure_puts, state_of
from aigc_edit.batch.sizing import Sizing
from aigc_edit.batch.summary import Summary

__all__ = [
    "DEFAULT_TEMPLATE",
    "PRIVATE",
    "Batch",
    "BatchOptions",
    "Cost",
    "Died",
    "Ended",
    "Entry",
    "Event",
    "Executor",
    "ExecutorCrew",
    "Found",
    "Holder",
    "Input",
    "Job",
    "Journal",
    "Names",
    "Passed",
    "Pool",
    "RayExecutor",
    "Remote",
    "Search",
    "Setting",
    "Sizing",
    "State",
    "Summary",
    "Task",
    "Template",
    "Watcher",
    "Where",
    "Work",
    "alone_in",
    "clock_time",
    "holder_of",
    "ensure_puts",
    "is_remote",
    "is_single",
    "kept_for",
    "on_disk",
    "pipeline_digest",
    "read_entries",
    "remove_orphans",
    "state_of",
    "where_is",
]
