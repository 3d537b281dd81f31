"""Performances as sound and as MIDI files."""

import tracemalloc
from fractions import Fraction as F
from io import BytesIO
from itertools import pairwise

import mido
import numpy as np
import pytest

from aigc_edit.engine.midi_scores import read_midi
from aigc_edit.models.music import (
    Key,
    Meter,
    Part,
    Performance,
    Played,
    SoundFont,
    TempoMap,
    default_sound_font,
    midi_bytes,
    rendered,
)
from tests.models.tiny_font import PITCH, ROOT, font_bytes, written
from tests.tolerances import NOTE_PITCH, NOTHING_HEARD, TEMPO_SECONDS

SECOND = TempoMap.through([(0, F(0)), (4, F(1))])  # four sixteenths a second


ALONE = (Part("one", 0),)


def performance(*notes, parts=ALONE, seconds=3, clock=SECOND, **said):
    said = {"key": Key(0, "major"), "meter": Meter(4, 4), **said}
    return Performance(tuple(parts), tuple(sorted(notes)), clock, F(seconds), **said)


def note(start, end, pitch=ROOT, velocity=100, part=0):
    return Played(F(start), part, pitch, F(end), velocity)


def sound(played, font, rate=48_000, wet=0.0):
    return np.concatenate(list(rendered(played, font, rate, wet=wet)), 1)


def level(samples):
    return 10 * np.log10((samples.astype(float) ** 2).mean() + 1e-20)


@pytest.fixture
def sine_font(tmp_path):
    return SoundFont.open(written(tmp_path / "sine.sf2", font_bytes()))


@pytest.fixture(scope="module")
def default():
    return SoundFont.open(default_sound_font())


