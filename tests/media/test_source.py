"""What a file holds: facts, and never a header's promise."""

from __future__ import annotations

import shutil
import socket
import threading
from fractions import Fraction

import av
import numpy as np
import pytest

from aigc_edit.errors import DecodeError, MediaError, ProbeError
from aigc_edit.media import PictureConverter, PictureForm, PictureReader, probe
from aigc_edit.testing import ClipSpec, make_clip
from tests.media.films import shown_by_ffmpeg, write_film
from tests.tolerances import CODED_LEVELS


def test_facts_of_a_plain_clip(clap_clip):
    source = probe(clap_clip)

    assert (source.duration, source.frames, source.grid) == (10, 300, 30)
    assert (source.video.codec, source.video.pixel_format) == ("h264", "yuv420p")
    assert (source.video.width, source.video.height) == (192, 108)
    assert (source.audio.codec, source.audio.rate, source.audio.channels) == ("aac", 48_000, 2)
    assert source.bytes == clap_clip.stat().st_size
    assert source.video.as_coded


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
