"""A run that was killed is continued: finished pieces stay, and the result is the same."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

from aigc_edit.engine import RunOptions, run
from aigc_edit.errors import ProbeError
from aigc_edit.media import scratch_for
from aigc_edit.pipeline import pipeline_from_text
from aigc_edit.testing import ClipSpec, make_clip
from tests.conftest import ROOT

TEXT = """
schema: 1
stages:
  - uses: given_spans
    with: {spans: [[1s, 25s], [26s, 44s]]}
output: {video: {mode: encode, preset: slow}}
"""
CODE = """
import sys
from pathlib import Path
from aigc_edit.engine import RunOptions, run
from aigc_edit.pipeline import pipeline_from_text
run(pipeline_from_text(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], RunOptions("cpu"))
"""
OPTIONS = RunOptions("cpu")


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory) -> Path:
    return make_clip(tmp_path_factory.mktemp("long") / "long.mp4", ClipSpec(frames=1350, gop=60))


def digest(path: Path) -> str:
    """SHA-256 of all pictures and samples, decoded, with their times."""
    seen = hashlib.sha256()
    for kind in ("video", "audio"):
        with av.open(str(path)) as container:
            for frame in container.decode(**{kind: 0}):
                seen.update(f"{frame.pts}".encode())
                seen.update(frame.to_ndarray().tobytes())
    return seen.hexdigest()


def killed_after(pieces: int, clip: Path, output: Path) -> int:
    """Starts a run and kills it when so many pieces are finished; returns how many were."""
    run_of_it = subprocess.Popen(
        [sys.executable, "-c", CODE, TEXT, str(clip), str(output)], cwd=ROOT
    )
    while run_of_it.poll() is None:
        finished = len([*output.parent.glob(".*.part/piece*.json")])
        if finished >= pieces:
            run_of_it.send_signal(signal.SIGKILL)
            run_of_it.wait()
            return len([*output.parent.glob(".*.part/piece*.json")])
        time.sleep(0.005)
    raise AssertionError("the run ended before it could be killed")


def test_a_killed_run_goes_on_where_it_was_and_gives_the_same(long_clip, tmp_path):
    pipeline = pipeline_from_text(TEXT)
    whole = run(pipeline, long_clip, tmp_path / "whole.mp4", OPTIONS)
    (tmp_path / "again").mkdir()
    output = tmp_path / "again" / "out.mp4"
    finished = killed_after(2, long_clip, output)
    assert not output.exists()

    resumed = run(pipeline, long_clip, output, OPTIONS)

    assert resumed.record["output"]["resumed"] == finished
    assert digest(output) == digest(whole.output)
    assert sorted(p.name for p in output.parent.iterdir()) == ["out.mp4", "out.mp4.run.json"]


def test_a_damaged_piece_and_other_settings_are_made_anew(long_clip, tmp_path):
    output = tmp_path / "out.mp4"
    killed_after(1, long_clip, output)
    part = next(tmp_path.glob(".*.part/piece00000.mp4"))
    part.write_bytes(part.read_bytes()[:-100])
    damaged = run(pipeline_from_text(TEXT), long_clip, output, OPTIONS)
    killed_after(1, long_clip, output)
    other = run(pipeline_from_text(TEXT.replace("slow", "ultrafast")), long_clip, output, OPTIONS)

    assert damaged.record["output"]["resumed"] == 0
    assert other.record["output"]["resumed"] == 0
    assert [*tmp_path.glob(".*.part")] == []


def test_a_run_that_cannot_begin_leaves_not_even_a_folder(tmp_path):
    with pytest.raises(ProbeError):
        run(
            pipeline_from_text(TEXT),
            tmp_path / "none.mp4",
            tmp_path / "a" / "b" / "out.mp4",
            OPTIONS,
        )

    assert [*tmp_path.iterdir()] == []


def test_two_runs_of_the_same_do_not_share_a_folder(tmp_path):
    output = tmp_path / "out.mp4"
    with scratch_for(output, "key") as one, scratch_for(output, "key") as other:
        assert one.folder != other.folder
        one.write("a", b"one")
    assert [*tmp_path.iterdir()] == []


def test_what_a_killed_run_left_for_another_output_stays(tmp_path):
    orphan, other = tmp_path / ".out.old.part", tmp_path / ".out.more.part"
    for folder, owner in ((orphan, "out.mp4"), (other, "out.mkv")):
        folder.mkdir()
        (folder / "owner").write_text(owner)
    with scratch_for(tmp_path / "out.mp4", "key"):
        assert not orphan.exists()
        assert other.exists()