def spectrum(samples):
    return np.abs(np.fft.rfft(samples * np.blackman(len(samples)), 2**18))


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("key", [21, 57, 69, 74])
def test_a_looped_sine_has_its_pitch(sine_font, rate, key):
    heard = sound(performance(note(0, 8, key)), sine_font, rate)[0, rate // 4 : 7 * rate // 4]
    found = spectrum(heard).argmax() * rate / 2**18

    assert found == pytest.approx(PITCH * 2 ** ((key - ROOT) / 12), rel=NOTE_PITCH)


@pytest.mark.parametrize("key", [57, 69, 79])
def test_nothing_is_heard_beside_a_sine(sine_font, key):
    """Images, aliases and what joints of loops would bring, 60 dB down."""
    heard = spectrum(sound(performance(note(0, 8, key)), sine_font)[0, 12_000:84_000])
    peak = int(heard.argmax())
    heard_beside = np.concatenate([heard[: peak - 40], heard[peak + 41 :]])

    assert heard_beside.max() < heard[peak] / 1000


def test_what_lies_above_half_the_rate_is_not_heard(sine_font):
    """6.35 kHz and 12.7 kHz at a rate of 16 kHz."""
    low, high = (level(sound(performance(note(0, 8, key)), sine_font, 16_000)) for key in (77, 89))

    assert high < low - 60


@pytest.mark.parametrize("seconds", [F(1, 5), F(10, 3), F(61, 7)])
@pytest.mark.parametrize("wet", [0.0, 0.3])
def test_it_lasts_as_long_as_it_should_to_the_sample(sine_font, seconds, wet):
    heard = sound(performance(note(0, 80), seconds=seconds), sine_font, wet=wet)

    assert heard.shape == (2, round(seconds * 48_000))
    assert heard.dtype == np.float32
    assert heard.any()
    assert np.abs(heard[:, -1]).max() < NOTHING_HEARD


def test_no_note_at_all_is_silence(sine_font):
    assert not sound(performance(seconds=1), sine_font, wet=0.3).any()


def test_a_note_begins_and_ends_when_it_should(sine_font):
    heard = np.abs(sound(performance(note(2, 4)), sine_font)[0])

    assert not heard[:24_000].any()
    assert heard[24_000:24_480].max() > 0.01
    assert heard[49_000:].max() < NOTHING_HEARD


def test_velocity_is_loudness(sine_font):
    levels = [level(sound(performance(note(0, 8, velocity=v)), sine_font)) for v in (20, 64, 127)]

    assert levels[1] - levels[0] == pytest.approx(40 * np.log10(64 / 20), abs=0.1)
    assert levels[2] - levels[1] == pytest.approx(40 * np.log10(127 / 64), abs=0.1)


def test_a_part_has_its_level_and_side(sine_font):
    left, right, soft = (
        sound(performance(note(0, 8), parts=[Part("one", 0, pan, gain)]), sine_font)
        for pan, gain in ((-1.0, 0.0), (1.0, 0.0), (-1.0, -6.0))
    )

    assert np.abs(left[1]).max() < NOTHING_HEARD < np.abs(left[0]).max()
    assert np.abs(right[0]).max() < NOTHING_HEARD < np.abs(right[1]).max()
    assert level(left) - level(soft) == pytest.approx(6, abs=0.01)


def test_notes_add_up(default):
    """Also across the borders of blocks."""
    notes = [note(0, 30, 60), note(2, 31, 64, 80), note(9, 14, 67)]
    together = sound(performance(*notes, seconds=8), default, wet=0.3)
    alone = sum(sound(performance(it, seconds=8), default, wet=0.3) for it in notes)

    np.testing.assert_allclose(together, alone, atol=NOTHING_HEARD / 10)


def test_what_went_before_does_not_matter(default):
    """A note across borders of blocks and chunks sounds as it does within one."""
    late, soon = note(9, 20, 60), note(1, 12, 60)
    heard = sound(performance(late, seconds=8), default)[:, 96_000:]

    again = sound(performance(soon, seconds=8), default)

    np.testing.assert_allclose(heard[:, :230_000], again[:, :230_000], atol=NOTHING_HEARD / 1000)


def test_the_same_performance_gives_the_same_bits():
    played = performance(note(0, 8, 60), note(3, 9, 64), seconds=4)
    once, again = (sound(played, SoundFont.open(default_sound_font()), wet=0.25) for _ in range(2))

    assert once.tobytes() == again.tobytes()


def test_it_takes_no_more_memory_as_it_goes_on(default):
    """Three hours asked for, the first three minutes of them made."""
    notes = [note(t, t + 4, 60 + t % 12) for t in range(0, 43_200, 4)]
    blocks = rendered(performance(*notes, seconds=10_800), default, 8000)
    tracemalloc.start()
    try:
        next(blocks), next(blocks)
        _, early = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(8):
            next(blocks)
        _, late = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert late < 1.2 * early


def test_the_hall_rings_on(sine_font):
    dry, wet = (sound(performance(note(0, 4), seconds=5), sine_font, wet=w) for w in (0, 0.3))
    after = [level(wet[:, int(t * 48_000) :][:, :4800]) for t in (1.1, 1.6, 2.6)]

    assert level(dry[:, 55_000:60_000]) < -100
    assert all(10 < before - now < 60 for before, now in pairwise(after))


@pytest.mark.parametrize("program", [0, 19, 46, 48, 52, 73])
def test_eight_voices_at_their_loudest_do_not_clip(default, program):
    chord = [note(t, t + 4, p, 127) for t in (0, 4) for p in (48, 52, 55, 60, 64, 67, 72, 76)]

    heard = sound(performance(*chord, parts=[Part("all", program)], seconds=2), default, wet=0.3)

    assert NOTHING_HEARD < np.abs(heard).max() < 0.9


@pytest.mark.parametrize("cents", [-12_000, 8000, -32_768, 32_767])
@pytest.mark.parametrize("kind", [5, 8, 9, 11, 21, 22, 25, 26, 27, 28, 33, 34, 36, 38, 39, 51, 56])
def test_no_generator_makes_what_is_no_sound(tmp_path, kind, cents):
    font = SoundFont.open(written(tmp_path / "odd.sf2", font_bytes([(kind, cents)])))

    heard = sound(performance(note(0, 2, 30), note(1, 3, 100), seconds=1), font, 8000)

    assert np.isfinite(heard).all()
    assert np.abs(heard).max() < 2


def tempo_seconds(data):
    """When each tick is, as mido reads it."""
    file = mido.MidiFile(file=BytesIO(data))
    tempos, tick = [], 0
    for message in file.tracks[0]:
        tick += message.time
        if message.type == "set_tempo":
            tempos.append((tick, message.tempo))

    def seconds(at):
        ends = [*(tick for tick, _ in tempos[1:]), 10**9]
        return sum(
            mido.tick2second(max(min(at, end) - begin, 0), file.ticks_per_beat, tempo)
            for (begin, tempo), end in zip(tempos, ends, strict=True)
        )

    return seconds


def test_a_midi_file_keeps_the_clock():
    points = [(16 * bar, F(bar * 7 + bar % 3, 3)) for bar in range(60)]
    clock = TempoMap.through(points)
    seconds = tempo_seconds(midi_bytes(performance(note(0, 944), clock=clock, seconds=150)))

    errors = [abs(seconds(120 * t) - float(clock.seconds(t))) for t in range(945)]
    assert max(errors) < TEMPO_SECONDS


def test_notes_come_back_from_a_midi_file(tmp_path):
    parts = [Part("high", 40, -0.5, -3.0), Part("low", 42)]
    notes = [note(t, t + 2, 72 + t % 5) for t in range(0, 32, 2)]
    notes += [note(t, t + 4, 48 + t % 7, 90, 1) for t in range(0, 32, 4)]
    path = tmp_path / "two.mid"
    path.write_bytes(midi_bytes(performance(*notes, parts=parts, meter=Meter(3, 4))))

    piece = read_midi(path)

    assert piece.meter == Meter(3, 4)
    found = {(it.voice, it.start, it.end, it.pitch) for it in piece.notes}
    assert found == {(it.part, it.start, it.end, it.pitch) for it in notes}


@pytest.mark.parametrize(
    ("entry", "first"), [(12, (1, 4)), (4, (3, 4)), (14, (1, 8)), (15, (1, 16))]
)
def test_an_upbeat_is_a_short_first_bar(entry, first):
    data = midi_bytes(performance(note(0, 4), entry=entry))
    track = mido.MidiFile(file=BytesIO(data)).tracks[0]

    meters = [
        (it.time, it.numerator, it.denominator) for it in track if it.type == "time_signature"
    ]
    assert meters == [(0, *first), ((16 - entry) * 120, 4, 4)]


def test_a_midi_file_says_key_instruments_and_levels():
    parts = [Part("Flöte", 41, -1.0, -12.0), Part("Orgel", 19, 1.0)]
    data = midi_bytes(performance(note(0, 4), parts=parts, key=Key(10, "minor")))
    file = mido.MidiFile(file=BytesIO(data), charset="utf-8")
    first, second = (
        {it.type if it.type != "control_change" else it.control: it for it in track}
        for track in file.tracks[1:]
    )

    assert file.type == 1
    assert next(it.key for it in file.tracks[0] if it.type == "key_signature") == "Bbm"
    assert first["track_name"].name == "Flöte"
    assert (first["program_change"].program, second["program_change"].program) == (41, 19)
    assert (first[7].value, first[10].value) == (64, 1)
    assert (second[7].value, second[10].value) == (127, 127)
    assert first["program_change"].channel != second["program_change"].channel
