"""The kit in pytest: a test for each promise of each stage.

    @pytest.mark.stages([Grain, (Sepia, {"strength": 0.5})])
    def test_keeps_its_promises(promise):
        promise()

With `works`, how long a frame takes becomes the property `seconds_per_frame` of the test's report;
a summary tells it, unless pytest is quiet.

Loaded by pytest wherever aigc-edit is installed; imports nothing until a test asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

_SECONDS = "seconds_per_frame"


@dataclass
class _Check:
    """What `promise` is in a test: raises where a stage does not keep it.

    Attributes:
        seconds: that a frame took, once a stage has been seen to work.
    """

    subject: Any
    promise: Any
    seconds: float | None = None

    def __call__(self) -> None:
        """Fails in the kit's own words; skips what cannot be seen yet."""
        from aigc_edit.testing.kit import UnseenPromiseError, broken_promise, seconds_per_frame

        error = broken_promise(self.subject, self.promise)
        if isinstance(error, UnseenPromiseError):
            pytest.skip(str(error))
        if error is not None:
            pytest.fail(str(error), pytrace=False)
        if self.promise.name == "works":
            with suppress(Exception):  # one that fails the second time breaks `same_again`
                self.seconds = seconds_per_frame(self.subject)


def pytest_configure(config: pytest.Config) -> None:
    words = "stages(list, tracks=()): check classes, or (class, options), by aigc-edit's kit"
    config.addinivalue_line("markers", words)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Makes `promise` a test for each promise of each stage that the mark names."""
    if "promise" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("stages")
    if mark is None:
        raise pytest.UsageError("`promise` needs @pytest.mark.stages(...)")
    (stages,) = mark.args
    tracks = mark.kwargs.get("tracks", ())
    metafunc.parametrize("promise", list(_promises(stages, tracks)))


def pytest_pycollect_makeitem(name: str, obj: object) -> None:
    """Notices `stages(Grain)`: pytest takes a lone class for the marked thing; the test is gone."""
    api = sys.modules.get("aigc_edit.api")
    if name.startswith("test") and api is not None and isinstance(obj, api.Stage):
        raise pytest.UsageError(f"{name}: write @pytest.mark.stages([{type(obj).__name__}])")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Notes the time of a stage that works, before the report is made."""
    check = getattr(getattr(item, "callspec", None), "params", {}).get("promise")
    if call.when == "call" and isinstance(check, _Check) and check.seconds is not None:
        item.user_properties.append((_SECONDS, check.seconds))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = terminalreporter.stats.get("passed", ())
    noted = [(r.nodeid, v) for r in passed for name, v in r.user_properties if name == _SECONDS]
    if noted and terminalreporter.verbosity >= 0:
        terminalreporter.section("milliseconds a frame")
        for name, seconds in noted:
            terminalreporter.line(f"{1000 * seconds:8.1f}  {name}")


def _promises(stages: Sequence[Any], tracks: Any) -> Iterator[Any]:
    from aigc_edit.errors import AigcEditError
    from aigc_edit.testing.kind_promises import promises_of
    from aigc_edit.testing.kit import subject_of

    for number, given in enumerate(stages):
        stage, options = given if isinstance(given, tuple) else (given, None)
        try:
            subject = subject_of(stage, options, tracks=tracks)
        except AigcEditError as error:
            raise pytest.Collector.CollectError(str(error)) from None
        name = f"{stage.name}{number + 1}" if options else stage.name
        for promise in promises_of(stage):
            yield pytest.param(_Check(subject, promise), id=f"{name}-{promise.name}")
