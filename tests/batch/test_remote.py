"""Inputs and outputs by URL: on a disk, in an object store, on a drive that renames."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from pathlib import Path
from types import SimpleNamespace

import fsspec
import pytest

from aigc_edit.batch import (
    BatchOptions,
    Remote,
    Search,
    is_remote,
    kept_for,
    places,
    remote,
    where_is,
)
from aigc_edit.batch.places import RemoteState
from aigc_edit.batch.remote import below, matching
from aigc_edit.cli import main
from aigc_edit.cli.batch_report import report
from aigc_edit.engine import RunOptions, run
from aigc_edit.errors import UsageError
from aigc_edit.pipeline import pipeline_from_text
from tests.batch import folders, stores
from tests.batch.folders import CUT, broken, called, clips, marks, started, states, waited
from tests.batch.here import batch_here
from tests.batch.stores import Bucket, Drive, fault, requests

NAMES = ["a.mp4", "sub/b.mp4"]
LISTED = CUT.replace("output:", "  - uses: edit_list\noutput:")
SECRET = "geheim"


@pytest.fixture(autouse=True)
def scratch(tmp_path, monkeypatch) -> Path:
    """Where copies are made, and nothing else."""
    found = stores.installed(tmp_path / "installed")
    monkeypatch.setattr(folders, "PATH", os.pathsep.join([str(found), folders.PATH]))
    monkeypatch.setattr(remote, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setenv(stores.VARIABLE, str(tmp_path / "store"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for kind in (Bucket, Drive):
        fsspec.register_implementation(kind.protocol, kind, clobber=True)
    monkeypatch.chdir(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "cut.yaml").write_text(LISTED)
    return scratch


@pytest.fixture
def store(tmp_path) -> Path:
    """A store with two clips in `in/`."""
    clips(tmp_path / "store" / "in", NAMES)
    return tmp_path / "store"


def made(folder: Path) -> list[str]:
    """All files below a folder, by name, hidden ones, too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def asked(verb: str) -> list[str]:
    return [line.partition(" ")[2] for line in requests() if line.startswith(f"{verb} ")]


def record(path: Path) -> dict:
    return json.loads(path.read_text("utf-8"))


# The whole command


def test_a_folder_by_its_url_becomes_a_folder_by_its_url(tmp_path, scratch, capsys):
    odd = ["視頻 🎬.mp4", os.fsdecode(b"caf\xe9.mp4"), "sub/with#and%20.mp4"]
    clips(tmp_path / "in", odd)
    broken(tmp_path / "in" / "bad.mp4")
    here, there = f"file://{tmp_path}/in/", f"file://{tmp_path}/out/"
    done = called("run", "cut.yaml", here, "-o", there, "--jobs", "1", cwd=tmp_path)
    out = tmp_path / "out"
    results = sorted(out.rglob("*.mp4"))
    before = marks(results)
    alone = run(pipeline_from_text(CUT), tmp_path / "in" / odd[0], "alone.mp4", RunOptions("cpu"))
    noted = record(out / "視頻 🎬.cut.mp4.run.json")
    again = called("run", "cut.yaml", here, "-o", there, "--quiet", cwd=tmp_path)
    assert main(["status", there]) == 0

    assert done.returncode == again.returncode == 3
    assert "3 done, 1 failed" in done.stdout
    assert "fetch" in done.stdout
    assert f"failed: {here}bad.mp4: not a media file" in done.stdout
    assert alone.output.read_bytes() == (out / "視頻 🎬.cut.mp4").read_bytes()
    assert len(results) == 3
    assert noted["source"]["path"] == f"{here}視頻 🎬.mp4"
    assert noted["source"]["state"]["bytes"] == (tmp_path / "in" / odd[0]).stat().st_size
    assert noted["output"]["path"] == f"{there}視頻 🎬.cut.mp4"
    assert not [name for name in made(out) if bytes(scratch) in (out / name).read_bytes()]
    assert marks(results) == before
    assert sorted(states(out).values()) == ["failed", *["up to date"] * 3]
    assert "3 done" in capsys.readouterr().out
    assert made(scratch) == []


