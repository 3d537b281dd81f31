"""The looks that there are: those that ship, and the user's own."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from aigc_edit.errors import ModelError, suggestion
from aigc_edit.folders import data_folder

ENDING = ".safetensors"
_SHIPPED = Path(__file__).parent / "gan"


@dataclass(frozen=True)
class Look:
    """A trained painter.

    Attributes:
        shipped: whether it came with the toolkit.
    """

    name: str
    path: Path
    shipped: bool

    def digest(self) -> str:
        """SHA-256 of the weights. Raises ModelError where they cannot be read."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as cause:
            raise ModelError(
                f"the look {self.name!r} cannot be read ({cause.strerror})", where=self.path
            ) from cause


def looks_folder() -> Path:
    """Where the user's own looks lie; each file there is a look of its name."""
    return data_folder() / "looks"


def all_looks() -> Mapping[str, Look]:
    """By name; a look of the user's goes before a shipped one of the same name."""
    return {look.name: look for look in (*_of(_SHIPPED, shipped=True), *_of(looks_folder()))}


def find_look(name: str) -> Look:
    """A look by its name, or by the path of its weights.

    Raises:
        ModelError: there is none.
    """
    if name.endswith(ENDING):
        return Look(Path(name).stem, Path(name), shipped=False)
    known = all_looks()
    if name not in known:
        raise ModelError(f"no look is named {name!r}", cure=suggestion(name, known))
    return known[name]


def keep_look(weights: Path, name: str) -> Path:
    """Puts weights among the user's own looks, under a name; returns where.

    Raises:
        ModelError: the name cannot be one of a file, or the folder cannot be written.
    """
    check_name(name)
    target = looks_folder() / f"{name}{ENDING}"
    unfinished = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(weights, unfinished)
        unfinished.replace(target)
    except OSError as cause:
        raise ModelError(f"cannot be written ({cause.strerror})", where=target) from cause
    return target


def check_name(name: str) -> None:
    """Raises ModelError where no file can be named so."""
    if not name or Path(name).name != name or name.startswith("."):
        raise ModelError(f"a look cannot be named {name!r}", cure="Take letters and digits.")


def _of(folder: Path, *, shipped: bool = False) -> Iterator[Look]:
    for path in sorted(folder.glob(f"*{ENDING}")):
        yield Look(path.stem, path, shipped)
