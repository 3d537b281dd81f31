"""The beats of music that was made for it, and none where there is no music."""

from __future__ import annotations

import time
from fractions import Fraction

import av
import numpy as np
import pytest

from aigc_edit.api import AnalysisContext, AudioBlock, Instants, Timeline
from aigc_edit.stages.analyze.beats import Beats
from aigc_edit.stages.analyze.onsets import OnsetMeter
from tests.stages.analyze import music
from tests.stages.analyze.music import RATE, chords, clicks, drums, f_measure, noisy, steady
from tests.tolerances import ON_THE_BEAT


def heard(sound: np.ndarray, *, block: int = RATE, **options) -> tuple[Beats, Instants]:
    duration = Fraction(max(len(sound), 1), RATE)
    stage = Beats(Beats.Options(**options))
    stage.begin(AnalysisContext(duration, Fraction(25), RATE))
    for at in range(0, len(sound), block):
        stage.audio(AudioBlock(sound[None, at : at + block], RATE, at))
    (beats,) = stage.finish(Timeline(duration))
    return stage, beats


def times(sound: np.ndarray) -> np.ndarray:
    return np.array([float(t) for t in heard(sound)[1].times])


@pytest.mark.parametrize("bpm", [60, 85, 120, 150, 180])
@pytest.mark.parametrize("played", [clicks, chords])
def test_every_beat_of_a_steady_tempo_is_found(played, bpm):
    beats = steady(bpm, 30)
    sound = played(beats, 30)

    assert f_measure(times(sound), beats) >= 0.9
    assert f_measure(times(noisy(sound, 10)), beats) >= 0.9


@pytest.mark.parametrize("bpm", [72, 90, 120, 150, 180])
def test_every_beat_of_drums_is_found_though_two_of_them_differ(bpm):
    beats = steady(bpm, 30)

    assert f_measure(times(drums(beats, 30)), beats) >= 0.9


@pytest.mark.parametrize("bpm", [60, 150, 180])
def test_where_beats_are_missed_or_added_it_is_every_second_one(bpm):
    """Drums in noise, or slow ones with a hi-hat between: two tempos fit, and one is chosen."""
    beats = steady(bpm, 30)
    halves = np.sort([*beats, *(beats[:-1] + np.diff(beats) / 2)])
    found = times(noisy(drums(beats, 30), 10 if bpm > 60 else 90))

    assert max(f_measure(found, t) for t in (beats, beats[::2], beats[1::2], halves)) >= 0.9


@pytest.mark.parametrize(("slow", "fast"), [(80, 120), (140, 100)])
@pytest.mark.parametrize("played", [clicks, drums, chords])
def test_beats_follow_a_tempo_that_changes(played, slow, fast):
    beats = music.drifting(slow, fast, 40)

    assert f_measure(times(played(beats, 40)), beats) >= 0.9


def test_beats_are_on_time():
    beats = steady(100, 30)
    found = times(chords(beats, 30))
    errors = [found[np.argmin(np.abs(found - t))] - t for t in beats[2:-2]]

    assert abs(np.median(errors)) <= ON_THE_BEAT
    assert np.quantile(np.abs(errors), 0.9) <= 2 * ON_THE_BEAT


def test_beats_are_where_the_music_is():
    beats = steady(120, 20)
    rng = np.random.default_rng(3)
    rain = rng.normal(0, 0.05, 25 * RATE).astype(np.float32)
    found = times(np.concatenate([rain, drums(beats, 20), rain]))

    assert f_measure(found[(found > 25) & (found < 45)] - 25, beats) >= 0.9
    assert np.sum((found < 24) | (found > 46)) == 0


@pytest.mark.parametrize("level", [0, 1e-4, 0.1])
def test_silence_and_noise_have_no_beats(level):
    assert len(times(level * np.random.default_rng(0).normal(0, 1, 30 * RATE))) == 0


