"""The check of written files: it names what is spoilt, and is silent about what is good."""

from __future__ import annotations

import json
import shutil
from fractions import Fraction

import av
import numpy as np
import pytest

from aigc_edit.engine import RunOptions, run
from aigc_edit.engine.check import check_result, decode_share
from aigc_edit.engine.offsets import picture_shift
from aigc_edit.errors import EncodeError
from aigc_edit.media import Colour, Thumbnail, inspect_file
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, make_clip
from tests.engine.films import RATE, SOUND_RATE, expected, film, judged, write
from tests.engine.marking import expected_of


@pytest.fixture(scope="module")
def good():
    return film()


@pytest.fixture(scope="module")
def due(good):
    return expected(good)


@pytest.fixture(scope="module")
def written(good, tmp_path_factory):
    return write(tmp_path_factory.mktemp("good") / "good.mp4", good)


def failing(report, *words):
    """The one failure that holds all words."""
    found = [f for f in report.failures if all(word in f for word in words)]
    assert found, f"no failure says {words}: {report.failures}, {report.warnings}"
    return found[0]


def test_a_good_file_passes_without_a_word(written, due):
    report = judged(written, due)

    assert (report.failures, report.warnings) == ((), ())
    assert report.numbers["pictures"] == report.numbers["decoded_pictures"] == 150
    assert report.numbers["sound_points_measured"] == report.numbers["sound_points"] == 4
    assert report.numbers["seams_picture_measured"] == 2
    assert json.loads(json.dumps(report.facts()))["sound_late_ms"] <= 0.5


@pytest.mark.parametrize("milliseconds", [40, -40, 18, -8])
def test_sound_that_is_shifted_is_measured_and_refused(good, due, tmp_path, milliseconds):
    late = Fraction(milliseconds, 1000)
    report = judged(write(tmp_path / "a.mkv", good.but(late=late), "libx264", "flac"), due)
    name = "late" if milliseconds > 0 else "early"

    failing(report, "the sound is", name)
    assert report.numbers[f"sound_{name}_ms"] == pytest.approx(abs(milliseconds), abs=1)


def test_pictures_that_slip_against_their_times_are_named(good, due, tmp_path):
    slipped = good.but(images=np.concatenate([good.images[:1], good.images[:-1]]))
    report = judged(write(tmp_path / "a.mp4", slipped), due)

    failing(report, "pictures at a seam", "+40.0 ms")
    silent = slipped.but(sound=None)
    wanted = expected(good.but(sound=None))
    failing(judged(write(tmp_path / "b.mp4", silent), wanted), "pictures at a seam", "+40.0 ms")


def test_a_picture_too_few_is_named(good, due, tmp_path):
    short = good.but(images=np.delete(good.images, 70, 0), times=good.times[:70] + good.times[71:])
    report = judged(write(tmp_path / "a.mp4", short), due)

    failing(report, "149 pictures written, 150 rendered")


def test_a_picture_at_a_wrong_time_is_named(good, due, tmp_path):
    times = (*good.times[:70], good.times[70] + Fraction(1, 100), *good.times[71:])
    report = judged(write(tmp_path / "a.mp4", good.but(times=times)), due)

    failing(report, "2.810 s", "+10.0 ms off its time")


def test_a_film_that_ends_early_is_named(good, due, tmp_path):
    short = good.but(images=good.images[:100], times=good.times[:100])
    report = judged(write(tmp_path / "a.mp4", short), due)

    failing(report, "the picture ends at 4.000 s, planned were 6.000 s")


def test_sound_that_ends_early_is_named(good, due, tmp_path):
    short = good.but(sound=good.sound[:, : 5 * SOUND_RATE])

    failing(judged(write(tmp_path / "a.mp4", short), due), "the sound ends at 5.0")


