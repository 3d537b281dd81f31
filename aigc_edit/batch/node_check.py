"""Whether another machine would make the same of the same work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from aigc_edit.batch.executor import Work, pipeline_digest
from aigc_edit.engine import Guard, made_with, versions
from aigc_edit.errors import AigcEditError, one_line


def complaint(work: Work, folder: Path, there: Mapping[str, str], theirs: str) -> str:
    """What keeps the node that runs this from doing work as the caller does; empty if nothing."""
    if other := other_version(there):
        return other
    try:
        if pipeline_digest(replace(work, digest="").loaded()) != work.digest:
            return f"reads another pipeline from {work.pipeline}"
        if brought(work) != theirs:
            return "has other weights or plugins"
    except AigcEditError as error:
        return f"cannot load the pipeline ({one_line(error)})"
    return "" if folder.is_dir() else f"does not see {folder}; all nodes share the folder"


def other_version(there: Mapping[str, str]) -> str:
    """Which package differs from the caller's, ours first; empty if none does."""
    here = versions()
    for name in sorted(there.keys() | here.keys(), key=lambda name: (name != "aigc_edit", name)):
        if here.get(name) != there.get(name):
            return f"has {name} {here.get(name, 'not at all')}, and not {there.get(name, 'none')}"
    return ""


def brought(work: Work) -> str:
    return made_with(replace(work, digest="").loaded(), Guard())
