"""The tiny Whisper of our own: it trains, fits into a small file, and Whisper takes it."""

from __future__ import annotations

import copy
from random import Random

import numpy as np
import pytest
import torch

from tests.conftest import ROOT

whisper = pytest.importorskip("whisper")

from tiny_whisper import cases, figures, net, phrases, store, tokens, training  # noqa: E402
from tiny_whisper.speech import RATE, Utterance  # noqa: E402

# Whisper leaves the file of its vocabulary open.
pytestmark = pytest.mark.filterwarnings("ignore:.*multilingual.tiktoken")

ASSETS = ROOT / "tests" / "assets"
TEXTS = ("Turn left at the red house.", "Go north then right.", "Please open the blue box.")


def sung(text: str) -> Utterance:
    """A tone a word: these tests are about formats, and need no synthetic speaker."""
    words = phrases.words(text)
    hertz = np.repeat([200 + 37 * n for n in range(len(words))], RATE // 4)
    sound = np.sin(2 * np.pi * np.cumsum(hertz) / RATE)
    times = tuple((n / 4, (n + 1) / 4) for n in range(len(words)))
    return Utterance(text, "tones", np.int16(sound * 20000), times)


@pytest.fixture(scope="module")
def corpus() -> list[Utterance]:
    return [sung(text) for text in TEXTS]


@pytest.fixture(scope="module")
def plan(tmp_path_factory) -> training.Plan:
    return training.Plan(tmp_path_factory.mktemp("tiny"), steps=4, mix=((6, 2, 1.0),))


@pytest.fixture(scope="module")
def trained(corpus, plan):
    state = training.fresh(plan)
    for _ in range(2):
        training.advance(state, plan, corpus)
    state.save(plan.folder / "training.pt")
    return state


@pytest.fixture(scope="module")
def stored(trained, plan):
    return training.keep(trained, plan)


@pytest.fixture(scope="module")
def model(stored):
    return figures.load(stored)


def test_every_word_is_one_token():
    assert all(len(tokens.tokenizer().encode(f" {word}")) == 1 for word in phrases.vocabulary())


def test_no_sentence_is_both_trained_on_and_held_out():
    random = Random(1)
    trained = {phrases.sentence(random, held_out=False) for _ in range(300)}
    kept = {phrases.sentence(random, held_out=True) for _ in range(30)}

    assert len(kept) > 20
    assert not trained & kept


def test_the_stored_file_is_small(stored):
    assert stored.stat().st_size < 2e6


def test_whisper_loads_what_it_expands_to_and_hears_only_known_tokens(model, corpus):
    found = figures.decoded(model, [cases.trimmed(one) for one in corpus])
    said = {token for one in found for token in one.tokens}

    assert model.is_multilingual
    assert model.dims.n_vocab == tokens.VOCABULARY
    assert {token for token in said if token < tokens.tokenizer().timestamp_begin} <= set(
        tokens.known()
    )


def test_a_token_that_is_not_known_can_never_win(model):
    states = model.decoder.ln(torch.randn(64, model.dims.n_text_state) * 10)
    logits = states @ model.decoder.token_embedding.weight.T
    unknown = torch.ones(tokens.VOCABULARY, dtype=torch.bool)
    unknown[list(tokens.known())] = False
    unknown[-store.STAMPS :] = False

    assert (logits[:, unknown].amax(1) < logits[:, ~unknown].amax(1) - 10).all()


def test_the_net_that_learns_hears_what_whisper_hears(trained, corpus):
    mel = cases.trimmed(corpus[0]).mel[None]
    weights = store.full_weights(net.DIMS, trained.net.weights())
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**net.DIMS))
    model.load_state_dict(weights)
    with torch.no_grad():
        sound = trained.net.listen(mel, torch.tensor([0]))
        read = torch.tensor([tokens.tokenizer().sot_sequence])
        logits = model.logits(read, model.encoder(mel))[..., list(tokens.known())]
        ours = trained.net.read(read.clone().apply_(tokens.ours), sound)[0]

    torch.testing.assert_close(ours[..., : len(tokens.known())], logits, atol=0.05, rtol=0.01)


def test_going_on_after_a_break_changes_nothing(trained, plan, corpus):
    resumed = training.fresh(plan)
    resumed.resume(plan.folder / "training.pt")
    straight = copy.deepcopy(trained)

    assert training.advance(resumed, plan, corpus) == training.advance(straight, plan, corpus)


@pytest.fixture(scope="module")
def shipped():
    return figures.load(ASSETS / "tiny_whisper.safetensors")


def test_the_shipped_one_hears_nothing_where_nobody_speaks(shipped):
    heard = figures.decoded(shipped, cases.nobody(4, seed=3))

    assert [found.text for found in heard] == [""] * 4
