"""What is counted of pieces, on some that are small enough to count by hand."""

import numpy as np
import pytest

from aigc_edit.models.music import Key, Meter, Note, Piece
from aigc_edit.models.music.qualities import (
    QUALITIES,
    Comparison,
    compared,
    compass,
    crossing,
    density,
    in_key,
    pitch_classes,
    repeated_bars,
)

D_MAJOR, D_MINOR = Key(2, "major"), Key(2, "minor")


def piece(*notes, key=D_MAJOR, voices=2, entry=0):
    """Of (start, voice, duration, pitch)."""
    return Piece(key, Meter(4, 4), voices, tuple(sorted(Note(*note) for note in notes)), entry)


def bars(*tunes):
    """A bar for each tune, of two pitches in one voice."""
    notes = [
        (16 * bar + 8 * half, 0, 8, pitch)
        for bar, tune in enumerate(tunes)
        for half, pitch in enumerate(tune)
    ]
    return piece(*notes, voices=1)


def test_pitch_classes_are_shares_of_time_above_the_tonic():
    heard = pitch_classes(piece((0, 0, 6, 62), (6, 0, 2, 69), (0, 1, 8, 50)))

    assert heard[0] == 14 / 16
    assert heard[7] == 2 / 16
    assert heard.sum() == 1


@pytest.mark.parametrize(
    ("key", "pitch", "share"),
    [(D_MAJOR, 66, 1), (D_MAJOR, 65, 0.75), (D_MINOR, 65, 1), (D_MINOR, 66, 0.75)],
)
def test_in_key_is_the_share_of_time_on_the_scale(key, pitch, share):
    assert in_key(piece((0, 0, 4, pitch), (4, 0, 12, 62), key=key)) == share


def test_minor_has_both_sevenths_and_both_sixths():
    degrees = [(4 * n, 0, 4, 62 + degree) for n, degree in enumerate((8, 9, 10, 11))]

    assert in_key(piece(*degrees, key=D_MINOR)) == 1


def test_crossing_is_the_share_of_time_below_a_lower_voice():
    assert crossing(piece((0, 0, 16, 60), (0, 1, 4, 55), (4, 1, 4, 62), (8, 1, 8, 60))) == 0.25


def test_silent_voices_cross_nobody():
    assert crossing(piece((0, 0, 4, 60), (8, 0, 8, 60), (4, 1, 4, 72))) == 0


def test_compass_is_the_mean_of_voices_that_sound():
    assert compass(piece((0, 0, 4, 60), (4, 0, 4, 67), (0, 1, 8, 48), voices=3)) == 3.5


def test_repeated_bars_are_those_that_were_there():
    assert repeated_bars(bars((62, 64), (66, 67))) == 0
    assert repeated_bars(bars((62, 64), (66, 67), (62, 64), (62, 64))) == 0.5


def test_a_bar_in_another_rhythm_is_another_bar():
    other = piece((0, 0, 8, 62), (8, 0, 8, 64), (16, 0, 4, 62), (20, 0, 12, 64), voices=1)

    assert repeated_bars(other) == 0


def test_bars_are_those_of_the_metre():
    upbeat = [(0, 0, 4, 62), (4, 0, 16, 64), (20, 0, 16, 64)]

    assert repeated_bars(piece(*upbeat, entry=12)) == pytest.approx(1 / 3)
    assert repeated_bars(piece(*upbeat, entry=0)) == 0


def test_density_is_notes_a_beat_and_voice():
    assert density(piece((0, 0, 4, 60), (4, 0, 4, 62), (0, 1, 8, 50), voices=3)) == 0.75


def test_what_is_written_stands_beside_the_corpus():
    comparison = Comparison.of([*range(101)], [4, 5, 50, 96])

    assert (comparison.low, comparison.middle, comparison.high) == (5, 50, 95)
    assert comparison.written == 27.5
    assert comparison.within == 0.5


def test_all_qualities_are_compared():
    corpus = [bars((62, 64), (66, tone)) for tone in (67, 69, 71)]
    found = compared(corpus, corpus)

    assert found.keys() == {*QUALITIES, "pitch classes, distance"}
    assert found["in key"].written == 1
    assert found["in key"].within == 1


def test_pitch_classes_are_compared_within_the_mode():
    major, minor = bars((62, 66)), piece((0, 0, 8, 62), (8, 0, 8, 65), key=D_MINOR)
    alike = compared([major, minor], [major, minor])
    strange = compared([major, minor], [piece((0, 0, 8, 62), (8, 0, 8, 65))])

    assert alike["pitch classes, distance"].written == 0
    assert strange["pitch classes, distance"].written == 0.5


def test_a_mode_that_the_corpus_has_not_is_compared_with_all_tones_alike():
    far = compared([bars((62, 66))], [piece((0, 0, 4, 62), key=D_MINOR)])

    assert far["pitch classes, distance"].written == pytest.approx(11 / 12)


def test_shares_are_shares():
    rng = np.random.default_rng(1)
    made = bars(*rng.integers(50, 80, (6, 2)).tolist())
    for name in ("in key", "voices crossed", "repeated bars"):
        assert 0 <= QUALITIES[name](made) <= 1
