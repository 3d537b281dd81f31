"""Sound lies where its timestamps say, on the picture's clock, to the sample."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from aigc_edit.media import SoundReader, converted_blocks, probe
from aigc_edit.testing import ClipSpec, make_clip
from aigc_edit.timeline import Span
from tests.media.films import told_by_ffmpeg
from tests.tolerances import AFTER_SEEK, CODED_SAMPLES, RESAMPLED

RATE = 48_000
FLAC_PACKET = 4608  # samples


def chirps(seconds: float, channels: int, rate: int = RATE) -> np.ndarray:
    """float32 [C, N]: rising tones, others in each channel, so that every place sounds its own.

    No noise: codecs replace noise by noise of their own.
    """
    time = np.arange(round(seconds * rate)) / rate
    tones = [np.sin(2 * np.pi * (200 + 150 * k + 180 * time) * time) for k in range(channels)]
    return (0.4 * np.stack(tones)).astype(np.float32)


def encode_sound(container: Any, stream: Any, samples: np.ndarray, places: dict[int, int]) -> None:
    """Encodes [C, N] in pieces of 1,024; `places` moves a piece (by first sample) to a time."""
    rate, shift = stream.codec_context.sample_rate, 0
    for at in range(0, samples.shape[1], 1024):
        shift = places.get(at, shift)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, at : at + 1024]),
            format="fltp",
            layout=stream.codec_context.layout.name,
        )
        frame.sample_rate, frame.pts, frame.time_base = rate, at + shift, Fraction(1, rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def write_tone(path: Path, seconds: int) -> Path:
    """A file with nothing but sound."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=RATE)
        stream.codec_context.layout = "stereo"
        encode_sound(container, stream, chirps(seconds, 2), {})
    return path


