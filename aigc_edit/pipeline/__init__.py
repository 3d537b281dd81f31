"""Floor 3: YAML in, a checked pipeline out."""

from aigc_edit.pipeline.pipeline import (
    Pipeline,
    StageSpec,
    load_pipeline,
    pipeline_from_text,
)
from aigc_edit.pipeline.registry import StageEntry, registered, suggestion
from aigc_edit.pipeline.schema import json_schema, schema_text
from aigc_edit.pipeline.settings import AudioOutput, Input, Output, VideoOutput

__all__ = [
    "AudioOutput",
    "Input",
    "Output",
    "Pipeline",
    "StageEntry",
    "StageSpec",
    "VideoOutput",
    "json_schema",
    "load_pipeline",
    "pipeline_from_text",
    "registered",
    "schema_text",
    "suggestion",
]
