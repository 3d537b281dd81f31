"""One film by several processes: the same file comes out, whatever becomes of them."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from subprocess import Popen

import pytest

from aigc_edit.engine import RunOptions, run
from aigc_edit.pipeline import PluginChoice, pipeline_from_text
from aigc_edit.testing import ClipSpec, make_clip
from tests.batch.folders import called, children, started, waited

PLAIN = """
schema: 1
name: plain
stages:
  - uses: given_spans
    with: {spans: [[0.3s, 11s], [11.5s, 12s], [13s, 36s]]}
output: {video: {mode: encode, preset: ultrafast}}
"""
# What looks across frames begins anew at cuts only: after the shots of 12 s that are known here.
LASTING = """
schema: 1
name: lasting
stages:
  - uses: known_shots
  - uses: given_spans
    with: {spans: [[0s, 30s], [33s, 36s]]}
  - uses: trail
    steady: true
output: {video: {preset: ultrafast}}
"""
PAINTED = """
schema: 1
name: painted
stages:
  - uses: given_spans
    with: {spans: [[0s, 8s], [12s, 20s]]}
  - {uses: style_gan, with: {look: wave}, steady: false}
output: {video: {mode: encode, preset: ultrafast}}
"""
SLOW = PLAIN.replace("plain", "slow").replace("output:", "  - uses: slow_down\noutput:")
STAGES = '''
"""Stages for films that are split."""

import os
import time

import torch

from aigc_edit.api import Analyzer, FrameFilter, Shots, Span, StageOptions


class KnownShots(Analyzer):
    """Shots of twelve seconds."""

    name = "known_shots"
    writes = (Shots.named("shots"),)

    def finish(self, tracks):
        return [Shots("shots", tuple(Span(k, k + 12) for k in range(0, 36, 12)))]


class Trail(FrameFilter):
    """Mixes each frame with what was shown before."""

    name = "trail"

    def reset(self):
        self._past = None

    def apply_batch(self, frames, times):
        made = []
        for frame in frames:
            self._past = frame if self._past is None else 0.5 * frame + 0.5 * self._past
            made.append(self._past)
        return torch.stack(made)


class SlowDown(FrameFilter):
    """Takes its time, and waits while there is a file named `gate`."""

    name = "slow_down"

    def apply_batch(self, frames, times):
        while os.path.exists("gate") and times[0] % 10 > 5:
            time.sleep(0.05)
        return frames
'''
WITH = ("--plugins", "stages.py", "--device", "cpu", "--jobs", "2")
needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="processes are found by /proc"
)


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """36 s of ten frames a second, a key frame every two seconds."""
    spec = ClipSpec(frames=360, rate=10, size=(192, 108), cuts=(120, 240), gop=20)
    return make_clip(tmp_path_factory.mktemp("film") / "film.mp4", spec)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    Path("slow.yaml").write_text(SLOW)
    Path("stages.py").write_text(STAGES)


@pytest.fixture(scope="module")
def alone(film, tmp_path_factory):
    """What this process makes of the film by a pipeline, once for each."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "stages.py").write_text(STAGES)

    @cache
    def made(text: str) -> Path:
        pipeline = pipeline_from_text(text, plugins=PluginChoice((folder / "stages.py",)))
        return run(pipeline, film, folder / f"{pipeline.name}.mp4", RunOptions("cpu")).output

    return made


def slowly(film: Path) -> tuple[object, ...]:
    return ("run", "slow.yaml", film, "-o", "split.mp4", *WITH, "--split")


@contextmanager
def halted(film: Path) -> Iterator[Popen[str]]:
    """A render in which a worker waits for the gate to be taken away."""
    Path("gate").touch()
    with started(*slowly(film), cwd=Path.cwd()) as process:
        waited(lambda: [*Path.cwd().glob(".split.*.part/unfinished-*.mp4")])
        yield process


