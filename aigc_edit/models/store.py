"""Weights that no wheel carries: which there are, where they lie, and how they get there.

A file counts only if its SHA-256 is the promised one. It is fetched into a part file and gets
its name when it is whole and right, so that runs side by side and runs that were stopped leave
nothing wrong.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from aigc_edit.errors import ModelError, UsageError, suggestion
from aigc_edit.folders import cache_folder, is_offline
from aigc_edit.models.catalogue import Weights, whisper_weights
from aigc_edit.models.download import PATIENT, Heard, Patience, download

MIRROR_VARIABLE = "AIGC_EDIT_MODELS_URL"
_WAIT = 0.2  # seconds between two looks at what another run fetches


class State(StrEnum):
    """What is known of weights without reading them."""

    CHECKED = "here"
    UNCHECKED = "here, unchecked"
    BEGUN = "begun"
    MISSING = "-"


@dataclass(frozen=True)
class Store:
    """Weights on this machine.

    Attributes:
        folder: where weights are put.
        known: all weights that there are, by name.
        others: where other programs may have put the same files; only read.
        mirror: the address of a folder with all the files, instead of their authors' addresses.
    """

    folder: Path
    known: Mapping[str, Weights]
    others: tuple[Path, ...] = ()
    mirror: str = ""
    patience: Patience = PATIENT

    def __getitem__(self, name: str) -> Weights:
        """Raises UsageError where no weights are named so."""
        if name not in self.known:
            raise UsageError(f"no weights named {name!r}", cure=suggestion(name, self.known))
        return self.known[name]

    def state(self, name: str) -> tuple[State, Path]:
        """What is known of weights without reading them, and where they are or would be."""
        weights = self[name]
        present = [path for path in self._places(weights) if path.is_file()]
        if not present:
            part = self._part(weights)
            return (State.BEGUN, part) if part.exists() else (State.MISSING, self._home(weights))
        noted = [path for path in present if self._is_noted(path, weights)]
        return (State.CHECKED, noted[0]) if noted else (State.UNCHECKED, present[0])

    def found(self, name: str) -> Path | None:
        """The file of weights, if it is here and right; read only where that is not known yet."""
        weights = self[name]
        for path in self._places(weights):
            if path.is_file() and (self._is_noted(path, weights) or self._is_right(path, weights)):
                return path
        return None

    def ensured(
        self, name: str, *, offline: bool = False, heard: Heard = lambda _done, _total: None
    ) -> Path:
        """The file of weights, fetched if it is not here.

        Args:
            offline: nothing may be fetched; AIGC_EDIT_OFFLINE says so, too.
            heard: called with the bytes that are here and all bytes (0: unknown).

        Raises:
            ModelError: they are not here and may not or cannot be fetched, or are not the right
                ones.
        """
        path = self.found(name)
        if path is not None:
            return path
        if offline or is_offline():
            raise self._unreachable(name)
        return self._fetched(self[name], heard)

    def check_reachable(self, name: str) -> None:
        """Raises ModelError where weights are not here and may not be fetched."""
        if is_offline() and self.found(name) is None:
            raise self._unreachable(name)

    def _unreachable(self, name: str) -> ModelError:
        return ModelError(
            f"the weights {name} are not here, and nothing may be fetched (offline)",
            cure=f"Fetch them while there is a network: {self[name].command}",
        )

    def verified(self, name: str) -> dict[Path, bool]:
        """Whether each copy of weights that is here is right, read anew."""
        weights = self[name]
        present = [path for path in self._places(weights) if path.is_file()]
        return {path: self._is_right(path, weights) for path in present}

    def _fetched(self, weights: Weights, heard: Heard) -> Path:
        home, part = self._home(weights), self._part(weights)
        with self._alone(weights, heard):
            path = self.found(weights.name)  # another run may have fetched them meanwhile
            if path is not None:
                return path
            download(self._address(weights), part, heard, self.patience)
            if _digest(part) != weights.sha256:
                part.unlink()
                raise self._wrong(weights)
            os.replace(part, home)
            self._note(home, weights)
        return home

    def _address(self, weights: Weights) -> str:
        url = f"{self.mirror.rstrip('/')}/{weights.file.name}" if self.mirror else weights.url
        if urlsplit(url).scheme not in ("http", "https"):
            cure = f"{MIRROR_VARIABLE} must be such an address, or not set."
            raise ModelError("weights come over http and https only", where=url, cure=cure)
        return url

    def _wrong(self, weights: Weights) -> ModelError:
        mirror = f", or look at the server that {MIRROR_VARIABLE} names" if self.mirror else ""
        return ModelError(
            f"what came is not {weights.name}: its SHA-256 is another one; it was removed",
            where=self._address(weights),
            cure=f"Try again{mirror}.",
        )

    def _home(self, weights: Weights) -> Path:
        return self.folder / weights.file

    def _part(self, weights: Weights) -> Path:
        home = self._home(weights)
        return home.with_name(f"{home.name}.{weights.sha256[:8]}.part")

    def _places(self, weights: Weights) -> list[Path]:
        return [folder / weights.file for folder in (self.folder, *self.others)]

    @contextmanager
    def _alone(self, weights: Weights, heard: Heard) -> Iterator[None]:
        """While another run fetches the same, waits, and tells how far that one is."""
        home, part = self._home(weights), self._part(weights)
        try:
            home.parent.mkdir(parents=True, exist_ok=True)
            lock = home.with_name(f"{home.name}.lock").open("w")
        except OSError as cause:
            what = f"weights cannot be written ({cause.strerror or cause})"
            raise ModelError(what, where=home.parent) from cause
        with lock:
            while not _locks(lock.fileno()):
                heard(part.stat().st_size if part.exists() else 0, weights.megabytes * 10**6)
                time.sleep(_WAIT)
            yield

    # What was read once is noted beside the weights, by size and time of the file.

    def _is_right(self, path: Path, weights: Weights) -> bool:
        right = _digest(path) == weights.sha256
        if right:
            self._note(path, weights)
        elif self._is_noted(path, weights):
            self._note_file(weights).unlink()
        return right

    def _is_noted(self, path: Path, weights: Weights) -> bool:
        with suppress(OSError, ValueError):
            noted: object = json.loads(self._note_file(weights).read_text("utf-8"))
            return noted == _facts(path, weights)
        return False

    def _note(self, path: Path, weights: Weights) -> None:
        with suppress(OSError):  # a folder that cannot be written: read again next time
            file = self._note_file(weights)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(_facts(path, weights)), "utf-8")

    def _note_file(self, weights: Weights) -> Path:
        home = self._home(weights)
        return home.with_name(f"{home.name}.checked")


def user_store() -> Store:
    """The user's weights: in the cache folder of this program, or fetched by Whisper itself."""
    others = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"  # as Whisper has it
    mirror = os.environ.get(MIRROR_VARIABLE, "")
    return Store(cache_folder() / "weights", whisper_weights(), (Path(others),), mirror)


def _locks(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as cause:
        what = f"weights cannot be read ({cause.strerror or cause})"
        raise ModelError(what, where=path) from cause


def _facts(path: Path, weights: Weights) -> list[object]:
    facts = path.stat()
    return [str(path), facts.st_size, facts.st_mtime_ns, weights.sha256]
