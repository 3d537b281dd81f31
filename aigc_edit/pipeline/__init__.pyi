from .declared import check_stage_class
from .option_errors import refusals
from .pipeline import (
    Pipeline,
    PluginChoice,
    load_pipeline,
    pipeline_from_text,
)
from .registry import OURS, Registry, StageEntry, registered
from .schema import json_schema, schema_text
from .settings import AudioOutput, Input, Output, VideoOutput
from .wiring import StageSpec

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
    "pipeline_from_text",
    "refusals",
    "registered",
    "schema_text",
]