def test_sound_that_is_missing_is_named(good, due, tmp_path):
    failing(judged(write(tmp_path / "a.mp4", good.but(sound=None)), due), "sound is missing")


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        (Colour(5, 1, 1, full_range=False), "matrix"),
        (Colour(1, 9, 1, full_range=False), "primaries"),
        (Colour(1, 1, 16, full_range=False), "transfer"),
        (Colour(1, 1, 1, full_range=True), "range"),
    ],
)
def test_wrong_colour_tags_are_named(good, due, tmp_path, tags, word):
    failing(judged(write(tmp_path / "a.mp4", good.but(colour=tags)), due), word, "is tagged")


def test_a_missing_colour_tag_is_a_doubt_where_players_guess_right(good, tmp_path):
    untagged = good.but(colour=Colour(2, 2, 2, full_range=False))
    wanted = expected(good.but(colour=Colour(6, 2, 2, full_range=False)))
    report = judged(write(tmp_path / "a.mp4", untagged), wanted)

    assert not report.failures
    assert any("not tagged" in w for w in report.warnings)


def test_a_truncated_file_is_named(written, due, tmp_path):
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(written.read_bytes()[:-3000])
    report = judged(cut, due)

    failing(report, "cut short")
    failing(report, "cannot be decoded")


def test_a_file_without_its_index_is_an_error(good, tmp_path):
    path = write(tmp_path / "a.mp4", good.but(faststart=False))
    path.write_bytes(path.read_bytes()[:-9000])

    with pytest.raises(EncodeError, match="cannot be read again"):
        inspect_file(path, seams=(), duration=Fraction(6))


def test_bytes_that_are_damaged_are_named(written, due, tmp_path):
    data = bytearray(written.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)
    spoilt = tmp_path / "spoilt.mp4"
    spoilt.write_bytes(data)

    failing(judged(spoilt, due), "cannot be decoded")


def test_a_frozen_stretch_is_named(good, due, tmp_path):
    images = good.images.copy()
    images[60:92] = images[60]
    report = judged(write(tmp_path / "a.mp4", good.but(images=images)), due)

    failing(report, "frozen from 2.4")


def test_a_still_that_was_rendered_so_is_no_frozen_picture(good, tmp_path):
    images = good.images.copy()
    images[60:92] = images[60]
    still = good.but(images=images)

    assert not judged(write(tmp_path / "a.mp4", still), expected(still)).failures


def test_a_black_stretch_is_named(good, due, tmp_path):
    images = good.images.copy()
    images[110:125] = 0
    report = judged(write(tmp_path / "a.mp4", good.but(images=images)), due)

    failing(report, "black from 4.400 to 5.000 s")


def test_black_that_was_rendered_black_is_no_fault(good, tmp_path):
    images = good.images.copy()
    images[110:125] = 0
    black = good.but(images=images)

    assert not judged(write(tmp_path / "a.mp4", black), expected(black)).failures


