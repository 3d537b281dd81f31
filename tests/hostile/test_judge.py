"""The judges themselves: each promise that they watch can be broken, and they see it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aigc_edit.testing import ClipSpec, make_clip
from tests.hostile import outputs, watch
from tests.hostile.child import Limits, Outcome, environment, run_limited
from tests.hostile.corpus import Case
from tests.hostile.judge import Rooms, judged

GOOD_LINE = "aigc-edit: film.mp4: the file is empty. Copy it again.\n"


@pytest.fixture
def rooms(tmp_path) -> Rooms:
    made = Rooms(tmp_path / "out", tmp_path / "cwd")
    made.out.mkdir()
    made.cwd.mkdir()
    return made


def complaints(rooms: Rooms, expect: str, code: int, stderr: str, stdout: str = "") -> str:
    case = Case("", Path("film.mp4"), expect, 60)
    return " ".join(judged(case, Outcome(code, stdout, stderr, 0, 0), rooms))


def test_one_line_that_names_the_file_is_a_good_error(rooms):
    assert complaints(rooms, "error", 1, f"analysis: 36 frames\n{GOOD_LINE}") == ""


@pytest.mark.parametrize(
    ("expect", "code", "stderr", "seen"),
    [
        ("error", 1, "", "0 lines"),
        ("error", 1, "aigc-edit: cannot be read\n", "does not name the file"),
        ("error", 1, GOOD_LINE * 2, "2 lines"),
        ("error", 1, f"Traceback (most recent call last):\n{GOOD_LINE}", "traceback"),
        ("error", 3, GOOD_LINE, "ended with 3"),
        ("any", -11, "", "ended with -11"),
        ("ok", 1, GOOD_LINE, "a result was due"),
        ("error", 1, f"\x1b[31m{GOOD_LINE}", "control characters"),
        ("any", 1, "aigc-edit: unexpected KeyError: film.mp4\n", "nobody foresaw"),
        ("any", 1, f"root:x:0 {GOOD_LINE}", "shows /etc/passwd"),
    ],
)
def test_a_broken_promise_is_seen(rooms, expect, code, stderr, seen):
    assert seen in complaints(rooms, expect, code, stderr)


def test_what_is_left_after_an_error_is_seen(rooms):
    (rooms.out / ".film.x.part").mkdir()
    (rooms.cwd / "stray").write_text("")

    assert "left behind: out/.film.x.part" in complaints(rooms, "error", 1, GOOD_LINE)
    assert "left behind: stray" in complaints(rooms, "error", 1, GOOD_LINE)


def test_a_success_without_a_result_or_a_note_is_seen(rooms):
    said = complaints(rooms, "warn", 0, "")

    assert "0 results" in said
    assert "no note" in said


def test_a_result_that_is_cut_short_does_not_pass_for_whole(tmp_path):
    clip = make_clip(tmp_path / "clip.mkv", ClipSpec(frames=30))
    assert outputs.broken(clip) == ""

    data = bytearray(clip.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 400] = bytes(400)
    clip.write_bytes(data)

    assert outputs.broken(clip) != ""


def test_checksums_tell_one_frame_from_another(tmp_path):
    one = make_clip(tmp_path / "one.mp4", ClipSpec(frames=10))
    two = make_clip(tmp_path / "two.mp4", ClipSpec(frames=10, cuts=(5,)))
    first, second = outputs.checksums(one), outputs.checksums(two)

    assert first == outputs.checksums(one)
    assert sum(a != b for a, b in zip(first, second, strict=True)) >= 5


def test_limits_stop_a_command(tmp_path):
    words = [sys.executable, "-c", "x = bytearray(300 << 20); import time; time.sleep(60)"]
    large = run_limited(words, tmp_path, environment(tmp_path), Limits(50, 200 << 20))
    slow = run_limited(["sleep", "60"], tmp_path, environment(tmp_path), Limits(0.2))

    assert "memory" in large.stopped
    assert "no end" in slow.stopped


def test_the_watcher_sees_networks_and_writes_elsewhere(tmp_path):
    if not watch.available():
        pytest.skip("strace is missing here")
    code = (
        "import socket; s = socket.socket(); s.connect_ex(('127.0.0.1', 9)); "
        "open('/etc/passwd').close(); open('elsewhere', 'w').close()"
    )
    report, room = tmp_path / "report", tmp_path / "room"
    room.mkdir()
    words = watch.watched(
        [sys.executable, "-c", code.replace("elsewhere", f"{tmp_path}/x")], report
    )
    run_limited(words, room, environment(tmp_path), Limits())
    seen = " ".join(watch.reached(report, room))

    assert "reaches for the network" in seen
    assert "opens /etc/passwd" in seen
    assert "writes elsewhere" in seen
