"""Chapters begin where they should, and the file and the texts say the same."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from aigc_edit_chapters import Chapters

from aigc_edit.api import Delivery, EditList, Regions, Shots, Span, Timeline, Track
from aigc_edit.testing import ClipSpec, make_clip, run_pipeline

PIPELINE = "schema: 1\nstages: [scenes, {uses: chapters, with: {min_length: 10s}}]\n"


def shots(*starts: float, end: float) -> Shots:
    edges = [*starts, end]
    return Shots("shots", tuple(Span.measured(a, b) for a, b in pairwise(edges)))


def speech(*stretches: tuple[float, float]) -> Regions:
    return Regions("speech_regions", tuple(Span.measured(*stretch) for stretch in stretches))


def stage(**options) -> Chapters:
    return Chapters(Chapters.Options(**options))


def film(seconds: float, *tracks: Track) -> Timeline:
    return Timeline(Fraction(seconds)).then(*tracks)


def starts(tracks: Timeline, **options) -> list[float]:
    return [float(chapter.start) for chapter in stage(**options).chapters(tracks)]


def delivered(tracks: Timeline, **options) -> dict[str, str]:
    edits = EditList.whole(tracks.duration)
    delivery = Delivery(
        Path("out.mp4"), Path("in.mp4"), tracks.duration, Fraction(25), edits, tracks, {}
    )
    return dict(stage(**options).deliver(delivery))


def test_long_shots_are_chapters_without_gaps():
    tracks = film(100, shots(0, 30, 65, end=100))
    chapters = stage().chapters(tracks)

    assert [c.start for c in chapters] == [0, 30, 65]
    assert [c.end for c in chapters] == [30, 65, 100]
    assert [c.title for c in chapters] == ["Chapter 1", "Chapter 2", "Chapter 3"]


def test_short_shots_are_joined():
    assert starts(film(100, shots(0, 3, 25, 30, 50, 52, 95, end=100))) == [0, 25, 50]


@pytest.mark.parametrize("seed", range(20))
def test_no_chapter_is_shorter_than_wanted(seed):
    import random

    chance = random.Random(seed)
    cuts = sorted({0.0, *(round(chance.uniform(0, 600), 3) for _ in range(80))})
    chapters = stage(min_length="15s").chapters(film(600, shots(*cuts, end=600)))

    assert len(chapters) > 10
    assert min(chapter.end - chapter.start for chapter in chapters) >= 15
    assert all(before.end == after.start for before, after in pairwise(chapters))
    assert {float(chapter.start) for chapter in chapters} <= set(cuts)


def test_a_cut_outside_speech_is_preferred():
    tracks = film(90, shots(0, 22, 30, end=90), speech((1, 25), (40, 60)))

    assert starts(tracks) == [0, 30]


def test_without_cuts_chapters_begin_before_speech_goes_on():
    tracks = film(90, shots(0, end=90), speech((1, 24), (24.8, 35), (38, 60), (60.2, 88)))

    assert starts(tracks) == [0, 37.8]
    assert starts(tracks, min_pause="3.5s") == []


def test_the_longest_pause_of_several_is_taken():
    tracks = film(120, speech((0, 22), (23, 30), (34, 39), (40, 118)))

    assert starts(tracks) == [0, 33.8]


def test_what_chapters_begin_at_can_be_chosen():
    tracks = film(90, shots(0, 30, end=90), speech((0, 45), (50, 90)))

    assert starts(tracks, by="shots") == [0, 30]
    assert starts(tracks, by="pauses") == [0, 49.8]


def test_tracks_of_other_names_must_be_there():
    reads = {ref.name: ref.optional for ref in stage(speech="words", by="pauses").reads}

    assert reads == {"shots": True, "words": False}
    assert all(ref.optional for ref in stage().reads)


@pytest.mark.parametrize(
    "tracks", [film(60), film(60, shots(0, end=60)), film(25, shots(0, 12, end=25))]
)
def test_one_chapter_is_none(tracks):
    assert starts(tracks) == []
    assert delivered(tracks) == {".chapters.txt": "", ".chapters.vtt": "WEBVTT\n"}


def test_shots_that_were_turned_around_are_put_in_order():
    turned = Shots("shots", (Span(40, 70), Span(0, 40)))

    assert starts(film(70, turned)) == [0, 40]


def test_lines_are_as_youtube_reads_them():
    tracks = film(4000, shots(0, 63.7, 3599.99, 3725, end=4000))
    text = delivered(tracks, title="Part {n}: {time} {n}")[".chapters.txt"]

    assert text.splitlines() == [
        "00:00 Part 1: 00:00 1",
        "01:03 Part 2: 01:03 2",
        "59:59 Part 3: 59:59 3",
        "1:02:05 Part 4: 1:02:05 4",
    ]


@pytest.mark.parametrize("seed", range(10))
def test_whole_seconds_are_never_nearer_than_youtube_allows(seed):
    import random

    chance = random.Random(seed)
    cuts = sorted({0.0, *(round(chance.uniform(0, 300), 2) for _ in range(100))})
    lines = delivered(film(300, shots(*cuts, end=300)), min_length="10s")[".chapters.txt"]
    marks = [int(m) * 60 + int(s) for m, s in re.findall(r"^(\d+):(\d+)", lines, re.MULTILINE)]

    assert marks[0] == 0
    assert len(marks) >= 3
    assert min(b - a for a, b in pairwise([*marks, 300])) >= 10


def test_webvtt_has_a_cue_for_each():
    text = delivered(film(4000, shots(0, 63.7, end=4000)), title="<b> & {n}")[".chapters.vtt"]

    assert text == (
        "WEBVTT\n\n"
        "1\n00:00:00.000 --> 00:01:03.700\n&lt;b&gt; &amp; 1\n\n"
        "2\n00:01:03.700 --> 01:06:40.000\n&lt;b&gt; &amp; 2\n"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_length": "9s"},  # YouTube
        {"title": "a\nb"},
        {"title": ""},
        {"title": " "},
        {"title": "{n:9999999999}"},
        {"title": "{n.__class__}"},
        {"title": "{name}"},
        {"by": "scenes"},
        {"length": "20s"},
    ],
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        Chapters.Options(**wrong)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory) -> Path:
    """52 s at 5 frames a second; cuts at 12, 26, 27 and 40 s."""
    spec = ClipSpec(frames=260, rate=Fraction(5), cuts=(60, 130, 135, 200), sound_rate=None)
    return make_clip(tmp_path_factory.mktemp("clips") / "long.mp4", spec)


def marks(path: Path) -> list[tuple[float, float, str]]:
    """Start, end (seconds) and title of the chapters of a file, by plain PyAV."""
    with av.open(str(path)) as container:
        return [
            (
                float(c["start"] * c["time_base"]),
                float(c["end"] * c["time_base"]),
                c["metadata"]["title"],
            )
            for c in container.chapters()
        ]


def cues(text: str) -> list[tuple[float, float, str]]:
    """The same of a WebVTT file."""
    found = re.findall(r"(\S+) --> (\S+)\n(.*)", text)
    return [(seconds(start), seconds(end), title) for start, end, title in found]


def seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_the_file_and_the_texts_say_the_same(long_clip, tmp_path, container):
    output = run_pipeline(PIPELINE, long_clip, tmp_path / f"out.{container}").output
    truth = [
        (0, 12, "Chapter 1"),
        (12, 26, "Chapter 2"),
        (26, 40, "Chapter 3"),
        (40, 52, "Chapter 4"),
    ]

    assert marks(output) == truth
    assert cues((tmp_path / "out.chapters.vtt").read_text()) == truth
    assert (tmp_path / "out.chapters.txt").read_text().splitlines() == [
        "00:00 Chapter 1",
        "00:12 Chapter 2",
        "00:26 Chapter 3",
        "00:40 Chapter 4",
    ]


def test_chapters_are_those_of_what_is_kept(long_clip, tmp_path):
    spans = "{uses: given_spans, with: {spans: [[26s, 40s], [0s, 12s]]}}"
    output = run_pipeline(
        PIPELINE.replace("scenes,", f"scenes, {spans},"), long_clip, tmp_path / "cut.mp4"
    ).output

    assert marks(output) == [(0, 14, "Chapter 1"), (14, 26, "Chapter 2")]


def test_a_film_of_one_shot_keeps_the_chapters_that_it_had(long_clip, tmp_path):
    marked = run_pipeline(PIPELINE, long_clip, tmp_path / "marked.mp4").output
    one_shot = PIPELINE.replace("scenes, ", "")
    again = run_pipeline(one_shot, marked, tmp_path / "again.mp4").output

    assert marks(again) == marks(marked)
