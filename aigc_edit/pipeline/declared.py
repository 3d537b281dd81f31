"""What a stage class must declare before it is let near a video."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from aigc_edit.api import (
    API_VERSION,
    Analyzer,
    Audio,
    AudioFilter,
    FrameFilter,
    Frames,
    Sink,
    Stage,
    StageOptions,
    TrackRef,
)
from aigc_edit.errors import PluginError
from aigc_edit.media import CONTAINERS

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?")
_SUFFIX = re.compile(r"(\.[A-Za-z0-9_-]+)+")
_DTYPES = ("uint8", "float16", "bfloat16", "float32")


def check_stage_class(stage: Any, name: str, place: str) -> None:
    """Raises PluginError for the first promise that a class does not make rightly."""
    if not (isinstance(stage, type) and issubclass(stage, Stage)):
        raise PluginError(f"{name!r} is not a stage", where=place, cure="Name a subclass of one.")
    if stage.api_version != API_VERSION:
        newer = isinstance(stage.api_version, int) and stage.api_version > API_VERSION
        raise PluginError(
            f"stage {name!r} is written for version {stage.api_version} of the plugin API, "
            f"and this is {API_VERSION}",
            where=place,
            cure="Update aigc-edit." if newer else "Update the plugin.",
        )
    for problem in (*_general(stage, name), *_of_kind(stage)):
        raise PluginError(f"stage {name!r}: {problem}", where=place)


def _general(stage: type[Stage], name: str) -> Iterator[str]:
    if inspect.isabstract(stage):
        missing = ", ".join(sorted(stage.__abstractmethods__))
        yield f"its class has no {missing}"
    if getattr(stage, "name", None) != name:
        yield f"its class says `name = {getattr(stage, 'name', None)!r}`; write {name!r} there"
    if not _NAME.fullmatch(name):
        yield "a name is made of letters, digits and _, with one dot at most"
    if not (stage.__doc__ or "").strip():
        yield "its class has no docstring, which is its help"
    if not (isinstance(stage.Options, type) and issubclass(stage.Options, StageOptions)):
        yield "`Options` is no subclass of StageOptions"
    if not _takes(stage.__init__, 1):
        yield "its __init__ takes no options; prepare in `begin` instead"
    for field in ("reads", "writes"):
        yield from _tuple_of(stage, field, TrackRef, 'Shots.named("shots")')


def _of_kind(stage: type[Stage]) -> Iterator[str]:
    if issubclass(stage, Analyzer):
        yield from _tuple_of(stage, "needs", (Frames, Audio), "Frames(fps=1)")
        watches = stage.frames is not Analyzer.frames or stage.audio is not Analyzer.audio
        if watches and stage.needs is Analyzer.needs:
            yield "it has `frames` or `audio`, and `needs` asks for nothing"
    if issubclass(stage, Sink | AudioFilter):
        yield from (problem for suffix in stage.suffixes for problem in _suffix(suffix))
    if issubclass(stage, FrameFilter):
        yield from _filter(stage)


def _filter(stage: type[FrameFilter]) -> Iterator[str]:
    if stage.pixels not in ("rgb", "yuv"):
        yield f"`pixels` is {stage.pixels!r}, not 'rgb' or 'yuv'"
    if stage.dtype not in _DTYPES:
        yield f"`dtype` is {stage.dtype!r}, not one of {', '.join(_DTYPES)}"
    if stage.context < 0 or stage.max_batch < 1:
        yield "`context` is 0 or more, `max_batch` 1 or more"
    yield from _steadiness(stage)
    methods = ("apply_planes",) if stage.pixels == "yuv" else ("apply", "apply_batch")
    if all(getattr(stage, method) is getattr(FrameFilter, method) for method in methods):
        yield f"its class has no {' or '.join(methods)}"
    for method, taken in (("apply", 1), ("apply_batch", 2), ("apply_planes", 2)):
        if not _takes(getattr(stage, method), taken):
            yield f"`{method}` takes {'frames' if taken == 1 else 'frames and their times'}"


def _steadiness(stage: type[FrameFilter]) -> Iterator[str]:
    if stage.steady not in (False, True) or (stage.steady and stage.pixels == "yuv"):
        yield "`steady` is True or False, and True for RGB only"
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


def _tuple_of(stage: type[Stage], field: str, kinds: Any, example: str) -> Iterator[str]:
    value = inspect.getattr_static(stage, field)
    if isinstance(value, property):  # nothing, or what depends on the options
        return
    if not isinstance(value, tuple | list) or not all(isinstance(v, kinds) for v in value):
        yield f"`{field}` is a tuple, such as `({example},)`"
