"""What instruments make of the voices of a piece."""

from fractions import Fraction
from itertools import groupby, pairwise

import numpy as np
import pytest

from aigc_edit.models.music import MOODS, Arrangement, Key, Layer, Meter, Note, Part, sections

FOUR = Meter(4, 4)
LAST, END = 32, 40  # sixteenths
FORM = sections(Key(0, "major"), FOUR, last=LAST // 4, ring=2, cuts=())
# By voice: pitches and sixteenths, one after the other; the last one is the last chord's.
LINES = (
    ((72, 4), (72, 4), (74, 8), (76, 2), (77, 2), (76, 4), (74, 8), (72, 8)),
    ((67, 16), (67, 8), (65, 8), (64, 8)),
    ((64, 8), (65, 7), (64, 1), (60, 8), (59, 8), (55, 8)),
    ((48, 8), (53, 8), (48, 8), (43, 8), (48, 8)),
)
PIANO = Part("Piano", 0)


def notes_of(lines=LINES):
    found = []
    for voice, line in enumerate(lines):
        time = 0
        for pitch, duration in line:
            found.append(Note(time, voice, duration, pitch))
            time += duration
    return sorted(found)


def arranged(*layers, lines=LINES, seed=1):
    chances = np.random.default_rng(seed)
    return Arrangement(notes_of(lines), FORM, len(lines), LAST, chances).played(layers)


def heard(*layers, **made):
    """Start, end and pitch of all before the last chord."""
    return [(n.start, n.end, n.pitch) for n in arranged(*layers, **made) if n.start < LAST]


def spans(line):
    return [(n.start, n.end, n.pitch) for n in notes_of((line,)) if n.start < LAST]


@pytest.mark.parametrize(
    ("lines", "voices"), [("top", [0]), ("inner", [1, 2]), ("bass", [3]), ("all", [0, 1, 2, 3])]
)
def test_a_layer_sings_its_voices_as_they_are_written(lines, voices):
    expected = [span for voice in voices for span in spans(LINES[voice])]

    assert sorted(heard(Layer(PIANO, lines))) == sorted(expected)


def test_held_notes_are_not_struck_again():
    assert heard(Layer(PIANO, "top", "held"))[:2] == [(0, 8, 72), (8, 16, 74)]
    assert (0, 24, 67) in heard(Layer(PIANO, "inner", "held"))


def test_short_notes_are_apart():
    written = spans(LINES[0])
    for (start, end, pitch), (was, until, same) in zip(
        heard(Layer(PIANO, "top", "short")), written, strict=True
    ):
        assert (start, pitch) == (was, same)
        assert start < end < (start + until) / Fraction(2) + Fraction(until - start, 8)


def test_broken_chords_have_one_pitch_in_each_eighth():
    played = heard(Layer(PIANO, "inner", "broken"))
    sounding = {time: {p for a, b, p in spans(LINES[1]) + spans(LINES[2]) if a <= time < b}
                for time in range(0, LAST, 2)}  # fmt: skip

    assert [start for start, _, _ in played] == [*range(0, LAST, 2)]
    assert all(pitch in sounding[start] for start, _, pitch in played)
    assert all(one[2] != other[2] for one, other in pairwise(played[:6]))


def test_broken_chords_go_up_and_down():
    held = tuple(((pitch, LAST), (pitch, 8)) for pitch in (72, 67, 64, 48))
    pitches = [pitch for _, _, pitch in heard(Layer(PIANO, "all", "broken"), lines=held)]

    assert pitches[:8] == [48, 64, 67, 72, 67, 64, 48, 64]


def test_a_pulse_strikes_all_in_each_eighth():
    played = heard(Layer(PIANO, "bass", "pulse"))

    assert [start for start, _, _ in played] == [*range(0, LAST, 2)]
    assert [pitch for pitch, _ in groupby(played, key=lambda it: it[2])] == [48, 53, 48, 43]
    assert all(0 < end - start < 2 for start, end, _ in played)


@pytest.mark.parametrize("manner", ["sung", "held", "short", "broken", "pulse"])
def test_the_last_chord_is_held_to_the_end_by_all(manner):
    ending = [n for n in arranged(Layer(PIANO, "all", manner)) if n.start >= LAST]

    assert {(n.start, n.end) for n in ending} == {(LAST, END)}
    assert sorted(n.pitch for n in ending) == [48, 55, 64, 72]


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("voices", [1, 2, 3, 4])
def test_any_mood_plays_any_number_of_voices_within_the_piece(mood, voices):
    layers = MOODS[mood].layers
    played = arranged(*layers, lines=LINES[:voices])

    assert list(played) == sorted(played)
    assert {note.part for note in played} == {*range(len(layers))}
    for note in played:
        assert 0 <= note.start < note.end <= END
        assert 1 <= note.velocity <= 127
        assert 0 <= note.pitch <= 127


@pytest.mark.parametrize("mood", MOODS)
def test_an_instrument_has_a_pitch_but_once_at_a_time(mood):
    meeting = (*LINES[:2], tuple((67 if n % 2 else p, d) for n, (p, d) in enumerate(LINES[2])))
    played = arranged(*MOODS[mood].layers, lines=(*meeting, LINES[3]))
    for _, them in groupby(
        sorted(played, key=lambda n: (n.part, n.pitch, n.start)), key=lambda n: (n.part, n.pitch)
    ):
        assert all(one.end <= other.start for one, other in pairwise(them))


def test_where_two_voices_meet_the_longer_one_sounds_on():
    lines = (((67, 16), (72, 16), (72, 8)), ((60, 4), (67, 4), (60, 24), (60, 8)))
    played = heard(Layer(PIANO, "all"), lines=lines)

    assert [it for it in played if it[2] == 67] == [(0, 4, 67), (4, 16, 67)]


def test_octaves_and_strength_are_the_layers():
    low, loud = (
        arranged(Layer(PIANO, "top", octave=o, strength=s)) for o, s in ((-1, 30), (0, 90))
    )

    assert [note.pitch + 12 for note in low] == [note.pitch for note in loud]
    assert np.mean([n.velocity for n in loud]) - np.mean([n.velocity for n in low]) == 60


def test_phrases_swell_and_bars_have_accents():
    layer = Layer(PIANO, "bass", "pulse", strength=64)
    played = [note for seed in range(60) for note in arranged(layer, seed=seed)]

    def strength(*starts):
        return np.mean([note.velocity for note in played if note.start in starts])

    assert strength(16) > strength(14) + 2
    assert strength(18) > strength(2) + 2
    assert strength(18) > strength(30) + 2


@pytest.mark.parametrize("strength", [1, 127])
def test_velocities_are_those_of_midi(strength):
    for note in arranged(Layer(PIANO, "all", "pulse", strength=strength)):
        assert 1 <= note.velocity <= 127
