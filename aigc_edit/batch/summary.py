"""What became of a batch: for people as a table, for programs as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aigc_edit.batch.journal import Entry, State
from aigc_edit.batch.places import Remote, Where, kept_for
from aigc_edit.batch.remote import put
from aigc_edit.media import scratch_for

_COLUMNS = ("output", "input", "state", "attempts", "seconds", "video_seconds", "reason")
SOME_FAILED = 3  # exit code


@dataclass(frozen=True)
class Summary:
    """The jobs of one command.

    Attributes:
        began, ended: seconds since 1970.
        left_out: files in folders that are no video.
        notes: what else a user should know, one line each.
        stopped: why no more files were taken; empty if all were.
    """

    folder: Where
    entries: tuple[Entry, ...]
    began: float
    ended: float
    left_out: int = 0
    notes: tuple[str, ...] = ()
    stopped: str = ""

    def of(self, *states: State) -> list[Entry]:
        return [entry for entry in self.entries if entry.state in states]

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def video(self) -> float:
        """Seconds of video that this command made."""
        return sum(entry.video for entry in self.of("done"))

    @property
    def speed(self) -> float:
        """Seconds of video in a second."""
        return self.video / self.seconds if self.seconds > 0 else 0.0

    @property
    def passes(self) -> dict[str, float]:
        """Seconds that each pass took in all workers, the longest first."""
        total: Counter[str] = Counter()
        for entry in self.of("done"):
            total.update(entry.passes)
        return dict(total.most_common())

    @property
    def exit_code(self) -> int:
        """0; 1 where the disk was full; 3 where some failed."""
        if self.stopped:
            return 1
        return SOME_FAILED if self.of("failed") else 0

    def counts(self) -> dict[str, int]:
        """How many there are of each state."""
        return dict(Counter(entry.state for entry in self.entries))

    def to_json(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder.absolute()),
            "began": self.began,
            "ended": self.ended,
            "counts": self.counts(),
            "left_out": self.left_out,
            "video_seconds": round(self.video, 3),
            "speed": round(self.speed, 3),
            "passes": {name: round(seconds, 3) for name, seconds in self.passes.items()},
            "notes": list(self.notes),
            "stopped": self.stopped,
            "jobs": [_facts(entry) for entry in self.entries],
        }

    def write(self) -> tuple[Path, Path]:
        """Writes summary.json and summary.csv into the folder of results; where that is elsewhere,
        into the one kept for it as well. Returns those of this machine.

        Raises:
            EncodeError: they cannot be written.
        """
        kept = kept_for(self.folder)
        texts = {
            "summary.json": json.dumps(self.to_json(), indent=1),
            "summary.csv": _as_csv(self.entries),
        }
        with scratch_for(kept / "summary.json") as scratch:
            for name, text in texts.items():
                scratch.write(name, text)
            scratch.publish({name: kept / name for name in texts})
        if isinstance(self.folder, Remote):
            put([(kept / name, self.folder / name) for name in texts])
        return kept / "summary.json", kept / "summary.csv"


def _facts(entry: Entry) -> dict[str, Any]:
    return {
        "output": str(entry.output),
        "input": str(entry.input),
        "state": entry.state,
        "attempts": entry.attempts,
        "seconds": round(entry.seconds, 3),
        "video_seconds": round(entry.video, 3),
        "peak_bytes": entry.peak,
        "passes": dict(entry.passes),
        "reason": entry.reason,
    }


def _as_csv(entries: Sequence[Entry]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_facts(entry) for entry in entries)
    return text.getvalue()
