"""Music under a programme: as long as it, as loud as said, out of the way of speech."""

from __future__ import annotations

import io
from fractions import Fraction

import mido
import numpy as np
import pytest

from aigc_edit.api import (
    AudioBlock,
    LoudnessMeter,
    ModelError,
    Regions,
    Sentence,
    Shots,
    SoundContext,
    Span,
    Timeline,
    Transcript,
    Word,
)
from aigc_edit.stages.audio.music_lstm import MusicLstm

RATE = 16_000
SECONDS = 12


def context(*tracks, seconds=Fraction(SECONDS), seams=(), channels=2):
    timeline = Timeline(seconds).then(*tracks)
    return SoundContext(RATE, channels, round(seconds * RATE), tuple(seams), timeline)


def noise(seconds=SECONDS, channels=2, level=0.05):
    chances = np.random.default_rng(1)
    return chances.normal(0, level, (channels, round(seconds * RATE))).astype(np.float32)


def mixed(sound, known, block=5000, **options):
    """What comes out, and the stage."""
    stage = MusicLstm(MusicLstm.Options(**options))
    stage.begin(known)
    blocks = [
        AudioBlock(sound[:, at : at + block], RATE, at) for at in range(0, sound.shape[1], block)
    ]
    for one in blocks:
        stage.measure(one)
    return np.concatenate([stage.apply(one) for one in blocks], axis=1), stage


def loudness(samples):
    meter = LoudnessMeter(RATE, len(samples), peaks=False)
    meter.add(samples)
    return meter.result().integrated


@pytest.fixture(scope="module")
def under():
    """The sound, what comes out with music under it, and the stage."""
    sound = noise()
    return sound, *mixed(sound, context(seams=(Fraction(3), Fraction(7))), fade_out="0s")


def test_the_programme_keeps_its_length_to_the_sample(under):
    sound, result, _ = under

    assert result.shape == sound.shape
    assert result.dtype == np.float32
    assert np.abs(result).max() <= 1


def test_music_is_as_far_under_the_sound_as_was_said(under):
    sound, result, stage = under
    music = result / stage._gains.all - sound

    assert loudness(music) - loudness(sound) == pytest.approx(-8, abs=0.3)


def test_the_record_says_how_near_cuts_are_to_beats(under):
    report = under[2].report()

    assert report["cuts"] == 2
    assert report["cut_to_beat_ms"] <= report["cut_to_beat_at_random_ms"] / 2
    assert report["music_lufs"] == pytest.approx(report["sound_lufs"] - 8, abs=0.01)


def test_the_notes_are_given_as_a_midi_file(under):
    (suffix, content), *_ = under[2].files().items()
    file = mido.MidiFile(file=io.BytesIO(content))

    assert suffix == ".mid"
    assert sum(m.type == "note_on" for track in file.tracks for m in track) > 20


def test_blocks_of_any_length_give_the_same_sound(under):
    sound, result, _ = under
    other, _ = mixed(sound, context(seams=(Fraction(3), Fraction(7))), block=1777, fade_out="0s")

    assert np.array_equal(other, result)


def test_another_variation_is_another_piece(under):
    sound, result, _ = under
    other, _ = mixed(sound, context(seams=(Fraction(3), Fraction(7))), variation=1, fade_out="0s")

    assert not np.allclose(other, result, atol=1e-3)


def test_music_makes_way_while_words_are_spoken_and_is_back_soon():
    spans = (Span(4, 5), Span(Fraction(51, 10), 7))
    said = Sentence(tuple(Word(span, "word") for span in spans))
    known = context(Transcript("transcript", (said,)))
    silence = np.zeros((2, SECONDS * RATE), np.float32)
    silence[:, :100] = 0.1  # so that there is a sound to be under
    ducked, _ = mixed(silence, known, mood="solemn", duck="-15 dB")
    plain, _ = mixed(silence, context(), mood="solemn", duck="-15 dB")

    def fallen(start, end):
        both = [
            np.square(x[:, round(start * RATE) : round(end * RATE)]).mean() for x in (ducked, plain)
        ]
        return 10 * np.log10(both[0] / both[1])

    assert fallen(4.0, 7.0) == pytest.approx(-15, abs=0.2)
    assert fallen(7.5, 8.5) == pytest.approx(0, abs=0.2)
    assert fallen(2.0, 3.7) == pytest.approx(0, abs=0.2)


def test_only_leaves_nothing_of_the_sound():
    sound = noise(level=0.3)
    silent, _ = mixed(np.zeros_like(sound), context(), mode="only")
    result, _ = mixed(sound, context(), mode="only")

    assert np.array_equal(result, silent)


def test_replace_keeps_speech_and_takes_the_rest():
    sound = noise(level=0.3)
    known = context(Regions("speech_regions", (Span(4, 6),)))
    result, stage = mixed(sound, known, mode="replace", level="-40 dB")
    heard = np.abs(result / stage._gains.all - sound).mean(axis=0)

    assert heard[round(4.1 * RATE) : round(5.9 * RATE)].max() < 0.05
    assert np.abs(result[:, : 3 * RATE]).mean() < 0.02


def test_replace_asks_for_speech_and_under_does_not():
    needed = {
        ref.name for ref in MusicLstm(MusicLstm.Options(mode="replace")).reads if not ref.optional
    }

    assert needed == {"speech_regions"}
    assert all(ref.optional for ref in MusicLstm().reads)


def test_cuts_of_the_source_count_beside_seams_unless_told_otherwise():
    shots = Shots("shots", (Span(0, 2), Span(2, Fraction(501, 100)), Span(Fraction(501, 100), 12)))
    known = context(shots, seams=(Fraction(5),))

    assert MusicLstm()._cuts(known) == [2, 5]
    assert MusicLstm(MusicLstm.Options(cuts="seams"))._cuts(known) == [5]
    assert MusicLstm(MusicLstm.Options(cuts="none"))._cuts(known) == []


@pytest.mark.parametrize("seconds", [Fraction(1, RATE), Fraction(1, 5), Fraction(3)])
def test_the_shortest_programmes_are_filled(seconds):
    samples = np.zeros((2, round(seconds * RATE)), np.float32)
    result, _ = mixed(samples, context(seconds=seconds))

    assert result.shape == samples.shape
    assert np.isfinite(result).all()


def test_one_channel_stays_one_where_the_engine_gives_one():
    sound = noise(channels=1)
    result, _ = mixed(sound, context(channels=1))

    assert result.shape == sound.shape


def test_fades_take_the_music_at_both_ends():
    silence = np.zeros((2, SECONDS * RATE), np.float32)
    result, _ = mixed(silence, context(), fade_in="2s", fade_out="2s")
    energy = np.square(result).mean(axis=0)

    assert energy[: RATE // 4].mean() < 0.01 * energy[4 * RATE : 5 * RATE].mean()
    assert energy[-50:].max() < 1e-8


def test_a_style_that_is_not_there_is_told_before_anything_runs():
    with pytest.raises(ModelError, match="no style is named 'brahms'"):
        MusicLstm(MusicLstm.Options(style="brahms")).weights()


def test_a_sound_font_that_is_none_is_told_before_anything_runs(tmp_path):
    font = tmp_path / "piano.sf2"
    font.write_bytes(b"RIFF....sfbkno font")
    with pytest.raises(ModelError, match=r"piano\.sf2"):
        MusicLstm(MusicLstm.Options(sound_font=font)).weights()
