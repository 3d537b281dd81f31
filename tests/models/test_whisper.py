"""Whisper's real code over batches of windows; what it says of a net that knows nothing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from aigc_edit.errors import ModelError
from aigc_edit.models.loops import without_loops
from aigc_edit.models.whisper import Whisper, WhisperSettings, _halved, within_speech
from aigc_edit.models.windows import RATE, Window
from aigc_edit.timeline import Span

whisper = pytest.importorskip("whisper")
END = 50_257  # token
DIMS = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 16,
    "n_audio_head": 2,
    "n_audio_layer": 1,
    "n_vocab": 51_865,
    "n_text_ctx": 448,
    "n_text_state": 16,
    "n_text_head": 2,
    "n_text_layer": 2,
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A net of random weights that likes to end."""
    torch.manual_seed(1)
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**DIMS))
    for weights in model.parameters():  # Whisper leaves some as they lie in memory
        torch.nn.init.normal_(weights, std=0.02)
    with torch.no_grad():
        model.decoder.ln.bias.fill_(1)
        model.decoder.token_embedding.weight[END] += 0.7
    path = tmp_path_factory.mktemp("whisper") / "random.pt"
    torch.save({"dims": DIMS, "model_state_dict": model.state_dict()}, path)
    return path


def window(start: int, seconds: int = 3) -> Window:
    sound = np.random.default_rng(start).normal(0, 0.1, seconds * RATE).astype(np.float32)
    return Window(Fraction(start), sound, (Span(0, seconds),))


def test_words_lie_within_their_windows_and_come_out_the_same_again(checkpoint):
    settings = WhisperSettings(checkpoint, language="en")
    windows = [window(0), window(10), window(20)]
    state = torch.random.get_rng_state()
    words = Whisper(settings).words(windows)

    assert words == Whisper(settings).words(windows)
    assert torch.equal(torch.random.get_rng_state(), state)
    for word in words:
        assert any(w.start <= word.span.start <= word.span.end <= w.start + 3 for w in windows)


def test_the_language_is_heard_where_nobody_names_it(checkpoint):
    engine = Whisper(WhisperSettings(checkpoint))
    engine.words([window(0)])

    assert engine.language in whisper.tokenizer.LANGUAGES


def test_in_half_precision_it_hears_the_same(checkpoint):
    whole = whisper.load_model(str(checkpoint), device="cpu")
    half = _halved(whisper.load_model(str(checkpoint), device="cpu"))
    mel = torch.randn(2, 80, 3000, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, found = whole.encoder(mel), half.encoder(mel.half())
        said = half.decoder(torch.tensor([[50_258]] * 2), found)

    assert found.dtype == torch.float16
    assert torch.allclose(found.float(), expected, atol=0.02)
    assert said.isfinite().all()


def test_a_language_that_whisper_does_not_know_is_refused(checkpoint):
    with pytest.raises(ModelError, match="no language 'xx'"):
        Whisper(WhisperSettings(checkpoint, language="xx"))


class Evil:
    def __reduce__(self):
        return print, ("code was run",)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", {"a": 1}, Evil()])
def test_what_is_no_checkpoint_is_refused_and_runs_no_code(tmp_path, content, capsys):
    path = tmp_path / "net.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)

    with pytest.raises(ModelError, match=r"net\.pt: this is no checkpoint of Whisper"):
        Whisper(WhisperSettings(path))
    assert "code was run" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("0.2", "1.4", ("1", "1.4")),  # silence before the first word
        ("2.8", "4", ("2.8", "3")),  # and after the last
        ("2.9", "5.5", ("5", "5.5")),  # most of it is in the second stretch
        ("3.2", "4.8", None),  # nobody speaks
    ],
)
def test_words_begin_and_end_in_speech(start, end, found):
    speech = (Span(1, 3), Span(5, 6))
    kept = within_speech(Fraction(start), Fraction(end), speech)

    assert kept == (found and Span(*map(Fraction, found)))


def test_loops_are_cut_and_what_people_repeat_stays():
    def cut(text):
        return " ".join(without_loops(text.split(), key=str))

    assert cut("thank you " * 30 + "bye") == "thank you bye"
    assert cut("no no no never") == "no no no never"
    assert cut("la " * 40) == "la"
    assert cut("one two three four one two three four") == "one two three four one two three four"
