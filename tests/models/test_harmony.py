"""Chords for tunes that have none."""

from itertools import pairwise

import numpy as np
import pytest

from aigc_edit.models.music import Key, Meter, Note, Piece
from aigc_edit.models.music.harmony import accompanied

MAJOR = {(0, 4, 7), (7, 11, 2), (5, 9, 0), (9, 0, 4), (2, 5, 9)}
MINOR = {(0, 3, 7), (7, 11, 2), (5, 8, 0), (3, 7, 10), (8, 0, 3)}
FOUR, C_MAJOR = Meter(4, 4), Key(0, "major")


def tune(*degrees, key=C_MAJOR, meter=FOUR, entry=0, phrases=(), low=60):
    """A note on each quarter, semitones above a tonic near `low`."""
    home = low + (key.tonic - low) % 12
    notes = tuple(Note(4 * n, 0, 4, home + degree) for n, degree in enumerate(degrees))
    return Piece(key, meter, 1, notes, entry, phrases)


def strolling(seed, count=32, **form):
    """A tune that goes up and down the scale, and home."""
    scale = (0, 2, 4, 5, 7, 9, 11, 12)
    steps = np.random.default_rng(seed).integers(-2, 3, count - 2).cumsum()
    return tune(0, *(scale[abs(int(step)) % 8] for step in steps), 0, **form)


def chords(piece):
    """Pitch classes above the tonic that the lower voices sound, the bass's first, by start."""
    starts = sorted({note.start for note in piece.notes if note.voice})
    found = []
    for start in starts:
        them = [n for n in piece.notes if n.voice and n.start <= start < n.end]
        found.append([(n.pitch - piece.key.tonic) % 12 for n in reversed(them)])
    return starts, found


KEYS = [C_MAJOR, Key(7, "major"), Key(9, "minor")]
FORMS = [(FOUR, 0), (FOUR, 12), (Meter(3, 4), 4), (Meter(6, 8), 0), (Meter(2, 2), 8)]


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize(("meter", "entry"), FORMS)
def test_chords_are_those_of_the_key_and_home_at_both_ends(key, meter, entry):
    for seed in range(3):
        _, sounded = chords(accompanied(strolling(seed, key=key, meter=meter, entry=entry)))
        known = MAJOR if key.mode == "major" else MINOR

        assert sounded[0][0] == sounded[-1][0] == 0
        for root, *others in sounded:
            chord = next(chord for chord in known if chord[0] == root)
            assert {*others} <= {*chord}
            assert len({*others}) == 2


@pytest.mark.parametrize(("meter", "entry"), FORMS)
def test_the_tune_is_left_as_it_was_and_three_voices_sound_throughout(meter, entry):
    before = strolling(1, meter=meter, entry=entry)
    after = accompanied(before)

    assert after.voices == 4
    assert after.lines[0] == before.notes
    assert (after.key, after.meter, after.entry) == (before.key, before.meter, before.entry)
    for line in after.lines[1:]:
        assert line[0].start == 0
        assert all(one.end == other.start for one, other in pairwise(line))
        assert line[-1].end == before.length


@pytest.mark.parametrize("phrases", [(112,), (116,), (48, 124)])
def test_the_last_chord_is_struck_where_the_tune_closes_after_the_dominant(phrases):
    for seed in range(4):
        starts, sounded = chords(accompanied(strolling(seed, phrases=phrases)))
        place = starts.index(phrases[-1])

        assert [chord[0] for chord in sounded[place - 1 :]] == [7, 0]


def test_a_tune_within_a_chord_has_that_chord():
    home, away = (0, 4, 7, 4), (5, 9, 12, 9)
    starts, sounded = chords(accompanied(tune(*home, *away, *home)))

    assert starts == [0, 16, 32]
    assert [chord[0] for chord in sounded] == [0, 5, 0]


def test_no_voice_is_above_the_one_over_it():
    piece = accompanied(strolling(2, low=67))
    for time in range(piece.length):
        them = [note for note in piece.notes if note.start <= time < note.end]
        pitches = [note.pitch for note in sorted(them, key=lambda note: note.voice)]

        assert pitches == sorted(pitches, reverse=True)


def test_voices_go_no_further_than_they_must():
    piece = accompanied(strolling(3, 64))
    for line in piece.lines[1:3]:
        assert max(abs(b.pitch - a.pitch) for a, b in pairwise(line)) <= 9


@pytest.mark.parametrize("count", [2, 3, 5])
def test_a_tune_of_few_notes_is_accompanied(count):
    piece = accompanied(tune(*[0] * count))

    assert piece.length == 4 * count
    assert {chord[0] for chord in chords(piece)[1]} == {0}
