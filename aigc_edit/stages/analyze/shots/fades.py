"""Fades, from the curves of brightness and contrast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aigc_edit.stages.analyze.shots.boundaries import Range

FLAT = 3.0  # grey levels of deviation: a frame of one colour
BLACK = 12.0  # mean grey level of a black frame, detect-threshold's default
PICTURE = 4 * FLAT  # a picture that fades has at least this


def fades(
    levels: list[float], contrasts: list[float], hard: Iterable[int], shot: int
) -> list[Range]:
    """Falls of contrast to an empty frame and rises from one.

    A fade out and the fade in after it are one transition unless the empty frames between last
    as long as a shot. The video's own first fade in and last fade out separate nothing
    (detect-threshold leaves them out too).

    Args:
        levels: mean grey level of each frame.
        contrasts: its standard deviation.
        hard: the hard cuts; no fade goes across one.
        shot: frames of the shortest shot.
    """
    cuts = frozenset(hard)
    found = []
    for first, last in _empty_runs(levels, contrasts):
        if first == 0 or last == len(contrasts) - 1:
            continue
        start = _climb(contrasts, first, -1, cuts, shot // 2)
        end = _climb(contrasts, last, 1, cuts, shot // 2)
        if start < first and end > last and last - first < shot:
            found.append((start, end))
            continue
        if start < first:
            found.append((start, _descend(contrasts, first, 1, last)))
        if end > last:
            found.append((_descend(contrasts, last, -1, first), end))
    return found


def _empty_runs(levels: list[float], contrasts: list[float]) -> Iterator[Range]:
    first = None
    for index, (level, contrast) in enumerate(zip(levels, contrasts, strict=True)):
        if level < BLACK or contrast < FLAT:
            first = index if first is None else first
        elif first is not None:
            yield first, index - 1
            first = None
    if first is not None:
        yield first, len(levels) - 1


def _climb(
    contrasts: list[float], foot: int, step: int, cuts: frozenset[int], shortest: int
) -> int:
    """The frame where contrast, rising away from the foot, stops to rise; else the foot."""
    frame = foot
    while 0 <= frame + step < len(contrasts) and max(frame, frame + step) not in cuts:
        rise = contrasts[frame + step] - contrasts[frame]
        mean = (contrasts[frame] - contrasts[foot]) / max(1, abs(frame - foot))
        if rise < mean / 4 or rise <= 0:
            break
        frame += step
    is_fade = abs(frame - foot) >= shortest and contrasts[frame] >= PICTURE
    return frame if is_fade else foot


def _descend(contrasts: list[float], foot: int, step: int, end: int) -> int:
    """Further into the empty run, as long as the rest of the picture still fades."""
    while foot != end and contrasts[foot + step] < contrasts[foot] - 0.25:
        foot += step
    return foot
