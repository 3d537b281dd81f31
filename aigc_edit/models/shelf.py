"""Nets that stages call by name: those that ship, and the user's own."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aigc_edit.errors import ModelError, suggestion
from aigc_edit.folders import data_folder

ENDING = ".safetensors"


@dataclass(frozen=True)
class Shelved:
    """A trained net.

    Attributes:
        kind: what it is for, such as `look`.
        shipped: whether it came with the toolkit.
    """

    kind: str
    name: str
    path: Path
    shipped: bool

    def digest(self) -> str:
        """SHA-256 of the weights. Raises ModelError where they cannot be read."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as cause:
            raise ModelError(
                f"the {self.kind} {self.name!r} cannot be read ({cause.strerror})", where=self.path
            ) from cause


@dataclass(frozen=True)
class Shelf:
    """All nets of a kind, by name.

    Attributes:
        kind: as in messages: `look`.
        shipped: the folder of those that ship.
    """

    kind: str
    shipped: Path

    @property
    def folder(self) -> Path:
        """Where the user's own lie; each file there is a net of its name."""
        return data_folder() / f"{self.kind}s"

    def all(self) -> Mapping[str, Shelved]:
        """By name; one of the user's goes before a shipped one of the same name."""
        found = (*self._of(self.shipped, shipped=True), *self._of(self.folder))
        return {net.name: net for net in found}

    def find(self, name: str) -> Shelved:
        """By its name, or by the path of its weights. Raises ModelError where there is none."""
        if name.endswith(ENDING):
            return Shelved(self.kind, Path(name).stem, Path(name), shipped=False)
        known = self.all()
        if name not in known:
            what = f"no {self.kind} is named {name!r}"
            raise ModelError(what, cure=suggestion(name, known))
        return known[name]

    def keep(self, weights: Path, name: str) -> Path:
        """Puts weights among the user's own, under a name; returns where.

        Raises:
            ModelError: the name cannot be one of a file, or the folder cannot be written.
        """
        self.check_name(name)
        target = self.folder / f"{name}{ENDING}"
        unfinished = target.with_suffix(".part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(weights, unfinished)
            unfinished.replace(target)
        except OSError as cause:
            raise ModelError(f"cannot be written ({cause.strerror})", where=target) from cause
        return target

    def check_name(self, name: str) -> None:
        """Raises ModelError where no file can be named so, or `find` would take it for a path."""
        if not name or Path(name).name != name or name.startswith(".") or name.endswith(ENDING):
            what = f"a {self.kind} cannot be named {name!r}"
            raise ModelError(what, cure="Take letters and digits.")

    def _of(self, folder: Path, *, shipped: bool = False) -> Iterator[Shelved]:
        for path in sorted(folder.glob(f"*{ENDING}")):
            yield Shelved(self.kind, path.stem, path, shipped)


_MODELS = Path(__file__).parent
LOOKS = Shelf("look", _MODELS / "gan")  # of style_gan
STYLES = Shelf("style", _MODELS / "music")  # of music_lstm
