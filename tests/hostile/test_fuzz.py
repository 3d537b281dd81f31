"""Random damage to small files; `make fuzz` does the same to many more."""

from __future__ import annotations

from tests.hostile.fuzz import fuzzed
from tests.hostile.mutants import mutant

MUTANTS = 80


def test_mutants_never_crash_hang_swell_or_leave_files(tmp_path):
    ends, findings = fuzzed(MUTANTS, seed=1, folder=tmp_path)

    assert findings == []
    assert sum(ends.values()) == MUTANTS
    # Both kinds of end occur, so that neither check is idle.
    assert ends["ok"] > MUTANTS / 10
    assert ends["error"] > MUTANTS / 10


def test_a_mutant_is_the_same_for_the_same_seed():
    data = bytes(range(256)) * 40

    assert mutant(data, 7, seed=1) == mutant(data, 7, seed=1)
    assert mutant(data, 7, seed=1) != mutant(data, 7, seed=2)
