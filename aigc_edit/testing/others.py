"""Two instances of a stage: what they share, as it was at first, and options for the other one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy
from fractions import Fraction
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pydantic
from pydantic.fields import FieldInfo

from aigc_edit.api import Stage, StageOptions

_VALUES = (type(None), bool, int, float, str, bytes, tuple, np.ndarray)
_CONTAINERS = (list, dict, set)
_HOUSE = ("abc", "builtins", "aigc_edit.api.stages")  # modules whose classes remember nothing


class SharedMemory:
    """What a stage's classes and its module hold besides code.

    A value that is set once, from the first frame that anybody sees, is the same ever after: only
    where it is taken back does it show that the next instance would have set another one.
    """

    def __init__(self, kind: type[Stage]) -> None:
        classes = [owner for owner in kind.__mro__ if owner.__module__ not in _HOUSE]
        modules = [sys.modules[name] for name in {kind.__module__} & sys.modules.keys()]
        owners: list[type | ModuleType] = [*classes, *modules]
        self._names = [(owner, set(vars(owner))) for owner in classes]
        self._held = [(owner, name, copy(v)) for owner in owners for name, v in _held(owner)]
        self._containers = [(c, copy(c)) for module in modules for c in _containers(module)]

    @contextmanager
    def as_at_first(self) -> Iterator[None]:
        """Takes it back; what a module's containers hold only for as long as this lasts, since
        others may have filled them, and rely on it."""
        self.take_back()
        now = [(container, copy(container)) for container, _ in self._containers]
        _refill(self._containers)
        try:
            yield
        finally:
            _refill(now)

    def take_back(self) -> None:
        """Makes it what it was when the kit first saw the class."""
        for kind, names in self._names:
            for name in set(vars(kind)) - names:
                if not name.startswith("__"):
                    delattr(kind, name)
        for owner, name, value in self._held:
            if vars(owner).get(name) is not value:
                setattr(owner, name, copy(value))


@cache  # what it was at first
def shared_memory(kind: type[Stage]) -> SharedMemory:
    return SharedMemory(kind)


def _held(owner: type | ModuleType) -> Iterator[tuple[str, Any]]:
    """Values, and containers of classes, by their names."""
    kinds = _VALUES if isinstance(owner, ModuleType) else (*_VALUES, *_CONTAINERS)
    for name, value in list(vars(owner).items()):
        if isinstance(value, kinds) and not name.startswith("__"):
            yield name, value


def _containers(module: ModuleType) -> Iterator[Any]:
    for name, value in list(vars(module).items()):
        if type(value) in _CONTAINERS and not name.startswith("__"):
            yield value


def _refill(containers: Sequence[tuple[Any, Any]]) -> None:
    """Makes each hold what another one of its type holds."""
    for container, wanted in containers:
        container.clear()
        fill = container.extend if type(container) is list else container.update
        fill(wanted)


def other_options(options: StageOptions) -> StageOptions:
    """With switches the other way, and numbers nearer to one of their limits."""
    for name, field in type(options).model_fields.items():
        for value in _other_values(getattr(options, name), field):
            given = options.model_dump(mode="json") | {name: value}
            with suppress(pydantic.ValidationError):
                changed = type(options).model_validate(given)
                if changed != options:
                    options = changed
                    break
    return options


def _other_values(value: Any, field: FieldInfo) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float | Fraction):
        limits = [getattr(item, way, None) for way in ("ge", "le") for item in field.metadata]
        for limit in (float(one) for one in limits if one is not None):
            middle = (float(value) + limit) / 2
            yield round(middle) if isinstance(value, int) else middle
