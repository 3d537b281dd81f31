"""Everything that strangers' code does is done in here: it may fail, hang, or make a mess."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from aigc_edit.api import Stage
from aigc_edit.errors import AigcEditError, PluginError
from aigc_edit.strangers import failure

# What a stage that only waits for a lock or sleeps in steps needs to notice that it is stopped.
_PATIENCE_SECONDS = 1.0


class _TimeUp(BaseException):
    """Raised inside a stage that takes too long; no `except Exception` of its own stops it."""


@dataclass(frozen=True)
class Guard:
    """How stages are watched.

    Attributes:
        timeout: seconds that one call of a stage may take; None for as long as it wants.
        abandon: called where a stage does not even come back when it is interrupted (it sleeps,
            or is deep in somebody's C code); may end the process.
    """

    timeout: float | None = None
    abandon: Callable[[PluginError], None] = lambda _error: None

    @contextmanager
    def around(self, stage: Stage, at: Fraction | None = None) -> Iterator[None]:
        """Turns whatever a stage does wrong into an error that names it and the time.

        Raises:
            PluginError: it raised, took too long, or left the process changed.
        """
        before = _world()
        try:
            with self._alarm(stage, at):
                yield
        except PluginError as error:
            if error.where:
                raise
            where = f"stage {stage.name!r}{_when(at)}"
            raise PluginError(error.what, where=where, cure=error.cure) from error
        except AigcEditError:
            raise
        except _TimeUp:
            raise self._late(stage, at) from None
        except Exception as cause:
            raise failure(stage, cause, _when(at)) from cause
        _ensure_same(stage, before)

    def reported(self, stage: Stage) -> dict[str, float | str]:
        """What a stage has to say of its decisions.

        Raises:
            PluginError: it failed, or said what no record can hold.
        """
        with self.around(stage):
            report = dict(stage.report())
            json.dumps(report)
        return report

    @contextmanager
    def _alarm(self, stage: Stage, at: Fraction | None) -> Iterator[None]:
        if self.timeout is None:
            yield
            return
        alarm = _Alarm(self.timeout, lambda: self.abandon(self._late(stage, at)))
        alarm.start()
        try:
            yield
        finally:
            alarm.stop()

    def _late(self, stage: Stage, at: Fraction | None) -> PluginError:
        return PluginError(
            f"stage {stage.name!r} did not come back within {self.timeout:g} s{_when(at)}",
            cure="Allow it more with --stage-timeout, or report it to its author.",
        )


class _Alarm:
    """Interrupts the thread that started it, unless it is stopped in time."""

    def __init__(self, seconds: float, abandon: Callable[[], None]) -> None:
        self._thread, self._abandon = threading.get_ident(), abandon
        self._lock, self._over = threading.Lock(), threading.Event()
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._over.set()
        with self._lock:  # not while it is being interrupted
            self._timer.cancel()

    def _ring(self) -> None:
        with self._lock:
            if self._over.is_set():
                return
            interrupted = ctypes.c_ulong(self._thread)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(interrupted, ctypes.py_object(_TimeUp))
        if not self._over.wait(_PATIENCE_SECONDS):
            self._abandon()


def _when(at: Fraction | None) -> str:
    return f" at {float(at):.2f} s" if at is not None else ""


def _world() -> dict[str, Any]:
    """What all stages of a process share, and none may change."""
    torch = sys.modules.get("torch")
    shared: dict[str, Any] = {}
    with suppress(OSError):  # a folder that somebody took away
        shared["the working directory"] = os.getcwd()  # noqa: PTH109 -- a string, and quick
    # Another thread may be importing it just now, and what it has by then is not ready.
    importing = getattr(getattr(torch, "__spec__", None), "_initializing", False)
    if torch is not None and not importing:
        shared["torch's default dtype"] = torch.get_default_dtype()
    return shared


def _ensure_same(stage: Stage, before: dict[str, Any]) -> None:
    after = _world()
    changed = [name for name, value in before.items() if after.get(name, value) != value]
    if changed:
        raise PluginError(
            f"stage {stage.name!r} changed {' and '.join(changed)}, which others rely on",
            cure="Report it to its author: a stage keeps its hands off what all share.",
        )
