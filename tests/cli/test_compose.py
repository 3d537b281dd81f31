"""`aigc-edit compose`, as a user types it."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from aigc_edit.cli import main
from aigc_edit.engine import heard, read_midi


def composed(tmp_path, *words, name="music.wav"):
    target = tmp_path / name
    code = main(["compose", "--quiet", "-o", str(target), *words])
    return code, target


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    code, target = composed(tmp_path_factory.mktemp("calm"), "--seconds", "8", "--mood", "calm")
    assert code == 0
    return target


def test_music_is_as_long_as_asked_and_as_loud(calm):
    found = heard(calm)

    assert soundfile.info(calm).frames == 8 * 48_000
    assert found.loudness == pytest.approx(-16, abs=0.5)
    assert found.true_peak <= -1
    assert found.silence < 0.2


def test_the_notes_lie_beside_it(calm):
    assert len(read_midi(calm.with_suffix(".mid")).notes) > 10


def test_the_same_words_give_the_same_music_and_another_variation_does_not(calm, tmp_path):
    _, same = composed(tmp_path, "--seconds", "8", "--mood", "calm")
    _, other = composed(
        tmp_path, "--seconds", "8", "--mood", "calm", "--variation", "1", name="b.wav"
    )

    assert same.read_bytes() == calm.read_bytes()
    assert same.with_suffix(".mid").read_bytes() == calm.with_suffix(".mid").read_bytes()
    assert other.read_bytes() != calm.read_bytes()


def test_a_fifth_of_a_second_is_music_too(tmp_path):
    code, target = composed(tmp_path, "--seconds", "0.2", name="short.flac")

    assert code == 0
    assert soundfile.info(target).frames == 9_600


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--seconds", "5", "--mood", "sad"), "mood"),
        (("--seconds", "5", "--style", "brahms"), "no style is named 'brahms'"),
        (("--seconds", "5", "--sound-font", "nowhere.sf2"), "nowhere.sf2"),
        (("--seconds", "0"), "no length"),
        (("--seconds", "5", "--set", "temprature=1"), "temprature"),
        (("--seconds", "5", "--loudness", "loud"), "loud"),
    ],
)
def test_what_cannot_be_is_told_in_a_line_and_nothing_is_written(words, told, tmp_path, capsys):
    code, _ = composed(tmp_path, *words)
    lines = capsys.readouterr().err.strip().splitlines()

    assert code in (1, 2)
    assert len(lines) == 1
    assert told in lines[0]
    assert not [*tmp_path.iterdir()]


def test_other_files_than_sound_are_refused(tmp_path, capsys):
    code, _ = composed(tmp_path, "--seconds", "5", name="music.mp4")

    assert code == 2
    assert ".wav" in capsys.readouterr().err


def test_a_sound_is_measured_against_another(tmp_path, capsys):
    tone = 0.5 * np.sin(np.arange(48_000) * 2 * np.pi * 440 / 48_000)
    soundfile.write(tmp_path / "clean.wav", tone, 48_000, subtype="FLOAT")
    soundfile.write(tmp_path / "noisy.wav", tone * 1.1, 48_000, subtype="FLOAT")
    words = ["--audio", str(tmp_path / "noisy.wav"), "--reference", str(tmp_path / "clean.wav")]

    assert main(["evaluate", "music", *words]) == 0
    assert "20.0 dB" in capsys.readouterr().out  # the difference is a tenth of it


def test_a_sound_of_another_length_is_no_reference(tmp_path, capsys):
    for name, length in (("a.wav", 100), ("b.wav", 99)):
        soundfile.write(tmp_path / name, np.zeros(length), 48_000)
    words = ["--audio", str(tmp_path / "a.wav"), "--reference", str(tmp_path / "b.wav")]

    assert main(["evaluate", "music", *words]) == 2
    assert "another rate, length" in capsys.readouterr().err
