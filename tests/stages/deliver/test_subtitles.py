"""Subtitles open where people open them: read back with pysubs2 and by FFmpeg."""

from __future__ import annotations

import json
import re
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import pysubs2
import pytest
from hypothesis import given

from aigc_edit.api import Delivery, EditList, Timeline, Transcript
from aigc_edit.engine import RunOptions, run
from aigc_edit.pipeline import PluginChoice, pipeline_from_text
from aigc_edit.stages.deliver.subtitles import Subtitles
from tests.stages.text.saying import said, transcripts

FORMATS = ("srt", "vtt", "ass", "json")
TALK = '''
from fractions import Fraction
from aigc_edit.api import Analyzer, Audio, Sentence, Span, Transcript, spread

class MadeUpTalk(Analyzer):
    """Somebody counts to nine, a word a second."""

    name, needs, writes = "made_up_talk", (Audio(rate=8000),), (Transcript.named("transcript"),)

    def finish(self, tracks):
        words = "one two three four five six seven eight nine".split()
        said = [Sentence(spread(w.title() + ".", Span(n, n + 1))) for n, w in enumerate(words)]
        return [Transcript("transcript", tuple(said), "en")]
'''


def delivered(transcript, seconds=3600, **options) -> tuple[dict[str, str], dict]:
    stage = Subtitles(Subtitles.Options(**options))
    length = Fraction(seconds)
    delivery = Delivery(
        output=Path("film.mp4"),
        source=Path("source.mp4"),
        source_duration=length,
        rate=Fraction(25),
        edits=EditList.whole(length),
        tracks=Timeline(length).then(transcript),
        record={},
    )
    return dict(stage.deliver(delivery)), dict(stage.report())


@pytest.mark.stages([(Subtitles, {"formats": FORMATS})])
def test_keeps_its_promises(promise):
    promise()


def test_srt_alone_unless_others_are_asked_for():
    assert list(delivered(said("Hello."))[0]) == [".srt"]
    assert list(delivered(said("Hello."), formats=FORMATS)[0]) == [
        ".srt",
        ".vtt",
        ".ass",
        ".words.json",
    ]


@pytest.mark.parametrize("kind", ["srt", "vtt", "ass"])
def test_files_say_what_when_and_on_which_lines(kind):
    files, report = delivered(
        said("Ask not what your country can do for you, ask."), formats=[kind]
    )
    (event,) = pysubs2.SSAFile.from_string(files[f".{kind}"], kind)

    assert event.plaintext == "Ask not what your country\ncan do for you, ask."
    assert (event.start, event.end) == (0, 3286 if kind != "ass" else 3290)
    assert report == {"cues": 1}


def test_json_has_every_word_with_its_time_and_confidence():
    talk = said("Hello there.")
    files, _ = delivered(talk, formats=["json"])

    assert Transcript.from_json({"name": "transcript", **json.loads(files[".words.json"])}) == talk


def test_layout_options_count():
    talk = said("Ask not what your country can do for you.", per_second=10)
    files, _ = delivered(talk, columns=20, lines=1)
    events = pysubs2.SSAFile.from_string(files[".srt"], "srt")

    assert [e.plaintext for e in events] == ["Ask not what", "your country", "can do for you."]


def test_nobody_speaking_gives_no_file_and_says_so():
    files, report = delivered(Transcript("transcript"), formats=FORMATS)

    assert files == {}
    assert report["note"] == "no words were found, so no subtitles were written"


def test_a_transcript_that_says_itself_why_it_is_empty_is_enough():
    _, report = delivered(Transcript("transcript", remark="no sound"), formats=FORMATS)

    assert report == {"cues": 0}


def test_what_speech_leaves_no_room_for_is_told():
    _, report = delivered(said(*["Far too quick for anybody to read it here."] * 5, per_second=40))

    assert re.fullmatch(r"speech leaves no room: \d cues to be read faster.*", report["note"])


def test_the_last_one_goes_with_the_film():
    files, _ = delivered(said("Well, goodbye.", per_second=20), seconds=1)
    (event,) = pysubs2.SSAFile.from_string(files[".srt"], "srt")

    assert event.end <= 1000


@given(transcripts())
def test_times_never_overlap_after_rounding(transcript):
    files, _ = delivered(transcript, formats=["srt", "ass"], gap="0s")
    for suffix, text in files.items():
        events = pysubs2.SSAFile.from_string(text, suffix[1:])

        assert all(a.end <= b.start for a, b in pairwise(events))
        assert all(e.start < e.end for e in events)


def test_a_run_writes_them_beside_the_film_in_the_time_of_the_output(clap_clip, tmp_path):
    plugin = tmp_path / "talk.py"
    plugin.write_text(TALK)
    text = (
        "schema: 1\nstages:\n  - uses: made_up_talk\n  - uses: given_spans\n"
        "    with: {spans: [[4s, 6s], [1s, 2s]]}\n"
        "  - uses: subtitles\n    with: {formats: [srt, vtt, ass, json]}\n"
    )
    pipeline = pipeline_from_text(text, plugins=PluginChoice(paths=(plugin,)))
    result = run(pipeline, clap_clip, tmp_path / "cut.mp4", RunOptions("cpu", cache=False))
    srt = pysubs2.load(str(tmp_path / "cut.srt"))

    assert {tmp_path / f"cut{s}" for s in Subtitles.suffixes} <= set(result.files)
    assert [(e.plaintext, e.start) for e in srt] == [("Five.", 0), ("Six.", 1000), ("Two.", 2000)]
    assert srt[-1].end <= 3000
    for suffix in (".srt", ".vtt", ".ass"):
        assert_ffmpeg_reads(tmp_path / f"cut{suffix}")


def assert_ffmpeg_reads(path: Path) -> None:
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    command = [ffmpeg, "-v", "error", "-i", str(path), "-f", "srt", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stderr == ""
    assert "Six." in done.stdout
