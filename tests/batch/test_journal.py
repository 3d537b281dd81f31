"""What is kept of a batch, and who may work on it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from aigc_edit.batch import PRIVATE, Entry, Journal, alone_in, holder_of, read_entries
from aigc_edit.engine import RunOptions, run
from aigc_edit.errors import EncodeError, UsageError
from aigc_edit.pipeline import pipeline_from_text
from tests.batch.folders import CUT, clips
from tests.conftest import ROOT

ODD = [Path("two\nlines.mp4"), Path(os.fsdecode(b"caf\xe9.mp4")), Path("視頻🎬.mp4")]


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / PRIVATE).mkdir()
    return tmp_path


def test_entries_come_back_as_they_were_also_to_others(folder):
    entries = [
        Entry(name, Path("in") / name, "failed", 2, f"{name} is odd", 1.5, 2.5, 3.0, 4, {"mux": 1})
        for name in ODD
    ]
    with closing(Journal(folder)) as journal:
        for entry in entries:
            journal.put(entry)
        seen = read_entries(folder)

    assert {e.output: (e.input, e.state, e.passes) for e in seen or ()} == {
        e.output: (e.input, e.state, e.passes) for e in entries
    }
    with closing(Journal(folder)) as journal:
        assert journal[ODD[1]].attempts == 2
        assert journal[Path("other")] is None


@pytest.mark.parametrize("damage", ["cut", "scrambled", "text", "of another time"])
def test_a_broken_journal_is_set_aside_and_begun_from_the_records(folder, damage):
    film = clips(folder, ["a.mp4"])[0]
    run(pipeline_from_text(CUT), film, folder / "deep" / "a.cut.mp4", RunOptions("cpu"))
    path = folder / PRIVATE / "batch.sqlite"
    with closing(Journal(folder)) as journal:
        for number in range(200):
            journal.put(Entry(Path(f"{number}.mp4"), Path("in.mp4"), reason="x" * 100))
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "scrambled": whole[:4096] + bytes(len(whole) - 4096),
            "text": b"this is a journal?" * 100,
            "of another time": b"",
        }[damage]
    )
    if damage == "of another time":
        import sqlite3

        with closing(sqlite3.connect(path)) as base:
            base.execute("CREATE TABLE jobs (output)")
            base.execute("PRAGMA user_version = 1")
    with closing(Journal(folder)) as journal:
        entries = journal.entries()

    assert "set aside" in journal.note
    assert [(str(e.output), e.state) for e in entries] == [("deep/a.cut.mp4", "done")]
    assert len([*path.parent.glob("batch.sqlite.broken-*")]) == 1


def test_a_folder_without_a_journal_has_no_entries_and_a_broken_one_is_told(folder):
    assert read_entries(folder) is None
    (folder / PRIVATE / "batch.sqlite").write_bytes(b"nothing of the kind" * 9)
    with pytest.raises(EncodeError, match="cannot be read"):
        read_entries(folder)


def test_one_run_at_a_time_and_the_other_is_told_who_it_is(tmp_path):
    code = (
        "from pathlib import Path; from aigc_edit.batch import alone_in\n"
        "with alone_in(Path('out')): print('held', flush=True); input()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(UsageError, match=f"process {other.pid}, since 20"),
            alone_in(tmp_path / "out"),
        ):
            pass
        assert holder_of(tmp_path / "out").pid == other.pid
    finally:
        other.kill()
        other.communicate()

    assert holder_of(tmp_path / "out") is None
    with alone_in(tmp_path / "out"):
        assert holder_of(tmp_path / "out").pid == os.getpid()


def test_a_journal_that_was_only_just_begun_has_no_entries_yet(folder):
    sqlite3.connect(folder / PRIVATE / "batch.sqlite").close()
    (folder / PRIVATE / "batch.sqlite").touch()

    assert read_entries(folder) == []
