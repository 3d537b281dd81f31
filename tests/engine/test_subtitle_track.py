"""Subtitles within a file: written into every container, read back, moved by cuts, corrected."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest

from aigc_edit.api import Span, Subtitle, SubtitleTrack
from aigc_edit.cli import main
from aigc_edit.engine import RunOptions, run
from aigc_edit.engine.programme import check_subtitles
from aigc_edit.errors import MediaError, PluginError
from aigc_edit.media import probe, read_subtitle_stream
from aigc_edit.pipeline import load_pipeline, pipeline_from_text
from tests.conftest import ROOT
from tests.engine.films import expected, film, judged, write
from tests.fonts import made

SAID = """1
00:00:01,000 --> 00:00:02,500
Tom & Jerry say 1 < 2.

2
00:00:03,000 --> 00:00:04,000
مرحبا بالعالم

3
00:00:06,000 --> 00:00:08,000
你好世界。
"""
TEXTS = ["Tom & Jerry say 1 < 2.", "مرحبا بالعالم", "你好世界。"]
STARTS = [1, 3, 6]


@pytest.fixture
def said(tmp_path) -> Path:
    path = tmp_path / "said.srt"
    path.write_text(SAID, "utf-8")
    return path


def edited(clip: Path, output: Path, transcribe: str, *more: str, track: bool = True) -> dict:
    stages = f"[{{uses: transcribe, with: {transcribe}}}, {''.join(f'{one}, ' for one in more)}"
    stages += f"{{uses: subtitles, with: {{formats: [srt], track: {str(track).lower()}}}}}]"
    pipeline = pipeline_from_text(f"schema: 1\nstages: {stages}\n")
    return dict(run(pipeline, clip, output, RunOptions(cache=False)).record)


def shown(path: Path) -> tuple[list[str], list[float], str]:
    track = read_subtitle_stream(probe(path))
    return (
        [one.text for one in track.subtitles],
        [float(one.span.start) for one in track.subtitles],
        track.language,
    )


def lowest_lines(path: Path, at: float) -> np.ndarray:
    """Luma of the lower third of the picture at a time, as floats."""
    with av.open(str(path)) as container:
        frame = next(f for f in container.decode(video=0) if f.time >= at)
        return frame.to_ndarray(format="gray")[frame.height * 2 // 3 :].astype(float)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_a_track_of_every_container_comes_back_as_it_was(clap_clip, said, tmp_path, suffix):
    output = tmp_path / f"out{suffix}"

    edited(clap_clip, output, f"{{from: {said}, language: ar}}")

    texts, starts, language = shown(output)
    assert texts == TEXTS
    assert starts == pytest.approx(STARTS, abs=0.001)
    assert language == "ara"


def test_ffmpeg_finds_the_same_in_it(clap_clip, said, tmp_path):
    output = tmp_path / "out.mp4"
    edited(clap_clip, output, f"{{from: {said}}}")

    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", output, "-f", "srt", "-"]
    found = subprocess.run(ffmpeg, capture_output=True, check=True).stdout.decode()

    assert [line for line in found.splitlines() if line in TEXTS] == TEXTS
    assert "00:00:06,000 --> 00:00:0" in found


def test_the_subtitles_of_a_video_are_read_and_move_with_its_cuts(clap_clip, said, tmp_path):
    with_track, cut = tmp_path / "with.mkv", tmp_path / "cut.mp4"
    edited(clap_clip, with_track, f"{{from: {said}}}")

    spans = "{uses: given_spans, with: {spans: [[2.8s, 9s]]}}"
    edited(with_track, cut, "{engine: embedded}", spans)

    texts, starts, _ = shown(cut)
    assert texts == TEXTS[1:]
    assert starts == pytest.approx([0.2, 3.2], abs=0.05)


def test_a_video_without_subtitles_is_told_so(clap_clip, tmp_path):
    with pytest.raises(MediaError, match="no subtitles of its own"):
        edited(clap_clip, tmp_path / "out.mp4", "{engine: embedded}")


def test_subtitles_that_are_pictures_are_told_so(clap_clip, tmp_path):
    source = _with_pictures_of_text(clap_clip, tmp_path / "dvd.mkv")

    with pytest.raises(MediaError, match="are no text"):
        edited(source, tmp_path / "out.mp4", "{engine: embedded}")


def _with_pictures_of_text(clip: Path, output: Path) -> Path:
    """A copy of its picture with a stream of DVD subtitles; none of them is ever decoded."""
    with av.open(str(clip)) as source, av.open(str(output), "w") as out:
        picture = out.add_stream_from_template(source.streams.video[0], opaque=True)
        texts = out.add_stream("dvd_subtitle")
        texts.codec_context.extradata = b"size: 320x180\n"
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = picture
                out.mux(packet)
    return output


def test_a_track_is_left_out_unless_wished(clap_clip, said, tmp_path):
    output = tmp_path / "out.mp4"

    edited(clap_clip, output, f"{{from: {said}}}", track=False)

    assert not probe(output).subtitle_tracks
    assert output.with_suffix(".srt").exists()


def test_a_broken_file_is_told_with_its_line_before_anything_is_decoded(clap_clip, said, tmp_path):
    said.write_text(SAID.replace("00:00:04,000", "soon"), "utf-8")

    with pytest.raises(MediaError, match=rf"{said.name}:6: .*no times"):
        edited(clap_clip, tmp_path / "out.mp4", f"{{from: {said}}}")


def test_subtitles_that_lie_over_each_other_are_the_plugins_fault():
    both = SubtitleTrack((Subtitle(Span(1, 3), "one"), Subtitle(Span(2, 4), "two")))

    with pytest.raises(PluginError, match="one at a time"):
        check_subtitles(both, Fraction(9))
    with pytest.raises(PluginError, match="outside of the film"):
        check_subtitles(both, Fraction(2))


def test_the_check_misses_subtitles_that_are_not_in_the_file(tmp_path):
    drawn, due = film(), SubtitleTrack((Subtitle(Span(1, 2), "Hello."),))
    path = write(tmp_path / "film.mp4", drawn)

    report = judged(path, replace(expected(drawn), subtitles=(due,)))

    assert any("0 subtitle tracks written, 1 due" in failure for failure in report.failures)


def test_what_was_corrected_in_review_is_what_comes_out(
    clap_clip, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text("schema: 1\nstages: [transcribe, subtitles]\n")
    given = ["run", "p.yaml", str(clap_clip), "-o", "out.mp4", "--quiet"]

    assert main([*given, "--review", "--set", f"transcribe.from={said}"]) == 0
    review = Path("out.review.srt")
    assert f"transcribe.from={review}" in capsys.readouterr().out
    assert not Path("out.mp4").exists()

    review.write_text(review.read_text("utf-8").replace("Tom", "Tim"), "utf-8")
    assert main([*given, "--set", f"transcribe.from={review}"]) == 0
    assert "Tim & Jerry" in Path("out.srt").read_text("utf-8")

    assert main([*given, "--review"]) == 2
    assert "this review is there already" in capsys.readouterr().err


def test_the_pipeline_for_subtitles_burns_in_and_writes_what_it_read(clap_clip, said, tmp_path):
    said.write_text(SAID.replace(TEXTS[1], "Bye."), "utf-8")  # shaping needs FriBidi
    font = tmp_path / "squares.ttf"
    made("Squares", signs=TEXTS[2]).save(font)
    chosen = [f"transcribe.from={said}", "transcribe.language=zh", f"captions.font={font}"]
    pipeline = load_pipeline(ROOT / "pipelines" / "subtitles.yaml", chosen)
    output = tmp_path / "out.mp4"

    result = run(pipeline, clap_clip, output, RunOptions(cache=False))

    assert sorted(file.suffix for file in result.files) == [".json", ".srt", ".vtt"]
    assert "你好世界" in output.with_suffix(".srt").read_text("utf-8")
    before, after = (lowest_lines(path, at=7.0) for path in (clap_clip, output))
    assert np.abs(after - before).max() > 100


def test_why_there_are_no_words_is_told_once_also_where_the_cache_knows(silent_film, tmp_path):
    pipeline = pipeline_from_text(
        "schema: 1\nstages: [{uses: transcribe}, {uses: captions}, {uses: subtitles}]\n"
    )
    for name in ("heard.mp4", "cached.mp4"):
        record = run(pipeline, silent_film, tmp_path / name).record

        assert record["warnings"] == ["transcribe: no words: there is no sound"]
        assert record["stages"]["captions"]["cues"] == 0
