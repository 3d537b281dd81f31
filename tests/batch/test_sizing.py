"""How many jobs at a time."""

from __future__ import annotations

import pytest

from aigc_edit.batch import Cost, Sizing
from aigc_edit.batch.sizing import cores, free_memory

GIB = 1 << 30


def sizing(
    most: int | None = None, count: int = 100, devices: tuple[str, ...] = ("cpu",)
) -> Sizing:
    return Sizing(most, count, devices, cores=16, memory=20 * GIB)


def test_there_is_a_job_for_each_core_and_no_more_than_there_are_files():
    assert sizing().jobs == 16
    assert sizing().threads == 1
    assert sizing(count=4).jobs == 4
    assert sizing(count=4).threads == 4


def test_memory_is_what_the_largest_job_took_so_far():
    here = sizing()
    for peak in (1 * GIB, 4 * GIB, 2 * GIB):
        here.learn(Cost(peak=peak))

    assert here.jobs == 4
    here.learn(Cost(peak=100 * GIB))
    assert here.jobs == 1


def test_where_nobody_says_how_much_memory_there_is_cores_count():
    assert Sizing(None, 100, ("cpu",), cores=16, memory=0).jobs == 16


def test_a_number_that_is_asked_for_is_taken_as_it_is():
    here = sizing(most=40, devices=("cuda:0",))
    here.learn(Cost(peak=100 * GIB, device_peak=70 * GIB, device_memory=80 * GIB))

    assert here.jobs == 40
    assert here.threads == 1


def test_an_accelerator_has_one_job_until_it_is_known_that_more_fit():
    here = sizing(devices=("cuda:0", "cuda:1"))
    assert here.jobs == 2
    here.learn(Cost(peak=GIB, device_peak=20 * GIB, device_memory=80 * GIB))
    assert here.jobs == 6
    here.learn(Cost(peak=GIB, device_peak=70 * GIB, device_memory=80 * GIB))
    assert here.jobs == 2


def test_a_pipeline_that_uses_no_accelerator_is_not_held_back_by_one():
    here = sizing(devices=("cuda:0",))
    here.learn(Cost(peak=GIB))

    assert here.jobs == 16


def test_this_machine_has_cores_and_memory():
    assert cores() >= 1
    assert free_memory() > 100 << 20 or free_memory() == 0


@pytest.mark.parametrize("device", ["cpu"])
def test_sizing_for_this_machine(device):
    assert 1 <= Sizing.here(None, 3, device).jobs <= 3
