"""Chains of libavfilter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def chained(graph: Any, first: Any, steps: Iterable[tuple[str, str]]) -> Any:
    """The graph, ready to run: `first` and then each (filter, arguments), into a sink."""
    last = first
    for name, arguments in (*steps, ("buffersink", "")):
        step = graph.add(name, arguments)
        last.link_to(step)
        last = step
    graph.configure()
    return graph
