"""Where sources and results are: paths of this machine, and URLs of other file systems."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from aigc_edit.errors import UsageError
from aigc_edit.folders import data_folder
from aigc_edit.media import is_address

_URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_PASSWORD = re.compile(r"(?<=://)[^/]*:[^/]*@")
_OF_THIS_MACHINE = ("file", "local")
# What changes with a file's content, the surest first; each file system has its own word.
_VERSIONS = ("ETag", "etag", "generation", "mtime", "LastModified", "last_modified", "modify")


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
        protocol = protocol.lower()
        told = _PASSWORD.sub("", text)
        if protocol == "memory":
            cure = "Name a folder, or a store that all processes reach."
            raise UsageError("each process has a memory:// of its own", where=told, cure=cure)
        if "::" in text:
            raise UsageError("URLs within URLs are not read", where=told)
        if not place.strip("/"):
            raise UsageError("this URL names no folder", where=told)
        if protocol in _OF_THIS_MACHINE:  # workers may run in another folder
            place = os.path.abspath(place)  # noqa: PTH100 -- takes `..` out, too
        return cls(f"{protocol}://{place.rstrip('/')}")

    def __str__(self) -> str:
        return _PASSWORD.sub("", self.url)

    __repr__ = __str__

    @property
    def protocol(self) -> str:
        return self.url.partition("://")[0]

    def passwords(self) -> set[str]:
        """The password in the URL, as it stands there and as it is meant."""
        found = _PASSWORD.search(self.url)
        given = found[0].rstrip("@").partition(":")[2] if found else ""
        return {given, unquote(given)} - {""}

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
    return Path(where.url.partition("://")[2]) if where.protocol in _OF_THIS_MACHINE else where


def kept_for(folder: Where) -> Path:
    """The folder of this machine that holds journal, lock and summary of a folder of results."""
    if isinstance(folder, Path):
        return folder
    return data_folder() / "remote" / hashlib.sha256(os.fsencode(str(folder))).hexdigest()[:16]
