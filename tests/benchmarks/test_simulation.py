"""What must be true of any cluster is true of the simulated one."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest

from benchmarks.simulation import Cluster, Job, lengths, simulate

JOBS = [Job(cpu, moved=100 * cpu) for cpu in lengths(20_000, 60.0, 1.2, seed=1)]
WORK = sum(job.cpu for job in JOBS)
MOVED = sum(job.moved for job in JOBS)


def test_one_slot_takes_as_long_as_the_work_is():
    outcome = simulate(Cluster(), JOBS)

    assert outcome.seconds == pytest.approx(WORK)
    assert outcome.busy["cores"] == pytest.approx(1.0)
    assert outcome.done == len(JOBS)


@pytest.mark.parametrize("nodes", [1, 2, 5, 16])
def test_twice_the_nodes_are_never_slower_nor_twice_as_quick_and_more(nodes):
    some = Cluster(nodes, slots=2, store=200.0, network=100.0)
    few, many = simulate(some, JOBS), simulate(replace(some, nodes=2 * nodes), JOBS)

    assert few.seconds / 2 - 1e-6 <= many.seconds <= few.seconds + 1e-6


def test_a_store_that_is_full_says_how_long_it_takes():
    outcome = simulate(Cluster(nodes=50, slots=4, store=500.0), JOBS)

    assert MOVED / 500 <= outcome.seconds < 1.05 * MOVED / 500
    assert outcome.first == "store"


def test_a_caller_that_cannot_listen_faster_says_how_long_it_takes():
    outcome = simulate(Cluster(nodes=50, slots=4, entry=20.0), JOBS)

    assert outcome.seconds >= 20 * len(JOBS)
    assert outcome.first == "caller"


def test_no_cluster_is_quicker_than_its_longest_job():
    outcome = simulate(Cluster(nodes=10_000), JOBS)

    assert outcome.seconds == pytest.approx(max(job.cpu for job in JOBS))


def test_the_same_seed_loses_the_same_nodes():
    cluster = Cluster(nodes=8, slots=2, losses=2.0)

    assert simulate(cluster, JOBS, seed=3) == simulate(cluster, JOBS, seed=3)
    assert simulate(cluster, JOBS, seed=3) != simulate(cluster, JOBS, seed=4)


@pytest.mark.parametrize("alone", [True, False])
def test_lost_nodes_cost_work_and_lose_no_job(alone):
    cluster = Cluster(nodes=8, slots=2, losses=2.0, alone=alone)
    lost, calm = simulate(cluster, JOBS, 3), simulate(replace(cluster, losses=0.0), JOBS)

    assert lost.again > 0
    assert lost.done + lost.failed == len(JOBS)
    assert lost.seconds > calm.seconds
    assert (lost.alone > 0) == alone


def test_what_is_done_alone_waits_for_all_others():
    job, long = Job(10.0, 0.0), Job(1000.0, 0.0)
    cluster = Cluster(nodes=2, losses=3600 / 100, back=1.0)
    seed = next(s for s in range(100) if simulate(cluster, [job] * 20, s).again)
    outcome = simulate(cluster, [job] * 20, seed)

    assert outcome.alone >= 10.0
    assert simulate(replace(cluster, losses=0.0), [long, job]).seconds == 1000.0


def test_lengths_are_as_much_as_was_asked_and_few_are_long():
    found = lengths(3600 * 100, 360.0, 1.2, seed=Random(0).randrange(9))
    middle = sorted(found)[len(found) // 2]

    assert math.fsum(found) == pytest.approx(3600 * 100)
    assert 250 < middle < 500
    assert max(found) > 10 * middle
