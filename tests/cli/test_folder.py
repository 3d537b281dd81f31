"""A folder on the command line: real workers, killed and stopped in every way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from aigc_edit.batch import read_entries
from aigc_edit.cli import main
from aigc_edit.engine import RunOptions, run
from aigc_edit.pipeline import pipeline_from_text
from tests.batch.folders import (
    CUT,
    DANGEROUS,
    broken,
    called,
    children,
    clips,
    marks,
    reasons,
    started,
    states,
    waited,
)
from tests.hostile.full_disk import can_mount, mounted

SLOW = CUT.replace("output:", "  - uses: slow\noutput:")
BOOM = "schema: 1\nname: boom\nstages: [boom, slow]\n"
LARGE = """
schema: 1
name: large
stages: [{uses: given_spans, with: {spans: [[0s, 30s]]}}]
output: {container: mov, video: {codec: prores}}
"""
HEAVY = 60 << 20  # bytes that a stage leaves in a cycle
UNTIDY = f"""
from aigc_edit.api import Selector

class Untidy(Selector):
    '''Leaves what it held in a cycle.'''

    name = "untidy"

    def select(self, edits, tracks):
        self.held, self.me = b"1" * {HEAVY}, self
        return edits
"""
_JOURNAL_BYTES = 200 << 10  # with its log, a lock and the records
PLUGINS = ("--plugins", "dangerous.py")


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="processes are found by /proc"
)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    handlers = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    for name, text in {"cut": CUT, "slow": SLOW, "boom": BOOM}.items():
        Path(f"{name}.yaml").write_text(text)
    Path("dangerous.py").write_text(DANGEROUS)
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def results(out: Path) -> list[Path]:
    return sorted(out.rglob("*.mp4"))


def is_gone(pid: int) -> bool:
    """Whether a process has ended, even where nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


def test_a_folder_is_worked_through_once_and_told(tmp_path, capsys):
    odd = ["two\nlines.mp4", "視頻 🎬.mp4", os.fsdecode(b"caf\xe9.mp4"), "sub/ä.mp4"]
    clips(tmp_path / "in", odd)
    broken(tmp_path / "in" / "bad.mp4")
    (tmp_path / "in" / "notes.txt").write_text("none")
    done = called("run", "cut.yaml", "in", "-o", "out", "--jobs", "1", cwd=tmp_path)
    alone = run(pipeline_from_text(CUT), tmp_path / "in" / odd[1], "alone.mp4", RunOptions("cpu"))
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    job = next(job for job in summary["jobs"] if job["state"] == "done")
    before = marks(results(tmp_path / "out"))
    journal = tmp_path / "out" / ".aigc-edit" / "batch.sqlite"
    journal.write_bytes(journal.read_bytes()[:5000])
    again = called("run", "cut.yaml", "in", "-o", "out", "--quiet", cwd=tmp_path)
    assert main(["status", "out"]) == 0
    told = capsys.readouterr().out

    assert done.returncode == again.returncode == 3
    assert "Traceback" not in done.stderr
    assert "4 done, 1 failed" in done.stdout
    assert "1 other file left out" in done.stdout
    assert "where time went: " in done.stdout
    assert "in/bad.mp4: not a media file" in done.stdout
    assert {os.fsencode(p.name) for p in results(tmp_path / "out")} == {
        os.fsencode(Path(name).with_suffix(".cut.mp4").name) for name in odd
    }
    assert alone.output.read_bytes() == (tmp_path / "out" / "視頻 🎬.cut.mp4").read_bytes()
    assert job["video_seconds"] == pytest.approx(0.3)
    assert set(job["passes"]) == {"render", "mux", "check"}
    assert job["peak_bytes"] > 10 << 20
    assert summary["speed"] > 0
    assert again.stdout == ""
    assert [line[:19] for line in again.stderr.splitlines()] == ["failed: in/bad.mp4:"]
    assert marks(results(tmp_path / "out")) == before
    assert sorted(states(tmp_path / "out").values()) == ["failed", *["up to date"] * 4]
    assert "4 done; nobody works on it" in told.replace(", 1 failed", "")
    assert "set aside" in json.loads((tmp_path / "out" / "summary.json").read_text())["notes"][0]
    assert len((tmp_path / "out" / "summary.csv").read_bytes().splitlines()) >= 6


