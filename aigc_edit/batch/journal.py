"""What became of each job: kept on disk, so that a run that was killed is continued, and that
another process can look on.

A journal never decides that a result is done: the result and its record do. So it may be lost.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from aigc_edit.batch.lock import PRIVATE
from aigc_edit.batch.places import Where, where_is
from aigc_edit.engine import RECORD_ENDING, record_of
from aigc_edit.errors import EncodeError, NoSpaceError

NAME = "batch.sqlite"
_VERSION = 1  # of the table
_LOG_PAGES = 32  # until what was written goes into the base; SQLite's 4 MB may be more than is free
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    output BLOB PRIMARY KEY,   -- below the folder; bytes where it is no UTF-8
    input BLOB NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    began REAL,
    ended REAL,
    video REAL NOT NULL,       -- seconds of the result
    peak INTEGER NOT NULL,     -- bytes of memory of its worker
    passes TEXT NOT NULL       -- JSON: seconds by pass
) WITHOUT ROWID;
"""
State = Literal["waiting", "running", "done", "up to date", "failed", "later"]
FINISHED: tuple[State, ...] = ("done", "up to date")


@dataclass(frozen=True, slots=True)
class Entry:
    """One job and what became of it.

    Attributes:
        output: below the folder of results.
        reason: why it failed, or waits.
        began, ended: seconds since 1970.
        video: seconds of video that were made.
        peak: the most memory that its worker held, bytes.
        passes: seconds by pass.
    """

    output: Path
    input: Where
    state: State = "waiting"
    attempts: int = 0
    reason: str = ""
    began: float | None = None
    ended: float | None = None
    video: float = 0.0
    peak: int = 0
    passes: Mapping[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """How long it took, or takes until now."""
        if self.began is None:
            return 0.0
        return (time.time() if self.ended is None else self.ended) - self.began


_COLUMNS = [column.name for column in fields(Entry)]
_PUT = "INSERT OR REPLACE INTO jobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Journal:
    """The jobs of a folder of results, by output.

    Attributes:
        note: what happened to an earlier journal that could not be read; empty if nothing did.
    """

    def __init__(self, folder: Path) -> None:
        """Opens the journal of a folder, or begins one.

        Raises:
            EncodeError: it cannot be written.
        """
        self._folder, self._path = folder, folder / PRIVATE / NAME
        self.note = ""
        with _explained(self._path):
            try:
                self._opened()
            except sqlite3.DatabaseError as cause:
                if not _is_broken(cause):
                    raise
                self._begin_anew()

    def _opened(self) -> None:
        self._base = sqlite3.connect(self._path, isolation_level=None)
        try:
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")
            self._base.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
            version = self._base.execute("PRAGMA user_version").fetchone()[0]
            found = self._base.execute("PRAGMA quick_check").fetchone()[0]
            if found != "ok" or version not in (0, _VERSION):
                raise sqlite3.DatabaseError(found)
            self._base.executescript(_SCHEMA)
            self._base.execute(f"PRAGMA user_version = {_VERSION}")
            if [row[1] for row in self._base.execute("PRAGMA table_info(jobs)")] != _COLUMNS:
                raise sqlite3.DatabaseError("another table")
        except sqlite3.Error:
            self._base.close()
            raise

    def _begin_anew(self) -> None:
        """Sets a broken journal aside, and reads from the records what is done."""
        aside = self._path.with_name(f"{NAME}.broken-{time.time_ns()}")
        self._path.rename(aside)
        for ending in ("-wal", "-shm"):
            self._path.with_name(f"{NAME}{ending}").unlink(missing_ok=True)
        self._opened()
        rebuilt = [*_from_records(self._folder)]
        for entry in rebuilt:
            self.put(entry)
        self.note = (
            f"the journal was broken: set aside as {aside.name}, and begun anew from "
            f"{len(rebuilt)} records"
        )

    def put(self, entry: Entry) -> None:
        """Keeps an entry in the place of the last one of its output.

        Raises:
            NoSpaceError: the disk is full.
            EncodeError: it cannot be written for another reason.
        """
        values = (
            _stored(entry.output),
            _stored(entry.input),
            entry.state,
            entry.attempts,
            entry.reason.encode("utf-8", "backslashreplace").decode(),
            entry.began,
            entry.ended,
            entry.video,
            entry.peak,
            json.dumps(dict(entry.passes)),
        )
        with _explained(self._path):
            self._base.execute(_PUT, values)

    def __getitem__(self, output: Path) -> Entry | None:
        query = "SELECT * FROM jobs WHERE output = ?"
        row = self._base.execute(query, [_stored(output)]).fetchone()
        return None if row is None else _entry(row)

    def entries(self) -> list[Entry]:
        """All of them, by output."""
        return [_entry(row) for row in self._base.execute("SELECT * FROM jobs ORDER BY output")]

    def close(self) -> None:
        self._base.close()


def read_entries(folder: Path) -> list[Entry] | None:
    """The entries of a folder's journal, also while a run writes it; None where there is none.

    Raises:
        EncodeError: it is broken.
    """
    path = folder / PRIVATE / NAME
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as base:
            if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchone():
                return []  # a run has only just begun it
            query = "SELECT * FROM jobs ORDER BY output"
            return [_entry(row) for row in base.execute(query)]
    except sqlite3.Error as cause:
        raise EncodeError(
            f"the journal cannot be read ({cause})", where=path, cure="The next run mends it."
        ) from cause


def _entry(row: tuple[Any, ...]) -> Entry:
    facts = dict(zip(_COLUMNS, row, strict=True))
    named, source = (os.fsdecode(facts[key]) for key in ("output", "input"))
    facts |= {"output": Path(named), "input": where_is(source)}
    return Entry(**facts | {"passes": json.loads(facts["passes"])})


def _stored(path: Where) -> str | bytes:
    """Text, so that people can read it; bytes where a name is none."""
    raw = os.fsencode(str(path))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _from_records(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.rglob(f"*{RECORD_ENDING}")):
        output = path.with_name(path.name.removesuffix(RECORD_ENDING))
        record = record_of(output)
        if record is not None:
            source = where_is(record["source"]["path"])
            yield done_entry(output.relative_to(folder), source, record)


def done_entry(output: Path, source: Where, record: Mapping[str, Any]) -> Entry:
    """The entry of a result, as its record tells it."""
    passes = {cost["pass"]: cost["seconds"] for cost in record["passes"]}
    return Entry(output, source, "done", 1, video=record["output"]["duration"], passes=passes)


def _is_broken(cause: sqlite3.DatabaseError) -> bool:
    """Whether it is the file that is wrong, and not the disk or its rights."""
    return not isinstance(cause, sqlite3.OperationalError)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as cause:
        full = "full" in str(cause) or "I/O error" in str(cause)
        kind = NoSpaceError if full else EncodeError
        raise kind(
            f"the journal cannot be written ({cause})",
            where=path.parent.parent,
            cure="Free some space, or name another place with -o." if full else "",
        ) from cause
