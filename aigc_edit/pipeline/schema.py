"""The JSON Schema of pipeline files, for editors."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from aigc_edit.api import FrameFilter, Stage
from aigc_edit.pipeline.pipeline import SCHEMA_VERSION
from aigc_edit.pipeline.registry import OURS, StageEntry, registered
from aigc_edit.pipeline.settings import Input, Output

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(entries: Iterable[StageEntry] | None = None) -> dict[str, Any]:
    """A schema in which each stage's options are known, with help and defaults."""
    output = Output.model_json_schema(mode="validation", ref_template="#/$defs/{model}")
    definitions = output.pop("$defs", {})
    every = registered().values() if entries is None else entries
    stages = [_stage_schema(entry, definitions) for entry in every]
    source = Input.model_json_schema(mode="validation")
    return {
        "$schema": _DRAFT,
        "title": "aigc_edit pipeline",
        "type": "object",
        "required": ["schema", "stages"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": SCHEMA_VERSION},
            "name": {"type": "string"},
            "description": {"type": "string"},
            "plugins": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Folders and files with plugins; run only with --trust.",
            },
            "input": source,
            "stages": {"type": "array", "minItems": 1, "items": {"oneOf": stages}},
            "output": output,
        },
        "$defs": definitions,
    }


def _stage_schema(entry: StageEntry, definitions: dict[str, Any]) -> dict[str, Any]:
    """`definitions` gets those of options within options, under the stage's name."""
    stage = entry.load()
    place = f"#/$defs/{entry.name}.{{model}}"
    options = stage.Options.model_json_schema(mode="validation", ref_template=place)
    own = options.pop("$defs", {})
    definitions.update({f"{entry.name}.{name}": one for name, one in own.items()})
    options.pop("title", None)
    required = ["uses", "with"] if options.get("required") else ["uses"]
    return {
        "type": "object",
        "description": (stage.__doc__ or "").strip().splitlines()[0],
        "required": required,
        "additionalProperties": False,
        "properties": {
            "uses": {"const": entry.name},
            "id": {"type": "string"},
            "with": options,
            **_steady_schema(stage),
        },
    }


def _steady_schema(stage: type[Stage]) -> dict[str, Any]:
    if not issubclass(stage, FrameFilter) or stage.pixels == "yuv":
        return {}
    said = "Blend flicker away along the motion of the source."
    return {"steady": {"type": "boolean", "default": stage.steady, "description": said}}


def schema_text() -> str:
    """The schema as committed: built-in stages only, stable order."""
    own = [entry for entry in registered().values() if entry.origin == OURS]
    return json.dumps(json_schema(own), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
