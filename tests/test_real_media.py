"""Real clips from elsewhere: known cuts, odd streams, damaged files."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import av.error
import pytest

from aigc_edit.api import Shots
from aigc_edit.engine import RunOptions, analyse, run
from aigc_edit.errors import AigcEditError
from aigc_edit.pipeline import load_pipeline, pipeline_from_text
from tests.conftest import ROOT, SHARED

MEDIA = SHARED / "media"
SUFFIXES = (".mp4", ".mkv", ".webm", ".mpg", ".264")
# What nobody can score: synthetic fades, jump cuts that are a matter of taste, one frame a second.
UNSCORED = {"pysd_fades_synthetic.mp4", "talk_zh_portrait_50s.mp4", "fps1_plant.mp4"}
OPTIONS = RunOptions("cpu", cache=False)
QUICK = (  # under about a second each
    "-video-with-dash-", "discard_first_keyframe", "h264_10bits", "h264_mjpeg_cover", "mov_text",
    "nasa_rotated", "nonzero_start", "odd_321x241", "pysd_delayed", "realshort", "sar_2by3",
    "testsrc_mpeg2", "transparent", "名前", "av1_video", "nasa_hdr", "nasa_13013", "hecate",
    "baby", "bikes", "chaplin", "weightlift", "baseball", "fire2", "no_duration",
)  # fmt: skip


def scored() -> list[dict]:
    found = sorted((MEDIA / "ground_truth").glob("*.scenes.json")) if MEDIA.is_dir() else []
    truths = (json.loads(path.read_text()) for path in found)
    return [t for t in truths if t["video"] not in UNSCORED and t["video_stream"] == "v:0"]


def films() -> list:
    names = [p.name for p in sorted(MEDIA.glob("*"))] if MEDIA.is_dir() else []
    whole = [n for n in names if n.endswith(SUFFIXES) and not n.startswith("hostile_")]
    slow = pytest.mark.slow
    return [pytest.param(n, id=n, marks=() if n.startswith(QUICK) else slow) for n in whole]


@pytest.fixture(scope="module")
def found_cuts(shared_media) -> dict[str, list[float]]:
    """Cuts that the default detector finds, seconds from the first frame, by file."""
    pipeline = pipeline_from_text("schema: 1\nstages: [scenes]\n")
    cuts = {}
    for truth in scored():
        timeline = analyse(pipeline, shared_media / truth["video"], OPTIONS).timeline
        cuts[truth["video"]] = [float(t) for t in timeline.get(Shots, "shots").cuts]
    return cuts


def judged(truth: dict, cuts: list[float]) -> tuple[int, list[float], list[float]]:
    """(found, false, missed) as tools/score_cuts.py judges: a cut may be a frame and a half off,
    and what lies in a gradual transition or an ignored range costs nothing."""
    fps = float(Fraction(truth["avg_frame_rate"]))
    free = [
        (t["start_from_first_frame"] - 2 / fps, t["end_from_first_frame"] + 3 / fps)
        for t in truth["transitions"]
    ]
    free += [((x["frames"][0] - 1) / fps, (x["frames"][1] + 1) / fps) for x in truth["ignore"]]
    left, missed = sorted(cuts), []
    for cut in truth["cuts"]:
        time = cut["time_from_first_frame"]
        near = [t for t in left if abs(t - time) <= (cut["tolerance_frames"] + 1.5) / fps]
        if near:
            left.remove(min(near, key=lambda t: abs(t - time)))
        else:
            missed.append(time)
    false = [t for t in left if not any(a <= t <= b for a, b in free)]
    return len(truth["cuts"]) - len(missed), false, missed


@pytest.mark.slow
def test_the_default_detector_finds_real_cuts(found_cuts):
    results = {t["video"]: judged(t, found_cuts[t["video"]]) for t in scored()}
    hits = sum(found for found, _, _ in results.values())
    wrong = {v: (false, missed) for v, (_, false, missed) in results.items() if false or missed}
    errors = sum(len(false) + len(missed) for false, missed in wrong.values())

    assert hits >= 20
    assert 2 * hits / (2 * hits + errors) >= 0.98, wrong


@pytest.mark.slow
def test_no_cut_is_found_in_files_of_a_single_shot(found_cuts):
    still = [t for t in scored() if not t["cuts"]]
    false = {t["video"]: judged(t, found_cuts[t["video"]])[1] for t in still}

    assert len(still) >= 8
    assert not any(false.values()), false


def decoded(path: Path) -> tuple[int, int]:
    """Frames, and samples of the first sound, by plain PyAV; damage anywhere raises."""
    frames = samples = 0
    with av.open(str(path)) as container:
        decoded_frames = (
            (packet, frame)
            for packet in container.demux(*container.streams.video, *container.streams.audio)
            for frame in packet.decode()
        )
        for packet, frame in decoded_frames:
            if isinstance(frame, av.VideoFrame):
                frames += 1
            elif packet.stream.index == container.streams.audio[0].index:
                samples += frame.samples
    return frames, samples


@pytest.mark.parametrize("name", films())
def test_every_film_comes_out_playable(shared_media, tmp_path, name):
    pipeline = load_pipeline(
        ROOT / "pipelines" / "no_silence.yaml", ["output.video.preset=ultrafast"]
    )
    result = run(pipeline, shared_media / name, tmp_path / "out.mp4", OPTIONS)
    frames, samples = decoded(result.output)

    assert frames == result.record["output"]["frames"] > 0
    with av.open(str(result.output)) as container:
        sounds = container.streams.audio
        if sounds:
            rate = sounds[0].codec_context.sample_rate
            # AAC has whole blocks only, one more at each end; MP4 ends on a millisecond.
            assert -rate / 1000 <= samples - result.edits.duration * rate <= 2 * 1024
        pictures = container.streams.video[0]
        shown = float(pictures.duration * pictures.time_base)
        assert shown == pytest.approx(float(result.edits.duration), abs=0.1)


SOUNDS = (
    "attached_pic.mp3", "surround_5.1_truncated.wv", "audio/jfk.flac", "audio/zero_length.wav",
    "audio/invalid_22B.wav", "audio/vibe_ace_music_cover.ogg",
)  # fmt: skip


def hostile() -> list[str]:
    return [p.name for p in sorted(MEDIA.glob("hostile_*"))] if MEDIA.is_dir() else []


@pytest.mark.parametrize("name", [*SOUNDS, *hostile()])
def test_what_is_no_film_is_a_clear_error_and_leaves_nothing(shared_media, tmp_path, name):
    pipeline = load_pipeline(ROOT / "pipelines" / "no_silence.yaml")

    with pytest.raises(AigcEditError) as caught:
        run(pipeline, shared_media / name, tmp_path / "out.mp4", OPTIONS)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1
    assert list(tmp_path.iterdir()) == []
