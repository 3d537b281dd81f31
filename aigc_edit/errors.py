"""Everything that can go wrong, as one tree.

AigcEditError                 exit code 1
├── UsageError                2  the command line asks for something that cannot be
├── PipelineError             2  the pipeline file is wrong; carries all problems at once
├── MediaError                1  a file
│   ├── ProbeError               cannot be opened, or is not a video
│   ├── DecodeError              breaks while it is read
│   └── EncodeError              cannot be written
│       └── NoSpaceError         the disk is full
├── ModelError                1  weights are missing or changed
└── PluginError               1  a stage cannot be loaded, or failed at a span

Each error says what happened, where, and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LONGEST_CAUSE = 200  # characters


class AigcEditError(Exception):
    """Root of the tree.

    Args:
        what: what happened, one sentence without a full stop.
        where: the file, stage or time that it happened at.
        cure: what the user can do about it, one sentence.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | Path | None = None, cure: str = "") -> None:
        super().__init__(what, where, cure)
        self.what = what
        self.where = str(where) if where is not None else ""
        self.cure = cure

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}. {self.cure}" if self.cure else head


def one_line(cause: object) -> str:
    """What somebody else's error says, as a few plain words for one of ours."""
    printable = "".join(c if c.isprintable() else " " for c in str(cause))
    words = " ".join(printable.split())
    return words if len(words) <= _LONGEST_CAUSE else f"{words[:_LONGEST_CAUSE]} ..."


def suggestion(word: str, known: Iterable[str]) -> str:
    """'Did you mean ...?', or what there is; the cure of an unknown name."""
    import difflib

    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1)
    return f'Did you mean "{close[0]}"?' if close else f"There are: {', '.join(names) or 'none'}."


class UsageError(AigcEditError):
    """The command line asks for something that cannot be."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a pipeline file; line and column count from 1."""

    line: int
    column: int
    what: str
    cure: str = ""

    def located(self, path: str) -> str:
        head = f"{path}:{self.line}:{self.column}: {self.what}"
        return f"{head}. {self.cure}" if self.cure else head


class PipelineError(AigcEditError):
    """The pipeline file is wrong. `problems` holds every problem that was found."""

    exit_code = 2

    def __init__(self, path: str | Path, problems: tuple[Problem, ...]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column)))
        super().__init__("; ".join(p.what for p in self.problems), where=path)

    def __str__(self) -> str:
        return "\n".join(problem.located(self.where) for problem in self.problems)


class MediaError(AigcEditError):
    """A media file cannot be read or written."""


class ProbeError(MediaError):
    """The file cannot be opened, or holds no video."""


class DecodeError(MediaError):
    """The file breaks while it is read."""


class EncodeError(MediaError):
    """The result cannot be written."""


class NoSpaceError(EncodeError):
    """The disk is full."""


class ModelError(AigcEditError):
    """Weights are missing, or are not the ones that were promised."""


class PluginError(AigcEditError):
    """A stage cannot be loaded, or failed while it ran."""
