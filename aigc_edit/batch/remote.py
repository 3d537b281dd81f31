"""Files on other file systems, by URL: found, fetched, put. Nothing else imports fsspec.

FFmpeg never sees a URL: what is elsewhere is worked on as a copy on this machine.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from glob import has_magic
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import unquote

from aigc_edit.errors import (
    AigcEditError,
    EncodeError,
    NoSpaceError,
    ProbeError,
    UsageError,
    one_line,
)
from aigc_edit.folders import data_folder
from aigc_edit.media import ensure_space, is_address

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=://)[^/]*:[^/]*@")
_OF_THIS_MACHINE = ("file", "local")
_OURS = ("s3", "s3a", "gs", "gcs")  # what the extra `cloud` brings
# What changes with a file's content, the surest first; each file system has its own word.
_VERSIONS = ("ETag", "etag", "generation", "mtime", "LastModified", "last_modified", "modify")
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds, between tries
_HOPELESS = (  # another try would say the same
    *(FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError),
    *(NotImplementedError, ValueError, TypeError, AigcEditError),
)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_PART = ".part"
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class RemoteState:
    """What changes when somebody writes to a file elsewhere.

    Attributes:
        size: bytes.
        version: an ETag, a generation, or a time; empty where the file system tells none.
    """

    size: int
    version: str

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> RemoteState:
        told = next((key for key in _VERSIONS if facts.get(key) not in (None, "")), None)
        return cls(int(facts["size"] or 0), f"{told} {facts[told]}" if told else "")

    def to_json(self) -> dict[str, Any]:
        return {"bytes": self.size, "version": self.version}


@dataclass(frozen=True, order=True, repr=False)
class Remote:
    """A file or folder on another file system; as text, without the password in its URL.

    Attributes:
        state: of a file, as it was listed.
    """

    url: str
    state: RemoteState | None = field(default=None, compare=False)

    @classmethod
    def named(cls, text: str) -> Remote:
        """What a user names. Raises UsageError where no file of any process is meant by it."""
        protocol, _, place = text.partition("://")
        told = _PASSWORD.sub("", text)
        if protocol == "memory":
            cure = "Name a folder, or a store that all processes reach."
            raise UsageError("each process has a memory:// of its own", where=told, cure=cure)
        if "::" in text:
            raise UsageError("URLs within URLs are not read", where=told)
        if not place.strip("/"):
            raise UsageError("this URL names no folder", where=told)
        if protocol in _OF_THIS_MACHINE:  # workers are elsewhere
            place = os.path.abspath(place)  # noqa: PTH100 -- a Path would lose nothing but `..`
        return cls(f"{protocol}://{place.rstrip('/')}")

    def __str__(self) -> str:
        return _PASSWORD.sub("", self.url)

    __repr__ = __str__

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def parent(self) -> Remote:
        return Remote(self.url.rpartition("/")[0])

    def __truediv__(self, place: Path | str) -> Remote:
        return Remote(f"{self.url}/{PurePosixPath(place)}")

    def is_below(self, folder: Remote) -> bool:
        return self.url.startswith(f"{folder.url}/")

    def relative_to(self, folder: Remote) -> Path:
        return Path(self.url[len(folder.url) + 1 :])

    def absolute(self) -> Remote:
        """Itself, as a URL is the same from everywhere."""
        return self


Where = Path | Remote


def is_remote(text: str) -> bool:
    """Whether a name is a URL of another file system; http and https are addresses."""
    return bool(_URL.match(text)) and not is_address(text) and not os.path.lexists(text)


def where_is(text: str) -> Where:
    """What a name means, a URL or a path."""
    return Remote.named(text) if is_remote(text) else Path(text)


def on_disk(where: Where) -> Where:
    """A path, absolute, for whatever has one: a path and a file:// URL may mean the same."""
    if isinstance(where, Path):
        return where.absolute()
    protocol, _, place = where.url.partition("://")
    return Path(place) if protocol in _OF_THIS_MACHINE else where


def kept_for(folder: Where) -> Path:
    """The folder of this machine that holds journal, lock and summary of a folder of results."""
    if isinstance(folder, Path):
        return folder
    return data_folder() / "remote" / hashlib.sha256(os.fsencode(str(folder))).hexdigest()[:16]


# Looking


def state_of(place: Remote) -> RemoteState | None:
    """How a file is now; None where there is none."""
    facts = _tried(place, UsageError, lambda: _facts(place))
    return RemoteState.of(facts) if facts and facts["type"] == "file" else None


def below(folder: Remote) -> list[Remote]:
    """All files below a folder with their states, hidden ones left out; none where there is no
    such folder.

    Not fsspec's own `find`: that leaves out what it cannot list, without a word.

    Raises:
        UsageError: it cannot be listed.
    """
    found = _tried(folder, UsageError, lambda: [*_walked(folder, *_system(folder))])
    return sorted(found)


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
    return root, [file for file in below(root) if wanted.match(str(file.relative_to(root)))]


def _walked(folder: Remote, system: Any, path: str) -> Iterator[Remote]:
    try:
        entries = system.ls(path, detail=True)
    except FileNotFoundError:
        return
    for facts in entries:
        name = facts["name"].rstrip("/").rpartition("/")[2]
        if name.startswith(".") or facts["name"].strip("/") == path.strip("/"):
            continue  # stores list the mark of a folder as being in it
        if facts["type"] == "directory":
            yield from _walked(folder / name, system, facts["name"])
        elif facts["type"] == "file":
            yield replace(folder / name, state=RemoteState.of(facts))


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


def put(files: Sequence[tuple[Path, Remote]]) -> None:
    """Puts files into one folder elsewhere, in this order; none is ever seen in part.

    Where the file system renames, they have other names until all of them are there. Object
    stores (S3, Google, Azure) do not rename, and need not: an object appears when it is whole.

    Raises:
        NoSpaceError: the disk there is full.
        EncodeError: they cannot be written.
    """
    if not _renames(_system(files[0][1])[0]):
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


def _system(place: Remote) -> tuple[Any, str]:
    """The file system of a place, and what the place is called there.

    Raises:
        UsageError: nobody knows the protocol, or its package is missing.
    """
    from fsspec.core import url_to_fs

    protocol = place.url.partition("://")[0]
    try:
        system, path = url_to_fs(place.url)
    except ImportError as cause:
        cure = "pip install 'aigc-edit[cloud]'" if protocol in _OURS else one_line(cause)
        what = f"the package for {protocol}:// is not installed"
        raise UsageError(what, where=str(place), cure=cure) from cause
    except ValueError as cause:
        raise _explained(place, UsageError, cause) from None
    return system, path


def _renames(system: Any) -> bool:
    """Whether a file system can rename; fsspec's own way is to copy and remove."""
    from fsspec import AbstractFileSystem

    return type(system).mv is not AbstractFileSystem.mv


def _facts(place: Remote) -> Mapping[str, Any] | None:
    system, path = _system(place)
    system.invalidate_cache()  # what was listed before may have changed
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
    raise AssertionError  # the last pause is None


def _explained(place: Remote, kind: type[AigcEditError], cause: Exception) -> AigcEditError:
    """An error in our words; its cause is not kept, since it may hold what must not be told."""
    told = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(cause)
    for password in _passwords(place):
        told = told.replace(password, "***")
    return kind(one_line(told) or type(cause).__name__, where=str(place))


def _passwords(place: Remote) -> set[str]:
    """The password of a URL, as it stands there and as it is meant."""
    found = _PASSWORD.search(place.url)
    given = found[0].rstrip("@").partition(":")[2] if found else ""
    return {given, unquote(given)} - {""}
