"""Strangers' code: what entry points offer, loaded so that every error names its place."""

from __future__ import annotations

import hashlib
import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import Any

from aigc_edit.errors import AigcEditError, PluginError, one_line

SEE_ALL = "Run again with --debug to see all of it."
# Frames of those who only load or call it say nothing.
_HOUSE = Path(__file__).parent
_LOADERS = (
    __file__,
    *(str(_HOUSE / name) for name in ("pipeline", "engine", "models/recognizers.py")),
)
# Packages whose distribution has another name than what is imported.
_DISTRIBUTIONS = {
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}


@dataclass(frozen=True)
class Offer:
    """What an entry point of an installed distribution offers.

    Attributes:
        origin: the distribution.
        place: the entry point with its distribution, for messages.
    """

    name: str
    origin: str
    place: str
    loader: Callable[[], Any]


def offers(group: str) -> list[Offer]:
    """All that installed distributions offer in a group of entry points, in order of name."""
    points = sorted(entry_points(group=group), key=lambda point: point.name)
    return [_offer(point) for point in {(p.name, p.value): p for p in points}.values()]


def _offer(point: EntryPoint) -> Offer:
    origin = _distribution_name(point.dist) if point.dist else "an unknown distribution"
    place = f"{origin}, entry point `{point.name} = {point.value}`"
    return Offer(point.name, origin, place, point.load)


@cache  # its metadata is parsed each time
def _distribution_name(distribution: Distribution) -> str:
    return distribution.name


@contextmanager
def loading(subject: str, place: str) -> Iterator[None]:
    """Turns whatever importing a plugin raises into an error that names the file and line."""
    try:
        yield
    except AigcEditError:
        raise
    except (Exception, SystemExit) as cause:
        found = place_of(cause)
        if isinstance(cause, ModuleNotFoundError) and found:
            raise missing_package(subject, cause) from cause
        raise PluginError(
            f"{subject} cannot be loaded ({type(cause).__name__}: {one_line(cause)})",
            where=found or place,
            cure="Repair or leave out that plugin.",
        ) from cause


@contextmanager
def asking(stage: Any) -> Iterator[None]:
    """Turns whatever a stage's class or instance raises where it is only asked into an error that
    names it."""
    try:
        yield
    except AigcEditError:
        raise
    except Exception as cause:
        raise failure(stage, cause) from cause


def failure(stage: Any, cause: Exception, when: str = "") -> PluginError:
    """What to say where a stage (its class or an instance) raised; `when`: such as ` at 0.5 s`."""
    subject = f"stage {stage.name!r}"
    if isinstance(cause, ModuleNotFoundError):
        return missing_package(subject, cause)
    file = getattr(sys.modules.get(stage.__module__), "__file__", None)
    return PluginError(
        f"{subject} failed{when} ({type(cause).__name__}: {one_line(cause)})",
        where=place_of(cause, file),
        cure=SEE_ALL,
    )


def missing_package(subject: str, cause: ModuleNotFoundError) -> PluginError:
    """What to say where a plugin imports what is not installed; nothing is ever installed."""
    package = (cause.name or "").partition(".")[0]
    wanted = _DISTRIBUTIONS.get(package, package)
    return PluginError(
        f"{subject} needs the package {package!r}, which is not installed",
        where=place_of(cause),
        cure=f"pip install {wanted}",
    )


def place_of(cause: BaseException, file: str | None = None) -> str:
    """FILE:LINE of what went wrong: in that file, if it came by there, else where it was raised.

    For syntax errors it is where the parser stopped. Nothing where no plugin's line was reached.
    """
    if isinstance(cause, SyntaxError) and cause.filename:
        return f"{cause.filename}:{cause.lineno}"
    frames = [
        frame
        for frame in traceback.extract_tb(cause.__traceback__)
        if "importlib" not in frame.filename and not frame.filename.startswith(_LOADERS)
    ]
    frames = [frame for frame in frames if frame.filename == file] or frames
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


@cache
def code_digest(module: str) -> str:
    """SHA-256 of the package that a module belongs to, so that changed code is noticed."""
    top = importlib.import_module(module.partition(".")[0])
    file = Path(top.__file__ or "")
    files = sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()
