"""What is shown while many files are worked on."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from aigc_edit.batch import Entry
from aigc_edit.cli.batch_progress import Bars, Lines, Silent, _Tally, watcher

DONE = Entry(Path("a.mp4"), Path("in/a.mov"), "done", 1, "", 10.0, 14.0, 2.0)
FAILED = Entry(Path("b.mp4"), Path("in/b\n.mov"), "failed", 1, "in/b\n.mov: no film", 1.0, 2.0)


def shown(watcher: Bars | Lines) -> None:
    watcher.expect(3, 300)
    watcher.take(1, DONE)
    watcher.step(1, "render", 5, 10)
    watcher.settle(DONE, 100)
    watcher.settle(FAILED, 100)
    watcher.end()


@pytest.mark.parametrize("kind", [Lines, Bars])
def test_every_file_is_told_once_on_one_line(kind, capsys):
    shown(kind())
    told = capsys.readouterr().err

    assert "a.mp4: 2.0 s, made in 4.0 s" in told
    assert r"in/b\n.mov: failed: " in told
    assert "3" in told


def test_where_nobody_looks_on_nothing_is_said(capsys):
    shown(watcher(quiet=True))

    assert isinstance(watcher(quiet=False), Lines)
    assert isinstance(watcher(quiet=True), Silent)
    assert capsys.readouterr() == ("", "")


def test_the_time_left_counts_work_and_not_what_was_up_to_date(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    tally = _Tally(jobs=12, size=1200)
    assert tally.left() == ""
    for _ in range(2):
        tally.count(Entry(Path("u"), Path("u"), "up to date"), 100)
    now[0] = 110.0
    for _ in range(2):
        tally.count(DONE, 100)

    assert tally.left() == "40 s left"
    assert tally.told() == "4 of 12, 40 s left"


def test_a_tiny_file_that_fails_at_once_does_not_make_the_rest_endless(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    tally = _Tally(jobs=10, size=1000)
    now[0] = 1.0
    tally.count(FAILED, 4)

    assert tally.left() == "18 s left"
