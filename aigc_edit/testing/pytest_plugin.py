"""The kit in pytest: a test for each promise of each stage.

    @pytest.mark.stages([Grain, (Sepia, {"strength": 0.5})])
    def test_keeps_its_promises(promise):
        promise()

Loaded by pytest wherever aigc-edit is installed; imports nothing until a test asks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pytest


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
            check = partial(_assert_kept, subject, promise)
            yield pytest.param(check, id=f"{name}-{promise.name}")


def _assert_kept(subject: Any, promise: Any) -> None:
    """Fails in the kit's own words; skips what cannot be seen yet."""
    from aigc_edit.testing.kit import UnseenPromiseError, broken_promise

    error = broken_promise(subject, promise)
    if isinstance(error, UnseenPromiseError):
        pytest.skip(str(error))
    if error is not None:
        pytest.fail(str(error), pytrace=False)
