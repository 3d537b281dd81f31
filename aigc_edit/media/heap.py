"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


def give_back() -> None:
    """Returns what is free within the heap; does nothing where the C library is not glibc.

    libav builds and grows an index entry for every packet of an hour of sound, and glibc keeps the
    holes that this leaves: a run over an hour of 720p held 1.37 times what one over six minutes
    held, 1.24 times with this after each piece, and 1.19 with the sound parts in fragments as well.
    M_MMAP_THRESHOLD did more, and made filters a quarter slower.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
