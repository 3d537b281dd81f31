"""Memory that was freed: kept for the next frame, and given back to the system in the end."""

from __future__ import annotations

import ctypes
from functools import cache, partial
from typing import Any

# From malloc.h: M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_THRESHOLD in bytes, the last one as large as
# glibc takes it; and M_ARENA_MAX, since a thread's own heap holds a few frames only.
_KEPT = {-1: 1 << 27, -2: 1 << 24, -3: 1 << 25, -8: 1}


def give_back() -> None:
    """Returns what is free within the heap; does nothing where the C library is not glibc.

    libav builds and grows an index entry for every packet of an hour of sound, and glibc keeps the
    holes that this leaves: a run over an hour of 720p held 1.37 times what one over six minutes
    held, 1.24 times with this after each piece, and 1.19 with the sound parts in fragments as well.
    A low M_MMAP_THRESHOLD did more, and made filters a quarter slower.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def keep_pages() -> None:
    """Frames that follow one another lie in the same memory; for glibc, once in a process.

    Left to itself it returns the memory of large tensors and asks for it again with the next ones,
    page by page: 12 to 22 % of the CPU time of a plain filter over 1280x720. `give_back` still
    returns it. For the threads that are started after it.
    """
    setting = _of_libc("mallopt")
    if setting is not None:
        for name, value in _KEPT.items():
            setting(name, value)


def _of_libc(name: str) -> Any:
    try:
        return getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):
        return None


_malloc_trim = cache(partial(_of_libc, "malloc_trim"))
