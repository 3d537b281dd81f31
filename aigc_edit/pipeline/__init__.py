"""Floor 3: YAML in, a checked pipeline out."""

from aigc_edit.pipeline.declared import check_stage_class
from aigc_edit.pipeline.pipeline import (
    Pipeline,
    PluginChoice,
    load_pipeline,
    pipeline_from_text,
)
from aigc_edit.pipeline.plugin_files import missing_package, place_of
from aigc_edit.pipeline.refusals import refusals
from aigc_edit.pipeline.registry import OURS, Registry, StageEntry, registered
from aigc_edit.pipeline.schema import json_schema, schema_text
from aigc_edit.pipeline.settings import AudioOutput, Input, Output, VideoOutput
from aigc_edit.pipeline.wiring import StageSpec

__all__ = [
    "OURS",
    "AudioOutput",
    "Input",
    "Output",
    "Pipeline",
    "PluginChoice",
    "Registry",
    "StageEntry",
    "StageSpec",
    "VideoOutput",
    "check_stage_class",
    "json_schema",
    "load_pipeline",
    "missing_package",
    "pipeline_from_text",
    "place_of",
    "refusals",
    "registered",
    "schema_text",
]
