"""One run at a time works on a folder of results."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from aigc_edit.errors import EncodeError, UsageError

PRIVATE = ".aigc-edit"  # within the folder of results
_NAME = "lock"
_HELD = (errno.EWOULDBLOCK, errno.EACCES)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who works on a folder, and since when (seconds since 1970)."""

    pid: int
    since: float

    def __str__(self) -> str:
        return f"process {self.pid}, since {clock_time(self.since)}"


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Holds a folder of results, which is made where it is missing.

    Raises:
        UsageError: another run holds it.
        EncodeError: it cannot be made or written.
    """
    private = folder / PRIVATE
    try:
        private.mkdir(parents=True, exist_ok=True)
        file = (private / _NAME).open("a+b")
    except OSError as cause:
        raise EncodeError(
            f"the folder cannot be written ({cause.strerror})",
            where=folder,
            cure="Name another place with -o.",
        ) from cause
    with file:
        _take(file, folder)
        with suppress(OSError):  # no room for a name: the lock counts
            file.truncate(0)
            file.write(json.dumps(asdict(Holder(os.getpid(), time.time()))).encode())
            file.flush()
        yield


def holder_of(folder: Path) -> Holder | None:
    """Who works on a folder now; None if nobody does."""
    with suppress(OSError), (folder / PRIVATE / _NAME).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as cause:
            if cause.errno in _HELD:
                return _told(file)
    return None


def _take(file: IO[bytes], folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as cause:
        if cause.errno not in _HELD:
            return  # a file system without locks
        file.seek(0)
        raise UsageError(
            f"another run works on this folder ({_told(file)})",
            where=folder,
            cure="Wait for it, or name another folder with -o.",
        ) from cause


def _told(file: IO[bytes]) -> Holder:
    try:
        return Holder(**json.loads(file.read()))
    except (ValueError, TypeError):
        return Holder(0, time.time())


def clock_time(moment: float) -> str:
    """Date and time of this place, such as `2025-03-01 14:05:09`."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
