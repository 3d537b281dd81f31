"""`aigc-edit status`: how far a folder of results is."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from aigc_edit.errors import UsageError

if TYPE_CHECKING:
    from aigc_edit.batch import Entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the -o of a run over a folder")


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.batch import clock_time, holder_of, kept_for, read_entries, where_is
    from aigc_edit.cli.batch_report import table
    from aigc_edit.words import shown

    folder = where_is(parsed.folder)
    kept = kept_for(folder)
    entries, holder = read_entries(kept), holder_of(kept)
    if entries is None:
        cure = "Name the folder that `aigc-edit run` writes many results to."
        raise UsageError("nothing was run over many files here", where=str(folder), cure=cure)
    last = max((entry.ended or entry.began or 0 for entry in entries), default=0)
    if not holder:
        entries = [_left(entry) for entry in entries]
    for line in table(entries):
        print(line)
    counts = Counter(entry.state for entry in entries)
    told = ", ".join(f"{count} {state}" for state, count in sorted(counts.items())) or "no job"
    idle = f"nobody works on it; last change {clock_time(last)}" if last else "nobody works on it"
    print(f"{shown(folder)}: {told}; {f'{holder}' if holder else idle}")
    return 0


def _left(entry: Entry) -> Entry:
    """A job of a run that is gone: if it was in work, it waits for the next run."""
    return replace(entry, state="waiting", began=None) if entry.state == "running" else entry
