"""Memory of frames is kept while they follow one another, and given back in the end."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="no glibc, whose heap this is about"
)

_MOST_HELD = 20  # megabytes; two frames of what the trial makes
# Tensors as large as frames of 720p, in a thread; megabytes that are held after all have gone.
_TRIAL = """
import resource
import threading
import torch
from aigc_edit.media import give_back, keep_pages

def frames():
    for _ in range(20):
        made = [torch.ones(3, 720, 1280) for _ in range(4)]

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() >> 20

before = held()
keep_pages()
thread = threading.Thread(target=frames)
thread.start()
thread.join()
kept = held() - before
give_back()
print(kept, held() - before)
"""


def test_what_is_kept_for_the_next_frame_is_given_back_when_none_comes():
    done = subprocess.run(
        [sys.executable, "-c", _TRIAL], capture_output=True, text=True, check=True, timeout=60
    )
    kept, held = map(int, done.stdout.split())

    assert kept > 2 * _MOST_HELD
    assert held < _MOST_HELD
