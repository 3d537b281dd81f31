"""YAML that cannot surprise: plain values with their places, nothing executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from aigc_edit.errors import PipelineError, Problem

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 10_000
_FLAT = "A pipeline is a flat list."
MAX_ALIASES = 100
Where = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """Safe, and with YAML 1.2's plain words: `no` stays a word, `12:30` stays text."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("null", r"null|Null|NULL|~|", ["n", "N", "~", ""]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


@dataclass(frozen=True)
class Document:
    """A parsed file: plain data, and the place (line, column, from 1) of every key and item."""

    path: str
    data: Any
    places: dict[Where, tuple[int, int]] = field(default_factory=dict)

    def place(self, where: Where) -> tuple[int, int]:
        """The place of a value, or of the nearest thing around it."""
        for end in range(len(where), -1, -1):
            if where[:end] in self.places:
                return self.places[where[:end]]
        return (1, 1)

    def problem(self, where: Where, what: str, cure: str = "") -> Problem:
        return Problem(*self.place(where), what, cure)


def read_yaml(path: Path) -> Document:
    """The file as plain data.

    Raises:
        PipelineError: unreadable, not YAML, with duplicate keys, or built to exhaust memory.
    """
    try:
        raw = path.read_bytes()
    except OSError as cause:
        problem = Problem(1, 1, f"cannot be read ({cause.strerror})", "Check the name.")
        raise PipelineError(path, (problem,)) from cause
    if len(raw) > MAX_BYTES:
        problem = Problem(1, 1, f"larger than {MAX_BYTES} bytes", "A pipeline is a few lines.")
        raise PipelineError(path, (problem,))
    try:
        return parse_yaml(raw.decode("utf-8"), str(path))
    except UnicodeDecodeError as cause:
        problem = Problem(1, 1, "not UTF-8 text", "Name a pipeline file.")
        raise PipelineError(path, (problem,)) from cause


def parse_yaml(text: str, path: str) -> Document:
    """As `read_yaml`, from text."""
    try:
        _refuse_bombs(text, path)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as cause:
        raise PipelineError(path, (_syntax_problem(cause),)) from cause
    if node is not None and _spelled_out(node, {}) > MAX_NODES:
        problem = Problem(1, 1, f"its aliases stand for more than {MAX_NODES} values", _FLAT)
        raise PipelineError(path, (problem,))
    document = Document(path, _plain(text, path))
    problems = list(_walk(node, (), document.places)) if node is not None else []
    if problems:
        raise PipelineError(path, tuple(problems))
    return document


def _plain(text: str, path: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 -- _Loader is a SafeLoader
    except (yaml.YAMLError, ValueError, TypeError) as cause:
        raise PipelineError(path, (_syntax_problem(cause),)) from cause


def _refuse_bombs(text: str, path: str) -> None:
    """Counts aliases and depth on the flat event stream, before anything is built."""
    depth = aliases = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.events.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.events.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.events.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH or aliases > MAX_ALIASES:
            line = event.start_mark.line + 1 if event.start_mark else 1
            what = f"more than {MAX_DEPTH} levels or {MAX_ALIASES} aliases"
            raise PipelineError(path, (Problem(line, 1, what, _FLAT),))


def _spelled_out(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for when every alias is written out."""
    if id(node) not in known:
        known[id(node)] = 1
        if isinstance(node, yaml.SequenceNode):
            known[id(node)] += sum(_spelled_out(item, known) for item in node.value)
        elif isinstance(node, yaml.MappingNode):
            known[id(node)] += sum(_spelled_out(value, known) for _, value in node.value)
    return known[id(node)]


def _syntax_problem(cause: Exception) -> Problem:
    mark = getattr(cause, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    reason = getattr(cause, "problem", None) or str(cause).splitlines()[0]
    return Problem(line, column, f"not valid YAML: {reason}")


def _walk(node: yaml.Node, where: Where, places: dict[Where, tuple[int, int]]) -> Iterator[Problem]:
    """Notes where everything stands, and finds keys that stand twice."""
    places.setdefault(where, _mark(node))
    if isinstance(node, yaml.SequenceNode):
        for k, item in enumerate(node.value):
            yield from _walk(item, (*where, k), places)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            places[*where, name] = _mark(key)
            if name in seen:
                yield Problem(*_mark(key), f"the key {name!r} stands twice", "Keep one of them.")
            seen.add(name)
            yield from _walk(value, (*where, name), places)


def _mark(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1
