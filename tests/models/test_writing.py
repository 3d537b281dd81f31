"""What nets write within the rules: form, cadence, keys, conditioning, chance."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, groupby, pairwise, product
from statistics import fmean

import numpy as np
import pytest

from aigc_edit.errors import ModelError
from aigc_edit.models.music import (
    Head,
    Key,
    Meter,
    Sampling,
    Writer,
    decoded,
    encoded,
    joined,
    sections,
)
from aigc_edit.models.music.qualities import in_key, repeated_bars
from tests.models.composers import LOVES, droning, hostile, shipped

pytestmark = pytest.mark.usefixtures("one_thread")
BEAT = 4  # sixteenths
FOUR = Meter(4, 4)
TONIC = 2
HOSTILE = ("nothing", *LOVES)
HEAD = Head("bach", 4, 1)


def form_of(mode="major", meter=FOUR, last=12, ring=2, cuts=()):
    return sections(Key(TONIC, mode), meter, last=last, ring=ring, cuts=cuts)


def written(net, form, head=HEAD, seed=1, sampling=None):
    writer = Writer(net, sampling or Sampling(), np.random.default_rng(seed))
    return [(section, writer.section(section, head)) for section in form]


@pytest.fixture(scope="module")
def net():
    return shipped()


@pytest.fixture(scope="module")
def pieces(net, one_thread):
    """Sections and pieces by mode, density and seed."""
    found = {}
    for mode, density, seed in product(("major", "minor"), (0, 3), (1, 2)):
        head = replace(HEAD, density=density)
        (found[mode, density, seed],) = written(net, form_of(mode), head, seed)
    return found


def struck(piece, time):
    """Pitches above the tonic that begin at a sixteenth, by voice."""
    return {n.voice: (n.pitch - piece.key.tonic) % 12 for n in piece.notes if n.start == time}


def assert_keeps_the_form(section, piece):
    """Length, phrases, cadence: what is promised of any net."""
    assert (piece.key, piece.meter, piece.entry) == (section.key, section.meter, section.entry)
    assert piece.length == section.length
    assert piece.phrases == section.chords
    assert_phrases_begin_and_end_together(section, piece)
    assert_closes(section, piece)
    assert_no_parallels(piece, until=section.chords[-1] - BEAT)
    for line in piece.lines:
        assert max(len([*same]) for _, same in groupby(note.pitch for note in line)) <= 4


def assert_no_parallels(piece, until):
    """Two voices that move at once do not go from fifth to fifth, or octave to octave."""
    for upper, lower in combinations(piece.lines, 2):
        steps = {after.start: (before, after) for before, after in pairwise(upper)}
        for before, after in pairwise(lower):
            above, moved = steps.get(after.start, (None, None))
            if above and above.end == before.end == after.start < until:
                interval = (above.pitch - before.pitch) % 12
                same = interval == (moved.pitch - after.pitch) % 12
                assert not (same and interval in (0, 7) and moved.pitch != above.pitch)


def assert_phrases_begin_and_end_together(section, piece):
    bottom = piece.voices - 1
    ends = [*section.phrases[1:], section.length]
    for begin, chord, end in zip(section.phrases, section.chords, ends, strict=True):
        assert struck(piece, begin).keys() >= {0, bottom}
        assert struck(piece, chord).keys() >= {0, bottom}
        assert not any(chord < note.start < end for note in piece.lines[0])


def assert_closes(section, piece):
    last, bottom = section.chords[-1], piece.voices - 1
    home = struck(piece, last)
    chord = [note for note in piece.notes if note.start == last]

    assert home.keys() == {*range(piece.voices)}
    assert home[0] == home[bottom] == 0
    assert {*home.values()} <= {0, 3, 4, 7}
    assert len({3, 4} & {*home.values()}) == (piece.voices > 2)
    assert {note.end for note in chord} == {piece.length}
    if bottom:
        assert struck(piece, last - BEAT)[bottom] == 7
    assert {*struck(piece, last - BEAT).values()} <= {7, 11, 2, 5}


def test_pieces_keep_the_form(pieces):
    for section, piece in pieces.values():
        assert_keeps_the_form(section, piece)


def test_pieces_come_back_from_their_tokens(net, pieces):
    for _, piece in pieces.values():
        assert decoded(encoded(piece, "bach", net.vocabulary), net.vocabulary) == piece


def test_pieces_are_in_their_key(pieces):
    assert fmean(in_key(piece) for _, piece in pieces.values()) > 0.85


def test_the_last_chord_does_not_cross(pieces):
    for section, piece in pieces.values():
        pitches = [note.pitch for note in piece.notes if note.start == section.chords[-1]]

        assert pitches == sorted(pitches, reverse=True)


def test_minor_has_minor_thirds(pieces):
    for mode, usual, other in (("major", 4, 3), ("minor", 3, 4)):
        thirds = Counter()
        for (of, _, _), (_, piece) in pieces.items():
            for note in piece.notes if of == mode else ():
                thirds[(note.pitch - TONIC) % 12] += note.duration

        assert thirds[usual] > thirds[other]


def test_more_density_is_more_notes(pieces):
    sparse, dense = (
        fmean(piece.density for (_, d, _), (_, piece) in pieces.items() if d == density)
        for density in (0, 3)
    )

    assert dense > 1.1 * sparse


def test_what_is_written_depends_on_the_seed_only(net):
    form = form_of(last=4)
    once, again, other = (written(net, form, seed=seed) for seed in (5, 5, 6))

    assert once == again
    assert once != other


@pytest.mark.parametrize("love", HOSTILE)
def test_a_net_that_wants_the_worst_keeps_the_form(love):
    form = form_of("minor", last=80, cuts=(7, 15, 40))

    assert len(form) > 1
    for section, piece in written(hostile(love), form, replace(HEAD, voices=3)):
        assert_keeps_the_form(section, piece)


@pytest.mark.parametrize("love", HOSTILE)
def test_something_moves_in_every_half_note_but_at_the_end(love):
    ((section, piece),) = written(hostile(love), form_of(last=24))
    last = section.chords[-1]
    starts = sorted({note.start for note in piece.notes})

    assert max(after - before for before, after in pairwise(starts)) <= 2 * BEAT
    assert starts[-1] == last


@pytest.mark.parametrize("voices", [1, 2, 3, 6, 8])
def test_any_number_of_voices_keeps_the_form(voices):
    head = replace(HEAD, voices=voices)
    for section, piece in written(hostile(), form_of(), head):
        assert piece.voices == voices
        assert_keeps_the_form(section, piece)


@pytest.mark.parametrize("meter", [Meter(3, 4), Meter(6, 8), Meter(2, 2), Meter(9, 8)], ids=str)
def test_any_metre_keeps_the_form(meter):
    for section, piece in written(hostile(), form_of(meter=meter, last=13)):
        assert_keeps_the_form(section, piece)


@pytest.mark.parametrize("last", [0, 1, 2, 3])
def test_a_piece_of_few_beats_is_as_long_as_it_should(last):
    ((section, piece),) = written(hostile(), form_of(last=last, ring=1))

    assert piece.length == section.length == BEAT * (last + 1)
    assert struck(piece, BEAT * last)[3] == 0


@pytest.mark.parametrize("sampling", [Sampling(1e-6), Sampling(2.0), Sampling(1.0, 1.0)], ids=str)
def test_the_form_is_kept_at_any_temperature(net, sampling):
    ((section, piece),) = written(net, form_of(last=8), sampling=sampling)

    assert_keeps_the_form(section, piece)


def test_a_net_that_goes_round_in_circles_is_led_out_of_them():
    net, form, alone = droning(), form_of(last=40), replace(HEAD, voices=1, density=0)
    pieces = [piece for seed in (1, 2, 3) for _, piece in written(net, form, alone, seed)]

    assert fmean(map(repeated_bars, pieces)) < 0.4  # 0.55 if bars are taken as they come


def test_draws_by_share_within_the_nucleus():
    logits = np.log([0.05, 0.5, 0.15, 0.3, 0.0 + 1e-300])
    chances = (np.arange(1000) + 0.5) / 1000

    def counts(*sampling):
        return Counter(Sampling(*sampling).drawn(logits, chance) for chance in chances)

    assert counts(1.0, 0.75) == {1: 625, 3: 375}
    assert counts(1.0, 1.0) == {1: 500, 3: 300, 2: 150, 0: 50}
    assert counts(1e-6, 1.0) == {1: 1000}
    assert counts(2.0, 1.0)[0] > 100


def test_what_may_not_be_is_never_drawn():
    logits = np.array([-np.inf, 0.0, -np.inf])

    assert {Sampling(2.0, 1.0).drawn(logits, chance) for chance in (0.0, 0.5, 1 - 1e-16)} == {1}


@pytest.mark.parametrize("wrong", [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.0), (1.0, 1.5)])
def test_sampling_that_draws_nothing_is_refused(wrong):
    with pytest.raises(ValueError, match="nothing can be drawn"):
        Sampling(*wrong)


def test_another_style_than_the_nets_is_refused():
    with pytest.raises(ModelError, match='no style "jazz"'):
        written(hostile(), form_of(), replace(HEAD, style="jazz"))


def test_sections_are_joined_in_time():
    parts = written(hostile(), form_of(last=80), replace(HEAD, voices=2))
    notes = joined(parts)
    first = parts[1][0].first

    assert list(notes) == sorted(notes)
    assert len(notes) == sum(len(piece.notes) for _, piece in parts)
    assert first in {note.start for note in notes}
