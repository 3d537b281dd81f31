"""Sound fonts: what they say of notes, and what is refused."""

import struct

import numpy as np
import pytest

from aigc_edit.errors import ModelError
from aigc_edit.models.music import SoundFont, default_sound_font
from tests.models.tiny_font import FRAMES, RATE, ROOT, font_bytes, sine, written

ATTENUATION, PAN, COARSE, KEYS = 48, 17, 51, 43


@pytest.fixture
def opened(tmp_path):
    def opening(*args, **options):
        return SoundFont.open(written(tmp_path / "tiny.sf2", font_bytes(*args, **options)))

    return opening


def test_a_tone_says_what_its_zone_does(opened):
    (tone,) = opened([(PAN, -500), (ATTENUATION, 60)]).tones(0, ROOT, 127)

    assert tone.pan == -1
    assert tone.attenuation == 6
    assert tone.wave.speed == RATE
    assert tone.wave.loop == (800, 2400)


def test_keys_move_the_pitch_by_semitones(opened):
    font = opened()

    speeds = [font.tones(0, key, 64)[0].wave.speed for key in (ROOT - 12, ROOT, ROOT + 12)]

    assert speeds == [RATE / 2, RATE, RATE * 2]


def test_half_the_velocity_is_twelve_decibels_less(opened):
    font = opened()
    (loud,), (soft,) = font.tones(0, ROOT, 126), font.tones(0, ROOT, 63)

    assert soft.attenuation - loud.attenuation == pytest.approx(12.04, abs=0.01)


def test_the_global_zone_holds_where_a_zone_says_nothing_else(opened):
    low, high = 0 | 59 << 8, 60 | 127 << 8
    zones = [
        [(ATTENUATION, 100)],
        [(KEYS, low), (ATTENUATION, 20), (54, 1), (53, 0)],
        [(KEYS, high), (54, 1), (53, 0)],
    ]
    font = opened(zones=zones)

    assert [font.tones(0, key, 127)[0].attenuation for key in (59, 60)] == [2, 10]


def test_a_key_that_no_zone_is_for_is_silent(opened):
    assert opened([(KEYS, 60 | 62 << 8)]).tones(0, 63, 90) == ()


def test_a_program_that_is_not_there_is_played_by_another(opened):
    font = opened(program=5)

    assert font.tones(17, ROOT, 90) == font.tones(5, ROOT, 90)


def test_the_default_font_has_all_programs():
    font = SoundFont.open(default_sound_font())

    assert all(font.tones(program, 60, 90) for program in range(128))


def _lying(data, name, size):
    place = data.index(name) + 4
    return data[:place] + struct.pack("<I", size) + data[place + 4 :]


HOSTILE = {
    "empty": b"",
    "a picture": b"\x89PNG\r\n" + bytes(100),
    "a WAVE file": b"RIFF" + struct.pack("<I", 40) + b"WAVEfmt " + bytes(40),
    "only its head": font_bytes()[:12],
    "cut short": font_bytes()[:-60],
    "cut in the samples": font_bytes()[:3000],
    "samples that are larger than the file": _lying(font_bytes(), b"smpl", 2**32 - 2),
    "no presets": _lying(font_bytes(), b"phdr", 0),
    "no samples": font_bytes(frames=np.zeros(0, "<i2"), sample=(0, 1, 0, 1, RATE, ROOT, 0)),
    "zones that are not there": font_bytes(bags=(0, 900)),
    "zones that go backwards": font_bytes(bags=(1, 0)),
    "no such sample": font_bytes(zones=[[(54, 1), (53, 77)]]),
    "a negative sample": font_bytes(zones=[[(54, 1), (53, -1)]]),
    "a sample outside": font_bytes(sample=(0, 2**31, 0, 2**30, RATE, ROOT, 0)),
    "a sample of nothing": font_bytes(sample=(50, 50, 50, 50, RATE, ROOT, 0)),
    "a sample that ends before it begins": font_bytes(sample=(90, 50, 60, 70, RATE, ROOT, 0)),
    "a loop outside": font_bytes(sample=(0, FRAMES, 10, FRAMES + 1, RATE, ROOT, 0)),
    "a loop of nothing": font_bytes(sample=(0, FRAMES, 10, 10, RATE, ROOT, 0)),
    "a loop moved away": font_bytes([(45, -1)]),
    "a thousand samples at once": font_bytes(zones=[[(53, 0)]] * 1000),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_sound_font_is_told_with_path_and_cure(tmp_path, case):
    path = written(tmp_path / "bad.sf2", HOSTILE[case])

    with pytest.raises(ModelError) as told:
        SoundFont.open(path).tones(0, ROOT, 90)

    assert told.value.where == str(path)
    assert told.value.cure
    assert "\n" not in str(told.value)


def test_a_missing_font_or_a_folder_is_told(tmp_path):
    for path in (tmp_path / "none.sf2", tmp_path):
        with pytest.raises(ModelError, match="sound font"):
            SoundFont.open(path)


def test_any_broken_byte_is_told_or_plays(tmp_path):
    data = font_bytes(frames=sine()[:64], sample=(0, 64, 8, 32, RATE, ROOT, 0))
    for place in range(len(data)):
        broken = data[:place] + bytes([data[place] ^ 255]) + data[place + 1 :]
        try:
            tones = SoundFont.open(written(tmp_path / "bad.sf2", broken)).tones(0, ROOT, 90)
        except ModelError:
            continue
        assert all(0 < tone.wave.speed < 10**7 for tone in tones)


def test_without_the_wheel_the_cure_is_said(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(ModelError, match="pretty_midi"):
        default_sound_font()