def write_heard(
    path: Path,
    samples: np.ndarray,
    *,
    codec: str,
    layout: str = "stereo",
    rate: int = RATE,
    places: dict[int, int] | None = None,
) -> Path:
    """A film of black pictures, 25 a second, with these samples [C, N] as its sound."""
    with av.open(str(path), "w") as container:
        picture: Any = container.add_stream("libx264", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        picture.codec_context.max_b_frames = 0
        sound: Any = container.add_stream(codec, rate=rate)
        sound.codec_context.layout = layout
        encode_sound(container, sound, samples, places or {})
        for number in range(samples.shape[1] * 25 // rate):
            frame = av.VideoFrame(64, 64, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
    return path


def read(source: Any, span: Span) -> np.ndarray:
    return np.concatenate(list(SoundReader(source).blocks(span)), axis=1)


CODECS = {
    "aac": ".mp4",
    "libopus": ".mkv",
    "flac": ".mkv",
    "libmp3lame": ".mp4",
    "pcm_s16le": ".mov",
}


@pytest.fixture(scope="module", params=sorted(CODECS))
def heard(request, tmp_path_factory):
    """Six seconds in each codec: (source, what was encoded, what is read as a whole)."""
    path = tmp_path_factory.mktemp("sound") / f"{request.param}{CODECS[request.param]}"
    samples = chirps(6, 2)
    if request.param == "pcm_s16le":
        path = _as_pcm(path, samples)
    else:
        write_heard(path, samples, codec=request.param)
    source = probe(path)
    return source, samples, read(source, Span(0, 6))


def _as_pcm(path: Path, samples: np.ndarray) -> Path:
    flac = write_heard(path.with_suffix(".mkv"), samples, codec="flac")
    told_by_ffmpeg("-i", str(flac), "-c:v", "copy", "-c:a", "pcm_s16le", str(path))
    return path


def test_the_whole_read_is_what_was_encoded_sample_by_sample(heard):
    _, samples, whole = heard
    inner = slice(RATE // 10, -RATE // 10)  # codecs fade in and out at the ends

    assert whole.shape == samples.shape
    assert whole.dtype == np.float32
    assert _distance(whole, samples, inner) <= CODED_SAMPLES
    for shift in (-1, 1):
        moved = np.roll(samples, shift, axis=1)
        assert _distance(whole, samples, inner) < _distance(whole, moved, inner)


def _distance(one: np.ndarray, other: np.ndarray, inner: slice) -> float:
    return float(np.abs(one[:, inner] - other[:, inner]).mean())


@pytest.mark.parametrize("start", ["0.013", "0.2", "0.21", "1", "2.34567", "5.5", "5.98"])
def test_after_a_seek_every_sample_is_where_the_whole_read_has_it(heard, start):
    source, _, whole = heard
    span = Span(Fraction(start), min(Fraction(start) + Fraction(2, 3), Fraction(6)))
    first, stop = round(span.start * RATE), round(span.end * RATE)
    part = read(source, span)
    # Matroska's clock has milliseconds; after a seek a place is known to half of one.
    slack = RATE // 2000 if source.container.startswith("matroska") else 0
    inner = slice(slack, stop - first - slack)
    distances = [
        _distance(part, np.roll(whole[:, first:stop], shift, axis=1), inner)
        for shift in range(-slack, slack + 1)
    ]

    assert part.shape == (2, stop - first)
    assert min(distances) < AFTER_SEEK


def test_blocks_are_a_second_long_and_exact_in_all(heard):
    source, _, _ = heard
    lengths = [b.shape[1] for b in SoundReader(source).blocks(Span(1, Fraction(7, 2)))]

    assert lengths == [RATE, RATE, RATE // 2]


@pytest.fixture(scope="module")
def holed(tmp_path_factory):
    """Four seconds of loud tones with half a second of nothing after 1.92 s."""
    samples = chirps(4, 2)
    border = 20 * FLAC_PACKET  # first sample after the hole
    hole = RATE // 2
    path = write_heard(
        tmp_path_factory.mktemp("hole") / "hole.mkv", samples, codec="flac", places={border: hole}
    )
    return probe(path), samples, border, hole


def test_a_hole_in_the_timestamps_is_silence_and_what_follows_keeps_its_place(holed):
    source, samples, border, hole = holed
    whole = read(source, Span(0, Fraction(7, 2)))
    tail = whole[:, border + hole :]
    # Matroska's clock has milliseconds: a block's place is exact to half of one.
    slack = RATE // 1000

    assert np.abs(whole[:, border + slack : border + hole - slack]).max() == 0
    assert any(
        np.allclose(
            tail[:, slack:-slack],
            samples[:, border + slack + k :][:, : tail.shape[1] - 2 * slack],
            atol=1e-4,
        )
        for k in range(-slack, slack + 1)
    )


@pytest.mark.parametrize("at", ["1.9", "2.1", "2.4", "2.6"])
def test_a_hole_is_there_after_a_seek_too(holed, at):
    source, _, _, _ = holed
    whole = read(source, Span(0, 4))
    first = round(Fraction(at) * RATE)
    part = read(source, Span(Fraction(at), 3))

    assert np.abs(part - whole[:, first : 3 * RATE]).max() < 1e-4


def test_what_overlaps_is_dropped(tmp_path):
    samples = chirps(3, 2)
    plain = write_heard(tmp_path / "plain.mkv", samples, codec="flac")
    back = 40  # milliseconds, less than a packet lasts
    _shift_back(plain, tmp_path / "o.mkv", packet=15, milliseconds=back)
    border, cut = 15 * FLAC_PACKET, back * RATE // 1000
    whole = read(probe(tmp_path / "o.mkv"), Span(0, 2))
    after = whole[:, border + RATE // 1000 : 2 * RATE - cut]

    assert np.allclose(whole[:, : border - 1], samples[:, : border - 1], atol=1e-4)
    assert any(
        np.allclose(
            after, samples[:, border + RATE // 1000 + cut + k :][:, : after.shape[1]], atol=1e-4
        )
        for k in range(-RATE // 1000, RATE // 1000 + 1)
    )


def _shift_back(source: Path, target: Path, *, packet: int, milliseconds: int) -> None:
    """Copies a file; from one packet of sound on, all sound comes earlier."""
    with av.open(str(source)) as film, av.open(str(target), "w") as out:
        streams = {s.index: out.add_stream_from_template(s) for s in film.streams}
        count = 0
        for item in film.demux():
            if not item.size:
                continue
            if item.stream.type == "audio":
                count += 1
                if count > packet:
                    item.pts -= milliseconds
                    item.dts -= milliseconds
            item.stream = streams[item.stream.index]
            out.mux(item)


def test_sound_that_is_shorter_than_the_picture_ends_in_silence(tmp_path):
    spec = ClipSpec(frames=90, claps=(Fraction(1),))
    clip = make_clip(tmp_path / "c.mkv", spec)
    part = read(probe(clip), Span(2, 5))

    assert part.shape == (2, 3 * RATE)
    assert np.abs(part[:, RATE + 5000 :]).max() == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("start", [Fraction(0), Fraction(7, 3)])
def test_sound_is_on_the_pictures_clock(tmp_path, suffix, start):
    spec = ClipSpec(frames=90, claps=(Fraction(1), Fraction(2)), start=start)
    clip = make_clip(tmp_path / f"c{suffix}", spec)
    whole = read(probe(clip), Span(0, 3))
    loud = np.flatnonzero(np.abs(whole[0]) > 0.1) / RATE

    assert loud[0] == pytest.approx(1, abs=0.002)
    assert loud[loud > 1.5][0] == pytest.approx(2, abs=0.002)


@pytest.mark.parametrize("target", [(16_000, 1), (44_100, 2), (48_000, 1), (22_050, 2)])
@pytest.mark.parametrize("block", [1, 999, 48_000])
def test_conversion_keeps_the_clock_to_a_sample(target, block):
    rate, channels = target
    seconds = 3 if block > 1 else 0.05
    count = round(seconds * RATE)
    sine = np.sin(2 * np.pi * 440 * np.arange(count) / RATE).astype(np.float32)
    pieces = (np.stack([sine, sine])[:, at : at + block] for at in range(0, count, block))
    wanted = round(seconds * rate)
    blocks = list(converted_blocks(pieces, (RATE, "stereo"), target, wanted))
    joined = np.concatenate(blocks, axis=1)
    truth = np.sin(2 * np.pi * 440 * np.arange(wanted) / rate)
    inner = slice(rate // 100, -rate // 100)
    level = np.abs(joined[:, inner]).max()

    assert joined.shape == (channels, wanted)
    assert np.abs(joined[:, inner] / level - truth[inner]).max() <= RESAMPLED


def test_mono_of_two_equal_channels_is_that_channel():
    sine = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    blocks = converted_blocks(iter([np.stack([sine, sine])]), (RATE, "stereo"), (RATE, 1), RATE)
    mono = np.concatenate(list(blocks), axis=1)

    assert np.abs(mono).max() == pytest.approx(1, abs=0.01)


def test_the_same_form_passes_through_untouched():
    samples = chirps(1, 2)
    joined = np.concatenate(
        list(converted_blocks(iter([samples]), (RATE, "stereo"), (RATE, 2), RATE)), axis=1
    )

    assert np.array_equal(joined, samples)


@pytest.mark.parametrize("count", [100, RATE, RATE + 1, 5 * RATE])
def test_exactly_as_many_samples_come_out_as_asked_for(count):
    blocks = converted_blocks(iter([chirps(2, 1)]), (RATE, "mono"), (RATE, 2), count)

    assert sum(b.shape[1] for b in blocks) == count


def test_surround_is_mixed_down_as_broadcasters_do(tmp_path):
    names = ("front left", "front right", "front centre", "bass", "side left", "side right")
    time = np.arange(2 * RATE) / RATE
    tones = np.stack([np.sin(2 * np.pi * (300 + 100 * k) * time) for k in range(6)])
    path = write_heard(
        tmp_path / "s.mkv", (0.1 * tones).astype(np.float32), codec="flac", layout="5.1"
    )
    source = probe(path)
    native = SoundReader(source).blocks(Span(0, 2))
    blocks = converted_blocks(native, (RATE, source.audio.layout), (RATE, 2), 2 * RATE)
    stereo = np.concatenate(list(blocks), axis=1)[:, RATE // 2 : RATE * 3 // 2]
    levels = np.abs(np.fft.rfft(stereo, axis=1))[:, [300 + 100 * k for k in range(6)]]
    left, right = (dict(zip(names, row / row.max(), strict=True)) for row in levels)

    assert source.audio.channels == 6
    for own, sides in ((left, "left"), (right, "right")):
        other = "right" if sides == "left" else "left"
        assert own[f"front {sides}"] == pytest.approx(1, abs=0.01)
        assert own["front centre"] == pytest.approx(0.707, abs=0.01)
        assert own[f"side {sides}"] == pytest.approx(0.707, abs=0.01)
        assert max(own[f"front {other}"], own[f"side {other}"], own["bass"]) < 0.01
    assert np.abs(stereo).max() <= 1


def with_sound(path: Path, expression: str, *options: str) -> Path:
    """Two seconds of black with the sound of an FFmpeg expression, 48 kHz."""
    told_by_ffmpeg(
        *("-f", "lavfi", "-i", f"aevalsrc='{expression}':s={RATE}:d=2"),
        *("-f", "lavfi", "-i", "color=s=64x64:r=25:d=2", *options, str(path)),
    )
    return path


def test_samples_that_are_no_numbers_are_silence_and_counted(tmp_path):
    broken = "if(eq(mod(n,480),0),0/0,if(eq(mod(n,480),1),1/0,if(eq(mod(n,480),2),3e38,0.1)))"
    source = probe(with_sound(tmp_path / "n.mov", broken, "-c:a", "pcm_f32le"))
    reader = SoundReader(source)
    heard = np.concatenate(list(reader.blocks(Span(0, 2))), axis=1)

    assert np.isfinite(heard).all()
    assert np.abs(heard).max() == pytest.approx(0.1)
    assert reader.damage.broken_samples == 3 * 200
    assert reader.damage.lines() == ("600 sound samples were no numbers: silence instead",)


@pytest.mark.parametrize(("right", "warned"), [("-0.3", True), ("0.3", False), ("0", False)])
def test_opposite_sides_are_heard_in_mono_and_said(tmp_path, right, warned):
    clip = with_sound(tmp_path / "o.mkv", f"0.3*sin(2000*t)|{right}*sin(2000*t)", "-c:a", "flac")
    reader = SoundReader(probe(clip))
    mono = np.concatenate(
        list(converted_blocks(reader.blocks(Span(0, 2)), (RATE, "stereo"), (RATE, 1), 2 * RATE)),
        axis=1,
    )

    assert np.abs(mono).max() == pytest.approx(0.15 if right == "0" else 0.3, abs=0.01)
    assert any("out of phase" in line for line in reader.damage.lines()) is warned


def test_sound_that_changes_within_a_file_keeps_its_speed_and_is_said(tmp_path):
    tone = "0.3*sin(2*PI*440*t)"
    one = with_sound(tmp_path / "one.ts", f"{tone}|{tone}", "-c:a", "aac")
    two = tmp_path / "two.ts"
    told_by_ffmpeg(
        *("-i", str(one), "-ar", "32000", "-ac", "1", "-c:a", "aac", "-c:v", "copy"),
        *("-output_ts_offset", "2", str(two)),
    )
    both = tmp_path / "both.ts"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    reader = SoundReader(probe(both))
    heard = np.concatenate(list(reader.blocks(Span(0, 4))), axis=1)
    later = heard[:, 5 * RATE // 2 : 7 * RATE // 2]
    loudest = np.abs(np.fft.rfft(later, axis=1)).argmax(axis=1)

    assert loudest == pytest.approx(440, abs=1)
    # swresample keeps the power of both sides where it made the mono part.
    assert np.abs(later).max() == pytest.approx(0.3 * 2**0.5, abs=0.05)
    assert re.search(
        r"the sound changes from 48000 Hz stereo to 32000 Hz mono at (1\.9|2\.0)\d s",
        " ".join(reader.damage.lines()),
    )


@pytest.mark.parametrize("layout", ["quad", "2.1", "6.1", "5.0"])
def test_odd_layouts_are_read_whole(tmp_path, layout):
    count = len(av.AudioLayout(layout).channels)
    tones = "|".join(f"0.1*sin({1000 * (k + 1)}*t)" for k in range(count))
    clip = with_sound(tmp_path / "q.mov", f"{tones}':c='{layout}", "-c:a", "pcm_s16le")
    whole = read(probe(clip), Span(0, 2))

    assert whole.shape == (count, 2 * RATE)
    assert np.abs(whole).max(axis=1) == pytest.approx(0.1, abs=0.005)