REFUSED = {
    "an empty folder": (["empty"], "nothing is in there"),
    "a folder of texts": (["texts"], "no video among 1 file"),
    "two inputs for one output": (["twins"], "would write one file"),
    "a template with an unknown field": (["in", "--name", "{x}"], "no field {x}"),
    "a template that leads out": (["in", "--name", "../{stem}"], "leads out"),
    "a file for many results": (["in", "-o", "cut.yaml"], "cannot hold several results"),
    "nothing at all": ([], "nothing to work on"),
    "a review of many": (["in", "--review"], "--review is for one video"),
    "no jobs": (["in", "--jobs", "0"], "a number of 1 and more"),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_what_cannot_be_is_refused_before_anything_runs(tmp_path, capsys, case):
    words, what = REFUSED[case]
    clips(tmp_path, ["in/a.mp4", "twins/a.mp4", "twins/a.mov"])
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("text")
    output = [] if "-o" in words else ["-o", "out"]
    try:
        code = main(["run", "cut.yaml", *words, *output])
    except SystemExit as left:
        code = left.code
    told = capsys.readouterr().err.splitlines()

    assert code == 2
    assert what in told[-1]
    assert not (tmp_path / "out").exists()


@needs_proc
def test_a_crash_and_a_killed_worker_cost_one_file_at_most(tmp_path):
    """One film crashes whoever takes it; a worker is killed from outside besides."""
    clips(tmp_path / "in", ["a.mp4", "b.mp4", "c.mp4"])
    clips(tmp_path / "in", ["boom.mp4"], frames=36)
    words = ("run", "boom.yaml", "in", "gone.mp4", "-o", "out", "--jobs", "2", *PLUGINS)
    with started(*words, cwd=tmp_path) as work:
        victim = waited(lambda: children(work.pid))[0]
        os.kill(victim, signal.SIGKILL)
        out, err = work.communicate(timeout=60)

    assert work.returncode == 3, err
    assert "3 done, 2 failed" in out
    told = reasons(tmp_path / "out")
    assert set(told) == {"boom.boom.mp4", "gone.boom.mp4"}
    assert re.fullmatch(
        r"its worker crashed \(SIGSEGV\) at .*dangerous\.py:\d+, twice", told["boom.boom.mp4"]
    )
    assert "no such file" in told["gone.boom.mp4"]
    assert "was killed (SIGKILL" in err
    assert "tried once more, alone" in err


@needs_proc
def test_a_killed_run_leaves_no_process_and_goes_on_with_what_is_left(tmp_path, capsys):
    clips(tmp_path / "in", [f"{k}.mp4" for k in range(5)])
    words = ("run", "slow.yaml", "in", "-o", "out", *PLUGINS, "--jobs")
    with started(*words, "2", cwd=tmp_path) as work:
        waited(lambda: results(tmp_path / "out"))
        Path("gate").touch()
        waited(lambda: {entry.state for entry in read_entries(tmp_path / "out")} >= {"running"})
        workers = children(work.pid)
        assert main([*words, "1"]) == 2
        refused = capsys.readouterr().err
        assert main(["status", "out"]) == 0
        told = capsys.readouterr().out
        work.kill()
    Path("gate").unlink()
    waited(lambda: all(is_gone(pid) for pid in workers), seconds=5)
    finished = [p for p in results(tmp_path / "out") if ".part" not in str(p)]
    before = marks(finished)
    assert main(["status", "out"]) == 0
    left = capsys.readouterr().out
    again = called(*words, "1", cwd=tmp_path)

    assert len(workers) == 2
    assert f"another run works on this folder (process {work.pid}, since 20" in refused
    assert len(refused.splitlines()) == 1
    assert f"process {work.pid}, since 20" in told
    assert "running" in told
    assert "running" not in left
    assert "nobody works on it" in left
    assert again.returncode == 0, again.stderr
    assert marks(finished) == before
    assert sorted(states(tmp_path / "out").values()) == sorted(
        ["up to date"] * len(finished) + ["done"] * (5 - len(finished))
    )
    assert [*tmp_path.glob("out/.*.part")] == []


@needs_proc
def test_ctrl_c_stops_soon_and_says_how_far_it_came(tmp_path):
    clips(tmp_path / "in", [f"{k}.mp4" for k in range(4)])
    words = ("run", "slow.yaml", "in", "-o", "out", "--jobs", "2", *PLUGINS)
    with started(*words, cwd=tmp_path) as work:
        waited(lambda: len(results(tmp_path / "out")) >= 1)
        workers = children(work.pid)
        work.send_signal(signal.SIGINT)
        sent = time.monotonic()
        out, err = work.communicate(timeout=20)
        took = time.monotonic() - sent

    assert work.returncode == 130
    assert took < 3
    assert err.splitlines()[-1] == "stopped"
    assert "waiting" in out
    assert all(is_gone(pid) for pid in workers)
    assert "waiting" in states(tmp_path / "out").values()


def test_a_disk_that_is_full_stops_the_run_and_more_room_lets_it_go_on(tmp_path):
    if not can_mount(tmp_path):
        pytest.skip("no file system can be mounted here")
    clips(tmp_path / "in", [f"{k}.mp4" for k in range(4)], size=(640, 360))
    Path("large.yaml").write_text(LARGE)
    words = ("run", "large.yaml", "in", "--jobs", "1", "-o")
    one = run(pipeline_from_text(LARGE), tmp_path / "in" / "0.mp4", "0.mov", RunOptions("cpu"))
    size = one.output.stat().st_size
    with mounted(tmp_path, 4 * size + _JOURNAL_BYTES) as small:  # parts and result lie side by side
        full = called(*words, small, cwd=tmp_path)
        left, made = [*small.rglob("*.part")], len([*small.glob("*.mov")])
        subprocess.run(["mount", "-o", f"remount,size={64 << 20}", small], check=True)
        again = called(*words, small, cwd=tmp_path)
        in_the_end = len([*small.glob("*.mov")])

    assert full.returncode == 1, full.stderr
    assert "space" in full.stderr.splitlines()[-1]
    assert f"{made} done, {4 - made} waiting" in full.stdout
    assert 1 <= made <= 3
    assert left == []
    assert again.returncode == 0, again.stderr
    assert in_the_end == 4


def test_status_of_a_folder_that_is_none(tmp_path, capsys):
    assert main(["status", str(tmp_path)]) == 2
    assert "nothing was run" in capsys.readouterr().err


def test_a_stage_that_does_not_come_back_costs_its_own_file_only(tmp_path):
    clips(tmp_path / "in", ["a.mp4", "b.mp4"])
    hung = ("--stage-timeout", "0.3s", "--set", "slow.seconds=30", "--jobs", "1")
    done = called("run", "slow.yaml", "in", "-o", "out", *PLUGINS, *hung, cwd=tmp_path)
    told = reasons(tmp_path / "out")

    assert done.returncode == 3
    assert len(told) == 2
    assert all("did not come back within 0.3 s" in reason for reason in told.values())
    assert "once more" not in done.stderr


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs a peak of each film")
def test_what_a_stage_leaves_in_a_cycle_is_gone_with_its_film(tmp_path):
    clips(tmp_path / "in", [f"{k}.mp4" for k in range(5)])
    Path("untidy.py").write_text(UNTIDY)
    Path("untidy.yaml").write_text(CUT.replace("stages:", "stages:\n  - uses: untidy"))
    command = ("run", "untidy.yaml", "in", "-o", "out", "--jobs", "1", "--plugins", "untidy.py")
    assert called(*command, cwd=tmp_path).returncode == 0

    summary = json.loads(Path("out/summary.json").read_text())
    peaks = [job["peak_bytes"] for job in summary["jobs"]]
    assert max(peaks) - peaks[0] < HEAVY / 2
