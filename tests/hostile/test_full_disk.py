"""A disk that is full at a few moments; `python -m tests.hostile.full_disk` tries forty."""

from __future__ import annotations

import pytest

from tests.hostile.full_disk import Work, can_mount, make_work, no_space, spread, too_large


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Work:
    return make_work(tmp_path_factory.mktemp("full"))


def test_files_that_may_not_grow_are_one_clear_error(work, tmp_path):
    found = list(too_large(work, spread(2, 0.98), tmp_path))

    assert [s.complaints for s in found] == [(), ()]


def test_a_full_disk_is_one_clear_error(work, tmp_path):
    if not can_mount(tmp_path):
        pytest.skip("no file system can be mounted here")
    found = list(no_space(work, [0.5], tmp_path))

    assert [s.complaints for s in found] == [()]