def test_sounds_at_random_times_have_no_beats():
    at = np.sort(np.random.default_rng(4).uniform(0.5, 58, 110))

    assert len(times(drums(at, 60))) == 0


SPOKEN = ("jfk.flac", "two_cities.wav", "sonnet1_librivox.mp3", "japanese_40s.mp3")
NOISES = ("rain_60s.mp3", "laugh1.mp3", "silence.mp3")


def test_speech_rain_and_laughter_have_no_beats(shared_media):
    for name in SPOKEN + NOISES:
        assert len(times(sound_of(shared_media / "audio" / name))) == 0, name


def test_a_recording_of_music_has_its_tempo_or_half_of_it(shared_media):
    stage, _ = heard(sound_of(shared_media / "audio" / "vibe_ace_music_cover.ogg"))

    assert min(abs(stage.report()["tempo"] - 129.2 / part) for part in (1, 2)) < 1.5
    assert stage.report()["share with a pulse"] > 0.5


def sound_of(path) -> np.ndarray:
    with av.open(str(path)) as file:
        resampler = av.AudioResampler("fltp", "mono", RATE)
        frames = (part for f in file.decode(audio=0) for part in resampler.resample(f))
        return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.mark.parametrize("block", [100, 4801, 200_000])
def test_blocks_do_not_matter(block):
    sound = drums(steady(110, 15), 15)

    assert heard(sound, block=block)[1] == heard(sound)[1]


def test_onsets_block_by_block_are_those_of_the_whole():
    import librosa

    sound = chords(steady(110, 10), 10)
    meter = OnsetMeter(RATE, 100, np.sqrt)
    for at in range(0, len(sound), 1234):
        meter.add(sound[at : at + 1234])
    fft, hop = 688, 160
    padded = np.pad(sound, (fft, 0))
    bands = librosa.filters.mel(sr=RATE, n_fft=fft, n_mels=64) @ np.square(
        np.abs(librosa.stft(padded, n_fft=fft, hop_length=hop, center=False))
    )
    whole = librosa.onset.onset_strength(S=np.sqrt(bands), sr=RATE, center=False)

    assert meter.flux() == pytest.approx(whole[: len(meter.flux())], abs=1e-6)
    assert len(whole) - len(meter.flux()) <= 1


@pytest.mark.parametrize("seconds", [0, 0.02, 0.5, 3])
def test_too_little_sound_has_no_beats(seconds):
    assert len(times(clicks(steady(120, seconds), seconds))) == 0


def test_a_film_without_sound_has_an_empty_track():
    stage = Beats()
    stage.begin(AnalysisContext(Fraction(2), Fraction(25), None))

    assert stage.finish(Timeline(Fraction(2))) == [Instants("beats")]
    assert stage.report() == {"beats": 0, "share with a pulse": 0}


def test_the_report_says_tempo_number_and_share():
    stage, beats = heard(drums(steady(120, 30), 30))
    report = stage.report()

    assert report["beats"] == len(beats.times) == pytest.approx(59, abs=1)
    assert report["tempo"] == pytest.approx(120, abs=0.5)
    assert report["share with a pulse"] == pytest.approx(0.97, abs=0.02)
    assert all(0 <= beat.strength <= 1 for beat in beats)
    assert list(beats.times) == sorted(beats.times)


def test_an_hour_takes_seconds_once_it_is_heard():
    """A flux like that of drums for an hour; what is measured is all that waits for the end."""
    meter = OnsetMeter(RATE, 100, np.sqrt)
    minute = drums(steady(120, 60, first=0.25), 60)
    meter.add(minute)
    stage = Beats()
    stage.begin(AnalysisContext(Fraction(3600), Fraction(25), RATE))
    stage._meter._flux = [np.tile(meter.flux()[:6000], 60)]
    started = time.process_time()
    (beats,) = stage.finish(Timeline(Fraction(3600)))

    assert len(beats.times) == pytest.approx(7200, rel=0.02)
    assert time.process_time() - started < 10
