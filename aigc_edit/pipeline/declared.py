"""What a stage class must declare before it is let near a video."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain
from typing import Any

from aigc_edit.api import (
    API_VERSION,
    Analyzer,
    Audio,
    AudioFilter,
    FrameFilter,
    Frames,
    Selector,
    Sink,
    Stage,
    StageOptions,
    TrackRef,
)
from aigc_edit.errors import PluginError
from aigc_edit.media import CONTAINERS
from aigc_edit.strangers import asking

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")
_SUFFIX = re.compile(r"(\.[A-Za-z0-9_-]+)+")
_DTYPES = ("uint8", "float16", "bfloat16", "float32")
_KINDS = (Analyzer, Selector, FrameFilter, AudioFilter, Sink)


@dataclass(frozen=True)
class _Attribute:
    """What stands on the class of some kinds of stage: what it must be, in words and as a test."""

    kinds: tuple[type[Stage], ...]
    name: str
    words: str
    right: Callable[[Any], bool]


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_tuple(value: Any) -> bool:
    return isinstance(value, tuple | list)


def _counts_from(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not _is_switch(value) and value >= least


_ATTRIBUTES = (
    _Attribute((Stage,), "version", "text, such as '1'", lambda value: isinstance(value, str)),
    _Attribute((FrameFilter,), "pixels", "'rgb' or 'yuv'", lambda value: value in ("rgb", "yuv")),
    _Attribute((FrameFilter,), "dtype", f"one of {', '.join(_DTYPES)}", lambda v: v in _DTYPES),
    _Attribute((FrameFilter,), "context", "a whole number, 0 or more", _counts_from(0)),
    _Attribute((FrameFilter,), "max_batch", "a whole number, 1 or more", _counts_from(1)),
    _Attribute((FrameFilter,), "steady", "True or False", _is_switch),
    _Attribute((AudioFilter,), "measures", "True or False", _is_switch),
    _Attribute((AudioFilter,), "makes_sound", "True or False", _is_switch),
    _Attribute((AudioFilter, Sink), "suffixes", "a tuple, such as ('.notes.txt',)", _is_tuple),
)
# What is a tuple on the class, or a property of the options: of which kind of stage, and of what.
_TUPLES: tuple[tuple[type[Stage], str, Any, str], ...] = (
    (Stage, "reads", TrackRef, 'Shots.named("shots")'),
    (Stage, "writes", TrackRef, 'Shots.named("shots")'),
    (Analyzer, "needs", (Frames, Audio), "Frames(fps=1)"),
)


def check_stage_class(stage: Any, name: str, place: str) -> None:
    """Raises PluginError for the first promise that a class does not make rightly."""
    if not (isinstance(stage, type) and issubclass(stage, _KINDS)):
        kinds = ", ".join(kind.__name__ for kind in _KINDS)
        raise PluginError(
            f"{name!r} is not a stage", where=place, cure=f"Its base is one of {kinds}."
        )
    if stage.api_version != API_VERSION:
        newer = isinstance(stage.api_version, int) and stage.api_version > API_VERSION
        raise PluginError(
            f"stage {name!r} is written for version {stage.api_version} of the plugin API, "
            f"and this is {API_VERSION}",
            where=place,
            cure="Update aigc-edit." if newer else "Update the plugin.",
        )
    for problem in chain(_general(stage, name), _of_kind(stage)):
        raise PluginError(f"stage {name!r}: {problem}", where=place)


def make_stage(kind: type[Stage], options: StageOptions, place: str) -> Stage:
    """A stage with its options.

    Raises:
        PluginError: it fails, or what it says of its options is not what stages declare.
    """
    with asking(kind):
        stage = kind(options)
        problems = list(_tuples(kind, partial(getattr, stage)))
    for problem in problems:
        raise PluginError(f"stage {kind.name!r}: {problem}", where=place)
    return stage


def _general(stage: type[Stage], name: str) -> Iterator[str]:
    if inspect.isabstract(stage):
        missing = ", ".join(sorted(stage.__abstractmethods__))
        yield f"its class has no {missing}"
    if getattr(stage, "name", None) != name:
        yield f"its class says `name = {getattr(stage, 'name', None)!r}`; write {name!r} there"
    if not _NAME.fullmatch(name):
        yield "a name is made of letters, digits and _, with one dot at most"
    if not (isinstance(stage.__doc__, str) and stage.__doc__.strip()):
        yield "its class has no docstring, which is its help"
    if not (isinstance(stage.Options, type) and issubclass(stage.Options, StageOptions)):
        yield "`Options` is no subclass of StageOptions"
    if not _takes(stage.__init__, 1):
        yield "its __init__ takes no options; prepare in `begin` instead"
    yield from _tuples(stage, partial(inspect.getattr_static, stage))


def _of_kind(stage: type[Stage]) -> Iterator[str]:
    for attribute in _ATTRIBUTES:
        if issubclass(stage, attribute.kinds):
            value = getattr(stage, attribute.name)
            if not attribute.right(value):
                yield f"`{attribute.name}` is {value!r}, not {attribute.words}"
    if issubclass(stage, Analyzer):
        watches = stage.frames is not Analyzer.frames or stage.audio is not Analyzer.audio
        if watches and stage.needs is Analyzer.needs:
            yield "it has `frames` or `audio`, and `needs` asks for nothing"
    if issubclass(stage, Sink | AudioFilter):
        yield from (problem for suffix in stage.suffixes for problem in _suffix(suffix))
    if issubclass(stage, FrameFilter):
        yield from _filter(stage)


def _filter(stage: type[FrameFilter]) -> Iterator[str]:
    yield from _steadiness(stage)
    methods = ("apply_planes",) if stage.pixels == "yuv" else ("apply", "apply_batch")
    if all(getattr(stage, method) is getattr(FrameFilter, method) for method in methods):
        yield f"its class has no {' or '.join(methods)}"
    for method, taken in (("apply", 1), ("apply_batch", 2), ("apply_planes", 2)):
        if not _takes(getattr(stage, method), taken):
            yield f"`{method}` takes {'frames' if taken == 1 else 'frames and their times'}"


def _steadiness(stage: type[FrameFilter]) -> Iterator[str]:
    if stage.steady and stage.pixels == "yuv":
        yield "`steady` is True for RGB only"
    if "steady" in getattr(stage.Options, "model_fields", ()):
        yield "an option named `steady` would hide the one that every step of a frame filter has"


def _suffix(suffix: Any) -> Iterator[str]:
    if not (isinstance(suffix, str) and _SUFFIX.fullmatch(suffix)):
        yield f"{suffix!r} is no suffix, such as '.notes.txt'"
    elif suffix in CONTAINERS or suffix.endswith(".run.json"):
        yield f"{suffix} is the name of the result or its record"


@cache  # most classes have most methods from their kind
def _takes(method: Any, count: int) -> bool:
    """Whether a method can be called with self and that many arguments."""
    try:
        inspect.signature(method).bind(*range(count + 1))
    except TypeError:
        return False
    return True


def _tuples(kind: type[Stage], value_of: Callable[[str], Any]) -> Iterator[str]:
    """What is wrong with the tuples of a class, or of an instance; a property is asked there."""
    for base, field, kinds, example in _TUPLES:
        value = value_of(field) if issubclass(kind, base) else ()
        if isinstance(value, property):
            continue
        if not _is_tuple(value) or not all(isinstance(item, kinds) for item in value):
            yield f"`{field}` is a tuple, such as `({example},)`"
