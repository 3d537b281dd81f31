"""The net hears the narrator of the sample, and nobody in silence or noise."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aigc_edit.media import SoundReader, converted_blocks, probe
from aigc_edit.models.silero import RATE, WINDOW, SileroVad, weights_digest
from aigc_edit.timeline import Span
from tests.conftest import ROOT

TRUTH = json.loads((ROOT / "examples" / "media" / "sample.truth.json").read_text())


@pytest.fixture(scope="module")
def spoken(sample) -> np.ndarray:
    """float32 [N]: the sample's sound at 16 kHz mono, whole windows."""
    source = probe(sample)
    native = (source.audio.rate, source.audio.layout)
    count = int(source.duration * RATE) // WINDOW * WINDOW
    blocks = converted_blocks(
        SoundReader(source).blocks(Span(0, source.duration)), native, (RATE, 1), count
    )
    return np.concatenate(list(blocks), axis=1)[0]


@pytest.fixture(scope="module")
def curve(spoken) -> np.ndarray:
    return SileroVad().probabilities(spoken)


def inside_words(count: int, *, margin: float) -> np.ndarray:
    """bool [count]: which windows lie within a word, stretched by `margin` seconds."""
    middles = (np.arange(count) + 0.5) * WINDOW / RATE
    inside = np.zeros(count, bool)
    for word in TRUTH["words"]:
        inside |= (middles >= word["start"] - margin) & (middles < word["end"] + margin)
    return inside


def test_one_probability_for_each_window(spoken, curve):
    assert curve.shape == (len(spoken) // WINDOW,)
    assert curve.dtype == np.float32
    assert 0 <= curve.min() <= curve.max() <= 1


def test_words_are_heard_where_they_are_spoken(curve):
    within = inside_words(len(curve), margin=-0.05)
    far = ~inside_words(len(curve), margin=0.4)

    assert curve[within].mean() > 0.8
    assert curve[far].mean() < 0.1


def test_every_word_is_heard(curve):
    for word in TRUTH["words"]:
        first, last = (int(word[key] * RATE / WINDOW) for key in ("start", "end"))

        assert curve[first : last + 1].max() > 0.5, word


@pytest.mark.parametrize("windows", [1, 7, 40])
def test_portions_do_not_matter(spoken, curve, windows):
    net, piece = SileroVad(), windows * WINDOW
    length = min(len(spoken), 100 * WINDOW)
    pieces = (spoken[at : min(at + piece, length)] for at in range(0, length, piece))
    portions = [net.probabilities(samples) for samples in pieces]

    assert np.concatenate(portions) == pytest.approx(curve[:100], abs=1e-4)


def test_reset_forgets_what_was_heard(spoken, curve):
    net = SileroVad()
    net.probabilities(spoken[100 * WINDOW : 200 * WINDOW])
    net.reset()

    assert net.probabilities(spoken[: 50 * WINDOW]) == pytest.approx(curve[:50], abs=1e-4)


@pytest.mark.parametrize("level", [0.0, 1e-4, 0.01, 0.3])
def test_silence_and_noise_are_no_speech(level):
    noise = np.random.default_rng(5).normal(0, 1, 5 * RATE // WINDOW * WINDOW) * level
    heard = SileroVad().probabilities(noise.astype(np.float32))

    assert heard.max() < 0.5
    assert heard.mean() < 0.1


# The wheel's TorchScript model holds other weights than its safetensors file, in the same net.
THEIR_NAMES = {
    "stft_conv.weight": "stft.forward_basis_buffer",
    **{
        f"conv{k + 1}.{part}": f"encoder.{k}.reparam_conv.{part}"
        for k in range(4)
        for part in ("weight", "bias")
    },
    **{
        f"lstm_cell.{part}": f"decoder.rnn.{part}"
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    },
    "final_conv.weight": "decoder.decoder.2.weight",
    "final_conv.bias": "decoder.decoder.2.bias",
}


def test_with_the_makers_weights_it_gives_what_the_makers_own_code_gives(spoken):
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs
        from silero_vad import load_silero_vad

        theirs = load_silero_vad()
    weights = theirs.state_dict()
    net = SileroVad()
    net._weights = {ours: weights[f"_model.{name}"] for ours, name in THEIR_NAMES.items()}
    net._lstm.load_state_dict(
        {
            f"{n}_l0": net._weights[f"lstm_cell.{n}"]
            for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        }
    )
    part = spoken[20 * WINDOW : 100 * WINDOW]
    with torch.inference_mode():
        expected = [
            theirs(torch.from_numpy(part[at : at + WINDOW].copy()), RATE).item()
            for at in range(0, len(part), WINDOW)
        ]

    assert net.probabilities(part) == pytest.approx(expected, abs=1e-3)


def test_the_weights_are_known_by_their_hash():
    assert len(weights_digest()) == 64
