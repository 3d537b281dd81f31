"""`aigc-edit stages`: what can stand after `uses:`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aigc_edit.cli import common

if TYPE_CHECKING:
    from aigc_edit.api import Stage
    from aigc_edit.pipeline import Registry, StageEntry

_KINDS = {
    "analyze": "analyzers: find tracks in the source",
    "select": "selectors: choose what is kept",
    "frames": "frame filters: change the picture",
    "audio": "audio filters: change the sound",
    "deliver": "sinks: write files beside the result",
}


_SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="a stage, to see its options")
    common.add_plugins(parser)
    common.add_debug(parser)


def execute(parsed: argparse.Namespace) -> int:
    from aigc_edit.errors import UsageError, suggestion
    from aigc_edit.pipeline import registered

    registry = registered().with_plugins(parsed.plugins)
    if parsed.name is None:
        return _listed(registry)
    if parsed.name not in registry:
        raise UsageError(f"no stage named {parsed.name!r}", cure=suggestion(parsed.name, registry))
    print("\n".join(_explained(registry[parsed.name])))
    return 0


def _listed(registry: Registry) -> int:
    """Prints all stages by kind, then those that cannot be loaded."""
    from aigc_edit.errors import PluginError

    loaded, broken = [], list(registry.broken)
    for entry in registry.values():
        try:
            loaded.append((entry, entry.load()))
        except PluginError as cause:
            broken.append(cause)
    print("\n".join(_by_kind(loaded)))
    for error in broken:
        print(f"aigc-edit: {error}", file=sys.stderr)
    return 1 if broken else 0


def _by_kind(loaded: Sequence[tuple[StageEntry, type[Stage]]]) -> Iterator[str]:
    from aigc_edit.pipeline import OURS

    width = max(len(entry.name) for entry, _ in loaded)
    for kind, title in _KINDS.items():
        members = [(e, s) for e, s in loaded if s.kind == kind]
        if members:
            yield title
        for entry, stage in members:
            origin = "" if entry.origin == OURS else f"  [{entry.origin}]"
            yield f"  {entry.name:<{width}}  {_first_line(stage)}{origin}"


def _explained(entry: StageEntry) -> Iterator[str]:
    from aigc_edit.strangers import loading

    stage = entry.load()
    with loading(f"stage {entry.name!r} of {entry.origin}", entry.place):
        schema = stage.Options.model_json_schema(mode="validation")
    yield f"{entry.name} ({stage.kind}, version {stage.version}, from {entry.origin})"
    yield ""
    yield from (line.strip() for line in (stage.__doc__ or "").strip().splitlines())
    yield ""
    if not schema.get("properties"):
        yield "no options"
    for name, facts in schema.get("properties", {}).items():
        limits = _limits(stage.Options.option_fields()[name].metadata)
        yield f"  {name}: {_type_text(facts)}{limits}{_default_text(name, facts, schema)}"
        yield f"      {facts.get('description', '')}"


def _first_line(stage: type[Stage]) -> str:
    return (stage.__doc__ or "").strip().splitlines()[0]


def _type_text(facts: dict[str, Any]) -> str:
    if "enum" in facts:
        return " | ".join(map(str, facts["enum"]))
    if "anyOf" in facts:
        examples = facts.get("examples")
        kinds = " or ".join(_kind_text(kind) for kind in facts["anyOf"])
        return f"{kinds}, such as {examples[0]}" if examples else kinds
    return str(facts.get("type", "value"))


def _kind_text(kind: dict[str, Any]) -> str:
    return "mapping" if "$ref" in kind else str(kind.get("type", "value"))


def _limits(metadata: Sequence[Any]) -> str:
    """The range of an option; the JSON Schema has none for values with units."""
    found = [
        f"{sign} {float(getattr(item, name)):g}"
        for item in metadata
        for name, sign in _SIGNS.items()
        if getattr(item, name, None) is not None
    ]
    return "".join(f", {limit}" for limit in found)


def _default_text(name: str, facts: dict[str, Any], schema: dict[str, Any]) -> str:
    if name in schema.get("required", ()):
        return " (must be given)"
    return f" (default {facts['default']})" if "default" in facts else ""
