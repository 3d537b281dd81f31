"""The private folder of a run beside its output: gone at the end, found again after a kill."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import av.error

from aigc_edit.errors import EncodeError, NoSpaceError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SUFFIX = ".part"
_LOCK = "owner"  # locked while its run lives; holds the name of the output
_STEM_LENGTH = 40


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what can go wrong while writing into one clear error."""
    try:
        yield
    except (av.error.FFmpegError, OSError) as cause:
        if cause.errno in _NO_SPACE:
            raise NoSpaceError(
                "no space left to write the result",
                where=path.parent.parent,
                cure="Free some space, or name another place with -o.",
            ) from cause
        raise EncodeError(
            f"the result cannot be written ({cause.strerror or cause})", where=path.parent.parent
        ) from cause


@dataclass(frozen=True)
class Scratch:
    """A private folder beside an output, gone when the run ends however it ends.

    Only a run that was killed leaves its folder: the next run with the same key finds there
    what was finished.
    """

    folder: Path
    output: Path

    def part(self, name: str) -> Path:
        return self.folder / name

    def write(self, name: str, content: bytes | str) -> None:
        """A whole part; in text, names of files that are no text come out as escapes."""
        with writing(self.part(name)):
            self.part(name).write_bytes(
                content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
            )

    def publish(self, targets: Mapping[str, Path]) -> None:
        """Gives finished parts their final names, durably, the most important one last.

        If one cannot be published, those before it are taken back.
        """
        for part in targets:
            with writing(self.part(part)):
                synced(self.part(part))
        kept = {
            target: self._kept(target, number) for number, target in enumerate(targets.values())
        }
        published: list[Path] = []
        try:
            for part, target in targets.items():
                with writing(self.part(part)):
                    os.replace(self.part(part), target)
                published.append(target)
        except BaseException:
            for target in published:
                _put_back(kept[target], target)
            raise
        for folder in {target.parent for target in targets.values()}:
            synced(folder)

    def _kept(self, target: Path, number: int) -> Path | None:
        """What stands under a final name now, in case that it must be put back."""
        kept = self.part(f"before{number}")
        with suppress(OSError):  # nothing there, or a file system without links
            os.link(target, kept)
            return kept
        return None


def _put_back(kept: Path | None, target: Path) -> None:
    if kept is None:
        target.unlink(missing_ok=True)
    else:
        os.replace(kept, target)


# Scratch folders in use: what a process that must stop at once removes first.
_LIVE: set[Path] = set()


def sweep() -> None:
    """Removes all scratch folders of this process; for a stop that cannot wait for threads."""
    for folder in tuple(_LIVE):
        shutil.rmtree(folder, ignore_errors=True)


def ensure_writable(output: Path) -> None:
    """Tries the folder of an output, or the one that it will be made in; leaves nothing there.

    Raises:
        EncodeError: it cannot be written.
    """
    folder = next(folder for folder in output.absolute().parents if folder.exists())
    with _explained(output), tempfile.TemporaryFile(dir=folder):
        pass


@contextmanager
def scratch_for(output: Path, key: str | None = None) -> Iterator[Scratch]:
    """A scratch folder for an output file.

    Args:
        key: names what is being made. A folder that a killed run with the same key left is
            taken over; those that killed runs with other keys left for this output are removed.

    Raises:
        EncodeError: the output's folder cannot be made or written.
    """
    with _explained(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        folder, lock = _own_folder(output, key)
        _LIVE.add(folder)
        lock.write(os.fsencode(output.name))
        lock.flush()
        _remove_orphans(output, folder)
    try:
        yield Scratch(folder, output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.close()
        _LIVE.discard(folder)


@contextmanager
def _explained(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise EncodeError(
            f"its folder cannot be written ({cause.strerror})",
            where=output,
            cure="Name another place with -o.",
        ) from cause


def _own_folder(output: Path, key: str | None) -> tuple[Path, IO[bytes]]:
    """The folder of a key, or one of its own where another run holds that; and its lock."""
    head = f".{output.stem[:_STEM_LENGTH]}."
    if key is not None:
        folder = output.parent / f"{head}{key}{_SUFFIX}"
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        lock = None if folder.is_symlink() or not folder.is_dir() else _locked(folder)
        if lock is not None:
            return folder, lock
    folder = Path(tempfile.mkdtemp(prefix=head, suffix=_SUFFIX, dir=output.parent))
    return folder, _locked(folder) or (folder / _LOCK).open("wb")


def _locked(folder: Path) -> IO[bytes] | None:
    """The open, locked owner file of a folder; None while another process lives in it, or where
    nobody can tell."""
    path = folder / _LOCK
    with suppress(OSError):  # held, gone meanwhile, or a file system without locks
        file = path.open("ab")
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                return file
        file.close()
    return None


def _remove_orphans(output: Path, own: Path) -> None:
    """Removes what killed runs left for this output, unless a live one holds it."""
    head = f".{output.stem[:_STEM_LENGTH]}."
    with os.scandir(output.parent) as entries:
        found = [
            Path(entry.path)
            for entry in entries
            if entry.name.startswith(head)
            and entry.name.endswith(_SUFFIX)
            and entry.is_dir(follow_symlinks=False)
        ]
    for folder in found:
        if folder != own and _left_for(folder, output):
            shutil.rmtree(folder, ignore_errors=True)


def _left_for(folder: Path, output: Path) -> bool:
    """Whether a folder was made for this output by a run that lives no more."""
    try:
        if (folder / _LOCK).read_bytes() != os.fsencode(output.name):
            return False
        with (folder / _LOCK).open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def synced(path: Path) -> None:
    """Waits until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
