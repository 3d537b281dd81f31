"""What a worker makes of what happens to it."""

from __future__ import annotations

import pytest

from aigc_edit.batch.worker import ran_out_of_memory
from aigc_edit.errors import PluginError


def caused_by(cause: BaseException) -> PluginError:
    error = PluginError("stage failed")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "memory"),
    [
        (MemoryError(), True),
        (caused_by(MemoryError()), True),
        (caused_by(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")), True),
        (caused_by(ValueError("wrong")), False),
        (PluginError("stage failed"), False),
    ],
)
def test_a_lack_of_memory_is_known_whoever_tells_it(error, memory):
    assert ran_out_of_memory(error) == memory
