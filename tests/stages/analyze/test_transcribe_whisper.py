"""The whole way through Whisper: sound, speech, windows in a batch, words, sentences."""

from __future__ import annotations

import json
import re
from fractions import Fraction

import av
import numpy as np
import pytest

from aigc_edit.api import AnalysisContext, AudioBlock, Timeline, Transcript
from aigc_edit.models.windows import RATE
from aigc_edit.stages.analyze.transcribe import Transcribe
from tests.conftest import ROOT
from tests.stages.analyze.hearing import start_errors
from tests.tolerances import WORD_START, WRONG_WORDS

pytest.importorskip("whisper")

from tiny_whisper import figures, phrases, store

# Whisper leaves the file of its vocabulary open.
pytestmark = pytest.mark.filterwarnings("ignore:.*multilingual.tiktoken")

ASSETS = ROOT / "tests" / "assets"


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    with av.open(ASSETS / "sixty_words.flac") as file:
        parts = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
    return np.float32(np.concatenate(parts)) / 32768


@pytest.fixture(scope="module")
def said() -> list[dict]:
    """Each word and its start."""
    truth = json.loads((ASSETS / "sixty_words.json").read_text())
    return [
        {"w": word, "start": start}
        for sentence in truth
        for word, (start, _) in zip(phrases.words(sentence["text"]), sentence["words"], strict=True)
    ]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("tiny") / "tiny.pt"
    store.expand(ASSETS / "tiny_whisper.safetensors", path)
    return str(path)


def heard(sound: np.ndarray, model: str, **options) -> Transcript:
    duration = Fraction(len(sound), RATE)
    stage = Transcribe(Transcribe.Options(engine="whisper", model=model, **options))
    stage.begin(AnalysisContext(duration, Fraction(25), RATE))
    for first in range(0, len(sound), RATE):
        stage.audio(AudioBlock(sound[None, first : first + RATE], RATE, first))
    (found,) = stage.finish(Timeline(duration))
    return found


@pytest.fixture(scope="module")
def found(clip, checkpoint) -> Transcript:
    return heard(clip, checkpoint, language="en")


def test_words_are_those_that_were_said(found, said):
    words = [word for spoken in found.words for word in phrases.words(spoken.text)]

    assert figures.edits([word["w"] for word in said], words) <= WRONG_WORDS * len(said)


def test_words_begin_when_they_were_said(found, said):
    errors = np.abs(start_errors(found, said))

    assert len(errors) >= (1 - WRONG_WORDS) * len(said)
    assert np.median(errors) <= WORD_START
    assert np.percentile(errors, 90) <= 0.15


def test_sentences_end_where_they_ended(found):
    assert all(sentence.text.endswith(".") for sentence in found.sentences)
    assert len(found.sentences) == 12


def test_noise_and_silence_have_no_words(checkpoint):
    noise = np.random.default_rng(1).normal(0, 0.05, 20 * RATE).astype(np.float32)
    noise[: 10 * RATE] = 0

    assert heard(noise, checkpoint, language="en").sentences == ()


def test_another_language_than_asked_for_gives_no_words_and_is_told(clip, checkpoint):
    found = heard(clip, checkpoint, language="de")

    assert found.sentences == ()
    assert re.fullmatch(
        r"no words: \d\d s of speech left out, in 'en' by what is heard, since 'de' was asked for; "
        "say language: en, auto or multi",
        found.remark,
    )
