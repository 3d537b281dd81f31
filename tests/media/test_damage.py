"""What is broken in a file is counted, located in time, and said."""

from __future__ import annotations

import json
from fractions import Fraction

import av
import pytest

from aigc_edit.engine import RunOptions, analyse
from aigc_edit.errors import DecodeError
from aigc_edit.media import Damage, PictureReader, SoundReader, probe
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, make_clip
from aigc_edit.timeline import Span
from tests.media.films import told_by_ffmpeg

HURT = 40  # the packet that is damaged; 30 a second


@pytest.fixture(scope="module")
def hurt(tmp_path_factory):
    """Three seconds in which the coded picture of one key frame is damaged."""
    folder = tmp_path_factory.mktemp("hurt")
    clip = make_clip(folder / "good.mp4", ClipSpec(frames=90, gop=10, sound_rate=None))
    with av.open(str(clip)) as good, av.open(str(folder / "hurt.mp4"), "w") as out:
        stream = out.add_stream_from_template(good.streams[0], opaque=True)
        for packet in good.demux(video=0):
            if packet.dts is None:
                continue
            if packet.pts is not None and round(packet.pts * packet.time_base * 30) == HURT:
                raw = bytearray(bytes(packet))
                raw[len(raw) // 2 : len(raw) // 2 + 20] = b"\xff" * 20
                new = av.Packet(bytes(raw))
                new.pts, new.dts, new.time_base = packet.pts, packet.dts, packet.time_base
                new.is_keyframe = packet.is_keyframe
                packet = new  # noqa: PLW2901 -- the damaged one in its place
            packet.stream = stream
            out.mux(packet)
    return folder / "hurt.mp4"


@pytest.mark.parametrize("draft", [True, False])
def test_a_picture_that_the_decoder_made_up_is_counted_with_its_time(hurt, draft):
    with PictureReader(probe(hurt), draft=draft) as reader:
        shown = len(list(reader.pictures()))

    assert pytest.approx(min(reader.damage.pictures), abs=0.002) == HURT / 30
    assert reader.damage.lines() == ("damaged picture at 1.33 s: 1 picture",)
    assert shown >= 89


def test_a_good_file_has_no_damage(clap_clip):
    source = probe(clap_clip)
    heard = SoundReader(source)
    list(heard.blocks(Span(0, source.duration)))
    with PictureReader(source, draft=True) as reader:
        list(reader.pictures())

    assert reader.damage.lines() == heard.damage.lines() == source.warnings == ()


def test_damage_of_real_good_files_is_none(shared_media):
    for name in ("testsrc_mpeg2_odd_mpg_mp2.mpg", "realshort_36f.mp4", "av1_video.mkv"):
        source = probe(shared_media / name)
        with PictureReader(source, draft=True) as reader:
            list(reader.pictures())

        assert reader.damage.lines() == source.warnings == (), name


def test_near_troubles_are_told_as_one_stretch():
    damage = Damage(pictures={2.1, 2.3, 2.2, 5.0}, sounds={None, 1.0})

    assert damage.lines() == (
        "damaged picture at 2.10-2.30 s and 5.00 s: 4 pictures",
        "damaged sound at 1.00 s: 2 packets",
    )


def test_many_troubles_are_told_in_one_short_line():
    damage = Damage(pictures={2.0 * k for k in range(50)})

    assert damage.lines() == (
        "damaged picture at 0.00 s, 2.00 s, 4.00 s, 6.00 s, 8.00 s and 45 more places: 50 pictures",
    )


def test_two_readings_of_one_trouble_are_one_trouble():
    damage = Damage(pictures={1.0}, broken_samples=3, changes={(2.0, "picture changes")})
    damage.add(Damage(pictures={1.0, 2.0}, broken_samples=3, changes={(2.0, "picture changes")}))

    assert damage.pictures == {1.0, 2.0}
    assert damage.lines()[0] == "the picture changes at 2.00 s"
    assert len(damage.changes) == 1
    assert damage.broken_samples == 3


def test_damage_survives_json():
    damage = Damage({1.0, None}, {2.5}, 7, {(3.0, "sound changes")}, 4.0, 5.0)

    assert Damage.from_json(json.loads(json.dumps(damage.to_json()))) == damage


WATCHED = "schema: 1\nstages: [motion]\n"


def test_damage_is_told_again_when_all_tracks_are_known(hurt):
    first = analyse(pipeline_from_text(WATCHED), hurt, RunOptions())
    second = analyse(pipeline_from_text(WATCHED), hurt, RunOptions())

    assert all(step.cached is not None for step in second.steps)
    assert first.warnings == second.warnings == ("damaged picture at 1.33 s: 1 picture",)


def test_more_damage_than_is_put_up_with_is_an_error(hurt):
    pipeline = pipeline_from_text(WATCHED, ["input.damage=0.01"])

    with pytest.raises(DecodeError, match=r"1% of its pictures are damaged.*1\.33 s"):
        analyse(pipeline, hurt, RunOptions())


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_file_that_is_cut_short_says_what_was_promised(tmp_path, suffix):
    whole = make_clip(tmp_path / f"w{suffix}", ClipSpec(frames=90, gop=10))
    if suffix == ".mp4":
        whole = with_index_first(whole)
    raw = whole.read_bytes()
    short = tmp_path / f"s{suffix}"
    short.write_bytes(raw[: len(raw) * 6 // 10])

    assert probe(whole).warnings == ()
    (warning,) = (w for w in probe(short).warnings if w.startswith("cut short"))
    assert "promised" in warning
    assert probe(short).duration < Fraction(5, 2)


def with_index_first(path):
    target = path.with_name(f"fast{path.suffix}")
    told_by_ffmpeg("-i", str(path), "-c", "copy", "-movflags", "+faststart", str(target))
    return target


def test_what_an_edit_list_hides_was_never_promised(tmp_path):
    clip = make_clip(tmp_path / "c.mp4", ClipSpec(frames=90, gop=90, sound_rate=None))
    target = tmp_path / "hidden.mp4"
    told_by_ffmpeg("-ss", "1", "-i", str(clip), "-c", "copy", str(target))

    assert not any("cut short" in w for w in probe(target).warnings)
