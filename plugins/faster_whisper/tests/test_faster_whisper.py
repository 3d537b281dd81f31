"""What faster-whisper hears comes out as words at their time; nothing is fetched unasked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from difflib import SequenceMatcher
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from aigc_edit_faster_whisper import FasterWhisper
from imageio_ffmpeg import get_ffmpeg_exe

from aigc_edit.api import ModelError, RecognizerSettings, Span, SpeechWindow, Transcript
from aigc_edit.testing import found_tracks
from tests.tolerances import WORD_START, WRONG_WORDS

ROOT = Path(__file__).parents[3]
ASSETS = ROOT / "tests" / "assets"
RATE = SpeechWindow.RATE
HINT = "pip install 'aigc-edit-faster-whisper[engine]'"


def asked(**settings) -> FasterWhisper:
    return FasterWhisper(RecognizerSettings(**settings))


def test_what_it_cannot_do_is_refused_with_the_options():
    assert asked(language="multi", task="translate").refusal() == ""
    assert asked(model="base.en", language="de").refusal() == "FasterWhisper hears no 'de', only en"
    assert "translates nothing" in asked(model="base.en", task="translate").refusal()


def test_without_the_package_the_command_to_install_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    with pytest.raises(ModelError, match="pip install faster-whisper"):
        asked().weights()


@pytest.fixture
def hub(tmp_path, monkeypatch) -> Path:
    """An empty cache of the Hugging Face Hub, which cannot be reached."""
    pytest.importorskip("faster_whisper", reason=HINT)
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    return tmp_path


def test_offline_a_missing_model_is_told_with_the_command_that_fetches_it(hub, monkeypatch):
    monkeypatch.setenv("AIGC_EDIT_OFFLINE", "1")
    engine = asked(model="small")

    assert not engine.is_ready()
    for ask in (engine.weights, engine.begin):
        with pytest.raises(ModelError, match=r"small is not here.*download_model\('small'\)"):
            ask()


def test_what_cannot_be_fetched_is_told_in_one_line(hub):
    with pytest.raises(ModelError, match=r"base cannot be fetched.*Try later: python -c") as told:
        asked().begin()
    assert "\n" not in str(told.value)


def test_asking_for_its_weights_fetches_nothing(hub):
    assert asked().weights() == "base"
    assert list(hub.iterdir()) == []


def test_a_model_in_the_cache_is_known_by_its_commit(hub):
    repository = hub / "models--Systran--faster-whisper-base"
    snapshot = repository / "snapshots" / ("c0ffee" + 34 * "0")
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(snapshot.name)

    assert not asked().is_ready()  # begun only
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (snapshot / name).write_bytes(b"")
    assert asked().is_ready()
    assert asked().weights() == f"base {snapshot.name}"


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"model": "bass"}, r"no model named 'bass'\. There are: .*base"),
        ({"model": "./nothing"}, "config.json, model.bin, tokenizer.json missing"),
        ({"model": "one/two/three"}, "names no model"),
        ({"language": "xx"}, "no language 'xx'"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_heard(hub, settings, what):
    with pytest.raises(ModelError, match=what):
        asked(**settings).weights()


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """The tiny Whisper of the tests, as CTranslate2 reads it."""
    pytest.importorskip("faster_whisper", reason=HINT)
    pytest.importorskip("whisper")
    from converted import convert
    from tiny_whisper import store

    stored = store.whole(ASSETS / "tiny_whisper.safetensors")
    return convert(stored, tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def truth() -> list[dict]:
    return json.loads((ASSETS / "sixty_words.json").read_text())


@pytest.fixture(scope="module")
def windows(truth) -> list[SpeechWindow]:
    """Twelve sentences, one in each, in silence that nobody told from speech."""
    with av.open(ASSETS / "sixty_words.flac") as file:
        parts = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
    sound = np.float32(np.concatenate(parts)) / 32768
    return [around(sound, said["words"]) for said in truth]


def around(sound: np.ndarray, times: list) -> SpeechWindow:
    first, last = times[0][0], times[-1][1]
    start = Fraction(max(0, round((first - 0.06) * RATE)), RATE)
    samples = sound[int(start * RATE) : round((last + 0.06) * RATE)]
    return SpeechWindow(start, samples, (Span(0, Fraction(len(samples), RATE)),))


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def begun(model: Path, language: str = "en") -> FasterWhisper:
    engine = asked(model=str(model), language=language)
    engine.begin()
    return engine


def test_words_are_right_and_at_their_time(model, windows, truth):
    engine = begun(model)
    right, errors = 0, []
    for said, heard in zip(truth, engine.recognize(windows), strict=True):
        spoken = [words(word.text)[0] for word in heard.words]
        matcher = SequenceMatcher(None, words(said["text"]), spoken, autojunk=False)
        for a, b, count in matcher.get_matching_blocks():
            right += count
            starts = [float(word.span.start) for word in heard.words[b : b + count]]
            errors += np.subtract(
                [start for start, _ in said["words"][a : a + count]], starts
            ).tolist()

    assert right >= (1 - WRONG_WORDS) * sum(len(words(said["text"])) for said in truth)
    assert np.median(np.abs(errors)) <= WORD_START


def test_words_come_out_the_same_again_and_carry_how_sure_it_is(model, windows):
    heard = begun(model).recognize(windows[:2])

    assert heard == begun(model).recognize(windows[:2])
    assert all(0 < word.confidence <= 1 for said in heard for word in said.words)


@pytest.mark.parametrize("language", ["auto", "multi"])
def test_the_language_is_heard_where_nobody_names_it(model, windows, language):
    heard = begun(model, language).recognize(windows[:2])

    assert {said.language for said in heard} == {"en"}


def test_a_changed_model_is_another_one(model, tmp_path):
    before = asked(model=str(model)).weights()
    for file in model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    same = asked(model=str(tmp_path)).weights()
    (tmp_path / "config.json").write_text("{}")

    assert before == same != asked(model=str(tmp_path)).weights()


def test_what_is_no_model_is_refused(model, tmp_path):
    for name in ("config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((model / name).read_bytes())
    (tmp_path / "model.bin").write_bytes(b"nothing")

    with pytest.raises(ModelError, match="this model cannot be loaded"):
        asked(model=str(tmp_path)).begin()


def test_transcribe_finds_it_by_its_name(model, tmp_path):
    film = tmp_path / "film.mkv"
    sound = ["-i", str(ASSETS / "sixty_words.flac")]
    picture = ["-f", "lavfi", "-i", "color=s=64x64:r=5:d=20"]
    subprocess.run([get_ffmpeg_exe(), *picture, *sound, str(film)], check=True, capture_output=True)
    options = f"{{engine: faster-whisper, model: {model}, language: en}}"
    tracks = found_tracks(f"schema: 1\nstages: [{{uses: transcribe, with: {options}}}]\n", film)
    transcript = tracks.get(Transcript, "transcript")

    assert transcript.language == "en"
    assert any(transcript.words)
