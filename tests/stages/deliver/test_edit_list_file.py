"""The cut opens in an editor: read back with OpenTimelineIO itself."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest

from aigc_edit.engine import RunOptions, run
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, make_clip

TEXT = (
    "schema: 1\nstages:\n  - uses: given_spans\n"
    "    with: {spans: [[4s, 5s], [1s, 2.5s]]}\n  - uses: edit_list\n"
)


def opened(clip, tmp_path):
    result = run(
        pipeline_from_text(TEXT), clip, tmp_path / "cut.mp4", RunOptions("cpu", cache=False)
    )
    return result, otio.adapters.read_from_file(str(tmp_path / "cut.otio"))


def test_opens_with_a_picture_and_a_sound_track(clap_clip, tmp_path):
    result, timeline = opened(clap_clip, tmp_path)

    assert tmp_path / "cut.otio" in result.files
    assert isinstance(timeline, otio.schema.Timeline)
    assert timeline.name == "cut"
    assert [t.kind for t in timeline.tracks] == ["Video", "Audio"]


def test_ranges_are_those_that_are_kept_in_frames_of_the_source(clap_clip, tmp_path):
    _, timeline = opened(clap_clip, tmp_path)
    for track in timeline.tracks:
        ranges = [clip.source_range for clip in track.find_clips()]

        assert [(r.start_time.value, r.duration.value) for r in ranges] == [(120, 30), (30, 45)]
        assert {r.start_time.rate for r in ranges} == {30}
        assert track.duration().to_seconds() == 2.5


def test_clips_point_to_the_source_and_say_how_long_it_is(clap_clip, tmp_path):
    _, timeline = opened(clap_clip, tmp_path)
    (first, _) = timeline.tracks[0].find_clips()

    assert first.media_reference.target_url == clap_clip.absolute().as_uri()
    assert first.available_range().duration.to_seconds() == 10
    assert first.name == clap_clip.stem


@pytest.mark.parametrize("rate", [Fraction(30_000, 1001), Fraction(25)])
@pytest.mark.parametrize("name", ['视频 🎬 "x".mp4', "100% [a] #1.mp4"])
def test_broadcast_rates_and_odd_names_survive(tmp_path, rate, name):
    clip = make_clip(tmp_path / name, ClipSpec(frames=180, rate=rate, sound_rate=None))
    _, timeline = opened(clip, tmp_path)
    (first, _) = timeline.tracks[0].find_clips()

    assert first.source_range.start_time.rate == pytest.approx(float(rate))
    assert first.source_range.start_time.value == pytest.approx(round(4 * rate))
    assert first.name == clip.stem
    assert otio.url_utils.filepath_from_url(first.media_reference.target_url) == str(clip)
