"""Signals of a command, beside a library that takes them for itself."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def own_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; what the command does with signals stays."""
    ours = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Has a signal wait for the end of a short call: what its handler raises in a destructor of
    Ray's would be lost. A second one does not wait."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            _raise_again()

    def _raise_again() -> None:
        for number, handler in ours.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came.pop())

    ours = {number: signal.signal(number, remember) for number in _SIGNALS}
    try:
        yield
    finally:
        _raise_again()
