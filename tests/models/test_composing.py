"""Pieces for films: as long as they, in a mood, with phrases at cuts."""

from dataclasses import replace
from fractions import Fraction

import pytest

from aigc_edit.errors import ModelError
from aigc_edit.models.music import MOODS, Brief, TempoRange, composed
from aigc_edit.models.music.qualities import density
from tests.models.composers import hostile, shipped

pytestmark = pytest.mark.usefixtures("one_thread")
CUTS = tuple(Fraction(cut) for cut in ("3.7", "8.2", "13", "17.4"))
BRIGHT = Brief(Fraction(22), MOODS["bright"], CUTS, seed=3)


@pytest.fixture(scope="module")
def composition(one_thread):
    return composed(BRIGHT, shipped())


def ends_with(performance):
    """The notes that sound last, and when they begin and end, seconds."""
    last = max(note.start for note in performance.notes)
    them = [note for note in performance.notes if note.start == last]
    begin, *ends = (performance.clock.seconds(it) for it in (last, *{n.end for n in them}))
    return them, begin, ends


def assert_fits(film, performance):
    """Plays from the start on; all parts hold the last chord to the end and no beat further."""
    them, begin, (end,) = ends_with(performance)
    beat = 4 * performance.clock.tempos[-1].sixteenth

    assert performance.duration == film.duration
    assert min(note.start for note in performance.notes) == 0
    assert {note.part for note in them} == {*range(len(performance.parts))}
    assert film.duration <= end < film.duration + beat
    assert film.duration - begin >= min(film.mood.ring, float(film.duration) / 4) - 1e-6


def test_music_is_as_long_as_the_film_and_rings_out(composition):
    assert_fits(BRIGHT, composition.performance)


def test_cuts_are_on_beats_and_phrases_begin_there(composition):
    clock, timing = composition.performance.clock, composition.timing
    begins = {
        round(clock.seconds(section.first + phrase), 4)
        for section, _ in composition.pieces
        for phrase in section.phrases
    }

    assert timing.cuts.keys() == {*CUTS}
    assert begins >= {*CUTS[:-1]}
    assert composition.phrases_at_cuts == len(begins & {*CUTS})


@pytest.mark.parametrize("seconds", ["0.2", "0.9", "7"])
@pytest.mark.parametrize("mood", MOODS)
def test_any_length_fits_in_any_mood(seconds, mood):
    film = Brief(Fraction(seconds), MOODS[mood], CUTS)

    assert_fits(film, composed(film, hostile(voices=2)).performance)


def test_a_piece_of_several_sections_fits():
    film = Brief(Fraction(80), MOODS["bright"], CUTS)
    found = composed(film, hostile(voices=2))

    assert len(found.pieces) > 1
    assert_fits(film, found.performance)


def test_a_cut_behind_the_last_chord_does_not_end_it_early():
    net = hostile(voices=2)
    for cuts in ((12, 17), (13, 18), (14, 19), (15, 17)):  # the tempo changes at the second
        film = Brief(Fraction(20), MOODS["solemn"], [*map(Fraction, cuts)])

        assert_fits(film, composed(film, net).performance)


def test_a_quick_tempo_has_a_long_last_chord_of_many_beats():
    film = Brief(Fraction(12), MOODS["solemn"], tempo=TempoRange(300, 320))

    assert_fits(film, composed(film, hostile(voices=2)).performance)


def test_the_same_seed_and_options_give_the_same_piece():
    net = hostile(voices=2)
    brief = Brief(Fraction(6), MOODS["bright"])
    others = ({"seed": 4}, {"variation": 1}, {"mood": MOODS["calm"]})
    wanted = [brief, *(replace(brief, **other) for other in others)]
    pieces = [composed(brief, net).performance.notes for brief in wanted]

    assert composed(brief, net).performance.notes == pieces[0]
    assert len({*pieces}) == len(pieces)


@pytest.mark.parametrize("mood", MOODS)
def test_a_mood_sets_mode_key_tempo_and_instruments(mood):
    wanted = MOODS[mood]
    performance = composed(Brief(Fraction(5), wanted), hostile()).performance

    assert performance.key.mode == wanted.mode
    assert performance.key.tonic in wanted.tonics
    assert performance.parts == tuple(layer.part for layer in wanted.layers)
    for tempo in performance.clock.tempos:
        assert wanted.tempo.slowest <= tempo.per_minute <= wanted.tempo.fastest


def test_another_tempo_than_the_moods_is_taken():
    film = replace(BRIGHT, duration=Fraction(5), tempo=TempoRange(60, 64), cuts=())
    performance = composed(film, hostile()).performance

    assert 60 <= performance.clock.tempos[0].per_minute <= 64


def test_pieces_have_the_voices_and_the_metre_of_the_net():
    film = replace(BRIGHT, duration=Fraction(8))
    found = composed(film, hostile(voices=3, meter="3/4"))

    assert str(found.performance.meter) == "3/4"
    assert {piece.voices for _, piece in found.pieces} == {3}


def test_a_lonely_tune_gets_company():
    film = replace(BRIGHT, duration=Fraction(90))
    found = composed(film, hostile(voices=1, meter="3/4"))

    assert_fits(film, found.performance)
    for section, piece in found.pieces:
        assert piece.voices == 4
        assert all(any(n.start == section.chords[-1] for n in line) for line in piece.lines)


def test_a_style_that_the_net_has_not_is_told():
    with pytest.raises(ModelError, match='no style "jazz"'):
        composed(replace(BRIGHT, style="jazz"), hostile())


def test_written_density_is_that_of_music(composition):
    assert all(0.5 < density(piece) < 2 for _, piece in composition.pieces)
