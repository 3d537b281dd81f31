"""Which files a command means: files, folders, patterns, lists."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from glob import glob, has_magic
from pathlib import Path

from aigc_edit.batch.places import Remote, Where, is_remote, on_disk
from aigc_edit.batch.remote import below, matching, state_of
from aigc_edit.engine import RECORD_ENDING
from aigc_edit.errors import UsageError
from aigc_edit.media import holds_video, is_address
from aigc_edit.words import counted

# What has such a name is meant to be a video: where it cannot be opened, that is told, and where
# it can, nobody need open it twice. `.ts` is TypeScript as well, and is looked into.
_PROMISES = re.compile(
    r"\.(mp4|m4v|mov|mkv|webm|avi|mts|m2ts|mpe?g|vob|wmv|asf|flv|ogv|3gp|3g2|mxf)$", re.IGNORECASE
)
STANDARD_INPUT = "-"
_LIST_MARK = "@"
_REMARK = b"#"


@dataclass(frozen=True, slots=True)
class Input:
    """A file to work on.

    Attributes:
        folder: where it lies below the folder or pattern that was named; empty for a file that
            was named itself.
        named: whether it was named itself, and not found.
    """

    path: Where
    folder: Path = Path()
    named: bool = False


@dataclass(frozen=True)
class Found:
    """What there is to work on, in order.

    Attributes:
        left_out: files in folders that are no video.
        notes: what could not be looked into, one line each.
    """

    inputs: tuple[Input, ...]
    left_out: int = 0
    notes: tuple[str, ...] = ()

    def refusal(self, words: Sequence[str]) -> UsageError:
        """What to say where there is nothing to work on."""
        where = ", ".join(str(Remote.named(word)) if is_remote(word) else word for word in words)
        if self.left_out:
            what = f"no video among {counted(self.left_out, 'file')}"
        else:
            what = "nothing is in there"
        return UsageError(what, where=where, cure="Name a folder with videos.")


def is_single(words: Sequence[str]) -> bool:
    """Whether the words of a command line name one file of this machine (or address) and nothing
    else."""
    if len(words) != 1 or is_remote(words[0]):
        return False
    word = words[0]
    if os.path.lexists(word):
        return not Path(word).is_dir()
    return not (word == STANDARD_INPUT or _is_list(word) or has_magic(word))


@dataclass
class Search:
    """Looks for inputs, as often as it is asked: files may arrive.

    Attributes:
        words: files, folders, patterns, URLs of them, `@LIST`, or `-` for a list on standard
            input.
        lists: files that list inputs, one a line (or NUL between them). Their names are
            relative to the list; those on standard input to the working folder.
        besides: a folder that is not looked into: that of the results.
    """

    words: Sequence[str]
    lists: Sequence[Path] = ()
    besides: Where | None = None
    _read: list[tuple[str, bool]] | None = None
    _notes: list[str] = field(default_factory=list)
    _judged: dict[tuple[str, int, int], bool] = field(default_factory=dict)

    def found(self) -> Found:
        """All inputs there are now, each once.

        Raises:
            UsageError: a list cannot be read, a pattern matches nothing, an input is an address.
        """
        every: dict[Where, Input] = {}
        self._notes.clear()
        for word, literal in self._every_word():
            for given in self._meant(word, literal=literal):
                every.setdefault(given.path.absolute(), given)
        candidates = list(every.values())
        with ThreadPoolExecutor(thread_name_prefix="look") as pool:
            videos = list(pool.map(self._is_video, candidates))
        inputs = tuple(c for c, video in zip(candidates, videos, strict=True) if video)
        return Found(inputs, len(candidates) - len(inputs), tuple(self._notes))

    def _every_word(self) -> list[tuple[str, bool]]:
        """What is named, lists as what they list, and whether it is a name as it stands; lists are
        read once."""
        if self._read is None:
            self._read = [*self._spelled_out()]
        return self._read

    def _spelled_out(self) -> Iterator[tuple[str, bool]]:
        lists = [Path(w[1:]) for w in self.words if _is_list(w)]
        for path in (*self.lists, *lists):
            yield from ((name, True) for name in _list_file(path))
        for word in self.words:
            if word == STANDARD_INPUT:
                yield from ((name, True) for name in _names(sys.stdin.buffer.read()))
            elif not _is_list(word):
                yield word, False

    def _meant(self, word: str, *, literal: bool) -> Iterator[Input]:
        if is_address(word):
            cure = "Fetch it first, or run it alone with --allow-network."
            raise UsageError("an address among several inputs", where=word, cure=cure)
        if is_remote(word):
            yield from self._elsewhere(Remote.named(word), literal=literal)
            return
        path = Path(word)
        if path.is_dir():
            yield from self._walked(path, path, set())
        elif not literal and has_magic(word) and not os.path.lexists(word):
            yield from self._matched(word)
        else:
            yield Input(path, named=True)

    def _walked(self, folder: Path, root: Path, seen: set[tuple[int, int]]) -> Iterator[Input]:
        """All files below a folder, each folder once, whatever links lead back to it."""
        try:
            facts = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as cause:
            if folder == root:
                raise UsageError(
                    f"the folder cannot be read ({cause.strerror})", where=folder
                ) from cause
            self._notes.append(f"{folder}: not looked into ({cause.strerror})")
            return
        if (facts.st_dev, facts.st_ino) in seen:
            return
        seen.add((facts.st_dev, facts.st_ino))
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith(".") or _is_same(path, self.besides):
                continue
            if path.is_dir():
                yield from self._walked(path, root, seen)
            elif path.is_file():
                yield Input(path, folder.relative_to(root))

    def _matched(self, pattern: str) -> Iterator[Input]:
        root = _fixed_part(pattern)
        matches = sorted(glob(pattern, recursive=True))  # noqa: PTH207 -- a Path has no root to match from
        if not matches:
            raise UsageError("no file matches this pattern", where=pattern)
        for path in map(Path, matches):
            if path.is_file() and not _below(path, self.besides):
                yield Input(path, path.parent.relative_to(root))

    def _elsewhere(self, place: Remote, *, literal: bool) -> Iterator[Input]:
        state = state_of(place)
        if state is not None:
            yield Input(replace(place, state=state), named=True)
            return
        if not literal and has_magic(place.url):
            root, files = matching(place)
        else:
            root, files = place, below(place)
        if not files:
            raise UsageError("nothing is in there", where=str(place))
        for file in self._no_results(root, files):
            yield Input(file, file.parent.relative_to(root))

    def _no_results(self, root: Remote, files: Sequence[Remote]) -> Iterator[Remote]:
        """Files less those in the folder of the results; less those with a record, where it holds
        the sources, too."""
        results = self.besides
        if not isinstance(results, Remote):
            yield from files
        elif results.is_below(root):
            yield from (file for file in files if not file.is_below(results))
        elif root == results or root.is_below(results):
            urls = {file.url for file in files}
            yield from (file for file in files if f"{file.url}{RECORD_ENDING}" not in urls)
        else:
            yield from files

    def _is_video(self, given: Input) -> bool:
        if given.named or _PROMISES.search(given.path.name):
            return True
        if isinstance(given.path, Remote):  # nobody fetches a file to look what it is
            return False
        try:
            facts = given.path.stat()
        except OSError:
            return False
        key = (str(given.path), facts.st_size, facts.st_mtime_ns)
        if key not in self._judged:
            self._judged[key] = holds_video(given.path)
        return self._judged[key]


def _is_list(word: str) -> bool:
    return word.startswith(_LIST_MARK) and not os.path.lexists(word)


def _list_file(path: Path) -> Iterator[str]:
    try:
        text = path.read_bytes()
    except OSError as cause:
        raise UsageError(f"the list cannot be read ({cause.strerror})", where=path) from cause
    for name in _names(text):
        yield name if is_address(name) or is_remote(name) else str(path.parent / name)


def _names(text: bytes) -> Iterator[str]:
    """One name a line, remarks (`#`) left out; or NUL between them, as `find -print0` has it."""
    if b"\0" in text:
        yield from (os.fsdecode(name) for name in text.split(b"\0") if name)
        return
    for line in text.splitlines():
        if line.strip() and not line.startswith(_REMARK):
            yield os.fsdecode(line)


def _fixed_part(pattern: str) -> Path:
    """The folder that a pattern begins with."""
    parts = Path(pattern).parts
    fixed = next(k for k, part in enumerate(parts) if has_magic(part))
    return Path(*parts[:fixed])


def _is_same(path: Path, other: Where | None) -> bool:
    return other is not None and path.absolute() == on_disk(other)


def _below(path: Path, folder: Where | None) -> bool:
    return folder is not None and on_disk(folder) in path.absolute().parents


def files_of(inputs: Iterable[Input]) -> set[Where]:
    """Their paths, absolute, or URLs."""
    return {on_disk(given.path) for given in inputs}
