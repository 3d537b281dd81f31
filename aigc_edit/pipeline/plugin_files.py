"""Plugins that are files: found in folders that the user names, and run only then."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TypeGuard

from aigc_edit.api import Stage
from aigc_edit.errors import PluginError, UsageError
from aigc_edit.strangers import loading

_IS_A_STAGE = (
    "A stage is a class with a `name` on Analyzer, Selector, FrameFilter, AudioFilter or Sink."
)
_METHODS = ("apply", "apply_batch", "apply_planes", "select", "deliver", "finish")
_NO_PLUGINS = ("setup.py", "conftest.py")


def plugin_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The Python files that may hold stages: those named, and those in folders that were named.

    Raises:
        UsageError: there is nothing of that name, or nothing in it.
    """
    seen: set[Path] = set()
    for path in paths:
        found = [path] if path.is_file() else sorted(_inside(path))
        if not found:
            what = "no plugins in this folder" if path.is_dir() else "no such plugin file or folder"
            raise UsageError(what, where=path, cure="A plugin is a .py file, or a package.")
        for file in found:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _inside(folder: Path) -> Iterator[Path]:
    if (folder / "__init__.py").is_file():  # a package: its modules are its own business
        yield folder / "__init__.py"
        return
    for path in folder.glob("*.py"):
        if not path.name.startswith(("_", "test_")) and path.name not in _NO_PLUGINS:
            yield path
    yield from folder.glob("[!_.]*/__init__.py")


def load_plugin_file(file: Path) -> tuple[type[Stage], ...]:
    """The stages that a file (or a package, by its `__init__.py`) defines.

    Raises:
        PluginError: it cannot be loaded, or holds none.
    """
    with loading(f"plugin {file.stem}", str(file)):
        module = _module(file)
    classes = tuple(v for v in vars(module).values() if _is_class_of(v, module.__name__))
    stages = tuple(c for c in classes if issubclass(c, Stage) and not _lacking(c))
    if not stages:
        lacking = "".join(f"; {c.__name__} {what}" for c in classes if (what := _lacking(c)))
        raise PluginError(f"it holds no stage{lacking}", where=file, cure=_IS_A_STAGE)
    return stages


def _is_class_of(value: object, module: str) -> TypeGuard[type]:
    return isinstance(value, type) and f"{value.__module__}.".startswith(f"{module}.")


def _lacking(value: type) -> str:
    """Why a class that looks like a stage is none; nothing for stages, and for other classes."""
    if not issubclass(value, Stage):
        methods = [method for method in _METHODS if hasattr(value, method)]
        return f"has `{methods[0]}`, and no kind of stage as its base" if methods else ""
    if inspect.isabstract(value):
        return f"has no {', '.join(sorted(value.__abstractmethods__))}"
    return "" if isinstance(getattr(value, "name", None), str) else "has no `name`"


def _module(file: Path) -> ModuleType:
    """The file as a module of its own; loaded once in a process."""
    place = str(file.resolve())
    stem = file.parent.name if file.name == "__init__.py" else file.stem
    name = f"aigc_edit_plugin_{stem}_{hashlib.sha256(place.encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    package = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=package)
    if spec is None or spec.loader is None:
        raise PluginError("this is no Python file", where=file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pydantic look it up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