def record(path: Path) -> dict:
    return json.loads(Path(f"{path}.run.json").read_text())


@pytest.mark.parametrize(
    "text",
    [pytest.param(PLAIN, marks=pytest.mark.long), LASTING],
    ids=["plain", "lasting"],
)
def test_a_film_that_was_split_is_the_same_file(film, tmp_path, text, alone):
    Path("it.yaml").write_text(text)
    split = called("run", "it.yaml", film, "-o", "split.mp4", *WITH, "--split", cwd=tmp_path)

    assert split.returncode == 0, split.stderr
    assert "alone" not in split.stderr
    assert Path("split.mp4").read_bytes() == alone(text).read_bytes()
    one, other = record(alone(text)), record(Path("split.mp4"))
    assert other["kept"] == one["kept"]  # with the flicker of each span
    assert other["check"] == one["check"]
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_a_net_paints_the_same_in_workers_that_share_the_cores(film, tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS")  # it rounds by how many threads it has
    Path("it.yaml").write_text(PAINTED)
    for output, more in (("alone.mp4", []), ("split.mp4", ["--split"])):
        done = called("run", "it.yaml", film, "-o", output, *WITH, *more, cwd=tmp_path)
        assert done.returncode == 0, done.stderr

    assert "alone" not in done.stderr
    assert Path("split.mp4").read_bytes() == Path("alone.mp4").read_bytes()


@pytest.mark.long
@needs_proc
def test_a_worker_that_is_killed_costs_nothing_but_time(film, tmp_path, alone):
    with halted(film) as process:
        os.kill(children(process.pid)[0], signal.SIGKILL)
        Path("gate").unlink()
        _, told = process.communicate(timeout=60)

    assert process.returncode == 0, told
    assert re.search(r"the worker of a part was killed .*another one goes on", told)
    assert Path("split.mp4").read_bytes() == alone(SLOW).read_bytes()


@needs_proc
def test_a_run_that_is_killed_goes_on_with_what_its_workers_finished(film, tmp_path, alone):
    with halted(film) as process:
        workers = children(process.pid)
        Path("gate").unlink()
        waited(lambda: [*tmp_path.glob(".split.*.part/piece*.json")])
        process.kill()
        process.communicate()
    waited(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    again = called(*slowly(film), cwd=tmp_path)

    assert again.returncode == 0, again.stderr
    assert record(Path("split.mp4"))["output"]["resumed"] > 0
    assert Path("split.mp4").read_bytes() == alone(SLOW).read_bytes()


def test_what_fails_in_a_worker_fails_with_the_same_words(film, tmp_path):
    Path("fails.yaml").write_text(SLOW.replace("slow_down", "fails"))
    fails = STAGES + "\n\nclass Fails(SlowDown):\n    name = 'fails'\n\n    def apply_batch(self, "
    Path("stages.py").write_text(f"{fails}frames, times):\n        raise ValueError('no')\n")
    words = ("run", "fails.yaml", film, "-o", "out.mp4", *WITH)
    split, alone = (called(*words, *more, cwd=tmp_path) for more in (["--split"], []))

    assert split.returncode == alone.returncode != 0
    assert split.stderr.splitlines()[-1] == alone.stderr.splitlines()[-1]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".out", "out"))]


def test_what_cannot_be_split_is_told(film, tmp_path):
    short = (
        "stages: [{uses: given_spans, with: {spans: [[1s, 3s]]}}]\noutput: {video: {mode: encode}}"
    )
    Path("short.yaml").write_text(f"schema: 1\nname: short\n{short}\n")
    one = called("run", "short.yaml", film, "-o", "out.mp4", *WITH, "--split", cwd=tmp_path)
    many = called("run", "short.yaml", film, film, "-o", "out", *WITH, "--split", cwd=tmp_path)

    assert one.returncode == 0
    assert "there is too little to split" in one.stderr
    assert many.returncode == 2
    assert "--split is for one video" in many.stderr
