"""What a file holds: facts, and never a header's promise."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import struct
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from aigc_edit.errors import DecodeError, MediaError, ProbeError
from aigc_edit.media import (
    InputChoice,
    PictureConverter,
    PictureForm,
    PictureReader,
    SoundReader,
    probe,
)
from aigc_edit.testing import ClipSpec, make_clip
from aigc_edit.timeline import Span
from tests.media.films import shown_by_ffmpeg, told_by_ffmpeg, write_film
from tests.tolerances import CODED_LEVELS


def test_facts_of_a_plain_clip(clap_clip):
    source = probe(clap_clip)

    assert (source.duration, source.frames, source.grid) == (10, 300, 30)
    assert (source.video.codec, source.video.pixel_format) == ("h264", "yuv420p")
    assert (source.video.width, source.video.height) == (192, 108)
    assert (source.audio.codec, source.audio.rate, source.audio.channels) == ("aac", 48_000, 2)
    assert source.bytes == clap_clip.stat().st_size
    assert source.video.as_coded


def test_a_frame_that_was_probed_is_gone_at_once(clap_clip):
    def frames() -> int:
        return sum(type(one) is av.VideoFrame for one in gc.get_objects())

    gc.collect()
    before = frames()
    gc.disable()
    try:
        probe(clap_clip)
        assert frames() == before
    finally:
        gc.enable()


def test_a_silent_film_has_no_sound(silent_film):
    source = probe(silent_film)

    assert source.audio is None
    assert source.duration == 2


@pytest.mark.parametrize("rate", [Fraction(24_000, 1001), Fraction(30_000, 1001), Fraction(50)])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_constant_rate_is_exact_in_every_container(tmp_path, rate, suffix):
    source = probe(write_film(tmp_path / f"c{suffix}", ClipSpec(frames=90, rate=rate)))

    assert source.video.constant
    assert source.grid == rate
    assert float(source.duration * rate) == pytest.approx(90, abs=0.05)


def test_a_clock_of_90_khz_does_not_bend_the_rate_of_films(tmp_path):
    # 3753.75 ticks a frame, as in what was once a transport stream (recordings, downloads).
    spec = ClipSpec(frames=90, rate=Fraction(24_000, 1001), sound_rate=None)
    source = probe(make_clip(tmp_path / "c.mp4", spec))

    assert source.grid == Fraction(24_000, 1001)


def test_a_variable_rate_has_no_grid(tmp_path):
    times = [Fraction(k, 30) + Fraction(k % 3, 100) for k in range(60)]
    source = probe(make_clip(tmp_path / "v.mp4", ClipSpec(times=times, sound_rate=None)))

    assert not source.video.constant
    assert source.grid is None
    assert source.frames == 60


def test_a_missing_frame_makes_the_rate_variable(tmp_path):
    times = [Fraction(k, 30) for k in range(61) if k != 20]
    source = probe(make_clip(tmp_path / "v.mp4", ClipSpec(times=times, sound_rate=None)))

    assert source.grid is None


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_the_clock_begins_at_the_first_frame(tmp_path, suffix):
    spec = ClipSpec(frames=60, start=Fraction(10, 3), sound_rate=None)
    source = probe(make_clip(tmp_path / f"late{suffix}", spec))

    assert float(source.video.first) == pytest.approx(10 / 3, abs=0.001)
    with PictureReader(source) as reader:
        assert next(reader.pictures()).time == 0
    assert float(source.duration) == pytest.approx(2, abs=1 / 60 + 0.002)


def test_the_last_frame_lasts_where_packets_do_not_say_how_long(tmp_path):
    source = probe(make_clip(tmp_path / "c.ts", ClipSpec(frames=60, sound_rate=None)))

    assert float(source.duration) == pytest.approx(2, abs=0.002)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_rotated_pictures_are_shown_upright_as_ffmpeg_shows_them(tmp_path, degrees):
    spec = ClipSpec(frames=5, cuts=(1,))
    clip = write_film(tmp_path / "r.mp4", spec, rotation=degrees, options={"crf": "10"})
    source = probe(clip)
    with PictureReader(source) as reader:
        frame = next(reader.pictures()).frame
    form = PictureForm(source.video.width, source.video.height, "gray")
    ours = PictureConverter(form, source.video.colour).array(frame)
    theirs = shown_by_ffmpeg(clip, (source.video.width, source.video.height))

    assert source.video.rotation in (degrees, 360 - degrees)
    assert ours.shape == ((192, 108) if degrees != 180 else (108, 192))
    assert np.abs(ours.astype(int) - theirs).mean() < CODED_LEVELS
    assert np.abs(ours[::-1, ::-1].astype(int) - theirs).mean() > 2 * CODED_LEVELS


@pytest.mark.parametrize(
    ("aspect", "shown"),
    [
        (Fraction(16, 11), (280, 108)),
        (Fraction(2, 3), (192, 162)),
        (Fraction(224, 225), (192, 108)),
    ],
)
def test_pixels_are_shown_square_and_nothing_is_lost(tmp_path, aspect, shown):
    clip = write_film(tmp_path / "sar.mp4", ClipSpec(frames=3), aspect=aspect)
    source = probe(clip)
    with PictureReader(source) as reader:
        frame = next(reader.pictures()).frame

    assert (source.video.width, source.video.height) == shown == (frame.width, frame.height)
    assert source.video.as_coded == (shown == (192, 108))


def test_a_missing_file_is_named_with_a_cure(tmp_path):
    with pytest.raises(ProbeError, match=r"gone\.mp4: no such file\. Check the name"):
        probe(tmp_path / "gone.mp4")


def test_a_folder_is_no_video(tmp_path):
    with pytest.raises(ProbeError, match="folder"):
        probe(tmp_path)


def test_an_empty_file_is_no_video(tmp_path):
    (tmp_path / "e.mp4").touch()

    with pytest.raises(ProbeError, match="empty"):
        probe(tmp_path / "e.mp4")


@pytest.mark.parametrize("text", ["Dear diary\n" * 50, "WEBVTT\n\n", "\x00" * 5000, "%PDF-1.7\n"])
def test_a_file_that_is_no_video_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "t.mp4").write_text(text)

    with pytest.raises(ProbeError) as caught:
        probe(tmp_path / "t.mp4")
    assert "\n" not in str(caught.value)


def test_sound_alone_is_no_video(tmp_path):
    from tests.media.test_sound import write_tone

    clip = write_tone(tmp_path / "s.m4a", seconds=1)

    with pytest.raises(ProbeError, match="no video stream, only sound"):
        probe(clip)


def test_a_file_that_cannot_seek_back_is_cut_short_and_said_so(tmp_path, clap_clip):
    short = tmp_path / "short.mp4"
    short.write_bytes(clap_clip.read_bytes()[:4000])  # its index stands at the end

    with pytest.raises(MediaError):
        probe(short)


def test_pictures_without_their_bytes_are_an_error(tmp_path):
    clip = make_clip(tmp_path / "c.mkv", ClipSpec(frames=30, sound_rate=None))
    raw = bytearray(clip.read_bytes())
    raw[700:-100] = bytes(len(raw) - 800)
    clip.write_bytes(raw)

    with pytest.raises((ProbeError, DecodeError)):
        probe(clip)


@pytest.fixture
def listener():
    """A server on this machine, and whoever knocked at it."""
    visitors: list[tuple[str, int]] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    visitor, address = server.accept()
                except TimeoutError:
                    continue
                visitors.append(address)
                visitor.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], visitors
        stop.set()
        thread.join()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "hls-master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:{port}/a.m3u8\n",
    "concat": "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.mp4'\n",
    "dash": (
        "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' "
        "mediaPresentationDuration='PT1S'><Period><AdaptationSet mimeType='video/mp4'>"
        "<Representation id='1' bandwidth='1'><BaseURL>http://127.0.0.1:{port}/a.mp4</BaseURL>"
        "</Representation></AdaptationSet></Period></MPD>"
    ),
    "sdp": (
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    ),
}


@pytest.mark.parametrize("kind", sorted(PLAYLISTS))
def test_a_playlist_named_mp4_reaches_nobody(tmp_path, listener, kind):
    port, visitors = listener
    (tmp_path / "trap.mp4").write_text(PLAYLISTS[kind].format(port=port))

    with pytest.raises(MediaError):
        probe(tmp_path / "trap.mp4")
    assert visitors == []


@pytest.mark.parametrize("kind", ["hls", "concat"])
def test_a_playlist_cannot_pull_in_other_files_either(tmp_path, clap_clip, kind):
    secret = shutil.copy(clap_clip, tmp_path / "secret.mp4")
    text = {
        "hls": "#EXTM3U\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n",
        "concat": "ffconcat version 1.0\nfile '{}'\n",
    }
    (tmp_path / "trap.mp4").write_text(text[kind].format(secret))

    with pytest.raises(MediaError):
        probe(tmp_path / "trap.mp4")


@pytest.mark.parametrize(
    "name", ["-dash.mp4", 'it\'s "quoted".mp4', "two\nlines.mp4", "視頻 🎬.mp4", "a:b%20c.mp4"]
)
def test_any_name_can_be_opened(tmp_path, silent_film, name, monkeypatch):
    shutil.copy(silent_film, tmp_path / name)
    monkeypatch.chdir(tmp_path)

    assert probe(name).frames == 60


def test_covers_are_no_film(tmp_path, silent_film):
    clip = tmp_path / "cover.mp4"
    with av.open(str(silent_film)) as source, av.open(str(clip), "w") as out:
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        film = out.add_stream_from_template(source.streams.video[0])
        for packet in cover.encode(av.VideoFrame(64, 64, "yuvj420p")) + cover.encode(None):
            out.mux(packet)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = film
                out.mux(packet)

    assert probe(clip).video.codec == "h264"
    assert probe(clip).frames == 60


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "fifo.mp4")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    (tmp_path / "zero.mp4").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.mp4"))
        for name, what in (
            ("fifo.mp4", "a pipe"),
            ("gone.mp4", "leads nowhere"),
            ("loop.mp4", "leads nowhere"),
            ("zero.mp4", "a device"),
            ("s.mp4", "a socket"),
        ):
            with pytest.raises(ProbeError, match=what):
                probe(tmp_path / name)


@pytest.mark.parametrize("suffix", ["png", "jpg", "srt", "ass"])
def test_pictures_and_subtitles_are_no_film(tmp_path, silent_film, suffix):
    path = tmp_path / f"f.{suffix}"
    if suffix in ("png", "jpg"):
        told_by_ffmpeg("-i", str(silent_film), "-frames:v", "1", str(path))
    else:
        path.write_text("1\n00:00:01,000 --> 00:00:02,000\nHello\n\n")

    with pytest.raises(ProbeError, match="not a media file"):
        probe(path.rename(tmp_path / "f.mp4"))


def test_larger_pictures_than_allowed_are_refused_before_they_are_decoded(silent_film):
    with pytest.raises(ProbeError, match=r"192x108 is more than 20000 pixels.*--max-pixels"):
        probe(silent_film, InputChoice(max_pixels=20_000))
    assert probe(silent_film, InputChoice(max_pixels=192 * 108 * 2)).frames == 60


def test_a_small_file_that_asks_for_much_memory_is_refused(tmp_path):
    header = b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\x80\0\0\0\0\0\xff\xff\xff"
    image = b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02D\x01\0;"
    (tmp_path / "bomb.gif").write_bytes(header + image)

    with pytest.raises(MediaError):
        probe(tmp_path / "bomb.gif")


@pytest.fixture(scope="module")
def many_tracks(tmp_path_factory):
    """English, German and unnamed sound at 300, 600 and 900 Hz; subtitles; two chapters."""
    folder = tmp_path_factory.mktemp("tracks")
    (folder / "s.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nHello\n\n")
    (folder / "m.txt").write_text(
        ";FFMETADATA1\ntitle=<b>One</b>\\\ntwo\nartist=\x1b[31mred\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=Start\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=9000\ntitle=Rest\n"
    )
    tones = [("-f", "lavfi", "-i", f"sine={hz}:sample_rate=48000:d=2") for hz in (300, 600, 900)]
    path = folder / "many.mkv"
    told_by_ffmpeg(
        *("-f", "lavfi", "-i", "color=s=64x64:r=25:d=2"),
        *(word for tone in tones for word in tone),
        *("-i", str(folder / "s.srt"), "-i", str(folder / "m.txt")),
        *("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map", "4"),
        *("-map_metadata", "5", "-map_chapters", "5", "-c:a", "flac"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ger"),
        *("-metadata:s:a:2", "title=comment", "-metadata:s:s:0", "language=eng", str(path)),
    )
    return path


@pytest.mark.parametrize(
    ("choice", "hertz"),
    [(None, 300), (1, 300), (2, 600), (3, 900), ("de", 600), ("deu", 600), ("en", 300)],
)
def test_the_chosen_sound_is_heard(many_tracks, choice, hertz):
    source = probe(many_tracks, InputChoice(audio_track=choice))
    heard = next(SoundReader(source).blocks(Span(0, 1)))[0]

    assert np.abs(np.fft.rfft(heard)).argmax() == hertz


def test_all_tracks_are_described(many_tracks):
    source = probe(many_tracks)

    assert [t.language for t in source.audio_tracks] == ["eng", "ger", ""]
    assert source.audio_tracks[2].title == "comment"
    assert [t.language for t in source.subtitle_tracks] == ["eng"]
    assert source.subtitles == source.subtitle_tracks[0]
    assert probe(many_tracks, InputChoice(audio_track="none")).audio is None
    assert probe(many_tracks, InputChoice(subtitle_track="none")).subtitles is None


@pytest.mark.parametrize(
    ("choice", "what"),
    [
        (
            InputChoice(audio_track=4),
            r"no audio track 4; there are 1 eng flac mono, 2 ger flac mono, 3 flac mono comment",
        ),
        (InputChoice(audio_track="fr"), r"no audio track fr; there are 1 eng"),
        (InputChoice(video_track=2), r"no video track 2; there are 1 h264 64x64"),
        (InputChoice(subtitle_track="fr"), r"no subtitle track fr; there are 1 eng"),
    ],
)
def test_a_track_that_is_not_there_is_refused_with_what_there_is(many_tracks, choice, what):
    with pytest.raises(ProbeError, match=what):
        probe(many_tracks, choice)


def test_chapters_are_in_source_time_and_end_with_the_picture(many_tracks):
    chapters = probe(many_tracks).chapters

    assert [(c.start, c.end, c.title) for c in chapters] == [(0, 1, "Start"), (1, 2, "Rest")]


def test_metadata_is_one_plain_line_each(many_tracks):
    metadata = {key.lower(): text for key, text in probe(many_tracks).metadata.items()}

    assert metadata["title"] == "<b>One</b> two"
    assert metadata["artist"] == "[31mred"


def test_a_gap_in_the_clock_is_taken_out_and_said(tmp_path):
    times = [Fraction(k, 30) + (3600 if k >= 30 else 0) for k in range(60)]
    clip = make_clip(tmp_path / "gap.mp4", ClipSpec(times=times, sound_rate=None, gop=10))
    source = probe(clip)
    with PictureReader(source) as reader:
        whole = [p.time for p in reader.pictures()]
        part = [p.time for p in reader.pictures(Span(Fraction(3, 2), Fraction(2)))]

    assert source.duration == pytest.approx(2, abs=0.05)
    assert len(whole) == 60
    assert np.diff([float(t) for t in whole]) == pytest.approx(1 / 30, abs=0.001)
    assert len(part) == 15
    assert "jumps 3600 s ahead after 1.00 s" in source.warnings[0]


def test_a_long_still_with_sound_is_no_gap(tmp_path):
    path = tmp_path / "still.mkv"
    told_by_ffmpeg(
        *("-f", "lavfi", "-i", "color=s=64x64:r=1:d=200", "-f", "lavfi", "-i", "sine=d=200"),
        *("-vf", "select='lt(n,2)+gte(n,150)'", "-fps_mode", "vfr", "-c:a", "flac", str(path)),
    )
    source = probe(path)

    assert source.clock.even
    assert source.duration == pytest.approx(200, abs=1.1)


def test_a_slow_rate_is_no_gap(tmp_path):
    times = [Fraction(100 * k) for k in range(6)]
    spec = ClipSpec(times=times, frames=6, rate=Fraction(1, 100), sound_rate=None)
    clip = make_clip(tmp_path / "slow.mp4", spec)

    assert probe(clip).clock.even


def test_files_joined_end_to_end_are_one_film_with_its_sound(tmp_path):
    spec = ClipSpec(frames=60, claps=(Fraction(1),), gop=10)
    one = make_clip(tmp_path / "one.ts", spec)
    (tmp_path / "two.ts").write_bytes(one.read_bytes() * 2)
    source = probe(tmp_path / "two.ts")
    sound = np.concatenate(list(SoundReader(source).blocks(Span(0, source.duration))), axis=1)
    loud = np.flatnonzero(np.abs(sound[0]) > 0.1) / 48_000
    with PictureReader(source) as reader:
        pictures = len(list(reader.pictures()))
        part = [p.time for p in reader.pictures(Span(3, Fraction(7, 2)))]

    assert (pictures, source.frames) == (120, 120)
    assert float(source.duration) == pytest.approx(4, abs=0.01)
    assert "starts again after 2.00 s" in source.warnings[0]
    assert loud[0] == pytest.approx(1, abs=0.002)
    assert loud[loud > 2][0] == pytest.approx(3, abs=0.04)  # where its own first picture put it
    assert part[0] == 3
    assert len(part) == 15


def test_pictures_without_their_key_frame_are_no_pictures(tmp_path):
    whole = make_clip(tmp_path / "w.ts", ClipSpec(frames=60, gop=10, sound_rate=None))
    target = tmp_path / "headless.ts"
    told_by_ffmpeg("-i", str(whole), "-c", "copy", "-bsf:v", "noise=drop='lt(n\\,3)'", str(target))
    source = probe(target)
    with PictureReader(source) as reader:
        shown = [p.time for p in reader.pictures()]

    assert shown[0] == 0
    assert len(shown) == source.frames == 50
    assert "pictures before the first key frame cannot be shown" in source.warnings[0]


def test_a_clock_that_starts_late_and_one_that_wraps_are_no_matter(tmp_path):
    whole = make_clip(tmp_path / "w.mp4", ClipSpec(frames=60, claps=(Fraction(1),), gop=10))
    for offset in ("36000", str(2**33 / 90_000 - 1)):
        target = tmp_path / "late.ts"
        options = ("-muxdelay", "0", "-output_ts_offset", offset, "-y")
        told_by_ffmpeg("-i", str(whole), "-c", "copy", *options, str(target))
        source = probe(target)
        sound = np.concatenate(list(SoundReader(source).blocks(Span(0, 2))), axis=1)
        loud = np.flatnonzero(np.abs(sound[0]) > 0.1) / 48_000
        with PictureReader(source) as reader:
            part = [p.time for p in reader.pictures(Span(Fraction(3, 2), Fraction(2)))]

        assert source.duration == pytest.approx(2, abs=0.001)
        assert loud[0] == pytest.approx(1, abs=0.002)
        assert len(part) == 15


def test_sound_that_outlasts_the_picture_is_said(tmp_path):
    path = tmp_path / "long.mkv"
    told_by_ffmpeg(
        *("-f", "lavfi", "-i", "color=s=64x64:r=25:d=1", "-f", "lavfi", "-i", "sine=d=4"),
        *("-c:a", "flac", str(path)),
    )

    assert probe(path).warnings == ("its sound goes on for 3.0 s after the last picture: left out",)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path, silent_film):
    clip = Path(shutil.copy(silent_film, tmp_path / "c.mp4"))
    source = probe(clip)
    source.check_unchanged()
    with clip.open("ab") as file:
        file.write(b"more")

    with pytest.raises(DecodeError, match="changed while it was read"):
        source.check_unchanged()
    clip.unlink()
    with pytest.raises(DecodeError, match="changed while it was read"):
        source.check_unchanged()
