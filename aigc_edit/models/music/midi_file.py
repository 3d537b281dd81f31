"""A performance as a MIDI file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import pairwise
from typing import Any

from aigc_edit.models.music.notes import Key
from aigc_edit.models.music.performance import Part, Performance, TempoMap

_QUARTER = 480  # ticks
_SIXTEENTH = _QUARTER // 4
_CHANNELS = tuple(channel for channel in range(16) if channel != 9)  # that one is for drums
_SLOWEST = 2**24 - 1  # microseconds of a quarter that the format can say
_MAJOR = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR = ("Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "Bbm", "Bm")
# A tick, what comes first at the same one, and the message.
Event = tuple[int, int, Any]


def midi_bytes(performance: Performance) -> bytes:
    """A file of format 1: a track of tempo, metre and key, then one for each part.

    A piece that begins within a bar gets a short first one of its own metre, as notation software
    writes an upbeat; so ticks are those of the piece, and seconds those of the performance.
    Times are rounded to a tick, 480 a quarter.

    Raises:
        ValueError: more than 15 parts, as a file has no more channels.
    """
    import mido

    if len(performance.parts) > len(_CHANNELS):
        raise ValueError(f"{len(performance.parts)} parts do not fit {len(_CHANNELS)} channels")
    file = mido.MidiFile(type=1, ticks_per_beat=_QUARTER, charset="utf-8")
    file.tracks.append(_track("", _conducting(performance)))
    for number, part in enumerate(performance.parts):
        file.tracks.append(_track(part.name, _playing(performance, number, part)))
    found = BytesIO()
    file.save(file=found)
    return found.getvalue()


def _track(name: str, events: Iterable[Event]) -> Any:
    from mido import MetaMessage, MidiTrack

    track, tick = MidiTrack(), 0
    if name:
        track.append(MetaMessage("track_name", name=name))
    for time, _, message in sorted(events, key=lambda it: it[:2]):
        track.append(message.copy(time=time - tick))
        tick = time
    track.append(MetaMessage("end_of_track"))
    return track


def _conducting(performance: Performance) -> Iterator[Event]:
    from mido import MetaMessage

    yield 0, 0, MetaMessage("key_signature", key=_name(performance.key))
    meter, entry = performance.meter, performance.entry
    if entry:
        beats, unit = _shortest(meter.bar - entry)
        yield 0, 0, MetaMessage("time_signature", numerator=beats, denominator=unit)
    time = (meter.bar - entry) * _SIXTEENTH if entry else 0
    yield time, 0, MetaMessage("time_signature", numerator=meter.beats, denominator=meter.unit)
    for first, tempo in _tempos(performance.clock):
        yield first * _SIXTEENTH, 1, MetaMessage("set_tempo", tempo=tempo)


def _shortest(sixteenths: int) -> tuple[int, int]:
    """A metre whose bar has so many, in as long units as can be, up to quarters."""
    unit = next(size for size in (4, 2, 1) if sixteenths % size == 0)
    return sixteenths // unit, 16 // unit


def _tempos(clock: TempoMap) -> Iterator[tuple[int, int]]:
    """Sixteenths, and microseconds of a quarter from there on.

    What rounding takes from one tempo is given back by the next, so that beats do not drift.
    """
    lost = 0.0  # microseconds by which the file is early
    for tempo, after in pairwise((*clock.tempos, None)):
        assert tempo is not None
        exact = float(4 * tempo.sixteenth * 1_000_000)
        quarters = (after.first - tempo.first) / 4 if after else 0.0
        said = round(exact + lost / quarters) if quarters else round(exact)
        said = min(max(said, 1), _SLOWEST)
        lost += (exact - said) * quarters
        yield tempo.first, said


def _name(key: Key) -> str:
    return (_MAJOR if key.mode == "major" else _MINOR)[key.tonic]


def _playing(performance: Performance, number: int, part: Part) -> Iterator[Event]:
    from mido import Message

    channel = _CHANNELS[number]
    yield 0, 0, Message("program_change", channel=channel, program=part.program)
    for control, value in ((7, _volume(part.level)), (10, _pan(part.pan))):
        yield 0, 0, Message("control_change", channel=channel, control=control, value=value)
    for note in performance.notes:
        if note.part == number:
            start, end = (round(it * _SIXTEENTH) for it in (note.start, note.end))
            said = {"channel": channel, "note": note.pitch}
            yield start, 2, Message("note_on", velocity=note.velocity, **said)
            yield max(end, start + 1), 1, Message("note_off", **said)


def _volume(level: float) -> int:
    """40 log10(v / 127) dB, after the General MIDI developer guidelines."""
    return round(min(max(127 * 10 ** (level / 40), 0), 127))


def _pan(pan: float) -> int:
    return round(min(max(64 + 63 * pan, 0), 127))
