"""A few kills; `python -m tests.hostile.kills` makes as many as you like."""

from __future__ import annotations

import signal

import pytest

from tests.hostile.kills import Reference, kill_once, make_reference


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> Reference:
    folder = tmp_path_factory.mktemp("kills")
    return make_reference(folder, size=(192, 108), preset="ultrafast")


@pytest.mark.parametrize(
    ("sign", "share"), [(signal.SIGTERM, 0.5), (signal.SIGINT, 0.3), (signal.SIGINT, 0.9)]
)
def test_a_stopped_run_leaves_nothing(reference, tmp_path, sign, share):
    assert kill_once(reference, sign, share * reference.seconds, tmp_path).complaints == ()


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_after_a_kill_the_same_command_gives_the_same_frames(reference, tmp_path, share):
    found = kill_once(reference, signal.SIGKILL, share * reference.seconds, tmp_path)

    assert found.complaints == ()
