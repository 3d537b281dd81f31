"""Overlap: an iterator that runs ahead in a thread of its own, behind a bounded queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")
_END = object()
_POLL_SECONDS = 0.1  # how soon a thread notices that nobody listens any more


class _Failed:
    def __init__(self, error: BaseException) -> None:
        self.error = error


def ahead(items: Iterable[T], depth: int = 4) -> Iterator[T]:
    """The same items, made in a thread that is at most `depth` items ahead.

    PyAV, cv2 and torch release the GIL, so decode, filter and encode overlap when each is
    wrapped. An error in the thread is raised here; when the consumer stops early, the thread
    stops at its next item and `items` is closed in it.
    """
    passed: queue.Queue[object] = queue.Queue(maxsize=depth)
    stop = threading.Event()

    def work() -> None:
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

    thread = threading.Thread(target=work, daemon=True, name="ahead")
    thread.start()
    try:
        while True:
            item = passed.get()
            if item is _END:
                return
            if isinstance(item, _Failed):
                raise item.error
            yield item  # type: ignore[misc]  # only items and the two marks are put
    finally:
        stop.set()
        thread.join()


def _put(passed: queue.Queue[object], item: object, stop: threading.Event) -> bool:
    """Whether the item could be handed over before the consumer left."""
    while not stop.is_set():
        try:
            passed.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return True
    return False
