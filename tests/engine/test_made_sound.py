"""Music where there was no sound, or one channel of it; pictures that nobody touches stay."""

from __future__ import annotations

from fractions import Fraction

import av
import mido
import numpy as np
import pytest

from aigc_edit.engine import RunOptions, plan_run, run
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, make_clip, read_sound

OPTIONS = RunOptions("cpu", cache=False)
SCORE = "schema: 1\nname: score\nstages:\n  - uses: music_lstm\n"
LONG = 90  # frames


@pytest.fixture(scope="module")
def scored(silent_film, tmp_path_factory):
    """A silent film with music, and the record."""
    target = tmp_path_factory.mktemp("scored") / "out.mp4"
    return target, run(pipeline_from_text(SCORE), silent_film, target, OPTIONS)


def pictures(path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_a_silent_film_gets_music_to_its_last_sample(scored, silent_film):
    samples, rate, start = read_sound(scored[0])
    loud = np.abs(samples).max(axis=0)
    duration = Fraction(str(scored[1].record["output"]["duration"]))

    assert start == 0
    assert rate == 48_000
    assert len(samples) == 2
    assert scored[1].record["sound"][0]["samples"] == round(duration * rate)
    assert loud[: rate // 2].max() > 0.01


def test_the_picture_is_copied_bit_for_bit(scored, silent_film):
    assert pictures(scored[0]) == pictures(silent_film)
    assert scored[1].record["output"]["decoded"] == 0


def test_the_notes_lie_beside_the_result_and_last_as_long(scored):
    notes = scored[0].with_suffix(".mid")
    file = mido.MidiFile(str(notes))

    assert notes in scored[1].files
    assert file.length == pytest.approx(scored[1].record["output"]["duration"], abs=2.0)


def test_the_record_says_where_the_sound_came_from_and_what_was_composed(scored):
    (sound,) = scored[1].record["sound"]

    assert sound["track"] == "made here"
    assert sound["filters"]["music_lstm"]["key"].endswith(("major", "minor"))


def test_a_plan_of_a_silent_film_shows_the_sound_pass(silent_film, tmp_path):
    plan = plan_run(pipeline_from_text(SCORE), silent_film, tmp_path / "out.mp4", OPTIONS)

    assert "music_lstm" in str(plan)


def test_seams_of_the_edit_fall_on_beats(tmp_path):
    clip = make_clip(tmp_path / "clip.mp4", ClipSpec(frames=600, size=(64, 48)))
    spans = "[[0s, 3.3s], [5s, 9.1s], [12s, 16.7s], [17s, 19s]]"
    text = SCORE.replace(
        "  - uses: m", f"  - uses: given_spans\n    with: {{spans: {spans}}}\n  - uses: m"
    )
    result = run(pipeline_from_text(text), clip, tmp_path / "out.mp4", OPTIONS)
    found = result.record["sound"][0]["filters"]["music_lstm"]

    assert found["cuts"] == 3
    assert found["cut_to_beat_ms"] <= found["cut_to_beat_at_random_ms"] / 2
