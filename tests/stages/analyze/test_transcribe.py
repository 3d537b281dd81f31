"""Words at the right time, and none where nobody speaks."""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from itertools import pairwise, takewhile
from pathlib import Path

import av
import numpy as np
import pytest
from pydantic import ValidationError

from aigc_edit.api import (
    AnalysisContext,
    AudioBlock,
    ModelError,
    Recognizer,
    Timeline,
    Transcript,
    Utterance,
)
from aigc_edit.models import recognizers
from aigc_edit.models.windows import RATE
from aigc_edit.stages.analyze.transcribe import Transcribe
from tests.conftest import ROOT
from tests.stages.analyze.hearing import start_errors


def heard(path, seconds: float = math.inf) -> Transcript:
    with av.open(str(path)) as container:
        mono = av.AudioResampler("flt", "mono", RATE)
        decoded = takewhile(lambda frame: frame.time < seconds, container.decode(audio=0))
        frames = [*decoded, None]
        blocks = [part.to_ndarray() for frame in frames for part in mono.resample(frame)]
    return transcript(blocks, Fraction(sum(block.shape[1] for block in blocks), RATE))


def transcript(blocks, duration, rate: int | None = RATE) -> Transcript:
    stage = Transcribe()
    stage.begin(AnalysisContext(Fraction(duration), Fraction(25), rate))
    fed = 0
    for block in blocks:
        stage.audio(AudioBlock(block, RATE, fed))
        fed += block.shape[1]
    (found,) = stage.finish(Timeline(Fraction(duration)))
    return found


@pytest.mark.parametrize(
    ("name", "wrong"), [("talk_autoeditor_42s.mp4", 0.03), ("audio/jfk.flac", 0.25)]
)
def test_words_are_recognised_at_their_time(shared_media, name, wrong):
    facts = shared_media / "ground_truth" / f"{Path(name).name}.transcript.json"
    truth = json.loads(facts.read_text())["words"]
    found = heard(shared_media / name)
    errors = np.abs(start_errors(found, truth))

    assert found.language == "en"
    assert all(a.span.end <= b.span.start for a, b in pairwise(found.words))
    assert len(errors) >= (1 - wrong) * len(truth)
    assert np.median(errors) <= 0.15
    assert np.percentile(errors, 95) <= 0.4


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("audio/silence.mp3", 4),
        ("audio/rain_60s.mp3", 60),
        ("audio/laugh1.mp3", 5),
        ("audio/vibe_ace_music_cover.ogg", 12),  # Silero takes two notes for speech
        ("audio/snare_accelerate.ogg", 30),
        ("drums_204x360_clipped.mp4", 15),
        ("chaplin_pillarbox.mp4", 10),
        ("big_buck_bunny_0_30.webm", 15),
    ],
)
def test_where_nobody_speaks_nothing_is_said(shared_media, name, seconds):
    assert [word.text for word in heard(shared_media / name, seconds).words] == []


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("dj_cartoon_zh.mp4", 12),
        pytest.param("audio/smartphone_fr_178s.mp3", 12, marks=pytest.mark.long),
    ],
)
def test_other_languages_do_not_become_english(shared_media, name, seconds):
    assert [word.text for word in heard(shared_media / name, seconds).words] == []


def test_what_was_heard_before_changes_nothing(shared_media):
    first = heard(shared_media / "audio" / "jfk.flac", 4)
    other = heard(shared_media / "talk_autoeditor_42s.mp4", 4)

    assert first.words
    assert other.words
    assert heard(shared_media / "audio" / "jfk.flac", 4) == first


def test_a_film_without_sound_has_an_empty_transcript():
    found = transcript([], 5, rate=None)

    assert found.sentences == ()
    assert found.remark == "no words: there is no sound"


def test_sound_without_speech_says_so():
    hum = np.sin(np.arange(6 * RATE) / 30, dtype=np.float32)[None] / 10

    assert transcript([hum], 6).remark == "no words: no speech in 6 s of sound"


class Deaf(Recognizer):
    """Understands nothing."""

    def recognize(self, windows):
        return [Utterance() for _ in windows]


def test_speech_that_nobody_understood_is_told_with_its_length(monkeypatch):
    monkeypatch.setattr(recognizers, "recognizer", lambda _name, settings: Deaf(settings))
    found = heard(ROOT / "tests" / "assets" / "sixty_words.flac")

    assert re.fullmatch(r"no words: \d\d s of speech, of which Deaf understood none", found.remark)


def test_pocketsphinx_is_not_asked_for_what_it_cannot_hear():
    for options in ({"language": "de"}, {"task": "translate"}):
        with pytest.raises(ValidationError, match="English only"):
            Transcribe.Options(engine="pocketsphinx", **options)


@pytest.mark.parametrize("options", [{"engine": "whisper"}, {"language": "de"}])
def test_offline_missing_weights_are_told_before_anything_is_heard(tmp_path, monkeypatch, options):
    pytest.importorskip("whisper")
    for name, value in (
        ("AIGC_EDIT_OFFLINE", "1"),
        ("AIGC_EDIT_CACHE", str(tmp_path)),
        ("XDG_CACHE_HOME", str(tmp_path)),
    ):
        monkeypatch.setenv(name, value)

    with pytest.raises(ModelError, match=r"whisper:base are not here.*models fetch whisper:base"):
        Transcribe(Transcribe.Options(**options)).weights()
