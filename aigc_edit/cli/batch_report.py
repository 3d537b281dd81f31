"""What became of many files, as lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from aigc_edit.words import counted, shown

if TYPE_CHECKING:
    from aigc_edit.batch import Entry, Summary


def report(summary: Summary) -> Iterator[str]:
    """The closing table: how many of each kind, how fast, which pass took how much, and what went
    wrong with whom."""
    counts = ", ".join(f"{count} {state}" for state, count in sorted(summary.counts().items()))
    left = f"; {counted(summary.left_out, 'other file')} left out" if summary.left_out else ""
    yield f"{shown(summary.folder)}: {counts or 'nothing'} in {summary.seconds:.1f} s{left}"
    if summary.video:
        yield f"{summary.video:.1f} s of video made, {summary.speed:.2f} in a second"
    total = sum(summary.passes.values())
    if total:
        shares = (f"{name} {took / total:.0%}" for name, took in summary.passes.items())
        yield f"where time went: {', '.join(shares)}"
    yield from failures(summary)
    for entry in summary.of("later"):
        yield f"later: {shown(entry.input)}: {without_place(entry)}"
    if waiting := len(summary.of("waiting", "later")):
        yield f"{counted(waiting, 'file')} to go: the same command goes on"
    for note in summary.notes:
        yield f"note: {shown(note)}"


def failures(summary: Summary) -> Iterator[str]:
    """What went wrong with whom."""
    for entry in summary.of("failed"):
        yield f"failed: {shown(entry.input)}: {without_place(entry)}"


def without_place(entry: Entry) -> str:
    """Why a job failed or waits, less the name that stands before it already."""
    return shown(entry.reason.removeprefix(f"{entry.input}: "))


def table(entries: Sequence[Entry]) -> Iterator[str]:
    """A line for each job: state, seconds, tries, output, reason."""
    rows = [("state", "seconds", "tries", "output")]
    for entry in entries:
        took = f"{entry.seconds:.1f}" if entry.began else "-"
        name = shown(entry.output)
        told = f"{name}  ({without_place(entry)})" if entry.reason else name
        rows.append((entry.state, took, str(entry.attempts or "-"), told))
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    for state, took, tries, told in rows:
        yield f"{state:<{widths[0]}}  {took:>{widths[1]}}  {tries:>{widths[2]}}  {told}"
