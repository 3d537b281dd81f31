"""The parts of a piece: sections, phrases, last chords."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_edit.models.music import METERS, Key, Meter, sections

BEAT = 4  # sixteenths
FOUR = Meter(4, 4)
SHORTEST, LONGEST = 4, 16  # beats of a phrase

lasts, rings = st.integers(0, 300), st.integers(1, 40)
cuts_of_films = st.frozensets(st.integers(0, 340), max_size=60)
meters = st.sampled_from(METERS)
modes = st.sampled_from(("major", "minor"))


def begun(form):
    """Beats of the whole at which phrases begin."""
    return [(section.first + begin) // BEAT for section in form for begin in section.phrases]


@settings(max_examples=40)
@given(lasts, rings, cuts_of_films, meters, modes)
def test_sections_follow_one_another_from_start_to_end(last, ring, cuts, meter, mode):
    form = sections(Key(2, mode), meter, last=last, ring=ring, cuts=cuts)
    ends = [section.first + section.length for section in form]

    assert [section.first for section in form] == [0, *ends[:-1]]
    assert ends[-1] == (last + ring) * BEAT
    for section in form:
        assert section.entry == (form[0].entry + section.first) % meter.bar


@settings(max_examples=40)
@given(lasts, rings, cuts_of_films, meters, modes)
def test_phrases_hold_their_last_chords_and_are_neither_short_nor_long(
    last, ring, cuts, meter, mode
):
    form = sections(Key(2, mode), meter, last=last, ring=ring, cuts=cuts)
    for section in form:
        bounds = [*section.phrases, section.length]

        assert section.phrases[0] == 0
        for (begin, end), chord in zip(pairwise(bounds), section.chords, strict=True):
            assert begin <= chord < end
    begins = begun(form)
    lengths = [after - before for before, after in pairwise([*begins, last + min(ring, 2)])]

    assert max(lengths) <= LONGEST
    assert min(lengths) >= SHORTEST or len(begins) == 1


@settings(max_examples=40)
@given(lasts, rings, cuts_of_films, meters, modes)
def test_the_last_chord_is_the_first_of_a_bar(last, ring, cuts, meter, mode):
    section = sections(Key(2, mode), meter, last=last, ring=ring, cuts=cuts)[-1]
    chord = section.chords[-1]

    assert section.first + chord == last * BEAT
    assert (section.entry + chord) % meter.bar == 0


@settings(max_examples=40)
@given(lasts, rings, cuts_of_films, meters, modes)
def test_keys_are_home_at_both_ends_and_related_between(last, ring, cuts, meter, mode):
    home = Key(2, mode)
    keys = [s.key for s in sections(home, meter, last=last, ring=ring, cuts=cuts)]
    relative = Key(11, "minor") if mode == "major" else Key(5, "major")

    assert keys[0] == keys[-1] == home
    assert {*keys[1:-1]} <= {relative, Key(9, mode), Key(7, mode)}


def test_long_pieces_leave_home():
    form = sections(Key(0, "major"), FOUR, last=400, ring=4, cuts=())

    assert len({section.key for section in form}) == 4
    assert all(16 * BEAT <= section.length <= 56 * BEAT for section in form)


@pytest.mark.parametrize("length", [6, 7, 8, 9, 10, 12])
def test_phrases_begin_at_cuts_as_far_apart_as_phrases(length):
    cuts = range(length, 90, length)
    form = sections(Key(0, "major"), FOUR, last=90, ring=4, cuts=cuts)

    assert {*begun(form)} >= {cut for cut in cuts if cut <= 90 - SHORTEST}


def test_cuts_that_are_too_near_share_a_phrase():
    form = sections(Key(0, "major"), FOUR, last=60, ring=4, cuts=range(60))

    assert min(after - before for before, after in pairwise(begun(form))) >= SHORTEST


def test_without_cuts_phrases_have_two_bars():
    form = sections(Key(0, "major"), FOUR, last=46, ring=2, cuts=())

    assert begun(form) == [0, 8, 16, 24, 32, 40]


def test_last_chords_of_phrases_are_on_strong_beats():
    for section in sections(Key(0, "major"), FOUR, last=90, ring=4, cuts=(7, 15, 40)):
        places = [(section.entry + chord) % FOUR.bar for chord in section.chords]

        assert {*places} <= {0, FOUR.bar // 2}


def test_a_chord_alone_is_a_piece():
    (section,) = sections(Key(0, "major"), FOUR, last=0, ring=1, cuts=())

    assert (section.length, section.phrases, section.chords) == (BEAT, (0,), (0,))
