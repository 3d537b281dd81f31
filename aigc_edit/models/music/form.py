"""How a piece is parted before its first note: sections in related keys, phrases, last chords."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from aigc_edit.models.music.notes import Key, Meter
from aigc_edit.models.music.timing import BEAT

_PHRASE = 8  # beats that a phrase likes to have
_SHORTEST, _LONGEST = 4, 16
_RESTED = 2  # beats of the last chord that count as its phrase's; for the others it only rings
_AT_CUT = 3.0  # what it is worth that a phrase begins where the picture is cut
_SECTION = 32  # beats after which a section ends with its phrase
# Tonics of sections between the first and the last one, semitones above it, and if the mode turns:
# the relative key, the dominant, the subdominant.
_RELATED = {
    "major": ((9, True), (7, False), (5, False)),
    "minor": ((3, True), (7, False), (5, False)),
}


@dataclass(frozen=True)
class Section:
    """A stretch that is composed in one go, and closes in its key.

    Attributes:
        first: the sixteenth of the whole at which it begins.
        length: its sixteenths, those of the last chord included.
        entry: sixteenth of the bar at which it begins.
        phrases: sixteenths of the section: where each phrase begins, the first at 0.
        chords: where the last chord of each phrase begins; the last of them is the section's.
    """

    key: Key
    meter: Meter
    first: int
    length: int
    entry: int
    phrases: tuple[int, ...]
    chords: tuple[int, ...]

    @property
    def returning(self) -> tuple[int, int]:
        """The phrase that begins as the first one does, and its last chord: the third, or the
        next one that lies as well in the bar; none is at the end."""
        later = zip(self.phrases[2:], self.chords[2:], strict=True)
        fitting = (pair for pair in later if pair[0] % self.meter.bar == 0)
        return next(fitting, (self.length, self.length))


def sections(
    key: Key, meter: Meter, *, last: int, ring: int, cuts: Collection[int]
) -> tuple[Section, ...]:
    """The form of a piece.

    Args:
        last: the beat on which the last chord begins; it is the first of a bar.
        ring: beats that it lasts.
        cuts: beats on which the picture is cut: phrases begin there where they can.
    """
    entry = -last * BEAT % meter.bar
    bounds = [*_phrases(last + min(ring, _RESTED), cuts)[:-1], last + ring]
    groups = _grouped(bounds)
    keys = _keys(key, len(groups))
    return tuple(
        _section(key, meter, group, entry, final=last if group[-1] == last + ring else None)
        for key, group in zip(keys, groups, strict=True)
    )


def _phrases(total: int, cuts: Collection[int]) -> list[int]:
    """Beats at which phrases begin, and the end: lengths near to eight, at cuts if possible."""
    costs, froms = [0.0], [0]
    for end in range(1, total + 1):
        cost, begin = min(
            (costs[begin] + _uneven(end - begin, whole=begin == 0 and end == total), begin)
            for begin in range(max(0, end - _LONGEST), end)
        )
        costs.append(cost - _AT_CUT * (end in cuts))
        froms.append(begin)
    found = [total]
    while found[-1]:
        found.append(froms[found[-1]])
    return found[::-1]


def _uneven(beats: int, *, whole: bool) -> float:
    """What a phrase costs; one that is too short is dear, unless it is all there is."""
    if beats < _SHORTEST and not whole:
        return 100.0 * (_SHORTEST - beats)
    odd = 0.5 * (beats % 2)
    return (beats - _PHRASE) ** 2 / 8 + odd


def _grouped(bounds: Sequence[int]) -> list[list[int]]:
    """Phrases of each section, as beats at which they begin, and the section's end."""
    groups: list[list[int]] = [[bounds[0]]]
    for number, bound in enumerate(bounds[1:], 1):
        groups[-1].append(bound)
        left = bounds[-1] - bound
        if bound - groups[-1][0] >= _SECTION and left >= _SECTION // 2 and number < len(bounds) - 1:
            groups.append([bound])
    return groups


def _keys(key: Key, count: int) -> list[Key]:
    """Home first and last, relatives between."""
    related = _RELATED[key.mode]
    found = [key]
    for number in range(count - 2):
        above, turns = related[number % len(related)]
        mode = key.mode if not turns else "minor" if key.mode == "major" else "major"
        found.append(Key((key.tonic + above) % 12, mode))
    return [*found, key][:count]


def _section(
    key: Key, meter: Meter, bounds: Sequence[int], entry: int, final: int | None
) -> Section:
    first = bounds[0]
    place = (entry + first * BEAT) % meter.bar
    chords = [_chord(begin, end, entry, meter) for begin, end in pairwise(bounds)]
    if final is not None:
        chords[-1] = final
    return Section(
        key=key,
        meter=meter,
        first=first * BEAT,
        length=(bounds[-1] - first) * BEAT,
        entry=place,
        phrases=tuple((begin - first) * BEAT for begin in bounds[:-1]),
        chords=tuple((beat - first) * BEAT for beat in chords),
    )


def _chord(begin: int, end: int, entry: int, meter: Meter) -> int:
    """The beat of a phrase's last chord: one before the next phrase, or two to a strong beat."""
    strong = {0, meter.bar // 2 // BEAT * BEAT} if meter.beats % 2 == 0 else {0}
    weak = (entry + (end - 1) * BEAT) % meter.bar not in strong
    return max(begin, end - 2 if weak else end - 1)
