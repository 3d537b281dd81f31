"""What a render depends on, as one word: a run that was killed is continued under the same word."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version

import av
from av import library_versions

from aigc_edit.engine.plan import RenderPass
from aigc_edit.engine.planner import frame_filters, steady_steps
from aigc_edit.pipeline import Pipeline
from aigc_edit.strangers import code_digest
from aigc_edit.timeline import Timeline, track_json

_LENGTH = 16  # hexadecimal digits; the folder's name stays short


def render_key(
    pipeline: Pipeline, render: RenderPass, source_digest: str, tracks: Timeline, device: str
) -> str:
    """Changes with whatever changes one picture of the output.

    Args:
        tracks: in output time; they count where a filter may have looked at them.
    """
    filters, steady = frame_filters(pipeline), steady_steps(pipeline)
    facts = {
        "source": source_digest,
        "code": [code_digest("aigc_edit"), *(code_digest(type(f).__module__) for f in filters)],
        "libraries": [av.__version__, library_versions, version("torch") if filters else ""],
        "pieces": [
            [piece.copied, [[str(p.span.start), str(p.span.end), str(p.at)] for p in piece.placed]]
            for piece in render.pieces
        ],
        "video": pipeline.output.video.model_dump(mode="json"),
        "encoder": [render.encoder.name, render.choice.sps_id if render.choice else None],
        "filters": [
            [f.name, f.version, f.options.model_dump(mode="json"), f.weights()] for f in filters
        ],
        "steady": [
            [step is not None for step in steady],
            version("opencv-python-headless") if any(steady) else "",
        ],
        "tracks": [track_json(t) for t in tracks.tracks.values()] if filters else [],
        "device": device if filters else "",
    }
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
