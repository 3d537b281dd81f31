"""Whisper's real code over batches of windows; what it says of a net that knows nothing."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from aigc_edit.errors import ModelError
from aigc_edit.models.loops import without_loops
from aigc_edit.models.recognizer import RATE, RecognizerSettings, SpeechWindow
from aigc_edit.models.whisper import Whisper, _halved
from aigc_edit.timeline import Span

whisper = pytest.importorskip("whisper")
END, LANGUAGES = 50_257, slice(50_259, 50_358)  # tokens
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


@pytest.fixture(scope="module")
def polyglot(checkpoint, tmp_path_factory):
    """The same, but which language it finds depends on what it hears, and on nothing else."""
    stored = torch.load(checkpoint)
    for name, weights in stored["model_state_dict"].items():
        if "cross_attn" in name or name.startswith(
            ("encoder.blocks", "encoder.conv", "encoder.ln")
        ):
            weights.mul_(100)
    languages = stored["model_state_dict"]["decoder.token_embedding.weight"][LANGUAGES]
    languages -= languages.mean(dim=1, keepdim=True)
    path = tmp_path_factory.mktemp("whisper") / "polyglot.pt"
    torch.save(stored, path)
    return path


def window(start: int, seconds: int = 3, level: float = 0.1) -> SpeechWindow:
    sound = np.random.default_rng(start).normal(0, level, seconds * RATE).astype(np.float32)
    return SpeechWindow(Fraction(start), sound, (Span(0, seconds),))


def begun(path, **settings) -> Whisper:
    engine = Whisper(RecognizerSettings(str(path), **settings))
    engine.begin()
    return engine


def test_words_lie_within_their_windows_and_come_out_the_same_again(checkpoint):
    windows = [window(0), window(10), window(20)]
    state = torch.random.get_rng_state()
    heard = begun(checkpoint, language="en").recognize(windows)

    assert heard == begun(checkpoint, language="en").recognize(windows)
    assert torch.equal(torch.random.get_rng_state(), state)
    for w, said in zip(windows, heard, strict=True):
        for word in said.words:
            assert w.start <= word.span.start <= word.span.end <= w.start + 3


def test_the_language_is_heard_once_where_nobody_names_it(checkpoint):
    engine = begun(checkpoint)
    languages = {said.language for said in engine.recognize([window(0)])}
    languages |= {said.language for said in engine.recognize([window(10)])}

    assert len(languages) == 1
    assert languages <= set(whisper.tokenizer.LANGUAGES)


def test_windows_of_several_languages_are_heard_in_their_own(polyglot):
    windows = [window(0), window(10), window(20, 29, level=0.3)]
    engine = begun(polyglot, language="multi")
    together = engine.recognize(windows)
    with torch.inference_mode():
        likely = engine._likely_languages(engine._model.encoder(engine._mels(windows)))

    assert [said.language for said in together] == [max(one, key=one.get) for one in likely]
    assert len({said.language for said in together}) > 1
    for alone, said in zip(windows, together, strict=True):
        assert all(alone.start <= word.span.start <= alone.span.end for word in said.words)


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
        begun(path)
    assert "code was run" not in capsys.readouterr().out


def test_loops_are_cut_and_what_people_repeat_stays():
    def cut(text):
        return " ".join(without_loops(text.split(), key=str))

    assert cut("thank you " * 30 + "bye") == "thank you bye"
    assert cut("no no no never") == "no no no never"
    assert cut("la " * 40) == "la"
    assert cut("one two three four one two three four") == "one two three four one two three four"
