"""Files on other file systems, by URL: found, fetched, put. Nothing else imports fsspec.

FFmpeg never sees a URL: what is elsewhere is worked on as a copy on this machine.
"""

from __future__ import annotations

import errno
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from glob import has_magic
from pathlib import Path
from typing import Any, TypeVar

from aigc_edit.batch.places import Remote, RemoteState
from aigc_edit.errors import (
    AigcEditError,
    EncodeError,
    NoSpaceError,
    ProbeError,
    UsageError,
    one_line,
)
from aigc_edit.media import ensure_space

_OURS = ("s3", "s3a", "gs", "gcs")  # what the extra `cloud` brings
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds, between tries
_HOPELESS = (  # another try would say the same
    *(FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError),
    *(NotImplementedError, ValueError, TypeError, AigcEditError),
)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_PART = ".part"
_TRIAL = ".aigc-edit"
_Result = TypeVar("_Result")


# Looking


def state_of(place: Remote) -> RemoteState | None:
    """How a file is now; None where there is none."""
    facts = _tried(place, UsageError, lambda: _facts(place))
    return RemoteState.of(facts) if facts and facts["type"] == "file" else None


def below(folder: Remote, levels: int | None = None) -> list[Remote]:
    """All files below a folder with their states, hidden ones left out; none where there is no
    such folder.

    Not fsspec's own `find`: that leaves out what it cannot list, without a word.

    Args:
        levels: 1 for those right in it, 2 for those in its folders as well; None for all.

    Raises:
        UsageError: it cannot be listed.
    """
    every = _tried(folder, UsageError, lambda: [*_walked(folder, *_system(folder), levels)])
    return sorted(every)


def matching(pattern: Remote) -> tuple[Remote, list[Remote]]:
    """The folder that a pattern begins with, and the files below it that match.

    Raises:
        UsageError: it begins with none.
    """
    from fsspec.utils import glob_translate

    parts = pattern.url.split("/")
    fixed = next(k for k, part in enumerate(parts) if has_magic(part))
    root = Remote.named("/".join(parts[:fixed]))
    wanted = re.compile(glob_translate("/".join(parts[fixed:])))
    levels = None if "**" in parts else len(parts) - fixed
    found = below(root, levels)
    return root, [file for file in found if wanted.match(str(file.relative_to(root)))]


def _walked(folder: Remote, system: Any, path: str, levels: int | None) -> Iterator[Remote]:
    try:
        entries = system.ls(path, detail=True)
    except FileNotFoundError:
        return
    for facts in entries:
        name = facts["name"].rstrip("/").rpartition("/")[2]
        if name.startswith(".") or facts["name"].strip("/") == path.strip("/"):
            continue  # stores list the mark of a folder as being in it
        if facts["type"] == "directory":
            if levels != 1:
                deeper = None if levels is None else levels - 1
                yield from _walked(folder / name, system, facts["name"], deeper)
        elif (file := _followed(system, facts))["type"] == "file":
            yield replace(folder / name, state=RemoteState.of(file))