def test_pictures_of_another_film_are_named(good, due, tmp_path):
    report = judged(write(tmp_path / "a.mp4", good.but(images=good.images // 3)), due)

    failing(report, "other pictures than those rendered")


def test_a_click_at_a_seam_is_named(good, due, tmp_path):
    sound = good.sound.copy()
    sound[:, 2 * SOUND_RATE + 20 :][:, :4000] *= 0.1
    sound[:, 2 * SOUND_RATE - 4000 : 2 * SOUND_RATE + 20] *= 0.1
    sound[:, 2 * SOUND_RATE] += 0.8
    report = judged(write(tmp_path / "a.mp4", good.but(sound=sound)), due)

    failing(report, "click at the seam at 2.000 s")


def test_a_click_that_was_rendered_is_a_doubt(good, tmp_path):
    sound = good.sound * 0.1
    sound[:, 2 * SOUND_RATE] += 0.8
    clicking = good.but(sound=sound)
    report = judged(write(tmp_path / "a.mp4", clicking), expected(clicking))

    assert not report.failures
    assert any("click" in w and "as well" in w for w in report.warnings)


def test_sound_that_is_too_loud_is_named(good, tmp_path):
    aim = expected(good, loudness=-23.0)
    level = judged(write(tmp_path / "a.mp4", good), aim).numbers["loudness_lufs"]
    loud = write(tmp_path / "b.mp4", good.but(sound=good.sound * 2))

    near = judged(loud, expected(good.but(sound=good.sound * 2), loudness=level + 5))
    far = judged(loud, expected(good, loudness=level))
    assert not near.failures
    assert any("the loudness is" in w for w in near.warnings)
    failing(far, "louder than what was rendered")
    failing(far, "+5.9 dB louder")


def test_a_true_peak_over_the_ceiling_is_a_doubt(good, tmp_path):
    sound = good.sound / np.abs(good.sound).max()
    loud = good.but(sound=sound)
    first = judged(write(tmp_path / "a.mp4", loud), expected(loud))
    aim = expected(loud, loudness=first.numbers["loudness_lufs"])
    report = judged(tmp_path / "a.mp4", aim)

    assert not report.failures
    assert any("true peak" in w for w in report.warnings)


def test_sound_that_is_no_number_is_named(good, tmp_path):
    sound = good.sound.copy()
    sound[0, 5] = np.nan
    bad = expected(good.but(sound=sound))

    failing(judged(write(tmp_path / "a.mp4", good), bad), "no numbers before they were encoded")


def test_an_index_behind_the_media_is_named(good, due, tmp_path):
    failing(judged(write(tmp_path / "a.mp4", good.but(faststart=False)), due), "moov")


def test_sampling_depends_on_the_plan_only():
    assert decode_share(filters=0, codec="h264", preset="veryfast") < 1
    assert decode_share(filters=1, codec="h264", preset="veryfast") == 1
    assert decode_share(filters=0, codec="vp9", preset="veryfast") == 1
    assert decode_share(filters=0, codec="h264", preset="slow") == 1


def _judged_run(source, tmp_path, spans, *, name="out.mp4", output="{}", rate=48_000, share=1.0):
    text = (
        f"schema: 1\nname: cut\nstages:\n  - uses: given_spans\n    with: {{spans: {spans}}}\n"
        f"output: {output}\n"
    )
    pipeline = pipeline_from_text(text)
    result = run(pipeline, source, tmp_path / name, RunOptions("cpu", cache=False))
    due = expected_of(pipeline, source, result, rate)
    facts = inspect_file(result.output, seams=due.seams, duration=due.duration, share=share)
    return check_result(facts, due)


CLAPS = "[[0.7s, 1.9s], [3.1s, 3.9s], [5.8s, 6.33s], [8.9s, 10s]]"


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("a.mp4", "{}"),
        ("a.mp4", "{video: {codec: hevc}}"),
        ("a.mp4", "{audio: {loudness: -14 LUFS}}"),
        ("a.mkv", "{audio: {codec: opus}}"),
        ("a.mkv", "{audio: {codec: aac}}"),
        ("a.mkv", "{audio: {codec: flac}}"),
        ("a.webm", "{}"),
        ("a.mov", "{video: {codec: prores}}"),
    ],
)
def test_results_of_real_runs_pass(clap_clip, tmp_path, name, output):
    report = _judged_run(clap_clip, tmp_path, CLAPS, name=name, output=output)

    assert report.failures == ()
    assert all("not tagged" in warning for warning in report.warnings)  # ProRes has no BT.601
    assert report.numbers["seams_picture_measured"] == 3
    assert report.numbers["sound_late_ms"] <= 1


def test_a_run_over_the_sample_passes_and_every_seam_is_measured(sample, tmp_path):
    spans = "[[1s, 3s], [10s, 13s], [30s, 32s], [60s, 61s]]"
    report = _judged_run(sample, tmp_path, spans)

    assert (report.failures, report.warnings) == ((), ())
    assert report.numbers["sound_points_measured"] == 5
    assert report.numbers["seams_picture_measured"] == 3


def test_variable_frame_rates_pass(tmp_path):
    steps = [Fraction(1, 30), Fraction(1, 12), Fraction(1, 60), Fraction(1, 24)]
    times = [Fraction(0)]
    for k in range(149):
        times.append(times[-1] + steps[k % 4])
    clip = make_clip(tmp_path / "vfr.mp4", ClipSpec(frames=150, times=times, claps=(times[40],)))
    report = _judged_run(clip, tmp_path, "[[0.91s, 2s], [2.51s, 4.4s]]")

    assert report.failures == ()


def test_a_picture_that_is_shown_for_three_milliseconds_before_a_seam_passes():
    times = (1.7, 1.85, 1.9, 1.9964, 2.0, 2.05, 2.1, 2.24)  # VFR: the seam cut the fourth one short
    images = (np.full((9, 16), level, np.uint8) for level in (50, 0, 50, 99, 0, 99, 0, 99))
    rendered = [Thumbnail(*pair) for pair in zip(times, images, strict=True)]

    shift = picture_shift(rendered[4:], rendered)

    assert shift is not None
    assert shift.seconds == 0


@pytest.mark.parametrize("spans", ["[[1s, 1.02s]]", "[[1s, 1.02s], [2s, 2.02s]]"])
def test_a_result_of_a_picture_or_two_passes(clap_clip, tmp_path, spans):
    assert _judged_run(clap_clip, tmp_path, spans).failures == ()


def test_a_result_shorter_than_a_packet_of_sound_passes(tmp_path):
    spec = ClipSpec(frames=60, rate=Fraction(60), claps=(Fraction(1, 2),))
    clip = make_clip(tmp_path / "quick.mp4", spec)

    assert _judged_run(clip, tmp_path, "[[0.5s, 0.51s]]").failures == ()


def test_silent_films_pass(silent_film, tmp_path):
    report = _judged_run(silent_film, tmp_path, "[[0.2s, 0.7s], [1.2s, 1.7s]]")

    assert (report.failures, report.warnings) == ((), ())
    assert "sound_points" not in report.numbers


def test_digital_silence_is_not_measured_and_no_fault(good, tmp_path):
    silent = good.but(sound=np.zeros_like(good.sound))
    report = judged(write(tmp_path / "a.mp4", silent), expected(silent, loudness=-14.0))

    assert (report.failures, report.warnings) == ((), ())
    assert report.numbers["sound_points_measured"] == 0


def test_a_steady_tone_at_a_seam_is_not_measurable_and_no_fault(good, tmp_path):
    time = np.arange(good.sound.shape[1]) / SOUND_RATE
    tone = np.stack([0.3 * np.sin(2 * np.pi * 1000 * time)] * 2).astype(np.float32)
    humming = good.but(sound=tone)
    report = judged(write(tmp_path / "a.mp4", humming), expected(humming))

    assert report.failures == ()
    assert report.numbers["sound_points_measured"] <= 2  # its start and its end


def test_a_sampled_check_still_sees_every_cheap_seam_and_both_ends(tmp_path):
    seams = tuple(Fraction(k) for k in range(4, 16, 4))
    long = film(16, seams)
    due = expected(long, seams)
    path = write(tmp_path / "a.mp4", long)
    report = judged(path, due, share=0.25)

    assert (report.failures, report.warnings) == ((), ())
    assert 100 < report.numbers["decoded_pictures"] < 16 * RATE
    assert report.numbers["seams_picture_measured"] == 3
    slipped = long.but(images=np.concatenate([long.images[:1], long.images[:-1]]))
    failing(judged(write(tmp_path / "b.mp4", slipped), due, share=0.25), "pictures at a seam")


def test_the_check_leaves_the_file_as_it_is(written, due, tmp_path):
    copy = shutil.copy(written, tmp_path / "copy.mp4")
    judged(copy, due)

    assert copy.read_bytes() == written.read_bytes()
    with av.open(str(copy)) as container:
        assert container.duration
