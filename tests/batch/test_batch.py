"""Which file is next, and what becomes of each."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from aigc_edit.batch import BatchOptions, Cost, Died, Ended, read_entries
from aigc_edit.testing import ClipSpec, make_clip
from tests.batch.folders import CUT, aged, broken, clips, marks, waited
from tests.batch.here import Onlooker, batch_here


def counts(summary) -> dict[str, int]:
    return summary.counts()


@pytest.fixture
def folder(tmp_path) -> Path:
    clips(tmp_path / "in", ["a.mp4", "sub/b.mp4", "c.mp4"])
    return tmp_path


def outputs(folder: Path) -> list[Path]:
    return sorted((folder / "out").rglob("*.mp4"))


def test_a_folder_comes_out_as_it_is_laid_out(folder):
    summary, _ = batch_here(folder)

    assert [str(p.relative_to(folder / "out")) for p in outputs(folder)] == [
        "a.mp4.mp4",
        "c.mp4.mp4",
        "sub/b.mp4.mp4",
    ]
    assert summary.counts() == {"done": 3}
    assert summary.exit_code == 0
    assert summary.video == pytest.approx(0.9)


def test_what_is_up_to_date_is_not_made_again_whatever_its_time_is(folder):
    batch_here(folder)
    before = marks(outputs(folder))
    for path in (folder / "in").rglob("*.mp4"):
        os.utime(path, (path.stat().st_atime + 60, path.stat().st_mtime + 60))
    summary, here = batch_here(folder)

    assert here.tasks == []
    assert summary.counts() == {"up to date": 3}
    assert marks(outputs(folder)) == before


def other_bytes(folder: Path) -> None:
    spec = ClipSpec(frames=20, size=(128, 72), sound_rate=None)
    aged(make_clip(folder / "in" / "a.mp4", spec))


def half_published(folder: Path) -> None:
    """The record is new, and the film an old one."""
    path = folder / "out" / "a.mp4.mp4"
    path.write_bytes(path.read_bytes()[:-1])


def without_record(folder: Path) -> None:
    (folder / "out" / "a.mp4.mp4.run.json").unlink()


def other_version(folder: Path) -> None:
    path = folder / "out" / "a.mp4.mp4.run.json"
    record = json.loads(path.read_text())
    record["versions"]["av"] = "1.0"
    path.write_text(json.dumps(record))


def gone(folder: Path) -> None:
    (folder / "out" / "a.mp4.mp4").unlink()


@pytest.mark.parametrize(
    "change", [other_bytes, half_published, without_record, other_version, gone]
)
def test_what_no_longer_holds_is_made_anew_and_nothing_else(folder, change):
    batch_here(folder)
    change(folder)
    summary, here = batch_here(folder)

    assert here.tasks == ["a.mp4"]
    assert summary.counts() == {"done": 1, "up to date": 2}


def test_another_pipeline_and_force_make_all_anew(folder):
    batch_here(folder)
    _, other = batch_here(folder, text=CUT.replace("0.3s", "0.2s"))
    _, forced = batch_here(folder, BatchOptions(force=True), text=CUT.replace("0.3s", "0.2s"))

    assert len(other.tasks) == len(forced.tasks) == 3


def test_a_result_of_another_source_is_not_written_over(folder):
    batch_here(folder)
    clips(folder / "other", ["a.mp4"], frames=20)
    before = marks(outputs(folder))
    summary, here = batch_here(folder, source="other")

    assert here.tasks == []
    assert marks(outputs(folder)) == before
    assert summary.counts() == {"failed": 1}
    assert "holds the result of" in summary.entries[0].reason


def test_what_fails_is_told_and_stops_nobody(folder):
    broken(folder / "in" / "b.mp4")
    summary, here = batch_here(folder)

    assert len(here.tasks) == 4
    assert summary.counts() == {"done": 3, "failed": 1}
    assert "not a media file" in summary.of("failed")[0].reason
    assert summary.exit_code == 3


def test_fail_fast_takes_no_more(folder):
    broken(folder / "in" / "b.mp4")
    summary, here = batch_here(folder, BatchOptions(fail_fast=True))

    assert here.tasks == ["a.mp4", "b.mp4"]
    assert summary.counts() == {"done": 1, "failed": 1, "waiting": 2}
    assert summary.exit_code == 3


def test_a_file_whose_worker_dies_is_tried_once_more_at_the_end(folder):
    deaths = []

    def dies(task):
        if task.source.name == "a.mp4" and not deaths:
            deaths.append(task.number)
            return Died(task.number, 1, "crashed (SIGSEGV)")
        return None

    summary, here = batch_here(folder, before=dies)

    assert here.tasks == ["a.mp4", "c.mp4", "b.mp4", "a.mp4"]
    assert summary.counts() == {"done": 3}
    assert summary.entries[0].attempts == 2


def test_a_file_that_kills_two_workers_has_failed_and_the_reason_is_told(folder):
    def dies(task):
        return Died(task.number, 1, "crashed (SIGSEGV)") if task.source.name == "a.mp4" else None

    summary, here = batch_here(folder, before=dies)

    assert here.tasks.count("a.mp4") == 2
    assert summary.counts() == {"done": 2, "failed": 1}
    assert summary.of("failed")[0].reason == "its worker crashed (SIGSEGV), twice"


@pytest.mark.parametrize(("losses", "state"), [(1, "done"), (3, "done"), (99, "failed")])
def test_a_file_whose_machine_is_lost_is_done_among_the_others(folder, losses, state):
    lost = []

    def goes(task):
        if task.source.name == "a.mp4" and len(lost) < losses:
            lost.append(task.number)
            return Died(task.number, 1, "was lost with node 7", lost=True)
        return None

    summary, _ = batch_here(folder, before=goes)

    assert summary.counts() == ({"done": 3} if state == "done" else {"done": 2, "failed": 1})
    assert len(lost) == min(losses, 5)  # four times, and once more alone


def test_a_full_disk_stops_the_batch_and_the_next_run_goes_on(folder):
    def full(task):
        if task.source.name == "c.mp4":
            return Ended(task.number, 1, Cost(), "out: no space left", full=True)
        return None

    summary, here = batch_here(folder, before=full)

    assert here.tasks == ["a.mp4", "c.mp4"]
    assert summary.counts() == {"done": 1, "waiting": 2}
    assert summary.exit_code == 1
    assert "no space" in summary.stopped
    assert batch_here(folder)[0].counts() == {"done": 2, "up to date": 1}


def test_a_file_that_grows_all_the_time_is_left_for_the_next_run(folder, monkeypatch):
    monkeypatch.setattr("aigc_edit.batch.batch._GIVEN_UP_SECONDS", 0.5)
    os.utime(folder / "in" / "a.mp4")
    summary, here = batch_here(folder)

    assert here.tasks == ["c.mp4", "b.mp4"]
    assert summary.counts() == {"done": 2, "later": 1}
    assert summary.exit_code == 0


def test_a_file_that_has_just_been_written_is_taken_when_it_rests(folder):
    os.utime(folder / "in" / "a.mp4", (time.time() - 1, time.time() - 1))
    summary, here = batch_here(folder)

    assert here.tasks == ["c.mp4", "b.mp4", "a.mp4"]
    assert summary.counts() == {"done": 3}


def changed(task) -> Ended:
    """Somebody wrote to it meanwhile."""
    with task.source.open("ab") as file:
        file.write(bytes(100))
    aged(task.source)
    return Ended(task.number, 1, Cost(), "the file was changed while it was read")


def first_of(task_name: str, *events):
    """What becomes of the first tries of one file."""
    left = list(events)
    return lambda task: left.pop(0)(task) if left and task.source.name == task_name else None


def test_a_file_that_changes_while_it_is_read_is_read_again(folder):
    summary, here = batch_here(folder, before=first_of("a.mp4", changed))

    assert here.tasks == ["a.mp4", "c.mp4", "b.mp4", "a.mp4"]
    assert summary.counts() == {"done": 3}


def test_a_file_that_changes_whenever_it_is_read_is_left(folder):
    summary, here = batch_here(folder, before=first_of("a.mp4", changed, changed))

    assert here.tasks.count("a.mp4") == 2
    assert summary.counts() == {"done": 2, "later": 1}


def test_a_file_that_changed_has_its_second_chance_after_a_crash(folder):
    def crashed(task):
        return Died(task.number, 1, "crashed (SIGSEGV)")

    summary, here = batch_here(folder, before=first_of("a.mp4", changed, crashed))

    assert here.tasks.count("a.mp4") == 3
    assert summary.counts() == {"done": 3}


def test_what_arrives_is_taken_until_somebody_stops_it(folder):
    def stop(entry):
        if str(entry.output) == "late.mp4.mp4":
            raise KeyboardInterrupt

    def arrive() -> None:
        waited(lambda: len([*(folder / "out").rglob("*.mp4")]) == 3)
        clips(folder / "in", ["late.mp4"])

    arriving = threading.Thread(target=arrive)
    arriving.start()
    summary, here = batch_here(folder, BatchOptions(watch=True), watcher=Onlooker(stop))
    arriving.join()

    assert here.tasks == ["a.mp4", "c.mp4", "b.mp4", "late.mp4"]
    assert summary.counts() == {"done": 4}


def test_the_journal_says_what_the_summary_says(folder):
    broken(folder / "in" / "b.mp4")
    summary, _ = batch_here(folder)
    kept = read_entries(folder / "out")

    assert kept is not None
    assert [(e.output, e.state, e.reason) for e in kept] == [
        (e.output, e.state, e.reason) for e in summary.entries
    ]


def test_without_a_journal_results_still_count(folder):
    batch_here(folder)
    shutil.rmtree(folder / "out" / ".aigc-edit")
    summary, here = batch_here(folder)

    assert here.tasks == []
    assert {replace(e, state="done").state for e in read_entries(folder / "out")} == {"done"}
    assert summary.counts() == {"up to date": 3}


def test_results_among_their_sources_are_no_new_sources(tmp_path, monkeypatch):
    from aigc_edit.batch import Names, Search, Template
    from aigc_edit.engine import RunOptions, run
    from aigc_edit.pipeline import pipeline_from_text

    monkeypatch.chdir(tmp_path)
    film = clips(tmp_path, ["a.mp4"])[0]
    run(pipeline_from_text(CUT), film, tmp_path / "a.cut.mp4", RunOptions("cpu"))
    found = Search(["."], besides=Path()).found().inputs
    jobs = Names(Template("{folder}/{stem}.{pipeline}", "cut", "mp4"), Path()).jobs(found)
    others = Names(Template("{folder}/{stem}.{pipeline}", "new", "mp4"), Path("x")).jobs(found)

    assert [str(job.input.path) for job in jobs] == ["a.mp4"]
    assert [str(job.input.path) for job in others] == ["a.mp4"]
