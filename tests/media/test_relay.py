"""A thread that runs ahead: same items, same errors, and it never outlives its `with`."""

from __future__ import annotations

import threading
import time

import pytest

from aigc_edit.media import ahead


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "ahead"]


def _noted(items, seen: list) -> None:
    for item in items:
        seen.append(item)  # noqa: PERF402 -- item by item, as an error may come


@pytest.mark.parametrize("depth", [1, 4, 100])
def test_items_come_in_order(depth):
    with ahead(range(50), depth) as items:
        assert list(items) == list(range(50))
    assert threads() == []


def test_nothing_comes_of_nothing():
    with ahead(()) as items:
        assert list(items) == []


def test_none_is_an_item_like_any_other():
    with ahead([None, 0, None]) as items:
        assert list(items) == [None, 0, None]


def test_items_are_made_in_another_thread():
    def made():
        yield threading.current_thread()

    with ahead(made()) as items:
        assert next(items) is not threading.current_thread()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_an_error_in_the_thread_is_raised_after_what_was_made_before(error):
    def broken():
        yield 1
        yield 2
        raise error("here")

    seen = []
    with pytest.raises(error, match="here"), ahead(broken()) as items:
        _noted(items, seen)
    assert seen == [1, 2]
    assert threads() == []


def test_leaving_early_stops_the_thread_and_closes_the_generator():
    closed = []

    def endless():
        try:
            while True:
                yield threading.current_thread()
        finally:
            closed.append(threading.current_thread())

    with ahead(endless(), 2) as items:
        worker = next(items)
    assert closed == [worker]
    assert not worker.is_alive()


def test_an_error_of_the_consumer_stops_the_thread_too():
    closed = []

    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    with pytest.raises(RuntimeError), ahead(endless()) as items:  # noqa: PT012 -- that is the test
        next(items)
        raise RuntimeError
    assert closed == [True]
    assert threads() == []


@pytest.mark.parametrize("depth", [1, 3])
def test_the_thread_is_never_further_ahead_than_asked(depth):
    made = []

    def counted():
        for k in range(30):
            made.append(k)
            yield k

    with ahead(counted(), depth) as items:
        for taken, item in enumerate(items, 1):
            time.sleep(0.002)
            # One more than the queue holds: the item in the thread's hand.
            assert len(made) <= taken + depth + 1
            assert item == taken - 1


def test_relays_may_be_chained_and_left_in_the_middle():
    with ahead(range(10_000), 2) as first, ahead((k * 2 for k in first), 2) as second:
        assert [next(second) for _ in range(5)] == [0, 2, 4, 6, 8]
    assert threads() == []


def test_an_error_passes_through_a_chain():
    def broken():
        yield 1
        raise OSError("disk")

    with (
        pytest.raises(OSError, match="disk"),
        ahead(broken()) as first,
        ahead(k + 1 for k in first) as second,
    ):
        list(second)
    assert threads() == []


def test_a_signal_while_the_thread_starts_leaves_none_behind(monkeypatch):
    begun = []

    def endless():
        while True:
            begun.append(1)
            yield 1

    def interrupted(thread):
        start(thread)
        raise KeyboardInterrupt

    start = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), ahead(endless()):
        pass
    assert threads() == []