def test_a_run_that_is_killed_while_it_puts_leaves_nothing_under_a_final_name(
    tmp_path, store, scratch
):
    words = ("run", "cut.yaml", "drive://in/a.mp4", "-o", "drive://out/", "--quiet")
    hold = fault("hold", "put_file")
    hold.write_text("a.cut.mp4")
    with started(*words, cwd=tmp_path) as process:
        waited(store.with_suffix(".held").exists)
        left = made(scratch)
        process.send_signal(signal.SIGKILL)
        process.wait()
    hold.unlink()
    half = made(store / "out")
    again = called(*words, cwd=tmp_path)

    assert left != []
    assert [(name[0], name[-5:]) for name in half] == [(".", ".part")] * 2  # edit list and film
    assert again.returncode == 0, again.stderr
    assert made(store / "out") == [
        *("a.cut.mp4", "a.cut.mp4.run.json", "a.cut.otio", "summary.csv", "summary.json")
    ]
    assert made(scratch) == []


def test_a_run_that_is_stopped_leaves_no_copies(tmp_path, store, scratch):
    fault("hold", "get_file")
    words = ("run", "cut.yaml", "bucket://in", "-o", "out", "--jobs", "1", "--quiet")
    with started(*words, cwd=tmp_path) as process:
        waited(store.with_suffix(".held").exists)
        process.send_signal(signal.SIGINT)
        process.wait()

    assert [*scratch.iterdir()] == []
    assert set(states(tmp_path / "out").values()) == {"waiting"}


def test_a_password_is_told_to_nobody(tmp_path, store, capsys):
    url, out = f"bucket://me:{SECRET}@in", f"drive://me:{SECRET}@out"
    fault("deny", "info")
    assert main(["run", "cut.yaml", url, "-o", out, "--debug"]) == 2
    refused = capsys.readouterr().err
    fault("deny", "get_file")
    summary, _ = in_store(tmp_path, source=url, out=out)
    summary.write()
    told = "\n".join(report(summary))
    kept = kept_for(Remote.named(out))
    written = [p for folder in (kept, store) for p in folder.rglob("*") if p.is_file()]

    assert "Traceback" in refused
    assert "drive://out: 403: the key *** opens nothing" in refused
    assert "1 done, 1 failed" in told
    assert "bucket://in/a.mp4: 403: the key *** opens nothing" in told
    assert {"batch.sqlite", "summary.json", "b.mp4.mp4.run.json"} <= {p.name for p in written}
    assert not [p for p in written if SECRET.encode() in p.read_bytes()]
    assert SECRET not in refused + told


REFUSED = {
    "a package that is missing": (["s3://b/in", "-o", "out"], "pip install 'aigc-edit[cloud]'"),
    "the same for results": (["in", "-o", "gs://b/out"], "the package for gs:// is not installed"),
    "a protocol that nobody knows": (["foo://b", "-o", "out"], "nobody knows foo://"),
    "memory of one process": (["memory://in", "-o", "out"], "a memory:// of its own"),
    "results in such memory": (["in", "-o", "memory://out"], "a memory:// of its own"),
    "URLs within URLs": (["zip://a::bucket://in", "-o", "out"], "URLs within URLs"),
    "a URL of nothing": (["bucket://", "-o", "out"], "names no folder"),
    "a folder that is not there": (
        ["bucket://no", "-o", "out"],
        "bucket://no: nothing is in there",
    ),
    "a pattern that matches nothing": (["bucket://in/*.mov", "-o", "out"], "nothing is in there"),
    "a pattern that begins nowhere": (["file:///*.mp4", "-o", "out"], "names no folder"),
    "no films": (["bucket://me:geheim@in/texts", "-o", "out"], "no video among 1 file"),
    "a file for results": (["bucket://in", "-o", "bucket://o.mp4"], "cannot hold several results"),
    "two for one output": (["bucket://in/a.mp4", "in/a.mp4", "-o", "out"], "would write one file"),
    "results over sources": (
        ["in/a.mp4", "-o", "file://in", "--name", "{stem}"],
        "written over another input",
    ),
    "no network": (["bucket://in", "-o", "out", "--offline"], "--offline and a URL"),
    "looking for arrivals": (["bucket://in", "-o", "out", "--watch"], "folders of this machine"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused_in_one_line(case, tmp_path, store, capsys):
    words, told = REFUSED[case]
    clips(tmp_path / "in", ["a.mp4"])
    (store / "in" / "texts").mkdir()
    (store / "in" / "texts" / "notes.txt").write_text("none")
    code = main(["run", "cut.yaml", *words])
    err = capsys.readouterr().err

    assert code == 2
    assert told in err
    assert SECRET not in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("protocol", ["bucket", "drive"])
def test_a_store_that_takes_nothing_is_told_before_anything_runs(tmp_path, store, capsys, protocol):
    fault("deny", "put_file")
    words = ["run", "cut.yaml", f"{protocol}://in", "-o", f"{protocol}://out"]

    assert main(words) == 1
    assert f"{protocol}://out: 403" in capsys.readouterr().err
    assert asked("get_file") == []
    assert not (store / "out").exists() or made(store / "out") == []


# What is done, and what is not


def in_store(tmp_path: Path, options: BatchOptions | None = None, **ends: str):
    ends = {"source": "bucket://in", "out": "bucket://out"} | ends
    return batch_here(tmp_path, options, text=LISTED, **ends)


ENDS = {
    "from a store to a store": {},
    "from a store to a disk": {"out": "out"},
    "from a disk to a store": {"source": "store/in"},
    "from a store to a drive": {"out": "drive://out"},
}


@pytest.mark.parametrize("ends", ENDS)
def test_what_is_up_to_date_is_told_by_its_record_and_not_fetched(ends, tmp_path, store):
    first, _ = in_store(tmp_path, **ENDS[ends])
    fetches, puts = asked("get_file"), asked("put_file")
    os.utime(store / "in" / "a.mp4")
    second, here = in_store(tmp_path, **ENDS[ends])
    clips(store / "in", ["sub/b.mp4"], frames=20)
    third, _ = in_store(tmp_path, **ENDS[ends])

    assert first.counts() == {"done": 2}
    assert second.counts() == {"up to date": 2}
    assert here.tasks == []
    assert third.counts() == {"up to date": 1, "done": 1}
    assert asked("get_file")[len(fetches) :] == (["in/sub/b.mp4"] if fetches else [])
    assert len(asked("put_file")) == len(puts) * 3 // 2
    if puts:
        assert asked("cat_file")


def test_what_nobody_can_tell_to_be_unchanged_is_made_again(tmp_path, store, monkeypatch):
    in_store(tmp_path)
    path = store / "out" / "a.mp4.mp4.run.json"
    noted = record(path)
    del noted["source"]["state"]
    path.write_text(json.dumps(noted))
    silent, _ = in_store(tmp_path)
    monkeypatch.setattr(places, "_VERSIONS", ())
    without_tags, _ = in_store(tmp_path)

    assert silent.counts() == {"done": 1, "up to date": 1}
    assert without_tags.counts() == {"done": 2}


def test_a_film_that_is_not_the_one_of_its_record_is_made_again(tmp_path, store):
    in_store(tmp_path)
    (store / "out" / "a.mp4.mp4").write_bytes(b"another")
    summary, here = in_store(tmp_path)

    assert here.tasks == ["a.mp4"]
    assert summary.counts() == {"done": 1, "up to date": 1}


def test_results_in_the_folder_of_the_sources_and_below_are_no_sources(tmp_path, store):
    first, _ = in_store(tmp_path, out="bucket://in")
    second, here = in_store(tmp_path, out="bucket://in")
    third, _ = in_store(tmp_path, out="bucket://in/out")
    fourth, _ = in_store(tmp_path, out="bucket://in/out")

    assert len(first.entries) == len(second.entries) == 2
    assert here.tasks == []
    assert third.counts() == {"done": 4}  # results of another folder are films like others
    assert fourth.counts() == {"up to date": 4}


@pytest.mark.parametrize("out", ["out", "bucket://out"])
def test_a_result_of_another_source_is_not_written_over(out, tmp_path, store):
    in_store(tmp_path, out=out)
    clips(store / "other", ["a.mp4"], frames=20)
    refused, _ = in_store(tmp_path, source="bucket://other", out=out)
    forced, _ = in_store(tmp_path, BatchOptions(force=True), source="bucket://other", out=out)
    (store / "other" / "a.mp4").unlink()
    after, _ = in_store(tmp_path, out=out)

    assert "holds the result of bucket://in/a.mp4" in refused.of("failed")[0].reason
    assert forced.counts() == {"done": 1}
    assert after.counts() == {"done": 1, "up to date": 1}


def test_bad_luck_that_passes_is_not_even_told(tmp_path, store):
    for kind, verb in (
        ("fail", "get_file"),
        ("short", "get_file"),
        ("change", "get_file"),
        ("fail", "put_file"),
        ("short", "put_file"),
        ("fail", "mv"),
    ):
        fault(kind, verb)
    summary, _ = in_store(tmp_path, out="drive://out")

    assert summary.counts() == {"done": 2}
    assert len(asked("get_file")) == 5
    assert len(made(store / "out")) == 6
    assert [*store.with_suffix(".faults").iterdir()] == []


@pytest.mark.parametrize(
    ("kind", "verb", "protocol", "told"),
    [
        ("fail", "get_file", "bucket", "bucket://in/a.mp4: 500: out of luck"),
        ("short", "get_file", "bucket", "bytes came"),
        ("change", "get_file", "bucket", "it changed while it was fetched"),
        ("fail", "put_file", "bucket", "500: out of luck"),
        ("short", "put_file", "bucket", "bytes arrived"),
        ("fail", "put_file", "drive", "500: out of luck"),
        ("short", "put_file", "drive", "bytes arrived"),
        ("fail", "mv", "drive", "connection lost"),
    ],
)
def test_bad_luck_that_stays_is_a_failure_that_leaves_nothing(
    tmp_path, store, scratch, kind, verb, protocol, told
):
    fault(kind, verb, times=4)
    summary, _ = in_store(tmp_path, source="bucket://in/a.mp4", out=f"{protocol}://out")

    assert summary.counts() == {"failed": 1}
    assert told in summary.entries[0].reason
    assert made(scratch) == []
    assert not (store / "out").exists() or made(store / "out") == []


def test_a_disk_without_room_for_a_copy_stops_the_batch(tmp_path, store, scratch, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100))
    summary, here = in_store(tmp_path)

    assert here.tasks == ["a.mp4"]
    assert summary.counts() == {"waiting": 2}
    assert summary.exit_code == 1
    assert "TMPDIR" in summary.stopped
    assert str(scratch) in summary.stopped
    assert asked("get_file") == asked("put_file") == []


def test_errors_of_a_run_name_what_is_elsewhere(tmp_path, store, scratch):
    broken(store / "in" / "bad.mp4")
    summary, _ = in_store(tmp_path)
    reason = summary.of("failed")[0].reason

    assert summary.counts() == {"done": 2, "failed": 1}
    assert reason.startswith("bucket://in/bad.mp4: not a media file")
    assert str(scratch) not in reason


def test_files_beside_a_result_name_the_source_where_it_is(tmp_path, store, scratch):
    clips(store / "in", ['odd "name"/ä ö.mp4'])
    in_store(tmp_path)
    there = store / "out" / 'odd "name"'
    cut = json.loads((there / "ä ö.mp4.otio").read_text("utf-8"))

    assert "bucket://in/odd%20%22name%22/%C3%A4%20%C3%B6.mp4" in json.dumps(cut)
    noted = record(there / "ä ö.mp4.mp4.run.json")
    assert noted["source"]["path"] == 'bucket://in/odd "name"/ä ö.mp4'
    assert noted["output"]["path"] == 'bucket://out/odd "name"/ä ö.mp4.mp4'
    assert [cost["pass"] for cost in noted["passes"]] == ["fetch", "render", "mux", "check"]
    assert not [n for n in made(store) if bytes(scratch) in (store / n).read_bytes()]


# What is found, and its names


def test_patterns_match_as_those_of_this_machine(store):
    clips(store / "in", ["sub/deep/c.mp4", "x.mov", ".hidden/d.mp4"])
    root = Remote.named("bucket://in")

    def found(pattern: str) -> list[str]:
        fixed, files = matching(Remote.named(f"bucket://in/{pattern}"))
        assert fixed == root
        return [str(file.relative_to(fixed)) for file in files]

    assert found("*.mp4") == ["a.mp4"]
    assert found("**/*.mp4") == ["a.mp4", "sub/b.mp4", "sub/deep/c.mp4"]
    assert found("*/[a-c].mp4") == ["sub/b.mp4"]
    assert found("?.mo*") == ["x.mov"]
    listed = len(asked("ls"))
    assert found("*.mp4") == ["a.mp4"]
    assert len(asked("ls")) == listed + 1  # nobody looks deeper than the pattern does


def test_links_on_a_disk_lead_to_files_and_in_no_circle(tmp_path):
    clips(tmp_path / "in", ["a.mp4"])
    (tmp_path / "in" / "linked.mp4").symlink_to(tmp_path / "in" / "a.mp4")
    (tmp_path / "in" / "gone.mp4").symlink_to("nowhere")
    (tmp_path / "in" / "circle").symlink_to(tmp_path / "in")
    files = below(Remote.named(f"file://{tmp_path}/in"))

    assert [file.name for file in files] == ["a.mp4", "linked.mp4"]
    assert files[0].state == files[1].state == remote.state_of(files[0])


def test_lists_name_urls_as_well(tmp_path, store):
    clips(tmp_path / "here", ["c.mp4"])
    (tmp_path / "list").write_text("bucket://in/a.mp4\nhere/c.mp4\n")
    found = Search(["@list"]).found().inputs

    assert [str(given.path) for given in found] == ["bucket://in/a.mp4", "here/c.mp4"]
    assert found[0].path.state == remote.state_of(Remote.named("bucket://in/a.mp4"))


def test_what_cannot_be_listed_is_an_error_and_not_an_empty_folder(store):
    fault("deny", "ls")
    with pytest.raises(UsageError, match="403"):
        below(Remote.named("bucket://in"))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://bucket/clips/", True),
        ("file:///data", True),
        ("https://host/film.mp4", False),
        ("s3:/bucket", False),
        ("clips/a.mp4", False),
        ("@list", False),
    ],
)
def test_urls_are_known_by_their_form(text, url):
    assert is_remote(text) == url


def test_a_path_that_looks_like_a_url_is_a_path_where_it_is_there(tmp_path):
    (tmp_path / "odd:").mkdir()
    (tmp_path / "odd:" / "a.mp4").touch()

    assert where_is("odd://a.mp4") == Path("odd:/a.mp4")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("sftp://me:p@ss:word@host:22/a@b:c.mp4", "sftp://host:22/a@b:c.mp4"),
        ("sftp://me@host/a.mp4", "sftp://me@host/a.mp4"),
        ("abfs://container@account/a.mp4", "abfs://container@account/a.mp4"),
        ("s3://bucket/me:you@home.mp4", "s3://bucket/me:you@home.mp4"),
    ],
)
def test_urls_are_told_without_what_is_secret(given, told):
    place = Remote.named(given)

    assert str(place) == repr(place) == told
    assert str(place.parent / place.name) == told
    assert kept_for(place) == kept_for(Remote.named(told))


def test_states_are_told_by_the_surest_word(store):
    by_tag = RemoteState.of({"size": 3, "ETag": '"x"', "LastModified": "monday"})

    assert by_tag == RemoteState.of({"size": 3, "ETag": '"x"', "LastModified": "tuesday"})
    assert by_tag != RemoteState.of({"size": 3, "ETag": '"y"', "LastModified": "monday"})
    assert RemoteState.of({"size": 3, "mtime": 0.0}).version == "mtime 0.0"
    assert RemoteState.of({"size": 3}).version == ""
