"""Plugins on the command line: named, trusted, listed, started, and kept in their place."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aigc_edit.cli.new_plugin_command import KINDS
from tests.cli.test_cli import called

TALKS = '''
import time
from aigc_edit.api import FrameFilter, Selector, StageOptions, option

class Talks(FrameFilter):
    """Prints at every frame."""
    name = "talks"
    def apply(self, frames):
        print("hello from a plugin")
        return frames

class Sleeps(FrameFilter):
    """Never comes back."""
    name = "sleeps"
    def apply(self, frames):
        time.sleep(1000)

class Says(Selector):
    """Keeps the first second."""
    name = "says"
    class Options(StageOptions):
        word: str = option("well", max_length=9, pattern="[a-z]+", help="What it says.")
    def select(self, edits, tracks):
        return edits.clipped(1)
    def report(self):
        return {"seconds": 1.0, "note": f"{self.options.word}, one second is enough"}

class Ponders(Selector):
    """Never knows how much it keeps."""
    name = "ponders"
    def expected(self, duration):
        time.sleep(1000)
    def select(self, edits, tracks):
        return edits
'''


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch, silent_film):
    monkeypatch.chdir(tmp_path)
    shutil.copy(silent_film, "film.mp4")
    Path("mine").mkdir()
    Path("mine/talks.py").write_text(TALKS)


def pipeline(uses: str, extra: str = "") -> str:
    Path("p.yaml").write_text(f"schema: 1\nname: p\n{extra}stages:\n  - uses: {uses}\n")
    return "p.yaml"


def test_what_a_plugin_prints_is_no_result():
    done = called("run", pipeline("talks"), "film.mp4", "--plugins", "mine")

    assert done.returncode == 0
    assert "hello" not in done.stdout
    assert "hello from a plugin" in done.stderr
    assert done.stdout.startswith("film.p.mp4: 2.0 s from 1 span")


def test_quiet_silences_plugins_too():
    done = called("run", pipeline("talks"), "film.mp4", "--plugins", "mine", "--quiet")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stage_that_never_comes_back_ends_the_run_cleanly():
    before = sorted(Path().iterdir())
    done = called(
        "run", pipeline("sleeps"), "film.mp4", "--plugins", "mine", "--stage-timeout", "500ms"
    )

    assert done.returncode == 1
    assert "'sleeps' did not come back within 0.5 s at 0.00 s" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(Path().iterdir()) == sorted([*before, Path("p.yaml")])


def test_a_plan_does_not_wait_for_ever_either():
    words = ("film.mp4", "--plugins", "mine", "--stage-timeout", "500ms", "--no-cache")
    done = called("plan", pipeline("motion\n  - uses: ponders"), *words)

    assert done.returncode == 1
    assert "'ponders' did not come back within 0.5 s" in done.stderr


def test_what_a_stage_reports_is_in_the_record_and_its_note_is_told():
    done = called("run", pipeline("says"), "film.mp4", "--plugins", "mine/talks.py")
    record = Path("film.p.mp4.run.json").read_text()

    assert "note: says: well, one second is enough" in done.stdout
    assert '"says": {\n   "seconds": 1.0' in record


def test_a_stage_that_stands_twice_reports_twice():
    file = pipeline("says\n  - {uses: says, id: again, with: {word: yes}}")
    done = called("run", file, "film.mp4", "--plugins", "mine")
    record = json.loads(Path("film.p.mp4.run.json").read_text())

    assert set(record["stages"]) == {"says", "again"}
    assert "note: again: yes, one second is enough" in done.stdout


@pytest.mark.parametrize("word", ["UPPER", "muchtoolong"])
def test_options_of_text_have_their_limits(word):
    done = called("check", pipeline(f"says\n    with: {{word: {word}}}"), "--plugins", "mine")

    assert done.returncode == 2
    assert "p.yaml:5:12: word: string should" in done.stderr


@pytest.mark.parametrize("command", [("run",), ("plan",), ("analyze",), ("check",)])
def test_a_strangers_pipeline_runs_no_code_unless_it_is_trusted(command):
    file = pipeline("says", "plugins: [mine]\n")
    words = (*command, file) if command == ("check",) else (*command, file, "film.mp4")
    refused, trusted = called(*words), called(*words, "--trust")

    assert refused.returncode == 2
    assert "p.yaml:3:11: this file wants to run code from mine" in refused.stderr
    assert trusted.returncode == 0


def test_the_list_says_where_each_stage_comes_from_and_what_is_broken():
    Path("mine/broken.py").write_text("import nothing_of_the_kind\n")
    listed = called("stages", "--plugins", "mine")
    explained = called("stages", "says", "--plugins", "mine")

    assert listed.returncode == 1
    assert "[mine/talks.py]" in listed.stdout
    assert (
        "mine/broken.py:1: plugin broken needs the package 'nothing_of_the_kind'" in listed.stderr
    )
    assert "pip install nothing_of_the_kind" in listed.stderr
    assert explained.stdout.startswith("says (select, version 1, from mine/talks.py)")


@pytest.mark.parametrize("wrong", ["context = '2'", "max_batch = None", "pixels = ['rgb']"])
def test_a_class_that_declares_itself_wrongly_hides_no_other_stage(wrong):
    text = "from aigc_edit.api import FrameFilter\nclass Grain(FrameFilter):\n    'Grain.'\n"
    apply = "    def apply(self, frames): return frames\n"
    Path("mine/grain.py").write_text(f"{text}    name = 'grain'\n    {wrong}\n{apply}")
    listed = called("stages", "--plugins", "mine")
    attribute = wrong.partition(" ")[0]

    assert listed.returncode == 1
    assert "[mine/talks.py]" in listed.stdout
    assert "best_moments" in listed.stdout
    assert f"mine/grain.py:2: stage 'grain': `{attribute}` is " in listed.stderr


def test_a_broken_plugin_is_told_of_and_the_run_goes_on():
    Path("mine/broken.py").write_text("1 / 0\n")
    done = called("run", pipeline("says"), "film.mp4", "--plugins", "mine")

    assert done.returncode == 0
    assert "mine/broken.py:1: plugin broken cannot be loaded" in done.stderr


def test_new_plugins_install_and_pass_their_own_tests(tmp_path):
    names = [f"my_{kind}" for kind in KINDS]
    for name, kind in zip(names, KINDS, strict=True):
        assert called("new-plugin", name, "--kind", kind).returncode == 0
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*pip, "--target", str(site), *(f"./{name}" for name in names)],
        check=True,
        capture_output=True,
        timeout=240,
    )
    fresh = {"PYTHONPATH": str(site), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    listed = subprocess.run(
        [sys.executable, "-m", "aigc_edit", "stages"],
        env=fresh,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    for name in names:
        tested = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
            cwd=tmp_path / name,
            env=fresh,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert tested.returncode == 0, tested.stdout
        assert int(tested.stdout.split(" passed")[0].split()[-1]) > 10
        assert re.search(rf"\b{name}\b.*aigc-edit-{name.replace('_', '-')}", listed), listed


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("Grain",), "cannot be the name of a stage"),
        (("../grain",), "cannot be the name of a stage"),
        (("grade",), "aigc-edit has a stage 'grade' already"),
        (("mine",), "this exists already"),
    ],
)
def test_a_new_plugin_takes_nobodys_place(words, told):
    done = called("new-plugin", *words)

    assert done.returncode == 2
    assert told in done.stderr
