"""MIDI files as pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from aigc_edit.engine.score_lines import LONGEST, Event, leading, lines_of, piece_of
from aigc_edit.errors import one_line
from aigc_edit.models.music import MOST_VOICES, Meter, Piece

_DRUMS = 9  # the channel that General MIDI keeps for them
_MOST_BYTES = 4 * 2**20  # of a file; the longest operas have fewer
Grid = Callable[[int], int]  # from ticks to sixteenths


def read_midi(path: Path, voices: int = MOST_VOICES) -> Piece:
    """The piece in a MIDI file, on the nearest sixteenths; drums are left out.

    Args:
        voices: how many lines are kept at most, those with most notes.

    Raises:
        ValueError: it is no MIDI file, or holds no notes but drums.
    """
    import mido

    if path.stat().st_size > _MOST_BYTES:
        raise ValueError("too large")
    try:
        file = mido.MidiFile(str(path), clip=True)
    except Exception as cause:  # mido raises a dozen kinds for broken files
        told = one_line(cause) or "it is cut short"
        raise ValueError(f"no MIDI file that can be read ({told})") from cause
    if file.ticks_per_beat <= 0:
        raise ValueError("its clock has no beats")
    grid = partial(_sixteenth, file.ticks_per_beat)
    meter, stop = _midi_meter(file, grid)
    lines = [line for events in _midi_parts(file, grid) for line in lines_of(events, stop)]
    if not lines:
        raise ValueError("no notes but drums" if _has_drums(file) else "no notes")
    return piece_of(leading(lines, voices), meter, 0, ())


def _sixteenth(ticks_of_beat: int, ticks: int) -> int:
    return round(Fraction(4 * ticks, ticks_of_beat))


def _midi_meter(file: Any, grid: Grid) -> tuple[Meter, int]:
    """The first metre, and the sixteenth at which another one begins."""
    meter, first = Meter(4, 4), True
    for time, message in sorted(_timed(file), key=lambda it: it[0]):
        if message.type == "time_signature":
            found = Meter(message.numerator, message.denominator)
            if not first and found != meter and grid(time) > 0:
                return meter, grid(time)
            meter, first = found, False
    return meter, LONGEST


def _midi_parts(file: Any, grid: Grid) -> Iterator[list[Event]]:
    """The notes of each track's channels."""
    for track in file.tracks:
        sounding: dict[tuple[int, int], int] = {}
        found: dict[int, list[Event]] = {}
        for time, message in _timed_track(track):
            if message.type not in ("note_on", "note_off") or message.channel == _DRUMS:
                continue
            place = (message.channel, message.note)
            begun = sounding.pop(place, None)
            if begun is not None:
                event = Event(begun, max(grid(time), begun + 1), message.note)
                found.setdefault(message.channel, []).append(event)
            if message.type == "note_on" and message.velocity:
                sounding[place] = grid(time)
        yield from found.values()


def _has_drums(file: Any) -> bool:
    return any(m.type == "note_on" and m.channel == _DRUMS for _, m in _timed(file))


def _timed(file: Any) -> Iterator[tuple[int, Any]]:
    return (it for track in file.tracks for it in _timed_track(track))


def _timed_track(track: Any) -> Iterator[tuple[int, Any]]:
    time = 0
    for message in track:
        time += message.time
        yield time, message
