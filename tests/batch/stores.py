"""Two file systems for fsspec over a folder: one that is an object store, one that renames.

They are what `BUCKETS` in the environment names. Beside it lie the requests that came (`.log`),
and in a folder `.faults` what shall go wrong, a file for each time:

    fail.VERB       the call fails, after half of it was done
    deny.VERB       the call is refused for good
    short.VERB      only half of the bytes come, and nobody says so
    change.get_file somebody writes to the file that was read
    hold.VERB       the call waits in its middle, for as long as the file is there, where the
                    name of what is copied holds its text
"""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from contextlib import suppress
from pathlib import Path

from fsspec import AbstractFileSystem

ENTRY_POINTS = (
    "[fsspec.specs]\nbucket = tests.batch.stores:Bucket\ndrive = tests.batch.stores:Drive\n"
)
VARIABLE = "BUCKETS"


def root() -> Path:
    return Path(os.environ[VARIABLE])


def requests() -> list[str]:
    """Verb and path of each request so far."""
    log = root().with_suffix(".log")
    return log.read_text().splitlines() if log.exists() else []


def fault(kind: str, verb: str, times: int = 1) -> Path:
    """Has something go wrong some times; returns the last one."""
    folder = root().with_suffix(".faults")
    folder.mkdir(exist_ok=True)
    for number in range(times):
        made = folder / f"{kind}.{verb}.{number}"
        made.touch()
    return made


def _met(kind: str, verb: str) -> bool:
    """Whether this call is one that goes wrong; it is used up."""
    for path in sorted(root().with_suffix(".faults").glob(f"{kind}.{verb}.*")):
        with suppress(FileNotFoundError):
            path.unlink()
            return True
    return False


def _held(verb: str, name: str) -> None:
    hold = root().with_suffix(".faults") / f"hold.{verb}.0"
    while hold.exists() and hold.read_text() in name:
        root().with_suffix(".held").touch()
        time.sleep(0.02)


class Bucket(AbstractFileSystem):
    """An object store: an object appears when it is whole, and nothing is renamed."""

    protocol = "bucket"
    cachable = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        rest = path.partition("://")[2] if "://" in path else path
        user, at, place = rest.partition("@")
        return (place if at and "/" not in user else rest).strip("/")

    def _local(self, path: str, verb: str) -> Path:
        path = self._strip_protocol(path)
        if _met("deny", verb):
            raise PermissionError("403: the key geheim opens nothing")
        with root().with_suffix(".log").open("a") as log:
            log.write(f"{verb} {path}\n")
        return root() / path

    def _facts(self, path: Path) -> dict:
        name = path.relative_to(root()).as_posix()
        if path.is_dir():
            return {"name": name, "size": 0, "type": "directory"}
        facts = path.stat()  # raises FileNotFoundError, as it must
        tag = hashlib.md5(path.read_bytes()).hexdigest()
        return {"name": name, "size": facts.st_size, "type": "file", "ETag": tag}

    def info(self, path, **_):
        return self._facts(self._local(path, "info"))

    def ls(self, path, detail=True, **_):  # noqa: FBT002 -- as fsspec has it
        found = [self._facts(p) for p in sorted(self._local(path, "ls").iterdir())]
        return found if detail else [facts["name"] for facts in found]

    def cat_file(self, path, start=None, end=None, **_):
        return self._local(path, "cat_file").read_bytes()

    def get_file(self, rpath, lpath, **_):
        source = self._local(rpath, "get_file")
        whole = self._copy(source, Path(lpath), "get_file")
        if whole and _met("change", "get_file"):
            with source.open("ab") as file:
                file.write(b"more")

    def put_file(self, lpath, rpath, **_):
        target = self._local(rpath, "put_file")
        upload = root().with_suffix(f".{uuid.uuid4().hex}")
        self._copy(Path(lpath), upload, "put_file")
        target.parent.mkdir(parents=True, exist_ok=True)
        upload.replace(target)

    def _copy(self, source: Path, target: Path, verb: str) -> bool:
        content = source.read_bytes()
        target.write_bytes(content[: len(content) // 2])
        _held(verb, source.name)
        if _met("fail", verb):
            raise OSError("500: out of luck")
        if _met("short", verb):
            return False
        target.write_bytes(content)
        return True

    def rm_file(self, path):
        self._local(path, "rm_file").unlink()


class Drive(Bucket):
    """A file system with folders: what is written is seen at once, and can be renamed."""

    protocol = "drive"

    def makedirs(self, path, exist_ok=False):  # noqa: FBT002 -- as fsspec has it
        self._local(path, "makedirs").mkdir(parents=True, exist_ok=exist_ok)

    def put_file(self, lpath, rpath, **_):
        self._copy(Path(lpath), self._local(rpath, "put_file"), "put_file")

    def mv(self, path1, path2, **_):
        if _met("fail", "mv"):
            raise OSError("connection lost")
        self._local(path1, "mv").replace(self._local(path2, "mv"))


def installed(folder: Path) -> Path:
    """A folder for PYTHONPATH, by which fsspec finds both in any process."""
    facts = folder / "stores-1.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: stores\nVersion: 1\n")
    (facts / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder
