"""The run record: what was decided, from what, and what it cost."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aigc_edit import __version__
from aigc_edit.engine.plan import Plan
from aigc_edit.engine.progress import PassCost
from aigc_edit.media import Source
from aigc_edit.timeline import EditList

SCHEMA = 1
_PACKAGES = ("av", "torch", "numpy", "scipy", "librosa", "scenedetect-headless", "silero-vad")


def versions() -> dict[str, str]:
    """This program's version and those of what it stands on."""
    found = {"aigc_edit": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def source_facts(source: Source, digest: str) -> dict[str, Any]:
    video, audio = source.video, source.audio
    return {
        "path": str(source.path.absolute()),
        "sha256": digest,
        "bytes": source.bytes,
        "container": source.container,
        "duration": seconds(source.duration),
        "frames": source.frames,
        "video": {
            "codec": video.codec,
            "width": video.width,
            "height": video.height,
            "pixel_format": video.pixel_format,
            "rate": str(video.rate),
            "constant_rate": video.constant,
            "rotation": video.rotation,
            "flipped": video.flipped,
            "transfer": video.colour.transfer_name,
            "interlaced": video.interlaced,
        },
        "audio": audio and {"codec": audio.codec, "rate": audio.rate, "channels": audio.channels},
    }


def edit_facts(edits: EditList, flicker: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
    """The kept spans with their places in the output, the reasons, and how much steps flicker."""
    return [
        {
            "start": seconds(kept.span.start),
            "end": seconds(kept.span.end),
            "at": seconds(offset),
            "why": dict(kept.why),
            **({"flicker": dict(found)} if found else {}),
        }
        for kept, offset, found in zip(edits.kept, edits.offsets, flicker, strict=True)
    ]


def costs_facts(costs: Sequence[PassCost]) -> list[dict[str, Any]]:
    return [
        {"pass": cost.name, "seconds": round(cost.seconds, 3), "frames": cost.frames}
        for cost in costs
    ]


def make_record(
    *,
    pipeline: Mapping[str, Any],
    made_with: str,
    plan: Plan,
    source: Mapping[str, Any],
    edits: EditList,
    flicker: Sequence[Mapping[str, object]],
    device: str,
    costs: Sequence[PassCost],
    output: Mapping[str, Any],
    sound: Sequence[Mapping[str, Any]],
    generations: int,
    check: Mapping[str, Any],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """The whole record; `generations` counts how often a picture was encoded at most.

    Args:
        made_with: what weights and plugins are, as one word.
        flicker: of each kept span, by step: `source` and `result`, levels of 255.
    """
    return {
        "schema": SCHEMA,
        "versions": versions(),
        "pipeline": dict(pipeline),
        "made_with": made_with,
        "device": device,
        "source": dict(source),
        "plan": list(plan.lines()),
        "kept": edit_facts(edits, flicker),
        "stages": {},  # what stages report, as they do
        "sound": [dict(track) for track in sound],
        "output": dict(output),
        "generations": generations,
        "passes": costs_facts(costs),
        "check": dict(check),
        "warnings": list(warnings),
    }


def seconds(time: Fraction) -> float:
    """Seconds for people and JSON, to the microsecond."""
    return round(float(time), 6)
