"""What a pass costs is told by two lengths of a film."""

from __future__ import annotations

import math

import pytest

from benchmarks.costs import Costs, Line, PassCosts, line_through


@pytest.mark.parametrize(
    ("costs", "line"),
    [
        ((3.0, 3.0), Line(3.0, 0.0)),
        ((2.0, 5.0), Line(1.0, 0.1)),
        ((1.0, 4.0), Line(0.0, 0.1)),
        ((4.0, 3.0), Line(3.0, 0.0)),  # noise: nothing gets cheaper with length
        ((0.5, 4.0), Line(0.0, 0.1)),  # nor is a file without length a gift
    ],
)
def test_a_cost_is_for_each_file_and_for_each_second_and_never_below_nothing(costs, line):
    found = line_through([10.0, 40.0], list(costs))

    assert (found.each, found.more) == pytest.approx((line.each, line.more))
    assert found.at(40.0) == pytest.approx(costs[1])


def test_what_is_kept_of_a_long_film_costs_no_more_than_of_a_short_one():
    passes = {
        "analysis": PassCosts(of_source=True, cpu=Line(1.0, 0.5), peak=10),
        "render": PassCosts(of_source=False, cpu=Line(0.0, 2.0), peak=20),
    }
    costs = Costs(passes, 1.0, 60.0, read=Line(0.0, 3.0), moved=Line(0.0, 1.0), begin=1.0)

    assert costs.cpu_of(30.0) == 1 + 15 + 60
    assert costs.cpu_of(3600.0) == 1 + 1800 + 120
    assert math.isclose(costs.peak, 20)
