"""Music as tokens, the net that continues them, and what it must beat."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aigc_edit.errors import ModelError
from aigc_edit.models.music import (
    HIGHEST,
    LOWEST,
    METERS,
    Composer,
    ComposerConfig,
    ComposerObjective,
    ComposerRecipe,
    Corpus,
    Key,
    Meter,
    NGram,
    Note,
    Piece,
    Reading,
    Stepper,
    Transposed,
    Vocabulary,
    Work,
    choices,
    config_for,
    decoded,
    encoded,
    judged,
    key_of,
    lstm_model,
    next_token_nll,
    ngram_model,
    split_of,
)
from aigc_edit.models.training import TrainingPlan, train

WORDS = Vocabulary(("bach", "folk"))
TINY = ComposerConfig("bach", embedding=16, width=64, layers=1, dropout=0)


def tune(shift=0, bars=2):
    """A scale in two voices, the lower one half as quick; C major at shift 0."""
    scale = (60, 62, 64, 65, 67, 69, 71, 72)
    high = [Note(4 * n, 0, 4, scale[n % 8] + shift) for n in range(4 * bars)]
    low = [Note(8 * n, 1, 8, 48 + (n % 3) * 2 + shift) for n in range(2 * bars)]
    key = Key(shift % 12, "major")
    return Piece(key, Meter(4, 4), 2, tuple(sorted([*high, *low])), phrases=(16 * bars - 4,))


def corpus(*shifts):
    works = tuple(Work(f"tune {shift}", "bach", tune(shift)) for shift in shifts)
    return Corpus(works, works, works)


@st.composite
def lines(draw, voice):
    """Notes of one voice, with rests before some."""
    found, time = [], 0
    for rest, duration, pitch in draw(
        st.lists(
            st.tuples(st.integers(0, 5), st.integers(1, 20), st.integers(LOWEST, HIGHEST)),
            max_size=5,
        )
    ):
        found.append(Note(time + rest, voice, duration, pitch))
        time = found[-1].end
    return found


@st.composite
def pieces(draw):
    voices = draw(st.integers(1, 5))
    notes = sorted(note for voice in range(voices) for note in draw(lines(voice)))
    notes = notes or [Note(0, 0, 1, 60)]
    meter = draw(st.sampled_from(METERS))
    end = max(note.end for note in notes)
    return Piece(
        Key(draw(st.integers(0, 11)), draw(st.sampled_from(("major", "minor")))),
        meter,
        voices,
        tuple(notes),
        draw(st.integers(0, meter.bar - 1)),
        tuple(sorted(draw(st.sets(st.integers(0, end - 1), max_size=4)))),
    )


@settings(max_examples=40, deadline=None)
@given(pieces())
def test_a_piece_comes_back_from_its_tokens(piece):
    assert decoded(encoded(piece, "folk", WORDS), WORDS) == piece


@settings(max_examples=30, deadline=None)
@given(pieces())
def test_the_grammar_allows_every_token_of_every_piece(piece):
    tokens = encoded(piece, "bach", WORDS)
    allowed = choices(tokens, WORDS)

    assert allowed[np.arange(len(tokens)), tokens].all()


def test_whatever_the_grammar_allows_is_a_piece():
    chance = np.random.default_rng(1)
    for _ in range(5):
        reading, taken = Reading(WORDS), []
        while not reading.ended:
            allowed = reading.allowed()
            end = WORDS.number("mark", "end")
            may_end = allowed[end] and reading.time > 20
            taken.append(end if may_end else int(chance.choice(np.flatnonzero(allowed))))
            reading.take(taken[-1])

        assert reading.piece() == decoded(taken, WORDS)


def test_tokens_that_are_no_piece_are_refused():
    tokens = encoded(tune(), "bach", WORDS)

    with pytest.raises(ModelError, match="no whole piece"):
        decoded(tokens[:-1], WORDS)
    with pytest.raises(ModelError, match="cannot come here"):
        decoded(tokens[1:], WORDS)
    with pytest.raises(ModelError, match="cannot come here"):
        decoded([10**6], WORDS)
    with pytest.raises(ModelError, match="no style"):
        encoded(tune(), "jazz", WORDS)


@pytest.mark.parametrize(
    "change",
    [
        {"notes": ()},
        {"notes": (Note(0, 0, 4, 60), Note(2, 0, 4, 62))},
        {"voices": 1},
        {"meter": Meter(7, 32)},
        {"entry": 16},
        {"phrases": (99,)},
    ],
)
def test_what_is_no_piece_is_refused(change):
    with pytest.raises(ValueError, match=r"\w"):
        replace(tune(), **change)


def read(tokens):
    reading = Reading(WORDS)
    for token in tokens:
        reading.take(token)
    return reading


def test_a_reading_knows_whose_turn_it_is_and_what_sounds():
    reading = read(encoded(tune(), "bach", WORDS)[: 7 + 3 * 5 + 2])  # into the sixth sixteenth

    assert (reading.time, reading.voice) == (5, 1)
    assert reading.sounding == [Note(4, 0, 2, 62), Note(0, 1, 5, 48)]
    assert reading.latest(0, 4) == [Note(4, 0, 2, 62), Note(0, 0, 4, 60)]
    assert reading.latest(0, 1) == [Note(4, 0, 2, 62)]
    assert reading.latest(1, 4) == [Note(0, 1, 5, 48)]


def test_a_copied_reading_goes_its_own_way():
    tokens = encoded(tune(), "bach", WORDS)
    reading = read(tokens[:41])
    other = reading.copied()
    other.take(WORDS.number("mark", "rest"))
    for token in tokens[41:]:
        reading.take(token)

    assert reading.piece() == tune()
    assert other.time < reading.time


def test_transposing_tokens_transposes_the_piece():
    tokens = np.array(encoded(tune(), "bach", WORDS))

    assert decoded(WORDS.moved(3)[tokens], WORDS) == tune(3)


def test_finds_the_key_of_a_scale():
    assert key_of(tune(2).notes) == Key(2, "major")


def test_a_tune_is_in_the_same_part_in_every_key():
    assert len({split_of(tune(shift)) for shift in range(-6, 6)}) == 1


def test_no_piece_is_in_two_parts():
    works = [Work(str(n), "bach", varied(n)) for n in range(60)]
    parted = Corpus.parted(works)
    names = [{work.name for work in part} for part in (parted.train, parted.validation)]
    names.append({work.name for work in parted.test})

    assert all(names)
    assert sum(map(len, names)) == len(set.union(*names)) == 60


def varied(number):
    """A tune of its own for each number."""
    pitches = np.random.default_rng(number).integers(55, 80, 16).tolist()
    notes = tuple(Note(4 * n, 0, 4, pitch) for n, pitch in enumerate(pitches))
    return Piece(key_of(notes), Meter(4, 4), 1, notes)


def test_pieces_stay_within_the_voices_of_the_corpus():
    shown = Transposed(corpus(0, 2).train, WORDS)

    assert shown.shifts == [[0, 1, 2], [-2, -1, 0]]


def test_only_true_beginnings_have_the_start():
    torch.manual_seed(1)
    rows = Transposed(corpus(0, 2).train, WORDS).draw(40, 40).tolist()
    names = [[WORDS.names[token] for token in row[:8] if token >= 0] for row in rows]
    begun = [row for row in names if row[0] == "mark:start"]
    going_on = [row for row in names if row[0] == "style:bach"]

    assert begun
    assert going_on
    assert len(begun) + len(going_on) == len(rows)
    assert {row[7] for row in begun} == {"place:0"}
    assert all(row[6].startswith("place:") for row in going_on)


def test_the_loss_is_the_mean_of_minus_log_p():
    torch.manual_seed(1)
    logits, targets = torch.randn(2, 3, 7), torch.tensor([[1, 2, 3], [4, -100, -100]])
    logs = logits.log_softmax(-1)
    expected = -(logs[0, 0, 1] + logs[0, 1, 2] + logs[0, 2, 3] + logs[1, 0, 4]) / 4

    torch.testing.assert_close(next_token_nll(logits, targets), expected)


def test_the_cell_is_the_one_of_the_literature():
    torch.manual_seed(1)
    net = Composer(TINY).eval()
    x, width = net.embedding.weight[[5]], TINY.width
    weights = dict(net.lstm.named_parameters())
    h, c = torch.randn(1, width), torch.randn(1, width)
    gates = x @ weights["weight_ih_l0"].T + weights["bias_ih_l0"]
    gates = gates + h @ weights["weight_hh_l0"].T + weights["bias_hh_l0"]
    i, f, g, o = gates.chunk(4, dim=1)
    cell = f.sigmoid() * c + i.sigmoid() * g.tanh()
    _, (hidden, after) = net(torch.tensor([[5]]), (h[None], c[None]))

    torch.testing.assert_close(after[0], cell)
    torch.testing.assert_close(hidden[0], o.sigmoid() * cell.tanh())


def test_stepping_says_what_the_whole_sequence_says():
    torch.manual_seed(1)
    net = Composer(replace(TINY, layers=3)).eval()
    tokens = torch.randint(len(net.vocabulary), (2, 30))
    whole, _ = net(tokens)
    state, steps, quick = None, [], Stepper(net)
    for place in range(30):
        logits, state = quick.step(tokens[:, place], state)
        steps.append(logits)
    again, halfway = net(tokens[:, :15])
    rest, _ = net(tokens[:, 15:], halfway)

    torch.testing.assert_close(torch.stack(steps, 1), whole)
    torch.testing.assert_close(torch.cat([again, rest], 1), whole)


def test_the_shipped_size_fits_five_megabytes():
    weights = sum(value.numel() for value in Composer().state_dict().values())

    assert 2 * weights < 5e6


def test_learns_one_piece_by_heart_and_keeps_its_words(tmp_path):
    recipe = ComposerRecipe(batch=4, window=64, windows=3, validate_every=40)
    plan = TrainingPlan(tmp_path, 60, rate=1e-2, warm_up=5, average=0.9, log_every=40)
    path = train(plan, lambda: ComposerObjective(corpus(0), recipe, TINY))
    net = Composer.load(path)
    figures = judged(lstm_model(net), corpus(0).test, net.vocabulary)

    assert net.vocabulary == Vocabulary(("bach",))
    assert figures.note_nll < 0.1
    assert figures.accuracy > 0.95


def test_a_step_depends_on_its_number_only(tmp_path):
    def learnt(folder, *steps):
        recipe = ComposerRecipe(batch=2, window=16, windows=2, validate_every=0)
        for count in steps:
            plan = TrainingPlan(tmp_path / folder, count, cool_down=0, keep_every=2)
            path = train(plan, lambda: ComposerObjective(corpus(0, 2), recipe, TINY))
        return path.read_bytes()

    assert learnt("at once", 4) == learnt("in two", 2, 4)


def test_other_tokens_than_ours_are_refused():
    with pytest.raises(ValueError, match="version"):
        ComposerConfig(vocabulary=99)


@pytest.mark.parametrize("wrong", [{"voices": 0}, {"voices": 9}, {"meter": "7/32"}])
def test_voices_and_metres_that_no_piece_has_are_refused(wrong):
    with pytest.raises(ValueError, match="no pieces have"):
        ComposerConfig(**wrong)


def test_a_net_for_a_corpus_writes_what_most_of_its_pieces_are():
    waltz = replace(varied(1), meter=Meter(3, 4))
    train = [Work("a", "folk", waltz), Work("b", "folk", waltz), Work("c", "bach", tune())]
    config = config_for(Corpus(tuple(train), (), ()), width=32, layers=2)

    assert (config.styles, config.voices, config.usual_meter) == ("bach folk", 1, Meter(3, 4))
    assert (config.width, config.layers) == (32, 2)


def test_an_ngram_says_probabilities():
    counted = NGram([np.array([0, 1, 2, 1, 2, 3, 0, 1])], tokens=5, order=3)
    for history in ([], [1], [1, 2], [4, 4], [3, 0, 1, 2]):
        said = counted.distribution(np.array(history, np.int64))

        assert math.isclose(said.sum(), 1)
        assert (said > 0).all()


def test_an_ngram_is_the_formula_of_witten_and_bell():
    counted = NGram([np.array([0, 1, 0, 1, 0, 2])], tokens=3, order=2)
    # 0 came three times, 1 twice, 2 once; three kinds; all alike before.
    alone = [(3 + 3 / 3) / 9, (2 + 3 / 3) / 9, (1 + 3 / 3) / 9]
    after_0 = [2 * alone[0] / 5, (2 + 2 * alone[1]) / 5, (1 + 2 * alone[2]) / 5]

    np.testing.assert_allclose(counted.distribution(np.array([], np.int64)), alone)
    np.testing.assert_allclose(counted.distribution(np.array([0])), after_0)


def test_what_was_counted_is_foretold():
    figures = judged(ngram_model(corpus(0, 2).train, WORDS), corpus(1).test, WORDS)

    assert figures.note_nll < 0.1
    assert figures.accuracy > 0.9
