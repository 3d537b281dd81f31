"""What a file says of itself survives the edit: titles, chapters, all sound tracks."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from aigc_edit.engine import RunOptions, run
from aigc_edit.engine.programme import output_chapters, output_metadata, sound_tracks
from aigc_edit.media import AudioStream
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.timeline import Chapter, EditList, Span

TEXT = (
    "schema: 1\nstages:\n  - uses: given_spans\n    with: {spans: [[1s, 3s], [6s, 9s]]}\noutput: "
)
TONES = {"eng": 400, "deu": 900}


def chapter(start, end, title):
    return Chapter(Fraction(start), Fraction(end), title)


def test_chapters_move_with_their_pictures_and_parts_that_meet_are_one():
    chapters = (chapter(0, 2, "a"), chapter(2, 8, "b"), chapter(8, 10, "c"))
    edits = EditList.of([Span(1, 3), Span(6, 9)])

    assert output_chapters(chapters, edits) == (
        chapter(0, 1, "a"),
        chapter(1, 4, "b"),
        chapter(4, 5, "c"),
    )


def test_neighbours_without_a_title_stay_two_chapters():
    chapters = (chapter(0, 3, ""), chapter(3, 6, ""), chapter(6, 10, "b"))

    assert output_chapters(chapters, EditList.of([Span(0, 10)])) == chapters


def test_what_describes_the_old_file_is_left_out_and_places_if_wished():
    metadata = {
        "title": "t",
        "encoder": "Lavf",
        "major_brand": "isom",
        "location": "+48-016/",
        "location-eng": "+48-016/",
        "com.apple.quicktime.location.ISO6709": "+48-016/",
        "com.android.capture.gps": "1",
    }

    assert set(output_metadata(metadata, strip_location=False)) == set(metadata) - {
        "encoder",
        "major_brand",
    }
    assert output_metadata(metadata, strip_location=True) == {"title": "t"}


def test_the_chosen_track_comes_first_and_alone_if_wished():
    tracks = [AudioStream(k, "aac", 48_000, 2, "stereo") for k in (1, 2, 3)]

    assert [s.index for s in sound_tracks(tracks[1], tracks, "all", made=True)] == [2, 1, 3]
    assert sound_tracks(tracks[1], tracks, "chosen", made=True) == (tracks[1],)
    assert sound_tracks(None, tracks, "all", made=False) == ()
    assert sound_tracks(None, tracks, "all", made=True) == (None,)


@pytest.fixture(scope="module")
def rich_clip(clap_clip, tmp_path_factory):
    """The clap clip's picture with two sound tracks, three chapters, a title and a place."""
    path = tmp_path_factory.mktemp("rich") / "rich.mkv"
    with av.open(str(clap_clip)) as source, av.open(str(path), "w") as out:
        picture = out.add_stream_from_template(source.streams.video[0], opaque=True)
        sounds = {language: out.add_stream("flac", rate=48_000) for language in TONES}
        for language, stream in sounds.items():
            stream.codec_context.layout = "mono"
            stream.metadata["language"] = language
        out.metadata.update({"title": "Film", "location": "+48.2-016.3/"})
        out.set_chapters(
            [
                {"id": k, "start": 4 * k, "end": 4 * k + 4, "time_base": Fraction(1),
                 "metadata": {"title": title}}
                for k, title in enumerate(["one", "two", "three"])
            ]
        )  # fmt: skip
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = picture
                out.mux(packet)
        for language, stream in sounds.items():
            wave = 0.3 * np.sin(2 * np.pi * TONES[language] * np.arange(480_000) / 48_000)
            samples = (wave * 32767).astype(np.int16)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.pts = 48_000, 0
            for piece in (*stream.encode(frame), *stream.encode(None)):
                out.mux(piece)
    return path


def heard_tones(path) -> list[tuple[str, int]]:
    """Language and loudest frequency of each sound track, hertz."""
    found = []
    with av.open(str(path)) as container:
        languages = [stream.language for stream in container.streams.audio]
    for k, language in enumerate(languages):
        with av.open(str(path)) as container:
            frames = [f.to_ndarray()[0] for f in container.decode(audio=k)]
        samples = np.concatenate(frames)[4800:52800]
        found.append((language, int(np.abs(np.fft.rfft(samples)).argmax())))
    return found


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_title_chapters_and_all_sound_tracks_survive(rich_clip, tmp_path, suffix):
    target = tmp_path / f"out.{suffix}"
    run(pipeline_from_text(TEXT + "{}"), rich_clip, target, RunOptions("cpu"))
    with av.open(str(target)) as container:
        metadata = {key.lower(): text for key, text in container.metadata.items()}
        chapters = container.chapters()

    assert metadata["title"] == "Film"
    assert metadata["location"].startswith("+48.2")
    assert [c["metadata"]["title"] for c in chapters] == ["one", "two", "three"]
    assert [round(float(c["start"] * c["time_base"]), 2) for c in chapters] == [0, 2, 4]
    tones = heard_tones(target)
    assert [tone for _, tone in tones] == list(TONES.values())
    if suffix != "mov":  # QuickTime knows only its own languages
        assert [language for language, _ in tones] == list(TONES)


def test_another_track_is_chosen_and_nothing_told(rich_clip, tmp_path):
    text = TEXT + "{audio: {tracks: chosen}, metadata: false}\ninput: {audio_track: deu}\n"
    result = run(pipeline_from_text(text), rich_clip, tmp_path / "out.mkv", RunOptions("cpu"))
    with av.open(str(result.output)) as container:
        metadata, chapters = container.metadata, container.chapters()

    assert heard_tones(result.output) == [("deu", TONES["deu"])]
    assert "title" not in {key.lower() for key in metadata}
    assert chapters == []
    assert [track["track"] for track in result.record["sound"]] == ["deu flac mono"]
    assert result.record["output"]["left_out"] == ["sound: eng flac mono"]
