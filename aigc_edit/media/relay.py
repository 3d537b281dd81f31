"""Overlap: an iterator that runs ahead in a thread of its own, behind a bounded queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
_END = object()
_POLL_SECONDS = 0.1  # how soon a thread notices that nobody listens any more


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


@contextmanager
def ahead(items: Iterable[T], depth: int = 4) -> Iterator[Iterator[T]]:
    """The same items, made in a thread that is at most `depth` items ahead.

    PyAV, cv2 and torch release the GIL, so decode, filter and encode overlap when each is
    wrapped. An error in the thread is raised where the items are taken. Leaving the `with`
    stops the thread and waits for it, so that what it reads from may be closed then.
    """
    passed: queue.Queue[object] = queue.Queue(maxsize=depth)
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=(items, passed, stop), daemon=True, name="ahead")
    try:
        thread.start()
        yield _taken(passed)
    finally:
        stop.set()
        # A signal may end `start` before the thread runs; it will then see `stop` first.
        with suppress(RuntimeError):
            thread.join()


def _taken(passed: queue.Queue[object]) -> Iterator[Any]:
    while (item := passed.get()) is not _END:
        if isinstance(item, _Failed):
            raise item.error
        yield item


def _work(items: Iterable[T], passed: queue.Queue[object], stop: threading.Event) -> None:
    if stop.is_set():
        return
    iterator = iter(items)
    try:
        for item in iterator:
            if not _put(passed, item, stop):
                return
        _put(passed, _END, stop)
    except BaseException as error:  # noqa: BLE001 -- handed to the consumer, whatever it is
        _put(passed, _Failed(error), stop)
    finally:
        with suppress(AttributeError):
            iterator.close()  # type: ignore[attr-defined]  # generators only


def _put(passed: queue.Queue[object], item: object, stop: threading.Event) -> bool:
    """Whether the item could be handed over before the consumer left."""
    while not stop.is_set():
        try:
            passed.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return True
    return False
