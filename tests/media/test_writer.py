"""What is written plays, keeps its times, and appears whole or not at all."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from aigc_edit.errors import EncodeError
from aigc_edit.media import (
    BT709,
    CONTAINERS,
    EncodedPart,
    FrameConverter,
    PictureSettings,
    PictureWriter,
    Programme,
    SoundPart,
    SoundReader,
    SoundSettings,
    SoundWriter,
    chosen_codec,
    chosen_encoder,
    encodable_rate,
    mux,
    probe,
    scratch_for,
)
from aigc_edit.testing import ClipSpec, shown_frames
from aigc_edit.testing.clips import _drawn
from aigc_edit.timeline import Span
from tests.conftest import ROOT
from tests.media.test_sound import chirps

SPEC = ClipSpec(frames=50, rate=Fraction(25), size=(256, 144))
PAIRS = [
    (suffix, video, audio)
    for suffix, (videos, audios) in CONTAINERS.items()
    for video, audio in {(v, audios[0]) for v in videos} | {(videos[0], a) for a in audios}
]


def settings(codec: str = "h264", rate: Fraction | None = Fraction(25)) -> PictureSettings:
    return PictureSettings(
        encoder=chosen_encoder(codec, "software"),
        quality=20,
        preset="ultrafast",
        width=256,
        height=144,
        rate=rate,
        average=Fraction(25),
        colour=BT709,
    )


def written(folder: Path, chosen: PictureSettings, times: list[Fraction]) -> EncodedPart:
    path = folder / "picture.mp4"
    converter = FrameConverter(chosen.encoder.pixel_format)
    with PictureWriter(path, chosen, times[0]) as writer:
        for number, time in enumerate(times):
            writer.write(converter.frame(_drawn(number, SPEC).transpose(2, 0, 1)), time)
    return EncodedPart(path, times[0], writer.depth)


def programme(picture: EncodedPart, times: list[Fraction], *sounds: SoundPart, **metadata):
    shown = np.array([float(time) for time in times])
    return Programme([picture], sounds, shown, times[-1] + Fraction(1, 25), metadata)


def heard(folder: Path, codec: str, rate: int = 48_000) -> Path:
    path = folder / "sound.mp4"
    samples = chirps(2, 2, rate)
    with SoundWriter(path, SoundSettings(codec, rate, 2, 160_000)) as writer:
        for at in range(0, samples.shape[1], 7777):
            writer.write(samples[:, at : at + 7777])
    return path


@pytest.mark.parametrize(("suffix", "video", "audio"), sorted(PAIRS))
def test_every_pair_that_a_container_holds_plays_and_keeps_its_times(
    tmp_path, suffix, video, audio
):
    times = [Fraction(k, 25) for k in range(SPEC.frames)]
    target = tmp_path / f"out{suffix}"
    picture, sound = written(tmp_path, settings(video), times), heard(tmp_path, audio)
    mux(target, programme(picture, times, SoundPart(sound)))
    shown = shown_frames(target)
    source = probe(target)
    whole = np.concatenate(list(SoundReader(source).blocks(Span(0, 2))), axis=1)
    inner = slice(10_000, -10_000)
    samples = chirps(2, 2)

    assert [number for _, number in shown] == list(range(SPEC.frames))
    assert [round(float(t - shown[0][0]) * 25, 1) for t, _ in shown] == list(range(SPEC.frames))
    assert float(source.duration) == pytest.approx(2, abs=0.002)
    # Matroska and WebM place sound on a clock of milliseconds.
    distances = [
        np.abs(whole[:, inner] - np.roll(samples, k, axis=1)[:, inner]).mean()
        for k in range(-48, 49)
    ]
    assert abs(int(np.argmin(distances)) - 48) <= (0 if suffix in (".mp4", ".mov") else 24)


def test_times_of_a_variable_rate_survive(tmp_path):
    times = [Fraction(k * k, 1000) for k in range(SPEC.frames)]
    target = tmp_path / "out.mp4"
    mux(target, programme(written(tmp_path, settings(rate=None), times), times))

    assert [t for t, _ in shown_frames(target)] == times


def test_a_time_that_is_taken_is_counted_and_left_out(tmp_path):
    writer = PictureWriter(tmp_path / "p.mp4", settings(), Fraction(0))
    with writer:
        for number, time in enumerate([Fraction(0), Fraction(1, 25), Fraction(1, 25), Fraction(1)]):
            frame = FrameConverter("yuv420p").frame(_drawn(number, SPEC).transpose(2, 0, 1))
            writer.write(frame, time)

    assert (len(writer.ticks), writer.repeated) == (3, 1)
    assert [n for _, n in shown_frames(tmp_path / "p.mp4")] == [0, 1, 3]


def test_mp4_begins_with_its_index_so_that_it_plays_while_it_loads(tmp_path):
    target = tmp_path / "out.mp4"
    picture = written(tmp_path, settings(), [Fraction(0)])
    mux(target, programme(picture, [Fraction(0)], title="Ünï 🎬"))
    raw = target.read_bytes()

    assert raw.index(b"moov") < raw.index(b"mdat")
    with av.open(str(target)) as container:
        assert container.metadata["title"] == "Ünï 🎬"


def test_colour_is_written_down(tmp_path):
    path = written(tmp_path, settings(), [Fraction(0)])
    video = probe(path.path).video

    assert (video.colour, video.width, video.height) == (BT709, 256, 144)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 37_800, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("codec", ["aac", "opus", "flac"])
def test_every_sample_rate_can_be_written_or_has_a_stand_in(tmp_path, codec, rate):
    path = heard(tmp_path, codec, encodable_rate(codec, rate))

    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(audio=0) if packet.size]
    end = packets[-1].pts + packets[-1].duration
    assert float(end * packets[-1].time_base) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(
    ("suffix", "codec", "sound", "message"),
    [
        (".avi", "auto", False, r"no container for files named \*\.avi.*\.mp4"),
        ("", "auto", False, r"named \*\(nothing\)"),
        (".webm", "h264", False, r"\.webm files do not hold h264\. They hold vp9, av1"),
        (".mov", "opus", True, r"\.mov files do not hold opus"),
    ],
)
def test_what_no_container_holds_is_refused_with_what_it_holds(suffix, codec, sound, message):
    with pytest.raises(EncodeError, match=message):
        chosen_codec(suffix, codec, sound=sound)


def test_an_encoder_that_is_not_there_is_refused():
    with pytest.raises(EncodeError, match=r"no encoder 'h264_magic'.*libx264"):
        chosen_encoder("h264", "h264_magic")


def test_published_whole_and_nothing_else_is_left(tmp_path):
    output = tmp_path / "new" / "out.mp4"
    with scratch_for(output) as scratch:
        scratch.part("a").write_text("whole")
        assert not output.exists()
        scratch.publish({"a": output})

    assert [p.name for p in output.parent.iterdir()] == ["out.mp4"]
    assert output.read_text() == "whole"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_after_an_exception_nothing_is_left_and_the_old_file_stays(tmp_path, error):
    output = tmp_path / "out.mp4"
    output.write_text("old")
    with pytest.raises(error), scratch_for(output) as scratch:  # noqa: PT012 -- that is the test
        scratch.part("a").write_text("half")
        raise error
    assert [p.name for p in tmp_path.iterdir()] == ["out.mp4"]
    assert output.read_text() == "old"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux for open files")
def test_writers_that_are_left_by_an_exception_close_their_files(tmp_path):
    picture, sound = tmp_path / "p.mp4", tmp_path / "s.mp4"
    with pytest.raises(RuntimeError), PictureWriter(picture, settings(), Fraction(0)) as writer:  # noqa: PT012
        writer.write(
            FrameConverter("yuv420p").frame(_drawn(0, SPEC).transpose(2, 0, 1)), Fraction(0)
        )
        raise RuntimeError
    with (
        pytest.raises(RuntimeError),
        SoundWriter(sound, SoundSettings("aac", 48_000, 2, 128_000)),
    ):
        raise RuntimeError
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [link for link in links if str(tmp_path) in str(link.readlink())]


def test_a_folder_that_cannot_be_written_is_named_with_a_cure(tmp_path):
    (tmp_path / "file").touch()

    with (
        pytest.raises(EncodeError, match=r"out\.mp4: its folder cannot be written.*-o"),
        scratch_for(tmp_path / "file" / "out.mp4"),
    ):
        pass


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from aigc_edit.engine import RunOptions, run
from aigc_edit.errors import AigcEditError
from aigc_edit.pipeline import pipeline_from_text

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
pipeline = pipeline_from_text({text!r})
try:
    run(pipeline, Path({clip!r}), Path({output!r}), RunOptions("cpu", cache=False))
except Exception as error:
    print(type(error).__name__, error)
"""
CUT = "schema: 1\nstages:\n  - uses: given_spans\n    with: {spans: [[0s, 10s]]}\n"
LOUD = CUT + "output: {audio: {loudness: -14 LUFS}}\n"


def on_a_full_disk(folder: Path, clip: Path, text: str, limit: int) -> str:
    code = FULL_DISK.format(limit=limit, text=text, clip=str(clip), output=str(folder / "o.mp4"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("limit", [1000, 60_000])
def test_a_full_disk_is_said_so_and_nothing_is_left(tmp_path, clap_clip, limit):
    said = on_a_full_disk(tmp_path, clap_clip, CUT, limit)

    assert said.startswith("NoSpaceError")
    assert "no space left" in said
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_while_loudness_is_measured_is_said_so(tmp_path, clap_clip):
    # 10 s of raw stereo are 3.8 MB; picture and sound are far smaller.
    said = on_a_full_disk(tmp_path, clap_clip, LOUD, 1_500_000)

    assert said.startswith("NoSpaceError")
    assert "no space left" in said
    assert list(tmp_path.iterdir()) == []