def _followed(system: Any, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a link to a file leads to; links to folders are left out, since they may lead back."""
    is_link = facts.get("islink") and system.isfile(facts["name"])
    return system.info(facts["name"]) if is_link else facts


def read(place: Remote) -> bytes:
    """All of a small file; nothing where there is none.

    Raises:
        ProbeError: it cannot be read.
    """

    def once() -> bytes:
        system, path = _system(place)
        with suppress(FileNotFoundError):
            content: bytes = system.cat_file(path)
            return content
        return b""

    return _tried(place, ProbeError, once)


# Carrying


def fetched(place: Remote, folder: Path, cure: str) -> tuple[Path, RemoteState]:
    """A copy of a file in a folder of this machine, whole, under its own name; and its state.

    Args:
        cure: what to do where the folder has no room.

    Raises:
        NoSpaceError: the folder's disk has no room for it.
        ProbeError: it is not there, cannot be fetched, or changes whenever it is.
    """
    copy = folder / place.name

    def once() -> RemoteState:
        before = _present(place)
        ensure_space(folder, before.size, cure)
        system, path = _system(place)
        system.get_file(path, str(copy))
        came = copy.stat().st_size
        if came != before.size:
            raise OSError(f"{came} of {before.size} bytes came")
        if _present(place) != before:
            raise OSError("it changed while it was fetched")
        return before

    return copy, _tried(place, ProbeError, once)


def ensure_puts(folder: Remote) -> None:
    """Tries if files can be put into a folder; leaves nothing there.

    Raises:
        EncodeError: they cannot.
    """
    trial = folder / _TRIAL
    try:
        with tempfile.NamedTemporaryFile() as empty:
            put([(Path(empty.name), trial)])
    except AigcEditError as error:
        error.where = str(folder)
        raise
    with suppress(Exception):  # who may write need not be allowed to remove
        _remove(trial)


def put(files: Sequence[tuple[Path, Remote]]) -> None:
    """Puts files into one folder elsewhere, in this order; none is ever seen in part.

    Where the file system renames, they have other names until all of them are there. Object
    stores (S3, Google, Azure) do not rename, and need not: an object appears when it is whole.

    Raises:
        NoSpaceError: the disk there is full.
        EncodeError: they cannot be written.
    """
    if not _renames(files[0][1]):
        for file, target in files:
            _send(file, target)
        return
    mark = secrets.token_hex(4)
    parts = [target.parent / f".{target.name}.{mark}{_PART}" for _, target in files]
    try:
        _prepare(files[0][1].parent, [target.name for _, target in files])
        for (file, _), part in zip(files, parts, strict=True):
            _send(file, part)
        for (_, target), part in zip(files, parts, strict=True):
            _tried(target, EncodeError, lambda part=part, target=target: _rename(part, target))  # type: ignore[misc]
    except BaseException:
        for part in parts:
            with suppress(Exception):  # what can be done is done; the first error counts
                _remove(part)
        raise


def _prepare(folder: Remote, names: Sequence[str]) -> None:
    """Makes a folder, and removes from it what killed runs left of these files."""

    def once() -> None:
        system, path = _system(folder)
        system.makedirs(path, exist_ok=True)
        heads = tuple(f".{name}." for name in names)
        for entry in system.ls(path, detail=False):
            name = entry.rpartition("/")[2]
            if name.startswith(heads) and name.endswith(_PART):
                system.rm_file(entry)

    _tried(folder, EncodeError, once)


def _send(file: Path, target: Remote) -> None:
    def once() -> None:
        system, path = _system(target)
        system.put_file(str(file), path)
        there, size = _present(target).size, file.stat().st_size
        if there != size:
            system.rm_file(path)
            raise OSError(f"{there} of {size} bytes arrived")

    _tried(target, EncodeError, once)


def _rename(part: Remote, target: Remote) -> None:
    system, path = _system(target)
    system.mv(_system(part)[1], path)


def _remove(place: Remote) -> None:
    system, path = _system(place)
    system.rm_file(path)


# fsspec


def _kind(place: Remote) -> Any:
    """The class of a place's file system.

    Raises:
        UsageError: nobody knows the protocol, or its package is missing.
    """
    from fsspec import get_filesystem_class

    protocol = place.protocol
    try:
        return get_filesystem_class(protocol)
    except ImportError as cause:
        cure = "pip install 'aigc-edit[cloud]'" if protocol in _OURS else one_line(cause)
        what = f"the package for {protocol}:// is not installed"
        raise UsageError(what, where=str(place), cure=cure) from cause
    except ValueError as cause:
        raise UsageError(f"nobody knows {protocol}://", where=str(place)) from cause


def _system(place: Remote) -> tuple[Any, str]:
    """The file system of a place, connected, and what the place is called there."""
    from fsspec.core import url_to_fs

    _kind(place)  # says what is missing
    system, path = url_to_fs(place.url)
    system.invalidate_cache()  # what was listed before may have changed
    return system, path


def _disconnect(place: Remote) -> None:
    """Has the next call begin with a connection of its own."""
    _kind(place).clear_instance_cache()


def _renames(place: Remote) -> bool:
    """Whether a file system can rename; fsspec's own way is to copy and remove."""
    from fsspec import AbstractFileSystem

    return _kind(place).mv is not AbstractFileSystem.mv


def _facts(place: Remote) -> Mapping[str, Any] | None:
    system, path = _system(place)
    try:
        facts: Mapping[str, Any] = system.info(path)
    except FileNotFoundError:
        return None
    return facts


def _present(place: Remote) -> RemoteState:
    facts = _facts(place)
    if facts is None:
        raise FileNotFoundError(errno.ENOENT, "there is no such file")
    return RemoteState.of(facts)


def _tried(place: Remote, kind: type[AigcEditError], act: Callable[[], _Result]) -> _Result:
    """What an act gives that asks a network; tried some times, with longer and longer pauses."""
    for pause in (*PAUSES, None):
        try:
            return act()
        except Exception as cause:
            if isinstance(cause, AigcEditError):
                raise
            full = isinstance(cause, OSError) and cause.errno in _FULL
            if pause is None or full or isinstance(cause, _HOPELESS):
                raise _explained(place, NoSpaceError if full else kind, cause) from None
            time.sleep(pause)
            _disconnect(place)  # a connection that broke would break again
    raise AssertionError  # the last pause is None


def _explained(place: Remote, kind: type[AigcEditError], cause: Exception) -> AigcEditError:
    """An error in our words; its cause is not kept, since it may hold what must not be told."""
    told = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    for password in place.passwords():
        told = told.replace(password, "***")
    return kind(one_line(told) or type(cause).__name__, where=str(place))
