"""Engines are found by their entry points; what is wrong with one is told where it is used."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from importlib.util import find_spec

import numpy as np
import pytest
from pydantic import ValidationError

from aigc_edit.api import (
    AnalysisContext,
    AudioBlock,
    ModelError,
    PluginError,
    RecognizerSettings,
    Span,
    SpeechWindow,
    Timeline,
)
from aigc_edit.models import recognizers
from aigc_edit.models.recognizer import RATE
from aigc_edit.stages.analyze.transcribe import Transcribe

needs_whisper = pytest.mark.skipif(find_spec("whisper") is None, reason="no openai-whisper here")
ECHO = """
from aigc_edit.api import Recognizer, Utterance, spread

class Echo(Recognizer):
    languages, detects, batch = ("fr", "nl"), True, 2
    def weights(self):
        return self.settings.model
    def begin(self):
        self.heard = 0
    def recognize(self, windows):
        self.heard += len(windows)
        return [Utterance(spread(f"window {self.heard}.", w.span), "fr") for w in windows]
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs a distribution with one module and one engine."""

    def installed(distribution: str, code: str, value: str, name: str = "echo") -> None:
        place = tmp_path / distribution
        facts = place / f"{distribution}-1.0.dist-info"
        facts.mkdir(parents=True)
        (place / f"{distribution}.py").write_text(code)
        (facts / "METADATA").write_text(f"Name: {distribution}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[aigc_edit.recognizers]\n{name} = {value}\n")
        monkeypatch.syspath_prepend(place)
        monkeypatch.delitem(sys.modules, distribution, raising=False)

    return installed


def made(name: str, **settings):
    return recognizers.recognizer(name, RecognizerSettings(**settings))


def refused(**options) -> str:
    with pytest.raises(ValidationError) as told:
        Transcribe.Options(**options)
    return str(told.value)


def said(**options) -> tuple[Transcribe, list[str], str]:
    """What a stage finds in three stretches of something like speech, far apart."""
    stage = Transcribe(Transcribe.Options(**options))
    stage.begin(AnalysisContext(Fraction(30), Fraction(25), None))
    stage._speech = Three()  # no sound that is made quickly is speech to a detector
    stage.audio(AudioBlock(np.zeros((1, RATE), np.float32), RATE, 0))
    (transcript,) = stage.finish(Timeline(Fraction(30)))
    return stage, [sentence.text for sentence in transcript.sentences], transcript.language


class Three:
    def add(self, samples):
        yield from (window(0), window(10))

    def rest(self):
        yield window(20, 3)


def window(start: int, seconds: int = 2) -> SpeechWindow:
    sound = np.zeros(seconds * RATE, np.float32)
    return SpeechWindow(Fraction(start), sound, (Span(0, seconds),))


def test_an_engine_of_ten_lines_hears_for_transcribe(install):
    install("echo_plugin", ECHO, "echo_plugin:Echo")
    stage, texts, language = said(engine="echo", model="loud")

    assert texts == ["window 2.", "window 2.", "window 3."]
    assert language == "fr"
    assert stage.report() == {"engine": "Echo"}
    assert stage.weights().endswith(" loud")


def test_the_language_is_the_one_that_is_spoken_longest(install):
    code = ECHO.replace('w.span), "fr")', 'w.span), "nl" if w.start == 20 else "fr")')
    install("echo_plugin", code, "echo_plugin:Echo")

    assert said(engine="echo", language="multi")[2] == "fr"  # 2 + 2 seconds against 3


def test_changed_code_of_an_engine_is_noticed_by_caches(install):
    install("echo_plugin", ECHO, "echo_plugin:Echo")
    install("echo_other", ECHO + "# changed\n", "echo_other:Echo", name="other")
    one, other = (recognizers.identity(made(name)) for name in ("echo", "other"))

    assert one != other


def test_what_an_engine_cannot_do_is_refused_with_the_options(install):
    install("echo_plugin", ECHO, "echo_plugin:Echo")

    assert "Echo hears no 'de', only fr, nl" in refused(engine="echo", language="de")
    assert "Echo does not translate" in refused(engine="echo", task="translate")
    assert "English only" in refused(engine="pocketsphinx", language="multi")
    assert Transcribe.Options(engine="echo", language="multi")


@needs_whisper
def test_whisper_refuses_what_it_does_not_know():
    assert "Whisper hears no 'xx'; codes are as en" in refused(language="xx")
    assert "hears no 'de', only en" in refused(engine="whisper", model="base.en", language="de")
    assert "translates nothing" in refused(engine="whisper", model="base.en", task="translate")


def test_a_mistyped_engine_is_told_with_the_one_that_was_meant():
    told = refused(engine="wisper")

    assert "no engine named 'wisper' (there are auto, " in told
    assert 'Did you mean "whisper"?' in told


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("nowhere:Echo", "No module named 'nowhere'"),
        ("echo_broken:Nothing", "has no attribute 'Nothing'"),
        ("echo_broken", "'echo' is not an engine: it is no class on Recognizer"),
        ("echo_broken:Half", "'echo' is not an engine: it has no recognize"),
    ],
)
def test_a_broken_engine_is_named_with_its_distribution_and_breaks_no_other(install, value, what):
    code = "from aigc_edit.api import Recognizer\nclass Half(Recognizer): pass\n"
    install("echo_broken", code, value)

    with pytest.raises(PluginError) as told:
        Transcribe.Options(engine="echo")
    assert f"echo_broken, entry point `echo = {value}`" in str(told.value)
    assert what in str(told.value)
    assert Transcribe.Options(engine="pocketsphinx")


def test_an_engine_whose_package_is_missing_says_what_to_install(install):
    install("echo_plugin", "import nothing_like_that\n" + ECHO, "echo_plugin:Echo")

    with pytest.raises(PluginError, match="pip install nothing_like_that"):
        Transcribe.Options(engine="echo")


def test_a_name_that_two_bring_is_an_error_that_names_both(install):
    install("echo_plugin", ECHO, "echo_plugin:Echo")
    install("echo_other", ECHO, "echo_other:Echo")

    with pytest.raises(PluginError, match="both bring an engine 'echo'") as told:
        Transcribe.Options(engine="echo")
    assert "echo_plugin" in str(told.value)
    assert "echo_other" in str(told.value)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("[]", "gave 0 results for 2 windows"),
        ("['text' for w in windows]", "not an Utterance for each"),
        ("[Utterance(spread('late', Span(25, 26))) for w in windows]", "placed 'late' at 25.000"),
        ("[Utterance(b(w) + spread('a', w.span)) for w in windows]", "placed 'a' at 0.000-2.000 s"),
    ],
)
def test_what_an_engine_gives_is_checked(install, words, what):
    code = ECHO.replace("spread\n", "spread, Span\n").partition("        return [Utter")[0]
    late = "def b(w):\n    return spread('b', Span(w.start + 1, w.start + 2))\n"
    install("echo_plugin", f"{code}        return {words}\n{late}", "echo_plugin:Echo")

    with pytest.raises(PluginError, match="the engine Echo") as told:
        said(engine="echo")
    assert what in str(told.value)


@pytest.mark.parametrize("method", ["__init__", "refusal", "weights", "begin", "recognize"])
def test_where_an_engine_fails_it_is_named_with_its_line(install, method):
    code = f"{ECHO}    def {method}(self, *_given):\n        1 / 0\n"
    install("echo_plugin", code, "echo_plugin:Echo")

    with pytest.raises(PluginError, match=r"echo_plugin\.py:14: the engine Echo failed \(ZeroDiv"):
        said(engine="echo")[0].weights()


def test_a_word_begins_and_ends_in_speech():
    heard = SpeechWindow(Fraction(10), np.zeros(7 * RATE, np.float32), (Span(1, 3), Span(5, 6)))

    assert heard.spoken(0.25, 1.5) == Span(11, Fraction("11.5"))  # silence before it
    assert heard.spoken(2.75, 4) == Span(Fraction("12.75"), 13)  # and after it
    assert heard.spoken(2.75, 5.5) == Span(15, Fraction("15.5"))  # most of it is in the second
    assert heard.spoken(3.25, 4.75) is None  # nobody speaks


@needs_whisper
def test_auto_takes_whisper_where_only_whisper_can(tmp_path, monkeypatch):
    monkeypatch.setenv("AIGC_EDIT_CACHE", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert type(made("auto")).__name__ == "PocketSphinx"
    for settings in ({"language": "de"}, {"language": "multi"}, {"task": "translate"}):
        assert type(made("auto", **settings)).__name__ == "Whisper"
    with pytest.raises(ModelError, match="no such checkpoint"):
        made("auto", model="./nothing.pt")


@needs_whisper
def test_auto_says_how_to_hear_better(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    told = Transcribe(Transcribe.Options(model="small")).report()

    assert told["engine"] == "PocketSphinx"
    assert told["note"] == (
        "words by PocketSphinx, which knows English only, errs often and leaves out what it does "
        "not understand; Whisper hears better: aigc-edit models fetch whisper:small"
    )
    assert "fetch" not in Transcribe(Transcribe.Options(engine="pocketsphinx")).report()["note"]


def test_stages_are_listed_without_any_engine():
    heavy = ("torch", "whisper", "pocketsphinx", "aigc_edit.models.whisper")
    code = (
        "import sys; from aigc_edit.cli import main; main(['stages'])\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
