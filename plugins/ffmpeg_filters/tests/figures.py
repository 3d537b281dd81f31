"""Prints how many of FFmpeg's one-in-one-out filters run: the table of the README."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import pydantic
from aigc_edit_ffmpeg_filters.known import AUDIO, NEEDED, REFUSED_AUDIO, REFUSED_VIDEO, VIDEO
from test_ffmpeg_filters import (
    ARGUMENTS,
    ONLY_44100,
    RATE,
    heard,
    made_planes,
    made_sound,
    one_in_one_out,
    shown,
)

from aigc_edit.api import PluginError

Run = Callable[[str], object]


def runs(run: Run, chain: str) -> bool:
    """Whether a chain gives a result."""
    try:
        run(chain)
    except (pydantic.ValidationError, PluginError):
        return False
    return True


def line(kind: str, known: Collection[str], refused: Mapping[str, str], run: Run) -> str:
    """One line of the table."""
    there = one_in_one_out()
    names = sorted(there & set(known))
    plain = [name for name in names if runs(run, name)]
    helped = [n for n in names if n not in plain and runs(run, with_arguments(n))]
    failed = set(names) - set(plain) - set(helped)
    out = sorted(there & set(refused))
    columns = (kind, len(names) + len(out), len(plain), len(helped), len(out), len(failed))
    return f"| {' | '.join(map(str, columns))} |"


def with_arguments(name: str) -> str:
    """A chain in which a filter has what it must be given."""
    return ARGUMENTS.get(name, f"{name}=seed=1" if name in NEEDED else name)


def lines() -> Iterator[str]:
    """The whole table."""
    planes, sound = made_planes(), made_sound()

    def listen(chain: str) -> np.ndarray:
        return heard(chain, sound, rate=44_100 if chain in ONLY_44100 else RATE)

    yield "| kind | one in, one out | run as they are | run with options | refused | fail |"
    yield "|---|---|---|---|---|---|"
    yield line("video", VIDEO, REFUSED_VIDEO, lambda chain: shown(chain, planes))
    yield line("audio", AUDIO, REFUSED_AUDIO, listen)


if __name__ == "__main__":
    sys.stdout.writelines(f"{text}\n" for text in lines())
