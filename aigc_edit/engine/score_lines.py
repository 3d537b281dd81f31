"""From notes as scores and files have them to the voices of a piece."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aigc_edit.models.music import (
    HIGHEST,
    LOWEST,
    METERS,
    MOST_VOICES,
    Meter,
    Note,
    Piece,
    key_of,
)

LONGEST = 16_384  # sixteenths, half an hour and more
_LEAST_NOTES = 8  # of a piece that can teach something


@dataclass(frozen=True)
class Event:
    """A note before it has a voice; sixteenths, `end` after `start`."""

    start: int
    end: int
    pitch: int


def line_of(events: Iterable[Event], stop: int) -> list[Event]:
    """One note at a time: of a chord the highest, each until the next begins."""
    tops: dict[int, Event] = {}
    for event in sorted(events, key=lambda it: (it.start, it.pitch)):
        if event.start < min(event.end, stop) and LOWEST <= event.pitch <= HIGHEST:
            tops[event.start] = event
    starts = [*tops, stop]
    return [
        Event(it.start, min(it.end, starts[number + 1]), it.pitch)
        for number, it in enumerate(tops.values())
    ]


def lines_of(events: Sequence[Event], stop: int) -> list[list[Event]]:
    """As many lines as notes sound at once, each note in the first line that is free."""
    lines: list[list[Event]] = []
    for event in sorted(events, key=lambda it: (it.start, -it.pitch)):
        if event.start >= stop or not LOWEST <= event.pitch <= HIGHEST:
            continue
        held = Event(event.start, min(event.end, stop), event.pitch)
        free = next((line for line in lines if line[-1].end <= held.start), None)
        lines.append([held]) if free is None else free.append(held)
    return lines


def leading(lines: list[list[Event]], most: int = MOST_VOICES) -> list[list[Event]]:
    """At most so many lines, those with most notes, from high to low."""
    kept = sorted(lines, key=len, reverse=True)[:most]
    return sorted(kept, key=lambda line: -sum(it.pitch for it in line) / len(line))


def piece_of(
    lines: Sequence[Sequence[Event]], meter: Meter, entry: int, phrases: Iterable[int]
) -> Piece:
    """Begins in the bar of the first note. Raises ValueError where there is too little or much."""
    if meter not in METERS:
        raise ValueError(f"a metre of {meter}")
    if sum(map(len, lines)) < _LEAST_NOTES:
        raise ValueError("hardly any notes")
    begin = min(line[0].start for line in lines if line)
    notes = sorted(
        Note(it.start - begin, voice, it.end - it.start, it.pitch)
        for voice, line in enumerate(lines)
        for it in line
    )
    length = max(note.end for note in notes)
    if length >= LONGEST:
        raise ValueError("too long")
    ends = tuple(sorted({at - begin for at in phrases if 0 <= at - begin < length}))
    place = (entry + begin) % meter.bar
    return Piece(key_of(notes), meter, len(lines), tuple(notes), place, ends)
