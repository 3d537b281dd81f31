"""MoviePy's video effects as stages: `moviepy.NAME` for each effect of `moviepy.video.fx`."""

from __future__ import annotations

from .effects import REFUSED, SUPPORTED
from .stage import MoviepyEffect, refused_stage, supported_stage

_STAGES: dict[str, type[MoviepyEffect]] = {
    effect.name: supported_stage(effect) for effect in SUPPORTED
} | {name: refused_stage(name, reason) for name, reason in REFUSED.items()}
globals().update(_STAGES)  # entry points name them, and plugin folders are searched for them

__all__ = ["MoviepyEffect"]


def __getattr__(name: str) -> type[MoviepyEffect]:
    """Stages for type checkers, and an error for what is none."""
    raise AttributeError(f"MoviePy has no effect {name!r} that this plugin knows")
