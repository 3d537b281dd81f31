"""Which files are meant by what is said."""

from __future__ import annotations

import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from aigc_edit.batch import Search, is_single
from aigc_edit.errors import UsageError
from tests.batch.folders import broken, clips


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def names(search: Search) -> list[str]:
    return [str(given.path) for given in search.found().inputs]


def test_a_folder_gives_its_videos_whatever_they_are_called(tmp_path):
    clips(tmp_path, ["in/a.mp4", "in/deep/er/b.txt", "in/deep/c"])
    (tmp_path / "in" / "notes.txt").write_text("nothing to see")
    broken(tmp_path / "in" / "d.MKV")
    found = Search(["in"]).found()

    assert [str(i.path) for i in found.inputs] == ["in/a.mp4", "in/d.MKV", "in/deep/c",
                                                   "in/deep/er/b.txt"]  # fmt: skip
    assert [str(i.folder) for i in found.inputs] == [".", ".", "deep", "deep/er"]
    assert found.left_out == 1


def test_hidden_files_private_folders_and_results_are_left_out(tmp_path):
    clips(tmp_path, ["in/a.mp4", "in/.b.mp4", "in/.a.key.part/piece.mp4", "in/out/a.cut.mp4"])

    assert names(Search(["in"], besides=Path("in/out"))) == ["in/a.mp4"]


def test_links_that_lead_in_a_circle_end(tmp_path):
    clips(tmp_path, ["in/a.mp4", "in/sub/b.mp4"])
    (tmp_path / "in" / "sub" / "up").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "self").symlink_to("self")
    (tmp_path / "in" / "gone.mp4").symlink_to("nowhere.mp4")

    assert names(Search(["in"])) == ["in/a.mp4", "in/sub/b.mp4"]


def test_a_pattern_gives_what_it_matches_below_its_fixed_part(tmp_path):
    clips(tmp_path, ["in/x/a.mp4", "in/x/y/b.mp4", "in/c.mov"])
    found = Search(["in/**/*.mp4"]).found().inputs

    assert [(str(i.path), str(i.folder)) for i in found] == [
        ("in/x/a.mp4", "x"),
        ("in/x/y/b.mp4", "x/y"),
    ]
    with pytest.raises(UsageError, match="no file matches"):
        Search(["in/*.webm"]).found()


def test_a_name_with_brackets_that_exists_is_no_pattern(tmp_path):
    clips(tmp_path, ["take [1].mp4"])

    assert is_single(["take [1].mp4"])
    assert names(Search(["take [1].mp4"])) == ["take [1].mp4"]


def test_a_list_names_files_from_where_it_is(tmp_path):
    clips(tmp_path, ["far/a.mp4", "far/# b.mp4", "far/c [1].mp4"])
    text = b"# a remark\n\na.mp4\r\n./# b.mp4\nc [1].mp4\na.mp4\n"
    (tmp_path / "far" / "list.txt").write_bytes(text)
    meant = ["far/a.mp4", "far/# b.mp4", "far/c [1].mp4"]

    assert names(Search([], lists=[Path("far/list.txt")])) == meant
    assert names(Search(["@far/list.txt"])) == meant


def test_a_list_with_nuls_may_name_files_with_line_ends_and_bytes(tmp_path, monkeypatch):
    odd = [b"two\nlines.mp4", b"caf\xe9.mp4", "視頻🎬.mp4".encode()]
    clips(tmp_path, map(os.fsdecode, odd))
    given = SimpleNamespace(buffer=io.BytesIO(b"\0".join(odd) + b"\0"))
    monkeypatch.setattr("sys.stdin", given)
    search = Search(["-"])

    assert [os.fsencode(name) for name in names(search)] == odd
    assert len(names(search)) == 3  # what was read once is known


def test_a_file_that_is_named_twice_is_one_input(tmp_path):
    clips(tmp_path, ["in/a.mp4"])

    assert names(Search(["in/a.mp4", "in", str(tmp_path / "in" / "a.mp4")])) == ["in/a.mp4"]


def test_what_is_named_is_an_input_even_where_it_is_not_there():
    assert names(Search(["gone.mp4", "here.mp4"])) == ["gone.mp4", "here.mp4"]


@pytest.mark.parametrize(
    ("words", "what"),
    [(["@gone.txt"], "cannot be read"), (["http://x/a.mp4", "b.mp4"], "address")],
)
def test_what_cannot_be_meant_is_refused(words, what):
    with pytest.raises(UsageError, match=what):
        Search(words).found()


@pytest.mark.parametrize(
    ("words", "single"),
    [
        (["a.mp4"], True),
        (["http://x/a.mp4"], True),
        (["a.mp4", "b.mp4"], False),
        (["."], False),
        (["-"], False),
        (["@list"], False),
        (["*.mp4"], False),
        ([], False),
    ],
)
def test_one_file_is_told_from_many(words, single):
    assert is_single(words) == single
